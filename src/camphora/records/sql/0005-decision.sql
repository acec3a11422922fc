-- The whole decision inside the query: where a person lives, was seen and who stands in for them; labels by rule;
-- sets with versions. What stands here is derived from the records' bodies and made anew by `records.labelling`.
ALTER TABLE person ADD COLUMN area INTEGER;
-- The change by which what decides about this person last changed: Consents, stand-ins, their own Patient.
ALTER TABLE person ADD COLUMN choices INTEGER NOT NULL DEFAULT 0;
-- The links of Patients that say that two are one person, in both directions; none for most.
CREATE TABLE same (
  person INTEGER NOT NULL,
  other INTEGER NOT NULL,
  record INTEGER NOT NULL,
  PRIMARY KEY (person, other, record)
) WITHOUT ROWID;
CREATE INDEX same_by_record ON same (record);
CREATE TABLE seen_at (
  person INTEGER NOT NULL,
  place TEXT NOT NULL,
  record INTEGER NOT NULL,
  PRIMARY KEY (person, place, record)
) WITHOUT ROWID;
CREATE INDEX seen_at_by_record ON seen_at (record);
CREATE TABLE stand_in (
  who TEXT NOT NULL,
  person INTEGER NOT NULL,
  record INTEGER NOT NULL,
  kind TEXT NOT NULL,
  since INTEGER,
  until INTEGER,
  PRIMARY KEY (who, person, record, kind)
) WITHOUT ROWID;
CREATE INDEX stand_in_by_record ON stand_in (record);

-- Labels that came by rule, with the rule's name; the label itself is a bit of record.labels.
CREATE TABLE rule (no INTEGER PRIMARY KEY, label TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (name, label));
CREATE TABLE labelled (record INTEGER NOT NULL, rule INTEGER NOT NULL, PRIMARY KEY (record, rule)) WITHOUT ROWID;
-- The rules by which records are labelled. While they are labelled anew there are two lines: `through` is the last
-- record done in this `phase`; phase 0 is done, 1 adds what the newer rules say, 2 takes away what only the older said.
CREATE TABLE labelling (
  no INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  rules BLOB NOT NULL,
  phase INTEGER NOT NULL,
  through INTEGER NOT NULL
);
-- The highest bit of labels marks a notifiable record (policy.labels.NOTIFIABLE).
CREATE INDEX record_notifiable ON record (person) WHERE labels >= 4611686018427387904 AND deleted = 0;
-- Postings of notifiable records by where their persons live, so that one list drives an officer's search.
CREATE TABLE local (
  term INTEGER NOT NULL,
  area INTEGER NOT NULL,
  record INTEGER NOT NULL,
  PRIMARY KEY (term, area, record)
) WITHOUT ROWID;
UPDATE record SET labels = labels | 1152921504606846976 WHERE no IN (SELECT record FROM also_names);
UPDATE superseded SET labels = labels | 1152921504606846976 WHERE record IN (SELECT record FROM also_names);

-- Who entered or left a set, in order: the last number is the set's version.
CREATE TABLE moved (no INTEGER PRIMARY KEY, name TEXT NOT NULL, person INTEGER NOT NULL);
CREATE INDEX moved_by_name ON moved (name, no, person);
INSERT INTO moved (name, person) SELECT DISTINCT name, person FROM hidden;
INSERT INTO moved (name, person) SELECT DISTINCT name, person FROM allowed;
CREATE TRIGGER hidden_entered AFTER INSERT ON hidden BEGIN
  INSERT INTO moved (name, person) VALUES (new.name, new.person);
END;
CREATE TRIGGER hidden_left AFTER DELETE ON hidden BEGIN
  INSERT INTO moved (name, person) VALUES (old.name, old.person);
END;
CREATE TRIGGER allowed_entered AFTER INSERT ON allowed BEGIN
  INSERT INTO moved (name, person) VALUES (new.name, new.person);
END;
CREATE TRIGGER allowed_left AFTER DELETE ON allowed BEGIN
  INSERT INTO moved (name, person) VALUES (old.name, old.person);
END;
