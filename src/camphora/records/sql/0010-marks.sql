-- Who has chosen, with the marks that their records bear: that they have (policy.labels.CHOSEN), that their records are
-- judged one by one (RULED), that they refuse some institution (REFUSING). A statement asks of a row only what its marks
-- leave open. A mark once given stays; versions of before are always marked.
DROP TRIGGER chosen_marks;
DROP TRIGGER hidden_chosen;
DROP TRIGGER closed_chosen;
DROP TRIGGER ruled_chosen;
ALTER TABLE chosen ADD COLUMN marks INTEGER NOT NULL DEFAULT 576460752303423488;
CREATE TRIGGER chosen_marks AFTER INSERT ON chosen BEGIN
  UPDATE record SET labels = labels | new.marks WHERE person = new.person;
END;
CREATE TRIGGER chosen_marked AFTER UPDATE OF marks ON chosen BEGIN
  UPDATE record SET labels = labels | new.marks WHERE person = new.person;
END;
CREATE TRIGGER hidden_chosen AFTER INSERT ON hidden BEGIN
  INSERT OR IGNORE INTO chosen (person) VALUES (new.person);
END;
CREATE TRIGGER hidden_refusing AFTER INSERT ON hidden WHEN new.name GLOB 'restricted:*' BEGIN
  INSERT OR IGNORE INTO chosen (person) VALUES (new.person);
  UPDATE chosen SET marks = marks | 144115188075855872 WHERE person = new.person AND marks & 144115188075855872 = 0;
END;
CREATE TRIGGER closed_chosen AFTER INSERT ON closed BEGIN
  INSERT OR IGNORE INTO chosen (person) VALUES (new.person);
END;
CREATE TRIGGER ruled_chosen AFTER INSERT ON ruled BEGIN
  INSERT OR IGNORE INTO chosen (person) VALUES (new.person);
  UPDATE chosen SET marks = marks | 288230376151711744 WHERE person = new.person AND marks & 288230376151711744 = 0;
END;
UPDATE chosen SET marks = marks | 288230376151711744 WHERE person IN (SELECT person FROM ruled);
UPDATE chosen SET marks = marks | 144115188075855872 WHERE person IN (SELECT person FROM hidden WHERE name GLOB 'restricted:*');
UPDATE superseded SET labels = labels | 432345564227567616;
