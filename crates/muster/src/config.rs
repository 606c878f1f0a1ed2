//! The configuration: its sections, their defaults and their documentation.
//!
//! A setting is declared once, below, with its key, type, default and doc comment. Reading it from
//! flags, environment and file ([`sources`]), `muster check-config` and `docs/configuration.md`
//! ([`reference`]) all follow from that. This is the only file that reads the environment.

mod reference;
mod section;
mod sources;
mod value;

use std::net::SocketAddr;
use std::path::PathBuf;

pub(crate) use reference::reference;
use section::{Section, Setting, section};
use sources::Given;
pub(crate) use value::{BaseUrl, Listener, LogFormat, Secret, Size, Span, SqliteFile};

/// Names the configuration file when `--config` does not.
const CONFIG_VARIABLE: &str = "MUSTER_CONFIG";

section! {
    /// What every installation thinks about. In the file these stand at the top, before any table.
    Basics {
        /// Address and port of the API. `0.0.0.0:8080` listens on all interfaces; put a proxy that
        /// speaks TLS in front of it.
        "listen" listen: SocketAddr = "127.0.0.1:8080",
        /// Folder of the database and the key file. Made when it does not exist, readable by its
        /// owner only.
        "data_dir" data_dir: PathBuf = "muster-data",
        /// Path of the SQLite file. Not set: `muster.db` in `data_dir`. PostgreSQL (`postgres://…`) comes
        /// with a later version.
        "database" database: Option<SqliteFile> = "",
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

        let config = Self { basics: Basics::read(&given, &mut problems), log: Log::read(&given, &mut problems) };
        if problems.is_empty() { Ok(config) } else { Err(ConfigError { problems }) }
    }

    /// The effective configuration as a file that could be given to `--config`, secrets masked.
    pub(crate) fn to_toml_masked(&self) -> String {
        reference::to_toml(&[self.basics.show(), self.log.show()])
    }
}

/// The variables of this process. Those that are not UTF-8 cannot be ours.
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Title, documentation and settings of each section, in the order of the reference.
fn sections() -> Vec<(&'static str, &'static [&'static str], &'static [Setting])> {
    vec![("Basics", Basics::DOC, Basics::SETTINGS), ("Log", Log::DOC, Log::SETTINGS)]
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
        let config = Config::from_sources(Overrides::default(), std::iter::empty()).unwrap();

        assert_eq!(config.basics.listen.port(), 8080);
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

        assert!(written == reference(), "run: cargo run -p muster -- config-reference > docs/configuration.md");
    }
}
