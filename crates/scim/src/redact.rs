//! What of a request may be written down for people to read: never what is secret, and only values
//! of attributes that are known, since what is not known may be anything.
//!
//! Secret is what is never shown: passwords, and what a tenant's own schema calls `writeOnly` or
//! `returned: never`.

use std::borrow::Cow;

use crate::filter::{Filter, Operand};
use crate::json::{self, Json, Object};
use crate::path::{AttrPath, PatchPath, SchemaUrn};
use crate::resource::Notes;
use crate::schema::{Attribute, Kind, Mutability, Registry, ResourceType, Returned};

/// What stands where something was left out.
pub const LEFT_OUT: &str = "…";

/// What a body is.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// A resource of that type.
    Resource(&'a ResourceType),
    /// A PATCH of a resource of that type.
    Patch(&'a ResourceType),
    /// A bulk request.
    Bulk,
    /// A query.
    Search,
}

/// Whether a text may be about a secret, or be one.
#[must_use]
pub fn is_sensitive(text: &str) -> bool {
    const WORDS: [&str; 9] =
        ["passw", "pwd", "secret", "token", "credential", "api_key", "apikey", "authorization", "private"];
    let text = text.to_ascii_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}

/// A body without its secrets and without the values of unknown attributes. `None` for what is no
/// JSON, where nobody can tell what is secret.
#[must_use]
pub fn body(kind: Body<'_>, registry: &Registry, text: &[u8]) -> Option<String> {
    let Json::Object(members) = json::parse(text).ok()? else { return None };
    let shown = match kind {
        Body::Resource(resource_type) => resource(resource_type, members),
        Body::Patch(resource_type) => patch(registry, resource_type, members),
        Body::Bulk => bulk(registry, members),
        Body::Search => search(registry, members),
    };
    Some(Json::Object(shown).to_string())
}

/// A filter: its attributes and operators, and with `values` what they are compared with, unless that
/// may be a secret.
#[must_use]
pub fn filter(text: &str, registry: &Registry, values: bool) -> String {
    match text.parse::<Filter>() {
        Ok(filter) => masked(filter, registry, values).to_string(),
        Err(_) if values && !is_sensitive(text) => text.to_owned(),
        Err(_) => LEFT_OUT.to_owned(),
    }
}

/// The path of a PATCH operation or of an error, with filters as in [`filter`].
#[must_use]
pub fn path(text: &str, registry: &Registry, values: bool) -> String {
    match PatchPath::parse(text, &mut Notes::default()) {
        Ok(PatchPath::Attribute(path)) => named(path, values).to_string(),
        Ok(PatchPath::Value { attribute, filter, sub_attribute }) => {
            let attribute = named(attribute, values);
            let values = values && may_be_shown(registry, &attribute);
            PatchPath::Value { attribute, filter: masked(filter, registry, values), sub_attribute }.to_string()
        }
        Err(_) if values && !is_sensitive(text) => text.to_owned(),
        // Names of attributes come first, and values after what no name has in it.
        Err(_) => {
            let end = text.find(|c| !is_of_name(c));
            // What goes on with a sign such as @ was no name from the beginning.
            let names = end.map(|end| if text[end..].starts_with(['[', ' ', '"', '\'']) { &text[..end] } else { "" });
            names.map_or_else(|| text.to_owned(), |names| format!("{names}{LEFT_OUT}"))
        }
    }
}

/// The JSON text of attributes of a document, as events have it, without secrets.
#[must_use]
pub fn image<'t>(resource_type: &ResourceType, text: &'t str) -> Cow<'t, str> {
    let hides = |schema: &crate::schema::Schema| {
        let in_parts = |attribute: &Attribute| attribute.sub_attributes.iter().any(is_hidden);
        schema.attributes.iter().any(|attribute| !attribute.secret && (is_hidden(attribute) || in_parts(attribute)))
    };
    // What is secret is never in a document; a tenant's own schemas may hide more.
    if !resource_type.schemas().any(|schema| hides(schema)) {
        return Cow::Borrowed(text);
    }
    match json::parse(text.as_bytes()) {
        Ok(Json::Object(members)) => Cow::Owned(Json::Object(resource(resource_type, members)).to_string()),
        Ok(_) | Err(_) => Cow::Borrowed("{}"),
    }
}

fn is_hidden(attribute: &Attribute) -> bool {
    attribute.secret || attribute.returned == Returned::Never || attribute.mutability == Mutability::WriteOnly
}

fn left_out() -> Json {
    Json::String(LEFT_OUT.to_owned())
}

fn resource(resource_type: &ResourceType, members: Object) -> Object {
    let shown = members.into_iter().map(|(key, value)| {
        let shown = attribute(resource_type, &key, value);
        (cut(key), shown)
    });
    shown.collect()
}

