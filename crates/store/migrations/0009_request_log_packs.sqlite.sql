-- Some requests of a tenant in one row: what one row each costs, in rows and in entries of indexes, is more
-- than a read costs itself. Nor is there an index of resources: each change would touch a page of it, and who
-- looks for one looks through a text for hundreds of changes. What was kept in the old tables is not carried over.
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
    resources  TEXT    NOT NULL,       -- ids of those that they changed, or were to, a space around each
    body       TEXT    NOT NULL,       -- the requests, a JSON array
    operations TEXT                    -- operations of those that are bulk requests, a JSON array
) STRICT;
CREATE INDEX request_log_page ON request_log (tenant, pk, oldest, requests);
CREATE INDEX request_log_failed ON request_log (tenant, pk, oldest) WHERE failed = 1;

-- As in step 3.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('request_log', 'request_log_page', '100000 50000 1 1 1'),
    ('request_log', 'request_log_failed', '10000 5000 1 1');
ANALYZE sqlite_schema;
