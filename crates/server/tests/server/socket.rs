//! Over a real connection: what only the accept loop does.

use std::time::Duration;

use server::{Options, serve};
use service::tenants::LimitChange;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::harness::Harness;

/// A server on a port of its own, and how to stop it.
pub(crate) struct Listening {
    pub(crate) harness: Harness,
    pub(crate) address: std::net::SocketAddr,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) task: JoinHandle<()>,
}

impl Listening {
    pub(crate) async fn with(options: Options) -> Self {
        Self::on(Harness::with(LimitChange::default(), options).await).await
    }

    pub(crate) async fn on(harness: Harness) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = harness.server.clone();
        let task = tokio::spawn(async move {
            serve(listener, server, async move {
                stopped.await.ok();
            })
            .await;
        });
        Self { harness, address, stop: Some(stop), task }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and reads until the server closes.
    pub(crate) async fn send(&self, bytes: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

#[tokio::test]
async fn a_user_is_created_over_a_real_connection() {
    let listening = Listening::with(Options::default()).await;
    let body = r#"{"userName":"ana"}"#;

    let answer = listening
        .send(&format!(
            "POST /api/v1/tenants/acme/scim/v2/Users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\nContent-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n{body}",
            listening.harness.token,
            body.len()
        ))
        .await;

    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert_eq!(listening.harness.users().await, 1);
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_cut() {
    let brief = Options { idle_timeout: Duration::from_millis(1), ..Options::default() };
    let listening = Listening::with(brief).await;

    // Reading ends only because the server closes.
    listening.send("").await;
    listening.send("GET /healthz HTTP/1.1\r\nHost").await;
}

#[tokio::test]
async fn a_body_that_stops_half_way_is_cut() {
    let impatient = Options { stall_timeout: Duration::from_millis(1), ..Options::default() };
    let listening = Listening::with(impatient).await;

    let answer = listening
        .send(&format!(
            "POST /api/v1/tenants/acme/scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
            listening.harness.token
        ))
        .await;

    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(listening.harness.users().await, 0);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_sent() {
    let listening = Listening::with(Options::default()).await;

    let answer = listening
        .send(&format!(
            "POST /api/v1/tenants/acme/scim/v2/Bulk HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\
             Content-Length: 99999999\r\n\r\n",
            listening.harness.token
        ))
        .await;

    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn stopping_lets_connections_go_and_ends() {
    let mut listening = Listening::with(Options::default()).await;
    let mut idle = listening.connect().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 15];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");

    listening.stop.take().unwrap().send(()).unwrap();

    listening.task.await.unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(TcpStream::connect(listening.address).await.is_err(), "it listens no more");
}
