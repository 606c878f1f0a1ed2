//! What was looked up lately, by key, and how long that is believed.
//!
//! Whoever changes what is kept here announces it in the transaction of the change
//! ([`store::Change`]); every process that hears of it drops all entries, the one that made the change
//! before it answers. An entry is thus good as long as it is certain that we hear of changes. When
//! that is not certain, it is good for a second ([`UNCONFIRMED_MS_MAX`]) after the later of two
//! moments: when it was read, and when it was last certain. Only what was found is kept, so
//! something new needs no announcement.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// For how long what others may have changed meanwhile is believed at most: the bound within which
/// a revoked token is refused everywhere, also when announcements do not arrive.
pub(crate) const UNCONFIRMED_MS_MAX: i64 = 1000;

/// How long what comes from the database is believed in any case. Somebody may change rows by hand,
/// and announce nothing.
pub(crate) const ROW_AGE_MS_MAX: i64 = 60_000;

/// How many entries there are at most; when there would be more, all are dropped.
const ENTRIES_MAX: usize = 50_000;

/// A cache.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    age_ms_max: i64,
    inner: Mutex<Inner<K, V>>,
}

#[derive(Debug)]
struct Inner<K, V> {
    entries: HashMap<K, (i64, V)>,
    generation: u64,
}

/// When something is looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// The time.
    pub(crate) now: i64,
    /// How long ago it was last certain that we had heard of every change.
    pub(crate) unconfirmed_ms: i64,
}

/// When a lookup began: what it found is not remembered if the cache was dropped since.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    at: i64,
    generation: u64,
}

impl Moment {
    /// Now, when that long ago we had heard of everything.
    pub(crate) fn new(now: i64, unconfirmed_for: Duration) -> Self {
        Self { now, unconfirmed_ms: i64::try_from(unconfirmed_for.as_millis()).unwrap_or(i64::MAX) }
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// A cache whose entries grow that old at most.
    pub(crate) fn new(age_ms_max: i64) -> Self {
        Self { age_ms_max, inner: Mutex::new(Inner { entries: HashMap::new(), generation: 0 }) }
    }

    /// What is known and can be believed.
    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q, moment: Moment) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let inner = self.lock();
        let (since, value) = inner.entries.get(key)?;
        // A clock may be set back.
        let age_ms = (moment.now - since).abs();
        let is_good = age_ms < self.age_ms_max && age_ms.min(moment.unconfirmed_ms) < UNCONFIRMED_MS_MAX;
        is_good.then(|| value.clone())
    }

    /// To be called before a lookup.
    pub(crate) fn begin(&self, moment: Moment) -> Begun {
        Begun { at: moment.now, generation: self.lock().generation }
    }

    /// Remembers what a lookup found.
    pub(crate) fn put(&self, begun: Begun, key: K, value: V) {
        let mut inner = self.lock();
        if inner.generation != begun.generation {
            return;
        }
        if inner.entries.len() >= ENTRIES_MAX {
            inner.entries.clear();
        }
        inner.entries.insert(key, (begun.at, value));
    }

    /// Forgets everything, also what lookups that have begun will find.
    pub(crate) fn drop_all(&self) {
        let mut inner = self.lock();
        inner.generation += 1;
        inner.entries.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner<K, V>> {
        // No code of ours panics while it holds the lock; a map is whole in any case.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(now: i64, unconfirmed_ms: i64) -> Moment {
        Moment { now, unconfirmed_ms }
    }

    fn with_an_entry_of_5000() -> Cache<&'static str, u32> {
        let cache = Cache::new(ROW_AGE_MS_MAX);
        cache.put(cache.begin(at(5000, 0)), "a", 1);
        cache
    }

    #[test]
    fn an_entry_is_good_while_changes_are_heard_of() {
        let cache = with_an_entry_of_5000();
        assert_eq!(cache.get("a", at(5000 + ROW_AGE_MS_MAX - 1, 300)), Some(1));
        assert_eq!(cache.get("a", at(5000 + ROW_AGE_MS_MAX, 300)), None);
        assert_eq!(cache.get("b", at(5000, 0)), None);
    }

    #[test]
    fn an_entry_lives_a_second_while_changes_are_not_heard_of() {
        let cache = with_an_entry_of_5000();
        assert_eq!(cache.get("a", at(5999, 1_000_000)), Some(1));
        assert_eq!(cache.get("a", at(6000, 1_000_000)), None);
        // It was read when all was certain: a second after that.
        assert_eq!(cache.get("a", at(20_000, 999)), Some(1));
        assert_eq!(cache.get("a", at(20_000, 1000)), None);
        assert_eq!(cache.get("a", at(4000, 1000)), None, "the clock was set back");
    }

    #[test]
    fn what_was_looked_up_before_a_change_is_not_remembered_after_it() {
        let cache = Cache::new(ROW_AGE_MS_MAX);
        let begun = cache.begin(at(5000, 0));
        cache.drop_all();
        cache.put(begun, "a", 1);
        assert_eq!(cache.get("a", at(5000, 0)), None);
    }

    #[test]
    fn a_flood_of_keys_does_not_fill_the_memory() {
        let cache = Cache::new(ROW_AGE_MS_MAX);
        for key in 0..=ENTRIES_MAX {
            cache.put(cache.begin(at(0, 0)), key, ());
        }
        assert_eq!(cache.get(&ENTRIES_MAX, at(0, 0)), Some(()));
        assert_eq!(cache.get(&0, at(0, 0)), None);
    }
}
