//! Modifying with PATCH (RFC 7644 §3.5.2).

use serde_json::{Value, json};

use super::check::{Problem, Verdict, checks};
use super::features::{ENTERPRISE, Feature, USER};
use super::test::{Resource, Seen, Test, values};
use crate::ask::Ask;
use crate::document::{at, list, text};

checks! {
    status "patch.status" Must "RFC 7644 §3.5.2" [Feature::Patch]
        "Answer a PATCH with 200 and the whole resource, or with 204"
        "the server either MUST return a 200 OK response code and the entire resource within the response body […] or MAY return HTTP status code 204 (No Content)"
    attributes "patch.attributes" Must "RFC 7644 §3.5.2" [Feature::Patch]
        "Answer a PATCH that has the parameter attributes with 200"
        "The server MUST return a 200 OK if the \"attributes\" parameter is specified in the request."
    replace "patch.replace" Must "RFC 7644 §3.5.2.3" [Feature::Patch]
        "Let replace change a single value"
        "If the target location is a single-value attribute, the attributes value is replaced."
    replace_sub "patch.replace-sub-attribute" Must "RFC 7644 §3.5.2" [Feature::Patch, Feature::User("name")]
        "Let a path name a sub-attribute"
        "Valid examples of \"path\" are as follows: […] \"path\":\"name.familyName\""
    replace_absent "patch.replace-absent" Must "RFC 7644 §3.5.2.3" [Feature::Patch]
        "Let replace add what was not there"
        "If the target location path specifies an attribute that does not exist, the service provider SHALL treat the operation as an \"add\"."
    replace_complex "patch.replace-complex" Must "RFC 7644 §3.5.2.3" [Feature::Patch, Feature::User("name")]
        "Leave the sub-attributes alone that a replace does not name"
        "Sub-attributes that are not specified in the \"value\" parameter are left unchanged."
    replace_several "patch.replace-multi-valued" Must "RFC 7644 §3.5.2.3" [Feature::Patch, Feature::User("emails")]
        "Let replace without a filter replace all elements"
        "If the target location is a multi-valued attribute and no filter is specified, the attribute and all values are replaced."
    replace_filter "patch.replace-filter" Must "RFC 7644 §3.5.2.3" [Feature::Patch, Feature::User("emails")]
        "Let replace with a filter and a sub-attribute change the elements that match, and no other"
        "If the target location is a complex multi-valued attribute with a value selection filter (\"valuePath\") and a specific sub-attribute […], the matching sub-attribute of all matching records is replaced."
    replace_element "patch.replace-element" Must "RFC 7644 §3.5.2.3" [Feature::Patch, Feature::User("emails")]
        "Let replace with a filter replace the elements that match, and no other"
        "If […] a value selection (\"valuePath\") filter is specified that matches one or more values of the multi-valued attribute, then all matching record values SHALL be replaced."
    no_target "patch.no-target" Must "RFC 7644 §3.5.2.3" [Feature::Patch, Feature::User("emails")]
        "Answer 400 noTarget to a replace whose filter matches nothing"
        "If […] no record match was made, the service provider SHALL indicate failure by returning HTTP status code 400 and a \"scimType\" error code of \"noTarget\"."
    replace_no_path "patch.replace-no-path" Must "RFC 7644 §3.5.2.3" [Feature::Patch]
        "Let replace without a path change the attributes in its value, and no other"
        "If the \"path\" parameter is omitted, the target is assumed to be the resource itself. In this case, the \"value\" attribute SHALL contain a list of one or more attributes that are to be replaced."
    add "patch.add" Must "RFC 7644 §3.5.2.1" [Feature::Patch]
        "Let add set what was not there"
        "If the target location does not exist, the attribute and value are added."
    add_single "patch.add-single" Must "RFC 7644 §3.5.2.1" [Feature::Patch]
        "Let add replace a single value"
        "If the target location specifies a single-valued attribute, the existing value is replaced."
    add_several "patch.add-multi-valued" Must "RFC 7644 §3.5.2.1" [Feature::Patch, Feature::User("emails")]
        "Let add leave the other elements of a multi-valued attribute in place"
        "If the target location specifies a multi-valued attribute, a new value is added to the attribute."
    add_no_path "patch.add-no-path" Must "RFC 7644 §3.5.2.1" [Feature::Patch]
        "Let add without a path add the attributes in its value"
        "If omitted, the target location is assumed to be the resource itself. The \"value\" parameter contains a set of attributes to be added to the resource."
    add_twice "patch.add-twice" Should "RFC 7644 §3.5.2.1" [Feature::Patch, Feature::User("emails")]
        "Change nothing when a value is added that is there already"
        "If the target location already contains the value specified, no changes SHOULD be made to the resource, and a success response SHOULD be returned."
    add_twice_time "patch.add-twice-time" Must "RFC 7644 §3.5.2.1" [Feature::Patch, Feature::User("emails")]
        "Leave lastModified alone when nothing changes"
        "Unless other operations change the resource, this operation SHALL NOT change the modify timestamp of the resource."
    remove "patch.remove" Must "RFC 7644 §3.5.2.2" [Feature::Patch]
        "Let remove take a single value away"
        "If the target location is a single-value attribute, the attribute and its associated value is removed, and the attribute SHALL be considered unassigned."
    remove_several "patch.remove-multi-valued" Must "RFC 7644 §3.5.2.2" [Feature::Patch, Feature::User("emails")]
        "Let remove without a filter take all elements away"
        "If the target location is a multi-valued attribute and no filter is specified, the attribute and all values are removed"
    remove_filter "patch.remove-filter" Must "RFC 7644 §3.5.2.2" [Feature::Patch, Feature::User("emails")]
        "Let remove with a filter take the elements away that match, and no other"
        "If the target location is a complex multi-valued attribute and a complex filter is specified based on the attribute's sub-attributes, the matching records are removed."
    remove_no_path "patch.remove-no-path" Must "RFC 7644 §3.5.2.2" [Feature::Patch]
        "Answer 400 noTarget to a remove without a path"
        "If \"path\" is unspecified, the operation fails with HTTP status code 400 and a \"scimType\" error code of \"noTarget\"."
    remove_required "patch.remove-required" Must "RFC 7644 §3.5.2.2" [Feature::Patch]
        "Refuse to remove userName"
        "If an attribute is removed or becomes unassigned and is defined as a required attribute or a read-only attribute, the server SHALL return an HTTP response status code and a JSON detail error response […] with a \"scimType\" error code of \"mutability\"."
    remove_required_type "patch.remove-required-type" Must "RFC 7644 §3.5.2.2" [Feature::Patch]
        "Say scimType mutability when a required attribute is removed"
        "the server SHALL return an HTTP response status code and a JSON detail error response as defined in Section 3.12, with a \"scimType\" error code of \"mutability\""
    read_only "patch.read-only" Must "RFC 7644 §3.5.2" [Feature::Patch]
        "Refuse to change id"
        "a client MUST NOT modify an attribute that has mutability \"readOnly\" […] An operation that is not compatible with an attribute's mutability or schema SHALL return the appropriate HTTP response status code and a JSON detail error response"
    read_only_type "patch.read-only-type" Should "RFC 7644 §3.12" [Feature::Patch]
        "Say scimType mutability when a readOnly attribute is to be changed"
        "mutability: The attempted modification is not compatible with the target attribute's mutability or current state"
    primary "patch.primary" Must "RFC 7644 §3.5.2" [Feature::Patch, Feature::User("emails")]
        "Let the element that becomes primary be the only one"
        "a PATCH operation that sets a value's \"primary\" sub-attribute to \"true\" SHALL cause the server to automatically set \"primary\" to \"false\" for any other values in the array"
    atomic "patch.atomic" Must "RFC 7644 §3.5.2" [Feature::Patch]
        "Change nothing when one of the operations fails"
        "A PATCH request, regardless of the number of operations, SHALL be treated as atomic. If a single operation encounters an error condition, the original SCIM resource MUST be restored, and a failure status SHALL be returned."
    order "patch.order" Must "RFC 7644 §3.5.2" [Feature::Patch]
        "Apply the operations in their order"
        "Operations are applied sequentially in the order they appear in the array."
    invalid_path "patch.invalid-path" Should "RFC 7644 §3.12" [Feature::Patch]
        "Answer 400 invalidPath to a path that is none"
        "invalidPath: The \"path\" attribute was invalid or malformed (see Figure 7)."
    unknown_op "patch.unknown-op" Must "RFC 7644 §3.5.2" [Feature::Patch]
        "Answer 400 to an op other than add, remove and replace"
        "Each PATCH operation object MUST have exactly one \"op\" member, whose value […] MAY be one of \"add\", \"remove\", or \"replace\"."
    extension "patch.extension" Must "RFC 7644 §3.5.2" [Feature::Patch, Feature::Enterprise]
        "Let a path with the extension's URN set an extended attribute, and name the URN in schemas then"
        "adding the attribute \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber\" automatically adds the value \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\" to the resource's \"schemas\" attribute"
    urn "patch.urn" Must "RFC 7644 §3.10" [Feature::Patch]
        "Take paths with the core schema's URN in front"
        "attributes are uniquely identified by prefixing the attribute name with its schema URN separated by a colon"
    letter_case "patch.letter-case" Must "RFC 7644 §3.10" [Feature::Patch]
        "Take paths in any letter case"
        "All facets (URN, attribute, and sub-attribute name) of the fully encoded attribute name are case insensitive."
    unique "patch.unique" Must "RFC 7643 §4.1.1" [Feature::Patch]
        "Answer 409 to a PATCH with the userName of somebody else"
        "userName: […] This identifier MUST be unique across the service provider's entire set of Users."
    unknown_id "patch.unknown-id" Should "RFC 7644 §3.12" [Feature::Patch]
        "Answer 404 to a PATCH of an id that nobody has"
        "404 (Not Found): Specified resource (e.g., User) or endpoint does not exist."
}

