//! From the configuration to what the libraries want to know.

use service::Settings;
use service::settings::{IssuerKeys, MasterKey, TrustedIssuer};

use crate::config::{self, Config};
use crate::data_dir::DataDir;
use crate::failure::Failure;

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

/// What the service wants to know.
///
/// # Errors
/// When the keys of a trusted issuer cannot be read from their file.
pub(crate) fn settings(config: &Config, master_key: MasterKey) -> Result<Settings, Failure> {
    let Config { basics, auth, limits, .. } = config;
    Ok(Settings {
        public_url: basics.public_url.as_ref().map(|url| url.as_str().to_owned()),
        signing_algorithm: auth.signing_algorithm.0,
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
