-- The lake's manifest anew: each view and table has sides of its own. `source` is '' for the views over records, which
-- are made together, else a table's name; `name` is the view or the table; `low` the first person of a range (0 where
-- a source has no persons). `through`: the change (views) or batch (tables) that the parts hold.
DROP TABLE lake_range;
DROP TABLE lake_form;
DELETE FROM lake_part;
CREATE TABLE lake_range (
  source TEXT NOT NULL,
  low INTEGER NOT NULL,
  through INTEGER NOT NULL,
  PRIMARY KEY (source, low)
) WITHOUT ROWID;
-- Who of a range lies on the withheld side; no line where nobody does.
CREATE TABLE lake_side (
  name TEXT NOT NULL,
  low INTEGER NOT NULL,
  withheld BLOB NOT NULL,
  PRIMARY KEY (name, low)
) WITHOUT ROWID;
-- For which views and tables the parts were made, and how often the manifest has changed since.
CREATE TABLE lake_form (digest TEXT NOT NULL, version INTEGER NOT NULL);
