//! Habits of identity providers that we accept though the RFCs do not ask for it.
//!
//! One table, one entry a habit: who does it, what we make of it, and which recorded transcript
//! shows it. A repair that contradicts no MUST is made for everybody; the others only where the
//! [`Dialect`] says so. Each repair made is named in [`crate::resource::Notes`].

use crate::resource::Notes;

/// Whose rules apply where a client's habit contradicts the RFCs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// The RFCs'.
    #[default]
    Generic,
    /// Microsoft Entra ID's.
    Entra,
}

impl Dialect {
    /// The dialect of the product that a token was made for: `entra`, or any other name.
    #[must_use]
    pub fn of(identity_provider: &str) -> Self {
        if identity_provider.eq_ignore_ascii_case("entra") { Self::Entra } else { Self::Generic }
    }

    /// The dialect after a PATCH operation called `op` was seen: only Entra ID capitalises them
    /// (transcript `entra/add-single-value-capitalised`).
    #[must_use]
    pub fn hearing(self, op: &str) -> Self {
        if matches!(op, "Add" | "Replace" | "Remove") { Self::Entra } else { self }
    }
}

/// A habit that we accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repair {
    /// Its name in the request log.
    pub name: &'static str,
    /// Who does it.
    pub product: &'static str,
    /// What is accepted, and as what.
    pub accepts: &'static str,
    /// The recorded transcript that shows it.
    pub transcript: Option<&'static str>,
    /// Made in this dialect only, as it contradicts a MUST or SHALL; `None`: made for everybody.
    pub only_in: Option<Dialect>,
}

macro_rules! repairs {
    ($($constant:ident: $name:literal, $product:literal, $accepts:literal, $transcript:expr, $only_in:expr;)*) => {
        $(
            #[doc = $accepts]
            pub const $constant: Repair = Repair {
                name: $name, product: $product, accepts: $accepts, transcript: $transcript, only_in: $only_in,
            };
        )*
        /// The table.
        pub const REPAIRS: &[Repair] = &[$($constant),*];
    };
}

repairs! {
    BOOLEAN_AS_TEXT: "boolean-as-text", "Entra ID, keycloak-scim",
        "\"True\", \"False\" in any case, where a boolean belongs: in values and in filters",
        Some("entra/disable-user-string-false"), None;
    UNQUOTED_OPERAND: "unquoted-operand", "Entra ID, authentik up to 2025.8",
        "A value after `eq` without quotes, when it is no other literal: the string",
        Some("entra/probe-external-id-unquoted"), None;
    SUB_ATTRIBUTE_OF_VALUES: "sub-attribute-of-values", "Entra ID",
        "`emails[type eq \"work\"].value eq \"x\"` as a filter: `emails[type eq \"work\" and value eq \"x\"]`",
        Some("entra/probe-work-email"), None;
    REFERENCE_AS_TEXT: "reference-as-text", "Entra ID",
        "A complex attribute with a `value` as a bare string: that `value`",
        Some("entra/manager-add-change-string"), None;
    ONE_AS_MANY: "one-as-many", "Rippling, OneLogin",
        "A single value where a list belongs: the list of it",
        Some("entra/add-member-single-object"), None;
    MANY_AS_ONE: "many-as-one", "Entra ID, SCIM-SDK clients",
        "A list of one where a single value belongs: that value",
        Some("entra/manager-array-with-ref"), None;
    REMOVE_LISTED: "remove-listed-values", "Entra ID, JumpCloud, authentik",
        "`remove` of a multi-valued attribute with a list of values: those values only",
        Some("entra/remove-member-value-array"), None;
    DOTTED_KEY: "dotted-key", "Entra ID, Okta",
        "Keys `name.givenName` and `URN:attribute` in a PATCH value without path, the latter in a POST or PUT too: that path",
        Some("entra/replace-several-dotted-keys"), None;
    UNCHANGED_ID: "unchanged-id", "Okta, authentik",
        "`id`, `schemas` and `meta` in a PATCH value without path: nothing",
        Some("okta/group-rename-patch"), None;
    REPLACE_CREATES: "replace-creates", "Entra ID",
        "`replace` through a value filter that matches nothing: the value is created (RFC 7644 §3.5.2.3: noTarget)",
        Some("entra/replace-filter-path-without-match"), Some(Dialect::Entra);
    EMPTY_CLEARS: "empty-clears", "Entra ID",
        "`\"\"` as the new value of an attribute that is not required: the attribute is unassigned",
        Some("entra/clear-attributes-with-empty-string"), Some(Dialect::Entra);
    EMPTY_AS_UNASSIGNED: "empty-as-unassigned", "Entra ID, JumpCloud",
        "`\"\"` for what no empty string can be (an object, a reference, a time, binary data): unassigned",
        Some("entra/manager-remove"), None;
    UNKNOWN_EXTENSION: "unknown-extension", "Entra ID",
        "A PATCH path into an extension that the tenant has not defined: nothing",
        Some("entra/create-user-custom-extension"), Some(Dialect::Entra);
}

/// What a tenant whose setting `strict` is on says to a request that needed repairs; `None` when it
/// needed none.
#[must_use]
pub fn refusal(notes: &Notes) -> Option<String> {
    let needed = REPAIRS.iter().filter(|repair| notes.repairs.contains(&repair.name));
    let named: Vec<String> = needed.map(|repair| format!("{} ({})", repair.name, repair.accepts)).collect();
    if named.is_empty() {
        return None;
    }
    Some(format!("The setting 'strict' of this tenant allows no repairs, and the request needs: {}", named.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_repair_has_a_name_of_its_own() {
        for (place, repair) in REPAIRS.iter().enumerate() {
            assert!(REPAIRS[..place].iter().all(|other| other.name != repair.name), "{}", repair.name);
        }
    }

    #[test]
    fn capitalised_operations_are_the_dialect_of_entra() {
        assert_eq!(Dialect::Generic.hearing("Replace"), Dialect::Entra);
        assert_eq!(Dialect::Generic.hearing("REPLACE"), Dialect::Generic);
        assert_eq!(Dialect::of("entra").hearing("add"), Dialect::Entra);
        assert_eq!(Dialect::of("okta"), Dialect::Generic);
    }
}
