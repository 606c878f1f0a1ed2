//! Work that keeps a processor busy for long: reading, checking and answering bulk requests. It is done on threads
//! of its own, so that it stands in nobody's way on those that answer requests; on half of the processors
//! at most, and for one tenant after the other.

use store::TenantKey;
use store::shares::Shares;
use tokio::task::spawn_blocking;

use crate::error::ServiceError;
use store::StoreError;

/// Places to work at.
#[derive(Debug, Clone)]
pub(crate) struct Workshop {
    places: Shares<TenantKey>,
}

impl Workshop {
    /// With a place for every other processor.
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with_places((processors / 2).max(1))
    }

    fn with_places(places: usize) -> Self {
        Self { places: Shares::new(places, places) }
    }

    /// Waits for a place, does `work` and gives what it gives. A panic of `work` goes on here.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the process is stopping.
    pub(crate) async fn run<T, F>(&self, tenant: TenantKey, work: F) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let place = self.places.take(tenant, 1).await;
        let worked = spawn_blocking(move || {
            let _place = place;
            work()
        });
        worked.await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => StoreError::Unavailable("the process is stopping".into()).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;
    use store::tenants::{LimitOverrides, NewTenant, TenantSettings};

    use super::*;
    use crate::tests::place::Place;

    async fn tenant() -> TenantKey {
        let place = Place::on_sqlite();
        let new = NewTenant {
            id: scim::id::Id::new(*b"tnt", 1),
            slug: "acme".into(),
            name: "Acme".into(),
            limits: LimitOverrides::default(),
            settings: TenantSettings::default(),
        };
        let store = place.open().await;
        let insert = store.write(move |tx| {
            let new = new.clone();
            Box::pin(async move { store::tenants::insert(tx, &new, 0).await })
        });
        insert.await.unwrap().key
    }

    #[tokio::test]
    async fn what_is_done_at_length_waits_for_a_place_and_leaves_it_however_it_ends() {
        let (workshop, tenant) = (Workshop::with_places(1), tenant().await);
        let (end, ended) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let workshop = workshop.clone();
            async move { workshop.run(tenant, move || ended.recv().unwrap()).await }
        });
        tokio::task::yield_now().await;
        let mut second = Box::pin(workshop.run(tenant, || panic!("a bug") as u32));

        assert!((&mut second).now_or_never().is_none());
        assert_eq!(workshop.places.waiting(), 1);
        end.send(()).unwrap();
        first.await.unwrap().unwrap();

        let second = std::panic::AssertUnwindSafe(second).catch_unwind().await;
        assert_eq!(second.unwrap_err().downcast_ref::<&str>(), Some(&"a bug"));
        assert_eq!(workshop.run(tenant, || 7).await.unwrap(), 7);
    }
}
