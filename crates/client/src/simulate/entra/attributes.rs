//! Finding in an answer what a path of PATCH has set.

use serde_json::Value;

use crate::document::{at, list, text};
use crate::simulate::accounts::ENTERPRISE;
use crate::simulate::expect::value;

/// Goes through what was set by path: each is there. Null stands for "no longer there".
pub(crate) fn are_there(json: &Value, values: &[(&str, Value)]) -> Result<(), String> {
    for (path, wanted) in values {
        let (element, way) = located(json, path);
        value(element, &way, wanted).map_err(|saw| format!("after {path}: {saw}"))?;
    }
    Ok(())
}

/// Where a path leads: `name.givenName`, `urn:…:User:department`, `addresses[type eq "work"].country`,
/// `roles[primary eq "True"].value`. With a filter, the element and the way in it.
fn located<'j, 'p>(json: &'j Value, path: &'p str) -> (&'j Value, Vec<&'p str>) {
    if let Some(rest) = path.strip_prefix(ENTERPRISE).and_then(|rest| rest.strip_prefix(':')) {
        return (json, [ENTERPRISE].into_iter().chain(rest.split('.')).collect());
    }
    let Some((attribute, rest)) = path.split_once('[') else { return (json, path.split('.').collect()) };
    let (filter, sub) = rest.split_once("].").unwrap_or((rest, ""));
    let is_meant = |element: &&Value| match filter.split_once(" eq ") {
        Some(("primary", _)) => at(element, &["primary"]) == true,
        Some((name, wanted)) => text(element, &[name]) == wanted.trim_matches('"'),
        None => false,
    };
    (list(json, &[attribute]).iter().find(is_meant).unwrap_or(&Value::Null), vec![sub])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_path_has_set_is_found_in_its_place_only() {
        let user = json!({
            "title": "T", "name": {"givenName": "Ana"}, ENTERPRISE: {"department": "D", "manager": {"value": "m"}},
            "addresses": [{"type": "work", "country": "US"}, {"type": "other", "formatted": "F"}],
            "roles": [{"primary": true, "value": "Admin"}],
        });
        let department = format!("{ENTERPRISE}:department");
        let manager = format!("{ENTERPRISE}:manager.value");
        let values = [
            ("title", json!("T")),
            ("name.givenName", json!("Ana")),
            (department.as_str(), json!("D")),
            (manager.as_str(), json!("m")),
            ("addresses[type eq \"other\"].Formatted", json!("F")),
            ("addresses[type eq \"work\"].formatted", Value::Null),
            ("roles[primary eq \"True\"].value", json!("Admin")),
        ];

        assert_eq!(are_there(&user, &values), Ok(()));
        for (path, wanted) in values {
            let other = if wanted.is_null() { json!("x") } else { Value::Null };
            assert!(are_there(&user, &[(path, other)]).is_err(), "{path}");
        }
        let as_key = json!({"name.givenName": "Ana"});
        assert!(are_there(&as_key, &[("name.givenName", json!("Ana"))]).is_err());
    }
}
