//! How the server meets its clients: whom it trusts, and how patient it is.

use std::time::Duration;

use ipnet::IpNet;

/// What an operator can set about the listener; every field has a default.
#[derive(Debug, Clone)]
pub struct Options {
    /// From these addresses `Forwarded` and `X-Forwarded-*` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a request that only reads may take before it is answered with 503. Writes have
    /// no such limit: once they are in the store's queue, only the store knows how they end.
    pub read_deadline: Duration,
    /// How long a client may pause while it sends a body, or refuse to take an answer.
    pub stall_timeout: Duration,
    /// How long a whole body may take to arrive.
    pub body_timeout: Duration,
    /// How long the head of a request may take, and how long a connection may lie idle. More than
    /// the 60 s after which common load balancers close theirs, so that it is not us who do.
    pub idle_timeout: Duration,
    /// How long requests in flight may go on after the signal to stop.
    pub shutdown_grace: Duration,
    /// How many connections are served at a time; more wait to be accepted.
    pub connections_max: usize,
    /// Bytes of bodies of bulk requests, and of other SCIM requests with more than a mebibyte, that may be in memory at
    /// a time; a tenant has half of it, or one request.
    pub bodies_in_flight_bytes_max: usize,
    /// How long such a request waits, unread, for others to end, before it is put off.
    pub bodies_in_flight_wait: Duration,
    /// Whether large answers are compressed for clients that ask for it.
    pub compression: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            read_deadline: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_mins(2),
            idle_timeout: Duration::from_secs(75),
            shutdown_grace: Duration::from_secs(25),
            connections_max: 8_192,
            bodies_in_flight_bytes_max: 64 * 1024 * 1024,
            bodies_in_flight_wait: Duration::from_secs(10),
            compression: true,
        }
    }
}

/// How large the body of an admin or OAuth request may be.
pub const ADMIN_BODY_BYTES_MAX: usize = 64 * 1024;

/// How large all headers of a request together may be.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How many requests may be at work at a time on one connection with HTTP/2: the number below which RFC 9113 §6.5.2
/// would not have it. More wait at the client.
pub const HTTP2_STREAMS_MAX: u32 = 100;
