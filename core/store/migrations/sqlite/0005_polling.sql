-- When a silent order is asked for next (NULL: not at all), and how many questions brought nothing since it was last heard of.
ALTER TABLE supplier_orders ADD COLUMN next_poll_at BIGINT;
ALTER TABLE supplier_orders ADD COLUMN polls BIGINT NOT NULL DEFAULT 0;
CREATE INDEX supplier_orders_to_poll ON supplier_orders (supplier_id, next_poll_at) WHERE next_poll_at IS NOT NULL;
-- The pattern that next_poll_at was made by; another one at a start makes it anew.
ALTER TABLE suppliers ADD COLUMN poll_pattern TEXT NOT NULL DEFAULT '';
-- A poll brought it and changed the order, and no webhook has said it since.
ALTER TABLE evidence ADD COLUMN healed BIGINT NOT NULL DEFAULT 0 CHECK (healed IN (0, 1));
CREATE INDEX evidence_healed ON evidence (supplier_id) WHERE healed = 1;
