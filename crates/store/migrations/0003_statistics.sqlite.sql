-- What SQLite's planner is to believe about the big tables: that one tenant may hold half of the
-- rows, and that a resource has few memberships and values. Without this it takes `tenant = ?` for a
-- choice of ten rows, and walks through the whole tenant where a key was given. Written by hand and
-- never by ANALYZE, so that plans stay those that the tests show. A later step that makes one of
-- these tables anew writes its lines again.
--
-- stat: rows of the index, then rows per value of its first column, of its first two, and so on.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('resources', 'resources_id', '1000000 500000 1'),
    ('resources', 'resources_user_name', '1000000 500000 250000 1'),
    ('resources', 'resources_external_id', '1000000 500000 250000 1'),
    ('resources', 'resources_modified', '1000000 500000 250000 10'),
    ('resources', 'resources_page', '1000000 500000 250000 1 1'),
    ('resource_blocks', 'resource_blocks', '1000 500 250 1'),
    ('attribute_values', 'attribute_values', '3000000 1500000 500000 20 1'),
    ('unique_keys', 'unique_keys', '100000 50000 50000 50000 1'),
    ('unique_keys', 'unique_keys_of', '100000 50000 1'),
    ('members', 'members', '1000000 500000 100 1'),
    ('members', 'members_by_member', '1000000 500000 5 1'),
    ('events', 'sqlite_autoindex_events_1', '1000000 500000 1'),
    ('events', 'events_of', '1000000 500000 5 1');
-- The connection that runs this reads them now, every other one when it is opened.
ANALYZE sqlite_schema;
