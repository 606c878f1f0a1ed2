//! Something that there is only so much of: bytes of memory, places to work at. Whoever wants some waits until there
//! is enough. Of those who wait it is given first to whoever holds the least, and then to whoever was given some least
//! recently.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// What is shared among those whom a `K` names. Clones are handles on the same.
#[derive(Debug)]
pub struct Shares<K: Copy + Eq + Hash>(Arc<Mutex<State<K>>>);

impl<K: Copy + Eq + Hash> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct State<K> {
    total: usize,
    free: usize,
    /// What one may hold of it in several parts.
    each_max: usize,
    held: HashMap<K, usize>,
    /// When each was last given some: the number of that.
    given: HashMap<K, u64>,
    gifts: u64,
    /// In the order of their coming.
    waiting: Vec<Waiting<K>>,
}

struct Waiting<K> {
    who: K,
    amount: usize,
    granted: oneshot::Sender<()>,
}

impl<K> fmt::Debug for State<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("free", &self.free).field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

/// So many are remembered who were given some and hold nothing now.
const REMEMBERED_MAX: usize = 128;

/// A part that somebody holds, until it is dropped.
#[derive(Debug)]
pub struct Share<K: Copy + Eq + Hash> {
    of: Shares<K>,
    who: K,
    amount: usize,
}

impl<K: Copy + Eq + Hash> Shares<K> {
    /// `total` of it, of which one may hold `each_max` at a time, or one part that is larger.
    pub fn new(total: usize, each_max: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            total,
            free: total,
            each_max,
            held: HashMap::new(),
            given: HashMap::new(),
            gifts: 0,
            waiting: Vec::new(),
        })))
    }

    /// Waits for `amount` of it, or for all that there is, if that is less. Whoever stops waiting has nothing.
    pub async fn take(&self, who: K, amount: usize) -> Share<K> {
        let (granted, grant) = oneshot::channel();
        let amount = {
            let mut state = self.state();
            let amount = amount.min(state.total);
            state.waiting.push(Waiting { who, amount, granted });
            state.grant();
            amount
        };
        let mut place = Place { share: Some(Share { of: self.clone(), who, amount }), grant };
        // The other end is dropped only after it was told.
        let told = (&mut place.grant).await;
        debug_assert!(told.is_ok(), "nobody is forgotten");
        place.share.take().expect("it is there until here")
    }

    /// Whether it is what they hold themselves that keeps them from having so much more.
    pub fn is_at_most(&self, who: K, amount: usize) -> bool {
        !self.state().may_have(who, amount)
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.state().waiting.iter().filter(|waiting| !waiting.granted.is_closed()).count()
    }

    fn give_back(&self, who: K, amount: usize) {
        let mut state = self.state();
        state.free += amount;
        if let Some(held) = state.held.get_mut(&who) {
            *held -= amount;
            if *held == 0 {
                state.held.remove(&who);
            }
        }
        state.grant();
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        // No code of ours panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> State<K> {
    fn held_by(&self, who: K) -> usize {
        self.held.get(&who).copied().unwrap_or(0)
    }

    fn may_have(&self, who: K, amount: usize) -> bool {
        let held = self.held_by(who);
        held == 0 || held + amount <= self.each_max
    }

    /// Gives to those who wait what there is. Nobody gets ahead by wanting less, so that much is had in the end too.
    fn grant(&mut self) {
        self.waiting.retain(|waiting| !waiting.granted.is_closed());
        if self.given.len() > self.held.len() + REMEMBERED_MAX {
            let newest = self.gifts - (REMEMBERED_MAX / 2) as u64;
            self.given.retain(|_, gift| *gift > newest);
        }
        loop {
            let candidates = self.waiting.iter().enumerate().filter(|(_, w)| self.may_have(w.who, w.amount));
            let first = candidates.min_by_key(|(place, waiting)| {
                (self.held_by(waiting.who), self.given.get(&waiting.who).copied().unwrap_or(0), *place)
            });
            let Some((place, _)) = first.filter(|(_, waiting)| waiting.amount <= self.free) else { return };
            let Waiting { who, amount, granted } = self.waiting.remove(place);
            // Otherwise it has just gone.
            if granted.send(()).is_ok() {
                self.free -= amount;
                *self.held.entry(who).or_default() += amount;
                self.gifts += 1;
                self.given.insert(who, self.gifts);
            }
        }
    }
}

/// Somebody who waits, and may go away.
struct Place<K: Copy + Eq + Hash> {
    share: Option<Share<K>>,
    grant: oneshot::Receiver<()>,
}

impl<K: Copy + Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let Some(share) = self.share.take() else { return };
        self.grant.close();
        if self.grant.try_recv().is_ok() {
            // It came too late, and goes back.
            return;
        }
        // Nothing to give back; but whoever came later may have it now.
        let of = share.of.clone();
        share.forget();
        of.state().grant();
    }
}

