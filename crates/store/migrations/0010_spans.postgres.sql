-- How many resources of a type each span of 64 blocks holds: the way to any startIndex is some rows for a
-- million resources, where blocks alone would be thousands. It takes the place of the totals, which are
-- the sums of the spans.
CREATE TABLE resource_spans (
    tenant    bigint NOT NULL,
    type      bigint NOT NULL,
    span      bigint NOT NULL,
    shard     bigint NOT NULL,
    resources bigint NOT NULL,
    CONSTRAINT resource_spans_span PRIMARY KEY (tenant, type, span, shard)
) WITH (fillfactor = 50);
INSERT INTO resource_spans (tenant, type, span, shard, resources)
SELECT tenant, type, block >> 6, shard, sum(resources) FROM resource_blocks GROUP BY tenant, type, block >> 6, shard;
SELECT muster_keep_tenants_apart('resource_spans');
DROP TABLE resource_totals;
