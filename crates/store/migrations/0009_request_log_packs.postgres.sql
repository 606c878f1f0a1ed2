-- Some requests of a tenant in one row: what one row each costs, in rows and in entries of indexes, is more
-- than a read costs itself. What was kept in the old tables is not carried over.
DROP TABLE request_log_operations;
DROP TABLE request_log;

-- Requests of one tenant that were written together; failed ones and others apart, so that who looks for
-- failed ones finds no others. Rows of a tenant may overlap in time, but none spans more than ten seconds.
CREATE TABLE request_log (
    tenant     bigint NOT NULL,
    pk         bigint NOT NULL,              -- the key of the newest request in it, see step 5
    oldest     bigint NOT NULL,              -- the key of the oldest
    requests   bigint NOT NULL,              -- how many
    failed     bigint NOT NULL,              -- whether they failed
    body       text COLLATE "C" NOT NULL,    -- the requests, a JSON array
    operations text COLLATE "C",             -- operations of those that are bulk requests, a JSON array
    CONSTRAINT request_log_pk PRIMARY KEY (tenant, pk)
);
-- Compressing them would cost more than writing them.
ALTER TABLE request_log ALTER COLUMN body SET STORAGE EXTERNAL, ALTER COLUMN operations SET STORAGE EXTERNAL;
CREATE INDEX request_log_failed ON request_log (tenant, pk) WHERE failed = 1;
-- For forgetting the oldest of all tenants, and for one by its id.
CREATE INDEX request_log_age ON request_log (pk);
SELECT muster_keep_tenants_apart('request_log');

-- Which requests changed a resource, or were to. Reads are left out: they come in any order of resources,
-- so each would touch a page of its own.
CREATE TABLE request_log_resources (
    tenant   bigint NOT NULL,
    resource text COLLATE "C" NOT NULL,      -- its id
    log      bigint NOT NULL,                -- the key of the request
    pack     bigint NOT NULL,                -- the pk of its row
    CONSTRAINT request_log_resources_pk PRIMARY KEY (tenant, resource, log)
);
SELECT muster_keep_tenants_apart('request_log_resources');