/// The value of the attribute, or the attributes of the schema, that `key` names.
fn attribute(resource_type: &ResourceType, key: &str, sent: Json) -> Json {
    if let Some(schema) = resource_type.schema_of(key) {
        let Json::Object(members) = sent else { return left_out() };
        return parts(&schema.attributes, members);
    }
    let target = key.parse::<AttrPath>().ok().and_then(|path| resource_type.resolve(&path));
    match target.and_then(|target| Some((target.attribute?, target.leaf()?))) {
        Some((attribute, leaf)) if !is_hidden(attribute) => value(leaf, sent),
        Some(_) | None => left_out(),
    }
}

fn parts(attributes: &[Attribute], members: Object) -> Json {
    let shown = members.into_iter().map(|(key, sent)| {
        let known = attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(&key));
        (cut(key), known.map_or_else(left_out, |attribute| value(attribute, sent)))
    });
    Json::Object(shown.collect())
}

fn value(attribute: &Attribute, sent: Json) -> Json {
    match sent {
        _ if is_hidden(attribute) => left_out(),
        Json::Object(members) if attribute.kind == Kind::Complex => parts(&attribute.sub_attributes, members),
        Json::Object(_) => left_out(),
        Json::Array(values) => Json::Array(values.into_iter().map(|sent| value(attribute, sent)).collect()),
        plain => plain,
    }
}

fn patch(registry: &Registry, resource_type: &ResourceType, members: Object) -> Object {
    each(members, |key, sent| match sent {
        Json::Array(operations) if key.eq_ignore_ascii_case("Operations") => {
            Json::Array(operations.into_iter().map(|sent| patch_operation(registry, resource_type, sent)).collect())
        }
        sent if key.eq_ignore_ascii_case("schemas") => words(sent),
        _ => left_out(),
    })
}

fn patch_operation(registry: &Registry, resource_type: &ResourceType, sent: Json) -> Json {
    let Json::Object(members) = sent else { return left_out() };
    let named = members.iter().find(|(key, _)| key.eq_ignore_ascii_case("path"));
    let path = named.and_then(|(_, path)| path.as_str()).map(str::to_owned);
    Json::Object(each(members, |key, sent| match (key, &path) {
        (key, _) if key.eq_ignore_ascii_case("op") => words(sent),
        (key, Some(path)) if key.eq_ignore_ascii_case("path") => Json::String(self::path(path, registry, true)),
        (key, Some(path)) if key.eq_ignore_ascii_case("value") => match attribute_named(path) {
            Some(named) => attribute(resource_type, &named, sent),
            None => left_out(),
        },
        (key, None) if key.eq_ignore_ascii_case("value") => match sent {
            Json::Object(members) => Json::Object(resource(resource_type, members)),
            _ => left_out(),
        },
        _ => left_out(),
    }))
}

/// The attribute of a PATCH path, without its filter.
fn attribute_named(path: &str) -> Option<String> {
    match PatchPath::parse(path, &mut Notes::default()).ok()? {
        PatchPath::Attribute(path) => Some(path.to_string()),
        PatchPath::Value { attribute, sub_attribute: None, .. } => Some(attribute.to_string()),
        PatchPath::Value { attribute, sub_attribute: Some(sub), .. } => Some(format!("{attribute}.{sub}")),
    }
}

fn bulk(registry: &Registry, members: Object) -> Object {
    each(members, |key, sent| match sent {
        Json::Array(operations) if key.eq_ignore_ascii_case("Operations") => {
            Json::Array(operations.into_iter().map(|sent| bulk_operation(registry, sent)).collect())
        }
        sent if key.eq_ignore_ascii_case("schemas") || key.eq_ignore_ascii_case("failOnErrors") => words(sent),
        _ => left_out(),
    })
}

fn bulk_operation(registry: &Registry, sent: Json) -> Json {
    let Json::Object(members) = sent else { return left_out() };
    let text = |name: &str| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1.as_str();
    let resource_type = text("path").and_then(|path| path.split('/').find_map(|part| registry.type_at(part))).cloned();
    let patches = text("method").is_some_and(|method| method.eq_ignore_ascii_case("PATCH"));
    Json::Object(each(members, |key, sent| {
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        match (sent, &resource_type) {
            (Json::Object(data), Some(resource_type)) if is("data") && patches => {
                Json::Object(patch(registry, resource_type, data))
            }
            (Json::Object(data), Some(resource_type)) if is("data") => Json::Object(resource(resource_type, data)),
            (sent, _) if is("method") || is("path") || is("bulkId") || is("version") => words(sent),
            _ => left_out(),
        }
    }))
}

fn search(registry: &Registry, members: Object) -> Object {
    each(members, |key, sent| match sent {
        Json::String(text) if key.eq_ignore_ascii_case("filter") => Json::String(filter(&text, registry, true)),
        sent => words(sent),
    })
}

