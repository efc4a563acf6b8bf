-- When a key was used last (written in steps), when it ends by itself, and which key it took the place of: what that one ordered
-- is this one's to repeat.
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT;
ALTER TABLE api_keys ADD COLUMN expires_at BIGINT;
ALTER TABLE api_keys ADD COLUMN owner_id TEXT;
