//! Resources: documents that are known to fit their schema (RFC 7643 §3).
//!
//! What a client sends becomes one in [`Resource::read`], once, and is trusted from then on.
//! A resource comes apart into what is stored apart: the [`Document`], the members, the secret.
//! [`mod@render`] puts it together again for the wire.

mod document;
mod finish;
mod members;
mod render;
mod replace;
mod validate;
mod value;

use std::fmt;

use crate::dialect::Repair;
use crate::id::ResourceId;

pub use document::{CorruptBody, Document};
pub use members::MEMBERS_MAX;
pub use render::{Member, Renderer, Representation, render};
pub use value::{KEY_BYTES_MAX, STRING_BYTES_MAX, VALUES_MAX};

// For PATCH too: values one by one, and what a document owes at the end.
pub(crate) use document::{add_names, parts_of};
pub(crate) use finish::finish;
pub(crate) use members::read_members;
pub(crate) use value::{boolean, read_element, read_value};

/// A resource as a client wants it, before it has a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its attributes.
    pub document: Document,
    /// The values of the relation attribute, each once, in the order sent; empty for types
    /// without one. Whether they exist is for the store to say.
    pub members: Vec<ResourceId>,
    /// The value of the secret attribute, if one was sent.
    pub secret: Option<Secret>,
    /// What was left out or mended on the way in.
    pub notes: Notes,
}

/// What was done to a request so that it could be accepted, for the request log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notes {
    /// Attributes that no schema knows, or that are not the client's to set; at most
    /// [`Self::IGNORED_MAX`] of them are named.
    pub ignored: Vec<String>,
    /// Names of the repairs made, each once: entries of [`crate::dialect`].
    pub repairs: Vec<&'static str>,
}

impl Notes {
    /// How many ignored attributes are named, as each costs room in a log.
    pub const IGNORED_MAX: usize = 50;

    /// Notes that a repair was made; once is enough.
    pub fn mended(&mut self, repair: &Repair) {
        if !self.repairs.contains(&repair.name) {
            self.repairs.push(repair.name);
        }
    }

    /// Adds what was noted elsewhere, each thing once.
    pub fn join(&mut self, other: &Self) {
        for repair in &other.repairs {
            if !self.repairs.contains(repair) {
                self.repairs.push(repair);
            }
        }
        for path in &other.ignored {
            self.ignored(path);
        }
    }

    /// Notes that an attribute was ignored. Of a long name the first 200 characters are kept.
    pub fn ignored(&mut self, path: impl Into<String>) {
        let path: String = path.into();
        if self.ignored.len() < Self::IGNORED_MAX && !self.ignored.contains(&path) {
            self.ignored.push(path.chars().take(200).collect());
        }
    }
}

/// A password on its way to its hash, or that hash. `Debug` does not show it, and it is never
/// serialised with a document.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// As the client sent it. The store refuses it in this state.
    Plain(String),
    /// A PHC string, `$argon2id$…`.
    Hashed(String),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Secret::Plain(…)",
            Self::Hashed(_) => "Secret::Hashed(…)",
        })
    }
}
