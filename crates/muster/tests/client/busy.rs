//! Servers that answer 429 (RFC 6585 §4): obeyed when they say in seconds when to come again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::HeaderValue;
use client::Stop;
use client::simulate::{Dialect, Options, Report, simulate};
use tokio::sync::Notify;

use crate::fault::{Answered, Fault};
use crate::proxy::{Faulty, Servers};

fn says_later(answered: &mut Answered, retry_after: &'static str) {
    answered.refuses(429, "");
    answered.headers.insert("retry-after", HeaderValue::from_static(retry_after));
}

/// Every request is answered so, and none is done.
fn always(retry_after: &'static str) -> Fault {
    Fault::request("", "*", "*", crate::fault::Asked::is_lost)
        .and(Fault::answer("", "*", "*", move |_, answered| says_later(answered, retry_after)))
}

async fn play(server: &Faulty, stop: Stop) -> Report {
    let dialect = Dialect::EntraFlagged;
    let options = Options { dialect, users: 2, groups: 1, churn_percent: 50, parallel: 1, seed: 1, keep: false };
    simulate(&server.connection_with(stop), &options, &|_| {}).await.unwrap()
}

#[tokio::test]
async fn each_second_request_comes_again_and_nothing_is_left_undone() {
    let (asked, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let fault = Fault::request("", "*", "*", move |request| {
        if asked.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            request.is_lost();
        }
    })
    .and(Fault::answer("", "*", "*", move |_, answer| {
        if answered.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            says_later(answer, "0");
        }
    }));
    let servers = Servers::new().await;
    let server = servers.start(fault).await;

    let report = play(&server, Stop::default()).await;

    let json = report.to_json();
    assert_eq!(json["findings"], serde_json::json!([]), "{}", report.to_text());
    // Cleaning up obeys too.
    assert_eq!(report.left(), Vec::<String>::new());
    let pauses = usize::try_from(json["pauses"]["count"].as_u64().unwrap()).unwrap();
    assert_eq!(server.asked().len(), 2 * pauses);
    assert!(pauses > 20, "{pauses}");
}

#[tokio::test]
async fn a_server_that_is_always_busy_is_asked_ten_times() {
    let servers = Servers::new().await;
    let server = servers.start(always("0")).await;

    let report = play(&server, Stop::default()).await;

    let [finding] = report.findings() else { panic!("{}", report.to_text()) };
    assert_eq!((finding.id, finding.saw.starts_with("status 429")), ("connection-test", true), "{finding:?}");
    assert!(finding.next.contains("slows down"), "{}", finding.next);
    assert_eq!(server.asked().len(), 10);
}

#[tokio::test]
async fn a_date_is_no_number_of_seconds() {
    let servers = Servers::new().await;
    let server = servers.start(always("Wed, 21 Oct 2026 07:28:00 GMT")).await;

    let report = play(&server, Stop::default()).await;

    assert_eq!(report.findings().len(), 1, "{}", report.to_text());
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn who_is_told_to_stop_does_not_wait_for_the_pause_to_end() {
    let came = Arc::new(Notify::new());
    let comes = Arc::clone(&came);
    let servers = Servers::new().await;
    let server = servers.start(always("60").and(Fault::answer("", "*", "*", move |_, _| comes.notify_one()))).await;
    let stop = Stop::default();

    let tell = async {
        came.notified().await;
        stop.tell();
    };
    let (report, ()) = tokio::join!(play(&server, stop.clone()), tell);

    assert!(report.is_stopped());
    assert_eq!(report.to_json()["pauses"], serde_json::json!({"count": 1, "seconds": 60}));
    assert_eq!(server.asked().len(), 1);
}
