//! A whole database, copied from SQLite to PostgreSQL.

use std::sync::{Arc, Mutex};

use scim::id::Id;
use serde_json::json;
use store::scim_tokens;
use store::sql::Stmt;
use store::transfer::copy::{Batch, Compared, CopyError, Phase, Progress, copy};
use store::transfer::tables::{Kind, TABLES};
use store::{Options, PostgresOptions, Store, StoreError};
use testdb::{Cluster, Database};

use crate::directory::Directory;
use crate::harness::{Place, block_on};
use crate::invariants::expect_sound;
use crate::tenant_files::{WHOLE, a_tenant, written};

/// Small enough that each table takes several.
const SMALL: Batch = Batch { rows: 2, bytes: 1000 };

struct Copying {
    source: Store,
    acme: Directory,
    database: Database<'static>,
    _place: Place,
}

impl Copying {
    /// A source with something in every table, and an empty database.
    async fn new() -> Self {
        let place = Place::new();
        let source = Store::open(&place.options()).await.unwrap();
        let acme = a_tenant(&source).await;
        fill_empty_tables(&source, acme.tenant).await;
        Self { source, acme, database: Cluster::shared().database(), _place: place }
    }

    fn options(&self) -> Options {
        Options { postgres: Some(PostgresOptions::new(self.database.url())), ..Options::on_postgres("") }
    }

    /// Copies until `stop` says so.
    async fn copy_until(
        &self,
        mut stop: impl FnMut(Progress) -> bool + Send,
    ) -> Option<Result<Vec<Compared>, CopyError>> {
        let target = Store::open_target(&self.options()).await.unwrap();
        let (stopped, mut seen) = tokio::sync::mpsc::unbounded_channel();
        let mut watch = |progress| {
            if stop(progress) {
                stopped.send(()).unwrap();
            }
        };
        // What has begun to be written is written to its end, as PostgreSQL does when we are killed.
        let outcome = tokio::select! {
            biased;
            _ = seen.recv() => None,
            outcome = copy(&self.source, &target, SMALL, &mut watch) => Some(outcome),
        };
        target.close().await;
        outcome
    }

    async fn copy(&self) -> Result<Vec<Compared>, CopyError> {
        self.copy_until(|_| false).await.unwrap()
    }

    /// The source's tenant in the target.
    async fn opened(&self) -> Directory {
        let store = Store::open(&self.options()).await.unwrap();
        let mut acme = Directory::of(&store, self.acme.tenant, 1000);
        acme.unique.clone_from(&self.acme.unique);
        acme
    }
}

/// Puts a row into each table that has none, whichever that are.
async fn fill_empty_tables(store: &Store, tenant: store::TenantKey) {
    for table in TABLES {
        let values = table.columns.iter().map(|column| match (column.name, column.kind) {
            ("tenant", _) => "$1".to_owned(),
            (_, Kind::Int | Kind::Type) => "7".to_owned(),
            (_, Kind::Text | Kind::Json) => "'{\"a\": \"\u{fc}\\n\"}'".to_owned(),
            (_, Kind::Bytes | Kind::Id) => "x'00ff10'".to_owned(),
        });
        let values = values.collect::<Vec<_>>().join(", ");
        let names = table.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
        let name = table.name;
        let text =
            format!("INSERT INTO {name} ({names}) SELECT {values} WHERE NOT EXISTS (SELECT 1 FROM {name}) AND $1 = $1");
        let statement = Arc::new(Stmt::built(text.clone(), text));
        let filled = store.write(move |tx| {
            let statement = Arc::clone(&statement);
            Box::pin(async move { tx.execute(&statement, &[tenant.into()]).await })
        });
        filled.await.unwrap();
    }
}

#[test]
fn everything_is_copied_and_equal_on_both_sides() {
    block_on(async {
        let copying = Copying::new().await;

        let compared = copying.copy().await.unwrap();

        let empty: Vec<_> = compared.iter().filter(|table| table.rows == 0).map(|table| table.table).collect();
        assert_eq!((compared.len(), empty), (TABLES.len(), vec![]));
        let acme = copying.opened().await;
        let (here, there) =
            (written(&copying.source, acme.tenant, WHOLE).await, written(&acme.store, acme.tenant, WHOLE).await);
        assert_eq!(here, there);
        assert_eq!(acme.store.check().await, Ok(vec![]));
        expect_sound(&acme).await;
        acme.store.close().await;
    });
}

