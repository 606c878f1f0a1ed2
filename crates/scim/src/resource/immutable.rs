//! PUT and immutable attributes (RFC 7644 §3.5.1, RFC 7643 §7).

use crate::error::ScimError;
use crate::json::{Json, Object};
use crate::schema::{Attribute, Mutability, ResourceType, Schema, Target};

use super::{Document, finish};

impl Document {
    /// What this document becomes when a client replaces it by `new`: `new`, in which immutable
    /// attributes keep the value they have. The built-in schemas have none in documents; those of
    /// a tenant may.
    ///
    /// # Errors
    /// [`ScimError::Mutability`] when `new` gives an immutable attribute another value: "the input
    /// value(s) MUST match" (RFC 7644 §3.5.1).
    pub fn replaced_by(&self, resource_type: &ResourceType, new: Self) -> Result<Self, ScimError> {
        let mut attributes = new.0;
        let core = Part { schema: &resource_type.schema, in_extension: false };
        let mut kept = core.keep(&self.0, &mut attributes)?;
        for extension in &resource_type.extensions {
            let part = Part { schema: &extension.schema, in_extension: true };
            let urn = &extension.schema.id;
            let Some(before) = self.0.get(urn).and_then(Json::as_object) else { continue };
            let after = attributes.entry(urn.as_str()).or_insert_with(|| Json::Object(Object::new()));
            if let Some(after) = after.as_object_mut() {
                kept |= part.keep(before, after)? || after.is_empty();
            }
        }
        if kept { finish(resource_type, attributes) } else { Ok(Self(attributes)) }
    }
}

/// The attributes of one schema in a document.
struct Part<'a> {
    schema: &'a Schema,
    in_extension: bool,
}

impl Part<'_> {
    /// Puts immutable values of `before` into `after` where they are missing. Gives whether it did.
    fn keep(&self, before: &Object, after: &mut Object) -> Result<bool, ScimError> {
        let mut kept = false;
        for attribute in &self.schema.attributes {
            let target = Target {
                schema: Some(self.schema),
                in_extension: self.in_extension,
                attribute: Some(attribute),
                sub_attribute: None,
            };
            kept |= keep_value(&target, attribute, before, after)?;
        }
        Ok(kept)
    }
}

fn keep_value(
    target: &Target<'_>,
    attribute: &Attribute,
    before: &Object,
    after: &mut Object,
) -> Result<bool, ScimError> {
    let Some(value) = before.get(&attribute.name) else { return Ok(false) };
    if attribute.mutability == Mutability::Immutable {
        return match after.get(&attribute.name) {
            Some(new) if new == value => Ok(false),
            Some(_) => Err(ScimError::mutability(target.canonical(), "is immutable: it keeps the value it has")),
            None => {
                after.insert(attribute.name.clone(), value.clone());
                Ok(true)
            }
        };
    }
    // The values of a multi-valued attribute come and go as wholes; there are no two to compare.
    let (Some(value), Some(Json::Object(new))) = (value.as_object(), after.get_mut(&attribute.name)) else {
        return Ok(false);
    };
    let mut kept = false;
    for sub in &attribute.sub_attributes {
        kept |= keep_value(&Target { sub_attribute: Some(sub), ..*target }, sub, value, new)?;
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::resource::Resource;

    fn badge() -> ResourceType {
        let attribute = |name: &str, mutability: &str| {
            json!({"name": name, "type": "string", "multiValued": false, "required": false,
                "mutability": mutability, "returned": "default"})
        };
        let place = json!({"name": "place", "type": "complex", "multiValued": false, "required": false,
            "mutability": "readWrite", "returned": "default",
            "subAttributes": [attribute("site", "immutable"), attribute("room", "readWrite")]});
        let schema = json!({"id": "urn:example:2.0:Badge", "name": "Badge",
            "attributes": [attribute("number", "immutable"), attribute("color", "readWrite"), place]});
        ResourceType {
            key: 100,
            id_prefix: *b"res",
            name: "Badge".into(),
            endpoint: "/Badges".into(),
            description: "Badges".into(),
            schema: Arc::new(serde_json::from_value(schema).unwrap()),
            extensions: vec![],
        }
    }

    fn document(json: Json) -> Document {
        Resource::read(&badge(), json).unwrap().document
    }

    #[test]
    fn an_immutable_value_stays_when_a_put_leaves_it_out() {
        let before = document(json!({"number": "7", "color": "red", "place": {"site": "A", "room": "1"}}));

        let after = before.replaced_by(&badge(), document(json!({"color": "blue", "place": {"room": "2"}}))).unwrap();

        let expected = document(json!({"number": "7", "color": "blue", "place": {"site": "A", "room": "2"}}));
        assert_eq!(after, expected);
        assert!(after.0.keys().eq(expected.0.keys()));
    }

    #[test]
    fn an_immutable_value_cannot_be_replaced() {
        let before = document(json!({"number": "7", "place": {"site": "A"}}));

        let number = before.replaced_by(&badge(), document(json!({"number": "8"})));
        let site = before.replaced_by(&badge(), document(json!({"number": "7", "place": {"site": "B"}})));

        let reason = "is immutable: it keeps the value it has";
        assert_eq!(number, Err(ScimError::mutability("number", reason)));
        assert_eq!(site, Err(ScimError::mutability("place.site", reason)));
    }

    #[test]
    fn an_immutable_attribute_without_value_can_be_given_one() {
        let before = document(json!({"color": "red"}));
        let new = document(json!({"number": "7", "place": {"site": "A"}}));

        assert_eq!(before.replaced_by(&badge(), new.clone()), Ok(new));
    }
}
