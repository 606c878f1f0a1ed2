//! Bodies that identity providers send: the recorded transcripts in `tests/transcripts`.

use std::fs;
use std::path::Path;

use scim::dialect::Product;
use scim::json::{self, Json};
use scim::resource::Resource;

use super::{id, resource_type};

/// The POSTs and PUTs of all transcripts that are to succeed: where they are from, the name of
/// the resource type, the body with an id in place of each variable.
fn bodies() -> Vec<(String, &'static str, Json)> {
    let transcripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/transcripts");
    let folders = Product::ALL.map(|product| fs::read_dir(transcripts.join(product.folder())).unwrap());
    let files = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    files.flat_map(|file| steps(&file)).collect()
}

fn steps(file: &Path) -> Vec<(String, &'static str, Json)> {
    let text = without_variables(&fs::read_to_string(file).unwrap());
    let case = json::parse(text.as_bytes()).unwrap();
    let answers = |step: &Json| match &step["expect"] {
        Json::Array(any_of) => any_of.clone(),
        one => vec![one.clone()],
    };
    let is_success = |answer: &Json| {
        answer["status"].as_array().is_some_and(|statuses| statuses.iter().any(|s| *s == 200 || *s == 201))
    };
    let succeeds = |step: &&Json| answers(step).iter().any(is_success);
    let steps = case["steps"].as_array().unwrap().iter().filter(succeeds);
    let writes = steps.filter(|step| step["method"] == "POST" || step["method"] == "PUT");
    let read = |step: &Json| {
        let type_name = match step["path"].as_str()? {
            path if path.ends_with("/.search") => return None,
            path if path.starts_with("/Users") => "User",
            path if path.starts_with("/Groups") => "Group",
            _ => return None,
        };
        Some((format!("{}: {}", file.display(), step["name"]), type_name, step.get("body")?.clone()))
    };
    writes.filter_map(read).collect()
}

/// The text with an id for each `{{variable}}`: most of them are captured ids.
fn without_variables(text: &str) -> String {
    let mut parts = text.split("{{");
    let mut clear = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let (_, rest) = part.split_once("}}").unwrap_or(("", part));
        clear.push_str(&id(*b"usr", 1).to_string());
        clear.push_str(rest);
    }
    clear
}

#[test]
fn what_identity_providers_send_is_accepted() {
    let bodies = bodies();
    assert!(bodies.len() > 150, "only {} bodies", bodies.len());

    for (place, type_name, body) in bodies {
        let resource = Resource::read(&resource_type(type_name), body);
        assert!(resource.is_ok(), "{place}: {resource:?}");
    }
}

#[test]
fn the_repairs_that_identity_providers_need_are_these() {
    let mut repairs: Vec<&str> = Vec::new();
    for (_, type_name, body) in bodies() {
        repairs.extend(Resource::read(&resource_type(type_name), body).unwrap().notes.repairs);
    }
    repairs.sort_unstable();
    repairs.dedup();

    assert_eq!(repairs, ["boolean-as-text", "many-as-one", "missing-schemas", "reference-as-text", "unknown-schema"]);
}
