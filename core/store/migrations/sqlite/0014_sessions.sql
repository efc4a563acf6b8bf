-- Who is signed in to the page. Of the cookie only the digest is kept; a session is its key's, and ends with it.
CREATE TABLE sessions (
    digest     TEXT PRIMARY KEY,
    api_key_id TEXT NOT NULL REFERENCES api_keys (id),
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);
CREATE INDEX sessions_by_key ON sessions (api_key_id, seen_at);

-- What the page lists, newest first, and counts.
CREATE INDEX orders_by_time ON orders (placed_at);
CREATE INDEX notifications_by_time ON notifications (created_at);
CREATE INDEX runs_failed ON runs (updated_at) WHERE state = 'failed';
CREATE INDEX effects_dead ON effects (updated_at) WHERE state = 'dead';
CREATE INDEX effects_by_notification ON effects (notification_id) WHERE notification_id IS NOT NULL;
