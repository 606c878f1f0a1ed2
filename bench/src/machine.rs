//! Where it is measured.

use std::fs;
use std::process::Command;

pub(crate) use crate::results::Machine;
use crate::server::Home;

/// The commit of the folder that this runs in.
pub(crate) fn commit() -> String {
    let output = Command::new("git").args(["describe", "--always", "--dirty", "--exclude=*"]).output();
    output.map_or_else(|_| "unknown".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

pub(crate) fn describe(home: &Home) -> Machine {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).map(str::to_owned).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let memory_kib: f64 = field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0.0);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Machine {
        processor: field("/proc/cpuinfo", "model name"),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_gib: memory_kib / 1024.0 / 1024.0,
        system: format!("Linux {}", release.trim()),
        database: match home.database() {
            None => format!("SQLite {}, synchronous=FULL", rusqlite::version()),
            Some(database) => {
                format!("PostgreSQL {}, fsync=on, synchronous_commit=on", database.sql("SHOW server_version"))
            }
        },
    }
}
