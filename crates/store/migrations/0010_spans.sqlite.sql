-- How many resources of a type each span of 64 blocks holds: the way to any startIndex is some rows for a
-- million resources, where blocks alone would be a thousand. Triggers keep them, so that nothing that
-- counts a block can forget its span.
CREATE TABLE resource_spans (
    tenant    INTEGER NOT NULL,
    type      INTEGER NOT NULL,
    span      INTEGER NOT NULL,
    resources INTEGER NOT NULL,
    PRIMARY KEY (tenant, type, span)
) STRICT, WITHOUT ROWID;
INSERT INTO resource_spans (tenant, type, span, resources)
SELECT tenant, type, block >> 6, sum(resources) FROM resource_blocks GROUP BY tenant, type, block >> 6;

CREATE TRIGGER resource_blocks_begun AFTER INSERT ON resource_blocks BEGIN
    INSERT INTO resource_spans (tenant, type, span, resources)
    VALUES (new.tenant, new.type, new.block >> 6, new.resources)
    ON CONFLICT (tenant, type, span) DO UPDATE SET resources = resource_spans.resources + excluded.resources;
END;
CREATE TRIGGER resource_blocks_counted AFTER UPDATE OF resources ON resource_blocks BEGIN
    UPDATE resource_spans SET resources = resources + new.resources - old.resources
    WHERE tenant = new.tenant AND type = new.type AND span = new.block >> 6;
END;

-- What the planner is to believe: see the step "statistics".
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('resource_spans', 'resource_spans', '100 50 25 1');
ANALYZE sqlite_schema;
