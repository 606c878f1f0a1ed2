//! Being told to stop: no further request, but what was made is still removed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Told once, heard everywhere. Cheap to clone; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    told: AtomicBool,
    tell: Notify,
}

impl Stop {
    /// Ends the run before its next request; who waits stops waiting.
    pub fn tell(&self) {
        self.0.told.store(true, Ordering::SeqCst);
        self.0.tell.notify_waiters();
    }

    /// Whether somebody has told.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.0.told.load(Ordering::SeqCst)
    }

    /// Ready when somebody tells.
    pub(crate) async fn told(&self) {
        let told = self.0.tell.notified();
        tokio::pin!(told);
        // Before the look, so that what is told between the two is heard.
        told.as_mut().enable();
        if !self.is_told() {
            told.await;
        }
    }
}
