//! The tables of habits and repairs against the server: each transcript shows what its entry says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::read_dir;

use scim::dialect::{HABITS, Habit, PLAIN_JSON, Product, REPAIRS};
use service::{IdentityProvider, Scopes};

use crate::harness::{Harness, token};
use crate::transcript::{Played, folder, play, set_strict};

/// The repairs that are about answers: nothing is refused for want of them.
const OF_ANSWERS: [&str; 1] = [PLAIN_JSON.name];

fn names_on_disk() -> BTreeSet<String> {
    let folders = Product::ALL.map(Product::folder);
    let files = folders.iter().flat_map(|name| read_dir(folder().join(name)).unwrap().map(move |file| (name, file)));
    files
        .map(|(name, file)| format!("{name}/{}", file.unwrap().path().file_stem().unwrap().to_string_lossy()))
        .collect()
}

#[test]
fn each_transcript_shows_a_habit_and_each_habit_has_a_transcript() {
    let shown: BTreeSet<String> = HABITS.iter().map(|habit| habit.transcript.to_owned()).collect();

    assert_eq!(shown, names_on_disk());
    for Habit { product, transcript, .. } in HABITS {
        assert!(transcript.starts_with(&format!("{}/", product.folder())), "{transcript}");
    }
}

#[test]
fn the_page_about_clients_says_what_the_tables_say() {
    let page = std::fs::read_to_string(folder().join("../../docs/clients.md")).unwrap();
    let cell = |text: &str| text.replace('|', "\\|");
    for Habit { does, repair, transcript, .. } in HABITS {
        let repair = repair.map(|repair| format!("`{}`", repair.name)).unwrap_or_default();
        let line = format!("| {} | {repair} | `{transcript}` |", cell(does));
        assert!(page.contains(&line), "docs/clients.md lacks {line}");
    }
    for repair in REPAIRS {
        let line = format!("| `{}` | {} |", repair.name, cell(repair.accepts));
        assert!(page.contains(&line), "docs/clients.md lacks {line}");
    }
    let lines =
        page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| **") && line.ends_with("` |"));
    assert_eq!(lines.count(), HABITS.len(), "docs/clients.md says more than the table");
}

#[tokio::test]
async fn each_habit_is_understood_and_a_strict_tenant_names_the_repair_that_it_needs() {
    let harness = Harness::new().await;
    set_strict(&harness, true).await;
    let mut needed: BTreeMap<&str, Vec<Played>> = BTreeMap::new();
    for product in Product::ALL {
        let identity_provider = IdentityProvider::from_name(product.folder()).unwrap_or_default();
        let token = token(&harness.app, &harness.tenant, Scopes::ALL, identity_provider).await;
        for habit in HABITS.iter().filter(|habit| habit.product == product) {
            if !needed.contains_key(habit.transcript) {
                let played = play(&harness, &token, habit.transcript, needed.len()).await;
                needed.insert(habit.transcript, played);
            }
        }
    }

    let mut wrong: Vec<String> = Vec::new();
    wrong.extend(needed.values().flatten().filter(|step| !step.is_expected).map(|step| step.title.clone()));
    for habit in HABITS {
        let Some(repair) = habit.repair.filter(|repair| !OF_ANSWERS.contains(&repair.name)) else { continue };
        if !needed[habit.transcript].iter().any(|step| step.repairs.contains(repair.name)) {
            wrong.push(format!("{} does not need {}", habit.transcript, repair.name));
        }
    }
    let known = |product: &str, name: &str| {
        HABITS.iter().any(|habit| habit.product.folder() == product && habit.repair.is_some_and(|r| r.name == name))
    };
    for (transcript, steps) in &needed {
        let product = transcript.split('/').next().unwrap();
        for step in steps {
            for name in step.repairs.iter().filter(|name| !known(product, name)) {
                wrong.push(format!("{name} is a habit of {product} that the table does not know: {}", step.title));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_strict_tenant_answers_in_the_media_type_of_scim_whoever_asks() {
    let harness = Harness::new().await;
    let onelogin = token(&harness.app, &harness.tenant, Scopes::ALL, IdentityProvider::Onelogin).await;
    let answered = async |token: &str, accept: Option<&str>| {
        let request = harness.request("GET", &Harness::scim("/Users")).bearer(token);
        let request = match accept {
            None => request.without("accept"),
            Some(accept) => request.header("accept", accept),
        };
        request.send().await.header("content-type").map(str::to_owned)
    };
    let (scim, json) = (Some("application/scim+json".to_owned()), Some("application/json".to_owned()));

    for accept in [None, Some("*/*"), Some("application/*")] {
        assert_eq!(answered(&onelogin, accept).await, json, "{accept:?}");
        assert_eq!(answered(&harness.token, accept).await, scim, "{accept:?}");
    }
    assert_eq!(answered(&onelogin, Some("application/scim+json")).await, scim);
    set_strict(&harness, true).await;
    assert_eq!(answered(&onelogin, None).await, scim);
}

#[test]
fn no_code_but_the_dialects_asks_which_product_is_there() {
    let crates = folder().join("../../crates");
    let mut asking = Vec::new();
    let mut folders = ["scim", "store", "service", "server"].map(|name| crates.join(name).join("src")).to_vec();
    while let Some(folder) = folders.pop() {
        for path in read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("scim/src/dialect.rs") && !path.ends_with("scim/src/dialect/habits.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                let asks = ["Dialect::Entra", "Dialect::OneLogin", "IdentityProvider::Entra", "Product::"];
                asking.extend(asks.iter().any(|word| code.contains(word)).then_some(path));
            }
        }
    }

    assert!(asking.is_empty(), "say it in crates/scim/src/dialect.rs: {asking:?}");
}
