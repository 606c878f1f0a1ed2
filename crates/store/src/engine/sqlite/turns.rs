//! Whose job is next: a line for each [`Turn`], so that a tenant waits for its own work and not for all that
//! others have sent.
//!
//! The next job is of the line that has had the least of the writer's time. A line that was empty
//! begins where the others are: not having asked for a while gives no claim on the time to come, and having had
//! much is forgotten only when the others have had as much.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use crate::turn::Turn;

/// A slice counts as so many times the time that it took: where both want all of the writer, single
/// requests get three quarters of it.
const SLICE_WEIGHT: u32 = 3;

/// So many lines are remembered though nobody waits in them, before it is looked which can be forgotten.
const EMPTY_LINES_MAX: usize = 64;

/// Lines of jobs of any kind.
#[derive(Debug)]
pub(super) struct Turns<J> {
    lines: HashMap<Turn, Line<J>>,
    /// Those where somebody waits, by the time that they have had and the arrival of their first job.
    order: BTreeMap<(Duration, u64), Turn>,
    /// What the line had had that was served last.
    reached: Duration,
    arrivals: u64,
    len: usize,
    len_max: usize,
}

#[derive(Debug)]
struct Line<J> {
    /// With the number of their arrival.
    jobs: VecDeque<(u64, J)>,
    had: Duration,
}

impl<J> Turns<J> {
    /// Lines for at most `len_max` jobs altogether.
    pub(super) fn new(len_max: usize) -> Self {
        Self { lines: HashMap::new(), order: BTreeMap::new(), reached: Duration::ZERO, arrivals: 0, len: 0, len_max }
    }

    /// How many jobs wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Puts a job at the end of its line. When all is full, the last one of the longest line makes
    /// room and is given back; if no line is longer than this one, the job itself is.
    pub(super) fn push(&mut self, turn: Turn, job: J) -> Option<J> {
        let turned_away = if self.len < self.len_max {
            None
        } else {
            match self.longest_beside(turn) {
                Some(longest) => self.take_last(longest),
                None => return Some(job),
            }
        };
        if self.lines.len() > self.order.len() + EMPTY_LINES_MAX {
            let reached = self.reached;
            self.lines.retain(|_, line| !line.jobs.is_empty() || line.had > reached);
        }
        self.arrivals += 1;
        self.len += 1;
        let reached = self.reached;
        let line = self.lines.entry(turn).or_insert_with(|| Line { jobs: VecDeque::new(), had: reached });
        if line.jobs.is_empty() {
            line.had = line.had.max(reached);
            self.order.insert((line.had, self.arrivals), turn);
        }
        line.jobs.push_back((self.arrivals, job));
        turned_away
    }

    /// Whose job is next.
    pub(super) fn peek(&self) -> Option<Turn> {
        self.order.values().next().copied()
    }

    /// Takes the next job.
    pub(super) fn next(&mut self) -> Option<(Turn, J)> {
        let ((had, _), turn) = self.order.pop_first()?;
        let line = self.lines.get_mut(&turn)?;
        let (_, job) = line.jobs.pop_front()?;
        self.reached = self.reached.max(had);
        self.len -= 1;
        if let Some((arrival, _)) = line.jobs.front() {
            self.order.insert((had, *arrival), turn);
        }
        Some((turn, job))
    }

    /// Counts the time that a job took.
    pub(super) fn charge(&mut self, turn: Turn, took: Duration) {
        let Some(line) = self.lines.get_mut(&turn) else { return };
        let weight = if matches!(turn, Turn::Slice(_)) { SLICE_WEIGHT } else { 1 };
        let had = line.had + took * weight;
        if let Some((arrival, _)) = line.jobs.front() {
            self.order.remove(&(line.had, *arrival));
            self.order.insert((had, *arrival), turn);
        }
        line.had = had;
    }

    /// Whether anybody waits in another line.
    pub(super) fn others_wait(&self, turn: Turn) -> bool {
        self.order.len() > usize::from(self.waiting(turn) > 0)
    }

