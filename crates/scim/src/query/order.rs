//! The order of a list: `sortBy`, `sortOrder` (RFC 7644 §3.4.2.3).

use std::sync::Arc;

use super::{given, known_to_one};
use crate::error::ScimError;
use crate::message::SearchRequest;
use crate::path::AttrPath;
use crate::schema::{Attribute, Kind, ResourceType, Returned};

/// An order (RFC 7644 §3.4.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// A path that names something with a plain value in at least one of the types. Of a
    /// multi-valued attribute the primary element is meant, or else the first.
    pub by: AttrPath,
    /// Which way round.
    pub order: SortOrder,
}

/// Which way round. Resources without a value are last when ascending, first when descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the words of RFC 7644 §3.4.2.3")]
pub enum SortOrder {
    #[default]
    Ascending,
    Descending,
}

impl SortOrder {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "ascending",
            Self::Descending => "descending",
        }
    }
}

impl Sort {
    pub(super) fn read(request: &SearchRequest, types: &[Arc<ResourceType>]) -> Result<Option<Self>, ScimError> {
        let order = match given(request.sort_order.as_ref()) {
            None => SortOrder::Ascending,
            Some(word) => [SortOrder::Ascending, SortOrder::Descending]
                .into_iter()
                .find(|order| order.as_str().eq_ignore_ascii_case(word))
                .ok_or_else(|| ScimError::value("sortOrder", "expected 'ascending' or 'descending'"))?,
        };
        let Some(text) = given(request.sort_by.as_ref()) else {
            return Ok(None);
        };
        let mut by: AttrPath =
            text.parse().map_err(|error: ScimError| ScimError::value("sortBy", error.to_string()))?;
        known_to_one(types, |resource_type| check_sortable(&by, resource_type))?;
        if types.iter().any(|resource_type| means_its_value(&by, resource_type)) {
            by.sub_attribute = Some("value".parse()?);
        }
        Ok(Some(Self { by, order }))
    }
}

/// Whether `by` names a complex attribute whose `value` is meant by it (RFC 7643 §2.4).
fn means_its_value(by: &AttrPath, resource_type: &ResourceType) -> bool {
    let leaf = resource_type.resolve(by).and_then(|target| target.leaf());
    leaf.is_some_and(|leaf| leaf.kind == Kind::Complex && leaf.sub_attribute("value").is_some())
}

fn check_sortable(by: &AttrPath, resource_type: &ResourceType) -> Result<(), ScimError> {
    let refusal = |reason: String| Err(ScimError::value("sortBy", reason));
    let Some(target) = resource_type.resolve(by) else {
        return refusal(format!("'{by}' is not an attribute of {}", resource_type.name));
    };
    let (Some(attribute), Some(leaf)) = (target.attribute, target.leaf()) else {
        return refusal(format!("'{by}' is a schema; name one of its attributes"));
    };
    if attribute.relation.is_some() || attribute.secret || leaf.returned == Returned::Never {
        return refusal(format!("{} cannot be sorted by '{by}'", resource_type.endpoint));
    }
    if leaf.kind == Kind::Complex && leaf.sub_attribute("value").is_none() {
        return refusal(format!("'{by}' has parts; name one of them, as in '{by}.{}'", first_part(leaf)));
    }
    Ok(())
}

fn first_part(attribute: &Attribute) -> &str {
    attribute.sub_attributes.first().map_or("value", |part| &part.name)
}
