//! What processes use: processor time and memory, as Linux tells it.

use std::fs;

/// The kernel counts the time of ended processes in hundredths of a second.
const NS_PER_TICK: u64 = 10_000_000;

/// Processes that are watched.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    server: u32,
    /// The parent of all of PostgreSQL's.
    postgres: Option<u32>,
}

/// Memory of a process, in bytes.
#[derive(Debug, Clone, Copy, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Memory {
    /// All that is resident, with pages of the database file that are mapped and can be given back.
    pub(crate) resident: u64,
    /// What is the process's own.
    pub(crate) own: u64,
    /// The most that was resident so far.
    pub(crate) peak: u64,
}

impl Watched {
    pub(crate) fn new(server: u32, postgres: Option<u32>) -> Self {
        Self { server, postgres }
    }

    /// This process, and PostgreSQL.
    pub(crate) fn ourselves(postgres: Option<u32>) -> Self {
        Self::new(std::process::id(), postgres)
    }

    /// Processor time that they have used so far, in nanoseconds.
    pub(crate) fn used_ns(&self) -> u64 {
        used_ns(self.server) + self.postgres.map_or(0, |parent| used_ns(parent) + used_by_children_ns(parent))
    }

    /// Memory of the server, without PostgreSQL.
    pub(crate) fn memory(&self) -> Memory {
        let text = fs::read_to_string(format!("/proc/{}/status", self.server)).unwrap_or_default();
        let bytes = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
        };
        Memory { resident: bytes("VmRSS"), own: bytes("RssAnon"), peak: bytes("VmHWM") }
    }

    /// The peak is from now on.
    pub(crate) fn forget_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.server), "5").expect("Linux lets us, the process is ours");
    }
}

/// Of all threads of a process.
fn used_ns(pid: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let of_thread = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    threads.filter_map(of_thread).sum()
}

/// Of its children, those that have ended too.
fn used_by_children_ns(parent: u32) -> u64 {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    let running: u64 = children.split_whitespace().filter_map(|pid| pid.parse().ok()).map(used_ns).sum();
    let stat = fs::read_to_string(format!("/proc/{parent}/stat")).unwrap_or_default();
    // After the name, which may hold anything: state, then from the fourth field on numbers; 16 and 17 are theirs.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ended: u64 = fields.skip(13).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    running + ended * NS_PER_TICK
}
