//! The schema, as numbered steps. A database knows the number of its last step; opening it runs
//! the steps after that one, each in a transaction of its own.

/// A step. Its file is never changed once it has been released; a mistake is a further step.
#[derive(Debug)]
pub(crate) struct Migration {
    /// From 1, without gaps; one number for both engines.
    pub(crate) number: u32,
    /// What it brings, for the log.
    pub(crate) name: &'static str,
    /// For SQLite.
    pub(crate) sqlite: &'static str,
    /// For PostgreSQL.
    pub(crate) postgres: &'static str,
}

/// A step and its files in `migrations/`. One that is about one engine only has no file for the other.
macro_rules! step {
    ($number:literal, $name:literal, sqlite: $sqlite:literal) => {
        Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../migrations/", $sqlite)),
            postgres: "",
        }
    };
    ($number:literal, $name:literal, sqlite: $sqlite:literal, postgres: $postgres:literal) => {
        Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../migrations/", $sqlite)),
            postgres: include_str!(concat!("../migrations/", $postgres)),
        }
    };
}

/// All steps, in order.
pub(crate) const MIGRATIONS: &[Migration] = &[
    step!(1, "tenancy", sqlite: "0001_tenancy.sqlite.sql", postgres: "0001_tenancy.postgres.sql"),
    step!(2, "resources", sqlite: "0002_resources.sqlite.sql", postgres: "0002_resources.postgres.sql"),
    step!(3, "statistics", sqlite: "0003_statistics.sqlite.sql"),
    step!(4, "idempotency", sqlite: "0004_idempotency.sqlite.sql", postgres: "0004_idempotency.postgres.sql"),
    step!(5, "request log", sqlite: "0005_request_log.sqlite.sql", postgres: "0005_request_log.postgres.sql"),
    step!(6, "upkeep", sqlite: "0006_upkeep.sqlite.sql", postgres: "0006_upkeep.postgres.sql"),
    step!(7, "schemas", sqlite: "0007_schemas.sqlite.sql", postgres: "0007_schemas.postgres.sql"),
    step!(8, "audit", sqlite: "0008_audit.sqlite.sql", postgres: "0008_audit.postgres.sql"),
    step!(9, "request log in packs", sqlite: "0009_request_log_packs.sqlite.sql", postgres: "0009_request_log_packs.postgres.sql"),
    step!(10, "spans", sqlite: "0010_spans.sqlite.sql", postgres: "0010_spans.postgres.sql"),
];

/// The steps that a database at `version` lacks; `None` when it is newer than this program.
pub(crate) fn steps_after(version: u32) -> Option<&'static [Migration]> {
    MIGRATIONS.get(usize::try_from(version).ok()?..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_from_1_without_gaps() {
        let numbers: Vec<_> = MIGRATIONS.iter().map(|step| step.number).collect();

        assert_eq!(numbers, (1..=u32::try_from(MIGRATIONS.len()).unwrap()).collect::<Vec<_>>());
    }

    #[test]
    fn a_database_gets_the_steps_it_lacks_and_a_newer_one_is_recognised() {
        let newest = u32::try_from(MIGRATIONS.len()).unwrap();

        assert_eq!(steps_after(0).unwrap().len(), MIGRATIONS.len());
        assert!(steps_after(newest).unwrap().is_empty());
        assert!(steps_after(newest + 1).is_none());
    }

    /// A constraint that is checked at the commit would fail the whole batch of a shared commit,
    /// and with it writes of others.
    #[test]
    fn no_constraint_is_deferred_to_the_commit() {
        for step in MIGRATIONS {
            let text = format!("{}{}", step.sqlite, step.postgres).to_uppercase();
            assert!(!text.contains("DEFER"), "{} defers a constraint", step.name);
        }
    }
}
