//! From the configuration to what the libraries want to know.

use std::time::{Duration, Instant};

use service::settings::{IssuerKeys, MasterKey, RequestLogSettings, TrustedIssuer};
use service::{App, ServiceError, Settings, StoreError};
use store::Store;

use crate::config::{self, Config, Database, PostgresUrl, Value};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::master_key;

/// How long to pause between two attempts to reach PostgreSQL at the start.
const PAUSE: Duration = Duration::from_secs(1);

/// The service over the database of this configuration, which is made when it is not there. A
/// PostgreSQL that cannot be reached is waited for, for as long as `patience`.
///
/// # Errors
/// When the data folder, the master key or the database cannot be used; the last also when another
/// process has the SQLite file open, or other servers seal with another master key.
pub(crate) async fn app(config: &Config, data_dir: &DataDir, patience: Duration) -> Result<App, Failure> {
    let found = master_key::find(&config.auth, data_dir)?;
    let store = open_store(&store_options(config, data_dir), &place(config, data_dir), patience).await?;
    let app = open_app(config, data_dir, found, store.clone()).await;
    if app.is_err() {
        store.close().await;
    }
    app
}

/// The database as messages call it: never with a password.
pub(crate) fn place(config: &Config, data_dir: &DataDir) -> String {
    match &config.basics.database_url {
        Some(Database::Postgres(url)) => url.show_masked(),
        None | Some(Database::Sqlite(_)) => {
            data_dir.sqlite_file(&config.basics).unwrap_or_default().display().to_string()
        }
    }
}

