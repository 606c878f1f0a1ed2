//! The configuration: its sections, their defaults and their documentation.
//!
//! A setting is declared once, below, with its key, type, default and doc comment. Reading it from
//! flags, environment and file ([`sources`]), `muster check-config` and `docs/configuration.md`
//! ([`mod@reference`]) all follow from that. This is the only file that reads the environment.

mod auth;
mod database;
mod reference;
mod section;
mod sources;
mod value;

use std::net::SocketAddr;
use std::path::PathBuf;

use auth::{Algorithm, TrustedIssuers};
pub(crate) use auth::{IssuerKeys, MasterKeyText, TrustedIssuer};
pub(crate) use database::{Database, PostgresUrl};
pub(crate) use reference::reference;
use section::{Section, Setting, section};
use sources::Given;
use value::{BaseUrl, Listener, Network, Size, Span};
pub(crate) use value::{LogFormat, Value};

/// Names the configuration file when `--config` does not.
const CONFIG_VARIABLE: &str = "MUSTER_CONFIG";

section! {
    /// What every installation thinks about. In the file these stand at the top, before any table.
    Basics {
        /// Address and port of the API. `0.0.0.0:8080` listens on all interfaces; put a proxy that
        /// speaks TLS in front of it.
        "listen" listen: SocketAddr = "127.0.0.1:8080",
        /// Folder of the SQLite file and of the key file. Made when it does not exist, readable by its
        /// owner only. On PostgreSQL, with the master key given by `auth.master_key` or
        /// `auth.master_key_file`, nothing is kept in it, and it is not made.
        "data_dir" data_dir: PathBuf = "muster-data",
        /// Where the data is. `postgres://user:password@host:port/database` is a PostgreSQL database (15 or
        /// newer), which any number of servers share: [PostgreSQL](postgres.md) says how to make one
        /// and what can stand behind a `?`. Anything else is the path of an SQLite file, for one
        /// server. Not set: the SQLite file `muster.db` in `data_dir`. The flag is `--database`; a
        /// password is better given in the environment or the file, since others can see the flags
        /// of a process.
        "database_url" database_url: Option<Database> = "",
        /// The URL under which clients reach Muster, used in `meta.location`, `$ref`, endpoint-info
        /// and token issuers. Not set: taken from each request's Host header, which is fine for a
        /// trial and not for production.
        "public_url" public_url: Option<BaseUrl> = "",
        /// Address and port of `GET /metrics` for Prometheus, or `off`. It needs no credential, so
        /// keep it off the public network.
        "metrics_listen" metrics_listen: Listener = "127.0.0.1:9464",
    }
}

section! {
    /// Credentials: how access tokens are made, and whose are accepted.
    Auth {
        /// The key that seals signing keys in the database: 64 hexadecimal digits, as
        /// `openssl rand -hex 32` gives. Keep a copy apart from the backups: without it the
        /// signing keys of a restored database cannot be read. Wins over `auth.master_key_file`.
        "auth.master_key" master_key: Option<MasterKeyText> = "",
        /// A file that holds the master key. Not set: `master.key` in `data_dir`, made at the first
        /// start and readable by its owner only.
        "auth.master_key_file" master_key_file: Option<PathBuf> = "",
        /// How new signing keys sign access tokens. Keys that exist keep their algorithm until they
        /// are rotated.
        "auth.signing_algorithm" signing_algorithm: Algorithm = "RS256",
        /// How long a key signs until another takes its place; `0s` is until somebody rotates it
        /// (`muster key rotate`, or the admin API).
        "auth.signing_key_lifetime" signing_key_lifetime: Span = "90d",
        /// How long an access token is valid.
        "auth.access_token_lifetime" access_token_lifetime: Span = "1h",
        /// The `aud` of access tokens made here.
        "auth.audience" audience: String = "muster",
        /// How often a minute one client or address may fail at a token endpoint before it is
        /// answered 429. Each process on a database counts for itself.
        "auth.failed_token_requests_per_minute_max" failed_token_requests_per_minute_max: u32 = "10",
        /// Other issuers whose JWTs are accepted: a table `[[auth.trusted_issuers]]` for each, or in
        /// the environment a JSON array. Members: `issuer` (the exact `iss`), `audience`, and
        /// `jwks_url` (https) or `jwks_file`; optional: `tenant_claim` (default `tenant_id`; id or
        /// slug), `scope_claim` (default `scope`), `role_claim` (default `role`), and
        /// `platform = true` when its tokens without a tenant may reach all tenants.
        "auth.trusted_issuers" trusted_issuers: TrustedIssuers = "",
    }
}

