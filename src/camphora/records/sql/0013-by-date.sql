-- All records of a type in the order in which they came, and by their main date: where nothing that is asked is rare, a
-- search reads its order off one of these and stops when its page is full.
CREATE INDEX record_by_type ON record (type);
CREATE INDEX record_by_date ON record (type, main_date);
