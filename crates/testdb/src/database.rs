//! A database for one test.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::cluster::Cluster;

/// A database in a [`Cluster`], dropped with this.
#[derive(Debug)]
pub struct Database<'c> {
    cluster: &'c Cluster,
    name: String,
}

impl<'c> Database<'c> {
    pub(crate) fn create(cluster: &'c Cluster, template: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        cluster.sql("postgres", &format!("CREATE DATABASE {name} OWNER muster TEMPLATE {template}"));
        Self { cluster, name }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address, for the role `muster`.
    pub fn url(&self) -> String {
        format!("postgres://muster@{}/{}", host(self.cluster), self.name)
    }

    /// Its address on either server, whichever takes writes.
    pub fn url_with(&self, standby: &Cluster) -> String {
        let (one, other) = (host(self.cluster), host(standby));
        format!("postgres://muster@{one},{other}/{}?target_session_attrs=read-write", self.name)
    }

    /// Runs SQL in it as the superuser: see [`Cluster::sql`].
    pub fn sql(&self, text: &str) -> String {
        self.cluster.sql(&self.name, text)
    }

    /// Its server.
    pub fn cluster(&self) -> &'c Cluster {
        self.cluster
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // Not while a test fails: the server may be what failed.
        if !std::thread::panicking() {
            self.cluster.sql("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

/// The folder with a server's socket, as addresses name it.
fn host(cluster: &Cluster) -> String {
    cluster.directory().to_string_lossy().replace('/', "%2F")
}
