//! A pooler in front of a server.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::cluster::{Cluster, new_directory, user_to_become};
use crate::database::Database;

/// Ends with the standard input, as [`Cluster`] does. Debian keeps PgBouncer where only root looks.
const SUPERVISE: &str = r#"trap '' HUP INT TERM
PATH=$PATH:/usr/sbin
pgbouncer "$1/pgbouncer.ini" </dev/null 2>&1 &
cat >/dev/null
kill "$!" && wait "$!"
rm -rf "$1""#;

/// A PgBouncer in transaction mode: each transaction gets whichever connection to the server is free.
#[derive(Debug)]
pub struct Pooler {
    directory: PathBuf,
    supervisor: Child,
}

impl Pooler {
    /// Starts one with so many connections to the server for each database.
    ///
    /// # Panics
    /// When PgBouncer is not installed, with the package to install; when it does not start, with what it says.
    #[must_use]
    pub fn in_front_of(cluster: &Cluster, connections: u32) -> Self {
        let directory = new_directory();
        let (ours, servers) = (directory.display(), cluster.directory().display());
        let settings = format!(
            "[databases]\n* = host={servers} user=muster\n[pgbouncer]\npool_mode = transaction\nauth_type = any\n\
             default_pool_size = {connections}\nmax_client_conn = 100\nlisten_port = 5432\nunix_socket_dir = {ours}\n"
        );
        fs::write(directory.join("pgbouncer.ini"), settings).expect("our own folder can be written to");
        let mut command = Command::new("sh");
        command.args(["-c", SUPERVISE, "sh"]).arg(&directory);
        if let Some((user, group)) = user_to_become(&directory) {
            chown(&directory, Some(user), Some(group)).expect("root may give folders away");
            command.uid(user).gid(group);
        }
        let mut supervisor = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("sh is there");
        let mut output = BufReader::new(supervisor.stdout.take().expect("it is piped"));
        let (mut said, mut line) = (String::new(), String::new());
        while !line.contains("process up") {
            said += &line;
            line.clear();
            let read = output.read_line(&mut line).expect("it is read as text");
            assert!(
                read > 0 && !line.contains("not found"),
                "PgBouncer does not start. These tests start one of their own; install the Debian package `pgbouncer`, \
                 nothing needs to be configured or running:\n{said}{line}"
            );
        }
        // What it says later must go somewhere.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Self { directory, supervisor }
    }

    /// The address of a database by way of it.
    pub fn url(&self, database: &Database<'_>) -> String {
        let host = self.directory.to_string_lossy().replace('/', "%2F");
        format!("postgres://muster@{host}/{}", database.name())
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        self.supervisor.wait().ok();
    }
}
