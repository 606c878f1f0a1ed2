-- Some requests of a tenant in one row: what one row each costs, in rows and in entries of indexes, is more
-- than a read costs itself. Nor is there an index of resources: each change would touch a page of it, and who
-- looks for one looks through a text for hundreds of changes. What was kept in the old tables is not carried over.
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
    resources  text COLLATE "C" NOT NULL,    -- ids of those that they changed, or were to, a space around each
    body       text COLLATE "C" NOT NULL,    -- the requests, a JSON array
    operations text COLLATE "C",             -- operations of those that are bulk requests, a JSON array
    CONSTRAINT request_log_pk PRIMARY KEY (tenant, pk)
);
-- Compressing them would cost more than writing them.
ALTER TABLE request_log ALTER COLUMN resources SET STORAGE EXTERNAL, ALTER COLUMN body SET STORAGE EXTERNAL,
    ALTER COLUMN operations SET STORAGE EXTERNAL;
CREATE INDEX request_log_failed ON request_log (tenant, pk) WHERE failed = 1;
-- For forgetting the oldest of all tenants, and for one by its id.
CREATE INDEX request_log_age ON request_log (pk);
SELECT muster_keep_tenants_apart('request_log');
