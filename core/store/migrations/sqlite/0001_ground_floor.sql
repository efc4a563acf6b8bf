-- Times are UTC milliseconds (BIGINT *_at). Money is integer minor units with an ISO 4217 code. JSON stands in TEXT columns.

CREATE TABLE store_settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE secrets (
    name       TEXT PRIMARY KEY,
    sealed     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    key_hash    TEXT NOT NULL UNIQUE,
    scopes      TEXT NOT NULL,
    customer_id TEXT,
    created_at  BIGINT NOT NULL,
    revoked_at  BIGINT
);

CREATE TABLE customers (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    email       TEXT,
    language    TEXT NOT NULL DEFAULT 'en',
    preferences TEXT NOT NULL DEFAULT '{}',
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

-- An account at a supplier. `api_key` is sealed.
CREATE TABLE suppliers (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    type          TEXT NOT NULL CHECK (type IN ('direct', 'phonex', 'custom')),
    api_endpoint  TEXT,
    api_key       TEXT,
    webhook_url   TEXT,
    active        BIGINT NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    display_name  TEXT NOT NULL DEFAULT '',
    plugin_digest TEXT,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

CREATE TABLE orders (
    id            TEXT PRIMARY KEY,
    api_key_id    TEXT NOT NULL,
    body_digest   TEXT NOT NULL,
    document      TEXT NOT NULL,
    answer        TEXT NOT NULL,
    supplier_code TEXT NOT NULL,
    customer_id   TEXT NOT NULL,
    email         TEXT,
    currency      TEXT NOT NULL,
    total_minor   BIGINT NOT NULL,
    status        TEXT NOT NULL,
    attention     TEXT,
    placed_at     BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE INDEX orders_by_customer ON orders (customer_id, placed_at);

CREATE TABLE order_lines (
    order_id         TEXT NOT NULL REFERENCES orders (id),
    line_number      BIGINT NOT NULL,
    sku              TEXT NOT NULL,
    unit_price_minor BIGINT NOT NULL CHECK (unit_price_minor >= 0),
    currency         TEXT NOT NULL,
    ordered          BIGINT NOT NULL CHECK (ordered > 0),
    open             BIGINT NOT NULL DEFAULT 0 CHECK (open >= 0),
    accepted         BIGINT NOT NULL DEFAULT 0 CHECK (accepted >= 0),
    backordered      BIGINT NOT NULL DEFAULT 0 CHECK (backordered >= 0),
    shipped          BIGINT NOT NULL DEFAULT 0 CHECK (shipped >= 0),
    canceled         BIGINT NOT NULL DEFAULT 0 CHECK (canceled >= 0),
    rejected         BIGINT NOT NULL DEFAULT 0 CHECK (rejected >= 0),
    PRIMARY KEY (order_id, line_number),
    CHECK (ordered = open + accepted + backordered + shipped + canceled + rejected)
);

-- A client's Idempotency-Key, in the scope of its API key, with the fingerprint of the body that it first came with.
CREATE TABLE idempotency_keys (
    api_key_id  TEXT NOT NULL,
    key         TEXT NOT NULL,
    body_digest TEXT NOT NULL,
    order_id    TEXT NOT NULL REFERENCES orders (id),
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (api_key_id, key)
);

-- What one supplier received of an order; `reference` is ours, `supplier_order_id` theirs.
CREATE TABLE supplier_orders (
    id                TEXT PRIMARY KEY,
    order_id          TEXT NOT NULL REFERENCES orders (id),
    supplier_id       TEXT NOT NULL REFERENCES suppliers (id),
    reference         TEXT NOT NULL,
    supplier_order_id TEXT,
    status            TEXT NOT NULL,
    tracking_number   TEXT,
    synced_at         BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    UNIQUE (supplier_id, reference),
    UNIQUE (supplier_id, supplier_order_id)
);
CREATE INDEX supplier_orders_by_order ON supplier_orders (order_id);

CREATE TABLE shipments (
    id                    TEXT PRIMARY KEY,
    supplier_order_row_id TEXT NOT NULL REFERENCES supplier_orders (id),
    order_id              TEXT NOT NULL REFERENCES orders (id),
    tracking_number       TEXT NOT NULL,
    carrier               TEXT,
    shipped_at            BIGINT NOT NULL,
    created_at            BIGINT NOT NULL,
    UNIQUE (supplier_order_row_id, tracking_number)
);

CREATE TABLE supplier_sync_logs (
    id          TEXT PRIMARY KEY,
    supplier_id TEXT NOT NULL REFERENCES suppliers (id),
    type        TEXT NOT NULL CHECK (type IN ('inventory', 'order', 'price')),
    status      TEXT NOT NULL CHECK (status IN ('success', 'error')),
    message     TEXT,
    created_at  BIGINT NOT NULL
);

-- A webhook as it came in. A forged one leaves its metadata only. The digest of the body makes a repeat visible.
CREATE TABLE inbound_webhooks (
    id            TEXT PRIMARY KEY,
    supplier_id   TEXT NOT NULL REFERENCES suppliers (id),
    digest        TEXT NOT NULL,
    signature_ok  BIGINT NOT NULL CHECK (signature_ok IN (0, 1)),
    content_type  TEXT,
    body          TEXT,
    body_encoding TEXT NOT NULL DEFAULT 'text' CHECK (body_encoding IN ('text', 'base64', 'none')),
    bytes         BIGINT NOT NULL,
    peer          TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('received', 'applied', 'unmatched', 'rejected', 'refused')),
    reason        TEXT,
    repeats       BIGINT NOT NULL DEFAULT 0,
    received_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX inbound_webhooks_once ON inbound_webhooks (supplier_id, digest) WHERE signature_ok = 1;

-- What a supplier said of one of its orders, in our words, from a webhook, a poll, a lookup or an answer.
CREATE TABLE evidence (
    id                    TEXT PRIMARY KEY,
    supplier_id           TEXT NOT NULL REFERENCES suppliers (id),
    supplier_order_row_id TEXT REFERENCES supplier_orders (id),
    webhook_id            TEXT REFERENCES inbound_webhooks (id),
    source                TEXT NOT NULL CHECK (source IN ('webhook', 'poll', 'lookup', 'answer')),
    digest                TEXT NOT NULL,
    reference             TEXT,
    supplier_order_id     TEXT,
    supplier_status       TEXT,
    status                TEXT,
    tracking_number       TEXT,
    occurred_at           BIGINT NOT NULL,
    received_at           BIGINT NOT NULL,
    state                 TEXT NOT NULL CHECK (state IN ('applied', 'unmatched', 'unmapped')),
    UNIQUE (supplier_id, digest)
);
CREATE INDEX evidence_by_supplier_order ON evidence (supplier_order_row_id);
CREATE INDEX evidence_unmatched ON evidence (supplier_id, reference) WHERE state = 'unmatched';

-- Domain facts: each is inserted once, in the commit that changes the order.
CREATE TABLE facts (
    id          TEXT PRIMARY KEY,
    natural_key TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL,
    order_id    TEXT REFERENCES orders (id),
    customer_id TEXT,
    data        TEXT NOT NULL,
    superseded  BIGINT NOT NULL DEFAULT 0 CHECK (superseded IN (0, 1)),
    occurred_at BIGINT NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX facts_by_order ON facts (order_id);

-- What screens read, from any cursor onward.
CREATE TABLE events (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    type       TEXT NOT NULL,
    order_id   TEXT,
    data       TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- The ledger of what people were told: once per (fact, recipient, channel, template).
CREATE TABLE notifications (
    id         TEXT PRIMARY KEY,
    type       TEXT NOT NULL,
    order_id   TEXT,
    user_id    TEXT,
    email      TEXT NOT NULL,
    subject    TEXT NOT NULL,
    body       TEXT NOT NULL,
    sent       BIGINT NOT NULL DEFAULT 0 CHECK (sent IN (0, 1)),
    sent_at    BIGINT,
    created_at BIGINT NOT NULL,
    fact_id    TEXT REFERENCES facts (id),
    channel    TEXT NOT NULL,
    template   TEXT NOT NULL,
    ledger_key TEXT NOT NULL UNIQUE,
    message_id TEXT NOT NULL,
    body_html  TEXT,
    repeats    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX notifications_by_order ON notifications (order_id);

CREATE TABLE inventory_items (
    supplier_id TEXT NOT NULL REFERENCES suppliers (id),
    sku         TEXT NOT NULL,
    warehouse   TEXT NOT NULL,
    name        TEXT NOT NULL,
    quantity    BIGINT NOT NULL CHECK (quantity >= 0),
    lower_bound BIGINT NOT NULL CHECK (lower_bound IN (0, 1)),
    price_minor BIGINT NOT NULL CHECK (price_minor >= 0),
    currency    TEXT NOT NULL,
    grade       TEXT NOT NULL,
    lock_status TEXT NOT NULL,
    alert_open  BIGINT NOT NULL DEFAULT 0 CHECK (alert_open IN (0, 1)),
    present     BIGINT NOT NULL DEFAULT 1 CHECK (present IN (0, 1)),
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (supplier_id, sku, warehouse)
) WITHOUT ROWID;

CREATE TABLE inventory_changes (
    id              TEXT PRIMARY KEY,
    supplier_id     TEXT NOT NULL REFERENCES suppliers (id),
    feed_id         TEXT NOT NULL,
    sku             TEXT NOT NULL,
    warehouse       TEXT NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('added', 'quantity', 'price', 'low', 'restored', 'removed')),
    value_before    BIGINT NOT NULL,
    value_after     BIGINT NOT NULL,
    created_at      BIGINT NOT NULL
);

CREATE TABLE feeds (
    id          TEXT PRIMARY KEY,
    supplier_id TEXT NOT NULL REFERENCES suppliers (id),
    run_id      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('staging', 'complete', 'applied', 'quarantined', 'abandoned')),
    rows_staged BIGINT NOT NULL DEFAULT 0,
    reason      TEXT,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE TABLE feed_rows (
    feed_id     TEXT NOT NULL REFERENCES feeds (id),
    sku         TEXT NOT NULL,
    warehouse   TEXT NOT NULL,
    name        TEXT NOT NULL,
    quantity    BIGINT NOT NULL,
    lower_bound BIGINT NOT NULL,
    price_minor BIGINT NOT NULL,
    currency    TEXT NOT NULL,
    grade       TEXT NOT NULL,
    lock_status TEXT NOT NULL,
    PRIMARY KEY (feed_id, sku, warehouse)
) WITHOUT ROWID;

CREATE TABLE pipeline_revisions (
    digest     TEXT PRIMARY KEY,
    pipeline   TEXT NOT NULL,
    file       TEXT NOT NULL,
    text       TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE schedules (
    pipeline TEXT PRIMARY KEY,
    every_ms BIGINT NOT NULL,
    next_at  BIGINT NOT NULL,
    last_at  BIGINT
);

CREATE TABLE runs (
    id           TEXT PRIMARY KEY,
    pipeline     TEXT NOT NULL,
    revision     TEXT NOT NULL REFERENCES pipeline_revisions (digest),
    trigger_key  TEXT NOT NULL,
    trigger_json TEXT NOT NULL,
    order_id     TEXT,
    state        TEXT NOT NULL CHECK (state IN ('active', 'waiting', 'done', 'failed')),
    step_index   BIGINT NOT NULL DEFAULT 0,
    attempts     BIGINT NOT NULL DEFAULT 0,
    next_at      BIGINT NOT NULL,
    reason       TEXT,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    UNIQUE (pipeline, trigger_key)
);
CREATE INDEX runs_due ON runs (next_at) WHERE state = 'active';
CREATE INDEX runs_by_order ON runs (order_id);

-- What a step's `with` evaluated to is journaled at its start and never evaluated again.
CREATE TABLE steps (
    run_id     TEXT NOT NULL REFERENCES runs (id),
    step_index BIGINT NOT NULL,
    step_id    TEXT NOT NULL,
    use        TEXT NOT NULL,
    item_key   TEXT NOT NULL DEFAULT '',
    generation BIGINT NOT NULL DEFAULT 1,
    state      TEXT NOT NULL CHECK (state IN ('started', 'done', 'skipped', 'failed')),
    with_json  TEXT NOT NULL,
    outcome    TEXT NOT NULL DEFAULT '{}',
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    PRIMARY KEY (run_id, step_index, item_key, generation)
);

-- Every call that changes the outside world.
CREATE TABLE effects (
    id                    TEXT PRIMARY KEY,
    effect_key            TEXT NOT NULL UNIQUE,
    operation             TEXT NOT NULL,
    target                TEXT NOT NULL,
    lane                  TEXT NOT NULL,
    order_id              TEXT,
    supplier_order_row_id TEXT REFERENCES supplier_orders (id),
    notification_id       TEXT REFERENCES notifications (id),
    run_id                TEXT REFERENCES runs (id),
    step_index            BIGINT,
    effect_class          TEXT NOT NULL CHECK (effect_class IN ('idempotent', 'lookup', 'repeatable', 'unsafe')),
    retry_json            TEXT NOT NULL,
    input                 TEXT NOT NULL,
    state                 TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'asking', 'accepted', 'refused', 'parked', 'dead', 'withdrawn')),
    next_step             TEXT NOT NULL DEFAULT 'send' CHECK (next_step IN ('send', 'ask')),
    attempts              BIGINT NOT NULL DEFAULT 0,
    plugin_digest         TEXT,
    first_intent_at       BIGINT,
    not_after_at          BIGINT,
    next_at               BIGINT NOT NULL,
    reason                TEXT,
    created_at            BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL
);
CREATE INDEX effects_due ON effects (next_at) WHERE state = 'pending';
CREATE INDEX effects_lane ON effects (lane) WHERE state IN ('pending', 'sending', 'asking');
CREATE INDEX effects_by_order ON effects (order_id);

-- The journal of attempts: a row is inserted as intent and completed with its outcome.
CREATE TABLE effect_attempts (
    effect_id  TEXT NOT NULL REFERENCES effects (id),
    number     BIGINT NOT NULL,
    operation  TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    outcome    TEXT,
    detail     TEXT,
    PRIMARY KEY (effect_id, number)
);

CREATE TABLE audit_log (
    id         TEXT PRIMARY KEY,
    actor      TEXT NOT NULL,
    action     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    detail     TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL
);
