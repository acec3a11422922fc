"""Two Patients that were one person and are no more: each stands under their own choices, what was chosen meanwhile
stays with both, and a version that names the other stays as hidden as the other."""

from importlib.resources import files

import apsw
import pytest

from builders import NOW, citizen, clinician, observation, patient, people
from camphora.errors import NotFound
from camphora.fhir.search import parse_query
from camphora.policy import choices
from camphora.policy.internal import deciding
from camphora.records import Delete, Put, SQLiteStore
from camphora.records.bodies import plain_or_none
from consented import LOAD, consent, treating

BO = patient("bo", "陳美玲", "1990-07-15", "B223456780")
MERGED = {**BO, "link": [{"other": {"reference": "Patient/ada"}, "type": "replaces"}]}
BESIDE = {**BO, "link": [{"other": {"reference": "Patient/ada"}, "type": "seealso"}]}


def _put(store, *resources):
    return store.write(LOAD, [Put(one) for one in resources])


def _sees(store, access, kind, name, version=None):
    try:
        store.read(access, kind, name, version)
    except NotFound:
        return False
    return True


def _of(store, access, person):
    query = parse_query("Observation", [("patient", person)], strict=True)
    return {row.id for row in store.search(access, query).rows}


def _chosen(store, person):
    return [each for each in store.whom(deciding(person), person).consents if each["status"] == "active"]


@pytest.mark.parametrize("linked", [MERGED, BESIDE], ids=["merged", "seealso"])
def test_a_patient_whose_link_is_taken_back_is_seen_again(loaded, linked):
    _put(loaded, choices.restrict("ada", "h1", NOW))
    _put(loaded, linked)
    assert not _sees(loaded, clinician("h1"), "Patient", "bo")
    _put(loaded, BO)
    assert _sees(loaded, clinician("h1"), "Patient", "bo")
    assert _of(loaded, clinician("h1"), "bo") == {"o4"}
    assert not _sees(loaded, clinician("h1"), "Patient", "ada")
    query = parse_query("Patient", [], strict=True)
    assert "bo" in {row.id for row in loaded.search(clinician("h1"), query).rows}


@pytest.mark.parametrize("linked", [MERGED, BESIDE], ids=["merged", "seealso"])
def test_the_version_that_names_the_other_stays_hidden_with_them(loaded, linked):
    _put(loaded, choices.restrict("ada", "h1", NOW))
    _put(loaded, linked)
    _put(loaded, BO)
    assert not _sees(loaded, clinician("h1"), "Patient", "bo", 2)
    told = loaded.history(clinician("h1"), "Patient", "bo")
    assert [version.version for version in told] == [3, 1]
    assert not any(b"Patient/ada" in version.body for version in told)
    assert [version.version for version in loaded.history(clinician("h2"), "Patient", "bo")] == [3, 2, 1]


def test_a_deleted_record_is_as_hidden_as_it_was(loaded):
    """It names still whom it named last."""
    _put(loaded, choices.restrict("ada", "h1", NOW))
    beside = {**observation("o9", "bo", "8480-6", "2026-01-01"), "performer": [{"reference": "Patient/ada"}]}
    _put(loaded, beside)
    loaded.write(LOAD, [Delete("Observation", "o9")])
    codes = {}
    for by in ("h1", "h2"):
        with pytest.raises(NotFound) as refused:
            loaded.read(clinician(by), "Observation", "o9")
        codes[by] = refused.value.code
    assert codes == {"h1": "records-not-found", "h2": "records-gone"}


def test_every_record_is_hidden_by_whom_its_present_version_names(loaded):
    """Not a Patient alone: a result that named a wrong person too is put right."""
    _put(loaded, choices.restrict("ada", "h1", NOW))
    right = observation("o9", "bo", "8480-6", "2026-01-01")
    _put(loaded, {**right, "performer": [{"reference": "Patient/ada"}]})
    assert "o9" not in _of(loaded, clinician("h1"), "bo")
    _put(loaded, right)
    assert "o9" in _of(loaded, clinician("h1"), "bo")
    assert not _sees(loaded, clinician("h1"), "Observation", "o9", 1)


def test_what_was_chosen_while_merged_stays_with_both_until_each_ends_it(loaded):
    _put(loaded, MERGED)
    _put(loaded, choices.restrict("bo", "h1", NOW))
    _put(loaded, BO)
    for person in ("ada", "bo"):
        assert not _sees(loaded, clinician("h1"), "Patient", person), person
        assert _of(loaded, clinician("h1"), person) == set()
    (kept,) = _chosen(loaded, "ada")
    assert b"bo" not in loaded.read(citizen("ada"), "Consent", kept["id"]).body
    loaded.write(citizen("ada"), [Put(choices.ended(kept))])
    assert _of(loaded, clinician("h1"), "ada") == {"o1", "o2", "o3"}
    assert not _sees(loaded, clinician("h1"), "Patient", "bo")


