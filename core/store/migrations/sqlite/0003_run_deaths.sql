-- How many processes in a row died while they evaluated expressions for a run: counted before, taken back after.
ALTER TABLE runs ADD COLUMN deaths BIGINT NOT NULL DEFAULT 0;
