-- By what a repeat is known, "id:" and the sender's delivery id where that is signed, else "digest:" and the body's digest.
ALTER TABLE inbound_webhooks ADD COLUMN repeat_key TEXT NOT NULL DEFAULT '';
-- What the sender calls it and when it says it sent it, the name of the secret that fitted, and repeats with another body.
ALTER TABLE inbound_webhooks ADD COLUMN delivery_id TEXT;
ALTER TABLE inbound_webhooks ADD COLUMN sent_at BIGINT;
ALTER TABLE inbound_webhooks ADD COLUMN secret TEXT;
ALTER TABLE inbound_webhooks ADD COLUMN other_bodies BIGINT NOT NULL DEFAULT 0;
UPDATE inbound_webhooks SET repeat_key = 'digest:' || digest;
DROP INDEX inbound_webhooks_once;
CREATE UNIQUE INDEX inbound_webhooks_once ON inbound_webhooks (supplier_id, repeat_key) WHERE signature_ok = 1;

-- The secrets that the config names for an account's webhooks, and when one last fitted. The fingerprint, made with the sealing key,
-- tells another secret under the same name.
CREATE TABLE webhook_secrets (
    supplier_id  TEXT NOT NULL REFERENCES suppliers (id),
    name         TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    added_at     BIGINT NOT NULL,
    last_used_at BIGINT,
    uses         BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (supplier_id, name)
);
