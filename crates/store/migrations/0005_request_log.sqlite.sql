-- What was asked of the SCIM routes, and what became of it. Each tenant says whether it wants that,
-- and whether with values; no secret is ever in it.

-- pk: when the request began, in milliseconds since 1970, times 2^21, and a number that tells those of
-- one millisecond apart. So bounds of time are bounds of pk.
CREATE TABLE request_log (
    pk         INTEGER PRIMARY KEY,
    tenant     INTEGER NOT NULL,
    request_id TEXT    NOT NULL,
    actor      TEXT,               -- the id of the token or client; NULL when it is not known
    product    TEXT,               -- the identity provider that the token was made for
    method     TEXT    NOT NULL,
    path       TEXT    NOT NULL,   -- below the SCIM base
    status     INTEGER NOT NULL,
    scim_type  TEXT,
    took_us    INTEGER NOT NULL,
    resource   TEXT,               -- the id of the resource that was asked for or written
    summary    TEXT    NOT NULL,   -- in words
    detail     TEXT    NOT NULL    -- all else, a JSON object
) STRICT;
CREATE INDEX request_log_page ON request_log (tenant, pk);
CREATE INDEX request_log_failed ON request_log (tenant, pk) WHERE status >= 400;
CREATE INDEX request_log_actor ON request_log (tenant, actor, pk) WHERE actor IS NOT NULL;
-- Reads are left out: they come in any order of resources, so each would touch a page of its own.
CREATE INDEX request_log_resource ON request_log (tenant, resource, pk) WHERE resource IS NOT NULL AND method <> 'GET';

-- Operations of bulk requests.
CREATE TABLE request_log_operations (
    tenant    INTEGER NOT NULL,
    log       INTEGER NOT NULL,    -- the pk of the request
    place     INTEGER NOT NULL,    -- in the request, from 0
    method    TEXT    NOT NULL,
    bulk_id   TEXT,
    path      TEXT    NOT NULL,
    status    INTEGER NOT NULL,
    scim_type TEXT,
    resource  TEXT,
    summary   TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    PRIMARY KEY (tenant, log, place)
) STRICT;
CREATE INDEX request_log_operations_resource ON request_log_operations (tenant, resource, log)
    WHERE resource IS NOT NULL;

-- A token that is shown to another tenant than its own: whose is it? Only the beginning, so that nobody
-- takes this for the way to a token of a known tenant.
CREATE INDEX scim_tokens_of_anyone ON scim_tokens (substr(hash, 1, 8));

-- As in step 3.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('request_log', 'request_log_page', '1000000 500000 1'),
    ('request_log', 'request_log_failed', '100000 50000 1'),
    ('request_log', 'request_log_actor', '1000000 500000 100000 1'),
    ('request_log', 'request_log_resource', '1000000 500000 10 1'),
    ('request_log_operations', 'sqlite_autoindex_request_log_operations_1', '1000000 500000 100 1'),
    ('request_log_operations', 'request_log_operations_resource', '1000000 500000 10 1');
ANALYZE sqlite_schema;
