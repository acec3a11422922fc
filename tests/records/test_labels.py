"""Labels by rule: the value sets, what they say of records, and labelling anew while the store serves."""

import re
import subprocess
import sys
import textwrap

import orjson
import pytest

from builders import NOW, citizen, clinician, observation
from camphora.errors import NotFound
from camphora.fhir.search import parse_query
from camphora.policy import choices
from camphora.policy.facts import INLINE, facts_of, parts_of, without
from camphora.policy.labels import MARKS, NOTIFIABLE, SYSTEMS, Row, Rules, labels_in, mask_of
from camphora.policy.vocabulary import LABELS
from camphora.records import Delete, Put, SQLiteStore
from consented import ICD, LOAD, diagnosis, labelled_part

SHAPES = {"icd-10-cm": r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", "loinc": r"\d{1,5}-\d",
          "atc": r"[A-Z]\d\d[A-Z]{1,2}(\d\d)?", "type": r"[A-Z]\w+"}  # fmt: skip
TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw"


@pytest.mark.parametrize("row", Rules.bundled().rows, ids=lambda row: f"{row.rule}-{'-'.join(row.labels)}")
def test_every_row_is_well_formed(row):
    assert re.fullmatch(SHAPES[row.system], row.code)
    assert row.mode in {"is", "under"}
    assert row.system == "type" or row.system in SYSTEMS.values()
    if row.system == "loinc":
        assert _check_digit(row.code)


