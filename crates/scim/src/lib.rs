//! SCIM 2.0 as types and pure functions: no I/O, no async, no clock, no randomness.
//!
//! | RFC | what | module |
//! | --- | --- | --- |
//! | 7643 §2, §7 | schemas and the characteristics of attributes | [`schema`] |
//! | 7643 §2.2, §2.3.5 | comparing without case; dateTime | [`fold`], [`time`] |
//! | 7643 §3, §8 | resources: documents that are known to fit their schema | [`resource`] |
//! | 7643 §4–§6, 7644 §4 | built-in schemas, resource types, what we support | [`schema::core`], [`discovery`] |
//! | 7644 §3.10 | how a client names a part of a resource | [`path`] |
//! | 7644 §3.4.2 | lists: filter, sort, pages; 9865 cursors | [`query`], [`filter`] |
//! | 7644 §3.5.2 | PATCH: planned before anything is read, then applied | [`patch`] |
//! | – | habits of identity providers that we accept | [`dialect`] |
//! | 7644 §3.7 | bulk requests of any reference graph | [`bulk`], [`batch`] |
//! | 7644 §3.9 | `attributes`, `excludedAttributes` | [`projection`] |
//! | 7644 §3.4.2, §3.7, §3.12 | envelopes: lists, bulk, errors | [`message`] |
//! | 7644 §3.12 | what a client can do wrong | [`error`] |
//! | 7644 §3.14 | versions and preconditions | [`id`] |
//!
//! JSON from outside enters through [`json::parse`] only.

pub mod batch;
pub mod bulk;
pub mod dialect;
pub mod discovery;
pub mod error;
pub mod filter;
pub mod fold;
pub mod id;
pub mod json;
pub mod message;
pub mod patch;
pub mod path;
pub mod projection;
pub mod query;
pub mod redact;
pub mod resource;
pub mod schema;
pub mod time;

pub use error::ScimError;
pub use id::{ResourceId, Version};
