//! What the benchmarks work on.

use std::fmt;
use std::sync::Arc;

use scim::dialect::Dialect;
use scim::json::{self, Json};
use scim::resource::{Document, Member, Representation, Resource};
use scim::schema::{ResourceType, core};
use scim::{ResourceId, Version};
use serde_json::json;

pub(crate) const BASE: &str = "https://id.example/api/v1/tenants/acme/scim/v2";

/// 1.2 KB, as in the tables of `docs/performance.md`.
pub(crate) const USER: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"user07654321@example.com","externalId":"ext-07654321","active":true,"name":{"givenName":"Given","familyName":"Family07654321","formatted":"Given Family07654321"},"displayName":"Given Family07654321","nickName":"Nick07654321","title":"Engineer","preferredLanguage":"en-US","locale":"en-US","timezone":"Europe/Berlin","userType":"Employee","emails":[{"value":"user07654321@example.com","type":"work","primary":true},{"value":"home07654321@example.org","type":"home"}],"phoneNumbers":[{"value":"+49 30 1234567","type":"work"},{"value":"+49 170 7654321","type":"mobile"}],"addresses":[{"type":"work","streetAddress":"Street 1","locality":"Berlin","postalCode":"10115","country":"DE"},{"type":"home","streetAddress":"Road 22","locality":"Potsdam","postalCode":"14467","country":"DE"}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"07654321","department":"Engineering","organization":"Example","costCenter":"4130","division":"Products and services"}}"#;

/// From what every identity provider asks to what people write.
pub(crate) const FILTERS: [&str; 6] = [
    r#"userName eq "user07654321@example.com""#,
    r#"emails.value eq "USER07654321@EXAMPLE.COM""#,
    r#"emails[type eq "work" and value co "@example.com"]"#,
    r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
    r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department sw "Eng" and not (active eq false)"#,
    r#"meta.lastModified gt "2023-01-01T00:00:00Z" and title pr and addresses[country eq "DE" and locality ne "Bonn"]"#,
];

pub(crate) fn resource_type(name: &str) -> Arc<ResourceType> {
    Arc::clone(core::registry().type_named(name).unwrap())
}

pub(crate) fn id() -> ResourceId {
    ResourceId::new(*b"usr", 7)
}

/// [`USER`], read.
pub(crate) fn document() -> Document {
    Resource::read(&resource_type("User"), json::parse(USER.as_bytes()).unwrap()).unwrap().document
}

/// [`USER`] as the store gives it.
pub(crate) fn stored() -> Representation {
    representation("User", id(), document().to_body(id()))
}

fn representation(type_name: &str, id: ResourceId, body: String) -> Representation {
    Representation {
        resource_type: resource_type(type_name),
        id,
        version: Version(1),
        created: 1_700_000_000_000,
        modified: 1_700_000_000_000,
        body,
        members: None,
        member_of: None,
    }
}

/// A group as a client sends it.
pub(crate) fn group(members: u128) -> Json {
    let values: Vec<Json> =
        (1..=members).map(|n| json!({ "value": ResourceId::new(*b"usr", n).to_string() })).collect();
    json!({ "schemas": [core::GROUP], "displayName": "Staff", "members": values })
}

/// A group as the store gives it.
pub(crate) fn stored_group(members: u128) -> Representation {
    let id = ResourceId::new(*b"grp", 1);
    let document = Resource::read(&resource_type("Group"), group(0)).unwrap().document;
    let member = |number| Member {
        id: ResourceId::new(*b"usr", number),
        type_name: "User".into(),
        endpoint: "/Users".into(),
        display: Some(format!("Given Family{number:08}")),
        direct: true,
    };
    Representation {
        members: Some((1..=members).map(member).collect()),
        ..representation("Group", id, document.to_body(id))
    }
}

/// A bulk request that creates so many users of 1.2 KB.
pub(crate) fn bulk(operations: usize) -> String {
    let create = |number: usize| {
        let user = USER.replace("07654321", &format!("{number:08}"));
        format!(r#"{{"method":"POST","path":"/Users","bulkId":"{number}","data":{user}}}"#)
    };
    envelope((0..operations).map(create))
}

/// A bulk request that creates small users, each of whom but the first has the one before as manager.
pub(crate) fn chain(operations: usize) -> String {
    let create = |number: usize| {
        let manager = number.checked_sub(1).map(|before| json!({ "manager": { "value": format!("bulkId:{before}") } }));
        let data = json!({ "userName": format!("user{number}"), (core::ENTERPRISE_USER): manager });
        json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": data }).to_string()
    };
    envelope((0..operations).map(create))
}

fn envelope(operations: impl Iterator<Item = String>) -> String {
    let operations = operations.collect::<Vec<_>>().join(",");
    format!(r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{operations}]}}"#)
}

/// PATCH requests, named after who sends them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Patch {
    EntraUpdate,
    EntraDisable,
    OktaUpdate,
    OktaDeactivate,
    EntraAddMember,
    OktaRemoveMember,
}

impl Patch {
    pub(crate) const ALL: [Self; 6] = [
        Self::EntraUpdate,
        Self::EntraDisable,
        Self::OktaUpdate,
        Self::OktaDeactivate,
        Self::EntraAddMember,
        Self::OktaRemoveMember,
    ];
    pub(crate) const OF_USERS: [Self; 4] =
        [Self::EntraUpdate, Self::EntraDisable, Self::OktaUpdate, Self::OktaDeactivate];

    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::EntraUpdate | Self::EntraDisable | Self::OktaUpdate | Self::OktaDeactivate => "User",
            Self::EntraAddMember | Self::OktaRemoveMember => "Group",
        }
    }

    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Self::EntraUpdate | Self::EntraDisable | Self::EntraAddMember => Dialect::Entra,
            Self::OktaUpdate | Self::OktaDeactivate | Self::OktaRemoveMember => Dialect::Generic,
        }
    }

    pub(crate) fn body(self) -> Json {
        let member = id().to_string();
        let operations = match self {
            Self::EntraUpdate => json!([
                { "op": "Replace", "path": "displayName", "value": "Adele Vance" },
                { "op": "Replace", "path": "name.familyName", "value": "Vance" },
                { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "adele@example.com" },
                { "op": "Add", "path": "phoneNumbers[type eq \"fax\"].value", "value": "+1 555 0100" },
                { "op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
                  "value": "Sales" },
            ]),
            Self::EntraDisable => json!([{ "op": "Replace", "path": "active", "value": "False" }]),
            Self::OktaUpdate => json!([{ "op": "replace", "value": {
                "displayName": "Adele Vance", "name": { "givenName": "Adele", "familyName": "Vance" }, "title": "Lead",
                "emails": [{ "value": "adele@example.com", "type": "work", "primary": true }],
            } }]),
            Self::OktaDeactivate => json!([{ "op": "replace", "value": { "active": false } }]),
            Self::EntraAddMember => json!([{ "op": "Add", "path": "members", "value": [{ "value": member }] }]),
            Self::OktaRemoveMember => {
                json!([{ "op": "remove", "path": format!("members[value eq \"{member}\"]") }])
            }
        };
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
    }
}

impl fmt::Display for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
