//! What a server announces: the optional parts of the protocol, its resource types and schemas.

use serde_json::Value;

use crate::document::{at, list, text};

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Something that not every server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feature {
    Patch,
    Bulk,
    Filter,
    Sort,
    ETag,
    /// Cursors (RFC 9865).
    Cursor,
    /// Paging by `startIndex`: everywhere, unless the server says that it has cursors only.
    Index,
    /// A resource type Group.
    Groups,
    /// The enterprise extension of users.
    Enterprise,
    /// An attribute of the core User schema.
    User(&'static str),
    /// A credential to leave out.
    Token,
}

impl Feature {
    /// Why a check that needs this does not apply.
    pub(crate) fn absence(self) -> String {
        match self {
            Self::Patch => "ServiceProviderConfig does not announce PATCH".to_owned(),
            Self::Bulk => "ServiceProviderConfig does not announce bulk".to_owned(),
            Self::Filter => "ServiceProviderConfig does not announce filters".to_owned(),
            Self::Sort => "ServiceProviderConfig does not announce sorting".to_owned(),
            Self::ETag => "ServiceProviderConfig does not announce ETags".to_owned(),
            Self::Cursor => "ServiceProviderConfig does not announce cursors".to_owned(),
            Self::Index => "ServiceProviderConfig announces paging by cursors only".to_owned(),
            Self::Groups => "there is no resource type Group".to_owned(),
            Self::Enterprise => "the User resource type does not have the enterprise extension".to_owned(),
            Self::User(attribute) => format!("the User schema does not define {attribute}"),
            Self::Token => "no token was given".to_owned(),
        }
    }
}

/// What discovery said (RFC 7644 §4). What could not be read counts as not announced; schemas that
/// could not be read count as those of RFC 7643.
#[derive(Debug, Default)]
pub(crate) struct Features {
    pub(crate) config: Value,
    pub(crate) resource_types: Vec<Value>,
    pub(crate) schemas: Vec<Value>,
    pub(crate) has_token: bool,
}

impl Features {
    pub(crate) fn has(&self, feature: Feature) -> bool {
        let announced = |name: &str| at(&self.config, &[name, "supported"]) == true;
        let pagination = |name: &str| at(&self.config, &["pagination", name]);
        match feature {
            Feature::Patch => announced("patch"),
            Feature::Bulk => announced("bulk"),
            Feature::Filter => announced("filter"),
            Feature::Sort => announced("sort"),
            Feature::ETag => announced("etag"),
            Feature::Cursor => pagination("cursor") == true,
            Feature::Index => pagination("index") != false,
            Feature::Groups => self.resource_types.is_empty() || self.resource_type(GROUP).is_some(),
            Feature::Enterprise => {
                let extensions = self.resource_type(USER).map(|user| list(user, &["schemaExtensions"]));
                extensions.unwrap_or_default().iter().any(|extension| text(extension, &["schema"]) == ENTERPRISE)
            }
            Feature::User(name) => self.schema(USER).is_none() || self.attribute(USER, &[name]).is_some(),
            Feature::Token => self.has_token,
        }
    }

    /// Where resources of this schema live: `/Users`.
    pub(crate) fn endpoint(&self, schema: &str, usual: &'static str) -> String {
        let announced = self.resource_type(schema).map(|found| text(found, &["endpoint"]).trim_matches('/'));
        match announced {
            Some(endpoint) if !endpoint.is_empty() => format!("/{endpoint}"),
            Some(_) | None => usual.to_owned(),
        }
    }

    fn resource_type(&self, schema: &str) -> Option<&Value> {
        self.resource_types.iter().find(|found| text(found, &["schema"]).eq_ignore_ascii_case(schema))
    }

    fn schema(&self, urn: &str) -> Option<&Value> {
        self.schemas.iter().find(|found| text(found, &["id"]).eq_ignore_ascii_case(urn))
    }

    /// The definition of an attribute, or of a sub-attribute.
    pub(crate) fn attribute(&self, schema: &str, way: &[&str]) -> Option<&Value> {
        let mut found = self.schema(schema)?;
        for (depth, name) in way.iter().enumerate() {
            let members = if depth == 0 { "attributes" } else { "subAttributes" };
            found = list(found, &[members]).iter().find(|a| text(a, &["name"]).eq_ignore_ascii_case(name))?;
        }
        Some(found)
    }
}
