-- What came of a deed, from where and with which program, so that the audit can be looked through.
ALTER TABLE audit ADD COLUMN result TEXT NOT NULL DEFAULT 'done';    -- done, denied
ALTER TABLE audit ADD COLUMN address TEXT;
ALTER TABLE audit ADD COLUMN user_agent TEXT;
CREATE INDEX audit_subject ON audit (tenant, subject, pk);

-- As in step 3.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('audit', 'audit_list', '100000 50000 1'),
    ('audit', 'audit_subject', '100000 50000 10 1');
ANALYZE sqlite_schema;
