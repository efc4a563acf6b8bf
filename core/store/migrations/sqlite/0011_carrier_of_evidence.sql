-- Who carries a shipment, in the supplier's words: a hint. shipments.carrier is what its number says, else that.
ALTER TABLE evidence ADD COLUMN carrier TEXT;
