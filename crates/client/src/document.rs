//! Reading what a server sent, as a client does: names without case, and everything may be missing.

use serde_json::Value;

/// A value by its way from the root. Names compare without case (RFC 7643 §2.1); null when it is not there.
pub(crate) fn at<'j>(mut json: &'j Value, way: &[&str]) -> &'j Value {
    for name in way {
        let Some(object) = json.as_object() else { return &Value::Null };
        let found = object
            .get(*name)
            .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value));
        let Some(value) = found else { return &Value::Null };
        json = value;
    }
    json
}

/// The text there, empty when there is none.
pub(crate) fn text<'j>(json: &'j Value, way: &[&str]) -> &'j str {
    at(json, way).as_str().unwrap_or_default()
}

/// The elements of the list there; none when there is no list.
pub(crate) fn list<'j>(json: &'j Value, way: &[&str]) -> &'j [Value] {
    at(json, way).as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Whether there is a value: null, `[]` and `{}` are none (RFC 7643 §2.5).
pub(crate) fn is_assigned(json: &Value) -> bool {
    match json {
        Value::Null => false,
        Value::Array(items) => items.iter().any(is_assigned),
        Value::Object(members) => members.values().any(is_assigned),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_what_is_missing_is_null() {
        let user = json!({"userName": "ana", "name": {"GivenName": "Ana"}, "emails": [{"value": "a@b"}]});

        assert_eq!(text(&user, &["username"]), "ana");
        assert_eq!(text(&user, &["name", "givenName"]), "Ana");
        assert_eq!(text(&user, &["userName", "deeper"]), "");
        assert_eq!(list(&user, &["emails"]).len(), 1);
        assert!(list(&user, &["phoneNumbers"]).is_empty());
    }

    #[test]
    fn nothing_comes_in_many_spellings() {
        for nothing in [json!(null), json!([]), json!({}), json!([null]), json!({"a": {"b": []}})] {
            assert!(!is_assigned(&nothing), "{nothing}");
        }
        for something in [json!(false), json!(""), json!(0), json!([{"a": 1}])] {
            assert!(is_assigned(&something), "{something}");
        }
    }
}
