//! Where the server is, who we are there, and how the way to it is protected.
//!
//! | `sslmode` | the connection is | the server proves who it is |
//! | --- | --- | --- |
//! | `disable` | plain | no |
//! | `prefer` (default) | encrypted if the server can | no |
//! | `require` | encrypted | no |
//! | `verify-full` | encrypted | by a certificate for its name, of an authority in `sslrootcert`, or, without that, one that browsers trust |
//!
//! As in libpq, but for `verify-ca`, which is refused: whoever checks the authority can check the name.

use std::fmt;
use std::future::poll_fn;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::hosts::Hosts;
use super::{error, trusting};
use crate::error::StoreError;

/// How long the other machine may leave unacknowledged what we sent, unless `tcp_user_timeout` says another.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);

/// How long nothing may be sent before the other machine is asked whether it is there, unless `keepalives_idle`
/// says another.
const IDLE_UNCHECKED_MAX: Duration = Duration::from_secs(30);

/// The connection of a client whose type of stream does not matter.
type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// Where and how to connect.
#[derive(Clone)]
pub(super) struct Address {
    config: Config,
    /// The same, host by host.
    each: Arc<Hosts>,
    /// `None` without encryption.
    tls: Option<MakeRustlsConnect>,
}

/// A connection that its user polls.
pub(super) enum Apart {
    Plain(Box<Connection<Socket, tokio_postgres::tls::NoTlsStream>>),
    Encrypted(Box<Connection<Socket, Stream>>),
}

impl Apart {
    pub(super) fn poll_message(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<tokio_postgres::AsyncMessage, tokio_postgres::Error>>> {
        match self {
            Self::Plain(connection) => connection.poll_message(context),
            Self::Encrypted(connection) => connection.poll_message(context),
        }
    }
}

impl Address {
    /// Reads `postgres://user:password@host:port/database?sslmode=…`, with libpq's other parameters.
    ///
    /// # Errors
    /// [`StoreError::Incompatible`] with what is wrong about it; never with the password.
    pub(super) fn parse(url: &str, connect_timeout: Duration) -> Result<Self, StoreError> {
        let (url, [mode, root]) = take_parameters(url, ["sslmode", "sslrootcert"]);
        let refused = |reason: String| StoreError::Incompatible(format!("the address of the database: {reason}"));
        let mut config: Config = url.parse().map_err(|error| refused(with_source(&error)))?;
        let (mode, verified) = match mode.as_deref() {
            None | Some("prefer") => (SslMode::Prefer, false),
            Some("disable") => (SslMode::Disable, false),
            Some("require") => (SslMode::Require, false),
            Some("verify-full") => (SslMode::Require, true),
            Some(other) => {
                return Err(refused(format!("sslmode={other} is none of disable, prefer, require, verify-full")));
            }
        };
        let hosts = config.get_hosts().iter();
        if hosts.into_iter().any(|host| matches!(host, Host::Tcp(name) if name.contains('@'))) {
            return Err(refused("a host with @ in it; in a password, write @ as %40".into()));
        }
        config.ssl_mode(mode);
        config.application_name(config.get_application_name().map_or("muster".to_owned(), str::to_owned));
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(connect_timeout);
        }
        // A machine that is gone says nothing: unless we ask, it is found out after a quarter of an hour.
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNACKNOWLEDGED_MAX);
        }
        if !url.contains("keepalives_idle=") {
            config.keepalives_idle(IDLE_UNCHECKED_MAX);
        }
        let tls = match mode {
            SslMode::Disable => None,
            _ if verified => Some(verifying(root.as_deref()).map_err(refused)?),
            _ => Some(trusting::client_config()),
        };
        let each = Arc::new(Hosts::of(&config));
        Ok(Self { config, each, tls: tls.map(MakeRustlsConnect::new) })
    }

    /// Connects; the connection is polled by a task of its own.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when that may pass; [`StoreError::Incompatible`] when there is no such
    /// database, or the server does not let this role in.
    pub(super) async fn connect(&self) -> Result<Client, StoreError> {
        let (client, mut connection) = self.connect_apart().await?;
        tokio::spawn(async move {
            while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
                if let Err(error) = message {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a connection to the database ended");
                    return;
                }
            }
        });
        Ok(client)
    }

    /// Connects; the caller polls the connection.
    pub(super) async fn connect_apart(&self) -> Result<(Client, Apart), StoreError> {
        // The library's own limit ends when there is a socket: whoever listens there may be stuck, and never
        // say a word.
        let limit = self.config.get_connect_timeout().copied().unwrap_or(Duration::MAX);
        let mut failure = StoreError::Unavailable(String::new());
        for (place, host) in self.each.in_order() {
            match tokio::time::timeout(limit, self.connect_to(host)).await {
                Ok(Ok(connected)) => {
                    self.each.answered(place);
                    return Ok(connected);
                }
                Ok(Err(error)) => failure = error::explain_connecting(&error, &self.hosts()),
                Err(_) => failure = StoreError::Unavailable(format!("no answer ({})", self.hosts())),
            }
        }
        Err(failure)
    }

    async fn connect_to(&self, host: &Config) -> Result<(Client, Apart), tokio_postgres::Error> {
        match &self.tls {
            None => host.connect(NoTls).await.map(|(client, it)| (client, Apart::Plain(Box::new(it)))),
            Some(tls) => host.connect(tls.clone()).await.map(|(client, it)| (client, Apart::Encrypted(Box::new(it)))),
        }
    }

    /// The hosts, for messages.
    pub(super) fn hosts(&self) -> String {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        hosts.collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Debug for Address {
    /// Without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("hosts", &self.hosts()).finish_non_exhaustive()
    }
}

