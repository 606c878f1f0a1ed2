//! What the operator is told of a database that does not take the request log: that it began, and when it is over how
//! many requests were left out. Nothing in between, since whatever else fails says so itself.

use super::RequestLogStats;

/// What has been told.
#[derive(Debug, Default)]
pub(super) struct Outage {
    /// How many had been left out before it; `None` when there is none.
    began_at: Option<u64>,
    /// What was known after the last try.
    before: (u64, u64),
}

/// What there is to tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Requests cannot be written.
    Began,
    /// They are written again.
    Ended {
        /// How many were not.
        left_out: u64,
    },
}

impl Outage {
    /// What a try to write what waits makes known.
    pub(super) fn news(&mut self, has_failed: bool, stats: RequestLogStats) -> Option<News> {
        let (left_out, written) = std::mem::replace(&mut self.before, (stats.left_out_failed, stats.written));
        match self.began_at {
            None if has_failed => {
                self.began_at = Some(left_out);
                Some(News::Began)
            }
            // Only what was written shows that the database is back: there may have been nothing to write.
            Some(began_at) if !has_failed && stats.written > written => {
                self.began_at = None;
                Some(News::Ended { left_out: stats.left_out_failed - began_at })
            }
            Some(_) | None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_when_it_begins_and_when_it_ends() {
        let mut outage = Outage::default();
        let mut after = |has_failed, written, left_out_failed| {
            let (waiting, left_out_full, left_out_flood) = (0, 0, 0);
            let stats = RequestLogStats { waiting, written, left_out_full, left_out_flood, left_out_failed };
            outage.news(has_failed, stats)
        };

        assert_eq!(after(false, 10, 0), None);
        assert_eq!(after(true, 10, 3), Some(News::Began));
        assert_eq!(after(true, 10, 60), None);
        assert_eq!(after(false, 10, 60), None, "nothing was there to be written");
        assert_eq!(after(false, 11, 60), Some(News::Ended { left_out: 60 }));
        assert_eq!(after(false, 12, 60), None);
        assert_eq!(after(true, 12, 62), Some(News::Began));
        assert_eq!(after(false, 13, 62), Some(News::Ended { left_out: 2 }));
    }
}
