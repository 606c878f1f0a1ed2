//! A server of its own.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use crate::database::Database;

/// Nothing here has to survive, so nothing is flushed; and nothing happens that no test asked for.
const SETTINGS: [&str; 10] = [
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
    "shared_buffers=64MB",
    "max_wal_size=256MB",
    "autovacuum=off",
    "log_min_messages=warning",
    "lc_messages=C",
];

/// A PostgreSQL server that nobody else uses.
#[derive(Debug)]
pub struct Cluster {
    directory: PathBuf,
    programs: PathBuf,
    /// Dropped to end it.
    commands: Mutex<ChildStdin>,
    log: Mutex<Receiver<String>>,
}

impl Cluster {
    /// The one that all tests of this process share.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Cluster> = LazyLock::new(|| Cluster::start(&[]));
        &SHARED
    }

    /// Starts one, with further settings (`name=value`).
    ///
    /// # Panics
    /// When PostgreSQL is not installed, with the package to install; when it does not start, with
    /// what it says.
    #[must_use]
    pub fn start(settings: &[&str]) -> Self {
        let cluster = Self::launch(None, settings);
        cluster.wait_for("database system is ready to accept connections");
        cluster.sql("postgres", "CREATE ROLE muster LOGIN");
        cluster
    }

    /// Starts a copy of this one that follows it (streaming replication). From then on what is committed
    /// here is on its disk too before it is answered.
    ///
    /// # Panics
    /// As [`Self::start`].
    #[must_use]
    pub fn standby(&self, settings: &[&str]) -> Self {
        let standby = Self::launch(Some(&self.directory), settings);
        standby.wait_for("database system is ready to accept read-only connections");
        self.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.sql("postgres", "SELECT pg_reload_conf()");
        while self.sql("postgres", "SELECT sync_state FROM pg_stat_replication") != "sync" {}
        standby
    }

    /// Makes a standby the one that takes writes.
    pub fn promote(&self) {
        assert_eq!(self.sql("postgres", "SELECT pg_promote()"), "t");
    }

    fn launch(primary: Option<&Path>, settings: &[&str]) -> Self {
        let programs = programs();
        let directory = new_directory();
        let mut command = Command::new("sh");
        command.args(["-c", include_str!("supervise.sh"), "sh"]).arg(&directory).arg(&programs);
        command.arg(primary.unwrap_or(Path::new("")));
        for setting in SETTINGS.iter().chain(settings) {
            command.args(["-c", setting]);
        }
        // The server refuses to run as root.
        if let Some((user, group)) = user_to_become(&directory) {
            chown(&directory, Some(user), Some(group)).expect("root may give folders away");
            command.uid(user).gid(group);
        }
        // A group of its own: what the terminal sends to the tests is not for it.
        let mut child = command
            .current_dir(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("sh is there");
        let output = child.stdout.take().expect("it is piped");
        let commands = child.stdin.take().expect("it is piped");
        let (line, log) = channel();
        std::thread::spawn(move || {
            for text in BufReader::new(output).lines().map_while(Result::ok) {
                if line.send(text).is_err() {
                    break;
                }
            }
            // It ends when the test process does, or the cluster is dropped.
            child.wait()
        });
        let cluster = Self { directory, programs, commands: Mutex::new(commands), log: Mutex::new(log) };
        cluster.command("start");
        cluster
    }

    /// A new and empty database, owned by the role `muster`, which may do nothing else.
    pub fn database(&self) -> Database<'_> {
        Database::create(self, "template1")
    }

    /// A new database that is a copy of `template`, to which nobody is connected.
    pub fn copy_of(&self, template: &Database<'_>) -> Database<'_> {
        Database::create(self, template.name())
    }

    /// A new database in the shared cluster, for tests that all begin alike: a copy of one on which
    /// `prepare`, given its address, was run once in this process. It runs in a thread of its own, and must
    /// have closed its connections when it comes back.
    ///
    /// # Panics
    /// When `prepare` does.
    pub fn prepared(prepare: impl FnOnce(&str) + Send) -> Database<'static> {
        static PREPARED: OnceLock<Database<'static>> = OnceLock::new();
        let template = PREPARED.get_or_init(|| {
            let database = Self::shared().database();
            let url = database.url();
            std::thread::scope(|scope| scope.spawn(|| prepare(&url)).join().expect("the database was prepared"));
            // The server may not have noticed yet that we have gone.
            let connected =
                format!("pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{}'", database.name());
            Self::shared().sql("postgres", &format!("SELECT {connected}"));
            database
        });
        Self::shared().copy_of(template)
    }

    /// Ends the server as a power cut would.
    pub fn crash(&self) {
        self.command("crash");
        self.wait_for("supervisor: stopped");
    }

    /// `kill -9` of the server and all its processes.
    pub fn kill(&self) {
        self.command("kill");
        self.wait_for("supervisor: stopped");
    }

    /// Starts it again after [`Self::crash`] or [`Self::kill`].
    pub fn start_again(&self) {
        const READY: &str = "database system is ready to accept connections";
        /// What was killed may take a moment to be gone.
        const NOT_GONE: &str = "is still in use";
        loop {
            self.command("start");
            if self.wait_for_one_of([READY, NOT_GONE]) == READY {
                return;
            }
        }
    }

    /// Stops it in the middle of what it does: connections stay, and are not answered.
    pub fn freeze(&self) {
        self.command("freeze");
        self.wait_for("supervisor: sent STOP");
    }

    /// Lets it go on after [`Self::freeze`].
    pub fn thaw(&self) {
        self.command("thaw");
        self.wait_for("supervisor: sent CONT");
    }

    /// Runs SQL as the superuser; gives the answer, a line per row, columns with `|` between them.
    ///
    /// # Panics
    /// When the server refuses it, with what it says.
    pub fn sql(&self, database: &str, text: &str) -> String {
        let output = Command::new(self.programs.join("psql"))
            .args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-c", text, "-h"])
            .arg(&self.directory)
            .output()
            .expect("psql is installed with the server");
        assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// The folder with its socket.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn command(&self, command: &str) {
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(commands, "{command}").expect("the supervisor waits for commands");
    }

    /// Waits until it has said so.
    fn wait_for(&self, words: &str) {
        self.wait_for_one_of([words]);
    }

    /// Waits until it has said one of these; gives which.
    fn wait_for_one_of<'w, const N: usize>(&self, words: [&'w str; N]) -> &'w str {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let mut said = String::new();
        loop {
            let line = log.recv().unwrap_or_else(|_| "supervisor: failed (it has ended)".into());
            assert!(!line.contains("supervisor: failed"), "PostgreSQL does not start:\n{said}");
            if let Some(words) = words.into_iter().find(|words| line.contains(words)) {
                return words;
            }
            said += &line;
            said += "\n";
        }
    }
}

/// The programs of the newest version that is installed.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("postgres").exists());
    let version = |bin: &PathBuf| bin.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    installed.max_by_key(version).expect(
        "PostgreSQL is not installed. These tests start servers of their own; install the Debian package \
         `postgresql` (version 15 or newer), nothing needs to be configured or running",
    )
}

/// A folder of our own with a short name: the path of a socket has at most 107 bytes.
pub(crate) fn new_directory() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let directory = std::env::temp_dir().join(format!("muster-pg-{}-{number}", std::process::id()));
    fs::create_dir(&directory).expect("the temporary folder can be written to");
    directory
}

/// User and group of `postgres`, when we are root.
pub(crate) fn user_to_become(ours: &Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata(ours).ok()?.uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let entry = users.lines().find_map(|line| line.strip_prefix("postgres:"))?;
    let mut fields = entry.split(':').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
