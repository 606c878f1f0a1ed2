//! The real server, as a process of its own, on either engine, with settings that lose nothing.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use store::Options;
use tempfile::TempDir;
use testdb::{Cluster, Database};

use crate::engine::Engine;
use crate::watch::Watched;

/// How PostgreSQL runs: what is committed is on the disk, as in production.
const POSTGRES_SETTINGS: [&str; 8] = [
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "autovacuum=on",
    "shared_buffers=1GB",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    "random_page_cost=1.1",
];

/// Where a server keeps its data.
pub(crate) struct Home {
    program: PathBuf,
    folder: TempDir,
    postgres: Option<Postgres>,
}

/// A PostgreSQL that nobody else uses. It lives as long as this process.
struct Postgres {
    database: Database<'static>,
    /// The parent of its processes.
    process: u32,
}

impl Home {
    /// An empty one, for the server at `program`.
    pub(crate) fn new(engine: Engine, program: &Path) -> Self {
        let postgres = (engine == Engine::Postgres).then(|| {
            static CLUSTER: std::sync::LazyLock<Cluster> =
                std::sync::LazyLock::new(|| Cluster::start(&POSTGRES_SETTINGS));
            let text = fs::read_to_string(CLUSTER.directory().join("data/postmaster.pid")).unwrap();
            Postgres { database: CLUSTER.database(), process: text.lines().next().unwrap().parse().unwrap() }
        });
        Self { program: program.to_owned(), folder: tempfile::tempdir().unwrap(), postgres }
    }

    /// A path in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The database, on PostgreSQL.
    pub(crate) fn database(&self) -> Option<&Database<'static>> {
        self.postgres.as_ref().map(|postgres| &postgres.database)
    }

    /// The parent of PostgreSQL's processes.
    pub(crate) fn postgres_process(&self) -> Option<u32> {
        self.postgres.as_ref().map(|postgres| postgres.process)
    }

    /// The file, on SQLite.
    pub(crate) fn sqlite_file(&self) -> PathBuf {
        self.path("data/muster.db")
    }

    /// How to open the database without a server.
    pub(crate) fn store_options(&self) -> Options {
        match self.database() {
            None => Options::new(self.sqlite_file()),
            Some(database) => Options::on_postgres(database.url()),
        }
    }

    /// What the database takes on the disk, in bytes; no server runs.
    pub(crate) fn bytes_on_disk(&self) -> u64 {
        match self.database() {
            None => fs::metadata(self.sqlite_file()).map_or(0, |file| file.len()),
            Some(database) => database.sql("SELECT pg_database_size(current_database())").parse().unwrap(),
        }
    }

    /// After many rows have come, as a server does by itself after a while.
    pub(crate) fn settle(&self) {
        if let Some(database) = self.database() {
            database.sql("VACUUM ANALYZE");
            database.sql("CHECKPOINT");
        }
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// Starts the server on a free port; comes back once it accepts connections.
    pub(crate) fn start(&self) -> Server {
        let file = self.path("credentials.json");
        let mut process = self
            .command()
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--set", "log.filter=warn"])
            .args(["--dev-credentials".as_ref(), file.as_os_str()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // What --dev prints comes after the listener is bound and the file is written.
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let credentials: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        fs::remove_file(file).unwrap();
        let watched = Watched::new(process.id(), self.postgres_process());
        Server { process, credentials, watched }
    }

    /// The binary, told where its data is, and without the environment's own settings.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MUSTER_")) {
            command.env_remove(name);
        }
        command.env("MUSTER_DATA_DIR", self.path("data"));
        if let Some(database) = self.database() {
            command.env("MUSTER_DATABASE_URL", database.url());
        }
        command
    }
}

/// A running server. Killed when dropped.
pub(crate) struct Server {
    process: Child,
    credentials: Value,
    pub(crate) watched: Watched,
}

impl Server {
    /// Where it listens, `host:port`.
    pub(crate) fn address(&self) -> String {
        self.credentials["base_url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned()
    }

    /// The token of the tenant `dev`.
    pub(crate) fn dev_token(&self) -> String {
        self.credentials["scim"]["token"].as_str().unwrap().to_owned()
    }

    /// SIGTERM, and waits for the end, which must be a good one.
    pub(crate) fn stop(mut self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to do.
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            drop(self.process.kill());
            drop(self.process.wait());
        }
    }
}
