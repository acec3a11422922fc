-- Who agreed to a project whatever else they stopped, and whose records are decided one by one, in which classes.
CREATE TABLE allowed (
  name TEXT NOT NULL,
  person INTEGER NOT NULL,
  consent INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  PRIMARY KEY (name, person, consent)
) WITHOUT ROWID;
CREATE INDEX allowed_by_consent ON allowed (consent);
CREATE TABLE ruled (
  person INTEGER NOT NULL,
  consent INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  classes TEXT NOT NULL,
  PRIMARY KEY (person, consent)
) WITHOUT ROWID;
CREATE INDEX ruled_by_consent ON ruled (consent);
