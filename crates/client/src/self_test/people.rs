//! Three people whom filters and orders tell apart.

use serde_json::json;

use super::check::Problem;
use super::features::{ENTERPRISE, Feature};
use super::test::{Resource, Test};

/// Ana, Ben and Cleo. Their names begin with one word that nobody else's has.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) word: String,
    people: [(&'static str, Resource); 3],
}

impl People {
    /// Creates them.
    ///
    /// | | ana | ben | cleo |
    /// | --- | --- | --- | --- |
    /// | active | true | false | true |
    /// | title | Guide | – | Clerk |
    /// | family name | Ångström | O'Neil "x\y" | Zanetti |
    /// | e-mails | work, home | work | – |
    /// | externalId | word-X | word-Y | word-Z |
    /// | department | Tours | – | Sales |
    pub(crate) async fn create(test: &Test<'_>) -> Result<Self, Problem> {
        let word = test.word();
        let address = |name: &str, kind: &str| format!("{word}-{name}@{kind}.example");
        let ana = json!({
            "active": true, "title": "Guide", "name": {"givenName": "Ana", "familyName": "Ångström"},
            "emails": [
                {"value": address("ana", "work"), "type": "work", "primary": true},
                {"value": address("ana", "home"), "type": "home"},
            ],
            "externalId": format!("{word}-X"),
            ENTERPRISE: {"department": format!("{word}-Tours")},
        });
        let ben = json!({
            "active": false, "name": {"givenName": "Ben", "familyName": "O'Neil \"x\\y\""},
            "emails": [{"value": address("ben", "work"), "type": "work", "primary": true}],
            "externalId": format!("{word}-Y"),
        });
        let cleo = json!({
            "active": true, "title": "Clerk", "name": {"givenName": "Cleo", "familyName": "Zanetti"},
            "emails": [], "externalId": format!("{word}-Z"),
            ENTERPRISE: {"department": format!("{word}-Sales")},
        });
        let create = async |name: &str, more| {
            let mut body = test.user_body(more);
            body["userName"] = json!(format!("{word}-{name}"));
            let defined = |member: &str| match member {
                "active" => test.features.has(Feature::User("active")),
                "title" => test.features.has(Feature::User("title")),
                "name" => test.features.has(Feature::User("name")),
                "emails" => test.features.has(Feature::User("emails")),
                ENTERPRISE => test.features.has(Feature::Enterprise),
                _ => true,
            };
            if let Some(members) = body.as_object_mut() {
                members.retain(|member, _| defined(member));
            }
            if !defined(ENTERPRISE) {
                body["schemas"] = json!([super::features::USER]);
            }
            test.shared_user(body).await
        };
        let people = [
            ("ana", create("ana", ana).await?),
            ("ben", create("ben", ben).await?),
            ("cleo", create("cleo", cleo).await?),
        ];
        Ok(Self { word, people })
    }

    /// One of them.
    pub(crate) fn get(&self, name: &str) -> &Resource {
        let found = self.people.iter().find(|(known, _)| *known == name);
        &found.expect("there are three names, all written in this crate").1
    }

    /// Whose id this is.
    pub(crate) fn name_of(&self, id: &str) -> Option<&'static str> {
        self.people.iter().find(|(_, person)| person.id == id).map(|(name, _)| *name)
    }
}
