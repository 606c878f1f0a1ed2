use std::borrow::Cow;

use store::request_log::LogKey;

use super::{Fixture, each_engine, each_engine_with, presented};
use crate::request_log::{Asked, ListRequests, Who, Work};
use crate::settings::RequestLogSettings;
use crate::{ScimCaller, Settings, form};

/// A caller of the tenant `dev`.
async fn caller(fixture: &Fixture) -> ScimCaller {
    let dev = fixture.app.bootstrap_dev().await.unwrap();
    fixture.app.authenticate_scim("dev", &presented(&format!("Bearer {}", dev.scim_token.reveal()))).await.unwrap()
}

fn asked(fixture: &Fixture, caller: &ScimCaller, path: &str) -> Asked {
    Asked {
        key: fixture.app.log_key(),
        request_id: "r1".into(),
        who: Who::Caller(caller.clone()),
        address: None,
        user_agent: None,
        method: Cow::Borrowed("GET"),
        path: format!("/api/v1/tenants/dev/scim/v2{path}"),
        status: 200,
        told: None,
        took_us: 1,
        work: Work::default(),
    }
}

fn ask(fixture: &Fixture, caller: &ScimCaller, path: &str) {
    fixture.app.log_request(asked(fixture, caller, path));
}

/// The paths of what is kept, oldest first.
async fn kept(fixture: &Fixture) -> Vec<String> {
    let all: ListRequests = form::query(&[("tenant_id".into(), "dev".into())]).unwrap();
    let page = fixture.app.list_requests(&fixture.app.operator("test"), all).await.unwrap();
    page.items.into_iter().rev().map(|item| item.entry.path).collect()
}

#[tokio::test]
async fn what_waits_is_written_when_the_process_ends() {
    each_engine(async |fixture| {
        let caller = caller(&fixture).await;
        ask(&fixture, &caller, "/Users");
        assert_eq!(fixture.app.request_log_stats().waiting, 1);

        fixture.app.close().await;

        assert_eq!((fixture.app.request_log_stats().waiting, fixture.app.request_log_stats().written), (0, 1));
    })
    .await;
}

#[tokio::test]
async fn the_task_writes_what_comes() {
    each_engine(async |fixture| {
        let caller = caller(&fixture).await;
        let task = tokio::spawn({
            let app = fixture.app.clone();
            async move { app.keep_request_log().await }
        });
        for n in 0..200 {
            ask(&fixture, &caller, &format!("/Users/{n}"));
        }

        while fixture.app.request_log_stats().written < 200 {
            tokio::task::yield_now().await;
        }

        task.abort();
        assert_eq!(kept(&fixture).await.len(), 50, "a page");
    })
    .await;
}

#[tokio::test]
async fn when_too_many_wait_the_rest_is_left_out_and_counted() {
    let few = |settings: Settings| Settings {
        request_log: RequestLogSettings { queue_length_max: 2, ..RequestLogSettings::default() },
        ..settings
    };
    each_engine_with(few, async |fixture| {
        let caller = caller(&fixture).await;
        for path in ["/Bulk", "/Users", "/Groups"] {
            ask(&fixture, &caller, path);
        }
        fixture.app.flush_request_log().await.unwrap();
        ask(&fixture, &caller, "/Me");
        fixture.app.flush_request_log().await.unwrap();

        let stats = fixture.app.request_log_stats();
        assert_eq!((stats.written, stats.left_out_full, stats.waiting), (3, 1, 0));
        assert_eq!(kept(&fixture).await, ["/Bulk", "/Users", "/Me"]);
    })
    .await;
}

#[tokio::test]
async fn what_weighs_too_much_to_wait_is_left_out() {
    each_engine(async |fixture| {
        let caller = caller(&fixture).await;
        for _ in 0..4 {
            let mut large = asked(&fixture, &caller, "/Users");
            large.work.body = Some(vec![0; 10 * 1024 * 1024].into());
            fixture.app.log_request(large);
        }

        let stats = fixture.app.request_log_stats();
        assert_eq!((stats.waiting, stats.left_out_full), (3, 1));
    })
    .await;
}

#[tokio::test]
async fn what_the_database_does_not_take_is_left_out_and_counted() {
    each_engine(async |fixture| {
        let caller = caller(&fixture).await;
        ask(&fixture, &caller, "/Users");
        fixture.store.close().await;

        assert!(fixture.app.flush_request_log().await.is_err());

        let stats = fixture.app.request_log_stats();
        assert_eq!((stats.waiting, stats.left_out_failed), (0, 1));
    })
    .await;
}

#[tokio::test]
async fn entries_are_forgotten_when_they_are_old() {
    let a_day = |settings: Settings| Settings {
        request_log: RequestLogSettings { kept_for_s: 86_400, ..RequestLogSettings::default() },
        ..settings
    };
    each_engine_with(a_day, async |fixture| {
        let caller = caller(&fixture).await;
        ask(&fixture, &caller, "/Users");
        fixture.app.flush_request_log().await.unwrap();
        fixture.settings.clock.advance(43_200_000);
        ask(&fixture, &caller, "/Groups");
        fixture.app.flush_request_log().await.unwrap();
        fixture.app.prune_request_log().await.unwrap();
        assert_eq!(kept(&fixture).await, ["/Users", "/Groups"]);

        fixture.settings.clock.advance(43_200_001);
        fixture.app.prune_request_log().await.unwrap();

        assert_eq!(kept(&fixture).await, ["/Groups"]);
    })
    .await;
}

#[tokio::test]
async fn of_too_many_entries_the_oldest_are_forgotten() {
    let three = |settings: Settings| Settings {
        request_log: RequestLogSettings { entries_per_tenant_max: 3, ..RequestLogSettings::default() },
        ..settings
    };
    each_engine_with(three, async |fixture| {
        let caller = caller(&fixture).await;
        for path in ["/Bulk", "/Users", "/Groups", "/Me", "/Schemas"] {
            ask(&fixture, &caller, path);
            fixture.app.flush_request_log().await.unwrap();
        }

        fixture.app.prune_request_log().await.unwrap();

        assert_eq!(kept(&fixture).await, ["/Groups", "/Me", "/Schemas"]);
    })
    .await;
}

#[tokio::test]
async fn a_key_says_when_the_request_began() {
    let fixture = Fixture::new().await;

    let (first, second) = (fixture.app.log_key(), fixture.app.log_key());

    assert!(first < second && first >= LogKey::first_of(fixture.app.now()));
    assert_eq!(second.at(), fixture.app.now());
}
