-- All records of a type in the order in which they came, and by their main date: where nothing that is asked is rare, a
-- search reads its order off one of these and stops when its page is full. Those whose date is longer than a day, or
-- stands in `span`, are few and apart: of all others the start says when they end.
CREATE INDEX record_by_type ON record (type);
CREATE INDEX record_by_date ON record (type, main_date);
CREATE INDEX record_long ON record (type, main_date)
  WHERE main_date IS NOT NULL AND (main_length < 0 OR main_length > 86400000);