section! {
    /// What a tenant's clients may send and get. A tenant can have limits of its own; these hold for
    /// the rest. ServiceProviderConfig and endpoint-info tell them to clients. Those of bodies in flight are
    /// the same for all.
    Limits {
        /// Operations in one bulk request. More are refused with 413.
        "limits.bulk_operations_max" bulk_operations_max: u32 = "10000",
        /// Size of a bulk request. More is refused with 413 while it is read.
        "limits.bulk_payload_max" bulk_payload_max: Size = "16MiB",
        /// Size of any other SCIM request. More is refused with 413 while it is read. The default has
        /// room for a PUT of a group with 100,000 members.
        "limits.payload_max" payload_max: Size = "16MiB",
        /// Bytes of bodies that may be in memory at a time, of bulk requests and of other SCIM requests with more
        /// than 1MiB. A tenant has half of it, or one request of any size; the others wait, unread. What a bulk
        /// request takes besides its body comes to about one and a half times as much.
        "limits.bodies_in_flight_max" bodies_in_flight_max: Size = "64MiB",
        /// How long such a request waits before it is answered 429, if it is the tenant's own requests that are in
        /// its way, or else 503, with Retry-After.
        "limits.bodies_in_flight_wait" bodies_in_flight_wait: Span = "10s",
        /// Resources on a page when the client names no `count`.
        "limits.page_size_default" page_size_default: u32 = "100",
        /// Resources on a page, whatever the client asks for.
        "limits.page_size_max" page_size_max: u32 = "1000",
        /// SCIM requests of one tenant in a second; above it the answer is 429 with Retry-After.
        /// 0 is no limit. Each process on a database counts for itself.
        "limits.requests_per_second_max" requests_per_second_max: u32 = "0",
    }
}

section! {
    /// How the server meets its clients: whom it trusts, and how patient it is.
    Http {
        /// Addresses and networks of proxies, with commas. From these, and from no other, the headers
        /// `Forwarded` and `X-Forwarded-*` are believed, for the client's address and for the host
        /// that it called.
        "http.trusted_proxies" trusted_proxies: Vec<Network> = "",
        /// How long a request that only reads may take before it is answered 503. A write has no such
        /// limit: once it is queued, only the database knows how it ends.
        "http.read_deadline" read_deadline: Span = "30s",
        /// How long a client may pause while it sends a body, or refuse to take its answer.
        "http.stall_timeout" stall_timeout: Span = "15s",
        /// How long a whole body may take to arrive.
        "http.body_timeout" body_timeout: Span = "2m",
        /// How long the head of a request may take, and how long a connection may lie idle. More than
        /// the 60 seconds after which common load balancers close theirs.
        "http.idle_timeout" idle_timeout: Span = "75s",
        /// How long requests in flight may go on after the signal to stop.
        "http.shutdown_grace" shutdown_grace: Span = "25s",
        /// How many connections are served at a time; more wait to be accepted. On one with HTTP/2 up to 100
        /// requests may be at work at a time.
        "http.connections_max" connections_max: u32 = "8192",
        /// Whether answers of 4 KiB and more are sent as gzip to clients that ask for it (`Accept-Encoding`).
        /// A list of 100 users becomes a twentieth of its size, for 0.15 ms of processor time. To be switched
        /// off when a proxy in front does it.
        "http.compression" compression: bool = "true",
    }
}

