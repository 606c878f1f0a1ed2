-- Resources, their index, their memberships and their events. Times are milliseconds since 1970.

-- A resource of any type. AUTOINCREMENT: a pk is never used again, so an old event, cursor or
-- member row cannot come to mean another resource.
CREATE TABLE resources (
    pk           INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant       INTEGER NOT NULL,
    type         INTEGER NOT NULL,
    id           BLOB    NOT NULL,
    version      INTEGER NOT NULL,
    created      INTEGER NOT NULL,
    modified     INTEGER NOT NULL,
    active       INTEGER,
    user_name    TEXT,              -- folded; only where the schema wants it unique
    display_name TEXT,              -- folded
    external_id  TEXT,              -- as sent: it is caseExact
    display      TEXT,              -- what members lists call it, as sent
    secret       TEXT,              -- the hash of the password
    body         TEXT    NOT NULL   -- the document and its id
) STRICT;
CREATE UNIQUE INDEX resources_id ON resources (tenant, id);
CREATE UNIQUE INDEX resources_user_name ON resources (tenant, type, user_name) WHERE user_name IS NOT NULL;
CREATE INDEX resources_external_id ON resources (tenant, type, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX resources_modified ON resources (tenant, type, modified);
-- `active` comes along so that a filter by it reads this index and no rows.
CREATE INDEX resources_page ON resources (tenant, type, pk, active);

-- How many resources of a type each block of 1,024 pks holds: exact totals, and the way to any startIndex.
CREATE TABLE resource_blocks (
    tenant    INTEGER NOT NULL,
    type      INTEGER NOT NULL,
    block     INTEGER NOT NULL,
    resources INTEGER NOT NULL,
    PRIMARY KEY (tenant, type, block)
) STRICT, WITHOUT ROWID;

-- Values of attributes that the schema marks as indexed, by the number of the mark.
CREATE TABLE attribute_values (
    tenant    INTEGER NOT NULL,
    attribute INTEGER NOT NULL,
    value     TEXT    NOT NULL,     -- folded unless caseExact
    pk        INTEGER NOT NULL,
    PRIMARY KEY (tenant, attribute, value, pk)
) STRICT, WITHOUT ROWID;

-- Values that no two resources of a type may share, other than `user_name`.
CREATE TABLE unique_keys (
    tenant    INTEGER NOT NULL,
    type      INTEGER NOT NULL,
    attribute TEXT    NOT NULL,
    value     TEXT    NOT NULL,     -- folded unless caseExact
    pk        INTEGER NOT NULL,
    PRIMARY KEY (tenant, type, attribute, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX unique_keys_of ON unique_keys (tenant, pk);

CREATE TABLE members (
    tenant    INTEGER NOT NULL,
    group_pk  INTEGER NOT NULL,
    member_pk INTEGER NOT NULL,
    PRIMARY KEY (tenant, group_pk, member_pk)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_member ON members (tenant, member_pk, group_pk);

-- What changed, in order. A row each, written with the change.
CREATE TABLE events (
    tenant     INTEGER NOT NULL,
    seq        INTEGER NOT NULL,    -- from 1, without gaps within a tenant
    at         INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    type       INTEGER NOT NULL,
    resource   BLOB    NOT NULL,    -- its id
    version    INTEGER NOT NULL,    -- its version after the change, for a deletion the last
    kind       INTEGER NOT NULL,
    changed    TEXT    NOT NULL,    -- names of the attributes, a JSON array
    members    TEXT,                -- {"added":[ids],"removed":[ids]}
    before     TEXT,                -- what changed, as it was; for a deletion the whole body
    after      TEXT,                -- what changed, as it is now; for a creation the whole body
    PRIMARY KEY (tenant, seq)
) STRICT;
