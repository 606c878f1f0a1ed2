//! A connection that is kept alive, with as little work for each request as can be: the load generator
//! shares the processors with what it measures. HTTP/1.1, but for those who want the other.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http2::Shared;

/// How a client is connected.
pub(crate) struct Connection {
    wire: Wire,
    input: Vec<u8>,
}

enum Wire {
    Http1(TcpStream),
    Http2(Shared),
}

/// What came back.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    /// After how many seconds to come again.
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// The body, for messages and checks.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { wire: Wire::Http1(stream), input: Vec::with_capacity(16 * 1024) }
    }

    /// HTTP/2, on a connection that others have too.
    pub(crate) fn on(shared: &Shared) -> Self {
        Self { wire: Wire::Http2(shared.clone()), input: Vec::new() }
    }

    /// Sends a whole request; gives the answer once all of it is there.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Answer<'_> {
        self.input.clear();
        let stream = match &mut self.wire {
            Wire::Http1(stream) => stream,
            Wire::Http2(shared) => {
                let (status, body) = shared.ask(request).await;
                self.input.extend_from_slice(&body);
                return Answer { status, retry_after: None, body: &self.input };
            }
        };
        stream.write_all(request).await.unwrap();
        let head = loop {
            read(stream, &mut self.input).await;
            if let Some(head) = Head::read(&self.input) {
                break head;
            }
        };
        let Head { status, retry_after, length, body_length } = head;
        while self.input.len() < length + body_length {
            read(stream, &mut self.input).await;
        }
        Answer { status, retry_after, body: &self.input[length..length + body_length] }
    }
}

async fn read(stream: &mut TcpStream, input: &mut Vec<u8>) {
    let read = stream.read_buf(input).await.unwrap();
    assert_ne!(read, 0, "the server closed the connection: {}", String::from_utf8_lossy(input));
}

/// What the first lines say.
struct Head {
    status: u16,
    retry_after: Option<u64>,
    length: usize,
    body_length: usize,
}

impl Head {
    /// `None` as long as it is not all there.
    fn read(input: &[u8]) -> Option<Self> {
        let length = input.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let text = std::str::from_utf8(&input[..length]).unwrap();
        let (first, fields) = text.split_once("\r\n").unwrap();
        let status = first["HTTP/1.1 ".len()..][..3].parse().unwrap();
        let (mut body_length, mut retry_after) = (0, None);
        for field in fields.split("\r\n") {
            let Some((name, value)) = field.split_once(':') else { continue };
            if name.eq_ignore_ascii_case("content-length") {
                body_length = value.trim().parse().unwrap();
            }
            if name.eq_ignore_ascii_case("retry-after") {
                retry_after = Some(value.trim().parse().unwrap());
            }
            assert!(!name.eq_ignore_ascii_case("transfer-encoding"), "an answer in chunks is not understood");
        }
        Some(Self { status, retry_after, length, body_length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let whole = b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\nx: y\r\n\r\nbody";
        assert!(Head::read(&whole[..40]).is_none());
        let head = Head::read(whole).unwrap();
        assert_eq!((head.status, head.length, head.body_length), (201, whole.len() - 4, 12));
    }

    #[test]
    fn an_answer_without_a_body_has_length_zero() {
        let head = Head::read(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        assert_eq!((head.status, head.body_length, head.retry_after), (204, 0, None));
    }

    #[test]
    fn an_answer_may_say_when_to_come_again() {
        let head = Head::read(b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(head.unwrap().retry_after, Some(5));
    }
}
