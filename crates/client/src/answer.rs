//! What came back, or that nothing did.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use crate::ask::Ask;

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    /// The body as JSON, null when it is none.
    pub json: Value,
    /// From the first byte sent to the last byte read.
    pub elapsed: Duration,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// It took longer than the client waits.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The connection could not be made, or it broke.
    #[error("no answer: {0}")]
    Broken(String),
    /// The body was larger than anybody reads.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// We were told to stop before it was sent.
    #[error("stopped")]
    Stopped,
    /// We were told to end at once while it was on its way.
    #[error("given up")]
    GivenUp,
}

/// A request and what came of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What was asked.
    pub ask: Ask,
    /// What came back.
    pub answer: Result<Answer, Silence>,
}

impl Answer {
    /// A header as text, empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The media type without its parameters, in lower case.
    #[must_use]
    pub fn media_type(&self) -> String {
        self.header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Whether the request was done.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
