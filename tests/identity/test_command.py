"""`camphora persons`: proposed, decided and told in the name of an administrator, with receipts."""

import json

import orjson
import pytest

from builders import citizen
from camphora.cli import main
from camphora.gate import Identity, User
from camphora.policy import Role
from camphora.records import SQLiteStore
from camphora.records.identity import percent
from registering import MOI, REASON, person


@pytest.fixture
def camphora(tmp_path, capsys):
    """Runs the command on an installation with two Patients of one number, whose administrator is the keeper."""
    file, place = tmp_path / "a.ndjson", tmp_path / "place"
    twice = [person(name, "張三", "1970-05-05", (MOI, "F123456788")) for name in ("f1", "f2")]
    file.write_bytes(b"\n".join(orjson.dumps(each) for each in twice))
    main(["load", str(file), "--into", str(place), "--lang", "en"])
    accounts = Identity(place / "gate.sqlite")
    accounts.add_user(User("keeper", "登錄人員", Role.ADMINISTRATOR), None)
    accounts.add_user(User("privacy", "隱私", Role.PRIVACY), None)
    accounts.close()
    capsys.readouterr()

    def run(*arguments):
        code = main(["persons", *arguments, "--in", str(place)])
        said = capsys.readouterr()
        return code, said.out, said.err

    run.place = place
    return run


def _rows(out):
    return [json.loads(line) for line in out.splitlines()]


def test_a_pair_is_proposed_merged_split_and_told(camphora):
    _, out, _ = camphora("duplicates", "--json")
    assert [(row["one"], row["other"], row["score"]) for row in _rows(out)] == [("f1", "f2", "1.0000")]
    assert camphora("merge", "f2", "f1", "--reason", REASON)[0] == 0
    assert _rows(camphora("duplicates", "--json")[1]) == []
    assert camphora("split", "f1", "f2", "--reason", REASON)[0] == 0
    told = _rows(camphora("history", "f1", "--json", "--lang", "en")[1])
    assert [(row["word"], row["by"], row["reason"]) for row in told] == [
        ("split", "登錄人員", REASON), ("one person", "登錄人員", REASON),
    ]  # fmt: skip
    assert _rows(camphora("duplicates", "--json")[1]) == []


def test_what_is_shown_is_not_of_care_and_has_a_receipt(camphora):
    code, out, err = camphora("duplicates", "--lang", "en")
    assert code == 0
    assert "2 Patients compared" in err
    assert "F123456788" not in out
    store = SQLiteStore(camphora.place)
    assert [(look.act, look.name) for look in store.looks(citizen("f1"), "f1")] == [("register", "登錄人員")]
    store.close()


def test_nobody_but_an_administrator_is_taken_at_their_name(camphora):
    assert camphora("duplicates", "--by", "privacy")[0] == 4
    code, _, err = camphora("differ", "f1", "f2", "--reason", "不", "--lang", "en")
    assert code == 2
    assert "persons-reason" in err


def test_the_probability_reads_as_on_the_page(camphora):
    assert percent(0.95123) == "95.1%"
    assert percent(0.99999) == "99.9%"
    out = camphora("duplicates", "--lang", "en")[1]
    assert "same number" in out
    assert "1.0000" not in out
