//! The real binary as a process of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use store::Options;
use tempfile::TempDir;
use testdb::{Cluster, Database};
use testkit::Client;

/// Where servers keep their data: a folder, and with PostgreSQL a database.
pub(crate) struct Home {
    folder: TempDir,
    database: Option<Database<'static>>,
    /// The address of the database, on PostgreSQL.
    url: Option<String>,
}

impl Home {
    /// An empty one on SQLite.
    pub(crate) fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: None, url: None }
    }

    /// An empty one on PostgreSQL. Any number of servers may run on it at a time; they share a folder,
    /// and so the master key.
    pub(crate) fn postgres() -> Self {
        Self::on(Cluster::shared().database())
    }

    /// One on that database.
    pub(crate) fn on(database: Database<'static>) -> Self {
        let url = database.url();
        Self { database: Some(database), ..Self::at(url) }
    }

    /// One on a database at that address, which is not dropped with it.
    pub(crate) fn at(url: String) -> Self {
        Self { url: Some(url), ..Self::sqlite() }
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The database, on PostgreSQL.
    pub(crate) fn database(&self) -> Option<&Database<'static>> {
        self.database.as_ref()
    }

    /// The binary, told by its environment where its data is.
    pub(crate) fn command(&self) -> Command {
        let mut command = command();
        command.env("MUSTER_DATA_DIR", self.path("data"));
        if let Some(url) = &self.url {
            command.env("MUSTER_DATABASE_URL", url);
        }
        command
    }

    /// How to open the database without a server.
    pub(crate) fn store_options(&self) -> Options {
        match &self.url {
            None => Options::new(self.path("data/muster.db")),
            Some(url) => Options::on_postgres(url),
        }
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// Starts a server on a free port; comes back once it accepts connections.
    pub(crate) fn start(&self) -> Muster {
        self.start_with(&[])
    }

    /// [`Self::start`] with further arguments.
    pub(crate) fn start_with(&self, arguments: &[&str]) -> Muster {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Muster::spawn(self.command(), arguments, &self.path(&format!("credentials-{number}.json")))
    }

    /// [`Self::start`], logging as much as there is to that file.
    pub(crate) fn start_logging_to(&self, file: &Path) -> Muster {
        let mut command = self.command();
        command.stderr(std::fs::File::create(file).unwrap());
        Muster::spawn(command, &["--set", "log.filter=trace"], &self.path("credentials-logging.json"))
    }

    /// `muster check` finds nothing wrong.
    pub(crate) fn check(&self) {
        expect_sound(&self.run(&["check"]));
    }
}

/// Runs a test on each engine, with a home of its own.
#[expect(clippy::print_stdout, reason = "it is shown when the test fails")]
pub(crate) async fn each_engine(test: impl AsyncFn(&Home)) {
    for home in [Home::sqlite(), Home::postgres()] {
        println!("on {}", if home.database.is_some() { "PostgreSQL" } else { "SQLite" });
        test(&home).await;
    }
}

/// A running `muster serve --dev`. Killed when dropped.
pub(crate) struct Muster {
    process: Child,
    credentials: Value,
}

impl Muster {
    /// Starts it on a free port with the data in `folder`, on SQLite; comes back once it accepts connections.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut command = command();
        command.env("MUSTER_DATA_DIR", folder.join("data"));
        Self::spawn(command, &[], &folder.join("credentials.json"))
    }

    fn spawn(mut command: Command, arguments: &[&str], credentials: &Path) -> Self {
        let mut process = command
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--set", "log.filter=warn"])
            .args(["--dev-credentials".as_ref(), credentials.as_os_str()])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // What --dev prints comes after the listener is bound and the file is written.
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let credentials = serde_json::from_str(&std::fs::read_to_string(credentials).unwrap()).unwrap();
        Self { process, credentials }
    }

    /// What --dev made.
    pub(crate) fn credentials(&self) -> &Value {
        &self.credentials
    }

    /// A client of the dev tenant's SCIM routes.
    pub(crate) fn scim(&self) -> Client {
        let scim = &self.credentials["scim"];
        Client::new(scim["base_url"].as_str().unwrap()).with_bearer(scim["token"].as_str().unwrap()).scim()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM, and waits for the end, which must be a good one.
    pub(crate) fn stop(self) {
        self.terminate();
        self.wait();
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits for the end, which must be a good one.
    pub(crate) fn wait(mut self) {
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Muster {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to do.
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            drop(self.process.kill());
            drop(self.process.wait());
        }
    }
}

/// The binary, without the environment's own settings.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MUSTER_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the binary to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

fn expect_sound(checked: &Output) {
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
