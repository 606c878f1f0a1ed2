-- Schemas and resource types that tenants have defined, and which of their attributes are indexed.

-- How often what a tenant has defined has changed. A tenant without a row has never defined anything.
CREATE TABLE schema_states (
    tenant     INTEGER NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,    -- counts changes
    fence      INTEGER NOT NULL,    -- the version of the last change that whoever writes has to know of
    next_type  INTEGER NOT NULL,    -- keys and numbers are never given again: events and index rows have them
    next_index INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Schemas, and what is changed about the built-in ones.
CREATE TABLE schemas (
    tenant     INTEGER NOT NULL,
    urn        TEXT    NOT NULL,    -- folded
    definition TEXT    NOT NULL,    -- JSON (RFC 7643 section 7), as it was asked for
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, urn)
) STRICT, WITHOUT ROWID;

-- Resource types, and what is changed about the built-in ones.
CREATE TABLE resource_types (
    tenant     INTEGER NOT NULL,
    key        INTEGER NOT NULL,    -- resources.type
    name       TEXT    NOT NULL,    -- folded
    endpoint   TEXT    NOT NULL,    -- folded
    definition TEXT    NOT NULL,    -- JSON (RFC 7643 section 6), as it was asked for
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX resource_types_name ON resource_types (tenant, name);
CREATE UNIQUE INDEX resource_types_endpoint ON resource_types (tenant, endpoint);

-- Attributes whose values are in attribute_values because a tenant wants it.
CREATE TABLE schema_indexes (
    tenant    INTEGER NOT NULL,
    number    INTEGER NOT NULL,     -- attribute_values.attribute
    urn       TEXT    NOT NULL,     -- of the schema, folded
    path      TEXT    NOT NULL,     -- name.familyname, folded; empty for "has any value of this schema"
    state     TEXT    NOT NULL,     -- building, ready, failed or dropping
    done_type INTEGER NOT NULL,     -- while it is built: up to which resource that is done
    done_pk   INTEGER NOT NULL,
    reason    TEXT,                 -- why it failed
    PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX schema_indexes_unfinished ON schema_indexes (tenant, number) WHERE state IN ('building', 'dropping');

-- Tokens that may do everything still may: 32 and 64 are the scopes for types that tenants define.
UPDATE scim_tokens SET scopes = 127 WHERE scopes = 31;
