//! A fault: what is changed in requests on their way to a server, and in its answers.

use axum::http::{HeaderMap, Method};
use serde_json::{Value, json};

/// A request, to be changed.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Below the base: `/Users/1`.
    pub(crate) path: String,
    /// Decoded.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    /// Null when the body is no JSON; then it goes on as it came.
    pub(crate) json: Value,
}

/// An answer, to be changed.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Null when there is no body; set to null, there is none.
    pub(crate) json: Value,
}

/// What came before in the same run.
pub(crate) type Past = [(Asked, Answered)];

type EditRequest = Box<dyn Fn(&mut Asked) + Send + Sync>;
type EditAnswer = Box<dyn Fn(&Past, &Asked, &mut Answered) + Send + Sync>;

enum Edit {
    Request(EditRequest),
    Answer(EditAnswer),
}

/// A fault, and the check that is to find it.
pub(crate) struct Fault {
    pub(crate) id: &'static str,
    edits: Vec<(&'static str, &'static str, Edit)>,
}

impl Fault {
    /// No fault at all.
    pub(crate) fn none() -> Self {
        Self { id: "", edits: Vec::new() }
    }

    /// Changes requests of this method (`*`: any) to this path (`/Users/*`: to one user; `*`: any).
    pub(crate) fn request(
        id: &'static str,
        method: &'static str,
        path: &'static str,
        edit: impl Fn(&mut Asked) + Send + Sync + 'static,
    ) -> Self {
        Self { id, edits: vec![(method, path, Edit::Request(Box::new(edit)))] }
    }

    /// Changes the answers to such requests.
    pub(crate) fn answer(
        id: &'static str,
        method: &'static str,
        path: &'static str,
        edit: impl Fn(&Asked, &mut Answered) + Send + Sync + 'static,
    ) -> Self {
        Self::answer_since(id, method, path, move |_, asked, answered| edit(asked, answered))
    }

    /// The same, knowing what came before.
    pub(crate) fn answer_since(
        id: &'static str,
        method: &'static str,
        path: &'static str,
        edit: impl Fn(&Past, &Asked, &mut Answered) + Send + Sync + 'static,
    ) -> Self {
        Self { id, edits: vec![(method, path, Edit::Answer(Box::new(edit)))] }
    }

    /// Both changes together are the fault.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.edits.extend(other.edits);
        self
    }

    /// Makes the fault in a request.
    pub(crate) fn in_request(&self, asked: &mut Asked) {
        let original = asked.clone();
        for (method, path, edit) in &self.edits {
            if let (Edit::Request(edit), true) = (edit, is_meant(&original, method, path)) {
                edit(asked);
            }
        }
    }

    /// Makes the fault in the answer to a request, which is given as the client sent it.
    pub(crate) fn in_answer(&self, past: &Past, asked: &Asked, answered: &mut Answered) {
        for (method, path, edit) in &self.edits {
            if let (Edit::Answer(edit), true) = (edit, is_meant(asked, method, path)) {
                edit(past, asked, answered);
            }
        }
    }
}

fn is_meant(asked: &Asked, method: &str, path: &str) -> bool {
    let fits = match path.strip_suffix("/*") {
        _ if path == "*" => true,
        Some(endpoint) => {
            let rest = asked.path.strip_prefix(endpoint).and_then(|rest| rest.strip_prefix('/'));
            rest.is_some_and(|id| !id.is_empty() && !id.starts_with('.'))
        }
        None => asked.path == path,
    };
    fits && (method == "*" || asked.method.as_str() == method)
}

impl Asked {
    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Takes a parameter away.
    pub(crate) fn without(&mut self, name: &str) {
        self.query.retain(|(known, _)| known != name);
    }

    /// Changes a parameter, if it is there.
    pub(crate) fn change(&mut self, name: &str, change: impl Fn(&str) -> String) {
        for (_, value) in self.query.iter_mut().filter(|(known, _)| known == name) {
            *value = change(value);
        }
    }

