-- Editions stand side by side. A concept's id is its edition's number * 2^32 + its place in the source, so that
-- an edition is one range of ids, in every table and in the full-text indexes.
CREATE TABLE edition (
  id INTEGER PRIMARY KEY,
  url TEXT NOT NULL,
  version TEXT NOT NULL,
  family TEXT NOT NULL,        -- what editions and national versions of one classification have in common
  zh TEXT NOT NULL,
  en TEXT NOT NULL,
  licence TEXT NOT NULL,
  source TEXT NOT NULL,
  language TEXT NOT NULL,      -- of the displays (BCP 47), or empty
  content TEXT NOT NULL,       -- CodeSystem.content
  supplements TEXT NOT NULL,   -- canonical of what a supplement adds to, or empty
  about TEXT NOT NULL,         -- the head of the CodeSystem as JSON, or empty
  concepts INTEGER NOT NULL,
  tree INTEGER NOT NULL,       -- whether its concepts stand in a hierarchy
  digest TEXT NOT NULL,        -- of the file and the options it came from
  ready INTEGER NOT NULL,      -- 0 while it is being loaded: nobody sees it
  UNIQUE (url, version)
) STRICT;

CREATE TABLE alias (alias TEXT PRIMARY KEY, url TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE concept (
  id INTEGER PRIMARY KEY,
  edition INTEGER NOT NULL,
  code TEXT NOT NULL,
  zh TEXT NOT NULL,
  en TEXT NOT NULL,
  display TEXT,                -- where the source's display is neither of the two
  status TEXT NOT NULL,
  inactive INTEGER NOT NULL,
  abstract INTEGER NOT NULL,
  low INTEGER,                 -- own number in a walk depth first; NULL in an edition without hierarchy
  high INTEGER,                -- the last number below it
  folded TEXT NOT NULL,        -- code and all names, as a search sees them
  more TEXT NOT NULL           -- the rest of the concept as FHIR JSON, or empty
) STRICT;

-- A parent's code may stand in the source after its child's.
CREATE TABLE edge (
  edition INTEGER NOT NULL, parent TEXT NOT NULL, child TEXT NOT NULL, PRIMARY KEY (edition, parent, child)
) STRICT, WITHOUT ROWID;

-- Ancestors that the intervals do not tell: those by a second parent.
CREATE TABLE beyond (upper INTEGER NOT NULL, lower INTEGER NOT NULL, PRIMARY KEY (upper, lower)) STRICT, WITHOUT ROWID;

CREATE TABLE attribute (
  id INTEGER PRIMARY KEY,
  edition INTEGER NOT NULL,
  code TEXT NOT NULL,
  UNIQUE (edition, code)
) STRICT;

CREATE TABLE property (
  attribute INTEGER NOT NULL, value TEXT NOT NULL, concept INTEGER NOT NULL, PRIMARY KEY (attribute, value, concept)
) STRICT, WITHOUT ROWID;

-- Value sets and concept maps, whole; a map's pairs also one by one, to be found by either code.
CREATE TABLE resource (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  url TEXT NOT NULL,
  version TEXT NOT NULL,
  source TEXT NOT NULL,
  digest TEXT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (kind, url, version)
) STRICT;

CREATE TABLE mapping (
  map INTEGER NOT NULL,
  source_system TEXT NOT NULL,
  source_code TEXT NOT NULL,
  target_system TEXT NOT NULL,
  target_code TEXT NOT NULL,
  relationship TEXT NOT NULL,
  PRIMARY KEY (source_code, source_system, target_code, target_system, map)
) STRICT, WITHOUT ROWID;
CREATE INDEX mapping_target ON mapping (target_code, target_system);

CREATE TABLE plain (
  url TEXT NOT NULL, code TEXT NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL, kind TEXT NOT NULL,
  folded TEXT NOT NULL, PRIMARY KEY (url, code)
) STRICT, WITHOUT ROWID;

-- Words of three signs and more are found by their trigrams, Chinese words of two signs as pairs.
CREATE VIRTUAL TABLE trigram USING fts5 (
  text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram'
);
CREATE VIRTUAL TABLE pair USING fts5 (
  text, content = '', contentless_delete = 1, detail = none, tokenize = 'unicode61'
);

CREATE TABLE built (digest TEXT NOT NULL, state INTEGER NOT NULL) STRICT;

-- Made after a new file is filled.
CREATE INDEX concept_code ON concept (code COLLATE NOCASE, edition);
CREATE INDEX concept_low ON concept (edition, low) WHERE low IS NOT NULL;
CREATE INDEX edge_child ON edge (edition, child);
