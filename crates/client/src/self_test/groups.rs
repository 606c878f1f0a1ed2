//! Groups and who belongs to them (RFC 7643 §4.2, RFC 7644 §3.5.2).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::check::{Problem, Verdict, checks};
use super::features::Feature;
use super::test::{Resource, Seen, Test};
use crate::ask::Ask;
use crate::document::{at, list, text};

checks! {
    create "groups.create" Must "RFC 7643 §4.2" [Feature::Groups]
        "Keep the members with which a group is created"
        "members: A list of members of the Group."
    reference "groups.reference" Should "RFC 7643 §4.2" [Feature::Groups]
        "Let $ref of a member, if you send it, be the URL of the member"
        "the \"$ref\" sub-attribute must be the URI of a SCIM resource such as a \"User\", or a \"Group\""
    required "groups.required" Must "RFC 7643 §4.2" [Feature::Groups]
        "Answer 400 to a group without displayName"
        "displayName: A human-readable name for the Group. REQUIRED."
    replace "groups.replace" Must "RFC 7644 §3.5.1" [Feature::Groups]
        "Let a PUT replace the members"
        "readWrite, writeOnly: Any values provided SHALL replace the existing attribute values."
    add "groups.add" Must "RFC 7644 §3.5.2.1" [Feature::Groups, Feature::Patch]
        "Let a PATCH add a member and leave the others"
        "If the target location specifies a multi-valued attribute, a new value is added to the attribute."
    add_twice "groups.add-twice" Should "RFC 7644 §3.5.2.1" [Feature::Groups, Feature::Patch]
        "Do nothing, with success, when a member is added who is one"
        "If the user was already a member of this group, no changes should be made to the resource, and a success response should be returned."
    remove "groups.remove" Must "RFC 7644 §3.5.2.2" [Feature::Groups, Feature::Patch]
        "Let members[value eq \"…\"] remove that member and nobody else"
        "If the target location is a complex multi-valued attribute and a complex filter is specified based on the attribute's sub-attributes, the matching records are removed."
    remove_absent "groups.remove-absent" Should "RFC 7644 §3.5.2.2" [Feature::Groups, Feature::Patch]
        "Do nothing, with success, when somebody is removed who is no member"
        "If the user was not a member of this group, no changes should be made to the resource, and a success response should be returned."
    remove_all "groups.remove-all" Must "RFC 7644 §3.5.2.2" [Feature::Groups, Feature::Patch]
        "Let the path members remove everybody"
        "Remove all members of a group: […] \"op\":\"remove\",\"path\":\"members\""
    replace_members "groups.replace-members" Must "RFC 7644 §3.5.2.3" [Feature::Groups, Feature::Patch]
        "Let a PATCH replace all members"
        "The following example shows how to replace all of the members of a group with a different members list in a single replace operation."
    both "groups.remove-and-add" Must "RFC 7644 §3.5.2" [Feature::Groups, Feature::Patch]
        "Let one PATCH remove one member and add another"
        "Operations are applied sequentially in the order they appear in the array."
    of_user "groups.of-user" Should "RFC 7643 §4.1.2" [Feature::Groups, Feature::User("groups")]
        "Show a user's groups in groups"
        "groups: A list of groups to which the user belongs, either through direct membership, through nested groups, or dynamically calculated."
    of_user_read_only "groups.of-user-read-only" Must "RFC 7643 §4.1.2" [Feature::Groups, Feature::User("groups")]
        "Leave memberships alone when a user is replaced: groups is readOnly"
        "groups: […] Since this attribute has a mutability of \"readOnly\", group membership changes MUST be applied via the \"Group\" Resource"
}

/// The values of members, each once, and how many there are.
fn members(json: &Value) -> (BTreeSet<&str>, usize) {
    let members = list(json, &["members"]);
    (members.iter().map(|member| text(member, &["value"])).collect(), members.len())
}

/// Goes on if these are the members, each once.
fn has(seen: Seen, wanted: &[&Resource]) -> Verdict {
    let (found, count) = members(seen.json());
    let wanted: BTreeSet<&str> = wanted.iter().map(|member| member.id.as_str()).collect();
    let fits = found == wanted && count == wanted.len();
    let saw =
        format!("{count} members; {} of {} that should be there", found.intersection(&wanted).count(), wanted.len());
    seen.wants(fits, |_| saw).map(drop)
}

/// Two users.
async fn two(test: &Test<'_>) -> Result<(Resource, Resource), Problem> {
    Ok((test.user(json!({})).await?, test.user(json!({})).await?))
}

fn add_operation(member: &Resource) -> Value {
    json!({"op": "add", "path": "members", "value": [{"value": member.id}]})
}