    /// Another filter.
    pub(crate) fn filter(&mut self, change: impl Fn(&str) -> String) {
        self.change("filter", change);
    }

    /// A filter that finds nobody, in place of what was asked.
    pub(crate) fn finds_nobody(&mut self) {
        self.filter(|_| "userName eq \"nobody has this name\"".to_owned());
    }

    /// Reads in place of writing: done, it seems, and nothing has happened.
    pub(crate) fn does_nothing(&mut self) {
        self.method = Method::GET;
        self.json = Value::Null;
        self.headers.remove("content-type");
    }

    /// Asks for something else, so that nothing comes of it.
    pub(crate) fn is_lost(&mut self) {
        self.does_nothing();
        self.path = String::from("/ServiceProviderConfig");
        self.query.clear();
    }

    /// The operations of a PATCH or of a bulk request; none in any other.
    pub(crate) fn operations(&mut self) -> &mut Vec<Value> {
        if !self.json["Operations"].is_array() {
            self.json = json!({"Operations": []});
        }
        self.json["Operations"].as_array_mut().expect("it was made one above")
    }

    /// The first operation.
    pub(crate) fn operation(&mut self) -> &mut Value {
        self.operations().first_mut().expect("a PATCH has one")
    }

    /// Another path in each operation of a PATCH that has one.
    pub(crate) fn paths(&mut self, change: impl Fn(&str) -> String) {
        for operation in self.operations() {
            if let Some(path) = operation["path"].as_str().map(&change) {
                operation["path"] = json!(path);
            }
        }
    }
}

impl Answered {
    /// No body.
    pub(crate) fn nothing(&mut self) {
        self.json = Value::Null;
    }

    /// 204, as if it had been done.
    pub(crate) fn accepts(&mut self) {
        self.status = 204;
        self.nothing();
    }

    /// This error.
    pub(crate) fn refuses(&mut self, status: u16, scim_type: &str) {
        self.status = status;
        self.json = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": status.to_string(), "detail": "No.",
        });
        if !scim_type.is_empty() {
            self.json["scimType"] = json!(scim_type);
        }
    }

    /// The resources of a list; none in any other answer.
    pub(crate) fn resources(&mut self) -> &mut Vec<Value> {
        list(&mut self.json, "Resources")
    }

    /// A resource, or each resource of a list.
    pub(crate) fn each(&mut self, edit: impl Fn(&mut Value)) {
        if self.json["Resources"].is_array() {
            self.resources().iter_mut().for_each(edit);
        } else if self.json["id"].is_string() {
            edit(&mut self.json);
        }
    }
}

/// The elements of a multi-valued attribute, which is there afterwards.
pub(crate) fn list<'j>(json: &'j mut Value, name: &str) -> &'j mut Vec<Value> {
    if !json[name].is_array() {
        json[name] = json!([]);
    }
    json[name].as_array_mut().expect("it was made one above")
}

/// Takes a member away.
pub(crate) fn drop_member(json: &mut Value, name: &str) {
    if let Some(members) = json.as_object_mut() {
        members.remove(name);
    }
}

/// Status `to` where it was `from`.
pub(crate) fn status(from: u16, to: u16) -> impl Fn(&Asked, &mut Answered) {
    move |_, answered| {
        if answered.status == from {
            answered.status = to;
        }
    }
}

/// A refusal turned into success.
pub(crate) fn accepts(_: &Asked, answered: &mut Answered) {
    if (400..500).contains(&answered.status) {
        answered.accepts();
    }
}

/// Another word for what was wrong.
pub(crate) fn scim_type(other: &'static str) -> impl Fn(&Asked, &mut Answered) {
    move |_, answered| {
        if answered.status >= 400 {
            answered.json["scimType"] = json!(other);
        }
    }
}

/// Whether there was such a request to this path before.
pub(crate) fn has_been(past: &Past, method: &Method, path: &str) -> bool {
    past.iter().any(|(asked, _)| asked.method == *method && asked.path == path)
}
