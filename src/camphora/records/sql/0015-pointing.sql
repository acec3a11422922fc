-- Which records point to which by what they say, in any version: `target` is `records.following.key` of `Type/id`,
-- whether or not a record stands there. Filled by labelling anew.
CREATE TABLE IF NOT EXISTS pointing (
  target INTEGER NOT NULL,
  record INTEGER NOT NULL,
  PRIMARY KEY (target, record)
) WITHOUT ROWID;
