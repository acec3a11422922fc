"""Receipts when things go wrong: a log that cannot be written, a disk that is full, a set too large to list."""

import time
from dataclasses import replace

import pytest
from pyroaring import BitMap

from builders import NOW, analyst, citizen, clinician, patient, people
from camphora.audit import Log, commitment, verify
from camphora.errors import Busy, NotFound
from camphora.fhir.search import parse_query
from camphora.policy import choices
from camphora.policy.asking import Basis
from camphora.policy.internal import deciding, following, loading
from camphora.policy.policy import LegalBasis, Policy
from camphora.records import Put, SQLiteStore
from consented import at_home


def _unwritable(monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Log, "_write", refuse)


def test_care_goes_on_and_its_receipt_waits_for_the_log(tmp_path, monkeypatch):
    store = SQLiteStore(tmp_path)
    store.write(loading("t"), [Put(one) for one in people()])
    with monkeypatch.context() as patched:
        _unwritable(patched)
        assert store.read(clinician(), "Patient", "ada").id == "ada"
        assert store.looks(citizen(), "ada") == []
    store.close()
    again = SQLiteStore(tmp_path)
    assert [look.act for look in again.looks(citizen(), "ada")] == ["read"]
    again.close()
    assert verify(tmp_path / "audit").sound


def test_secondary_use_stops_while_the_log_cannot_be_written(loaded, monkeypatch):
    with monkeypatch.context() as patched:
        _unwritable(patched)
        with pytest.raises(Busy, match="audit-unwritable"):
            loaded.leave(analyst(), "ask", ["Patient"], [1, 2])


def test_secondary_use_leaves_a_receipt_of_nobody_too(loaded):
    number = loaded.leave(analyst(), "ask", ["Patient"], [])
    fields = loaded.audit.receipt(number)
    assert fields["persons"] == []
    assert len(fields["members"]) == 32


def test_a_salted_set_cannot_be_guessed_from_its_digest(loaded):
    number = loaded.leave(analyst(), "ask", ["Patient"], [1])
    fields = loaded.audit.receipt(number)
    guesses = [
        commitment(b"", fields["nonce"], BitMap(members).serialize()) for members in ([], [1], [2], [1, 2])
    ]
    assert fields["members"] not in guesses


def test_a_person_finds_the_sets_that_hold_her(loaded):
    many = [patient(f"p{number}", "某人", "1980-01-01", f"A1{number:08}") for number in range(300)]
    loaded.write(loading("t"), [Put(one) for one in many])
    everybody = [row.person for row in loaded.scan(following("t"), 0, 10_000) if row.type == "Patient"]
    loaded.leave(clinician(), "list", ["Patient"], everybody)
    loaded.settle()
    (look,) = loaded.looks(citizen("p7"), "p7")
    assert (look.act, look.among_many) == ("list", True)


def test_nobody_reads_the_receipts_of_another(loaded):
    with pytest.raises(NotFound):
        loaded.looks(citizen("bo"), "ada")
    with pytest.raises(NotFound):
        loaded.looks(clinician(), "ada")


def test_a_full_disk_is_said_in_words_and_nothing_is_half_done(loaded):
    connection = loaded._connections.writer
    (pages,) = next(connection.execute("PRAGMA page_count"))
    connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    before = loaded.last_change()
    many = [patient(f"p{number}", "某人" * 50, "1980-01-01", f"A1{number:08}") for number in range(500)]
    with pytest.raises(Busy, match="records-disk-full"):
        loaded.write(loading("t"), [Put(one) for one in many])
    assert loaded.last_change() == before
    connection.execute("PRAGMA max_page_count = 1073741823")
    loaded.write(loading("t"), [Put(one) for one in many])
    assert loaded.read(clinician(), "Patient", "p499").version == 1


