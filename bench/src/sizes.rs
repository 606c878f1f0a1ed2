//! How much is measured, and for how long.

/// Sizes of data sets, and times.
#[derive(Debug, Clone)]
pub(crate) struct Sizes {
    /// As the page calls it.
    pub(crate) name: &'static str,
    /// Users of the large tenants, the largest last.
    pub(crate) tenants: Vec<usize>,
    /// How many tenants of a hundred users there are, step by step.
    pub(crate) tenant_counts: Vec<usize>,
    /// Members of groups in the largest tenant.
    pub(crate) groups: Vec<usize>,
    /// Tokens of one tenant.
    pub(crate) tokens: Vec<usize>,
    /// Numbers of clients.
    pub(crate) clients: Vec<usize>,
    /// How long each row of the table is measured with 16 clients.
    pub(crate) seconds: f64,
    /// How long a point of a curve is measured, and a row with other numbers of clients.
    pub(crate) point_seconds: f64,
    /// How often the limits do what a request does.
    pub(crate) raw_rounds: usize,
    /// How many bulk requests are sent, by all clients together; one at least by each.
    pub(crate) bulks: usize,
    /// Bytes of a bulk request of the memory run.
    pub(crate) bulk_bytes: usize,
    /// Users that are created to see what they take on the disk.
    pub(crate) created: usize,
}

/// The number of clients of the table, and of all curves.
pub(crate) const CLIENTS: usize = 16;

/// Users of each of many tenants.
pub(crate) const SMALL_USERS: usize = 100;

impl Sizes {
    pub(crate) fn full() -> Self {
        Self {
            name: "full",
            tenants: vec![1000, 10_000, 100_000, 1_000_000],
            tenant_counts: vec![1, 100, 1000, 10_000],
            groups: vec![10, 100, 1000, 10_000, 100_000],
            tokens: vec![1, 100, 10_000, 100_000],
            clients: vec![1, CLIENTS, 64],
            seconds: 4.0,
            point_seconds: 1.5,
            raw_rounds: 20_000,
            bulks: 32,
            bulk_bytes: 16 * 1024 * 1024,
            created: 50_000,
        }
    }

    pub(crate) fn quick() -> Self {
        Self {
            name: "quick",
            tenants: vec![100, 1000, 10_000],
            tenant_counts: vec![1, 100],
            groups: vec![10, 100, 1000],
            tokens: vec![1, 100, 1000],
            seconds: 1.0,
            point_seconds: 0.4,
            raw_rounds: 2000,
            bulks: 16,
            bulk_bytes: 2 * 1024 * 1024,
            created: 5000,
            ..Self::full()
        }
    }

    pub(crate) fn tiny() -> Self {
        Self {
            name: "tiny",
            tenants: vec![100, 1000],
            tenant_counts: vec![1, 3],
            groups: vec![10, 100],
            tokens: vec![1, 10],
            clients: vec![CLIENTS],
            seconds: 0.05,
            point_seconds: 0.02,
            raw_rounds: 64,
            bulks: 1,
            bulk_bytes: 64 * 1024,
            created: 1000,
        }
    }

    /// Leaves out what is larger.
    pub(crate) fn cut(&mut self, users: usize) {
        self.tenants.retain(|size| *size <= users);
        if self.tenants.is_empty() {
            self.tenants.push(users);
        }
        let most = self.main() * 7 / 10;
        self.groups.retain(|members| *members <= most);
        self.tenant_counts.retain(|tenants| tenants * SMALL_USERS <= users.max(SMALL_USERS));
    }

    /// Users of the tenant of the table.
    pub(crate) fn main(&self) -> usize {
        *self.tenants.last().expect("there is one")
    }
}
