-- Bulk requests that were sent with an Idempotency-Key, and what they answered.
CREATE TABLE idempotency (
    tenant  bigint NOT NULL,
    key     text COLLATE "C" NOT NULL,
    digest  bytea  NOT NULL,    -- SHA-256 of the request's body
    started bigint NOT NULL,
    answer  text,               -- NULL while it runs, and for ever if it never ended
    CONSTRAINT idempotency_key PRIMARY KEY (tenant, key)
);
CREATE INDEX idempotency_by_start ON idempotency (tenant, started);
SELECT muster_keep_tenants_apart('idempotency');