def test_what_was_chosen_before_the_merge_goes_with_the_one_who_chose(loaded):
    _put(loaded, choices.restrict("ada", "h1", NOW), choices.stop_secondary_use("bo", NOW))
    _put(loaded, MERGED)
    assert len(_chosen(loaded, "ada")) == len(_chosen(loaded, "bo")) == 2
    _put(loaded, BO)
    assert len(_chosen(loaded, "ada")) == len(_chosen(loaded, "bo")) == 1
    assert _sees(loaded, clinician("h1"), "Patient", "bo")


def test_what_was_ended_while_merged_comes_back_for_nobody(loaded):
    stop = {**choices.restrict("bo", "h1", NOW), "id": "k"}
    _put(loaded, MERGED)
    _put(loaded, stop)
    _put(loaded, choices.ended(stop))
    _put(loaded, BO)
    assert _chosen(loaded, "ada") == _chosen(loaded, "bo") == []


def test_an_agreement_made_while_merged_is_of_the_one_in_whose_name_it_is(loaded):
    """The protective side: nothing is opened that the other may not have wanted."""
    _put(loaded, MERGED)
    _put(loaded, choices.let_in("bo", "cyd", NOW.date().replace(year=2099), NOW))
    _put(loaded, BO)
    assert len(_chosen(loaded, "bo")) == 1
    assert _chosen(loaded, "ada") == []


def test_a_denial_inside_an_agreement_stays_with_both_without_the_agreement(loaded):
    code = [{"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}]
    _put(loaded, MERGED)
    _put(
        loaded, consent("k", "bo", {**treating(provision=[{"type": "deny", "code": code}]), "type": "permit"})
    )
    assert _of(loaded, clinician("h1"), "ada") == {"o3"}
    _put(loaded, BO)
    assert _of(loaded, clinician("h1"), "ada") == {"o3"}
    (kept,) = _chosen(loaded, "ada")
    assert "type" not in kept["provision"]


@pytest.mark.parametrize(("record", "both"), [("Observation/o1", True), ("Observation/o4", False)])
def test_one_closed_record_stays_closed_whose_ever_it_is(loaded, record, both):
    """And a choice about the other's record alone says nothing to this one."""
    _put(loaded, MERGED)
    _put(loaded, choices.close_record("bo", record, NOW))
    _put(loaded, BO)
    assert not _sees(loaded, clinician("h1"), *record.split("/"))
    assert len(_chosen(loaded, "ada")) == both


def test_merged_and_parted_again_brings_back_nothing_that_was_ended(loaded):
    _put(loaded, MERGED)
    _put(loaded, choices.restrict("bo", "h1", NOW))
    _put(loaded, BO)
    (kept,) = _chosen(loaded, "ada")
    loaded.write(citizen("ada"), [Put(choices.ended(kept))])
    _put(loaded, MERGED)
    assert not _sees(loaded, clinician("h1"), "Patient", "ada")
    _put(loaded, BO)
    assert _sees(loaded, clinician("h1"), "Patient", "ada")


OLDER = """
ALTER TABLE record ADD COLUMN body BLOB;
UPDATE record SET body = (SELECT plain(c.body) FROM content c WHERE c.record = record.no);
DROP TABLE chosen_as_one;
CREATE TABLE before (record INTEGER NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (record, person)) WITHOUT ROWID;
INSERT OR IGNORE INTO before SELECT record, person FROM also_names;
UPDATE record SET labels = labels | 1152921504606846976 WHERE no IN (SELECT record FROM before);
DROP TABLE also_names;
ALTER TABLE before RENAME TO also_names;
"""
"""A store as it was when a record was said to name everybody whom one of its versions names."""


def test_a_store_of_before_shows_who_was_parted_and_no_version_that_names_the_other(tmp_path):
    store = SQLiteStore(tmp_path)
    beside = {**observation("o9", "bo", "8480-6", "2026-01-01"), "performer": [{"reference": "Patient/ada"}]}
    _put(store, *people(), choices.restrict("ada", "h1", NOW), MERGED, BO, beside)
    cyd = {**patient("cyd", "林大同", "1970-01-01", "C123456780"), "link": MERGED["link"]}
    _put(store, cyd)
    store.close()
    connection = apsw.Connection(str(tmp_path / "records.sqlite"))
    connection.create_scalar_function("plain", plain_or_none, 1)
    connection.execute(OLDER)
    connection.execute(files("camphora.records").joinpath("sql", "0009-names.sql").read_text("utf-8"))
    connection.execute("ALTER TABLE record DROP COLUMN body")
    connection.close()
    store = SQLiteStore(tmp_path)
    reader = clinician("h1")
    assert [version.version for version in store.history(reader, "Patient", "bo")] == [3, 1]
    assert not _sees(store, reader, "Patient", "bo", 2)
    assert not _sees(store, reader, "Patient", "cyd")
    assert not _sees(store, reader, "Observation", "o9")
    assert _sees(store, clinician("h2"), "Observation", "o9")
    store.close()
