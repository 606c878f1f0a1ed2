-- What was asked of the SCIM routes, and what became of it. Each tenant says whether it wants that,
-- and whether with values; no secret is ever in it.

-- pk: when the request began, in milliseconds since 1970, times 2^21, and a number that tells those of
-- one millisecond apart. So bounds of time are bounds of pk.
CREATE TABLE request_log (
    tenant     bigint NOT NULL,
    pk         bigint NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    actor      text COLLATE "C",            -- the id of the token or client; NULL when it is not known
    product    text COLLATE "C",            -- the identity provider that the token was made for
    method     text COLLATE "C" NOT NULL,
    path       text COLLATE "C" NOT NULL,   -- below the SCIM base
    status     bigint NOT NULL,
    scim_type  text COLLATE "C",
    took_us    bigint NOT NULL,
    resource   text COLLATE "C",            -- the id of the resource that was asked for or written
    summary    text COLLATE "C" NOT NULL,   -- in words
    detail     text COLLATE "C" NOT NULL,   -- all else, a JSON object
    CONSTRAINT request_log_pk PRIMARY KEY (tenant, pk)
);
CREATE INDEX request_log_failed ON request_log (tenant, pk) WHERE status >= 400;
CREATE INDEX request_log_actor ON request_log (tenant, actor, pk) WHERE actor IS NOT NULL;
-- Reads are left out: they come in any order of resources, so each would touch a page of its own.
CREATE INDEX request_log_resource ON request_log (tenant, resource, pk) WHERE resource IS NOT NULL AND method <> 'GET';
-- For forgetting the oldest of all tenants, and for one by its id.
CREATE INDEX request_log_age ON request_log (pk);
SELECT muster_keep_tenants_apart('request_log');

-- Operations of bulk requests.
CREATE TABLE request_log_operations (
    tenant    bigint NOT NULL,
    log       bigint NOT NULL,    -- the pk of the request
    place     bigint NOT NULL,    -- in the request, from 0
    method    text COLLATE "C" NOT NULL,
    bulk_id   text COLLATE "C",
    path      text COLLATE "C" NOT NULL,
    status    bigint NOT NULL,
    scim_type text COLLATE "C",
    resource  text COLLATE "C",
    summary   text COLLATE "C" NOT NULL,
    detail    text COLLATE "C" NOT NULL,
    CONSTRAINT request_log_operations_place PRIMARY KEY (tenant, log, place)
);
CREATE INDEX request_log_operations_resource ON request_log_operations (tenant, resource, log)
    WHERE resource IS NOT NULL;
SELECT muster_keep_tenants_apart('request_log_operations');

-- A token that is shown to another tenant than its own: whose is it? Only the beginning, so that nobody
-- takes this for the way to a token of a known tenant.
CREATE INDEX scim_tokens_of_anyone ON scim_tokens (substr(hash, 1, 8));
