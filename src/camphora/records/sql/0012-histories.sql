-- The histories of a type and of all records go by time through the superseded versions too.
CREATE INDEX superseded_by_update ON superseded (updated);