impl<K: Copy + Eq + Hash> Share<K> {
    /// Gives back all but `amount`.
    pub fn shrink_to(&mut self, amount: usize) {
        let surplus = self.amount.saturating_sub(amount);
        self.amount -= surplus;
        self.of.give_back(self.who, surplus);
    }

    /// Takes nothing back when it is dropped.
    fn forget(mut self) {
        self.amount = 0;
    }
}

impl<K: Copy + Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        if self.amount > 0 {
            self.of.give_back(self.who, self.amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Somebody who wants a share.
    struct Asking(Pin<Box<dyn Future<Output = Share<char>>>>);

    impl Asking {
        fn of(shares: &Shares<char>, who: char, amount: usize) -> Self {
            let shares = shares.clone();
            let mut asking = Self(Box::pin(async move { shares.take(who, amount).await }));
            assert!(asking.share().is_none(), "{who} did not have to wait");
            asking
        }

        fn share(&mut self) -> Option<Share<char>> {
            match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(share) => Some(share),
                Poll::Pending => None,
            }
        }
    }

    fn taken(shares: &Shares<char>, who: char, amount: usize) -> Share<char> {
        let mut future = Box::pin(shares.take(who, amount));
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(share) => share,
            Poll::Pending => panic!("{who} has to wait"),
        }
    }

    #[test]
    fn what_is_given_back_goes_to_who_holds_the_least_and_then_to_who_came_first() {
        let shares = Shares::new(4, 4);
        let first = taken(&shares, 'a', 2);
        let second = taken(&shares, 'a', 2);
        let mut more = Asking::of(&shares, 'a', 2);
        let mut other = Asking::of(&shares, 'b', 2);

        drop(first);

        let other = other.share().unwrap();
        assert!(more.share().is_none());
        drop((second, other));
        assert!(more.share().is_some());
    }

    #[test]
    fn who_was_given_some_waits_for_one_of_each_other() {
        let shares = Shares::new(1, 1);
        let mut held = Some(taken(&shares, 'a', 1));
        let mut waiting: Vec<_> = "aabba".chars().map(|who| (who, Asking::of(&shares, who, 1))).collect();
        let mut order = String::new();

        while held.take().is_some() {
            let next = waiting.iter_mut().enumerate().find_map(|(place, (_, asking))| Some((place, asking.share()?)));
            let Some((place, share)) = next else { break };
            order.push(waiting.remove(place).0);
            held = Some(share);
        }

        assert_eq!(order, "babaa");
    }

    #[test]
    fn nobody_holds_more_than_may_be_and_others_do_not_wait_for_that() {
        let shares = Shares::new(4, 2);
        let held = taken(&shares, 'a', 2);
        let mut more = Asking::of(&shares, 'a', 1);

        assert!(shares.is_at_most('a', 1) && !shares.is_at_most('b', 2));
        drop(taken(&shares, 'b', 2));

        assert!(more.share().is_none());
        drop(held);
        assert!(more.share().is_some());
    }

    #[test]
    fn who_holds_nothing_may_have_any_amount_and_of_too_much_all_that_there_is() {
        let shares = Shares::new(4, 2);

        let all = taken(&shares, 'a', 100);

        assert_eq!(all.amount, 4);
        assert!(shares.is_at_most('a', 1) && !shares.is_at_most('b', 100));
    }

    #[test]
    fn who_wants_much_is_not_passed_by_who_wants_little() {
        let shares = Shares::new(4, 4);
        let held = taken(&shares, 'a', 2);
        let mut much = Asking::of(&shares, 'b', 4);
        let mut little = Asking::of(&shares, 'c', 1);

        drop(held);

        assert!(little.share().is_none());
        drop(much.share().unwrap());
        assert!(little.share().is_some());
    }

    #[test]
    fn who_goes_away_has_nothing_and_lets_the_next_one_in() {
        let shares = Shares::new(4, 4);
        let held = taken(&shares, 'a', 2);
        let much = Asking::of(&shares, 'b', 4);
        let mut little = Asking::of(&shares, 'c', 1);
        assert_eq!(shares.waiting(), 2);

        drop(much);

        let little = little.share().unwrap();
        let too_late = Asking::of(&shares, 'd', 2);
        drop(held);
        drop(too_late);
        drop(little);
        assert_eq!(taken(&shares, 'e', 4).amount, 4);
    }

    #[test]
    fn what_is_not_needed_after_all_goes_to_others() {
        let shares = Shares::new(4, 4);
        let mut held = taken(&shares, 'a', 4);
        let mut other = Asking::of(&shares, 'b', 3);

        held.shrink_to(1);

        assert!(other.share().is_some());
    }
}