// Each check writes a value of its own, so that in a server's log, and in a report, one cannot be taken for another.

/// A user whose attribute of one text is `before`, if anything, after a PATCH whose operations follow from
/// the attribute's name: the value is what is wanted then.
async fn single(
    test: &Test<'_>,
    before: Option<&str>,
    operations: impl FnOnce(&str) -> Value,
    wanted: Option<&str>,
) -> Result<Seen, Problem> {
    let attribute = test.plain()?;
    let user = test.user(before.map_or(json!({}), |before| json!({attribute: before}))).await?;
    let seen = test.patched(&user, operations(attribute)).await?.value(&["userName"], &user.sent["userName"])?;
    match wanted {
        Some(wanted) => seen.value(&[attribute], &json!(wanted)),
        None => seen.unassigned(&[attribute]),
    }
}

/// A user with an e-mail address for work, the primary one, and one for home.
struct WithTwo {
    user: Resource,
    work: String,
    home: String,
    /// Another address, which they do not have.
    other: String,
}

impl WithTwo {
    async fn new(test: &Test<'_>) -> Result<Self, Problem> {
        let [work, home, other] = ["work", "home", "other"].map(|kind| format!("{}@{kind}.example", test.word()));
        let emails = json!([{"value": work, "type": "work", "primary": true}, {"value": home, "type": "home"}]);
        let user = test.user(json!({"emails": emails})).await?;
        let read = test.read(&user.path).await?;
        let has_both = values(read.json(), "emails").len() == 2;
        read.wants(has_both, |_| "not both e-mail addresses were stored".to_owned())
            .map_err(|problem| problem.blocked("preparation"))?;
        Ok(Self { user, work, home, other })
    }

