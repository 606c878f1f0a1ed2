//! The SCIM routes of a tenant (RFC 7644 §3.2).

pub(crate) mod bulk;
pub(crate) mod discovery;
pub(crate) mod resources;
