//! The built-in schemas and resource types (RFC 7643 §3.1, §4, §5–§7, §8.7), read from the JSON
//! files beside this one.

use std::sync::{Arc, LazyLock};

use super::{Attribute, Extension, Registry, ResourceType, Schema};

/// URN of the User schema.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the Group schema.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// URN of the enterprise extension of User.
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

static SCHEMAS: LazyLock<Vec<Arc<Schema>>> = LazyLock::new(|| {
    [
        include_str!("core/user.json"),
        include_str!("core/enterprise_user.json"),
        include_str!("core/group.json"),
        include_str!("core/schema.json"),
        include_str!("core/resource_type.json"),
        include_str!("core/service_provider_config.json"),
    ]
    .map(|text| Arc::new(serde_json::from_str(text).expect("the built-in schemas are read by a test")))
    .to_vec()
});

static COMMON: LazyLock<Schema> = LazyLock::new(|| {
    serde_json::from_str(include_str!("core/common.json")).expect("the built-in schemas are read by a test")
});

static BUILT_IN: LazyLock<Arc<Registry>> = LazyLock::new(|| {
    let schema = |urn: &str| Arc::clone(SCHEMAS.iter().find(|s| s.id == urn).expect("listed in SCHEMAS above"));
    let user = ResourceType {
        key: 1,
        id_prefix: *b"usr",
        name: "User".into(),
        endpoint: "/Users".into(),
        description: "People and other account holders".into(),
        schema: schema(USER),
        extensions: vec![Extension { schema: schema(ENTERPRISE_USER), required: false }],
    };
    let group = ResourceType {
        key: 2,
        id_prefix: *b"grp",
        name: "Group".into(),
        endpoint: "/Groups".into(),
        description: "Sets of users and of other groups".into(),
        schema: schema(GROUP),
        extensions: vec![],
    };
    Arc::new(Registry::new(vec![Arc::new(user), Arc::new(group)]))
});

/// What a tenant knows that has defined nothing of its own.
#[must_use]
pub fn registry() -> Arc<Registry> {
    Arc::clone(&BUILT_IN)
}

/// All built-in schemas, those of the discovery resources too (RFC 7643 §8.7.2).
#[must_use]
pub fn schemas() -> &'static [Arc<Schema>] {
    &SCHEMAS
}

/// The attribute that every resource has (`schemas`, `id`, `externalId`, `meta`; RFC 7643 §3.1)
/// of that name, in any spelling.
#[must_use]
pub fn common_attribute(name: &str) -> Option<&'static Attribute> {
    COMMON.attribute(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_schemas_can_be_read() {
        assert_eq!(schemas().len(), 6);
        assert!(common_attribute("EXTERNALID").is_some());
        assert_eq!(registry().types().len(), 2);
    }
}
