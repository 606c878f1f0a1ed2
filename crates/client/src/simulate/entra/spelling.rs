//! The two ways in which Entra writes PATCH.

use serde_json::{Map, Value, json};

/// Which of them: it follows from the flag `aadOptscim062020` in the tenant URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Without the flag.
    Old,
    /// With it.
    Rfc,
}

/// An operation (RFC 7644 §3.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Add,
    Replace,
    Remove,
}

impl Spelling {
    /// The name of an operation: `Add`, or `add`.
    fn name(self, op: Op) -> &'static str {
        match (self, op) {
            (Self::Old, Op::Add) => "Add",
            (Self::Old, Op::Replace) => "Replace",
            (Self::Old, Op::Remove) => "Remove",
            (Self::Rfc, Op::Add) => "add",
            (Self::Rfc, Op::Replace) => "replace",
            (Self::Rfc, Op::Remove) => "remove",
        }
    }

    /// A Boolean: `"True"`, or `true`.
    pub(crate) fn boolean(self, value: bool) -> Value {
        match (self, value) {
            (Self::Rfc, value) => Value::Bool(value),
            (Self::Old, true) => json!("True"),
            (Self::Old, false) => json!("False"),
        }
    }

    /// One operation with a path.
    pub(crate) fn operation(self, op: Op, path: &str, value: &Value) -> Value {
        json!({"op": self.name(op), "path": path, "value": value})
    }

    /// An operation for each of these, with a path.
    pub(crate) fn each(self, op: Op, values: &[(&str, Value)]) -> Value {
        values.iter().map(|(path, value)| self.operation(op, path, value)).collect()
    }

    /// Removes what these paths lead to.
    pub(crate) fn removals(self, paths: &[&str]) -> Value {
        paths.iter().map(|path| json!({"op": self.name(Op::Remove), "path": path})).collect()
    }

    /// Several attributes at once: without the flag an operation each; with it one without a path,
    /// whose keys are paths (`name.givenName`, `urn:…:User:department`), beside those that have a filter in theirs.
    pub(crate) fn several(self, op: Op, values: &[(&str, Value)]) -> Value {
        if self == Self::Old {
            return self.each(op, values);
        }
        let (filtered, plain): (Vec<_>, Vec<_>) = values.iter().cloned().partition(|(path, _)| path.contains('['));
        let filtered = filtered.iter().map(|(path, value)| self.operation(op, path, value));
        filtered.chain([self.without_path(op, &plain)]).collect()
    }

    /// One operation without a path, whose keys are paths.
    pub(crate) fn without_path(self, op: Op, values: &[(&str, Value)]) -> Value {
        let keys: Map<String, Value> = values.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect();
        json!({"op": self.name(op), "value": keys})
    }

    /// Adds members, who may be members already.
    pub(crate) fn add_members<'i>(self, ids: impl IntoIterator<Item = &'i str>) -> Value {
        json!([self.operation(Op::Add, "members", &members(ids))])
    }

    /// Removes members: without the flag by a list of values, which the RFC does not know; with it by a filter each.
    pub(crate) fn remove_members(self, ids: &[&str]) -> Value {
        match self {
            Self::Old => json!([self.operation(Op::Remove, "members", &members(ids.iter().copied()))]),
            Self::Rfc => {
                let path = |id: &&str| format!("members[value eq {}]", Value::from(*id));
                let paths: Vec<String> = ids.iter().map(path).collect();
                self.removals(&paths.iter().map(String::as_str).collect::<Vec<_>>())
            }
        }
    }
}

fn members<'i>(ids: impl IntoIterator<Item = &'i str>) -> Value {
    ids.into_iter().map(|id| json!({"$ref": null, "value": id})).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The requests of Microsoft's page on the flag, each way.
    #[test]
    fn several_attributes_are_an_operation_each_or_one_without_a_path() {
        let values = [
            ("emails[type eq \"work\"].value", json!("a@b")),
            ("displayName", json!("B")),
            ("urn:x:2.0:User:employeeNumber", json!("7")),
        ];

        assert_eq!(
            Spelling::Old.several(Op::Replace, &values),
            json!([
                {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "a@b"},
                {"op": "Replace", "path": "displayName", "value": "B"},
                {"op": "Replace", "path": "urn:x:2.0:User:employeeNumber", "value": "7"},
            ])
        );
        assert_eq!(
            Spelling::Rfc.several(Op::Replace, &values),
            json!([
                {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@b"},
                {"op": "replace", "value": {"displayName": "B", "urn:x:2.0:User:employeeNumber": "7"}},
            ])
        );
    }

    #[test]
    fn a_member_leaves_by_a_list_of_values_or_by_a_filter() {
        assert_eq!(
            Spelling::Old.remove_members(&["u1"]),
            json!([{"op": "Remove", "path": "members", "value": [{"$ref": null, "value": "u1"}]}])
        );
        assert_eq!(
            Spelling::Rfc.remove_members(&["u1"]),
            json!([{"op": "remove", "path": "members[value eq \"u1\"]"}])
        );
    }

    #[test]
    fn a_boolean_is_text_without_the_flag() {
        assert_eq!(Spelling::Old.boolean(false), json!("False"));
        assert_eq!(Spelling::Rfc.boolean(false), json!(false));
    }
}
