//! Room for large bodies: how many bytes of them are in memory at a time, of all tenants and of each.
//!
//! A body takes room before it is read and keeps it until its request is answered. What does not fit waits,
//! unread, a while; the tenant that holds the least is let in first. No tenant has more than half, so that
//! one that fills its part keeps nobody else out.

use std::time::Duration;

use scim::id::Id;
use service::{Share, Shares};
use tokio::time::timeout;

use super::body::BodyError;
use crate::Options;

/// Bodies of requests other than bulk requests count only when they are larger than this.
pub(crate) const SMALL_BODY_BYTES: usize = 1024 * 1024;

/// What a body holds while it is in memory.
pub(crate) type RoomTaken = Share<Id>;

/// Room for bodies. Clones are of the same.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    shares: Shares<Id>,
    patience: Duration,
}

impl Room {
    pub(crate) fn new(options: &Options) -> Self {
        let total = options.bodies_in_flight_bytes_max;
        Self { shares: Shares::new(total, total / 2), patience: options.bodies_in_flight_wait }
    }

    /// Waits for room for so many bytes.
    ///
    /// # Errors
    /// [`BodyError::NoRoom`] when there was none for too long.
    pub(crate) async fn take(&self, tenant: Id, bytes: usize) -> Result<RoomTaken, BodyError> {
        let taken = timeout(self.patience, self.shares.take(tenant, bytes)).await;
        taken.map_err(|_| BodyError::NoRoom { own: self.shares.is_at_most(tenant, bytes) })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    fn room(bodies_in_flight_bytes_max: usize) -> Room {
        Room::new(&Options { bodies_in_flight_bytes_max, bodies_in_flight_wait: Duration::ZERO, ..Options::default() })
    }

    fn tenant(number: u128) -> Id {
        Id::new(*b"tnt", number)
    }

    #[tokio::test]
    async fn of_sixteen_large_bodies_as_many_are_let_in_as_there_is_room_for() {
        const MIB: usize = 1024 * 1024;
        let room = room(64 * MIB);

        let own = join_all((0..16).map(|_| room.take(tenant(1), 16 * MIB))).await;
        let others = join_all((2..16).map(|number| room.take(tenant(number), 16 * MIB))).await;

        let let_in = |taken: &[Result<RoomTaken, BodyError>]| taken.iter().filter(|taken| taken.is_ok()).count();
        assert_eq!((let_in(&own), let_in(&others)), (2, 2), "64 MiB, half of it for one tenant");
        assert_eq!(own[15].as_ref().unwrap_err(), &BodyError::NoRoom { own: true });
        assert_eq!(others[13].as_ref().unwrap_err(), &BodyError::NoRoom { own: false });
        drop((own, others));
        assert!(room.take(tenant(1), 16 * MIB).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_that_is_larger_than_half_of_the_room_is_let_in_alone() {
        let room = room(16);

        let whole = room.take(tenant(1), 16).await;

        assert!(whole.is_ok());
        assert_eq!(room.take(tenant(2), 1).await.unwrap_err(), BodyError::NoRoom { own: false });
    }
}
