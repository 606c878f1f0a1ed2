//! Everything that knows HTTP. The handlers are in a file per noun; the rest serves all of them.

pub(crate) mod accept;
pub(crate) mod admin;
pub(crate) mod body;
pub(crate) mod compress;
pub(crate) mod docs;
pub(crate) mod exchange;
pub(crate) mod extract;
pub(crate) mod health;
pub(crate) mod layers;
pub(crate) mod logging;
pub(crate) mod oauth;
pub(crate) mod origin;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod respond;
pub(crate) mod room;
pub(crate) mod scim;