fn remove_operation(member: &Resource) -> Value {
    json!({"op": "remove", "path": format!("members[value eq {}]", Value::from(member.id.as_str()))})
}

/// After a PATCH of a group that has had these members, it has those.
async fn changed(test: &Test<'_>, before: &[&Resource], operations: Value, after: &[&Resource]) -> Verdict {
    let group = test.group(before).await?;
    has(test.patched(&group, operations).await?, after)
}

async fn create(test: &Test<'_>) -> Verdict {
    let (ana, ben) = two(test).await?;
    let group = test.group(&[&ana, &ben]).await?;
    has(test.read(&group.path).await?.after(&group.created), &[&ana, &ben])
}

async fn reference(test: &Test<'_>) -> Verdict {
    let ana = test.user(json!({})).await?;
    let group = test.group(&[&ana]).await?;
    let seen = test.read(&group.path).await?.after(&group.created);
    let Some(reference) = list(seen.json(), &["members"]).first().map(|member| text(member, &["$ref"]).to_owned())
    else {
        return Err(Problem::Blocked("the group has no members".to_owned()));
    };
    if reference.is_empty() {
        return Err(Problem::NotSupported("the server sends no $ref".to_owned()));
    }
    // Absolute, or relative to the base (RFC 7643 §2.3.7).
    let base = &test.connection.target().base_url;
    let path = base.path_below(&reference).unwrap_or_else(|| format!("/{}", reference.trim_start_matches('/')));
    test.ask(Ask::get(path)).await?.behind(seen).status(&[200])?.value(&["id"], &json!(ana.id)).map(drop)
}

async fn required(test: &Test<'_>) -> Verdict {
    let groups = test.groups();
    let body = json!({"schemas": [super::features::GROUP], "members": []});
    test.create(&groups, Ask::post(&groups, &body)).await?.status(&[400]).map(drop)
}

async fn replace(test: &Test<'_>) -> Verdict {
    let (ana, ben) = two(test).await?;
    let group = test.group(&[&ana]).await?;
    let mut body = group.sent.clone();
    body["members"] = json!([{"value": ben.id}]);
    let put = test.ask(Ask::put(&group.path, &body)).await?.after(&group.created).status(&[200])?;
    has(test.read(&group.path).await?.behind(put), &[&ben])
}

async fn add(test: &Test<'_>) -> Verdict {
    let (ana, ben) = two(test).await?;
    changed(test, &[&ana], json!([add_operation(&ben)]), &[&ana, &ben]).await
}

async fn add_twice(test: &Test<'_>) -> Verdict {
    let ana = test.user(json!({})).await?;
    changed(test, &[&ana], json!([add_operation(&ana)]), &[&ana]).await
}

async fn remove(test: &Test<'_>) -> Verdict {
    let (ana, ben) = two(test).await?;
    changed(test, &[&ana, &ben], json!([remove_operation(&ana)]), &[&ben]).await
}

async fn remove_absent(test: &Test<'_>) -> Verdict {
    let (ana, ben) = two(test).await?;
    changed(test, &[&ana], json!([remove_operation(&ben)]), &[&ana]).await
}

async fn remove_all(test: &Test<'_>) -> Verdict {
    let (ana, ben) = two(test).await?;
    changed(test, &[&ana, &ben], json!([{"op": "remove", "path": "members"}]), &[]).await
}

async fn replace_members(test: &Test<'_>) -> Verdict {
    let (ana, ben) = two(test).await?;
    let operation = json!({"op": "replace", "path": "members", "value": [{"value": ben.id}]});
    changed(test, &[&ana], json!([operation]), &[&ben]).await
}

async fn both(test: &Test<'_>) -> Verdict {
    let (ana, ben) = two(test).await?;
    changed(test, &[&ana], json!([remove_operation(&ana), add_operation(&ben)]), &[&ben]).await
}

async fn of_user(test: &Test<'_>) -> Verdict {
    let ana = test.user(json!({})).await?;
    let group = test.group(&[&ana]).await?;
    let seen = test.read(&ana.path).await?.after(&group.created);
    let is_there = list(seen.json(), &["groups"]).iter().any(|found| text(found, &["value"]) == group.id);
    seen.wants(is_there, |answer| format!("groups is {}", at(&answer.json, &["groups"]))).map(drop)
}

async fn of_user_read_only(test: &Test<'_>) -> Verdict {
    let ana = test.user(json!({})).await?;
    let group = test.group(&[&ana]).await?;
    let mut body = ana.sent.clone();
    body["groups"] = json!([]);
    let put = test.ask(Ask::put(&ana.path, &body)).await?.after(&group.created).status(&[200])?;
    has(test.read(&group.path).await?.behind(put), &[&ana])
}
