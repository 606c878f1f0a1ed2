//! Condition × resource = bool: the meaning of filters; SQL made from them must agree.

use std::cmp::Ordering;

use serde_json::Number;

use crate::json::Json;
use crate::schema::Target;
use crate::time;

use super::resolve::comparable;
use super::{Comparison, Condition, Operator, Value};

impl Condition<'_> {
    /// Whether it holds for `resource`: the whole JSON in canonical spelling, see
    /// [`super::Filter::holds`].
    #[must_use]
    pub fn holds(&self, resource: &Json) -> bool {
        self.holds_in(Scope::Resource(resource))
    }

    /// Whether it holds for one value of the attribute that it was resolved for.
    #[must_use]
    pub fn holds_for_value(&self, value: &Json) -> bool {
        self.holds_in(Scope::Value(value))
    }

    fn holds_in(&self, scope: Scope<'_>) -> bool {
        match self {
            Self::And(left, right) => left.holds_in(scope) && right.holds_in(scope),
            Self::Or(left, right) => left.holds_in(scope) || right.holds_in(scope),
            Self::Not(inner) => !inner.holds_in(scope),
            Self::Present(target) => scope.any(target, &mut is_present),
            Self::Values(target, inner) => scope.any(target, &mut |value| inner.holds_for_value(value)),
            Self::Compare(comparison) => {
                let mut assigned = false;
                let found = scope.any(&comparison.target, &mut |value| {
                    assigned = true;
                    comparison.matches(value)
                });
                found || (!assigned && comparison.operator == Operator::Ne)
            }
        }
    }
}

impl Comparison<'_> {
    /// Whether one value of the target compares so.
    #[must_use]
    pub fn matches(&self, value: &Json) -> bool {
        let Some(attribute) = self.target.leaf() else { return false };
        match (&self.operand, value) {
            (Value::Text(operand), Json::String(text)) => self.text_matches(&comparable(attribute, text), operand),
            _ => self.order_matches(order(value, &self.operand)),
        }
    }

    fn text_matches(&self, text: &str, operand: &str) -> bool {
        match self.operator {
            Operator::Co => text.contains(operand),
            Operator::Sw => text.starts_with(operand),
            Operator::Ew => text.ends_with(operand),
            _ => self.order_matches(Some(text.cmp(operand))),
        }
    }

    fn order_matches(&self, order: Option<Ordering>) -> bool {
        match self.operator {
            Operator::Eq => order == Some(Ordering::Equal),
            Operator::Ne => order != Some(Ordering::Equal),
            Operator::Gt => order == Some(Ordering::Greater),
            Operator::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Operator::Lt => order == Some(Ordering::Less),
            Operator::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Operator::Co | Operator::Sw | Operator::Ew => false,
        }
    }
}

/// How a value stands to an operand; `None` when they cannot be compared, which happens only if
/// the schema has changed since the value was stored.
fn order(value: &Json, operand: &Value) -> Option<Ordering> {
    match (value, operand) {
        (Json::Bool(value), Value::Bool(operand)) => Some(value.cmp(operand)),
        (Json::Number(value), Value::Number(operand)) => order_of_numbers(value, operand),
        (Json::String(value), Value::Instant(operand)) => Some(time::parse(value).ok()?.cmp(operand)),
        _ => None,
    }
}

fn order_of_numbers(value: &Number, operand: &Number) -> Option<Ordering> {
    match (value.as_i128(), operand.as_i128()) {
        (Some(value), Some(operand)) => Some(value.cmp(&operand)),
        _ => value.as_f64()?.partial_cmp(&operand.as_f64()?),
    }
}

/// What the targets of a condition are looked up in.
#[derive(Clone, Copy)]
enum Scope<'j> {
    Resource(&'j Json),
    /// One value of a multi-valued attribute.
    Value(&'j Json),
}

impl<'j> Scope<'j> {
    /// Whether `test` says yes to some value of `target`.
    fn any(self, target: &Target<'_>, test: &mut dyn FnMut(&'j Json) -> bool) -> bool {
        let attribute = match self {
            Self::Resource(resource) => {
                let place = match target.schema {
                    Some(schema) if target.in_extension => resource.get(&schema.id),
                    _ => Some(resource),
                };
                match target.attribute {
                    Some(attribute) => place.and_then(|place| place.get(&attribute.name)),
                    None => place,
                }
            }
            Self::Value(value) => Some(value),
        };
        elements(attribute).iter().any(|value| match target.sub_attribute {
            Some(sub) => elements(value.get(&sub.name)).iter().any(&mut *test),
            None => test(value),
        })
    }
}

/// The values of an attribute, of which a single-valued one has one.
fn elements(value: Option<&Json>) -> &[Json] {
    match value {
        Some(Json::Array(elements)) => elements,
        Some(value) => std::slice::from_ref(value),
        None => &[],
    }
}

