//! Being told to stop: no further request, but what was made is still removed; told again, not even that.

use std::sync::Arc;

use tokio::sync::watch;

/// Told once, heard everywhere. Cheap to clone; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<watch::Sender<Stage>>);

/// How far a run may still go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// To its end.
    #[default]
    Running,
    /// It may clean up.
    Told,
    /// It may say what is left.
    GivenUp,
}

impl Stop {
    /// Ends the run before its next request; who waits stops waiting. What was made is removed.
    pub fn tell(&self) {
        self.reach(Stage::Told);
    }

    /// Ends the run at once: what was made and is not yet removed stays, and the report names it.
    pub fn give_up(&self) {
        self.reach(Stage::GivenUp);
    }

    /// Whether somebody has told.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.has_reached(Stage::Told)
    }

    pub(crate) fn has_reached(&self, stage: Stage) -> bool {
        *self.0.borrow() >= stage
    }

    /// Ready when it has come so far.
    pub(crate) async fn reached(&self, stage: Stage) {
        let mut stages = self.0.subscribe();
        // An error stands for a sender that is gone; this one is ours.
        drop(stages.wait_for(|now| *now >= stage).await);
    }

    fn reach(&self, stage: Stage) {
        self.0.send_modify(|now| *now = stage.max(*now));
    }
}
