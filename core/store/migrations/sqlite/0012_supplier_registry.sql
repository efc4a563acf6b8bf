-- What an account's file says beyond the columns of before: limits and the map of statuses as JSON, the scheme of its webhooks. An
-- account that the config no longer has keeps its row, for its orders.
ALTER TABLE suppliers ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
ALTER TABLE suppliers ADD COLUMN statuses TEXT NOT NULL DEFAULT '{}';
ALTER TABLE suppliers ADD COLUMN webhook_scheme TEXT;
ALTER TABLE suppliers ADD COLUMN configured BIGINT NOT NULL DEFAULT 1 CHECK (configured IN (0, 1));
-- Since when it is not active, and why a person said so.
ALTER TABLE suppliers ADD COLUMN disabled_at BIGINT;
ALTER TABLE suppliers ADD COLUMN disabled_why TEXT;
