//! What is known about one request while it is worked on, and what its log line will say.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};
use scim::id::Id;
use service::Actor;

use super::origin::Origin;

/// The header with the id of a request, in both directions.
pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How long an id of a client's making may be.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// One request, shared between the layer around the routes and whoever handles it; an extension
/// of the request. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Exchange(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: String,
    origin: Origin,
    notes: Mutex<LogNotes>,
}

/// What handlers add to the log line.
#[derive(Debug, Default)]
pub(crate) struct LogNotes {
    /// The tenant, once the caller is known and bound to one.
    pub(crate) tenant: Option<Id>,
    /// Who called.
    pub(crate) actor: Option<Actor>,
    /// The caller of a SCIM route, for the count of its answers.
    pub(crate) scim_caller: Option<service::ScimCaller>,
    /// Repairs made to what the client sent, by the names of `scim::dialect`.
    pub(crate) repairs: Vec<&'static str>,
    /// Attributes that were ignored.
    pub(crate) ignored: Vec<String>,
}

/// More names of ignored attributes than this do not help anybody.
const IGNORED_MAX: usize = 20;

impl Exchange {
    pub(crate) fn new(id: String, origin: Origin) -> Self {
        Self(Arc::new(Inner { id, origin, notes: Mutex::default() }))
    }

    /// The id of the request.
    pub(crate) fn id(&self) -> &str {
        &self.0.id
    }

    /// Scheme, authority and prefix under which the client reached us.
    pub(crate) fn base(&self) -> &str {
        &self.0.origin.base
    }

    /// The client's address.
    pub(crate) fn client(&self) -> Option<IpAddr> {
        self.0.origin.client
    }

    /// Remembers who called a SCIM route.
    pub(crate) fn note_scim_caller(&self, caller: &service::ScimCaller) {
        self.note_caller(Some(caller.tenant.id), caller.actor.clone());
        self.with_notes(|notes| notes.scim_caller = Some(caller.clone()));
    }

    /// Remembers who called.
    pub(crate) fn note_caller(&self, tenant: Option<Id>, actor: Actor) {
        self.with_notes(|notes| {
            notes.tenant = tenant;
            notes.actor = Some(actor);
        });
    }

    /// Remembers what was mended or ignored so that the request could be accepted.
    pub(crate) fn note_leniency(&self, read: &scim::resource::Notes) {
        if read.repairs.is_empty() && read.ignored.is_empty() {
            return;
        }
        self.with_notes(|notes| {
            for repair in &read.repairs {
                if !notes.repairs.contains(repair) {
                    notes.repairs.push(repair);
                }
            }
            for name in &read.ignored {
                if notes.ignored.len() < IGNORED_MAX && !notes.ignored.contains(name) {
                    notes.ignored.push(name.clone());
                }
            }
        });
    }

    /// What the log line should say. For the end of the request: nothing is left afterwards.
    pub(crate) fn take_notes(&self) -> LogNotes {
        std::mem::take(&mut self.0.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_notes(&self, change: impl FnOnce(&mut LogNotes)) {
        change(&mut self.0.notes.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The id that the client gave its request, if it can stand in a header, a log line and a
/// database without doing harm.
pub(crate) fn given_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(&REQUEST_ID).map(HeaderValue::to_str)?.ok()?;
    let sane = (1..=REQUEST_ID_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/' | b'=' | b'+'));
    sane.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_that_can_do_no_harm_are_taken() {
        let given = |text: &str| {
            let headers = [(REQUEST_ID.clone(), HeaderValue::from_str(text).unwrap())].into_iter().collect();
            given_id(&headers)
        };

        assert_eq!(given("7f3a-1.b:c"), Some("7f3a-1.b:c".into()));
        for harmful in ["", "a b", "a\"b", "<x>", &"x".repeat(129)] {
            assert_eq!(given(harmful), None, "{harmful}");
        }
    }
}
