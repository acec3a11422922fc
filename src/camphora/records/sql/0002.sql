-- The lake's manifest. `source` is '' for the views over records, else a table's name; `low` the first person of a
-- range (0 where a source has no persons). `through`: the change (views) or batch (tables) that the parts hold.
CREATE TABLE lake_range (
  source TEXT NOT NULL,
  low INTEGER NOT NULL,
  through INTEGER NOT NULL,
  withheld BLOB NOT NULL,
  PRIMARY KEY (source, low)
) WITHOUT ROWID;
CREATE TABLE lake_part (
  file TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  low INTEGER NOT NULL,
  name TEXT NOT NULL,
  open INTEGER NOT NULL,
  rows INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX lake_part_by_range ON lake_part (source, low);
CREATE TABLE lake_form (digest TEXT NOT NULL);   -- of the views and tables for which the parts were made
