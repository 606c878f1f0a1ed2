//! HTTP/2 on one connection that clients share, as a client of that kind does.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

/// A client's hold of a connection.
#[derive(Clone)]
pub(crate) struct Shared {
    sender: SendRequest<Full<Bytes>>,
    address: String,
}

impl Shared {
    pub(crate) async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(async move {
            // It may end with an error when the server is gone; whoever still asks sees that.
            drop(connection.await);
        });
        Self { sender, address: address.to_owned() }
    }

    /// Sends what is written as a request of HTTP/1.1; gives the status and the body of the answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> (u16, Bytes) {
        let request = translated(request, &self.address);
        let (parts, body) = self.sender.send_request(request).await.unwrap().into_parts();
        (parts.status.as_u16(), body.collect().await.unwrap().to_bytes())
    }
}

fn translated(request: &[u8], address: &str) -> hyper::Request<Full<Bytes>> {
    let end = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&request[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap().split(' ');
    let (method, path) = (first.next().unwrap(), first.next().unwrap());
    let mut whole = hyper::Request::builder().method(method).uri(format!("http://{address}{path}"));
    for (name, value) in lines.filter_map(|line| line.split_once(": ")).filter(|(name, _)| *name != "host") {
        whole = whole.header(name, value);
    }
    whole.body(Full::new(Bytes::copy_from_slice(&request[end + 4..]))).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_the_same_in_either_protocol() {
        let written = b"POST /Users HTTP/1.1\r\nhost: x\r\nauthorization: Bearer y\r\ncontent-length: 2\r\n\r\n{}";

        let request = translated(written, "127.0.0.1:80");

        assert_eq!(
            (request.method().as_str(), request.uri().to_string()),
            ("POST", "http://127.0.0.1:80/Users".into())
        );
        let names: Vec<&str> = request.headers().keys().map(hyper::header::HeaderName::as_str).collect();
        assert_eq!(names, ["authorization", "content-length"]);
    }
}
