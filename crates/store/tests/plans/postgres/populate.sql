-- A tenant with most of the rows, and :tenants others. Few enough rows that the planner's statistics come
-- from all of them and so are the same each time.
INSERT INTO tenants (key, id, slug, name, status, limits, settings, created_at, updated_at)
SELECT n, int8send(n), 'tenant' || n, 'Tenant ' || n, 'active', '{}', '{}', 0, 0 FROM generate_series(1, :tenants + 1) AS n;

INSERT INTO scim_tokens (tenant, id, name, hash, prefix, last_four, scopes, allowed_ips, identity_provider, is_active,
                         created_at, created_by, updated_at)
SELECT 1 + n % (:tenants + 1), int8send(n), 'token', sha256(int8send(n)), 'scim_', 'abcd', 31, '[]', 'okta', 1, 0, 'x', 0
FROM generate_series(1, 5000) AS n;
INSERT INTO scim_usage SELECT 1 + n % (:tenants + 1), n / (:tenants + 1), 1, 0 FROM generate_series(0, 9999) AS n;
INSERT INTO applications (tenant, id, client_id, name, scopes, hash, last_four, is_active, created_at, created_by, updated_at)
SELECT nullif(n % (:tenants + 2), 0), int8send(n), 'client' || n, 'client', 'admin:read', sha256(int8send(n)), 'abcd', 1, 0, 'x', 0
FROM generate_series(1, 5000) AS n;
INSERT INTO audit (tenant, at, actor, action, subject, request_id, detail)
SELECT nullif(n % (:tenants + 2), 0), n, 'x', 'token.create', 'x', 'r', '{}' FROM generate_series(1, 5000) AS n;

INSERT INTO resources (tenant, type, id, version, created, modified, active, user_name, display_name, external_id, display, body)
SELECT CASE WHEN :tenants = 50 AND n <= 25000 THEN 1 ELSE 1 + n % (:tenants + 1) END, CASE WHEN n % 10 = 0 THEN 2 ELSE 1 END, int8send(n) || int8send(n),
       1, n, n, n % 20, CASE WHEN n % 10 > 0 THEN 'user' || n END, 'name' || n, 'ext' || n, 'Name ' || n,
       repeat('{"userName":"somebody"}', 40)
FROM generate_series(1, 27000) AS n;
INSERT INTO resource_blocks SELECT tenant, type, pk >> 10, pk % 4, count(*) FROM resources GROUP BY 1, 2, 3, 4;
INSERT INTO resource_spans SELECT tenant, type, block >> 6, shard, sum(resources) FROM resource_blocks GROUP BY 1, 2, 3, 4;
INSERT INTO attribute_values
SELECT tenant, a, CASE a WHEN 1 THEN 'mail' || pk || '@example.com' ELSE 'name' || pk % 1000 END, pk
FROM resources, generate_series(1, 3) AS a WHERE pk % 3 = 0;
INSERT INTO unique_keys SELECT tenant, type, 'displayName', display_name, pk FROM resources WHERE type = 2;
INSERT INTO members
SELECT tenant, g, pk FROM (SELECT tenant, pk, 10 * (1 + pk * m % 250) AS g FROM resources, generate_series(1, 3) AS m
                           WHERE type = 1 AND tenant = 1 AND pk < 9000) AS made ON CONFLICT DO NOTHING;
INSERT INTO event_rows (tenant, at, actor, request_id, type, resource, version, kind, changed, after)
SELECT tenant, created, 'x', 'r', type, id, 1, 1, '[]', body FROM resources;
INSERT INTO event_order SELECT tenant, row_number() OVER (PARTITION BY tenant ORDER BY draft), draft FROM event_rows;
INSERT INTO idempotency SELECT 1 + n % (:tenants + 1), 'key' || n, int8send(n), n, '{}' FROM generate_series(1, 5000) AS n;
INSERT INTO signing_keys SELECT 'key' || n, 'RS256', '{}', NULL, n, n FROM generate_series(1, 5) AS n;
INSERT INTO event_queue SELECT tenant, draft FROM event_rows WHERE draft % 9 = 0;
INSERT INTO request_log (tenant, pk, oldest, requests, failed, resources, body)
SELECT CASE WHEN :tenants = 50 AND n <= 18000 THEN 1 ELSE 1 + n % (:tenants + 1) END, n::bigint << 21, (n::bigint << 21) - 5, 2,
       (n % 20 = 0)::int, ' usr_' || n % 5000 || ' ', '[]'
FROM generate_series(1, 20000) AS n;