    /// After a PATCH of one operation, these are the addresses.
    async fn has(&self, test: &Test<'_>, operation: Value, wanted: &[&str]) -> Verdict {
        test.patched(&self.user, json!([operation])).await?.values("emails", wanted).map(drop)
    }
}

/// A PATCH of a new user that must be refused.
async fn refused(test: &Test<'_>, operation: Value) -> Result<Seen, Problem> {
    let user = test.user(json!({})).await?;
    test.not_patched(&user, json!([operation])).await
}

async fn status(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let user = test.user(json!({})).await?;
    let operations = json!([{"op": "replace", "path": attribute, "value": "Agate"}]);
    let seen = test.ask(Ask::patch(&user.path, &operations)).await?.after(&user.created).status(&[200, 204])?;
    if seen.answer.status == 204 {
        return Ok(());
    }
    seen.value(&["id"], &json!(user.id))?.value(&["userName"], &user.sent["userName"]).map(drop)
}

async fn attributes(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let user = test.user(json!({})).await?;
    let operations = json!([{"op": "replace", "path": attribute, "value": "Amber"}]);
    let ask = Ask::patch(format!("{}?attributes=userName", user.path), &operations);
    test.ask(ask).await?.after(&user.created).status(&[200]).map(drop)
}

async fn replace(test: &Test<'_>) -> Verdict {
    let operations = |name: &str| json!([{"op": "replace", "path": name, "value": "Beryl"}]);
    single(test, Some("Basalt"), operations, Some("Beryl")).await.map(drop)
}

