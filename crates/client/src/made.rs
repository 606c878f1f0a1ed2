//! What we made, so that it can be removed and nothing else.

use std::sync::{Mutex, PoisonError};

use crate::answer::{Exchange, Silence};
use crate::ask::{Ask, encode};
use crate::connection::Connection;
use crate::document::{list, text};

/// Resources that exist because of us.
#[derive(Debug, Default)]
pub(crate) struct Made(Mutex<Vec<Thing>>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Thing {
    /// One that we know by its id.
    Resource { endpoint: String, id: String },
    /// One that was asked for, without an answer that told its id: it may be there.
    Perhaps { endpoint: String, filter: String },
}

/// How cleaning up went.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Cleanup {
    /// How many resources are gone again.
    pub removed: usize,
    /// Paths of those that would not go, for a person to look after.
    pub left: Vec<String>,
}

impl Cleanup {
    /// Both together.
    pub(crate) fn add(&mut self, other: Self) {
        self.removed += other.removed;
        self.left.extend(other.left);
    }
}

impl Made {
    /// Remembers what the answer to a POST says; also that there may be something when there is no
    /// answer. `filter` finds it then.
    pub(crate) fn record(&self, endpoint: &str, exchange: &Exchange, filter: &str) {
        match &exchange.answer {
            Ok(answer) if answer.is_success() => {
                let (id, location) = (text(&answer.json, &["id"]), answer.header("location"));
                let id = if id.is_empty() { location.rsplit('/').next().unwrap_or_default() } else { id };
                if id.is_empty() { self.perhaps(endpoint, filter) } else { self.add(endpoint, id) }
            }
            Ok(_) | Err(Silence::Stopped) => {}
            Err(_) => self.perhaps(endpoint, filter),
        }
    }

    /// Remembers a resource by its id.
    pub(crate) fn add(&self, endpoint: &str, id: &str) {
        self.things().push(Thing::Resource { endpoint: endpoint.to_owned(), id: id.to_owned() });
    }

    /// Remembers a resource that may be there, and what finds it then.
    pub(crate) fn perhaps(&self, endpoint: &str, filter: &str) {
        if !filter.is_empty() {
            self.things().push(Thing::Perhaps { endpoint: endpoint.to_owned(), filter: filter.to_owned() });
        }
    }

    /// Forgets a resource that is gone.
    pub(crate) fn forget(&self, endpoint: &str, id: &str) {
        let gone = Thing::Resource { endpoint: endpoint.to_owned(), id: id.to_owned() };
        self.things().retain(|thing| *thing != gone);
    }

    /// The ids of those at an endpoint.
    pub(crate) fn of(&self, wanted: &str) -> Vec<String> {
        let ours = |thing: &Thing| match thing {
            Thing::Resource { endpoint, id } if endpoint == wanted => Some(id.clone()),
            Thing::Resource { .. } | Thing::Perhaps { .. } => None,
        };
        self.things().iter().filter_map(ours).collect()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.things().len()
    }

    /// Removes all of it, what was made last first, also when we were told to stop.
    pub(crate) async fn remove(&self, connection: &Connection, mut progress: impl FnMut(usize, usize)) -> Cleanup {
        let things = std::mem::take(&mut *self.things());
        let mut cleanup = Cleanup::default();
        for (done, thing) in things.iter().rev().enumerate() {
            progress(done, things.len());
            match thing {
                Thing::Resource { endpoint, id } => delete(connection, endpoint, id, &mut cleanup).await,
                Thing::Perhaps { endpoint, filter } => {
                    let found = connection.send_anyway(Ask::get(endpoint).query("filter", filter)).await;
                    let Ok(answer) = &found.answer else {
                        cleanup.left.push(format!("{endpoint} with {filter}, perhaps"));
                        continue;
                    };
                    // A server that overlooks filters would show us what is not ours.
                    if let [resource] = list(&answer.json, &["Resources"]) {
                        delete(connection, endpoint, text(resource, &["id"]), &mut cleanup).await;
                    }
                }
            }
        }
        cleanup
    }

    fn things(&self) -> std::sync::MutexGuard<'_, Vec<Thing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn delete(connection: &Connection, endpoint: &str, id: &str, cleanup: &mut Cleanup) {
    let path = format!("{endpoint}/{}", encode(id));
    match connection.send_anyway(Ask::delete(&path)).await.answer {
        Ok(answer) if answer.is_success() => cleanup.removed += 1,
        // Gone already.
        Ok(answer) if answer.status == 404 => {}
        Ok(_) | Err(_) => cleanup.left.push(path),
    }
}
