-- Every person with a choice that could keep a record from somebody; who once had one stays. Their records bear a mark
-- (policy.labels.CHOSEN), so that a statement pays nothing for all others. Versions of before are always marked.
CREATE TABLE chosen (person INTEGER PRIMARY KEY);
CREATE TRIGGER chosen_marks AFTER INSERT ON chosen BEGIN
  UPDATE record SET labels = labels | 576460752303423488 WHERE person = new.person;
END;
INSERT INTO chosen SELECT person FROM hidden UNION SELECT person FROM closed UNION SELECT person FROM ruled;
UPDATE superseded SET labels = labels | 576460752303423488;
CREATE TRIGGER hidden_chosen AFTER INSERT ON hidden BEGIN INSERT OR IGNORE INTO chosen VALUES (new.person); END;
CREATE TRIGGER closed_chosen AFTER INSERT ON closed BEGIN INSERT OR IGNORE INTO chosen VALUES (new.person); END;
CREATE TRIGGER ruled_chosen AFTER INSERT ON ruled BEGIN INSERT OR IGNORE INTO chosen VALUES (new.person); END;