async fn replace_sub(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let operations = json!([{"op": "replace", "path": "name.familyName", "value": "Smith"}]);
    let seen = test.patched(&user, operations).await?.value(&["name", "familyName"], &json!("Smith"))?;
    seen.value(&["name", "givenName"], &json!("Ana")).map(drop)
}

async fn replace_absent(test: &Test<'_>) -> Verdict {
    let operations = |name: &str| json!([{"op": "replace", "path": name, "value": "Citrine"}]);
    single(test, None, operations, Some("Citrine")).await.map(drop)
}

async fn replace_complex(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let operations = json!([{"op": "replace", "path": "name", "value": {"familyName": "Jones"}}]);
    let seen = test.patched(&user, operations).await?.value(&["name", "familyName"], &json!("Jones"))?;
    seen.value(&["name", "givenName"], &json!("Ana")).map(drop)
}

async fn replace_several(test: &Test<'_>) -> Verdict {
    let two = WithTwo::new(test).await?;
    let operation = json!({"op": "replace", "path": "emails", "value": [{"value": two.other, "type": "work"}]});
    two.has(test, operation, &[&two.other]).await
}

async fn replace_filter(test: &Test<'_>) -> Verdict {
    let two = WithTwo::new(test).await?;
    let operation = json!({"op": "replace", "path": "emails[type eq \"work\"].value", "value": two.other});
    two.has(test, operation, &[&two.other, &two.home]).await
}

async fn replace_element(test: &Test<'_>) -> Verdict {
    let two = WithTwo::new(test).await?;
    let value = json!({"value": two.other, "type": "work"});
    let operation = json!({"op": "replace", "path": "emails[type eq \"work\"]", "value": value});
    two.has(test, operation, &[&two.other, &two.home]).await
}

async fn no_target(test: &Test<'_>) -> Verdict {
    let operation = json!({"op": "replace", "path": "emails[type eq \"other\"].value", "value": "x@example.com"});
    refused(test, operation).await?.status(&[400])?.scim_type("noTarget").map(drop)
}

async fn replace_no_path(test: &Test<'_>) -> Verdict {
    let (attribute, other) = (test.plain()?, test.other_plain()?);
    let user = test.user(json!({attribute: "Diamond", other: "Dolomite"})).await?;
    let operations = json!([{"op": "replace", "value": {attribute: "Dravite"}}]);
    let seen = test.patched(&user, operations).await?.value(&[attribute], &json!("Dravite"))?;
    seen.value(&[other], &json!("Dolomite")).map(drop)
}

