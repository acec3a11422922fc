-- Every person with a choice that could keep a record from somebody; who once had one stays. Most persons have none, and
-- for them one look here is all that a statement pays.
CREATE TABLE chosen (person INTEGER PRIMARY KEY);
INSERT INTO chosen SELECT person FROM hidden UNION SELECT person FROM closed UNION SELECT person FROM ruled;
CREATE TRIGGER hidden_chosen AFTER INSERT ON hidden BEGIN INSERT OR IGNORE INTO chosen VALUES (new.person); END;
CREATE TRIGGER closed_chosen AFTER INSERT ON closed BEGIN INSERT OR IGNORE INTO chosen VALUES (new.person); END;
CREATE TRIGGER ruled_chosen AFTER INSERT ON ruled BEGIN INSERT OR IGNORE INTO chosen VALUES (new.person); END;
