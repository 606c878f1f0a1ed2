//! Values of the settings that say where the database is. Addresses of PostgreSQL hold passwords, so
//! nothing here prints one.

use std::fmt;
use std::path::PathBuf;

use super::value::Value;

/// What stands for a password.
const MASK: &str = "********";

/// Where the database is: this is what chooses the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Database {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(PostgresUrl),
}

impl Value for Database {
    const KIND: &'static str = "`postgres://user:password@host:port/database`, or the path of an SQLite file, with or without `sqlite:` before it";
    const SECRET: bool = true;

    fn read(text: &str) -> Option<Self> {
        if let Some(url) = PostgresUrl::read(text) {
            return Some(Self::Postgres(url));
        }
        let path = text.strip_prefix("sqlite:").unwrap_or(text);
        // An address with a slip of the pen must not become a file whose name is a password.
        let is_address = path.contains("://") || path.starts_with("postgres:") || path.starts_with("postgresql:");
        (!path.is_empty() && !is_address).then(|| Self::Sqlite(PathBuf::from(path)))
    }

    fn show(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(url) => url.show(),
        }
    }

    fn show_masked(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(url) => url.show_masked(),
        }
    }
}

/// The address of a PostgreSQL database. `Debug` shows it without the password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PostgresUrl(String);

impl PostgresUrl {
    /// The address with its password, for the one place that needs it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl Value for PostgresUrl {
    const KIND: &'static str = "`postgres://user:password@host:port/database`";
    const SECRET: bool = true;

    fn read(text: &str) -> Option<Self> {
        let is_ours = text.starts_with("postgres://") || text.starts_with("postgresql://");
        is_ours.then(|| Self(text.to_owned()))
    }

    fn show(&self) -> String {
        self.0.clone()
    }

    /// With a mask in the place of each password. Where it is not clear what the password is, since
    /// it holds what should have been percent-encoded, too much is masked rather than too little.
    fn show_masked(&self) -> String {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", &self.0));
        let question = rest.find('?').unwrap_or(rest.len());
        let user_end = rest[..question].rfind('@').or_else(|| rest.rfind('@')).unwrap_or(0);
        let (user, place) = rest.split_at(user_end);
        let user = user.split_once(':').map_or_else(|| user.to_owned(), |(name, _)| format!("{name}:{MASK}"));
        let (place, parameters) = place.split_once('?').map_or((place, None), |(place, rest)| (place, Some(rest)));
        let parameters = parameters.map(|parameters| {
            let masked = parameters.split('&').map(|parameter| match parameter.split_once('=') {
                Some((name, _)) if name.contains("password") => format!("{name}={MASK}"),
                _ => parameter.to_owned(),
            });
            format!("?{}", masked.collect::<Vec<_>>().join("&"))
        });
        format!("{scheme}://{user}{place}{}", parameters.unwrap_or_default())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.show_masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_which_engine_it_is() {
        for (text, path) in [("muster.db", "muster.db"), ("sqlite:/var/muster.db", "/var/muster.db")] {
            assert_eq!(Database::read(text), Some(Database::Sqlite(path.into())));
        }
        for text in ["postgres://muster@db/muster", "postgresql://muster@db/muster?sslmode=verify-full"] {
            assert_eq!(Database::read(text), Some(Database::Postgres(PostgresUrl(text.to_owned()))));
        }
        for text in ["", "sqlite:", "mysql://db/muster", "postgres:/muster@db/muster", "file://muster.db"] {
            assert_eq!(Database::read(text), None, "{text}");
        }
    }

    #[test]
    fn no_password_is_shown_wherever_it_stands() {
        let masked = |text: &str| {
            let database = Database::read(text).unwrap();
            let (shown, debug) = (database.show_masked(), format!("{database:?}"));
            assert!(!shown.contains("hunter") && !debug.contains("hunter"), "{shown} {debug}");
            shown
        };
        insta::assert_snapshot!(masked("postgres://muster:hunter2@db:5432/muster?sslmode=require"), @"postgres://muster:********@db:5432/muster?sslmode=require");
        insta::assert_snapshot!(masked("postgres://muster@db/muster?password=hunter2&sslmode=require"), @"postgres://muster@db/muster?password=********&sslmode=require");
        insta::assert_snapshot!(masked("postgres://muster:hunter@hunter/hunter:2@db/muster"), @"postgres://muster:********@db/muster");
        insta::assert_snapshot!(masked("postgres://muster:hunter?hunter=1@db/muster"), @"postgres://muster:********@db/muster");
        insta::assert_snapshot!(masked("postgres://db/muster"), @"postgres://db/muster");
        insta::assert_snapshot!(masked("postgres://muster@%2Frun%2Fpostgresql/muster"), @"postgres://muster@%2Frun%2Fpostgresql/muster");
    }
}
