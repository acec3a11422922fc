-- Whom each version names beside the one it is about: a version is hidden with them, and a later one that names them no
-- more is not. What the table before said of a record is taken for each of its versions that bears the mark, but for a
-- Patient as it stands now, whose links are read.
CREATE TABLE names_of_version (
  record INTEGER NOT NULL,
  version INTEGER NOT NULL,
  person INTEGER NOT NULL,
  PRIMARY KEY (record, version, person)
) WITHOUT ROWID;
INSERT INTO names_of_version
  SELECT a.record, r.version, a.person FROM also_names a
  JOIN record r ON r.no = a.record JOIN type t ON t.no = r.type JOIN person p ON p.no = a.person
  WHERE t.name <> 'Patient' OR r.body IS NULL OR EXISTS (
    SELECT 1 FROM json_each(CAST(r.body AS TEXT), '$.link') l
    WHERE 'x/' || (l.value ->> '$.other.reference') LIKE '%/Patient/' || p.patient || '%');
INSERT INTO names_of_version
  SELECT a.record, s.version, a.person FROM also_names a JOIN superseded s ON s.record = a.record
  WHERE s.labels & 1152921504606846976 <> 0;
DROP TABLE also_names;
ALTER TABLE names_of_version RENAME TO also_names;
-- For whom beside its own person a Consent took effect when it was written: identities that were one with them then.
CREATE TABLE chosen_as_one (
  consent INTEGER NOT NULL,
  other INTEGER NOT NULL,
  PRIMARY KEY (consent, other)
) WITHOUT ROWID;
CREATE INDEX chosen_as_one_by_other ON chosen_as_one (other);
INSERT OR IGNORE INTO chosen_as_one
  SELECT r.no, c.person FROM record r JOIN type t ON t.no = r.type AND t.name = 'Consent'
  JOIN change c ON c.subject = r.no AND c.version = r.version AND c.kind = 'choice' AND c.person <> r.person
  WHERE EXISTS (SELECT 1 FROM same s WHERE s.person = c.person);
