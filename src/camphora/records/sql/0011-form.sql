-- The form of the index in which every search of R4 is answered. `record` holds only what plans walk over; what is read
-- of the few that are found lies in `content`. A body stands as `records.bodies` packs it (or, in a store of before, as
-- the JSON that came), `keys` as `records.keys` packs it: which parameters have a value, and under which terms.
CREATE TABLE content (record INTEGER PRIMARY KEY, digest BLOB NOT NULL, keys BLOB NOT NULL, body BLOB);

-- Texts by number: code systems, types of references, spellings. 0 is the empty one.
CREATE TABLE text (no INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
INSERT INTO text VALUES (0, '');

-- A term is what a posting says of a record, by the kind of its parameter:
--   token, uri    code, its system
--   reference     id, the type as its system; a whole address without one
--   string        folded text, its own spelling as system where that is another (an exact search asks both)
--   PARAM#unit    a unit as `fhir.amounts` writes it, without a system; its number stands in `amount` and `pair`
--   PARAM$1, $2   the components of a composite, with the form of their kind
CREATE TABLE meaning (
  no INTEGER PRIMARY KEY,
  param INTEGER NOT NULL,
  code TEXT NOT NULL,
  system INTEGER NOT NULL,
  UNIQUE (param, code, system)
);
INSERT OR IGNORE INTO text (text) SELECT DISTINCT system FROM term;
INSERT OR IGNORE INTO text (text)
  SELECT DISTINCT referred(y.name, q.code, e.code) FROM term e JOIN param q ON q.no = e.param JOIN type y ON y.no = q.type
  WHERE e.system = '' AND referred(y.name, q.code, e.code) <> '';
INSERT OR IGNORE INTO text (text)
  SELECT DISTINCT e.code FROM term e JOIN param q ON q.no = e.param WHERE q.code LIKE '%:exact' AND folded(e.code) <> e.code;
INSERT OR IGNORE INTO param (type, code) SELECT type, substr(code, 1, length(code) - 6) FROM param WHERE code LIKE '%:exact';
-- A spelling becomes the term of its folded text, so that its postings are those of the words of before.
INSERT INTO meaning
  SELECT e.no, w.no, folded(e.code), CASE folded(e.code) WHEN e.code THEN 0 ELSE x.no END
  FROM term e JOIN param q ON q.no = e.param AND q.code LIKE '%:exact'
  JOIN param w ON w.type = q.type AND w.code = substr(q.code, 1, length(q.code) - 6)
  LEFT JOIN text x ON x.text = e.code;
INSERT INTO meaning
  SELECT e.no, e.param, iif(e.type = '', e.code, substr(e.code, instr(e.code, '/') + 1)), x.no
  FROM (SELECT m.*, iif(m.system = '', referred(y.name, q.code, m.code), '') AS type FROM term m
    JOIN param q ON q.no = m.param AND q.code NOT LIKE '%:exact' JOIN type y ON y.no = q.type) e
  JOIN text x ON x.text = iif(e.type = '', e.system, e.type);
INSERT INTO content
  SELECT r.no, r.digest, json_array(
    json((SELECT json_group_array(has) FROM (
      SELECT m.param AS has FROM json_each(CAST(r.keys AS TEXT), '$[0]') k JOIN meaning m ON m.no = k.value
      UNION SELECT s.value ->> '$[0]' FROM json_each(CAST(r.keys AS TEXT), '$[1]') s ORDER BY 1))),
    json((SELECT json_group_array(value) FROM json_each(CAST(r.keys AS TEXT), '$[0]')))
  ), r.body FROM record r;
DROP TABLE term;
ALTER TABLE meaning RENAME TO term;
CREATE INDEX term_by_system ON term (param, system);
DROP TABLE word;
DELETE FROM param WHERE code LIKE '%:exact';

-- main_date .. main_date + main_length is the one value of the type's main date parameter (`records.spans`), which then
-- stands nowhere else; -1: look in `span`. No main date: no value of it.
ALTER TABLE record DROP COLUMN body;
ALTER TABLE record DROP COLUMN keys;
ALTER TABLE record DROP COLUMN digest;
ALTER TABLE record ADD COLUMN main_length INTEGER NOT NULL DEFAULT -1;

-- Numbers (unit 0) and quantities. Unit 0 of a quantity: one without any; as it was given it stands under the unit
-- `|TEXT`, and by its code under `SYSTEM|CODE` (UCUM: the canonical one, with the canonical amount).
CREATE TABLE amount (
  record INTEGER NOT NULL,
  param INTEGER NOT NULL,
  unit INTEGER NOT NULL,
  low REAL NOT NULL,
  high REAL NOT NULL,
  PRIMARY KEY (record, param, unit, low, high)
) WITHOUT ROWID;
CREATE INDEX amount_by_value ON amount (param, unit, low, high);
-- One row for each group of a composite's components: `first` the term of the first; of the second a term, or its unit
-- (0: none) with low and high, which hold a date or a number too; a third number in third_low and third_high.
CREATE TABLE pair (
  record INTEGER NOT NULL,
  param INTEGER NOT NULL,
  first INTEGER NOT NULL,
  second INTEGER NOT NULL,
  low REAL NOT NULL,
  high REAL NOT NULL,
  third_low REAL NOT NULL,
  third_high REAL NOT NULL,
  PRIMARY KEY (record, param, first, second, low, high, third_low, third_high)
) WITHOUT ROWID;
CREATE INDEX pair_by_value ON pair (param, first, second, low);
CREATE TABLE position (
  record INTEGER NOT NULL,
  param INTEGER NOT NULL,
  latitude REAL NOT NULL,
  longitude REAL NOT NULL,
  PRIMARY KEY (record, param, latitude, longitude)
) WITHOUT ROWID;
CREATE INDEX position_by_place ON position (param, latitude);
-- Full text, by `records.fulltext`: the narrative, and all text of a record. Empty where the store does not keep it.
CREATE VIRTUAL TABLE fulltext USING fts5 (
  narrative, content, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0'
);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- By which definitions the records are indexed: JSON with `params`, {"Type.code": digest}, of those that R4 lacks, and
-- `r4` where all of R4's are. What an older store had bears an empty digest: it answers in the form it had, until it is
-- indexed anew.
CREATE TABLE registry (digest TEXT NOT NULL, known TEXT NOT NULL);
INSERT INTO registry SELECT '', json_object('r4', json('false'), 'params',
  json((SELECT json_group_object(t.name || '.' || q.code, '') FROM param q JOIN type t ON t.no = q.type
   WHERE instr(q.code, ':') = 0)));
-- Parameters of which not every record is indexed yet; of which types records are indexed anew, and the last one done.
CREATE TABLE unready (type TEXT NOT NULL, code TEXT NOT NULL, PRIMARY KEY (type, code)) WITHOUT ROWID;
CREATE TABLE indexing (no INTEGER PRIMARY KEY CHECK (no = 1), through INTEGER NOT NULL, types TEXT NOT NULL);