/// RFC 7644 §3.4.2.2: a non-empty or non-null value, or a non-empty node of a complex attribute.
fn is_present(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::String(text) => !text.is_empty(),
        Json::Array(elements) => !elements.is_empty(),
        Json::Object(parts) => parts.values().any(is_present),
        Json::Bool(_) | Json::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::error::ScimError;
    use crate::filter::Filter;
    use crate::json::Json;
    use crate::schema::core;

    fn user() -> Json {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": "usr_06EKJ3T9X8R4M1V5W7Y0ZABCDE",
            "externalId": "Ext-1",
            "userName": "Straße.Jensen@Example.com",
            "name": { "familyName": "O'Malley", "givenName": "" },
            "active": true,
            "emails": [
                { "value": "jensen@example.com", "type": "work", "primary": true },
                { "value": "babs@home.example", "type": "home" },
                { "value": "third@example.net" }
            ],
            "groups": [{ "value": "grp_06EKJ3T9X8R4M1V5W7Y0ZABCDE", "type": "direct" }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "department": "Sales", "manager": { "value": "usr_06EKJ3T9X8R4M1V5W7Y0ZABCDF" }
            },
            "meta": { "resourceType": "User", "created": "2026-01-31T12:30:00.000Z", "version": "W/\"3\"" }
        })
    }

    fn holds(filter: &str) -> Result<bool, ScimError> {
        filter.parse::<Filter>()?.holds(core::registry().type_named("User").unwrap(), &user())
    }

    #[test]
    fn filters_that_hold() {
        for filter in [
            "userName eq \"strasse.JENSEN@example.com\"",
            "USERNAME sw \"STRASSE\"",
            "userName co \"ße.\"",
            "userName ew \".COM\"",
            "userName gt \"a\" and userName lt \"z\" and userName ge \"Straße.Jensen@Example.com\"",
            "urn:ietf:params:scim:schemas:core:2.0:user:userName pr",
            "externalId eq \"Ext-1\"",
            "id eq \"usr_06EKJ3T9X8R4M1V5W7Y0ZABCDE\"",
            "schemas eq \"URN:ietf:params:scim:schemas:core:2.0:User\"",
            "active eq true and active eq \"True\" and active ne false and active eq True and active pr",
            "name.familyName co \"o'm\" and name pr",
            "emails co \"HOME\" and emails.value co \"example.net\" and emails eq \"third@example.net\"",
            "emails[type eq \"work\" and value co \"@example.com\"]",
            "emails[type eq \"work\"].value eq \"jensen@example.com\"",
            "emails[not (type pr)] and emails[type eq null]",
            "emails[primary eq \"true\"]",
            "emails.type ne \"work\" and emails[type ne \"work\"]",
            "nickName ne \"x\" and nickName eq null and userName ne null",
            "phoneNumbers.type ne \"work\"",
            "meta.created eq \"2026-01-31T13:30:00+01:00\" and meta.created gt \"2026-01-31T12:29:59.999Z\"",
            "meta.created le \"2026-01-31T12:30:00Z\" and meta.resourceType eq \"User\"",
            "meta.version eq \"W/\\\"3\\\"\"",
            "groups eq \"grp_06EKJ3T9X8R4M1V5W7Y0ZABCDE\" and groups.type eq \"direct\"",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"sales\"",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr",
            "department eq \"sales\" and manager eq \"usr_06EKJ3T9X8R4M1V5W7Y0ZABCDF\" and manager.value sw \"usr_\"",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq \"usr_06EKJ3T9X8R4M1V5W7Y0ZABCDF\"",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager[value sw \"usr_\"]",
        ] {
            assert_eq!(holds(filter), Ok(true), "{filter}");
        }
    }

    #[test]
    fn filters_that_do_not_hold() {
        for filter in [
            "externalId eq \"ext-1\"",
            "id eq \"nobody\"",
            "active eq false",
            "name.givenName pr",
            "emails[type eq \"work\" and value co \"home\"]",
            "not (emails pr)",
            "emails eq null",
            "nickName co \"\"",
            "nickName gt \"\"",
            "phoneNumbers[type eq \"work\"]",
            "phoneNumbers[type ne \"work\"]",
            "userName ne \"STRASSE.jensen@example.com\"",
            "userName eq 12345",
        ] {
            assert_eq!(holds(filter), Ok(false), "{filter}");
        }
    }

    #[test]
    fn a_filter_that_makes_no_sense_is_refused_and_never_taken_as_no_match() {
        for (filter, detail) in [
            ("colour eq \"red\"", "User has no attribute 'colour'"),
            ("shelf eq \"Sales\"", "User has no attribute 'shelf'"),
            ("urn:example:2.0:User:a pr", "User has no attribute 'urn:example:2.0:User:a'"),
            ("emails[colour pr]", "emails has no sub-attribute 'colour'"),
            ("emails[emails.type pr]", "emails has no sub-attribute 'emails.type'"),
            ("userName[value pr]", "userName has no sub-attributes to filter by in brackets"),
            ("password pr", "password cannot be filtered by"),
            ("active gt true", "active gt: a boolean can be compared with eq and ne only"),
            ("active eq \"yes\"", "active eq: expected true or false, found \"yes\""),
            ("active co \"t\"", "active co: a boolean can be compared with eq and ne only"),
            ("name eq \"x\"", "name is complex: compare a sub-attribute, such as name.formatted"),
            ("addresses eq \"x\"", "addresses is complex: compare a sub-attribute, such as addresses.formatted"),
            ("x509Certificates.value gt \"AA\"", "x509Certificates.value gt: a binary has no order"),
            (
                "meta.created gt \"yesterday\"",
                "meta.created gt: expected a time in double quotes, such as \"2026-01-31T12:30:00Z\", found \"yesterday\"",
            ),
            ("meta.created sw \"2026\"", "meta.created sw: a time has no text to search in"),
            ("userName gt null", "userName gt: null can be compared with eq and ne only"),
            ("userName eq 1.5", "userName eq: expected a string in double quotes, found 1.5"),
            (
                "urn:ietf:params:scim:schemas:core:2.0:User eq \"x\"",
                "urn:ietf:params:scim:schemas:core:2.0:User is a schema, which can only be tested with pr",
            ),
        ] {
            assert_eq!(holds(filter), Err(ScimError::Filter(detail.into())), "{filter}");
        }
    }
}