async fn open_store(options: &store::Options, place: &str, patience: Duration) -> Result<Store, Failure> {
    let started = Instant::now();
    loop {
        let error = match Store::open(options).await {
            Ok(store) => return Ok(store),
            Err(error) => error,
        };
        // Who has an SQLite file open does not let go of it.
        let may_pass = options.postgres.is_some() && matches!(error, StoreError::Unavailable(_));
        if !may_pass || started.elapsed() + PAUSE > patience {
            return Err(Failure::new(format!("cannot open {place}: {error}")));
        }
        tracing::warn!(error = &error as &dyn std::error::Error, "waiting for PostgreSQL");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn open_app(config: &Config, data_dir: &DataDir, found: Option<MasterKey>, store: Store) -> Result<App, Failure> {
    let master_key = match found {
        Some(key) => key,
        None if has_sealed_keys(&store).await? => return Err(foreign_keys()),
        None => master_key::make(data_dir)?,
    };
    let app = App::open(settings(config, master_key)?, store).await.map_err(of_keys)?;
    // The first signing key is made now and not when a token is first wanted: it ties the database to this
    // master key, before another server on it begins with one of its own.
    app.jwks().await.map_err(of_keys)?;
    Ok(app)
}

async fn has_sealed_keys(store: &Store) -> Result<bool, Failure> {
    let keys = store.read(|tx| Box::pin(async { store::keys::shown(tx, i64::MAX).await })).await?;
    Ok(keys.iter().any(|key| key.sealed.is_some()))
}

fn of_keys(error: ServiceError) -> Failure {
    if matches!(error, ServiceError::Key(_)) { foreign_keys() } else { error.into() }
}

fn foreign_keys() -> Failure {
    Failure::new(
        "the signing keys in the database were sealed with another master key; give the one of the first server \
         on this database: its file master.key by auth.master_key_file, or what that holds by MUSTER_AUTH_MASTER_KEY",
    )
}

/// How to open the database.
pub(crate) fn store_options(config: &Config, data_dir: &DataDir) -> store::Options {
    let Config { store: common, sqlite, .. } = config;
    let defaults = store::Options::new(data_dir.sqlite_file(&config.basics).unwrap_or_default());
    store::Options {
        postgres: match &config.basics.database_url {
            Some(Database::Postgres(url)) => Some(postgres_options(&config.postgres, url)),
            None | Some(Database::Sqlite(_)) => None,
        },
        reader_threads: sqlite.reader_threads.map_or(defaults.reader_threads, whole),
        queue_length_max: whole(common.queue_length_max),
        writer_cache_bytes: sqlite.writer_cache.0,
        reader_cache_bytes: sqlite.reader_cache.0,
        reader_mmap_bytes: sqlite.reader_mmap.0,
        scan_deadline: common.scan_deadline.0,
        wal_bytes_max: sqlite.wal_max.0,
        ..defaults
    }
}

/// Whether the addresses of PostgreSQL can be understood, which needs no connection.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn expect_addresses(config: &Config) -> Result<(), Failure> {
    match &config.basics.database_url {
        Some(Database::Postgres(url)) => Ok(postgres_options(&config.postgres, url).check()?),
        None | Some(Database::Sqlite(_)) => Ok(()),
    }
}

/// How to use the PostgreSQL database at `url`.
pub(crate) fn postgres_options(wanted: &config::Postgres, url: &PostgresUrl) -> store::PostgresOptions {
    let defaults = store::PostgresOptions::new(url.reveal());
    store::PostgresOptions {
        listen_url: wanted.listen_url.as_ref().map(|url| url.reveal().to_owned()),
        connections_max: wanted.connections_max.map_or(defaults.connections_max, whole),
        statement_cache: wanted.statement_cache,
        connect_timeout: wanted.connect_timeout.0,
        statement_timeout: wanted.statement_timeout.0,
        lock_timeout: wanted.lock_timeout.0,
        ..defaults
    }
}

/// How to meet clients.
pub(crate) fn server_options(config: &Config) -> server::Options {
    let Config { http, limits, .. } = config;
    server::Options {
        trusted_proxies: http.trusted_proxies.iter().map(|network| network.0).collect(),
        read_deadline: http.read_deadline.0,
        stall_timeout: http.stall_timeout.0,
        body_timeout: http.body_timeout.0,
        idle_timeout: http.idle_timeout.0,
        shutdown_grace: http.shutdown_grace.0,
        connections_max: whole(http.connections_max),
        bodies_in_flight_bytes_max: usize::try_from(limits.bodies_in_flight_max.0).unwrap_or(usize::MAX),
        bodies_in_flight_wait: limits.bodies_in_flight_wait.0,
        compression: http.compression,
    }
}

/// What the service wants to know.
///
/// # Errors
/// When the keys of a trusted issuer cannot be read from their file.
fn settings(config: &Config, master_key: MasterKey) -> Result<Settings, Failure> {
    let Config { basics, auth, limits, request_log, .. } = config;
    Ok(Settings {
        public_url: basics.public_url.as_ref().map(|url| url.as_str().to_owned()),
        signing_algorithm: auth.signing_algorithm.0,
        signing_key_lifetime_s: i64::try_from(auth.signing_key_lifetime.0.as_secs()).unwrap_or(i64::MAX),
        access_token_lifetime_s: u32::try_from(auth.access_token_lifetime.0.as_secs()).unwrap_or(u32::MAX),
        audience: auth.audience.clone(),
        trusted_issuers: auth.trusted_issuers.0.iter().map(trusted_issuer).collect::<Result<_, _>>()?,
        failed_token_requests_per_minute_max: auth.failed_token_requests_per_minute_max,
        limits: service::Limits {
            bulk_operations_max: limits.bulk_operations_max,
            bulk_payload_bytes_max: limits.bulk_payload_max.bytes_u32(),
            payload_bytes_max: limits.payload_max.bytes_u32(),
            page_size_default: limits.page_size_default,
            page_size_max: limits.page_size_max,
            requests_per_second_max: limits.requests_per_second_max,
        },
        request_log: RequestLogSettings {
            kept_for_s: i64::try_from(request_log.kept_for.0.as_secs()).unwrap_or(i64::MAX),
            entries_per_tenant_max: request_log.entries_per_tenant_max,
            queue_length_max: request_log.queue_length_max,
            refusals_per_minute_max: request_log.refusals_per_minute_max,
        },
        ..Settings::new(master_key)
    })
}

fn trusted_issuer(wanted: &config::TrustedIssuer) -> Result<TrustedIssuer, Failure> {
    let keys = match &wanted.keys {
        config::IssuerKeys::Url(url) => IssuerKeys::Url(url.clone()),
        config::IssuerKeys::File(path) => IssuerKeys::Set(std::fs::read_to_string(path).map_err(|error| {
            Failure::io(&format!("cannot read the keys of {} from {}", wanted.issuer, path.display()), &error)
        })?),
    };
    Ok(TrustedIssuer {
        issuer: wanted.issuer.clone(),
        keys,
        audience: wanted.audience.clone(),
        tenant_claim: wanted.tenant_claim.clone(),
        scope_claim: wanted.scope_claim.clone(),
        role_claim: wanted.role_claim.clone(),
        platform: wanted.platform,
    })
}

fn whole(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_that_the_reference_shows_are_those_of_the_libraries() {
        let config = Config::defaults();
        let data_dir = DataDir::at("data".into());
        let key = MasterKey::new([0; 32]);

        let ours = settings(&config, key.clone()).unwrap();

        let theirs = Settings::new(key);
        assert_eq!(ours.limits, theirs.limits);
        assert_eq!(ours.request_log, theirs.request_log);
        assert_eq!(ours.signing_algorithm, theirs.signing_algorithm);
        assert_eq!(ours.signing_key_lifetime_s, theirs.signing_key_lifetime_s);
        assert_eq!(ours.access_token_lifetime_s, theirs.access_token_lifetime_s);
        assert_eq!(ours.audience, theirs.audience);
        assert_eq!(ours.failed_token_requests_per_minute_max, theirs.failed_token_requests_per_minute_max);
        assert_eq!(store_options(&config, &data_dir), store::Options::new("data/muster.db"));
        let url = PostgresUrl::read("postgres://db/muster").unwrap();
        assert_eq!(postgres_options(&config.postgres, &url), store::PostgresOptions::new("postgres://db/muster"));
        assert_eq!(format!("{:?}", server_options(&config)), format!("{:?}", server::Options::default()));
    }
}
