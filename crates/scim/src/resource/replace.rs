//! Replacing a resource (RFC 7644 §3.5.1), and what a change looks like from outside.

use std::borrow::Cow;

use super::{Document, finish};
use crate::error::ScimError;
use crate::json::{self, Json, Object};
use crate::schema::{Attribute, Kind, Mutability, ResourceType};

impl Document {
    /// What becomes of this document when a client replaces it by `sent`. Immutable attributes that
    /// have a value keep it: RFC 7644 §3.5.1, "If one or more values are already set for the
    /// attribute, the input value(s) MUST match".
    ///
    /// # Errors
    /// [`ScimError::Mutability`] naming the immutable attribute that would change.
    pub fn replaced_by<'s>(&self, resource_type: &ResourceType, sent: &'s Self) -> Result<Cow<'s, Self>, ScimError> {
        if !resource_type.schemas().any(|schema| has_immutable(&schema.attributes)) {
            return Ok(Cow::Borrowed(sent));
        }
        let mut after = sent.0.clone();
        let mut kept = keep_immutable(&resource_type.schema.attributes, "", &self.0, &mut after)?;
        for extension in &resource_type.extensions {
            let urn = &extension.schema.id;
            let Some(Json::Object(before)) = self.0.get(urn) else { continue };
            let mut part = after.get(urn).and_then(Json::as_object).cloned().unwrap_or_default();
            if keep_immutable(&extension.schema.attributes, &format!("{urn}:"), before, &mut part)? {
                after.insert(urn.clone(), Json::Object(part));
                kept = true;
            }
        }
        Ok(Cow::Owned(if kept { finish(resource_type, after)? } else { Self(after) }))
    }

    /// The attributes that differ in `after`, as two JSON objects: with the values they have here,
    /// and with those they have there. Extensions are given whole.
    #[must_use]
    pub fn images(&self, after: &Self) -> (String, String) {
        let differing = |these: &Object, those: &Object| {
            let mut image = vec![b'{'];
            for (name, value) in these.iter().filter(|(name, value)| those.get(*name) != Some(value)) {
                json::write_member(&mut image, name, value);
            }
            image.push(b'}');
            json::text_of(image)
        };
        (differing(&self.0, &after.0), differing(&after.0, &self.0))
    }
}

/// Whether [`keep_immutable`] has anything to look at.
fn has_immutable(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_one = attribute.kind == Kind::Complex && !attribute.multi_valued;
        attribute.mutability == Mutability::Immutable || is_one && has_immutable(&attribute.sub_attributes)
    })
}

/// Brings the immutable values of `before` that `after` leaves out into it; gives whether there
/// were any. `place` is what stands before the names.
fn keep_immutable(
    attributes: &[Attribute],
    place: &str,
    before: &Object,
    after: &mut Object,
) -> Result<bool, ScimError> {
    let mut kept = false;
    for attribute in attributes {
        let name = &attribute.name;
        let Some(old) = before.get(name) else { continue };
        if attribute.mutability == Mutability::Immutable {
            match after.get(name) {
                Some(new) if new != old => {
                    let reason = "is immutable: it has a value, which cannot be changed";
                    return Err(ScimError::mutability(format!("{place}{name}"), reason));
                }
                Some(_) => {}
                None => {
                    after.insert(name.clone(), old.clone());
                    kept = true;
                }
            }
        } else if attribute.kind == Kind::Complex
            && !attribute.multi_valued
            && let Json::Object(old) = old
        {
            // Which element of a multi-valued attribute is which, nobody can tell; a whole element
            // may always be replaced.
            let mut parts = after.get(name).and_then(Json::as_object).cloned().unwrap_or_default();
            if keep_immutable(&attribute.sub_attributes, &format!("{place}{name}."), old, &mut parts)? {
                after.insert(name.clone(), Json::Object(parts));
                kept = true;
            }
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::resource::Resource;
    use crate::schema::core;
    use serde_json::json;

    fn user_with_immutable_nick_name() -> ResourceType {
        let mut user = (**core::registry().type_named("User").unwrap()).clone();
        let mut schema = (*user.schema).clone();
        for attribute in &mut schema.attributes {
            if attribute.name == "nickName" {
                attribute.mutability = Mutability::Immutable;
            }
        }
        user.schema = Arc::new(schema);
        user
    }

    fn document(resource_type: &ResourceType, json: Json) -> Document {
        Resource::read(resource_type, json).unwrap().document
    }

    #[test]
    fn an_immutable_value_stays_when_it_is_not_sent() {
        let user = user_with_immutable_nick_name();
        let before = document(&user, json!({"userName": "ana", "nickName": "Annie", "title": "Dr"}));

        let sent = document(&user, json!({"userName": "anna"}));
        let after = before.replaced_by(&user, &sent).unwrap();

        assert_eq!(*after, document(&user, json!({"userName": "anna", "nickName": "Annie"})));
    }

    #[test]
    fn an_immutable_value_cannot_be_changed() {
        let user = user_with_immutable_nick_name();
        let before = document(&user, json!({"userName": "ana", "nickName": "Annie"}));
        let sent = document(&user, json!({"userName": "ana", "nickName": "Nan"}));

        let refusal = before.replaced_by(&user, &sent).unwrap_err();

        assert!(matches!(refusal, ScimError::Mutability { attribute, .. } if attribute == "nickName"));
    }

    #[test]
    fn an_immutable_attribute_without_value_can_be_set() {
        let user = user_with_immutable_nick_name();
        let before = document(&user, json!({"userName": "ana"}));
        let sent = document(&user, json!({"userName": "ana", "nickName": "Nan"}));

        assert_eq!(before.replaced_by(&user, &sent).as_deref(), Ok(&sent));
    }

    #[test]
    fn images_hold_what_differs_and_nothing_else() {
        let user = core::registry().type_named("User").unwrap().clone();
        let before = document(&user, json!({"userName": "ana", "title": "Dr"}));
        let after = document(&user, json!({"userName": "ana", "active": false}));

        assert_eq!(before.images(&after), (r#"{"title":"Dr"}"#.into(), r#"{"active":false}"#.into()));
    }
}