async fn add(test: &Test<'_>) -> Verdict {
    let operations = |name: &str| json!([{"op": "add", "path": name, "value": "Emerald"}]);
    single(test, None, operations, Some("Emerald")).await.map(drop)
}

async fn add_single(test: &Test<'_>) -> Verdict {
    let operations = |name: &str| json!([{"op": "add", "path": name, "value": "Fluorite"}]);
    single(test, Some("Feldspar"), operations, Some("Fluorite")).await.map(drop)
}

async fn add_several(test: &Test<'_>) -> Verdict {
    let two = WithTwo::new(test).await?;
    let operation = json!({"op": "add", "path": "emails", "value": [{"value": two.other, "type": "other"}]});
    two.has(test, operation, &[&two.work, &two.home, &two.other]).await
}

async fn add_no_path(test: &Test<'_>) -> Verdict {
    let operations = |name: &str| json!([{"op": "add", "value": {name: "Garnet"}}]);
    single(test, None, operations, Some("Garnet")).await.map(drop)
}

async fn add_twice(test: &Test<'_>) -> Verdict {
    let two = WithTwo::new(test).await?;
    let operation = json!({"op": "add", "path": "emails", "value": two.user.sent["emails"]});
    two.has(test, operation, &[&two.work, &two.home]).await
}

async fn add_twice_time(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let before = test.read(&user.path).await?;
    let modified = at(before.json(), &["meta", "lastModified"]).clone();
    // As the server shows it, so that nothing that it fills in makes a difference.
    let operations = json!([{"op": "add", "path": "emails", "value": at(before.json(), &["emails"])}]);
    let seen = test.ask(Ask::patch(&user.path, &operations)).await?.after(&user.created);
    if !seen.answer.is_success() {
        return Err(Problem::Blocked(format!("adding what is there: status {}", seen.answer.status)));
    }
    let seen = test.read(&user.path).await?.behind(seen);
    seen.value(&["meta", "lastModified"], &modified).map(drop)
}

async fn remove(test: &Test<'_>) -> Verdict {
    single(test, Some("Hematite"), |name| json!([{"op": "remove", "path": name}]), None).await.map(drop)
}

async fn remove_several(test: &Test<'_>) -> Verdict {
    let two = WithTwo::new(test).await?;
    two.has(test, json!({"op": "remove", "path": "emails"}), &[]).await
}

async fn remove_filter(test: &Test<'_>) -> Verdict {
    let two = WithTwo::new(test).await?;
    two.has(test, json!({"op": "remove", "path": "emails[type eq \"home\"]"}), &[&two.work]).await
}

async fn remove_no_path(test: &Test<'_>) -> Verdict {
    refused(test, json!({"op": "remove"})).await?.status(&[400])?.scim_type("noTarget").map(drop)
}

async fn user_name_removed(test: &Test<'_>) -> Result<Seen, Problem> {
    refused(test, json!({"op": "remove", "path": "userName"})).await
}

async fn remove_required(test: &Test<'_>) -> Verdict {
    user_name_removed(test).await.map(drop)
}

async fn remove_required_type(test: &Test<'_>) -> Verdict {
    let seen = user_name_removed(test).await.map_err(|problem| problem.blocked("removing userName"))?;
    seen.scim_type("mutability").map(drop)
}

async fn id_replaced(test: &Test<'_>) -> Result<Seen, Problem> {
    refused(test, json!({"op": "replace", "path": "id", "value": test.word()})).await
}

async fn read_only(test: &Test<'_>) -> Verdict {
    id_replaced(test).await.map(drop)
}

async fn read_only_type(test: &Test<'_>) -> Verdict {
    let seen = id_replaced(test).await.map_err(|problem| problem.blocked("replacing id"))?;
    seen.scim_type("mutability").map(drop)
}

