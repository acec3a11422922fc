-- Notifiable records by where their persons live and by their main date (-4611686018427387904: none), so that an
-- officer's newest are read off one index, as the nation's are off record_by_date. Triggers keep it, whoever writes.
CREATE TABLE local_date (
  type INTEGER NOT NULL,
  area INTEGER NOT NULL,
  main_date INTEGER NOT NULL,
  record INTEGER NOT NULL,
  PRIMARY KEY (type, area, main_date, record)
) WITHOUT ROWID;
-- The township and the county of a person, one where the township is not known.
CREATE VIEW home AS
  SELECT no AS person, area FROM person WHERE area IS NOT NULL
  UNION ALL SELECT no, area / 1000 * 1000 FROM person WHERE area % 1000 <> 0;
INSERT INTO local_date SELECT r.type, h.area, coalesce(r.main_date, -4611686018427387904), r.no
  FROM record r JOIN home h ON h.person = r.person WHERE r.labels >= 4611686018427387904 AND r.deleted = 0
  ORDER BY 1, 2, 3, 4;
CREATE TRIGGER local_date_begun AFTER INSERT ON record
WHEN new.labels >= 4611686018427387904 AND new.deleted = 0 BEGIN
  INSERT OR IGNORE INTO local_date SELECT new.type, h.area, coalesce(new.main_date, -4611686018427387904), new.no
    FROM home h WHERE h.person = new.person;
END;
CREATE TRIGGER local_date_changed AFTER UPDATE OF person, main_date, labels, deleted ON record
WHEN (old.labels >= 4611686018427387904 AND old.deleted = 0)
  OR (new.labels >= 4611686018427387904 AND new.deleted = 0) BEGIN
  DELETE FROM local_date WHERE type = old.type AND area IN (SELECT h.area FROM home h WHERE h.person = old.person)
    AND main_date = coalesce(old.main_date, -4611686018427387904) AND record = old.no;
  INSERT OR IGNORE INTO local_date SELECT new.type, h.area, coalesce(new.main_date, -4611686018427387904), new.no
    FROM home h WHERE h.person = new.person AND new.labels >= 4611686018427387904 AND new.deleted = 0;
END;
CREATE TRIGGER local_date_moved AFTER UPDATE OF area ON person WHEN old.area IS NOT new.area BEGIN
  DELETE FROM local_date WHERE area IN (old.area, old.area / 1000 * 1000) AND (type, main_date, record) IN (
    SELECT r.type, coalesce(r.main_date, -4611686018427387904), r.no FROM record r
      WHERE r.person = old.no AND r.labels >= 4611686018427387904 AND r.deleted = 0);
  INSERT OR IGNORE INTO local_date SELECT r.type, h.area, coalesce(r.main_date, -4611686018427387904), r.no
    FROM record r JOIN home h ON h.person = r.person
    WHERE r.person = new.no AND r.labels >= 4611686018427387904 AND r.deleted = 0;
END;