/// A configuration that asks the server for a certificate of its name.
fn verifying(root: Option<&str>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match root {
        None | Some("system") => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let unreadable = |error: &dyn fmt::Display| format!("sslrootcert={path}: {error}");
            for certificate in CertificateDer::pem_file_iter(Path::new(path)).map_err(|e| unreadable(&e))? {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Takes parameters, with their percent-decoded values, out of a URL's query.
fn take_parameters<const N: usize>(url: &str, names: [&str; N]) -> (String, [Option<String>; N]) {
    let mut found = [const { None }; N];
    let Some((before, query)) = url.split_once('?') else { return (url.to_owned(), found) };
    let mut others = Vec::new();
    for parameter in query.split('&') {
        match parameter.split_once('=').map(|(name, value)| (names.iter().position(|known| *known == name), value)) {
            Some((Some(at), value)) => found[at] = Some(percent_decoded(value)),
            _ => others.push(parameter),
        }
    }
    let rest = if others.is_empty() { before.to_owned() } else { format!("{before}?{}", others.join("&")) };
    (rest, found)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).filter(|_| byte == b'%');
        if let Some(decoded) = escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(decoded);
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn with_source(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, StoreError> {
        Address::parse(url, Duration::from_secs(5))
    }

    #[test]
    fn encryption_is_used_where_the_server_offers_it_unless_told_otherwise() {
        let mode = |url: &str| parse(url).unwrap().config.get_ssl_mode();

        assert_eq!(mode("postgres://muster@db/muster"), SslMode::Prefer);
        assert_eq!(mode("postgres://muster@db/muster?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgres://muster@db/muster?connect_timeout=3&sslmode=verify-full"), SslMode::Require);
    }

    #[test]
    fn a_mode_that_would_promise_more_than_it_holds_is_refused() {
        let StoreError::Incompatible(reason) = parse("postgres://db/muster?sslmode=verify-ca").unwrap_err() else {
            panic!("another error");
        };
        assert!(reason.contains("none of disable, prefer, require, verify-full"), "{reason}");
    }

    #[test]
    fn neither_an_error_nor_a_debug_text_shows_the_password() {
        let wrong = parse("postgres://muster:hunter2@db:99999/muster").unwrap_err();
        let right = parse("postgres://muster:hunter2@db/muster").unwrap();

        assert!(!wrong.to_string().contains("hunter2"), "{wrong}");
        assert!(!format!("{right:?}").contains("hunter2"), "{right:?}");
    }

    #[test]
    fn a_password_that_was_not_encoded_is_no_host() {
        let wrong = parse("postgres://muster:hunter2@hunter2@db/muster").unwrap_err();

        assert!(wrong.to_string().contains("write @ as %40"), "{wrong}");
        assert!(!wrong.to_string().contains("hunter2"), "{wrong}");
    }

    #[test]
    fn parameters_of_ours_are_taken_out_and_decoded() {
        let (rest, [root]) = take_parameters("postgres://db/x?a=1&sslrootcert=%2Fetc%2Fca.pem&b=2", ["sslrootcert"]);

        assert_eq!(rest, "postgres://db/x?a=1&b=2");
        assert_eq!(root.as_deref(), Some("/etc/ca.pem"));
    }
}