fn each(members: Object, shown: impl Fn(&str, Json) -> Json) -> Object {
    let shown = members.into_iter().map(|(key, sent)| {
        let shown = shown(&key, sent);
        (cut(key), shown)
    });
    shown.collect()
}

/// Plain values and lists of them, as far as they do not look like more.
fn words(sent: Json) -> Json {
    match sent {
        Json::String(text) if is_sensitive(&text) => left_out(),
        Json::Array(values) => Json::Array(values.into_iter().map(words).collect()),
        Json::Object(_) => left_out(),
        plain => plain,
    }
}

/// Of a long name the beginning.
fn cut(key: String) -> String {
    const CHARS_MAX: usize = 200;
    if key.len() <= CHARS_MAX { key } else { key.chars().take(CHARS_MAX).collect() }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '$' | '-' | '_' | '.' | ':')
}

/// A path whose URN, without `values`, is left out when it has in it what those of schemas have not.
fn named(path: AttrPath, values: bool) -> AttrPath {
    let is_plain = |SchemaUrn(urn): &SchemaUrn| urn.chars().all(is_of_name);
    let schema = path.schema.map(|urn| if values || is_plain(&urn) { urn } else { SchemaUrn(LEFT_OUT.to_owned()) });
    AttrPath { schema, ..path }
}

fn masked(filter: Filter, registry: &Registry, values: bool) -> Filter {
    let again = |inner: Box<Filter>| Box::new(masked(*inner, registry, values));
    match filter {
        Filter::And(left, right) => Filter::And(again(left), again(right)),
        Filter::Or(left, right) => Filter::Or(again(left), again(right)),
        Filter::Not(inner) => Filter::Not(again(inner)),
        Filter::ValuePath(path, inner) => {
            let path = named(path, values);
            let values = values && may_be_shown(registry, &path);
            Filter::ValuePath(path, Box::new(masked(*inner, registry, values)))
        }
        Filter::Present(path) => Filter::Present(named(path, values)),
        Filter::Compare(path, operator, operand) => {
            let path = named(path, values);
            let keeps = values && may_be_shown(registry, &path);
            let operand = match operand {
                Operand::Text(_) | Operand::Number(_) if !keeps => Operand::Text(LEFT_OUT.to_owned()),
                operand => operand,
            };
            Filter::Compare(path, operator, operand)
        }
    }
}

