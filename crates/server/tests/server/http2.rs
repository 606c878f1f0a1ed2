//! HTTP/2 by prior knowledge, over a real connection.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, Response, header};
use http_body_util::BodyExt;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use server::Options;
use service::tenants::LimitChange;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::socket::Listening;
use crate::harness::Harness;

const USERS: &str = "/api/v1/tenants/acme/scim/v2/Users";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// SETTINGS without a setting.
const NO_SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// A client on one connection.
struct Client {
    sender: SendRequest<Body>,
    base: String,
    token: String,
}

impl Client {
    async fn of(listening: &Listening) -> Self {
        Self::with(listening, &Builder::new(TokioExecutor::new())).await
    }

    async fn with(listening: &Listening, builder: &Builder<TokioExecutor>) -> Self {
        let stream = listening.connect().await;
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { sender, base: format!("http://{}", listening.address), token: listening.harness.token.clone() }
    }

    async fn send(&self, request: http::request::Builder, body: Body) -> hyper::Result<Response<Bytes>> {
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token)).body(body).unwrap();
        let (parts, body) = self.sender.clone().send_request(request).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }

    fn request(&self, method: &str, path: &str) -> http::request::Builder {
        Request::builder().method(method).uri(format!("{}{path}", self.base))
    }

    async fn create(&self, name: &str) -> Response<Bytes> {
        let request = self.request("POST", USERS).header(header::CONTENT_TYPE, "application/scim+json");
        self.send(request, Body::from(format!(r#"{{"userName":"{name}"}}"#))).await.unwrap()
    }
}

#[tokio::test]
async fn links_begin_with_the_authority_that_the_client_called() {
    let harness = Harness::known_as(None, LimitChange::default(), Options::default()).await;
    let listening = Listening::on(harness).await;
    let client = Client::of(&listening).await;

    let created = client.create("ana").await;

    assert_eq!((created.status().as_u16(), created.version()), (201, http::Version::HTTP_2));
    let location = created.headers()["location"].to_str().unwrap();
    assert!(location.starts_with(&format!("{}{USERS}/usr_", client.base)), "{location}");
}

#[tokio::test]
async fn one_connection_carries_more_requests_than_may_be_at_work_at_a_time() {
    let listening = Listening::with(Options::default()).await;
    let client = Client::of(&listening).await;
    let names: Vec<String> = (0..250).map(|number| format!("user{number}")).collect();

    let created = join_all(names.iter().map(|name| client.create(name))).await;

    assert!(created.iter().all(|answer| answer.status() == 201));
    assert_eq!(listening.harness.users().await, 250);
}

#[tokio::test]
async fn both_protocols_are_on_one_port_and_all_bytes_count() {
    let listening = Listening::with(Options::default()).await;

    // An HTTP/2 client whose first bytes come one by one.
    let mut stream = listening.connect().await;
    stream.set_nodelay(true).unwrap();
    for byte in [PREFACE, NO_SETTINGS].concat() {
        stream.write_all(&[byte]).await.unwrap();
    }
    let mut settings = [0; 9];
    stream.read_exact(&mut settings).await.unwrap();
    assert_eq!(settings[3], 4, "a SETTINGS frame");

    // HTTP/1.1, though it begins alike; the method is none that we have.
    let like = listening.send("PRI /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(like.starts_with("HTTP/1.1 405 "), "{like}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_whether_it_says_so_or_not() {
    let limits = LimitChange { payload_bytes_max: Some(Some(1 << 20)), ..LimitChange::default() };
    let listening = Listening::on(Harness::with(limits, Options::default()).await).await;
    let client = Client::of(&listening).await;
    let whole = Bytes::from(vec![b' '; 2 << 20]);
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(whole.clone())]);

    for body in [Body::from(whole), Body::from_stream(chunks)] {
        let post = client.request("POST", USERS).header(header::CONTENT_TYPE, "application/json");
        assert_eq!(client.send(post, body).await.unwrap().status(), 413);
    }
    assert_eq!(client.create("ana").await.status(), 201, "the connection is good for more");
}

#[tokio::test]
async fn a_body_that_stops_half_way_is_given_up_and_the_connection_is_not() {
    let impatient = Options { stall_timeout: Duration::from_millis(1), ..Options::default() };
    let listening = Listening::with(impatient).await;
    let client = Client::of(&listening).await;
    let never = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
    let post = client.request("POST", USERS).header(header::CONTENT_TYPE, "application/json");

    assert_eq!(client.send(post, Body::from_stream(never)).await.unwrap().status(), 408);
    assert_eq!(client.send(client.request("GET", "/healthz"), Body::empty()).await.unwrap().status(), 200);
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let listening = Listening::with(Options::default()).await;
    let client = Client::of(&listening).await;
    let get = |bytes: usize| client.request("GET", "/healthz").header("x-long", "x".repeat(bytes));

    assert_eq!(client.send(get(60 * 1024), Body::empty()).await.unwrap().status(), 200);
    assert_eq!(client.send(get(66 * 1024), Body::empty()).await.unwrap().status(), 431);
}

#[tokio::test]
async fn stopping_finishes_what_is_in_flight_and_takes_nothing_new() {
    let mut listening = Listening::with(Options::default()).await;
    let client = Client::of(&listening).await;
    let (body, rest) = mpsc::unbounded_channel::<Result<Bytes, std::io::Error>>();
    let rest = futures_util::stream::unfold(rest, async |mut rest| rest.recv().await.map(|bytes| (bytes, rest)));
    body.send(Ok(Bytes::from(r#"{"userName":"#))).unwrap();
    let post = client.request("POST", USERS).header(header::CONTENT_TYPE, "application/scim+json");
    let mut in_flight = std::pin::pin!(client.send(post, Body::from_stream(rest)));
    // An answer to a later request shows that the one before has arrived.
    tokio::select! {
        early = &mut in_flight => panic!("{early:?}"),
        live = client.send(client.request("GET", "/healthz"), Body::empty()) => assert_eq!(live.unwrap().status(), 200),
    }

    listening.stop.take().unwrap().send(()).unwrap();
    while tokio::net::TcpStream::connect(listening.address).await.is_ok() {}
    body.send(Ok(Bytes::from(r#""ana"}"#))).unwrap();
    drop(body);

    assert_eq!(in_flight.await.unwrap().status(), 201);
    listening.task.await.unwrap();
    assert!(client.send(client.request("GET", "/healthz"), Body::empty()).await.is_err());
}

#[tokio::test]
async fn a_connection_on_which_nothing_happens_is_cut() {
    let brief = Duration::from_millis(1);
    let brief = Options { idle_timeout: brief, stall_timeout: brief, ..Options::default() };
    let listening = Listening::with(brief).await;

    // Reading ends only because the server closes.
    for begun in [&PREFACE[..10], PREFACE, &[PREFACE, NO_SETTINGS].concat()] {
        let mut stream = listening.connect().await;
        stream.write_all(begun).await.unwrap();
        // A close with bytes unread may be a reset.
        stream.read_to_end(&mut Vec::new()).await.unwrap_or_default();
    }
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_is_cut() {
    let brief = Duration::from_millis(1);
    let brief = Options { idle_timeout: brief, stall_timeout: brief, ..Options::default() };
    let listening = Listening::with(brief).await;
    let mut mute = Builder::new(TokioExecutor::new());
    mute.initial_stream_window_size(0);
    let client = Client::with(&listening, &mute).await;

    let answer = client.send(client.request("GET", "/openapi.json"), Body::empty()).await;

    assert!(answer.is_err(), "{answer:?}");
}
