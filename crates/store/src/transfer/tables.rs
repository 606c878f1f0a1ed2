//! Every table with its columns: what a copy of a database takes along, and what the file of a tenant
//! holds. This is the only list; a test compares it with the schema of each engine.

/// A table as both engines have it. Where PostgreSQL keeps the same otherwise, [`super::statements`] says how.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// All of its columns.
    pub columns: &'static [Column],
    /// The columns by which its rows are read in order, a unique index of SQLite's.
    pub key: &'static [&'static str],
    /// What the file of a tenant holds of it.
    pub in_file: InFile,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What is in it.
    pub kind: Kind,
    /// Whether it may hold nothing.
    pub nullable: bool,
    /// Whether a file holds it.
    pub place: Place,
}

/// What is in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number, a time, or 0 and 1.
    Int,
    /// Any text.
    Text,
    /// A JSON text, which a file holds as it is.
    Json,
    /// Bytes, in a file as hexadecimal digits.
    Bytes,
    /// An identifier, in a file as on the wire.
    Id,
    /// The key of a resource type, in a file its name.
    Type,
}

/// Whether a file holds a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It does.
    File,
    /// It does if it holds credentials.
    Credentials,
    /// It does not: the value numbers rows of this database, or follows from the others.
    Here,
}

/// What the file of a tenant holds of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InFile {
    /// A line per row.
    Rows,
    /// A line per row, before all rows that mean something by them.
    Definitions,
    /// A line per row, in the order of creation.
    Resources,
    /// A line per row, if it holds credentials.
    Credentials,
    /// A line per row, if it holds the history, else the last row.
    History,
    /// Lines that name both ends by their ids.
    Members,
    /// Nothing: it follows from other tables.
    Derived,
    /// Nothing, for this reason.
    No(&'static str),
}

impl Table {
    /// The columns that a file holds.
    pub(crate) fn file_columns(&self, credentials: bool) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().filter(move |column| match column.place {
            Place::File => true,
            Place::Credentials => credentials,
            Place::Here => false,
        })
    }
}

/// The table of that name.
pub(crate) fn named(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, nullable: false, place: Place::File }
}

const fn int(name: &'static str) -> Column {
    column(name, Kind::Int)
}

const fn text(name: &'static str) -> Column {
    column(name, Kind::Text)
}

const fn json(name: &'static str) -> Column {
    column(name, Kind::Json)
}

const fn bytes(name: &'static str) -> Column {
    column(name, Kind::Bytes)
}

const ID: Column = column("id", Kind::Id);
const TENANT: Column = int("tenant").here();
const PK: Column = int("pk").here();

impl Column {
    const fn or_null(self) -> Self {
        Self { nullable: true, ..self }
    }

    const fn here(self) -> Self {
        Self { place: Place::Here, ..self }
    }

    const fn credential(self) -> Self {
        Self { place: Place::Credentials, ..self }
    }
}

