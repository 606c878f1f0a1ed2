-- Bulk requests that were sent with an Idempotency-Key, and what they answered.
CREATE TABLE idempotency (
    tenant  INTEGER NOT NULL,
    key     TEXT    NOT NULL,
    digest  BLOB    NOT NULL,    -- SHA-256 of the request's body
    started INTEGER NOT NULL,
    answer  TEXT,                -- NULL while it runs, and for ever if it never ended
    PRIMARY KEY (tenant, key)
) STRICT;
CREATE INDEX idempotency_by_start ON idempotency (tenant, started);
