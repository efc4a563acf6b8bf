-- What an account's file says beyond the columns of before: limits and the map of statuses as JSON, the scheme of its webhooks. An
-- account that the config no longer has keeps its row, for its orders.
ALTER TABLE suppliers ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
ALTER TABLE suppliers ADD COLUMN statuses TEXT NOT NULL DEFAULT '{}';
ALTER TABLE suppliers ADD COLUMN webhook_scheme TEXT;
ALTER TABLE suppliers ADD COLUMN configured BIGINT NOT NULL DEFAULT 1 CHECK (configured IN (0, 1));
-- Since when it is not active, and why a person said so.
ALTER TABLE suppliers ADD COLUMN disabled_at BIGINT;
ALTER TABLE suppliers ADD COLUMN disabled_why TEXT;

-- What another account would have been sent of an order, for which a route names it as its shadow. Never sent; nothing of the order
-- depends on it. `number` counts an account's, of which the newest are kept; `request` is one of a cassette, secrets replaced.
CREATE TABLE shadow_orders (
    id            TEXT PRIMARY KEY,
    account       TEXT NOT NULL,
    number        BIGINT NOT NULL,
    order_id      TEXT NOT NULL,
    supplier_code TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('pending', 'recorded', 'failed')),
    tries         BIGINT NOT NULL DEFAULT 0,
    next_at       BIGINT NOT NULL,
    reason        TEXT,
    request       TEXT,
    created_at    BIGINT NOT NULL,
    recorded_at   BIGINT,
    UNIQUE (account, number)
);
CREATE INDEX shadow_orders_due ON shadow_orders (account, next_at) WHERE state = 'pending';
CREATE INDEX shadow_orders_by_order ON shadow_orders (order_id);
