//! Which product does what: the table behind `docs/clients.md`.

use super::{
    BARE_REFERENCE, BOOLEAN_AS_TEXT, BOTH_SELECTIONS, DOTTED_EXTENSION, DOTTED_KEY, EMPTY_AS_UNASSIGNED, EMPTY_CLEARS,
    MANY_AS_ONE, MISSING_SCHEMAS, ONE_AS_MANY, OP_IN_ANY_CASE, PLAIN_JSON, REFERENCE_AS_TEXT, REMOVE_LISTED,
    REPLACE_CREATES, Repair, SUB_ATTRIBUTE_OF_VALUES, UNCHANGED_ID, UNKNOWN_EXTENSION, UNKNOWN_SCHEMA,
    UNQUALIFIED_NAME, UNQUOTED_OPERAND,
};

/// Something that a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habit {
    /// Who does it.
    pub product: Product,
    /// Whether anybody depends on it.
    pub level: Level,
    /// What it does.
    pub does: &'static str,
    /// How we make sense of it; `None`: it is what the RFCs say.
    pub repair: Option<&'static Repair>,
    /// The transcript that shows it: folder and name.
    pub transcript: &'static str,
}

/// How much depends on a habit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A shipping client does it, or its vendor asks for it.
    Must,
    /// Documented once, invalid by the RFCs, optional, or outdated.
    Nice,
}

/// A client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Microsoft Entra ID.
    Entra,
    /// Okta.
    Okta,
    /// OneLogin.
    OneLogin,
    /// JumpCloud.
    JumpCloud,
    /// Google Workspace.
    Google,
    /// `PingFederate`, `PingOne`, and the SDK of Ping Identity.
    Ping,
    /// SailPoint.
    SailPoint,
    /// Rippling.
    Rippling,
    /// authentik.
    Authentik,
    /// Keycloak with one of its SCIM extensions.
    Keycloak,
    /// `idp-scim-sync`, and small tools like it.
    IdpScimSync,
    /// Several of them.
    Any,
}

impl Product {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Entra,
        Self::Okta,
        Self::OneLogin,
        Self::JumpCloud,
        Self::Google,
        Self::Ping,
        Self::SailPoint,
        Self::Rippling,
        Self::Authentik,
        Self::Keycloak,
        Self::IdpScimSync,
        Self::Any,
    ];

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Entra => "Microsoft Entra ID",
            Self::Okta => "Okta",
            Self::OneLogin => "OneLogin",
            Self::JumpCloud => "JumpCloud",
            Self::Google => "Google Workspace",
            Self::Ping => "Ping Identity",
            Self::SailPoint => "SailPoint",
            Self::Rippling => "Rippling",
            Self::Authentik => "authentik",
            Self::Keycloak => "Keycloak",
            Self::IdpScimSync => "idp-scim-sync",
            Self::Any => "Any client",
        }
    }

    /// The folder of its transcripts, which is the `identity_provider` of its tokens if there is such.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Okta => "okta",
            Self::OneLogin => "onelogin",
            Self::JumpCloud => "jumpcloud",
            Self::Google => "google",
            Self::Ping => "ping",
            Self::SailPoint => "sailpoint",
            Self::Rippling => "rippling",
            Self::Authentik => "authentik",
            Self::Keycloak => "keycloak",
            Self::IdpScimSync => "idp-scim-sync",
            Self::Any => "any",
        }
    }
}

macro_rules! habits {
    ($($product:ident { $($level:ident $does:literal $(by $repair:ident)? in $name:literal;)* })*) => {
        /// The table of habits.
        pub const HABITS: &[Habit] = &[$($(Habit {
            product: Product::$product,
            level: Level::$level,
            does: $does,
            repair: habits!(@repair $($repair)?),
            transcript: $name,
        },)*)*];
    };
    (@repair $repair:ident) => { Some(&$repair) };
    (@repair) => { None };
}

