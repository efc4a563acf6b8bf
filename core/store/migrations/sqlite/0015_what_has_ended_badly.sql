-- What is counted each time somebody looks at how things stand. Nothing of it is touched on an order's usual way.
CREATE INDEX effects_ended_badly ON effects (target, operation, state) WHERE state IN ('parked', 'dead');
CREATE INDEX feeds_applied ON feeds (supplier_id, updated_at) WHERE state = 'applied';