    /// Takes all jobs, in no order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = J> {
        self.order.clear();
        self.len = 0;
        std::mem::take(&mut self.lines).into_values().flat_map(|line| line.jobs).map(|(_, job)| job)
    }

    fn waiting(&self, turn: Turn) -> usize {
        self.lines.get(&turn).map_or(0, |line| line.jobs.len())
    }

    /// The longest line, if it stays no shorter than that of `turn` when one leaves the one and comes to the other.
    fn longest_beside(&self, turn: Turn) -> Option<Turn> {
        let (longest, line) = self.lines.iter().max_by_key(|(_, line)| line.jobs.len())?;
        (line.jobs.len() > self.waiting(turn) + 1).then_some(*longest)
    }

    fn take_last(&mut self, turn: Turn) -> Option<J> {
        // Two jobs at least, so the first one stays, and the order with it.
        let (_, job) = self.lines.get_mut(&turn)?.jobs.pop_back()?;
        self.len -= 1;
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenants::TenantKey;

    const ACME: Turn = Turn::Request(TenantKey(1));
    const BOLT: Turn = Turn::Request(TenantKey(2));
    const SLICE_OF_BOLT: Turn = Turn::Slice(TenantKey(2));
    const MILLISECOND: Duration = Duration::from_millis(1);

    fn queued(len_max: usize, jobs: &[(Turn, &'static str)]) -> Turns<&'static str> {
        let mut turns = Turns::new(len_max);
        for &(turn, job) in jobs {
            assert_eq!(turns.push(turn, job), None);
        }
        turns
    }

    /// Serves all that wait, each in so many milliseconds as its text has letters.
    fn served(turns: &mut Turns<&'static str>) -> Vec<&'static str> {
        let next = || {
            let (turn, job) = turns.next()?;
            turns.charge(turn, MILLISECOND * u32::try_from(job.len()).unwrap());
            Some(job)
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn those_of_one_turn_are_served_in_order() {
        let mut turns = queued(9, &[(ACME, "1"), (ACME, "2"), (ACME, "3")]);

        assert_eq!(served(&mut turns), ["1", "2", "3"]);
        assert_eq!(turns.len(), 0);
    }

    #[test]
    fn whoever_comes_last_waits_for_one_job_of_each_other_and_not_for_all() {
        let mut turns = queued(9, &[(ACME, "a"), (ACME, "b"), (ACME, "c"), (BOLT, "x"), (BOLT, "y")]);

        assert_eq!(served(&mut turns), ["a", "x", "b", "y", "c"]);
    }

    #[test]
    fn time_counts_and_not_the_number_of_jobs() {
        let mut turns =
            queued(9, &[(BOLT, "long"), (BOLT, "last"), (ACME, "a"), (ACME, "b"), (ACME, "c"), (ACME, "d")]);

        assert_eq!(served(&mut turns), ["long", "a", "b", "c", "d", "last"]);
    }

    #[test]
    fn requests_get_three_times_the_time_of_slices() {
        let requests = ["a", "b", "c", "d", "e", "f", "g"];
        let mut turns = queued(16, &[(SLICE_OF_BOLT, "1"), (SLICE_OF_BOLT, "2"), (SLICE_OF_BOLT, "3")]);
        for request in requests {
            turns.push(ACME, request);
        }

        assert_eq!(served(&mut turns), ["1", "a", "b", "c", "2", "d", "e", "f", "3", "g"]);
    }

    #[test]
    fn who_comes_back_has_no_claim_on_the_past_and_what_it_had_is_not_forgotten() {
        let mut turns = queued(9, &[(ACME, "a"), (BOLT, "ten ms....")]);
        served(&mut turns);
        for job in ["b", "c", "d"] {
            turns.push(ACME, job);
        }
        turns.push(BOLT, "x");
        turns.push(Turn::House, "h");

        // Acme has had a millisecond, Bolt ten; the house begins where both of them began.
        assert_eq!(served(&mut turns), ["h", "b", "c", "d", "x"]);
    }

    #[test]
    fn when_all_is_full_the_longest_line_gives_way_and_a_tenant_alone_is_refused() {
        let mut turns = queued(3, &[(BOLT, "x"), (BOLT, "y"), (BOLT, "z")]);

        assert_eq!(turns.push(BOLT, "more"), Some("more"));
        assert_eq!(turns.push(ACME, "a"), Some("z"));
        assert_eq!(turns.push(ACME, "b"), Some("b"), "it would be the longest then");

        assert_eq!(served(&mut turns), ["x", "a", "y"]);
    }

    #[test]
    fn somebody_else_waits_only_in_another_line() {
        let mut turns = queued(9, &[(SLICE_OF_BOLT, "1")]);
        assert!(!turns.others_wait(SLICE_OF_BOLT));

        turns.push(BOLT, "x");

        assert!(turns.others_wait(SLICE_OF_BOLT) && turns.others_wait(ACME));
        assert_eq!(turns.peek(), Some(SLICE_OF_BOLT));
        assert_eq!(turns.drain().count(), 2);
        assert!(!turns.others_wait(ACME));
    }

    #[test]
    fn lines_that_stand_empty_are_forgotten() {
        let mut turns = Turns::new(9);
        for tenant in 0..1000 {
            turns.push(Turn::Request(TenantKey(tenant)), "a");
            turns.next();
        }

        assert!(turns.lines.len() <= EMPTY_LINES_MAX + 2, "{}", turns.lines.len());
    }
}
