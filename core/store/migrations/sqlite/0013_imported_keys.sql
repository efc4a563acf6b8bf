-- A key that was taken over from another system: it was made elsewhere, and may be known there still.
ALTER TABLE api_keys ADD COLUMN imported BIGINT NOT NULL DEFAULT 0 CHECK (imported IN (0, 1));
