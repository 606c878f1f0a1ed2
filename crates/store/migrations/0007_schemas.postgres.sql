-- Schemas and resource types that tenants have defined, and which of their attributes are indexed.

-- How often what a tenant has defined has changed. A tenant without a row has never defined anything.
CREATE TABLE schema_states (
    tenant     bigint NOT NULL,
    version    bigint NOT NULL,    -- counts changes
    fence      bigint NOT NULL,    -- the version of the last change that whoever writes has to know of
    next_type  bigint NOT NULL,    -- keys and numbers are never given again: events and index rows have them
    next_index bigint NOT NULL,
    CONSTRAINT schema_states_tenant PRIMARY KEY (tenant)
);
SELECT muster_keep_tenants_apart('schema_states');

-- Refuses a transaction that was planned by definitions that are no longer so, and keeps those that it
-- was planned by until it ends: who changes them takes the same lock alone.
CREATE FUNCTION muster_expect_schemas(whose bigint, expected bigint, lock bigint) RETURNS void LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(lock);
  IF coalesce((SELECT fence FROM schema_states WHERE tenant = whose), 0) <> expected THEN
    RAISE EXCEPTION 'the schemas of the tenant have changed' USING ERRCODE = 'MU001';
  END IF;
END $$;

-- Schemas, and what is changed about the built-in ones.
CREATE TABLE schemas (
    tenant     bigint NOT NULL,
    urn        text COLLATE "C" NOT NULL,    -- folded
    definition text   NOT NULL,              -- JSON (RFC 7643 section 7), as it was asked for
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    CONSTRAINT schemas_urn PRIMARY KEY (tenant, urn)
);
SELECT muster_keep_tenants_apart('schemas');

-- Resource types, and what is changed about the built-in ones.
CREATE TABLE resource_types (
    tenant     bigint NOT NULL,
    key        bigint NOT NULL,              -- resources.type
    name       text COLLATE "C" NOT NULL,    -- folded
    endpoint   text COLLATE "C" NOT NULL,    -- folded
    definition text   NOT NULL,              -- JSON (RFC 7643 section 6), as it was asked for
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    CONSTRAINT resource_types_type PRIMARY KEY (tenant, key)
);
CREATE UNIQUE INDEX resource_types_name ON resource_types (tenant, name);
CREATE UNIQUE INDEX resource_types_endpoint ON resource_types (tenant, endpoint);
SELECT muster_keep_tenants_apart('resource_types');

-- Attributes whose values are in attribute_values because a tenant wants it.
CREATE TABLE schema_indexes (
    tenant    bigint NOT NULL,
    number    bigint NOT NULL,               -- attribute_values.attribute
    urn       text COLLATE "C" NOT NULL,     -- of the schema, folded
    path      text COLLATE "C" NOT NULL,     -- name.familyname, folded; empty for "has any value of this schema"
    state     text COLLATE "C" NOT NULL,     -- building, ready, failed or dropping
    done_type bigint NOT NULL,               -- while it is built: up to which resource that is done
    done_pk   bigint NOT NULL,
    reason    text,                          -- why it failed
    CONSTRAINT schema_indexes_number PRIMARY KEY (tenant, number)
);
CREATE INDEX schema_indexes_unfinished ON schema_indexes (tenant, number) WHERE state IN ('building', 'dropping');
SELECT muster_keep_tenants_apart('schema_indexes');

-- Tokens that may do everything still may: 32 and 64 are the scopes for types that tenants define.
UPDATE scim_tokens SET scopes = 127 WHERE scopes = 31;
