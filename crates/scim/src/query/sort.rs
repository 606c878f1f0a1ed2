//! What resources are sorted by (RFC 7644 §3.4.2.3).

use std::cmp::Ordering;

use crate::fold::fold;
use crate::json::Json;
use crate::schema::{Attribute, Kind, ResourceType, Target};
use crate::time;

use super::{Sort, SortOrder};

/// The value that a resource has in an order, in the form in which it is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey {
    /// `false` comes first.
    Bool(bool),
    /// Of integers and decimals.
    Number(f64),
    /// Milliseconds since 1970 UTC.
    Instant(i64),
    /// Of strings, references and binaries: folded unless the attribute is caseExact.
    Text(String),
}

impl Eq for SortKey {}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SortKey {
    /// Values of different kinds, which only a query over several types can meet, go by kind.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(one), Self::Bool(other)) => one.cmp(other),
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            (Self::Instant(one), Self::Instant(other)) => one.cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            _ => self.kind().cmp(&other.kind()),
        }
    }
}

impl SortKey {
    /// The text that [`Self::from_text`] reads, for a cursor.
    #[must_use]
    pub fn to_text(&self) -> String {
        let value = match self {
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Instant(value) => value.to_string(),
            Self::Text(value) => value.clone(),
        };
        format!("{}{value}", self.kind())
    }

    /// The inverse of [`Self::to_text`]; `None` for what that never gave.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut rest = text.chars();
        let kind = rest.next()?;
        let value = rest.as_str();
        match kind {
            'b' => value.parse().ok().map(Self::Bool),
            'n' => value.parse().ok().map(Self::Number),
            'i' => value.parse().ok().map(Self::Instant),
            't' => Some(Self::Text(value.to_owned())),
            _ => None,
        }
    }

    fn kind(&self) -> char {
        match self {
            Self::Bool(_) => 'b',
            Self::Instant(_) => 'i',
            Self::Number(_) => 'n',
            Self::Text(_) => 't',
        }
    }

    fn of(attribute: &Attribute, value: &Json) -> Option<Self> {
        match value {
            Json::Bool(value) => Some(Self::Bool(*value)),
            Json::Number(number) => number.as_f64().map(Self::Number),
            Json::String(text) if attribute.kind == Kind::DateTime => time::parse(text).ok().map(Self::Instant),
            Json::String(text) if attribute.case_exact => Some(Self::Text(text.clone())),
            Json::String(text) => Some(Self::Text(fold(text))),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }
}

impl Sort {
    /// What is sorted by in resources of that type: the attribute with a plain value. `None` when
    /// the type has no such attribute.
    #[must_use]
    pub fn target<'a>(&self, resource_type: &'a ResourceType) -> Option<Target<'a>> {
        let target = resource_type.resolve(&self.by)?;
        match (target.attribute, target.sub_attribute) {
            (Some(attribute), None) if attribute.kind == Kind::Complex => {
                Some(Target { sub_attribute: Some(attribute.sub_attribute("value")?), ..target })
            }
            _ => Some(target),
        }
    }

    /// The value of `target` in `resource`, which is the whole JSON of a resource.
    #[must_use]
    pub fn key(target: &Target<'_>, resource: &Json) -> Option<SortKey> {
        let attribute = target.attribute?;
        let place = if target.in_extension { resource.get(&target.schema?.id)? } else { resource };
        let value = match place.get(&attribute.name)? {
            Json::Array(elements) => leading(elements)?,
            value => value,
        };
        match target.sub_attribute {
            Some(sub) => SortKey::of(sub, value.get(&sub.name)?),
            None => SortKey::of(attribute, value),
        }
    }

    /// How two resources stand, by value and then by creation, which `tie` tells. The descending
    /// order is the ascending one reversed; so those without a value come first in it.
    #[must_use]
    pub fn compare(&self, one: Option<&SortKey>, other: Option<&SortKey>, tie: Ordering) -> Ordering {
        let ascending = match (one, other) {
            (Some(one), Some(other)) => one.cmp(other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        let ascending = ascending.then(tie);
        match self.order {
            SortOrder::Ascending => ascending,
            SortOrder::Descending => ascending.reverse(),
        }
    }
}

/// "the value of the primary attribute […], if any, or else the first value in the list"
fn leading(elements: &[Json]) -> Option<&Json> {
    elements.iter().find(|element| element.get("primary") == Some(&Json::Bool(true))).or_else(|| elements.first())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::core;
    use serde_json::json;

    fn key(by: &str, resource: &Json) -> Option<SortKey> {
        let sort = Sort { by: by.parse().unwrap(), order: SortOrder::Ascending };
        Sort::key(&sort.target(core::registry().type_named("User").unwrap())?, resource)
    }

    #[test]
    fn the_primary_value_counts_or_else_the_first() {
        let first = json!({"emails": [{"value": "B@x"}, {"value": "a@x"}]});
        let primary = json!({"emails": [{"value": "B@x"}, {"value": "A@x", "primary": true}]});

        assert_eq!(key("emails", &first), Some(SortKey::Text("b@x".into())));
        assert_eq!(key("emails.value", &primary), Some(SortKey::Text("a@x".into())));
        assert_eq!(key("emails.type", &first), None);
    }

    #[test]
    fn values_are_compared_by_the_type_of_the_attribute() {
        let user = json!({
            "userName": "Ana", "externalId": "Ana", "active": true, "name": {"familyName": "Óskar"},
            "meta": {"created": "1970-01-01T01:00:00.005+01:00"},
            core::ENTERPRISE_USER: {"department": "Sales", "manager": {"value": "usr_1"}},
        });

        assert_eq!(key("userName", &user), Some(SortKey::Text("ana".into())));
        assert_eq!(key("externalId", &user), Some(SortKey::Text("Ana".into())));
        assert_eq!(key("active", &user), Some(SortKey::Bool(true)));
        assert_eq!(key("name.familyName", &user), Some(SortKey::Text("óskar".into())));
        assert_eq!(key("meta.created", &user), Some(SortKey::Instant(5)));
        assert_eq!(key(&format!("{}:department", core::ENTERPRISE_USER), &user), Some(SortKey::Text("sales".into())));
    }

    #[test]
    fn those_without_a_value_are_last_when_ascending_and_first_when_descending() {
        let (some, none) = (Some(SortKey::Number(1.0)), None);
        let by = |order| Sort { by: "title".parse().unwrap(), order };
        let compare = |order| by(order).compare(some.as_ref(), none.as_ref(), Ordering::Less);

        assert_eq!(compare(SortOrder::Ascending), Ordering::Less);
        assert_eq!(compare(SortOrder::Descending), Ordering::Greater);
    }

    #[test]
    fn a_key_survives_its_text() {
        for key in [
            SortKey::Bool(true),
            SortKey::Number(-0.1),
            SortKey::Instant(-5),
            SortKey::Text(String::new()),
            SortKey::Text("t\u{e9}".into()),
        ] {
            assert_eq!(SortKey::from_text(&key.to_text()), Some(key));
        }
        assert_eq!(SortKey::from_text(""), None);
        assert_eq!(SortKey::from_text("é1"), None);
    }
}
