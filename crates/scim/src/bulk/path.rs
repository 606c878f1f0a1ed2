//! The path of an operation (RFC 7644 §3.7): "the resource's relative path to the SCIM service
//! provider's root".

use std::borrow::Cow;
use std::sync::Arc;

use crate::error::ScimError;
use crate::schema::{Registry, ResourceType};

/// How long a path may be, in bytes.
const PATH_BYTES_MAX: usize = 2048;

/// What a path names.
#[derive(Debug)]
pub(super) struct Place {
    /// Below which endpoint.
    pub(super) resource_type: Arc<ResourceType>,
    /// What stands behind it: an id, or `bulkId:` and a bulkId.
    pub(super) segment: Option<String>,
}

/// The part of `path` below the SCIM base, without slashes at its ends, query and fragment; `None`
/// for what cannot be a path below it.
pub(super) fn below_base<'p>(path: &'p str, bases: &[&str]) -> Option<&'p str> {
    let path = path.split(['?', '#']).next().unwrap_or_default().trim();
    let without = |base: &&str| path.strip_prefix(*base).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let relative = bases.iter().filter_map(without).min_by_key(|rest| rest.len()).unwrap_or(path);
    let is_relative = !relative.contains("://");
    (is_relative && path.len() <= PATH_BYTES_MAX).then(|| relative.trim_matches('/'))
}

/// What `path` names; it comes from [`below_base`].
///
/// # Errors
/// [`ScimError::NotFound`], or [`ScimError::Method`] for endpoints that a bulk request cannot use.
pub(super) fn locate(path: Option<&str>, registry: &Registry) -> Result<Place, ScimError> {
    let Some(path) = path else {
        return Err(ScimError::NotFound("The path is not below the SCIM base URL of this tenant".into()));
    };
    let mut segments = path.split('/');
    let endpoint = segments.next().unwrap_or_default();
    if is_not_for_bulk(endpoint) {
        return Err(ScimError::Method(format!("/{endpoint} cannot be used inside a bulk request")));
    }
    let unknown =
        || ScimError::NotFound(format!("There is no endpoint '/{}'", path.chars().take(200).collect::<String>()));
    let resource_type = registry.type_at(endpoint).ok_or_else(unknown)?;
    let segment = match (segments.next(), segments.next()) {
        (None, _) => None,
        (Some(".search"), None) => {
            return Err(ScimError::Method("A search cannot be used inside a bulk request".into()));
        }
        (Some(segment), None) => Some(decoded(segment).ok_or_else(unknown)?.into_owned()),
        (Some(_), Some(_)) => return Err(unknown()),
    };
    Ok(Place { resource_type: Arc::clone(resource_type), segment })
}

/// Endpoints of RFC 7644 §3.2 that are there, but change no resource, or not one that is named.
fn is_not_for_bulk(endpoint: &str) -> bool {
    matches!(endpoint, "Bulk" | "Me" | "Schemas" | "ResourceTypes" | "ServiceProviderConfig" | ".search")
}

/// `bulkId%3Aqwerty` as `bulkId:qwerty`: some clients build paths with a URL library.
fn decoded(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(segment.into());
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, tail) = tail.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}
