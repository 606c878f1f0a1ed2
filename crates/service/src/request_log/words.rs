//! An entry in words: "deactivated user alice@example.com".

use serde::Deserialize;
use store::events::Kind;
use store::resources::apply::Change;

use scim::id::ResourceId;
use scim::schema::ResourceType;

/// How many names of attributes a summary has.
const NAMED_MAX: usize = 8;

/// What a change was.
pub(super) fn of_change(change: &Change, resource_type: &ResourceType, whom: &str) -> String {
    let what = format!("{} {whom}", resource_type.name.to_lowercase());
    let (added, removed) = (change.members.added.len(), change.members.removed.len());
    match change.kind {
        Kind::Create if added > 0 => format!("created {what} with {}", members(added)),
        Kind::Create => format!("created {what}"),
        Kind::Delete => format!("deleted {what}"),
        Kind::Replace | Kind::Patch | Kind::LostMember => {
            let activity = activity(change);
            let attributes: Vec<&str> = change
                .attributes
                .iter()
                .map(String::as_str)
                .filter(|name| *name != "active" || activity.is_none())
                .collect();
            let mut deeds = Vec::new();
            deeds.extend(activity.map(str::to_owned));
            if !attributes.is_empty() {
                deeds.push(format!("changed {}", list(&attributes)));
            }
            if added > 0 {
                deeds.push(format!("added {}", members(added)));
            }
            if removed > 0 {
                deeds.push(format!("removed {}", members(removed)));
            }
            let preposition = match (deeds.last().map(String::as_str), activity) {
                (Some(last), Some(activity)) if last == activity => "",
                _ if added > 0 && removed == 0 => "to ",
                _ if removed > 0 => "from ",
                _ => "of ",
            };
            format!("{} {preposition}{what}", deeds.join(" and "))
        }
    }
}

/// Whether a change activated or deactivated.
fn activity(change: &Change) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Active {
        active: Option<bool>,
    }
    if !change.attributes.iter().any(|name| name == "active") {
        return None;
    }
    let after: Active = serde_json::from_str(change.after.as_deref()?).ok()?;
    after.active.map(|active| if active { "activated" } else { "deactivated" })
}

fn members(count: usize) -> String {
    if count == 1 { "1 member".into() } else { format!("{count} members") }
}

fn list(attributes: &[&str]) -> String {
    let named = attributes.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    if attributes.len() > NAMED_MAX { format!("{named} and {} more", attributes.len() - NAMED_MAX) } else { named }
}

/// What a request that changed nothing did, or one that failed wanted to do.
pub(super) struct Aim<'a> {
    pub(super) method: &'a str,
    /// Below the SCIM base.
    pub(super) path: &'a str,
    pub(super) resource_type: Option<&'a ResourceType>,
    pub(super) resource: Option<ResourceId>,
    /// What is looked for, as it may be shown.
    pub(super) filter: Option<&'a str>,
}

impl Aim<'_> {
    /// "change user usr_…".
    pub(super) fn to_do(&self) -> String {
        let verb = match self.method {
            "POST" => "create",
            "PUT" => "replace",
            "PATCH" => "change",
            "DELETE" => "delete",
            _ => "read",
        };
        match (self.resource_type, self.resource) {
            _ if self.searches() => format!("look for {}", self.sought()),
            (Some(resource_type), Some(id)) => format!("{verb} {} {id}", resource_type.name.to_lowercase()),
            (Some(resource_type), None) if self.method == "POST" => {
                format!("create a {}", resource_type.name.to_lowercase())
            }
            _ if self.path == "/Bulk" => "run a bulk request".into(),
            _ => format!("{verb} {}", self.path),
        }
    }

    /// "read user usr_…".
    pub(super) fn done(&self, found: Option<u64>) -> String {
        match (found, self.resource_type, self.resource) {
            (Some(found), ..) => format!("looked for {}: {found} found", self.sought()),
            (None, Some(resource_type), Some(id)) if self.method == "GET" => {
                format!("read {} {id}", resource_type.name.to_lowercase())
            }
            (None, Some(resource_type), Some(id)) => {
                format!("changed nothing of {} {id}", resource_type.name.to_lowercase())
            }
            _ if self.path == "/Bulk" => "answered a bulk request as before".into(),
            _ => format!("read {}", self.path),
        }
    }

    fn searches(&self) -> bool {
        let at_endpoint = self.path.matches('/').count() == 1;
        self.path.ends_with("/.search") || (self.method == "GET" && self.resource_type.is_some() && at_endpoint)
    }

    fn sought(&self) -> String {
        let of = self.resource_type.map_or("resources", |resource_type| resource_type.endpoint.trim_start_matches('/'));
        match self.filter {
            Some(filter) => format!("{of} with {filter}"),
            None => of.to_owned(),
        }
    }
}

