-- The digest that tells a row of the ledger, and why a row is told to nobody.
ALTER TABLE notifications ADD COLUMN digest_id TEXT REFERENCES notifications (id);
ALTER TABLE notifications ADD COLUMN not_told TEXT;
CREATE INDEX notifications_by_digest ON notifications (digest_id) WHERE digest_id IS NOT NULL;
CREATE INDEX notifications_waiting ON notifications (lower(email)) WHERE sent = 0 AND not_told IS NULL;

-- Recipients to whom nothing is sent any more: they have said so, or their server refuses them for good. `recipient` is in lower case.
CREATE TABLE stopped_recipients (
    channel    TEXT NOT NULL,
    recipient  TEXT NOT NULL,
    cause      TEXT NOT NULL CHECK (cause IN ('unsubscribed', 'refused')),
    reason     TEXT NOT NULL,
    stopped_at BIGINT NOT NULL,
    PRIMARY KEY (channel, recipient)
);