habits! {
    Entra {
        Must "tests the connection with a filter for a user who does not exist, and wants an empty list" in "entra/test-connection-random-user";
        Must "the same for groups" in "entra/test-connection-random-group";
        Must "the same by `externalId`" in "entra/test-connection-random-external-id";
        Must "sends a bearer token, and wants 401 for anything else" in "entra/bearer-token-required";
        Must "matches users by `userName eq`" in "entra/probe-username";
        Must "matches users in any letter case of the `userName`" in "entra/probe-username-other-case";
        Must "matches users by `externalId eq`" in "entra/probe-external-id";
        Nice "leaves out the quotes around the value of a filter" by UNQUOTED_OPERAND in "entra/probe-external-id-unquoted";
        Must "matches users by `emails[type eq \"work\"].value eq`" by SUB_ATTRIBUTE_OF_VALUES in "entra/probe-work-email";
        Must "joins two comparisons by `and`" in "entra/probe-two-attributes-with-and";
        Must "filters by guest names with `#EXT#`, `+`, `'`, `&` and quotes" in "entra/filter-value-with-special-characters";
        Must "matches groups by `displayName eq`" in "entra/query-group-by-display-name";
        Must "matches groups by `externalId eq`" in "entra/query-group-by-external-id";
        Nice "asks whether somebody is a member: `id eq … and members eq …`" in "entra/probe-reference-attribute-members";
        Nice "asks whether somebody is the manager: `id eq … and …:manager eq …`" by BARE_REFERENCE in "entra/probe-reference-attribute-manager";
        Must "reads groups without their members" in "entra/get-group-excluding-members";
        Must "reads users who are not there, and wants 404 with an error body" in "entra/get-user-not-found";
        Must "lists users and groups" in "entra/list-users-and-groups";
        Must "pages by `startIndex` and `count`" in "entra/paging-users";
        Must "creates users with `externalId`, `meta` and `roles: []`" in "entra/create-user";
        Must "wants `Location`, and `application/scim+json` in every answer" in "entra/create-user-answer-headers";
        Must "sends `application/scim+json; charset=utf-8`" in "entra/create-user-content-type-charset";
        Must "creates users with the enterprise extension" in "entra/create-user-enterprise-extension";
        Must "names extensions in `schemas` without sending values of them" in "entra/create-user-extension-named-but-empty";
        Nice "creates users who are not active" in "entra/create-user-inactive";
        Nice "sends the manager as a bare id when it creates a user" by REFERENCE_AS_TEXT in "entra/create-user-manager-as-string";
        Must "sends `null` for what has no value" in "entra/create-user-null-attributes";
        Must "sends `primary` of roles as text" by BOOLEAN_AS_TEXT in "entra/create-user-roles-primary-as-string";
        Must "sends sub-attributes that the schema does not know, such as `roles.displayName`: ignored" in "entra/create-user-roles-unknown-sub-attribute";
        Must "sends attributes outside their extension, and misspelt ones: ignored" in "entra/create-user-unknown-attributes-ignored";
        Nice "sends custom attributes in a schema of their own" by UNKNOWN_SCHEMA in "entra/create-user-custom-extension";
        Nice "the same by PATCH" by UNKNOWN_EXTENSION in "entra/custom-extension-patch";
        Must "wants 409 for a `userName` that is taken" in "entra/create-user-duplicate";
        Must "wants 400 for a user without `userName`" in "entra/create-user-without-username";
        Must "wants values back exactly as it sent them" in "entra/values-stored-as-sent";
        Must "names one value of each type in multi-valued attributes" in "entra/multi-valued-types";
        Must "creates groups with a schema of Microsoft's own beside that of SCIM" by UNKNOWN_SCHEMA in "entra/create-group";
        Must "wants 409 for a group name that is taken" in "entra/create-group-duplicate";
        Must "disables users with the text `\"False\"`" by BOOLEAN_AS_TEXT in "entra/disable-user-string-false";
        Must "enables users with the text `\"True\"`" by BOOLEAN_AS_TEXT in "entra/enable-user-string-true";
        Must "disables users with a boolean, when `aadOptscim062020` is set" in "entra/disable-user-boolean";
        Must "disables users without a path" in "entra/disable-user-without-path";
        Must "wants to find users whom it has disabled" in "entra/disabled-user-stays-visible";
        Must "capitalises the operations of PATCH: `Add`, `Replace`, `Remove`" by OP_IN_ANY_CASE in "entra/op-any-case";
        Must "adds to attributes with one value: replaces it" by OP_IN_ANY_CASE in "entra/add-single-value-capitalised";
        Must "sends one operation with path for each attribute" in "entra/replace-several-with-paths";
        Must "sends one operation without path for all attributes, with dotted keys and `URN:attribute` keys" by DOTTED_KEY in "entra/replace-several-dotted-keys";
        Must "sends the extension as an object in an operation without path: merged" in "entra/replace-without-path-nested";
        Must "names the URN of an extension alone as path: merged" in "entra/extension-replace-whole";
        Nice "separates URN and attribute by a dot" by DOTTED_EXTENSION in "entra/extension-path-with-dot";
        Must "adds through a value filter that matches nothing: the value is created, by several operations in turn" in "entra/add-filter-path-creates-one-element";
        Must "spells `.Value` and `.Formatted`: stored as the schema spells it" in "entra/add-filter-path-other-case";
        Must "adds many values at once through filters (the validator's verbose test)" in "entra/add-verbose-creates-elements";
        Must "adds roles through `roles[primary eq \"True\"]`" by BOOLEAN_AS_TEXT in "entra/add-role-by-primary-string-filter";
        Must "replaces through a value filter that matches nothing: the value is created" by OP_IN_ANY_CASE in "entra/replace-filter-path-without-match";
        Must "the same in lower case, when `aadOptscim062020` is set" by REPLACE_CREATES in "entra/replace-filter-path-with-flag";
        Must "sends the values of roles as JSON inside a string: kept as that" in "entra/roles-add-json-in-value";
        Must "replaces all roles" in "entra/roles-replace-all";
        Must "updates e-mail addresses and phone numbers by their type" in "entra/update-multi-valued";
        Must "clears attributes with `\"\"`" by EMPTY_CLEARS in "entra/clear-attributes-with-empty-string";
        Must "clears attributes with `null`" in "entra/clear-attributes-with-null";
        Must "clears attributes with `Remove`" in "entra/clear-attributes-with-remove";
        Must "wants 400 when `userName` would be cleared" in "entra/username-cannot-be-emptied";
        Must "changes the `userName`" in "entra/update-username";
        Must "wants 409 when the new `userName` is taken" in "entra/update-username-conflict";
        Must "sends the manager as a bare id" by REFERENCE_AS_TEXT in "entra/manager-add-change-string";
        Must "removes the manager with `Remove`, or with `\"\"`" by EMPTY_AS_UNASSIGNED in "entra/manager-remove";
        Must "names `manager.value` in a path" in "entra/manager-sub-attribute-path";
        Nice "sends the manager as a list of one" by MANY_AS_ONE in "entra/manager-array-with-ref";
        Nice "names the manager without the URN of its extension" by UNQUALIFIED_NAME in "entra/manager-array-with-ref";
        Nice "repeats another `id` in an operation without path: refused" in "entra/read-only-attribute-in-patch";
        Must "wants nothing to change when one operation of a PATCH fails" in "entra/failed-operation-changes-nothing";
        Must "takes 200 or 204 as the answer to a PATCH" in "entra/patch-answer-200-or-204";
        Must "renames groups" in "entra/rename-group";
        Must "renames groups without a path" in "entra/rename-group-without-path";
        Must "adds a member with `$ref: null`" in "entra/add-member";
        Must "adds a member twice" in "entra/add-member-twice";
        Nice "adds a member as one object" by ONE_AS_MANY in "entra/add-member-single-object";
        Must "sends operations with a `name`, members with a `displayName`: ignored" in "entra/add-member-with-unknown-keys";
        Must "adds several members in one request" in "entra/add-members-in-one-request";
        Must "removes members by a filter in the path" in "entra/remove-member-filter-path";
        Must "removes members by the path `members` and a list of values" by REMOVE_LISTED in "entra/remove-member-value-array";
        Nice "removes a member who is not there" in "entra/remove-member-not-there";
        Must "removes all members by the path `members` alone" in "entra/remove-all-members";
        Must "deletes users; a second time wants 404" in "entra/delete-user";
        Must "deletes groups" in "entra/delete-group";
        Nice "wants a deleted user to leave its groups" in "entra/deleted-user-leaves-groups";
        Must "creates a user again who was deleted" in "entra/recreate-after-delete";
        Nice "may leave its flags in the query string: ignored" in "entra/unknown-query-parameter-ignored";
        Must "reads `/Schemas`" in "entra/schema-discovery";
        Must "may read `/ServiceProviderConfig`" in "entra/service-provider-config";
        Must "does all of that in turn" in "entra/lifecycle";
    }
    Okta {
        Must "tests the credentials with a small list, with a Content-Type though there is no body" in "okta/test-api-credentials";
        Must "the same in an empty tenant" in "okta/test-api-credentials-empty-tenant";
        Must "shows the `detail` of a 401 to the administrator" in "okta/invalid-token";
        Must "matches users by `userName eq`; none is an empty list" in "okta/user-lookup-absent";
        Must "finds the user who is there" in "okta/user-lookup-present";
        Must "matches in any letter case, and wants the name as it was sent" in "okta/user-lookup-other-case";
        Must "filters by names with `+` and `'`" in "okta/user-lookup-plus-and-apostrophe";
        Must "creates users with a password and `groups: []`, and wants the whole user back" in "okta/user-create";
        Must "the same as `application/json`" in "okta/user-create-content-type-json";
        Must "wants 409 with a `detail` for a `userName` that is taken" in "okta/user-create-conflict";
        Nice "sends custom attributes in a schema of their own: ignored unless the tenant has defined it" in "okta/user-create-custom-attributes";
        Must "sends the enterprise extension" in "okta/user-create-enterprise-attributes";
        Must "shows the `detail` of every error to the administrator" in "okta/user-error-has-detail";
        Must "reads a user before each update" in "okta/user-get";
        Must "replaces users by PUT of what it has read, with `id`, `groups` and `meta`" in "okta/user-update-put";
        Must "wants 409 when a PUT takes another user's name" in "okta/user-update-put-conflict";
        Must "wants 404 when a PUT names nobody" in "okta/user-update-put-unknown-id";
        Must "changes the `userName` by PUT" in "okta/user-update-put-username";
        Must "sends `groups: []` in a PUT: memberships stay" in "okta/user-put-groups-is-read-only";
        Nice "shows the groups of a user" in "okta/user-shows-groups";
        Must "deactivates by PATCH without path" in "okta/user-deactivate-patch";
        Must "takes 200 or 204 for that" in "okta/user-deactivate-patch-answer";
        Must "deactivates by PUT" in "okta/user-deactivate-put";
        Must "wants to find users whom it has deactivated" in "okta/user-deactivated-stays-visible";
        Must "reactivates by PATCH" in "okta/user-reactivate-patch";
        Must "adopts and reactivates a user who is assigned again" in "okta/user-reassign";
        Must "sends a placeholder password, which must not come back" in "okta/user-password-never-returned";
        Nice "changes the password by PATCH" in "okta/user-password-patch";
        Must "looks for groups by `displayName eq`" in "okta/group-lookup";
        Must "creates groups with `members: []`" in "okta/group-push-create";
        Must "pushes large groups" in "okta/group-push-large";
        Must "reads groups with their members" in "okta/group-get-with-members";
        Must "renames groups without path, with the `id` repeated" by UNCHANGED_ID in "okta/group-rename-patch";
        Must "renames groups by PUT" in "okta/group-rename-put";
        Must "adds members with `value` and `display`" in "okta/group-member-add";
        Must "adds a member twice" in "okta/group-member-add-twice";
        Must "removes members by a filter in the path" in "okta/group-member-remove";
        Must "removes and adds members in one request" in "okta/group-members-remove-and-add";
        Must "replaces all members (Push Now)" in "okta/group-members-replace";
        Must "replaces all members by none" in "okta/group-members-replace-empty";
        Must "replaces members by PUT" in "okta/group-members-put";
        Nice "puts groups into groups" in "okta/group-member-nested";
        Nice "names a member who is not there: refused" in "okta/group-member-unknown";
        Must "deletes groups" in "okta/group-delete";
        Must "imports users by pages of 100" in "okta/import-users-count-100";
        Must "imports users to the last page, in a stable order" in "okta/import-users-paging";
        Must "imports groups" in "okta/import-groups";
        Nice "reads `/ResourceTypes` and `/Schemas` for entitlements" in "okta/resource-types-and-schemas";
        Must "does all of that in turn" in "okta/lifecycle";
    }
    OneLogin {
        Must "tests the connection by looking up a user who does not exist" in "onelogin/connection-test";
        Must "looks up, creates, reads, replaces, lists and deletes users, and patches groups" in "onelogin/lifecycle";
        Must "suspends by PUT" in "onelogin/suspend-put";
        Nice "suspends by PATCH in newer templates" in "onelogin/suspend-patch";
        Must "wants `application/json`, and asks for it" in "onelogin/accept-json";
        Nice "wants `application/json` without asking for it" by PLAIN_JSON in "onelogin/no-accept";
        Nice "sends `emails` as one object" by ONE_AS_MANY in "onelogin/emails-as-object";
        Must "sends several e-mail addresses, none of them primary" in "onelogin/several-emails-none-primary";
        Nice "marks members with `\"operation\": \"delete\"`, as in SCIM 1.1: refused" in "onelogin/members-operation-delete";
        Nice "reads `/ServiceProviderConfig` on saving" in "onelogin/service-provider-config";
    }
    JumpCloud {
        Must "creates and deletes a user and a group to test the connection" in "jumpcloud/test-connection";
        Must "decides by `userName`, or `displayName` of a group, whether to create or to link" in "jumpcloud/lookup";
        Must "sends `\"\"` for what is empty in a full PUT, photos without type, and the extension first in `schemas`" in "jumpcloud/user-put-full";
        Must "sends `emails: null` in a minimal PUT" in "jumpcloud/user-put-minimal";
        Must "sends one `replace` with path for each attribute, `active` last" in "jumpcloud/user-patch-per-attribute";
        Must "removes members by the path `members` and a list of values" by REMOVE_LISTED in "jumpcloud/group-members";
        Must "deactivates, or deletes" in "jumpcloud/deprovision";
        Must "imports users page by page" in "jumpcloud/import-users";
    }
    Google {
        Must "asks for one user when it is authorised" in "google/authorization-probe";
        Must "suspends, activates and deletes users; sends no groups" in "google/lifecycle";
        Must "sends everything again every few hours: nothing changes" in "google/identical-updates";
    }
    Ping {
        Must "replaces users by PUT only, disables and deletes them" in "ping/lifecycle";
        Must "looks users up by `userName eq` or `emails eq`, without a sub-attribute" in "ping/lookup-user";
        Must "lists all groups to match them" in "ping/list-groups";
        Must "merges memberships (`add`) or overwrites them (`replace`)" in "ping/group-membership";
        Must "creates disabled accounts" in "ping/create-disabled";
        Must "adds to one attribute by several operations in one request" in "ping/several-add-emails";
        Must "asks for `attributes`, or without `excludedAttributes`" in "ping/attribute-selection";
        Nice "can ask with both" by BOTH_SELECTIONS in "ping/both-selections";
        Must "sends `If-Match`" in "ping/if-match";
        Nice "searches by `POST /.search`" in "ping/search";
    }
    SailPoint {
        Must "reads the discovery endpoints, and goes no further without them" in "sailpoint/discovery";
        Must "aggregates accounts and groups page by page, with a filter if wanted" in "sailpoint/aggregation";
        Must "creates, updates, disables and enables users, changes passwords, deletes" in "sailpoint/lifecycle";
        Must "updates by PUT, if so configured" in "sailpoint/update-put";
        Must "adds group members without a path" in "sailpoint/entitlements";
    }
    Rippling {
        Must "sends `externalId`, the primary e-mail address, the name and `employeeNumber`" in "rippling/lifecycle";
        Must "creates a group, then adds its members as a list" in "rippling/group-members-array";
        Nice "or as one object" by ONE_AS_MANY in "rippling/group-member-object";
    }
    Authentik {
        Must "reads `/ServiceProviderConfig` to know what it may send" in "authentik/service-provider-config";
        Must "sends an empty `familyName`, `photos: []` and an e-mail address of type other" in "authentik/user-create";
        Nice "sends no `schemas` in older releases" by MISSING_SCHEMAS in "authentik/user-create-without-schemas";
        Must "looks the user up after a 409, with spaces as `+`" in "authentik/user-conflict-lookup";
        Nice "leaves out the quotes in filters, up to 2025.8" by UNQUOTED_OPERAND in "authentik/user-lookup-unquoted";
        Must "replaces and deactivates by PUT with `id`" in "authentik/user-update-put";
        Must "sends one `add` for each member, and removes by a list of values" by REMOVE_LISTED in "authentik/group-members";
        Must "removes members by a filter in the path in newer releases" in "authentik/group-members-filter-path";
        Must "replaces a group without path, with `schemas` and `id`" by UNCHANGED_ID in "authentik/group-update-without-path";
        Must "replaces `displayName` and `externalId` with paths, in AWS mode" in "authentik/group-update-two-paths";
        Must "replaces groups by PUT where PATCH is not announced" in "authentik/group-update-put";
        Must "asks for the page at `startIndex` N + 1" in "authentik/discovery-paging";
        Must "takes 404 for a delete as success" in "authentik/delete-twice";
    }
    Keycloak {
        Must "sends e-mail addresses without type or primary, roles with a value only, an empty name, as `application/json`" in "keycloak/user-create";
        Must "replaces users by PUT with `id` and `externalId`" in "keycloak/user-update-put";
        Must "sends `active` as text in a PATCH" by BOOLEAN_AS_TEXT in "keycloak/user-patch-active-as-text";
        Must "replaces members, `displayName` and `externalId` of groups by PATCH" in "keycloak/group-patch-replace";
        Must "removes all members without a value, again on every refresh" in "keycloak/group-members-remove-all";
        Must "sends members with a relative `$ref`" in "keycloak/member-with-relative-ref";
        Nice "sends single values in lists of one, in older releases of the SDK" by MANY_AS_ONE in "keycloak/values-in-arrays";
    }
    IdpScimSync {
        Must "creates, and after a 409 looks the user up; asks for `application/json` and sends `application/scim+json`" in "idp-scim-sync/user-create-or-adopt";
        Must "renames groups without path, with the `id` repeated" by UNCHANGED_ID in "idp-scim-sync/group-rename";
        Must "adds and removes members by lists of values" by REMOVE_LISTED in "idp-scim-sync/group-members";
    }
    Any {
        Must "spells names of attributes in its own letter case: stored as the schema spells them" in "any/names-in-other-case";
        Must "sends `null` and `[]` for what is unassigned" in "any/null-and-empty";
        Must "sends booleans as text, in values and in filters" by BOOLEAN_AS_TEXT in "any/booleans-as-text";
        Must "sends the same value twice: stored once" in "any/duplicate-values";
        Must "names members by a bare id, or as one object" by ONE_AS_MANY in "any/members-in-every-form";
        Must "names members by bare ids in a list" by REFERENCE_AS_TEXT in "any/members-in-every-form";
        Must "removes the members that it lists" by REMOVE_LISTED in "any/members-in-every-form";
        Must "names the manager by a bare id" by REFERENCE_AS_TEXT in "any/manager-in-every-form";
        Must "names the manager by a list of one" by MANY_AS_ONE in "any/manager-in-every-form";
        Must "filters by the manager without `.value`" by BARE_REFERENCE in "any/manager-in-every-form";
        Must "filters by `manager eq`, without the URN" by UNQUALIFIED_NAME in "any/manager-in-every-form";
        Must "removes the manager by `\"\"`" by EMPTY_AS_UNASSIGNED in "any/manager-in-every-form";
        Must "sends filters that make no sense: refused, never an empty list" in "any/filters-that-are-not-understood";
        Must "matches by every attribute that identifies something" in "any/matching-probes";
        Must "matches by a part of the values that a filter describes" by SUB_ATTRIBUTE_OF_VALUES in "any/matching-probes";
        Must "pages at and beyond the ends" in "any/paging";
        Must "sends again what was done already" in "any/retried-changes";
    }
}
