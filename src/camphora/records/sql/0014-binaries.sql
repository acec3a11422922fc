-- A Binary is the patient's whom its securityContext names (binary.html#rest). Stores of before read it as nobody's; a
-- version of before has a number for whom, too, and followers of the change log are told of the present ones.
INSERT OR IGNORE INTO person (patient)
  SELECT guarded(c.body) FROM record r JOIN type t ON t.no = r.type AND t.name = 'Binary' JOIN content c ON c.record = r.no
  WHERE r.person IS NULL AND guarded(c.body) <> ''
  UNION SELECT guarded(s.body) FROM superseded s JOIN record r ON r.no = s.record
  JOIN type t ON t.no = r.type AND t.name = 'Binary' WHERE s.person IS NULL AND guarded(s.body) <> '';
UPDATE superseded SET person = (SELECT p.no FROM person p WHERE p.patient = guarded(superseded.body))
  WHERE person IS NULL
  AND record IN (SELECT r.no FROM record r JOIN type t ON t.no = r.type AND t.name = 'Binary');
-- What is deleted is whose it was last.
CREATE TEMP TABLE given AS
  SELECT r.no AS record, CASE r.deleted
    WHEN 0 THEN (SELECT p.no FROM person p JOIN content c ON c.record = r.no WHERE p.patient = guarded(c.body))
    ELSE (SELECT s.person FROM superseded s WHERE s.record = r.no ORDER BY s.version DESC LIMIT 1)
  END AS person
  FROM record r JOIN type t ON t.no = r.type AND t.name = 'Binary' WHERE r.person IS NULL;
DELETE FROM given WHERE person IS NULL;
UPDATE record SET person = g.person, labels = labels | coalesce((SELECT marks FROM chosen WHERE person = g.person), 0)
  FROM given g WHERE g.record = record.no;
INSERT INTO change (kind, subject, version, person, at)
  SELECT 'record', r.no, r.version, r.person, r.updated FROM record r JOIN given g ON g.record = r.no;
DROP TABLE given;