FLOOD = LegalBasis(
    id="flood",
    title={"zh-TW": "水災救護", "en": "care in a flood"},
    law="災害防救法",
    purposes=frozenset({"TREAT"}),
    overrides=True,
    notify=True,
    established=False,
    areas=frozenset({"65000"}),
)


@pytest.fixture
def flooded(tmp_path):
    """A store with a legal basis that stands before choices in one county; of two who restrict h1 one lives there."""
    policy = Policy.taiwan()
    store = SQLiteStore(tmp_path, replace(policy, bases={**policy.bases, "flood": FLOOD}))
    homes = [
        at_home("inside", "新北市", "板橋區"),
        at_home("outside", "臺北市", "信義區"),
        at_home("near", "新北市", "板橋區"),
    ]
    stops = [choices.restrict(person, "h1", NOW) for person in ("inside", "outside")]
    store.write(loading("t"), [Put(one) for one in (*homes, *stops)])
    yield store
    store.close()


def _on(basis, by="h1"):
    now = int(time.time() * 1000)
    claimed = Basis(basis, "溪水暴漲，民眾送醫", now - 1000, now + 100_000, "Practitioner/chief")
    return replace(clinician(by), basis=claimed)


def _ruled(store, person):
    return [(look.act, look.decision) for look in store.looks(deciding(person), person)]


def test_a_basis_within_an_area_is_told_where_it_stood_before_choices(flooded):
    """Of whoever lives there, with a choice or without: the line must not tell which."""
    for person in ("inside", "near"):
        assert flooded.read(_on("flood"), "Patient", person).id == person
        assert _ruled(flooded, person) == [("read", "override")]


def test_a_basis_within_an_area_is_no_override_outside_it(flooded):
    with pytest.raises(NotFound):
        flooded.read(_on("flood"), "Patient", "outside")
    assert flooded.read(_on("flood", "h2"), "Patient", "outside").id == "outside"
    assert _ruled(flooded, "outside") == [("read", "permit"), ("read", "deny")]


def test_a_search_that_a_basis_opened_for_one_is_an_override(flooded):
    query = parse_query("Patient", [], strict=True)
    assert {row.id for row in flooded.search(_on("flood"), query).rows} == {"inside", "near"}
    assert _ruled(flooded, "near") == [("search", "override")]
    flooded.search(clinician("h1"), query)
    assert _ruled(flooded, "near")[0] == ("search", "permit")


def test_a_basis_that_overrides_nothing_or_is_not_registered_permits_no_more(flooded):
    for basis in ("medical-care-referral", "no-such"):
        flooded.read(_on(basis), "Patient", "near")
        assert _ruled(flooded, "near")[0] == ("read", "permit"), basis


@pytest.mark.parametrize("total", ["none", "accurate"])
@pytest.mark.parametrize(
    "asked",
    [
        ("_has:Patient:general-practitioner:name", "王小明"),
        ("_has:Patient:general-practitioner:birthdate", "1950-02-01"),
        ("_has:PractitionerRole:practitioner:practitioner._has:Patient:general-practitioner:name", "王小明"),
    ],
)
def test_who_is_found_out_about_by_a_search_for_staff_is_told(tmp_path, asked, total):
    store = SQLiteStore(tmp_path)
    doctor = {"resourceType": "Practitioner", "id": "psy"}
    role = {
        "resourceType": "PractitionerRole",
        "id": "role",
        "practitioner": {"reference": "Practitioner/psy"},
    }
    ada = {**people()[2], "generalPractitioner": [{"reference": "Practitioner/psy"}]}
    store.write(loading("t"), [Put(one) for one in [doctor, role, *people()[3:4], ada]])
    query = parse_query("Practitioner", [asked, ("_total", total)], strict=True)
    assert [row.id for row in store.search(clinician(), query).rows] == ["psy"]
    assert [look.act for look in store.looks(citizen("ada"), "ada")] == ["search"]
    assert store.looks(citizen("bo"), "bo") == []
    store.close()
