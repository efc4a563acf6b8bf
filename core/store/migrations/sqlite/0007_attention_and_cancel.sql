-- What waits for a person. An entry is open until somebody, or what happens, resolves it; the same topic may open again.
CREATE TABLE attention (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    topic       TEXT NOT NULL,
    about       TEXT NOT NULL,
    order_id    TEXT,
    effect_id   TEXT,
    reason      TEXT NOT NULL,
    opened_at   BIGINT NOT NULL,
    resolved_at BIGINT,
    resolution  TEXT,
    resolved_by TEXT
);
CREATE UNIQUE INDEX attention_open ON attention (topic) WHERE resolved_at IS NULL;
CREATE INDEX attention_by_topic ON attention (topic);
CREATE INDEX attention_by_order ON attention (order_id);
CREATE INDEX attention_by_effect ON attention (effect_id) WHERE resolved_at IS NULL;
INSERT INTO attention (topic, about, order_id, reason, opened_at)
    SELECT 'order/' || id || '/needs_attention/earlier', id, id, attention, updated_at FROM orders WHERE attention IS NOT NULL;

-- Why an order went the way it went.
CREATE TABLE decisions (
    sequence  INTEGER PRIMARY KEY,
    order_id  TEXT NOT NULL,
    effect_id TEXT,
    what      TEXT NOT NULL,
    reason    TEXT NOT NULL,
    made_at   BIGINT NOT NULL
);
CREATE INDEX decisions_by_order ON decisions (order_id);

-- A cancellation is a request until the supplier has said yes.
ALTER TABLE orders ADD COLUMN cancel_state TEXT CHECK (cancel_state IN ('requested', 'refused', 'done'));

-- Not to be had from this supplier any more: canceled before it was sent, or sent again under another reference.
ALTER TABLE supplier_orders ADD COLUMN withdrawn_at BIGINT;
ALTER TABLE supplier_orders ADD COLUMN withdrawn_why TEXT;

-- Whole exchanges of attempts that were not accepted, secrets replaced; the `exchanges` of a cassette.
ALTER TABLE effect_attempts ADD COLUMN exchanges TEXT;

-- What one supplier order is about to be asked or told.
CREATE INDEX effects_by_supplier_order ON effects (supplier_order_row_id);
