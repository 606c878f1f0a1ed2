//! SIGTERM: what is in flight is finished, nothing new is taken.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::process::each_engine;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_in_flight_at_sigterm_is_answered_and_new_connections_are_refused() {
    each_engine(async |home| {
        let server = home.start();
        let credentials = server.credentials();
        let scim = credentials["scim"]["base_url"].as_str().unwrap();
        let (address, path) = scim.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"late"}"#;
        let (first, rest) = body.split_at(20);
        let mut in_flight = TcpStream::connect(address).unwrap();
        write!(
            in_flight,
            "POST /{path}/Users HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
             content-type: application/scim+json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
            credentials["scim"]["token"].as_str().unwrap(),
            body.len(),
        )
        .unwrap();
        // The server asks for the body once the handler reads it: now the request is in flight.
        let mut asked = [0; 25];
        in_flight.read_exact(&mut asked).unwrap();
        assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
        in_flight.write_all(first.as_bytes()).unwrap();

        server.terminate();
        while TcpStream::connect(address).map_err(|error| error.kind()).is_ok() {
            std::thread::yield_now();
        }
        assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        in_flight.write_all(rest.as_bytes()).unwrap();

        let mut answer = String::new();
        in_flight.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
        server.wait();
    })
    .await;
}