section! {
    /// How much the database is asked to do, on either engine.
    Store {
        /// Requests that may wait for the database. With one more, one is answered 503 with Retry-After: on SQLite,
        /// of requests that change something, the last one of the tenant that has the most waiting.
        "store.queue_length_max" queue_length_max: u32 = "4096",
        /// How long a filter on attributes without an index may search.
        "store.scan_deadline" scan_deadline: Span = "10s",
    }
}

section! {
    /// How much of the machine SQLite may take. The defaults are measured for a server of its own. They
    /// say nothing on PostgreSQL.
    Sqlite {
        /// Threads for short reads, each with a connection of its own. As many connections more are for
        /// reads of a few rows, which are done on the thread of the request. Not set: one per core.
        "store.reader_threads" reader_threads: Option<u32> = "",
        /// Page cache of the writer. A quarter of it halves the writes per second at a million users.
        "store.writer_cache" writer_cache: Size = "256MiB",
        /// Page cache of each reader; they share that of the operating system besides.
        "store.reader_cache" reader_cache: Size = "8MiB",
        /// How much of the file readers map into memory; SQLite goes up to 2GiB. It shows as resident
        /// memory and can be given back at any time.
        "store.reader_mmap" reader_mmap: Size = "2GiB",
        /// Size of the write-ahead log at which it is started anew.
        "store.wal_max" wal_max: Size = "128MiB",
    }
}

section! {
    /// How PostgreSQL is used: see [PostgreSQL](postgres.md). They say nothing on SQLite.
    Postgres {
        /// Connections of this server, a quarter of them (and at least one) for reads of a few rows, of which each
        /// takes many at a time; two more are for listening to the others and for numbering events.
        /// Not set: 4 per core, 16 at most. All servers together must stay below the
        /// `max_connections` of PostgreSQL.
        "store.connections_max" connections_max: Option<u32> = "",
        /// Whether statements are prepared once per connection. To be switched off with a pooler that
        /// gives each transaction another connection, such as PgBouncer in transaction mode.
        "store.statement_cache" statement_cache: bool = "true",
        /// Where to listen for what other servers change, when `database_url` leads to a pooler: past
        /// it, straight to PostgreSQL. Not set: at `database_url`.
        "store.listen_url" listen_url: Option<PostgresUrl> = "",
        /// How long a connection may take to be made, for each host in the address.
        "store.connect_timeout" connect_timeout: Span = "5s",
        /// How long `serve` waits, at its start, for a PostgreSQL that cannot be reached yet; then it ends
        /// with status 1. What waiting does not mend (a wrong password, no such database) ends it at
        /// once.
        "store.start_timeout" start_timeout: Span = "1m",
        /// How long one statement may run, other than a search, which has `store.scan_deadline`.
        "store.statement_timeout" statement_timeout: Span = "30s",
        /// How long a statement may wait for what another transaction has locked.
        "store.lock_timeout" lock_timeout: Span = "10s",
    }
}

section! {
    /// What is kept of requests to the SCIM routes, to be seen through `/api/v1/admin/request-logs/`. Each
    /// tenant has a setting `request_log`: `off`, `metadata` (the default: who asked for what, what
    /// came of it, which attributes were wrong or changed) or `values` (also the values of attributes,
    /// before and after, and bodies of requests that failed). Secrets are never kept.
    RequestLog {
        /// How long an entry is kept; `0s` is for ever.
        "request_log.kept_for" kept_for: Span = "30d",
        /// How many entries a tenant has before its oldest are forgotten, more or less; 0 is any number.
        /// An entry takes half a kilobyte to one, and at most some dozens with the values of attributes.
        "request_log.entries_per_tenant_max" entries_per_tenant_max: u32 = "1000000",
        /// How many requests may wait to be written down, for which no request waits. One more is left
        /// out, and counted in the metric `muster_request_log_left_out_total`.
        "request_log.queue_length_max" queue_length_max: u32 = "8192",
        /// How many requests with bad credentials are written down that one address makes in a minute.
        /// A tenant has at most ten times as many.
        "request_log.refusals_per_minute_max" refusals_per_minute_max: u32 = "60",
    }
}

