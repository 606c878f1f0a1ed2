//! What is to be reached: on two cores, with the load generator on the same, at 16 clients, and durably.

use crate::engine::Engine;
use crate::rows;

/// For each row: seconds of processor time per 1,000 resources, on SQLite and on PostgreSQL.
const CPU: [(&str, f64, f64); 14] = [
    (rows::GET, 0.020, 0.060),
    (rows::USER_NAME, 0.030, 0.080),
    (rows::EXTERNAL_ID, 0.030, 0.080),
    (rows::EMAIL, 0.030, 0.080),
    (rows::NOBODY, 0.020, 0.060),
    (rows::FIRST_PAGE, 0.25, 0.50),
    (rows::PAGE, 0.25, 0.50),
    (rows::CREATE, 0.12, 0.25),
    (rows::PUT, 0.12, 0.25),
    (rows::PATCH, 0.12, 0.25),
    (rows::MEMBER, 0.12, 0.25),
    (rows::GROUP, 0.025, 0.060),
    (rows::BULK, 0.10, 0.12),
    (rows::DELETE, 0.10, 0.25),
];

/// Resources per second, with so many clients: on SQLite and on PostgreSQL, where there is a target.
const RATES: [(&str, usize, Option<f64>, Option<f64>); 12] = [
    (rows::GET, 64, Some(63_000.0), Some(25_000.0)),
    (rows::USER_NAME, 64, Some(58_000.0), None),
    (rows::EXTERNAL_ID, 64, Some(58_000.0), None),
    (rows::EMAIL, 64, Some(20_000.0), None),
    (rows::FIRST_PAGE, 64, Some(7700.0), None),
    (rows::INDEX, 64, Some(3900.0), None),
    (rows::CREATE, 16, Some(5000.0), Some(3000.0)),
    (rows::CREATE, 64, Some(10_000.0), Some(11_000.0)),
    (rows::PATCH, 64, Some(9600.0), None),
    (rows::MEMBER, 64, Some(9000.0), None),
    (rows::BULK, 1, Some(9000.0), Some(7000.0)),
    (rows::BULK, 16, Some(9000.0), Some(7000.0)),
];

/// Microseconds of a token check.
pub(crate) const TOKEN_CHECK_US: f64 = 2.0;
/// Memory before the first request, and after all of it, in bytes.
pub(crate) const IDLE_BYTES: u64 = 30_000_000;
pub(crate) const LOADED_BYTES: u64 = 256_000_000;
/// How much dearer something may be where it is large than where it is small.
pub(crate) const FLAT: f64 = 1.5;
/// How much longer a tenant's slowest requests may take while another sends bulk requests.
pub(crate) const FAIR: f64 = 3.0;

/// What part of its throughput a tenant keeps that has a request log.
pub(crate) const LOGGED: f64 = 0.95;

/// The target of a row, in seconds of processor time per 1,000 resources.
pub(crate) fn cpu(engine: Engine, name: &str) -> Option<f64> {
    let (_, sqlite, postgres) = CPU.iter().find(|(row, ..)| *row == name)?;
    Some(of(engine, *sqlite, *postgres))
}

/// Targets of throughput: row, clients, resources per second.
pub(crate) fn rates(engine: Engine) -> Vec<(&'static str, usize, f64)> {
    let target = |(name, clients, sqlite, postgres): &(&'static str, usize, Option<f64>, Option<f64>)| {
        of(engine, *sqlite, *postgres).map(|rate| (*name, *clients, rate))
    };
    RATES.iter().filter_map(target).collect()
}

/// Bytes on the disk for a user of 1.2 KB.
pub(crate) fn disk_bytes(engine: Engine) -> f64 {
    of(engine, 3000.0, 4000.0)
}

fn of<T>(engine: Engine, sqlite: T, postgres: T) -> T {
    match engine {
        Engine::Sqlite => sqlite,
        Engine::Postgres => postgres,
    }
}
