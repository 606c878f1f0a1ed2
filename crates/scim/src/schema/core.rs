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
    use crate::schema::{Kind, Mutability, Returned, Uniqueness};

    #[test]
    fn the_built_in_schemas_can_be_read() {
        assert_eq!(schemas().len(), 6);
        assert!(common_attribute("EXTERNALID").is_some());
        assert_eq!(registry().types().len(), 2);
    }

    /// All attributes and sub-attributes of the built-in schemas, with their paths.
    fn attributes() -> Vec<(String, &'static Attribute)> {
        fn below(path: &str, attributes: &'static [Attribute], all: &mut Vec<(String, &'static Attribute)>) {
            for attribute in attributes {
                let path = format!("{path}.{}", attribute.name);
                below(&path, &attribute.sub_attributes, all);
                all.push((path, attribute));
            }
        }
        let mut all = Vec::new();
        for schema in schemas().iter().map(Arc::as_ref).chain([&*COMMON]) {
            below(&schema.name, &schema.attributes, &mut all);
        }
        all
    }

    #[test]
    fn each_schema_and_attribute_says_what_it_is_for() {
        assert!(schemas().iter().all(|schema| !schema.description.is_empty()));
        for (path, attribute) in attributes() {
            assert!(!attribute.description.is_empty(), "{path}");
        }
    }

    #[test]
    fn characteristics_fit_the_data_type() {
        for (path, attribute) in attributes() {
            assert_eq!(attribute.kind == Kind::Complex, !attribute.sub_attributes.is_empty(), "{path}");
            assert_eq!(attribute.kind == Kind::Reference, !attribute.reference_types.is_empty(), "{path}");
            // RFC 7643 §2.3.6, §2.3.7: binary data and references are case exact; but URNs of
            // schemas have no case (§3.1).
            let is_exact = matches!(attribute.kind, Kind::Reference | Kind::Binary) && attribute.name != "schemas";
            assert!(attribute.case_exact || !is_exact, "{path}");
        }
    }

    /// What clients of RFC 7643 rely on, and where its own schema in §8.7 contradicts its text.
    #[test]
    fn the_attributes_that_count_are_as_the_rfc_has_them() {
        let all = attributes();
        let find = |path: &str| all.iter().find(|(known, _)| known == path).map(|(_, attribute)| *attribute).unwrap();

        assert!(find("User.userName").required && find("User.userName").uniqueness == Uniqueness::Server);
        assert!(find("Group.displayName").required);
        assert!(find("User.password").secret && find("User.password").returned == Returned::Never);
        assert_eq!(find("User.emails.value").indexed, Some(1));
        assert_eq!(find("User.groups.$ref").reference_types, ["Group"]);
        assert_eq!(find("User.groups").mutability, Mutability::ReadOnly);
        assert_eq!(find("EnterpriseUser.manager.displayName").mutability, Mutability::ReadOnly);
        assert_eq!(find("User.addresses.primary").kind, Kind::Boolean);
        assert!(find("Common attributes.externalId").case_exact);
        assert!(find("ResourceType.schemaExtensions").multi_valued);
        assert!(find("ServiceProviderConfig.etag").required);
    }
}
