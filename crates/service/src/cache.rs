//! What was looked up lately, by key. What comes from the database is believed for a second
//! ([`FRESH_MS`]): the bound within which a change made by another process is seen. Changes made
//! by this process are seen at once, as each drops all entries.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long what comes from the database is believed.
pub(crate) const FRESH_MS: i64 = 1000;

/// How many entries there are at most; when there would be more, all are dropped.
const ENTRIES_MAX: usize = 50_000;

/// A cache.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    life_ms: i64,
    inner: Mutex<Inner<K, V>>,
}

#[derive(Debug)]
struct Inner<K, V> {
    entries: HashMap<K, (i64, V)>,
    generation: u64,
}

/// When a lookup began: what it found is not remembered if the cache was dropped since.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun(u64);

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// A cache whose entries live that long.
    pub(crate) fn new(life_ms: i64) -> Self {
        Self { life_ms, inner: Mutex::new(Inner { entries: HashMap::new(), generation: 0 }) }
    }

    /// What is known and not too old.
    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q, now: i64) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let inner = self.lock();
        let (since, value) = inner.entries.get(key)?;
        ((now - since).abs() < self.life_ms).then(|| value.clone())
    }

    /// To be called before a lookup.
    pub(crate) fn begin(&self) -> Begun {
        Begun(self.lock().generation)
    }

    /// Remembers what a lookup found.
    pub(crate) fn put(&self, begun: Begun, key: K, value: V, now: i64) {
        let mut inner = self.lock();
        if inner.generation != begun.0 {
            return;
        }
        if inner.entries.len() >= ENTRIES_MAX {
            inner.entries.clear();
        }
        inner.entries.insert(key, (now, value));
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

    #[test]
    fn an_entry_lives_a_second() {
        let cache = Cache::new(FRESH_MS);
        cache.put(cache.begin(), "a", 1, 5000);
        assert_eq!(cache.get("a", 5999), Some(1));
        assert_eq!(cache.get("a", 6000), None);
        assert_eq!(cache.get("b", 5000), None);
    }

    #[test]
    fn what_was_looked_up_before_a_change_is_not_remembered_after_it() {
        let cache = Cache::new(FRESH_MS);
        let begun = cache.begin();
        cache.drop_all();
        cache.put(begun, "a", 1, 5000);
        assert_eq!(cache.get("a", 5000), None);
    }

    #[test]
    fn a_flood_of_keys_does_not_fill_the_memory() {
        let cache = Cache::new(FRESH_MS);
        for key in 0..=ENTRIES_MAX {
            cache.put(cache.begin(), key, (), 0);
        }
        assert_eq!(cache.get(&ENTRIES_MAX, 0), Some(()));
        assert_eq!(cache.get(&0, 0), None);
    }
}
