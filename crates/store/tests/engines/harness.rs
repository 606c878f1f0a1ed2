//! A fresh store for each test.

use store::{Options, Store};

/// Runs a test on each engine, with a new and empty store of its own.
pub(crate) fn each_engine(test: impl AsyncFn(Store)) {
    each_engine_with(|_| {}, test);
}

/// [`each_engine`], with the store opened in another way.
pub(crate) fn each_engine_with(change: impl Fn(&mut Options), test: impl AsyncFn(Store)) {
    let directory = tempfile::tempdir().unwrap();
    let mut options = Options::new(directory.path().join("muster.db"));
    change(&mut options);
    block_on(async {
        let store = Store::open(&options).await.unwrap();
        test(store.clone()).await;
        store.close().await;
    });
}

/// Runs an async test.
pub(crate) fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}
