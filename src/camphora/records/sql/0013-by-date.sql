-- All records of a type by their main date: what a search asks by date alone, or sorts by date, is read off it.
CREATE INDEX record_by_date ON record (type, main_date);
