-- What of an order line one supplier order is for. Pieces that go to another supplier leave with their row.
CREATE TABLE supplier_order_lines (
    supplier_order_row_id TEXT NOT NULL REFERENCES supplier_orders (id),
    order_id              TEXT NOT NULL,
    line_number           BIGINT NOT NULL,
    quantity              BIGINT NOT NULL CHECK (quantity > 0),
    open                  BIGINT NOT NULL DEFAULT 0 CHECK (open >= 0),
    accepted              BIGINT NOT NULL DEFAULT 0 CHECK (accepted >= 0),
    backordered           BIGINT NOT NULL DEFAULT 0 CHECK (backordered >= 0),
    shipped               BIGINT NOT NULL DEFAULT 0 CHECK (shipped >= 0),
    canceled              BIGINT NOT NULL DEFAULT 0 CHECK (canceled >= 0),
    rejected              BIGINT NOT NULL DEFAULT 0 CHECK (rejected >= 0),
    PRIMARY KEY (supplier_order_row_id, line_number),
    FOREIGN KEY (order_id, line_number) REFERENCES order_lines (order_id, line_number),
    CHECK (quantity = open + accepted + backordered + shipped + canceled + rejected)
) WITHOUT ROWID;
CREATE INDEX supplier_order_lines_by_line ON supplier_order_lines (order_id, line_number);

-- Until now an order went to one supplier, whole.
INSERT INTO supplier_order_lines
    SELECT s.id, l.order_id, l.line_number, l.ordered, l.open, l.accepted, l.backordered, l.shipped, l.canceled, l.rejected
    FROM order_lines l JOIN (
        SELECT id, order_id, ROW_NUMBER() OVER (
            PARTITION BY order_id ORDER BY withdrawn_at IS NOT NULL, created_at DESC, id DESC) AS place
        FROM supplier_orders) s ON s.order_id = l.order_id AND s.place = 1;

-- A line of the order is the sum of its parts; what no supplier order is for is open. More than was ordered cannot be given out.
CREATE TRIGGER supplier_order_lines_added AFTER INSERT ON supplier_order_lines BEGIN
    SELECT RAISE(ABORT, 'more than was ordered would be given to suppliers')
    WHERE (SELECT SUM(quantity) FROM supplier_order_lines WHERE order_id = NEW.order_id AND line_number = NEW.line_number) >
          (SELECT ordered FROM order_lines WHERE order_id = NEW.order_id AND line_number = NEW.line_number);
    UPDATE order_lines SET (open, accepted, backordered, shipped, canceled, rejected) = (
        SELECT order_lines.ordered - SUM(quantity) + SUM(open), SUM(accepted), SUM(backordered), SUM(shipped), SUM(canceled), SUM(rejected)
        FROM supplier_order_lines WHERE order_id = NEW.order_id AND line_number = NEW.line_number)
    WHERE order_id = NEW.order_id AND line_number = NEW.line_number;
END;
CREATE TRIGGER supplier_order_lines_moved AFTER UPDATE ON supplier_order_lines BEGIN
    UPDATE order_lines SET (open, accepted, backordered, shipped, canceled, rejected) = (
        SELECT order_lines.ordered - SUM(quantity) + SUM(open), SUM(accepted), SUM(backordered), SUM(shipped), SUM(canceled), SUM(rejected)
        FROM supplier_order_lines WHERE order_id = NEW.order_id AND line_number = NEW.line_number)
    WHERE order_id = NEW.order_id AND line_number = NEW.line_number;
END;
CREATE TRIGGER supplier_order_lines_gone AFTER DELETE ON supplier_order_lines BEGIN
    UPDATE order_lines SET (open, accepted, backordered, shipped, canceled, rejected) = (
        SELECT order_lines.ordered - COALESCE(SUM(quantity), 0) + COALESCE(SUM(open), 0), COALESCE(SUM(accepted), 0),
               COALESCE(SUM(backordered), 0), COALESCE(SUM(shipped), 0), COALESCE(SUM(canceled), 0), COALESCE(SUM(rejected), 0)
        FROM supplier_order_lines WHERE order_id = OLD.order_id AND line_number = OLD.line_number)
    WHERE order_id = OLD.order_id AND line_number = OLD.line_number;
END;
CREATE TRIGGER supplier_order_lines_stay BEFORE UPDATE OF supplier_order_row_id, order_id, line_number, quantity ON supplier_order_lines BEGIN
    SELECT RAISE(ABORT, 'what a supplier order is for is added or taken away, never changed');
END;
CREATE TRIGGER order_lines_stay BEFORE UPDATE OF order_id, line_number, sku, ordered ON order_lines BEGIN
    SELECT RAISE(ABORT, 'what was ordered never changes');
END;
CREATE TRIGGER order_lines_follow AFTER UPDATE ON order_lines
WHEN NEW.accepted + NEW.backordered + NEW.shipped + NEW.canceled + NEW.rejected <> (
    SELECT COALESCE(SUM(accepted + backordered + shipped + canceled + rejected), 0)
    FROM supplier_order_lines WHERE order_id = NEW.order_id AND line_number = NEW.line_number) BEGIN
    SELECT RAISE(ABORT, 'a line of an order is the sum of what its suppliers have of it');
END;

-- What a report says of single pieces, [{"sku", "state", "quantity"}], and of which parcel.
ALTER TABLE evidence ADD COLUMN lines TEXT;
ALTER TABLE evidence ADD COLUMN parcel TEXT;
-- Payment and shipping quote stand beside fulfilment: what a supplier's word says of them.
ALTER TABLE evidence ADD COLUMN payment TEXT CHECK (payment IN ('awaiting', 'received'));
ALTER TABLE evidence ADD COLUMN quote TEXT CHECK (quote IN ('awaiting', 'received'));
ALTER TABLE supplier_orders ADD COLUMN payment TEXT CHECK (payment IN ('awaiting', 'received'));
ALTER TABLE supplier_orders ADD COLUMN quote TEXT CHECK (quote IN ('awaiting', 'received'));
-- [{"sku", "quantity"}], when the supplier named them.
ALTER TABLE shipments ADD COLUMN lines TEXT;