/// All tables, each after those that it refers to.
pub static TABLES: &[Table] = &[
    Table {
        name: "tenants",
        columns: &[
            int("key").here(),
            ID,
            text("slug"),
            text("name"),
            text("status"),
            json("limits"),
            json("settings"),
            int("created_at"),
            int("updated_at"),
        ],
        key: &["key"],
        in_file: InFile::Rows,
    },
    Table {
        name: "schema_states",
        columns: &[TENANT, int("version"), int("fence"), int("next_type"), int("next_index")],
        key: &["tenant"],
        in_file: InFile::Definitions,
    },
    Table {
        name: "schemas",
        columns: &[TENANT, text("urn"), json("definition"), int("created_at"), int("updated_at")],
        key: &["tenant", "urn"],
        in_file: InFile::Definitions,
    },
    Table {
        name: "resource_types",
        columns: &[
            TENANT,
            int("key"),
            text("name"),
            text("endpoint"),
            json("definition"),
            int("created_at"),
            int("updated_at"),
        ],
        key: &["tenant", "key"],
        in_file: InFile::Definitions,
    },
    Table {
        name: "schema_indexes",
        columns: &[
            TENANT,
            int("number"),
            text("urn"),
            text("path"),
            text("state"),
            int("done_type"),
            int("done_pk"),
            text("reason").or_null(),
        ],
        key: &["tenant", "number"],
        in_file: InFile::Definitions,
    },
    Table {
        name: "scim_tokens",
        columns: &[
            TENANT,
            PK,
            ID,
            text("name"),
            text("description").or_null(),
            bytes("hash"),
            text("prefix"),
            text("last_four"),
            bytes("previous_hash").or_null(),
            int("previous_until").or_null(),
            int("scopes"),
            json("allowed_ips"),
            text("identity_provider"),
            int("is_active"),
            int("expires_at").or_null(),
            int("created_at"),
            text("created_by"),
            int("updated_at"),
            int("revoked_at").or_null(),
            text("revoked_by").or_null(),
            int("last_used_at").or_null(),
            text("last_used_ip").or_null(),
            text("last_used_user_agent").or_null(),
            int("request_count"),
        ],
        key: &["pk"],
        in_file: InFile::Credentials,
    },
    Table {
        name: "scim_usage",
        columns: &[TENANT, int("hour"), int("requests"), int("errors")],
        key: &["tenant", "hour"],
        in_file: InFile::Rows,
    },
    Table {
        name: "applications",
        columns: &[
            TENANT.or_null(),
            PK,
            ID,
            text("client_id"),
            text("name"),
            text("description").or_null(),
            text("scopes"),
            text("role").or_null(),
            bytes("hash"),
            text("last_four"),
            bytes("previous_hash").or_null(),
            int("previous_until").or_null(),
            int("is_active"),
            int("created_at"),
            text("created_by"),
            int("updated_at"),
            int("deleted_at").or_null(),
            text("deleted_by").or_null(),
        ],
        key: &["pk"],
        in_file: InFile::Credentials,
    },
    Table {
        name: "signing_keys",
        columns: &[
            text("kid"),
            text("algorithm"),
            json("jwk"),
            bytes("sealed").or_null(),
            int("created_at"),
            int("shown_until").or_null(),
        ],
        key: &["kid"],
        in_file: InFile::No("they are the deployment's, and sealed with its master key"),
    },
    Table {
        name: "audit",
        columns: &[
            TENANT.or_null(),
            PK,
            int("at"),
            text("actor"),
            text("action"),
            text("subject"),
            text("request_id"),
            json("detail"),
            text("result"),
            text("address").or_null(),
            text("user_agent").or_null(),
        ],
        key: &["pk"],
        in_file: InFile::No("who did what stays where it was done"),
    },
    Table {
        name: "resources",
        columns: &[
            PK,
            TENANT,
            column("type", Kind::Type),
            ID,
            int("version"),
            int("created"),
            int("modified"),
            int("active").or_null().here(),
            text("user_name").or_null().here(),
            text("display_name").or_null().here(),
            text("external_id").or_null().here(),
            text("display").or_null().here(),
            text("secret").or_null().credential(),
            json("body"),
        ],
        key: &["pk"],
        in_file: InFile::Resources,
    },
    Table {
        name: "resource_blocks",
        columns: &[TENANT, column("type", Kind::Type), int("block"), int("resources")],
        key: &["tenant", "type", "block"],
        in_file: InFile::Derived,
    },
    Table {
        name: "attribute_values",
        columns: &[TENANT, int("attribute"), text("value"), PK],
        key: &["tenant", "attribute", "value", "pk"],
        in_file: InFile::Derived,
    },
    Table {
        name: "unique_keys",
        columns: &[TENANT, column("type", Kind::Type), text("attribute"), text("value"), PK],
        key: &["tenant", "type", "attribute", "value"],
        in_file: InFile::Derived,
    },
    Table {
        name: "members",
        columns: &[TENANT, int("group_pk"), int("member_pk")],
        key: &["tenant", "group_pk", "member_pk"],
        in_file: InFile::Members,
    },
    Table {
        name: "events",
        columns: &[
            TENANT,
            int("seq"),
            int("at"),
            text("actor"),
            text("request_id"),
            column("type", Kind::Type),
            column("resource", Kind::Id),
            int("version"),
            int("kind"),
            json("changed"),
            json("members").or_null(),
            json("before").or_null(),
            json("after").or_null(),
        ],
        key: &["tenant", "seq"],
        in_file: InFile::History,
    },
    Table {
        name: "idempotency",
        columns: &[TENANT, text("key"), bytes("digest"), int("started"), text("answer").or_null()],
        key: &["tenant", "key"],
        in_file: InFile::No("they are answers to requests that were sent here"),
    },
    Table {
        name: "request_log",
        columns: &[
            PK,
            TENANT,
            int("oldest"),
            int("requests"),
            int("failed"),
            text("resources"),
            json("body"),
            json("operations").or_null(),
        ],
        key: &["pk"],
        in_file: InFile::No("what was asked stays where it was asked"),
    },
    Table {
        name: "upkeep",
        columns: &[text("task"), int("due_at")],
        key: &["task"],
        in_file: InFile::No("the tasks are the deployment's"),
    },
];
