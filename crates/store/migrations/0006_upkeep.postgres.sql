-- When the tasks are due that one process at a time does.
CREATE TABLE upkeep (
    task   text COLLATE "C" NOT NULL,
    due_at bigint NOT NULL,
    CONSTRAINT upkeep_task PRIMARY KEY (task)
);