/// "10 operations, 2 of them failed".
pub(super) fn of_bulk(total: usize, failed: usize) -> String {
    let operations = if total == 1 { "1 operation".into() } else { format!("{total} operations") };
    if failed == 0 { format!("ran {operations}") } else { format!("ran {operations}, {failed} failed") }
}

#[cfg(test)]
mod tests {
    use scim::schema::core;
    use store::events::MembersDelta;

    use super::*;

    fn change(kind: Kind, attributes: &[&str], after: &str, members: (usize, usize)) -> String {
        let ids = |count| (0..count).map(|n| scim::id::Id::new(*b"usr", n as u128)).collect();
        let change = Change {
            kind,
            name: None,
            attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
            members: MembersDelta { added: ids(members.0), removed: ids(members.1) },
            before: None,
            after: Some(after.to_owned()),
        };
        of_change(&change, core::registry().type_named("User").unwrap(), "ana")
    }

    #[test]
    fn a_change_is_told_in_words() {
        let told = [
            change(Kind::Create, &["userName"], "{}", (0, 0)),
            change(Kind::Create, &["userName"], "{}", (2, 0)),
            change(Kind::Patch, &["active"], r#"{"active":false}"#, (0, 0)),
            change(Kind::Replace, &["active", "title"], r#"{"active":true,"title":"Dr"}"#, (0, 0)),
            change(Kind::Patch, &["active"], "{}", (0, 0)),
            change(Kind::Patch, &["title", "password"], "{}", (0, 0)),
            change(Kind::Patch, &[], "{}", (1, 0)),
            change(Kind::Patch, &["displayName"], "{}", (1, 3)),
            change(Kind::Patch, &["a"; 10], "{}", (0, 0)),
            change(Kind::Delete, &[], "", (0, 1)),
        ];

        insta::assert_snapshot!(told.join("\n"), @r"
        created user ana
        created user ana with 2 members
        deactivated user ana
        activated and changed title of user ana
        changed active of user ana
        changed title, password of user ana
        added 1 member to user ana
        changed displayName and added 1 member and removed 3 members from user ana
        changed a, a, a, a, a, a, a, a and 2 more of user ana
        deleted user ana
        ");
    }

    #[test]
    fn what_was_asked_is_told_in_words() {
        let registry = core::registry();
        let user = &**registry.type_named("User").unwrap();
        let id = Some(scim::id::Id::new(*b"usr", 1));
        let aim = |method, path, resource_type, resource, filter| Aim { method, path, resource_type, resource, filter };
        let list = aim("GET", "/Users", Some(user), None, Some(r#"userName eq "ana""#));
        let all = aim("POST", "/.search", None, None, None);
        let one = aim("GET", "/Users/usr_00000000000000000000000001", Some(user), id, None);
        let bulk = aim("POST", "/Bulk", None, None, None);
        let told = [
            list.done(Some(1)),
            list.to_do(),
            all.done(Some(0)),
            one.done(None),
            aim("PATCH", "", Some(user), id, None).done(None),
            aim("PATCH", "", Some(user), id, None).to_do(),
            aim("POST", "/Users", Some(user), None, None).to_do(),
            bulk.to_do(),
            of_bulk(1, 0),
            of_bulk(10, 2),
            aim("GET", "/Schemas", None, None, None).done(None),
        ];

        insta::assert_snapshot!(told.join("\n"), @r#"
        looked for Users with userName eq "ana": 1 found
        look for Users with userName eq "ana"
        looked for resources: 0 found
        read user usr_00000000000000000000000001
        changed nothing of user usr_00000000000000000000000001
        change user usr_00000000000000000000000001
        create a user
        run a bulk request
        ran 1 operation
        ran 10 operations, 2 failed
        read /Schemas
        "#);
    }
}
