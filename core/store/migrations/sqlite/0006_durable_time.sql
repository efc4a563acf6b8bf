-- A schedule is a beat (`every_ms`), or a `cron` in a time zone (then `every_ms` is 0). `passed_over` counts the times at which its
-- last run was still under way.
ALTER TABLE schedules ADD COLUMN cron TEXT;
ALTER TABLE schedules ADD COLUMN timezone TEXT;
ALTER TABLE schedules ADD COLUMN passed_over BIGINT NOT NULL DEFAULT 0;
-- The kind of fact that a run waits for: the commit that inserts it makes the run due.
ALTER TABLE runs ADD COLUMN awaits TEXT;
CREATE INDEX runs_awaiting ON runs (order_id, awaits) WHERE awaits IS NOT NULL;
