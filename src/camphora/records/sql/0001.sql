-- Records: the present version of each, its index, and the versions before it.
CREATE TABLE person (
  no INTEGER PRIMARY KEY,
  patient TEXT NOT NULL UNIQUE,
  salt BLOB NOT NULL DEFAULT (randomblob(16))   -- names the person inside receipts; destroying it unlinks them
);
CREATE TABLE type (no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE param (no INTEGER PRIMARY KEY, type INTEGER NOT NULL, code TEXT NOT NULL, UNIQUE (type, code));
CREATE TABLE term (
  no INTEGER PRIMARY KEY,
  param INTEGER NOT NULL,
  code TEXT NOT NULL,
  system TEXT NOT NULL,
  UNIQUE (param, code, system)
);
CREATE INDEX term_by_system ON term (param, system);
CREATE TABLE record (
  no INTEGER PRIMARY KEY,
  type INTEGER NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  person INTEGER,
  main_date INTEGER,
  updated INTEGER NOT NULL,
  labels INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  digest BLOB NOT NULL,
  keys BLOB NOT NULL,
  body BLOB,
  UNIQUE (type, id)
);
CREATE INDEX record_by_person ON record (person, type, main_date);
CREATE INDEX record_by_update ON record (type, updated);
CREATE TABLE superseded (
  record INTEGER NOT NULL,
  version INTEGER NOT NULL,
  person INTEGER,
  updated INTEGER NOT NULL,
  labels INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  body BLOB,
  PRIMARY KEY (record, version)
) WITHOUT ROWID;
-- The patients that a record names beside the one it is about: hidden with any of them.
CREATE TABLE also_names (record INTEGER NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (record, person)) WITHOUT ROWID;
CREATE TABLE posting (term INTEGER NOT NULL, record INTEGER NOT NULL, PRIMARY KEY (term, record)) WITHOUT ROWID;
CREATE TABLE span (
  record INTEGER NOT NULL,
  param INTEGER NOT NULL,
  low INTEGER NOT NULL,
  high INTEGER NOT NULL,
  PRIMARY KEY (record, param, low, high)
) WITHOUT ROWID;
CREATE INDEX span_by_time ON span (param, low, high);
CREATE TABLE word (
  record INTEGER NOT NULL,
  param INTEGER NOT NULL,
  folded TEXT NOT NULL,
  PRIMARY KEY (record, param, folded)
) WITHOUT ROWID;
CREATE INDEX word_by_text ON word (param, folded);

-- Tables: immutable batches of rows.
CREATE TABLE batch (
  no INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  public INTEGER NOT NULL,
  source TEXT NOT NULL,
  as_of TEXT NOT NULL,
  rows INTEGER NOT NULL,
  at INTEGER NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (name, digest)
);

-- Choices: what Consents do, as rows that every query plan joins.
CREATE TABLE hidden (
  name TEXT NOT NULL,
  person INTEGER NOT NULL,
  consent INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  PRIMARY KEY (name, person, consent)
) WITHOUT ROWID;
CREATE INDEX hidden_by_consent ON hidden (consent);
CREATE TABLE closed (
  name TEXT NOT NULL,
  person INTEGER NOT NULL,
  consent INTEGER NOT NULL,
  mask INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  PRIMARY KEY (name, person, consent)
) WITHOUT ROWID;
CREATE INDEX closed_by_consent ON closed (consent);
CREATE TABLE let_in (
  patient TEXT NOT NULL,
  person INTEGER NOT NULL,
  consent INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  PRIMARY KEY (patient, person, consent)
) WITHOUT ROWID;
CREATE INDEX let_in_by_consent ON let_in (consent);

-- The change log, the followers' places in it, and the index of receipts.
CREATE TABLE change (
  no INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  subject INTEGER NOT NULL,
  version INTEGER NOT NULL,
  person INTEGER
);
CREATE TABLE place (follower TEXT PRIMARY KEY, change INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE look (person INTEGER NOT NULL, receipt INTEGER NOT NULL, PRIMARY KEY (person, receipt)) WITHOUT ROWID;
-- A set of persons that a receipt names by digest; the salt keeps anybody from guessing small sets.
CREATE TABLE person_set (receipt INTEGER PRIMARY KEY, members BLOB NOT NULL, salt BLOB NOT NULL);
CREATE TABLE waiting_receipt (no INTEGER PRIMARY KEY, receipt BLOB NOT NULL, members BLOB NOT NULL, salt BLOB NOT NULL);
