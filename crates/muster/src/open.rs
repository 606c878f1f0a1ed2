//! From the configuration to what the libraries want to know.

use service::settings::{IssuerKeys, MasterKey, TrustedIssuer};
use service::{App, Settings};

use crate::config::{self, Config};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::master_key;

/// The service over the database of this configuration, which is made when it is not there.
///
/// # Errors
/// When the data folder, the master key or the database cannot be used; the last also when another
/// process has it open.
pub(crate) async fn app(config: &Config, data_dir: &DataDir) -> Result<App, Failure> {
    let options = store_options(config, data_dir);
    let settings = settings(config, master_key::load(&config.auth, data_dir)?)?;
    let store = store::Store::open(&options)
        .await
        .map_err(|error| Failure::new(format!("cannot open {}: {error}", options.path.display())))?;
    App::open(settings, store).await.map_err(Failure::from)
}

/// How to open the database.
pub(crate) fn store_options(config: &Config, data_dir: &DataDir) -> store::Options {
    let defaults = store::Options::new(data_dir.database(&config.basics));
    let wanted = &config.store;
    store::Options {
        reader_threads: wanted.reader_threads.map_or(defaults.reader_threads, whole),
        queue_length_max: whole(wanted.queue_length_max),
        writer_cache_bytes: wanted.writer_cache.0,
        reader_cache_bytes: wanted.reader_cache.0,
        reader_mmap_bytes: wanted.reader_mmap.0,
        scan_deadline: wanted.scan_deadline.0,
        wal_bytes_max: wanted.wal_max.0,
        ..defaults
    }
}

/// How to meet clients.
pub(crate) fn server_options(config: &Config) -> server::Options {
    let http = &config.http;
    server::Options {
        trusted_proxies: http.trusted_proxies.iter().map(|network| network.0).collect(),
        read_deadline: http.read_deadline.0,
        stall_timeout: http.stall_timeout.0,
        body_timeout: http.body_timeout.0,
        idle_timeout: http.idle_timeout.0,
        shutdown_grace: http.shutdown_grace.0,
        connections_max: whole(http.connections_max),
    }
}

/// What the service wants to know.
///
/// # Errors
/// When the keys of a trusted issuer cannot be read from their file.
fn settings(config: &Config, master_key: MasterKey) -> Result<Settings, Failure> {
    let Config { basics, auth, limits, .. } = config;
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
        assert_eq!(ours.signing_algorithm, theirs.signing_algorithm);
        assert_eq!(ours.signing_key_lifetime_s, theirs.signing_key_lifetime_s);
        assert_eq!(ours.access_token_lifetime_s, theirs.access_token_lifetime_s);
        assert_eq!(ours.audience, theirs.audience);
        assert_eq!(ours.failed_token_requests_per_minute_max, theirs.failed_token_requests_per_minute_max);
        assert_eq!(store_options(&config, &data_dir), store::Options::new("data/muster.db"));
        assert_eq!(format!("{:?}", server_options(&config)), format!("{:?}", server::Options::default()));
    }
}