/// Whether values of an attribute may be shown: of no type is it hidden, and it does not sound like a
/// secret either.
fn may_be_shown(registry: &Registry, path: &AttrPath) -> bool {
    let is_hidden = |resource_type: &ResourceType| {
        let target = resource_type.resolve(path)?;
        Some(target.attribute.is_some_and(is_hidden) || target.leaf().is_some_and(is_hidden))
    };
    !is_sensitive(&path.to_string()) && !registry.types().iter().any(|known| is_hidden(known).unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::core;

    fn shown(kind: &str, text: &str) -> String {
        let registry = core::registry();
        let user = registry.type_named("User").unwrap();
        let kind = match kind {
            "resource" => Body::Resource(user),
            "patch" => Body::Patch(user),
            "bulk" => Body::Bulk,
            _ => Body::Search,
        };
        body(kind, &registry, text.as_bytes()).unwrap_or_default()
    }

    #[test]
    fn a_password_is_left_out_wherever_it_stands() {
        let everywhere = [
            ("resource", r#"{"userName":"ana","password":"hunter2"}"#),
            ("resource", r#"{"userName":"ana","PassWord":["hunter2"]}"#),
            ("resource", r#"{"userName":"ana","p\u0061ssword":{"value":"hunter2"}}"#),
            ("resource", r#"{"urn:ietf:params:scim:schemas:core:2.0:User":{"password":"hunter2"}}"#),
            ("resource", r#"{"urn:ietf:params:scim:schemas:core:2.0:User:password":"hunter2"}"#),
            ("resource", r#"{"passwort":"hunter2","name":{"secret":"hunter2","givenName":{"x":"hunter2"}}}"#),
            ("resource", r#"{"displayName":{"password":"hunter2"},"emails":[{"value":"a@x","pin":"hunter2"}]}"#),
            ("patch", r#"{"Operations":[{"op":"replace","path":"password","value":"hunter2"}]}"#),
            (
                "patch",
                r#"{"operations":[{"OP":"replace","PATH":"urn:ietf:params:scim:schemas:core:2.0:User:password","VALUE":"hunter2"}]}"#,
            ),
            ("patch", r#"{"Operations":[{"op":"replace","value":{"password":"hunter2"}}]}"#),
            ("patch", r#"{"Operations":[{"op":"replace","value":"hunter2"}]}"#),
            ("patch", r#"{"Operations":[{"op":"replace","pth":"password","value":"hunter2"}]}"#),
            ("patch", r#"{"Operations":[{"op":"replace","path":"password[value eq \"hunter2\"]","value":"hunter2"}]}"#),
            ("patch", r#"{"Operations":[{"op":"replace","path":"password eq \"hunter2\"","value":"hunter2"}]}"#),
            (
                "patch",
                r#"{"Operations":[{"op":"replace","path":"nothing","value":"hunter2"},"hunter2"],"password":"hunter2"}"#,
            ),
            ("bulk", r#"{"Operations":[{"method":"POST","path":"/Users","data":{"password":"hunter2"}}]}"#),
            (
                "bulk",
                r#"{"Operations":[{"method":"PATCH","path":"/Users/x","data":{"Operations":[{"op":"add","path":"password","value":"hunter2"}]}}]}"#,
            ),
            (
                "bulk",
                r#"{"Operations":[{"method":"POST","path":"/Robots","data":{"pin":"hunter2"},"password":"hunter2"},"hunter2"]}"#,
            ),
            ("search", r#"{"filter":"password eq \"hunter2\""}"#),
            ("search", r#"{"filter":"password eq \"hunter2","password":{"a":"hunter2"}}"#),
        ];

        for (kind, text) in everywhere {
            let shown = shown(kind, text);
            assert!(!shown.is_empty() && !shown.contains("hunter2"), "{text}: {shown}");
        }
    }

    #[test]
    fn what_is_known_is_shown() {
        let all = [
            shown(
                "resource",
                r#"{"schemas":["u"],"userName":"ana","name":{"givenName":"Ana"},"emails":[{"value":"a@x"}],"x":1}"#,
            ),
            shown("patch", r#"{"Operations":[{"op":"Add","path":"emails[type eq \"work\"].value","value":"a@x"}]}"#),
            shown(
                "patch",
                r#"{"Operations":[{"op":"replace","value":{"name.givenName":"Ana","active":"False","y":"z"}}]}"#,
            ),
            shown(
                "bulk",
                r#"{"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"ana"}}]}"#,
            ),
            shown("search", r#"{"filter":"userName eq \"ana\"","count":1}"#),
        ];

        insta::assert_snapshot!(all.join("\n"), @r#"
        {"schemas":["u"],"userName":"ana","name":{"givenName":"Ana"},"emails":[{"value":"a@x"}],"x":"…"}
        {"Operations":[{"op":"Add","path":"emails[type eq \"work\"].value","value":"a@x"}]}
        {"Operations":[{"op":"replace","value":{"name.givenName":"Ana","active":"False","y":"…"}}]}
        {"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"ana"}}]}
        {"filter":"userName eq \"ana\"","count":1}
        "#);
    }

    #[test]
    fn what_is_no_json_object_is_not_shown_at_all() {
        for text in ["", "[]", "\"hunter2\"", "{\"password\":\"hunter2\"", "{\"a\":1,\"a\":2}"] {
            assert_eq!(shown("resource", text), "", "{text}");
        }
    }

    #[test]
    fn a_filter_says_what_was_compared_and_with_values_with_what() {
        let registry = core::registry();
        let show = |text: &str, values| filter(text, &registry, values);
        let text = r#"userName eq "ana" and (active eq true or not (name.familyName sw "B")) and x[y gt 5]"#;

        let masked = r#"userName eq "…" and (active eq true or not (name.familyName sw "…")) and x[y gt "…"]"#;
        assert_eq!(show(text, false), masked);
        assert_eq!(show(text, true), text);
        assert_eq!(show(r#"password eq "x" or userName eq "ana""#, true), r#"password eq "…" or userName eq "ana""#);
        assert_eq!((show("a b c", true), show("a b c", false)), ("a b c".into(), "…".into()));
        assert_eq!(show("password b c", true), "…");
    }

    #[test]
    fn a_path_is_shown_without_the_values_of_its_filter() {
        let registry = core::registry();
        let show = |text: &str| path(text, &registry, false);

        assert_eq!(show("name.givenName"), "name.givenName");
        assert_eq!(show(r#"emails[value eq "a@x"].type"#), r#"emails[value eq "…"].type"#);
        assert_eq!(show(r#"emails[value eq "a@x"#), "emails…");
        assert_eq!((show("ana@x.org"), show("ana'x")), ("…".into(), "ana…".into()));
        assert_eq!((show("urn:ana@x:y"), show("urn:a:b:y")), ("…:y".into(), "urn:a:b:y".into()));
        assert_eq!(filter("urn:ana@x:y pr and a pr", &registry, false), "…:y pr and a pr");
    }

    #[test]
    fn an_image_of_a_built_in_type_is_shown_as_it_is() {
        let registry = core::registry();
        let text = r#"{"title":"Dr"}"#;

        assert!(matches!(image(registry.type_named("User").unwrap(), text), Cow::Borrowed(same) if same == text));
    }
}
