-- What a feed is, and what the gate found in it. A feed that a person rejected, or that a newer one made idle, is `abandoned`, with
-- the reason.
ALTER TABLE feeds ADD COLUMN kind TEXT NOT NULL DEFAULT 'full' CHECK (kind IN ('full', 'delta'));
ALTER TABLE feeds ADD COLUMN origin TEXT NOT NULL DEFAULT 'pull' CHECK (origin IN ('pull', 'webhook'));
-- When the supplier says that it stood so, by the supplier's clock.
ALTER TABLE feeds ADD COLUMN as_of BIGINT;
-- How many rows the adapter says to have handed over, and how many came that had come before.
ALTER TABLE feeds ADD COLUMN rows_said BIGINT;
ALTER TABLE feeds ADD COLUMN rows_repeated BIGINT NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN rows_bad BIGINT NOT NULL DEFAULT 0;
-- Counts, reasons and the biggest changes, as they were when the feed met the gate.
ALTER TABLE feeds ADD COLUMN report TEXT;
ALTER TABLE feeds ADD COLUMN decided_by TEXT;
-- How far the adapter has come, in its own words, as of the rows that are staged.
ALTER TABLE feeds ADD COLUMN checkpoint TEXT;
CREATE INDEX feeds_by_supplier ON feeds (supplier_id, created_at);
CREATE INDEX feeds_waiting ON feeds (supplier_id) WHERE state = 'quarantined';

-- Rows that could not be read: the rest of their feed goes on.
CREATE TABLE feed_bad_rows (
    feed_id TEXT NOT NULL REFERENCES feeds (id),
    number  BIGINT NOT NULL,
    line    BIGINT,
    sku     TEXT NOT NULL,
    reason  TEXT NOT NULL,
    text    TEXT NOT NULL,
    PRIMARY KEY (feed_id, number)
) WITHOUT ROWID;

-- What was told of a single item between two feeds: the supplier's time, and ours.
ALTER TABLE inventory_items ADD COLUMN as_of BIGINT;
ALTER TABLE inventory_items ADD COLUMN told_at BIGINT;

-- Attributes are texts. Otherwise as before.
CREATE TABLE inventory_changes_now (
    id           TEXT PRIMARY KEY,
    supplier_id  TEXT NOT NULL REFERENCES suppliers (id),
    feed_id      TEXT NOT NULL,
    sku          TEXT NOT NULL,
    warehouse    TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('added', 'quantity', 'price', 'attributes', 'low', 'restored', 'removed')),
    value_before BIGINT NOT NULL,
    value_after  BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    text_before  TEXT,
    text_after   TEXT
);
INSERT INTO inventory_changes_now (id, supplier_id, feed_id, sku, warehouse, kind, value_before, value_after, created_at)
    SELECT id, supplier_id, feed_id, sku, warehouse, kind, value_before, value_after, created_at FROM inventory_changes;
DROP TABLE inventory_changes;
ALTER TABLE inventory_changes_now RENAME TO inventory_changes;
CREATE INDEX supplier_sync_logs_by_supplier ON supplier_sync_logs (supplier_id, created_at);
