-- When the tasks are due that one process at a time does.
CREATE TABLE upkeep (
    task   TEXT    NOT NULL PRIMARY KEY,
    due_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