#[test]
fn what_was_copied_is_worked_with_as_if_it_had_always_been_there() {
    block_on(async {
        let copying = Copying::new().await;
        // The last number was given to somebody who is gone.
        let gone = copying.acme.user("gone2").await;
        let last = copying.acme.get(gone).await.unwrap().key;
        copying.acme.delete(gone, "").await.unwrap();
        copying.copy().await.unwrap();
        let acme = copying.opened().await;

        let eve = acme.user("eve").await;
        let bolt = Directory::new(&acme.store, "bolt").await;
        let tenant = acme.tenant;
        let token =
            acme.store.read(move |tx| Box::pin(async move { scim_tokens::by_hash(tx, tenant, &[2; 32]).await }));

        assert!(acme.get(eve).await.unwrap().key > last);
        assert_eq!(token.await.unwrap().unwrap().0.id, Id::new(*b"sct", 1));
        assert_eq!(acme.events().await.len(), copying.acme.events().await.len() + 1);
        bolt.user("bob").await;
        expect_sound(&acme).await;
        acme.store.close().await;
    });
}

#[test]
fn a_copy_that_is_broken_off_again_and_again_goes_on_where_it_was() {
    block_on(async {
        let copying = Copying::new().await;
        let (mut attempts, mut copied) = (0, 0);

        let compared = loop {
            let mut steps = 0;
            let outcome = copying.copy_until(|progress| {
                steps += u32::from(progress.phase == Phase::Copying && progress.done > 0);
                assert_ne!(progress.phase, Phase::StartingOver);
                copied = copied.max(progress.done);
                // What is complete is passed over in no step at all, so each attempt comes further.
                steps > attempts && progress.phase == Phase::Copying
            });
            if let Some(outcome) = outcome.await {
                break outcome.unwrap();
            }
            attempts += 1;

            let refused = Store::open(&copying.options()).await.unwrap_err();
            assert!(refused.to_string().contains("run `muster migrate-to` again"), "{refused}");
            let refused = Store::open_to_read(&copying.options()).await.unwrap_err();
            assert!(refused.to_string().contains("run `muster migrate-to` again"), "{refused}");
        };

        assert!(attempts > 5, "{attempts}");
        assert_eq!(compared, Copying::new().await.copy().await.unwrap());
        copying.opened().await.store.close().await;
    });
}

#[test]
fn what_has_changed_in_the_source_since_an_attempt_is_copied_anew() {
    block_on(async {
        let copying = Copying::new().await;
        let broken_off = copying.copy_until(|progress| progress.phase == Phase::Comparing).await;
        assert_eq!(broken_off, None);
        let ana = copying.acme.events().await[0].resource;
        let title = json!([{ "op": "replace", "path": "title", "value": "Boss" }]);
        copying.acme.patch(ana, "", title).await.unwrap();
        let phases = Mutex::new(Vec::new());

        let again = copying.copy_until(|progress| {
            phases.lock().unwrap().push(progress.phase);
            false
        });
        again.await.unwrap().unwrap();

        assert!(phases.lock().unwrap().contains(&Phase::StartingOver));
        let acme = copying.opened().await;
        assert!(acme.get(ana).await.unwrap().body.contains("Boss"));
        expect_sound(&acme).await;
        acme.store.close().await;
    });
}

#[test]
fn a_database_that_holds_data_is_no_target() {
    block_on(async {
        let copying = Copying::new().await;
        copying.copy().await.unwrap();

        let again = Store::open_target(&copying.options()).await.unwrap_err();
        let file = Store::open_target(&Options::new("muster.db")).await.unwrap_err();

        assert!(again.to_string().contains("it holds data already"), "{again}");
        assert!(file.to_string().contains("only a PostgreSQL database can be copied to"), "{file}");
    });
}

#[test]
fn the_unfinished_copy_of_another_database_is_not_touched() {
    block_on(async {
        let one = Copying::new().await;
        let other = Copying::new().await;
        Directory::new(&one.source, "third").await;
        one.copy_until(|progress| progress.table == "scim_tokens").await;

        let other = Copying { database: one.database, ..other };
        let refused = other.copy().await.unwrap_err();

        assert_eq!(refused, CopyError::OtherSource);
        assert_eq!(other.database.sql("SELECT count(*) FROM tenants"), "3");
    });
}

#[test]
fn a_difference_that_stays_is_told_and_the_target_stays_closed() {
    block_on(async {
        let copying = Copying::new().await;
        Store::open_target(&copying.options()).await.unwrap().close().await;
        copying.database.sql(
            "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.value = 'x'; RETURN NEW; END $$;
             CREATE TRIGGER meddle BEFORE INSERT ON attribute_values FOR EACH ROW WHEN (NEW.value LIKE '%home%')
             EXECUTE FUNCTION meddle()",
        );

        let refused = copying.copy().await.unwrap_err();

        let CopyError::Differs { table, tenant } = refused else { panic!("another error") };
        assert_eq!((table, tenant.is_some()), ("attribute_values", true));
        assert!(matches!(Store::open(&copying.options()).await, Err(StoreError::Incompatible(_))));
    });
}
