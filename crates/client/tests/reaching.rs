//! Reaching a server: over TLS that is trusted, or not at all, and then it is said why.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use client::self_test::{self, self_test};
use client::simulate::{Dialect, Options, simulate};
use client::{Connection, Stop, Target, target};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

const EMPTY_LIST: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0}"#;

/// A file of `certificates`.
fn certificate(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates").join(name)).unwrap()
}

/// Answers each connection in a thread of its own, for as long as the test runs.
fn listen(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || answer(stream.unwrap()));
        }
    });
    address
}

/// A server with this certificate, which answers whatever is asked with an empty list.
fn listen_with_tls(name: &str) -> SocketAddr {
    let chain = CertificateDer::pem_slice_iter(&certificate(&format!("{name}.pem"))).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(&certificate(&format!("{name}.key"))).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    listen(move |stream| {
        let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        // Clients that do not trust us go away in the middle.
        drop(answer_one(&mut tls));
    })
}

fn answer_one(stream: &mut (impl Read + Write)) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&piece[..count]),
        }
    }
    let length = EMPTY_LIST.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n\
         {EMPTY_LIST}"
    )?;
    stream.flush()
}

fn connection(url: &str, trusted: &[&str]) -> Connection {
    let authorities = trusted.iter().flat_map(|name| target::authorities(&certificate(name)).unwrap()).collect();
    let target = Target { base_url: url.parse().unwrap(), token: None, authorities };
    Connection::new(target, Stop::default()).unwrap()
}

/// Plays Okta with nobody in the company. Gives why the server cannot be reached, empty when it can.
async fn reason(url: &str, trusted: &[&str]) -> String {
    let dialect = Dialect::OktaCatalogue;
    let options = Options { dialect, users: 0, groups: 0, churn_percent: 0, parallel: 1, seed: 1, keep: false };
    match simulate(&connection(url, trusted), &options, &|_| {}).await {
        Ok(report) => {
            assert!(report.findings().iter().all(|finding| finding.id != "connection-test"), "{}", report.to_text());
            String::new()
        }
        Err(unreachable) => unreachable.to_string(),
    }
}

#[tokio::test]
async fn a_server_is_trusted_by_its_authority_or_by_its_own_certificate() {
    let (signed, alone) = (listen_with_tls("server"), listen_with_tls("alone"));

    assert_eq!(reason(&format!("https://{signed}/v2"), &["authority.pem"]).await, "");
    assert_eq!(reason(&format!("https://{alone}/v2"), &["alone.pem"]).await, "");
    assert_eq!(reason(&format!("https://{signed}/v2"), &["server.pem"]).await, "");
    assert_eq!(reason(&format!("https://{alone}/v2"), &["authority.pem", "alone.pem"]).await, "");
}

#[tokio::test]
async fn no_other_server_is_trusted_and_the_reason_names_the_option() {
    let (signed, alone) = (listen_with_tls("server"), listen_with_tls("alone"));

    for (address, trusted) in [
        (signed, &[][..]),
        (alone, &[]),
        (signed, &["alone.pem"]),
        (alone, &["authority.pem"]),
        (alone, &["server.pem"]),
    ] {
        let reason = reason(&format!("https://{address}/v2"), trusted).await;
        assert!(reason.contains("certificate is not trusted") && reason.contains("--ca-file"), "{trusted:?}: {reason}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_trusted_must_still_be_that_of_the_name() {
    for (name, trusted) in [("server", "authority.pem"), ("server", "server.pem"), ("alone", "alone.pem")] {
        let port = listen_with_tls(name).port();

        let reason = reason(&format!("https://localhost:{port}/v2"), &[trusted]).await;

        assert!(reason.contains("certificate is not trusted"), "{name}: {reason}");
    }
}

#[tokio::test]
async fn who_does_not_answer_is_named_with_the_reason() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hangs_up = listen(drop);
    let plain = listen(|mut stream| drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")));
    let talks_otherwise = listen(|mut stream| drop(stream.write_all(b"220 mail.example ESMTP\r\n")));

    for (url, wanted) in [
        (format!("http://{closed}/v2"), "Connection refused"),
        (format!("http://{hangs_up}/v2"), ""),
        (format!("https://{plain}/v2"), "does not speak TLS"),
        (format!("http://{talks_otherwise}/v2"), ""),
    ] {
        let reason = reason(&url, &[]).await;
        let refused = self_test(&connection(&url, &[]), &self_test::Options::default(), |_, _, _| {}).await;

        assert!(reason.starts_with(&format!("{url} cannot be reached: no answer: ")), "{reason}");
        assert!(reason.contains(wanted), "{reason}");
        let refused = refused.unwrap_err().to_string();
        assert!(refused.starts_with(&format!("{url} cannot be reached: no answer: ")), "{refused}");
    }
}
