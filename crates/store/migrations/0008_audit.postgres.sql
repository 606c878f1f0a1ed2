-- What came of a deed, from where and with which program, so that the audit can be looked through.
ALTER TABLE audit
    ADD COLUMN result     text COLLATE "C" NOT NULL DEFAULT 'done',    -- done, denied
    ADD COLUMN address    text COLLATE "C",
    ADD COLUMN user_agent text COLLATE "C";
CREATE INDEX audit_subject ON audit (tenant, subject, pk);