async fn primary(test: &Test<'_>) -> Verdict {
    let WithTwo { user, home, .. } = WithTwo::new(test).await?;
    let operations = json!([{"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}]);
    let seen = test.patched(&user, operations).await?;
    let emails = list(seen.json(), &["emails"]);
    let is_primary = |email: &&Value| at(email, &["primary"]) == true;
    let fits = emails.iter().filter(is_primary).map(|email| text(email, &["value"])).eq([home.as_str()]);
    seen.wants(fits, |answer| format!("emails is {}", at(&answer.json, &["emails"]))).map(drop)
}

async fn atomic(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let user = test.user(json!({attribute: "Jade"})).await?;
    // The second cannot be done whatever the server allows: nobody may take a userName away.
    let operations = json!([
        {"op": "replace", "path": attribute, "value": "Jasper"},
        {"op": "remove", "path": "userName"},
    ]);
    let refused = test.not_patched(&user, operations).await.map_err(|problem| problem.blocked("removing userName"))?;
    test.read(&user.path).await?.behind(refused).value(&[attribute], &json!("Jade")).map(drop)
}

async fn order(test: &Test<'_>) -> Verdict {
    let operations = |name: &str| {
        json!([
            {"op": "add", "path": name, "value": "Kunzite"},
            {"op": "remove", "path": name},
            {"op": "add", "path": name, "value": "Kyanite"},
        ])
    };
    single(test, None, operations, Some("Kyanite")).await.map(drop)
}

async fn invalid_path(test: &Test<'_>) -> Verdict {
    let operation = json!({"op": "replace", "path": "emails[type eq", "value": "Lapis"});
    let seen = refused(test, operation).await?.status(&[400])?;
    // What is between the brackets is a filter, and as a filter it is wrong too.
    let kind = text(seen.json(), &["scimType"]).to_owned();
    let fits = kind == "invalidPath" || kind == "invalidFilter";
    seen.wants(fits, |_| format!("scimType is {kind:?}, not invalidPath")).map(drop)
}

async fn unknown_op(test: &Test<'_>) -> Verdict {
    let operation = json!({"op": "move", "path": test.plain()?, "value": "Malachite"});
    refused(test, operation).await?.status(&[400]).map(drop)
}

async fn extension(test: &Test<'_>) -> Verdict {
    let user = test.user(json!({})).await?;
    let operations = json!([{"op": "add", "path": format!("{ENTERPRISE}:department"), "value": "Mining"}]);
    let seen = test.patched(&user, operations).await?.value(&[ENTERPRISE, "department"], &json!("Mining"))?;
    let is_named = list(seen.json(), &["schemas"]).iter().any(|schema| schema == ENTERPRISE);
    seen.wants(is_named, |answer| format!("schemas is {}", at(&answer.json, &["schemas"]))).map(drop)
}

async fn urn(test: &Test<'_>) -> Verdict {
    let operations = |name: &str| json!([{"op": "replace", "path": format!("{USER}:{name}"), "value": "Olivine"}]);
    single(test, Some("Obsidian"), operations, Some("Olivine")).await.map(drop)
}

async fn letter_case(test: &Test<'_>) -> Verdict {
    let operations = |name: &str| json!([{"op": "replace", "path": name.to_uppercase(), "value": "Pyrite"}]);
    single(test, Some("Pearl"), operations, Some("Pyrite")).await.map(drop)
}

async fn unique(test: &Test<'_>) -> Verdict {
    let (first, second) = (test.user(json!({})).await?, test.user(json!({})).await?);
    let operations = json!([{"op": "replace", "path": "userName", "value": first.sent["userName"]}]);
    let seen = test.ask(Ask::patch(&second.path, &operations)).await?.after(&second.created).after(&first.created);
    seen.status(&[409]).map(drop)
}

async fn unknown_id(test: &Test<'_>) -> Verdict {
    let attribute = test.plain()?;
    let path = format!("{}/{}", test.users(), test.word());
    let operations = json!([{"op": "replace", "path": attribute, "value": "Quartz"}]);
    test.ask(Ask::patch(path, &operations)).await?.status(&[404]).map(drop)
}
