//! Time, ids and randomness: the only homes of now, of new ids and of random bytes. Tests use
//! the fixed and seeded kinds, so that their snapshots show true values.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use scim::id::Id;
use sha2::{Digest, Sha256};

/// Tells the time, in milliseconds since the beginning of 1970, UTC.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// One that stands still until [`Clock::advance`] moves it.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `ms`.
    #[must_use]
    pub fn fixed(ms: i64) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(ms)))
    }

    /// The time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    pub fn now(&self) -> i64 {
        match self {
            Self::System => jiff::Timestamp::now().as_millisecond(),
            Self::Fixed(ms) => ms.load(Ordering::SeqCst),
        }
    }

    /// Moves a fixed clock on. The machine's clock is not ours to move: nothing happens.
    pub fn advance(&self, ms: i64) {
        match self {
            Self::System => {}
            Self::Fixed(now) => {
                now.fetch_add(ms, Ordering::SeqCst);
            }
        }
    }
}

/// For how many ids each thread draws random bytes at once: 64.
const DRAWN_BYTES: usize = 64 * 8;

/// Gives random bytes.
#[derive(Debug, Clone, Default)]
pub enum Secrets {
    /// From the operating system's generator.
    #[default]
    System,
    /// The same bytes in the same order each time. For tests only.
    Seeded(Arc<AtomicU64>),
}

impl Secrets {
    /// A generator that can be foretold.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(AtomicU64::new(seed)))
    }

    /// Something that tells two processes apart, and takes nothing from what is foretold in tests.
    pub(crate) fn salt(&self) -> i64 {
        match self {
            Self::System => i64::from_be_bytes(self.bytes()),
            Self::Seeded(state) => state.load(Ordering::SeqCst).cast_signed(),
        }
    }

    /// What tells two ids of the same millisecond apart. Since that is no secret, it is drawn for many ids at
    /// a time: asking the system's generator takes longer than all else that an id needs.
    fn of_an_id(&self) -> [u8; 8] {
        thread_local! {
            static DRAWN: RefCell<(usize, [u8; DRAWN_BYTES])> = const { RefCell::new((DRAWN_BYTES, [0; DRAWN_BYTES])) };
        }
        match self {
            Self::Seeded(_) => self.bytes(),
            Self::System => DRAWN.with_borrow_mut(|(used, drawn)| {
                if *used == drawn.len() {
                    (*used, *drawn) = (0, self.bytes());
                }
                let next = *used + 8;
                let mut bytes = [0; 8];
                bytes.copy_from_slice(&drawn[*used..next]);
                *used = next;
                bytes
            }),
        }
    }

    /// Fills an array.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            Self::System => {
                SystemRandom::new().fill(&mut bytes).expect("the generator stops the process rather than fail");
            }
            Self::Seeded(state) => {
                for chunk in bytes.chunks_mut(32) {
                    let block = Sha256::digest(state.fetch_add(1, Ordering::SeqCst).to_be_bytes());
                    chunk.copy_from_slice(&block[..chunk.len()]);
                }
            }
        }
        bytes
    }
}

/// Gives new ids: UUIDv7 (RFC 9562 §5.7), so that rows made together lie together. Within one
/// process each is greater than the one before.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    secrets: Secrets,
    /// Milliseconds, then 12 bits that count within the millisecond.
    last: Arc<AtomicU64>,
}

impl Ids {
    /// Ids whose random part comes from `secrets`.
    #[must_use]
    pub fn new(secrets: Secrets) -> Self {
        Self { secrets, last: Arc::default() }
    }

    /// An id with this prefix that nothing has.
    #[must_use]
    pub fn next(&self, prefix: [u8; 3], now_ms: i64) -> Id {
        let earliest = now_ms.max(0).cast_unsigned() << 12;
        let later = |last: u64| earliest.max(last + 1);
        let last = self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(later(last)));
        let tick = later(last.unwrap_or_else(|last| last));
        let high = (tick & !0xfff) << 4 | 0x7000 | (tick & 0xfff);
        let low = u64::from_be_bytes(self.secrets.of_an_id()) >> 2 | 1 << 63;
        Id::new(prefix, u128::from(high) << 64 | u128::from(low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let clock = Clock::fixed(5);
        assert_eq!(clock.now(), 5);
        clock.clone().advance(10);
        assert_eq!(clock.now(), 15);
    }

    #[test]
    fn ids_of_one_millisecond_are_in_order_and_of_version_7() {
        let ids = Ids::new(Secrets::seeded(1));
        let made: Vec<Id> = (0..10_000).map(|_| ids.next(*b"usr", 1_700_000_000_000)).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
        for id in made {
            let bytes = id.to_bytes();
            assert_eq!((bytes[9] >> 4, bytes[11] >> 6), (7, 2));
        }
    }

    #[test]
    fn ids_of_the_system_differ_in_what_is_random() {
        let ids = Ids::default();
        let made: std::collections::BTreeSet<u64> = (0..1000)
            .map(|_| ids.next(*b"usr", 5).to_bytes()[11..].iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte)))
            .collect();
        assert_eq!(made.len(), 1000);
    }

    #[test]
    fn an_id_carries_its_time() {
        let id = Ids::default().next(*b"tnt", 1_700_000_000_000);
        let mut ms = [0; 8];
        ms[2..].copy_from_slice(&id.to_bytes()[3..9]);
        assert_eq!(u64::from_be_bytes(ms), 1_700_000_000_000);
    }

    #[test]
    fn seeded_secrets_repeat_and_system_ones_do_not() {
        assert_eq!(Secrets::seeded(7).bytes::<40>(), Secrets::seeded(7).bytes::<40>());
        assert_ne!(Secrets::System.bytes::<32>(), Secrets::System.bytes::<32>());
    }
}
