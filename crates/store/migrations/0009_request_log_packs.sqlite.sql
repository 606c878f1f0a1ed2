-- Some requests of a tenant in one row: what one row each costs, in rows and in entries of indexes, is more
-- than a read costs itself. What was kept in the old tables is not carried over.
DROP TABLE request_log_operations;
DROP TABLE request_log;

-- Requests of one tenant that were written together; failed ones and others apart, so that who looks for
-- failed ones finds no others. Rows of a tenant may overlap in time, but none spans more than ten seconds.
CREATE TABLE request_log (
    pk         INTEGER PRIMARY KEY,    -- the key of the newest request in it, see step 5
    tenant     INTEGER NOT NULL,
    oldest     INTEGER NOT NULL,       -- the key of the oldest
    requests   INTEGER NOT NULL,       -- how many
    failed     INTEGER NOT NULL,       -- whether they failed
    body       TEXT    NOT NULL,       -- the requests, a JSON array
    operations TEXT                    -- operations of those that are bulk requests, a JSON array
) STRICT;
CREATE INDEX request_log_page ON request_log (tenant, pk, oldest, requests);
CREATE INDEX request_log_failed ON request_log (tenant, pk, oldest) WHERE failed = 1;

-- Which requests changed a resource, or were to. Reads are left out: they come in any order of resources,
-- so each would touch a page of its own.
CREATE TABLE request_log_resources (
    tenant   INTEGER NOT NULL,
    resource TEXT    NOT NULL,         -- its id
    log      INTEGER NOT NULL,         -- the key of the request
    pack     INTEGER NOT NULL,         -- the pk of its row
    PRIMARY KEY (tenant, resource, log)
) STRICT, WITHOUT ROWID;

-- As in step 3.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('request_log', 'request_log_page', '100000 50000 1 1 1'),
    ('request_log', 'request_log_failed', '10000 5000 1 1'),
    ('request_log_resources', 'request_log_resources', '1000000 500000 10 1');
ANALYZE sqlite_schema;
