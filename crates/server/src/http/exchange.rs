//! What is known about one request while it is worked on, and what its log line will say.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use scim::id::Id;
use service::authenticate::Why;
use service::request_log::{BODY_BYTES_MAX, RequestLogging, Work};
use service::{Actor, Tenant};

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
    /// Who called an admin route, for what is denied.
    pub(crate) admin: Option<Admin>,
    /// The caller of a SCIM route, for the count of its answers.
    pub(crate) scim_caller: Option<service::ScimCaller>,
    /// How the path named the tenant that a bad credential was shown to, and what is wrong with it.
    pub(crate) refused: Option<(String, Box<Why>)>,
    /// What was done, for the request log too.
    pub(crate) work: Work,
}

/// Somebody who is known and called an admin route.
#[derive(Debug)]
pub(crate) struct Admin {
    /// The tenant that they are bound to.
    pub(crate) tenant: Option<Arc<Tenant>>,
    pub(crate) actor: Actor,
}

/// More names of ignored attributes than this do not help anybody in a log line.
pub(crate) const IGNORED_MAX: usize = 20;

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

    /// Remembers who called an admin route.
    pub(crate) fn note_admin(&self, tenant: Option<Arc<Tenant>>, actor: Actor) {
        self.note_caller(tenant.as_ref().map(|tenant| tenant.id), actor.clone());
        self.with_notes(|notes| notes.admin = Some(Admin { tenant, actor }));
    }

    /// Remembers who called.
    pub(crate) fn note_caller(&self, tenant: Option<Id>, actor: Actor) {
        self.with_notes(|notes| {
            notes.tenant = tenant;
            notes.actor = Some(actor);
        });
    }

    /// Remembers why a credential did not open the tenant of the path.
    pub(crate) fn note_refused(&self, tenant: String, why: Box<Why>) {
        self.with_notes(|notes| notes.refused = Some((tenant, why)));
    }

    /// Remembers what was done so far.
    pub(crate) fn note_work(&self, note: impl FnOnce(&mut Work)) {
        self.with_notes(|notes| note(&mut notes.work));
    }

    /// Remembers the pairs of the query string, if the tenant keeps a log of requests.
    pub(crate) fn note_query(&self, pairs: &[(String, String)]) {
        self.with_notes(|notes| {
            if notes.logging() != RequestLogging::Off {
                notes.work.query = pairs.to_vec();
            }
        });
    }

    /// Remembers the body, if the tenant keeps those of requests that fail, and it is small.
    pub(crate) fn note_body(&self, body: &Bytes) {
        self.with_notes(|notes| {
            if notes.logging() == RequestLogging::Values && body.len() <= BODY_BYTES_MAX {
                notes.work.body = Some(body.clone());
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

impl LogNotes {
    fn logging(&self) -> RequestLogging {
        self.scim_caller.as_ref().map_or(RequestLogging::Off, |caller| caller.tenant.settings.request_log)
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
