-- Tenants and who may act for them. All times are milliseconds since 1970, all ids the 19 bytes of
-- their prefix and UUID.

CREATE TABLE tenants (
  key        INTEGER PRIMARY KEY AUTOINCREMENT,
  id         BLOB NOT NULL UNIQUE,
  slug       TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL,
  status     TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'deleted')),
  limits     TEXT NOT NULL,
  settings   TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- previous_hash is the secret before the last rotation, good until previous_until.
CREATE TABLE scim_tokens (
  tenant               INTEGER NOT NULL REFERENCES tenants (key),
  pk                   INTEGER PRIMARY KEY AUTOINCREMENT,
  id                   BLOB NOT NULL UNIQUE,
  name                 TEXT NOT NULL,
  description          TEXT,
  hash                 BLOB NOT NULL,
  prefix               TEXT NOT NULL,
  last_four            TEXT NOT NULL,
  previous_hash        BLOB,
  previous_until       INTEGER,
  scopes               INTEGER NOT NULL,
  allowed_ips          TEXT NOT NULL,
  identity_provider    TEXT NOT NULL,
  is_active            INTEGER NOT NULL,
  expires_at           INTEGER,
  created_at           INTEGER NOT NULL,
  created_by           TEXT NOT NULL,
  updated_at           INTEGER NOT NULL,
  revoked_at           INTEGER,
  revoked_by           TEXT,
  last_used_at         INTEGER,
  last_used_ip         TEXT,
  last_used_user_agent TEXT,
  request_count        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX scim_tokens_hash ON scim_tokens (tenant, hash);
CREATE UNIQUE INDEX scim_tokens_previous_hash ON scim_tokens (tenant, previous_hash) WHERE previous_hash IS NOT NULL;
CREATE INDEX scim_tokens_list ON scim_tokens (tenant, pk);

-- Requests and failures by hour, for the question "does provisioning work?".
CREATE TABLE scim_usage (
  tenant   INTEGER NOT NULL REFERENCES tenants (key),
  hour     INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  errors   INTEGER NOT NULL,
  PRIMARY KEY (tenant, hour)
) STRICT, WITHOUT ROWID;

-- OAuth clients. Without a tenant they are GLOBAL.
CREATE TABLE applications (
  tenant         INTEGER REFERENCES tenants (key),
  pk             INTEGER PRIMARY KEY AUTOINCREMENT,
  id             BLOB NOT NULL UNIQUE,
  client_id      TEXT NOT NULL UNIQUE,
  name           TEXT NOT NULL,
  description    TEXT,
  scopes         TEXT NOT NULL,
  role           TEXT,
  hash           BLOB NOT NULL,
  last_four      TEXT NOT NULL,
  previous_hash  BLOB,
  previous_until INTEGER,
  is_active      INTEGER NOT NULL,
  created_at     INTEGER NOT NULL,
  created_by     TEXT NOT NULL,
  updated_at     INTEGER NOT NULL,
  deleted_at     INTEGER,
  deleted_by     TEXT
) STRICT;
CREATE INDEX applications_list ON applications (tenant, pk);

-- Keys that sign access tokens. The private part is sealed; sealed NULL means forgotten.
CREATE TABLE signing_keys (
  kid        TEXT PRIMARY KEY,
  algorithm  TEXT NOT NULL,
  jwk        TEXT NOT NULL,
  sealed     BLOB,
  created_at INTEGER NOT NULL,
  shown_until INTEGER
) STRICT, WITHOUT ROWID;

-- Who did what through the admin API or at the command line, written with the change itself.
CREATE TABLE audit (
  tenant     INTEGER REFERENCES tenants (key),
  pk         INTEGER PRIMARY KEY AUTOINCREMENT,
  at         INTEGER NOT NULL,
  actor      TEXT NOT NULL,
  action     TEXT NOT NULL,
  subject    TEXT NOT NULL,
  request_id TEXT NOT NULL,
  detail     TEXT NOT NULL
) STRICT;
CREATE INDEX audit_list ON audit (tenant, pk);