def _check_digit(code):
    """LOINC's check digit (mod 10, Luhn)."""
    number, digit = code.split("-")
    doubled = [int(each) * (2 if place % 2 == 0 else 1) for place, each in enumerate(reversed(number))]
    return (10 - sum(each // 10 + each % 10 for each in doubled) % 10) % 10 == int(digit)


def test_no_row_stands_twice():
    rows = [(row.set, row.system, row.code) for row in Rules.bundled().rows]
    assert len(rows) == len(set(rows))


@pytest.mark.parametrize(("code", "labels", "notifiable"), [
    ("B20", {"HIV"}, True), ("F10.20", {"ETH", "ETHUD"}, False), ("F11.20", {"ETH", "OPIOIDUD"}, False),
    ("F17.210", set(), False), ("F20.9", {"PSY"}, False), ("A15.0", set(), True), ("A51.0", {"STD"}, True),
    ("T74.11XA", {"SDV"}, False), ("Z15.01", {"GDIS"}, False), ("I10", set(), False), ("Z30.09", {"SEX"}, False),
    ("J10.1", set(), False), ("B2", set(), False), ("b20", {"HIV"}, True), ("t74.11xa", {"SDV"}, False),
])  # fmt: skip
def test_what_a_diagnosis_is_labelled(code, labels, notifiable):
    for system in (ICD, TWCORE):
        made = diagnosis("x", "ada", code)
        made["code"]["coding"][0]["system"] = system
        found = Rules.bundled().of(made)
        assert {one.label for one in found if one.label} == labels
        assert bool(mask_of((), found) & NOTIFIABLE) is notifiable


def test_a_reason_and_a_contained_medicine_label_too():
    reason = {"coding": [{"system": ICD, "code": "B20"}]}
    medicine = {"resourceType": "Medication", "id": "m", "code": {"coding": [
        {"system": "http://www.whocc.no/atc", "code": "N06AB04"}]}}  # fmt: skip
    request = {
        "resourceType": "MedicationRequest",
        "id": "x",
        "reasonCode": [reason],
        "contained": [medicine],
    }
    assert {one.label for one in Rules.bundled().of(request)} == {"HIV", "PSY", ""}


def test_the_facts_of_a_record():
    made = {
        **observation("o", "ada", "4548-4", "2026-02"),
        "performer": [{"reference": "Practitioner/dr"}, {"reference": "Organization/h1"}],
        "meta": {"security": [{"code": "R"}]},
    }
    facts = facts_of(made, {"HIV"})
    assert (facts.type, facts.id, facts.category) == ("Observation", "o", "laboratory")
    assert facts.labels == {"R", "HIV"}
    assert facts.codes == {"http://loinc.org|4548-4"}
    assert facts.authors == {"Practitioner/dr", "Organization/h1"}
    assert facts.organisation == "Organization/h1"
    assert facts.references == {"Patient/ada", "Practitioner/dr", "Organization/h1"}
    assert facts.period == (1769875200000, 1772294399999)


def test_parts_are_told_by_paths_of_fhirpath_and_taken_out_by_them():
    label = {"extension": [{"url": INLINE, "valueCoding": {"code": "R", "system":
             "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"}}]}  # fmt: skip
    integrity = {"extension": [{"url": INLINE, "valueCoding": {"code": "PATRPT", "system":
                 "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"}}]}  # fmt: skip
    made = {
        "resourceType": "Patient", "birthDate": "1980-01-01", "_birthDate": label, "gender": "male",
        "_gender": integrity,
        "name": [{"given": ["甲", "乙"], "_given": [None, label]}], "deceasedBoolean": False, "_deceasedBoolean": label,
    }  # fmt: skip
    paths = [part.path for part in parts_of(made)]
    assert paths == ["Patient.birthDate", "Patient.name[0].given[1]", "Patient.deceased"]
    kept = without(made, paths)
    assert "birthDate" not in kept
    assert "deceasedBoolean" not in kept
    assert kept["name"][0]["given"] == ["甲", None]
    assert kept["gender"] == "male"


def test_a_label_by_rule_closes_and_its_rule_is_told(loaded):
    loaded.write(LOAD, [Put(diagnosis("d", "ada", "F33.1"))])
    assert loaded.rules_of(clinician(), "Condition", "d") == [("PSY", "mental_health:icd-10-cm:F33")]
    loaded.write(LOAD, [Put(choices.close_part("ada", "PSY", NOW))])
    with pytest.raises(NotFound):
        loaded.read(clinician(), "Condition", "d")
    assert loaded.rules_of(clinician(), "Condition", "d") == []


def test_a_label_by_rule_of_a_closed_part_is_not_told(loaded):
    """The code stands in a component that is closed as somebody's own: what else the record says is told."""
    made = labelled_part("s1", "ada")
    part = made["component"][0]
    part["extension"][0]["valueCoding"]["code"] = "SDV"
    part["code"] = {"coding": [{"system": ICD, "code": "F33.1"}]}
    made["code"]["coding"].append({"system": ICD, "code": "D66"})
    loaded.write(LOAD, [Put(made)])
    both = [("GDIS", "genetic:icd-10-cm:D66"), ("PSY", "mental_health:icd-10-cm:F33")]
    assert loaded.rules_of(clinician(), "Observation", "s1") == both
    loaded.write(LOAD, [Put(choices.close_part("ada", "SDV", NOW))])
    assert b"F33.1" not in loaded.read(clinician(), "Observation", "s1").body
    assert loaded.rules_of(clinician(), "Observation", "s1") == both[:1]
    assert loaded.rules_of(citizen(), "Observation", "s1") == both


def test_a_label_by_rule_does_not_stick_to_a_record_that_is_written_back(loaded):
    """It is beside the record, not in it: who writes back what was read writes none, and a corrected code sheds it."""
    loaded.write(LOAD, [Put(diagnosis("d", "ada", "F33.1"))])
    read = orjson.loads(loaded.read(clinician(), "Condition", "d").body)
    assert "security" not in read["meta"]
    assert not loaded.write(clinician(), [Put(read)])[0].changed
    read["code"]["coding"][0]["code"] = "I10"
    loaded.write(clinician(), [Put(read)])
    assert loaded.rules_of(clinician(), "Condition", "d") == []
    loaded.write(LOAD, [Put(choices.close_part("ada", "PSY", NOW))])
    assert loaded.read(clinician(), "Condition", "d").version == 2


def test_the_marks_stand_above_every_label():
    assert 1 << len(LABELS) < MARKS & -MARKS
    assert labels_in(mask_of(["PSY", "HIV"], ()) | MARKS) == {"PSY", "HIV"}


def _with_rules(folder, monkeypatch, rows, **options):
    """A store whose rules are these, opened while no thread labels by itself."""
    monkeypatch.setattr(Rules, "bundled", classmethod(lambda _: Rules(rows)))
    monkeypatch.setattr("camphora.records.sqlite.run", lambda *_: None)
    return SQLiteStore(folder)


def _step(store, size):
    return store._keeper.submit(lambda c: store._labelling.step(c, store._interned, size)).result()


def _labels(store):
    """Of each record the labels that it has in the store."""
    sql = "SELECT r.id, r.labels FROM record r JOIN type t ON t.no = r.type WHERE t.name = 'Condition'"
    return {name: labels_in(mask) for name, mask in store._connections.reader().execute(sql)}


PSY = Row("a", ("PSY",), "icd-10-cm", "F32", "under")
BOTH = (Row("b", ("HIV",), "icd-10-cm", "B20", "is"), Row("b", ("SEX",), "icd-10-cm", "F32", "under"))


def test_labelling_anew_goes_in_steps_and_never_leaves_a_record_with_fewer_labels(tmp_path, monkeypatch):
    """The older rules hold until the newer hold everywhere; a process that stops in between goes on where it was."""
    store = _with_rules(tmp_path, monkeypatch, (PSY,))
    store.write(LOAD, [Put({"resourceType": "Patient", "id": "ada"})])
    store.write(
        LOAD, [Put(diagnosis(f"d{number}", "ada", ("F32.9", "B20")[number % 2])) for number in range(10)]
    )
    assert store.labelling() is None
    store.close()
    store = _with_rules(tmp_path, monkeypatch, BOTH)
    older = {f"d{number}": ({"PSY"}, set())[number % 2] for number in range(10)}
    newer = {f"d{number}": ({"SEX"}, {"HIV"})[number % 2] for number in range(10)}
    seen = 0
    while (progress := _step(store, 3)) is not None:
        seen += 1
        now = _labels(store)
        wanted = older if progress.phase == 1 else newer
        assert all(now[name] >= wanted[name] for name in wanted)
        if seen == 2:
            store.write(LOAD, [Put(diagnosis("new", "ada", "F32.1"))])
            assert _labels(store)["new"] == {"PSY", "SEX"}
            store.close()
            store = _with_rules(tmp_path, monkeypatch, BOTH)
            assert store.labelling().through == progress.through
    assert seen > 6
    assert _labels(store) == newer | {"new": {"SEX"}}
    assert store.labelling() is None
    store.close()


def test_what_was_closed_by_the_older_rules_stays_closed_at_every_step(tmp_path, monkeypatch):
    store = _with_rules(tmp_path, monkeypatch, (PSY,))
    store.write(LOAD, [Put({"resourceType": "Patient", "id": "ada"}), Put(diagnosis("d", "ada", "F32.9"))])
    store.write(LOAD, [Put({**diagnosis("d", "ada", "F32.9"), "recordedDate": "2026-01-01"})])
    store.write(LOAD, [Put(choices.close_part("ada", label, NOW)) for label in ("PSY", "SEX")])
    store.close()
    store = _with_rules(tmp_path, monkeypatch, BOTH)
    query = parse_query("Condition", [], strict=True)
    while True:
        assert store.search(clinician(), query).rows == []
        for version in (None, 1):
            with pytest.raises(NotFound):
                store.read(clinician(), "Condition", "d", version=version)
        if _step(store, 1) is None:
            break
    store.close()


def test_a_store_from_before_labels_is_labelled_by_its_own_thread(tmp_path, monkeypatch):
    store = SQLiteStore(tmp_path)
    store.write(LOAD, [Put({"resourceType": "Patient", "id": "ada"}), Put(diagnosis("d", "ada", "B20"))])
    store._keeper.submit(_forget_labels).result()
    store.close()
    store = SQLiteStore(tmp_path)
    for _ in range(500):
        if store.labelling() is None:
            break
        store.settle()
    assert _labels(store) == {"d": {"HIV"}}
    store.close()


def _forget_labels(connection):
    connection.execute("UPDATE record SET labels = 0; DELETE FROM labelled; DELETE FROM labelling")


def test_labels_are_of_each_version(loaded):
    loaded.write(LOAD, [Put(diagnosis("d", "ada", "F32.9")), Put(diagnosis("d", "ada", "I10"))])
    loaded.write(LOAD, [Put(choices.close_part("ada", "PSY", NOW))])
    assert loaded.read(clinician(), "Condition", "d").version == 2
    with pytest.raises(NotFound):
        loaded.read(clinician(), "Condition", "d", version=1)


def test_a_deleted_record_keeps_its_labels(loaded):
    loaded.write(LOAD, [Put(diagnosis("d", "ada", "F32.9")), Delete("Condition", "d")])
    loaded.write(LOAD, [Put(choices.close_part("ada", "PSY", NOW))])
    with pytest.raises(NotFound, match="records-not-found"):
        loaded.read(clinician(), "Condition", "d")


def test_a_killed_labelling_goes_on(tmp_path):
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from camphora.policy.internal import loading
        from camphora.records import Put, SQLiteStore
        from consented import diagnosis
        store = SQLiteStore(Path(sys.argv[1]))
        store.write(loading("t"), [Put({"resourceType": "Patient", "id": "ada"})])
        store.write(loading("t"), [Put(diagnosis(f"d{n}", "ada", "B20")) for n in range(50)])
        begin = "UPDATE record SET labels = 0; DELETE FROM labelling"
        store._keeper.submit(lambda c: (c.execute(begin), store._labelling.begin(c))).result()
        store._keeper.submit(lambda c: store._labelling.step(c, store._interned, 7)).result()
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    subprocess.run(
        [sys.executable, "-c", script, tmp_path], env={"PYTHONPATH": ":".join(sys.path)}, check=False
    )
    store = SQLiteStore(tmp_path)
    while store.labelling() is not None:
        store.settle()
    assert set(map(frozenset, _labels(store).values())) == {frozenset({"HIV"})}
    store.close()


def test_a_labelled_part_is_found_in_no_index(store):
    store.write(LOAD, [Put({"resourceType": "Patient", "id": "ada"}), Put(labelled_part("p", "ada"))])
    terms = store._connections.reader().execute("SELECT code FROM term")
    assert "hiv-test" not in {code for (code,) in terms}
    assert (
        orjson.loads(store.read(clinician(), "Observation", "p").body)["component"][0]["valueString"]
        == "陽性"
    )