section! {
    /// What Muster tells about its work, on standard error.
    Log {
        /// `human` for people, `json` for a log collector: one object per line. Lines that belong to
        /// a request carry its id, the `X-Request-Id` of its response.
        "log.format" format: LogFormat = "human",
        /// What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`), or levels by part as in
        /// `info,store=debug`.
        "log.filter" filter: String = "info",
    }
}

/// Everything an operator can set.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) basics: Basics,
    pub(crate) auth: Auth,
    pub(crate) limits: Limits,
    pub(crate) http: Http,
    pub(crate) store: Store,
    pub(crate) sqlite: Sqlite,
    pub(crate) postgres: Postgres,
    pub(crate) request_log: RequestLog,
    pub(crate) log: Log,
}

/// What the command line says about the configuration.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    /// `--config`.
    pub(crate) file: Option<PathBuf>,
    /// Flags that have a setting: its key, the text, the flag.
    pub(crate) flags: Vec<(&'static str, String, &'static str)>,
    /// `--set key=value`.
    pub(crate) assignments: Vec<String>,
}

/// The configuration cannot be used. One line per problem, each saying where and what to write.
#[derive(Debug, thiserror::Error)]
#[error("{}", problems.join("\n"))]
pub(crate) struct ConfigError {
    problems: Vec<String>,
}

impl Config {
    /// Reads all sources: flags over environment over file over defaults.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem found, not only the first.
    pub(crate) fn load(overrides: Overrides) -> Result<Self, ConfigError> {
        Self::from_sources(overrides, environment().into_iter())
    }

    /// What is in force when nobody says anything.
    #[cfg(test)]
    pub(crate) fn defaults() -> Self {
        Self::from_sources(Overrides::default(), std::iter::empty()).unwrap()
    }

    fn from_sources(
        overrides: Overrides,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let variables: Vec<_> = variables.collect();
        let named = variables.iter().find(|(name, _)| name == CONFIG_VARIABLE).map(|(_, path)| PathBuf::from(path));
        let known = settings();
        let mut problems = Vec::new();
        let mut given = Given::default();

        if let Some(file) = overrides.file.or(named) {
            given.add_file(&file, &known, &mut problems);
        }
        given.add_environment(variables.into_iter(), &known, &mut problems);
        for assignment in &overrides.assignments {
            given.add_assignment(assignment, &known, &mut problems);
        }
        for (key, text, flag) in overrides.flags {
            given.add_flag(key, text, flag);
        }

        let config = Self {
            basics: Basics::read(&given, &mut problems),
            auth: Auth::read(&given, &mut problems),
            limits: Limits::read(&given, &mut problems),
            http: Http::read(&given, &mut problems),
            store: Store::read(&given, &mut problems),
            sqlite: Sqlite::read(&given, &mut problems),
            postgres: Postgres::read(&given, &mut problems),
            request_log: RequestLog::read(&given, &mut problems),
            log: Log::read(&given, &mut problems),
        };
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { problems }) }
    }

    /// The effective configuration as a file that could be given to `--config`, secrets masked.
    pub(crate) fn to_toml_masked(&self) -> String {
        reference::to_toml(&[
            self.basics.show(),
            self.auth.show(),
            self.limits.show(),
            self.http.show(),
            self.store.show(),
            self.sqlite.show(),
            self.postgres.show(),
            self.request_log.show(),
            self.log.show(),
        ])
    }
}

/// The bearer token of `simulate` and `self-test`: theirs alone, and so no setting. It does not begin
/// with `MUSTER_`, so that a server that is started from the same shell does not stumble over it.
pub(crate) fn scim_token() -> Option<String> {
    environment().into_iter().find(|(name, _)| name == "SCIM_TOKEN").map(|(_, token)| token)
}

