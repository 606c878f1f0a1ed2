//! Resources that many create at the same time.

use futures_util::future::join_all;
use serde_json::json;
use store::StoreError;
use store::events::Kind;
use store::resources::apply::WriteError;

use crate::directory::Directory;
use crate::harness::{each_engine, on_postgres};

#[test]
fn those_who_create_at_once_share_commits_and_each_gets_what_is_its_own() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        let bolt = Directory::new(&store, "bolt").await;
        let before = store.stats();

        let created = (0..200).map(|number| {
            let directory = if number % 4 == 0 { &bolt } else { &acme };
            let (name, email) = (format!("User{number}"), format!("user{number}@example.com"));
            directory.try_create_with_others(json!({
                "userName": name, "externalId": name, "displayName": name, "active": number % 3 != 0,
                "password": "hushhush", "emails": [{ "value": email }],
            }))
        });
        let created: Vec<_> = join_all(created).await.into_iter().map(|created| created.unwrap().unwrap()).collect();

        let after = store.stats();
        assert_eq!(after.writes - before.writes, 200);
        assert!(after.commits - before.commits < 100, "{after:?}");
        assert_eq!(after.writes_per_commit.iter().sum::<u64>(), after.commits);
        for (number, written) in created.iter().enumerate() {
            let directory = if number % 4 == 0 { &bolt } else { &acme };
            let stored = directory.get(written.id).await.unwrap();
            assert_eq!((stored.key, &stored.body), (written.key, written.body.as_ref().unwrap()), "{number}");
            assert!(stored.body.contains(&format!("\"User{number}\"")), "{}", stored.body);
        }
        for directory in [&acme, &bolt] {
            let events = directory.events().await;
            let theirs =
                created.iter().enumerate().filter(|(number, _)| (number % 4 == 0) == (directory.tenant == bolt.tenant));
            let theirs: Vec<_> = theirs.map(|(_, written)| written).collect();
            assert_eq!(theirs.len(), events.len());
            for event in &events {
                let written = theirs.iter().find(|written| written.id == event.resource).unwrap();
                assert_eq!((event.kind, &event.after, event.at), (Kind::Create, &written.body, written.created));
                assert!(event.changed.contains(&"password".to_owned()), "{event:?}");
            }
        }
        assert_eq!((acme.events().await.len(), bolt.events().await.len()), (150, 50));
    });
}

#[test]
fn of_those_who_want_the_same_name_at_once_exactly_one_gets_it_and_the_others_get_theirs() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        acme.user("Zoe").await;

        let created = (0..60).map(|number| {
            let name = match number % 3 {
                0 => "Ana".to_owned(),
                1 => "ZOE".to_owned(),
                _ => format!("user{number}"),
            };
            acme.try_create_with_others(json!({ "userName": name }))
        });
        let created: Vec<_> = join_all(created).await.into_iter().map(Result::unwrap).collect();

        let taken = WriteError::NotUnique { attribute: "userName".into() };
        let refused = |which: usize| created.iter().skip(which).step_by(3).filter(|made| made.as_ref() == Err(&taken));
        assert_eq!([0, 1, 2].map(|which| refused(which).count()), [19, 20, 0], "{created:?}");
        assert_eq!(acme.events().await.len(), 22);
    });
}

#[test]
fn one_that_cannot_be_written_does_not_harm_those_beside_it() {
    on_postgres(
        |_| {},
        async |store, database| {
            let acme = Directory::new(&store, "acme").await;
            database.sql("ALTER TABLE resources ADD CHECK (user_name <> 'user20')");

            let created =
                (0..40).map(|number| acme.try_create_with_others(json!({ "userName": format!("user{number}") })));
            let created = join_all(created).await;

            for (number, created) in created.into_iter().enumerate() {
                let is_written = matches!(created, Ok(Ok(_)));
                assert_eq!(is_written, number != 20, "{number}: {created:?}");
            }
        },
    );
}

#[test]
fn what_is_created_after_the_store_was_closed_is_refused() {
    each_engine(async |store| {
        let acme = Directory::new(&store, "acme").await;
        store.close().await;

        let refused = acme.try_create_with_others(json!({ "userName": "Ana" })).await;

        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    });
}