/// The variables of this process. Those that are not UTF-8 cannot be ours.
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Title, documentation and settings of each section, in the order of the reference.
fn sections() -> Vec<(&'static str, &'static [&'static str], &'static [Setting])> {
    vec![
        ("Basics", Basics::DOC, Basics::SETTINGS),
        ("Credentials", Auth::DOC, Auth::SETTINGS),
        ("Limits", Limits::DOC, Limits::SETTINGS),
        ("HTTP", Http::DOC, Http::SETTINGS),
        ("Database", Store::DOC, Store::SETTINGS),
        ("SQLite", Sqlite::DOC, Sqlite::SETTINGS),
        ("PostgreSQL", Postgres::DOC, Postgres::SETTINGS),
        ("Request log", RequestLog::DOC, RequestLog::SETTINGS),
        ("Log", Log::DOC, Log::SETTINGS),
    ]
}

fn settings() -> Vec<&'static Setting> {
    sections().into_iter().flat_map(|(_, _, settings)| settings).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, variables: &[(&str, &str)], overrides: Overrides) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("muster.toml");
        std::fs::write(&path, file).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::from_sources(Overrides { file: Some(path.clone()), ..overrides }, variables)
            .map_err(|error| error.to_string().replace(&path.display().to_string(), "muster.toml"))
    }

    #[test]
    fn every_default_is_of_its_own_kind() {
        assert_eq!(Config::defaults().basics.listen.port(), 8080);
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_that_over_the_file() {
        let file = "listen = \"127.0.0.1:1\"\npublic_url = \"http://file\"\ndata_dir = \"from-file\"";
        let variables = [("MUSTER_LISTEN", "127.0.0.1:2"), ("MUSTER_PUBLIC_URL", "http://environment")];
        let flags = vec![("listen", "127.0.0.1:3".to_owned(), "--listen")];

        let config = load(file, &variables, Overrides { flags, ..Overrides::default() }).unwrap();

        assert_eq!(config.basics.listen.port(), 3);
        assert_eq!(config.basics.public_url.unwrap().as_str(), "http://environment");
        assert_eq!(config.basics.data_dir, PathBuf::from("from-file"));
    }

    #[test]
    fn all_problems_are_told_at_once_with_their_place_and_what_to_write() {
        let file = "lisen = \"x\"\n[log]\nformat = \"xml\"\nlevel = 3";
        let assignments = vec!["log.formt=json".to_owned(), "nonsense".to_owned()];

        let error =
            load(file, &[("MUSTER_DATADIR", "x")], Overrides { assignments, ..Overrides::default() }).unwrap_err();

        insta::assert_snapshot!(error, @r#"
        muster.toml: unknown setting lisen; did you mean listen?
        muster.toml: unknown setting log.level; did you mean log.filter?
        the environment: unknown variable MUSTER_DATADIR; did you mean MUSTER_DATA_DIR?
        --set: unknown setting log.formt; did you mean log.format?
        --set nonsense: write it as --set key=value
        log.format in muster.toml: "xml" is not right here; write human or json
        "#);
    }

    #[test]
    fn variables_that_kubernetes_sets_for_a_service_called_muster_are_not_ours() {
        let variables = [("MUSTER_SERVICE_HOST", "10.0.0.1"), ("MUSTER_PORT", "tcp://10.0.0.1:8080")];

        assert!(load("", &variables, Overrides::default()).is_ok());
    }

    #[test]
    fn what_check_config_prints_can_be_given_back_as_a_file() {
        let first = load("public_url = \"https://scim.example.com/\"", &[], Overrides::default()).unwrap();

        let second = load(&first.to_toml_masked(), &[], Overrides::default()).unwrap();

        assert_eq!(first.to_toml_masked(), second.to_toml_masked());
    }

    #[test]
    fn the_reference_in_docs_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");

        let written = std::fs::read_to_string(path).unwrap_or_default();

        assert!(written == reference(), "run docs/update");
    }
}
