"""Merged: the choices of both hold. Split: each as before. Every decision stays in the history."""

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import NOW, citizen, clinician, observation
from camphora.errors import CamphoraError, NotFound
from camphora.fhir.search import parse_query
from camphora.policy import choices
from camphora.records import Put, SQLiteStore
from camphora.records.identity import Register
from consented import LOAD
from registering import MOI, REASON, person, registrar

BY = registrar()


def _register(store):
    return Register(store)


def _body(store, kind, name):
    return orjson.loads(store.read(LOAD, kind, name).body)


def _plain(store, kind, name):
    return {key: value for key, value in _body(store, kind, name).items() if key != "meta"}


def _sees(store, access, person):
    try:
        store.read(access, "Patient", person)
    except NotFound:
        return False
    return True


@pytest.mark.parametrize("who", ["ada", "bo"])
def test_a_stop_by_either_stands_for_both_while_they_are_one(loaded, who):
    loaded.write(LOAD, [Put(choices.restrict(who, "h1", NOW))])
    _register(loaded).merge(BY, "ada", "bo", REASON)
    assert not _sees(loaded, clinician("h1"), "ada")
    assert not _sees(loaded, clinician("h1"), "bo")
    assert _sees(loaded, clinician("h2"), "ada")
    _register(loaded).split(BY, "ada", "bo", REASON)
    other = "bo" if who == "ada" else "ada"
    assert not _sees(loaded, clinician("h1"), who)
    assert _sees(loaded, clinician("h1"), other)


def test_what_was_denied_while_they_were_one_stays_with_both_when_they_are_split(loaded):
    """The registrar may write no Consent; the store writes this one for the person."""
    register = _register(loaded)
    register.merge(BY, "ada", "bo", REASON)
    loaded.write(LOAD, [Put(choices.restrict("bo", "h1", NOW))])
    register.split(BY, "bo", "ada", REASON)
    assert not _sees(loaded, clinician("h1"), "ada")
    assert not _sees(loaded, clinician("h1"), "bo")
    with pytest.raises(CamphoraError):
        loaded.write(BY, [Put(choices.restrict("bo", "h2", NOW))])


def test_no_record_moves_when_two_become_one(loaded):
    before = {name: _body(loaded, "Observation", name) for name in ("o1", "o2", "o3", "o4")}
    _register(loaded).merge(BY, "ada", "bo", REASON)
    assert before == {name: _body(loaded, "Observation", name) for name in before}
    assert _body(loaded, "Patient", "bo")["active"] is False


def test_each_sees_why_and_neither_the_name_of_the_other(loaded):
    register = _register(loaded)
    register.merge(BY, "ada", "bo", REASON)
    register.split(BY, "ada", "bo", "證件查驗有誤")
    query = parse_query("Provenance", [("patient", "ada")], strict=True)
    found = [orjson.loads(row.body) for row in loaded.search(citizen("ada"), query).rows]
    assert {each["activity"]["coding"][0]["code"] for each in found} == {"merge", "unmerge"}
    assert {each["reason"][0]["text"] for each in found} == {REASON, "證件查驗有誤"}
    assert not any("bo" in orjson.dumps(each["target"]).decode() for each in found)
    for reader in (citizen("ada"), citizen("bo"), clinician("h1")):
        rows = loaded.search(reader, parse_query("Basic", [], strict=True)).rows
        assert not rows


def test_the_history_keeps_every_decision_with_its_reason_and_by_whom(loaded):
    register = _register(loaded)
    register.differ(BY, "bo", "ada", "兩人到場")
    register.merge(BY, "bo", "ada", REASON)
    register.split(BY, "ada", "bo", "證件查驗有誤")
    told = register.history(BY, "ada")
    assert [(each.word, each.reason, each.kept) for each in told] == [
        ("split", "證件查驗有誤", ""), ("same", REASON, "bo"), ("different", "兩人到場", ""),
    ]  # fmt: skip
    assert {(each.pair, each.by) for each in told} == {(("ada", "bo"), "登錄人員")}
    assert told == register.history(BY)
    assert [version.version for version in loaded.history(BY, "Patient", "ada")] == [3, 2, 1]


def test_a_decision_that_a_clinician_writes_is_none(loaded):
    """It would keep two from being proposed, and stand in the history in a name that did not decide."""
    _register(loaded).differ(BY, "ada", "bo", REASON)
    (row,) = loaded.search(BY, parse_query("Basic", [], strict=True)).rows
    forged = {**orjson.loads(row.body), "subject": {"reference": "Patient/ada"}}
    forged["extension"][0]["extension"][1]["valueString"] = "偽造"
    loaded.write(clinician("h1"), [Put(forged, expect="new")])
    with pytest.raises(CamphoraError):
        loaded.write(clinician("h1"), [Put(forged, expect="present")])
    assert {each.by for each in _register(loaded).history(BY)} == {"登錄人員"}


def test_what_cannot_be_decided_is_refused_and_nothing_is_written(loaded):
    register = _register(loaded)
    last = loaded.last_change()
    for act, names, reason, code in (
        (register.merge, ("ada", "ada"), REASON, "persons-one-patient"),
        (register.merge, ("ada", "bo"), " 同 ", "persons-reason"),
        (register.merge, ("ada", "nobody"), REASON, "records-not-found"),
        (register.split, ("ada", "bo"), REASON, "persons-not-one"),
    ):
        with pytest.raises(CamphoraError) as refused:
            act(BY, *names, reason)
        assert refused.value.code == code
    assert loaded.last_change() == last
    register.merge(BY, "ada", "bo", REASON)
    for act in (register.merge, register.differ):
        with pytest.raises(CamphoraError) as refused:
            act(BY, "bo", "ada", REASON)
        assert refused.value.code == "persons-one-already"


def test_a_registrar_sees_no_record_of_care_and_leaves_a_receipt(loaded):
    with pytest.raises(CamphoraError):
        loaded.read(BY, "Observation", "o1")
    with pytest.raises(CamphoraError):
        loaded.write(BY, [Put(observation("o9", "ada", "8480-6", "2026-01-01"))])
    _register(loaded).merge(BY, "ada", "bo", REASON)
    loaded.settle()
    for who in ("ada", "bo"):
        assert any(look.name == "登錄人員" for look in loaded.looks(citizen(who), who))


ACTIVE = st.sampled_from([None, True, False])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(["p", "q", "r"]), st.tuples(ACTIVE, ACTIVE), st.booleans(), st.booleans())
def test_to_merge_and_split_again_gives_each_their_own(tmp_path_factory, names, active, linked, turned):
    """Whoever is kept, whether one was in use, and whether one is linked to a third."""
    store = SQLiteStore(tmp_path_factory.mktemp("one"))
    one, other, third = names
    made = [
        person(name, "林大同", "1980-01-01", (MOI, f"A12345678{n}")) for n, name in enumerate(sorted(names))
    ]
    uses = dict(zip((one, other), active, strict=True))
    for body in made:
        if uses.get(body["id"]) is not None:
            body["active"] = uses[body["id"]]
        if linked and body["id"] == one:
            body["link"] = [{"other": {"reference": f"Patient/{third}"}, "type": "seealso"}]
    store.write(LOAD, [Put(body) for body in [*made, observation("o", one, "8480-6", "2026-01-01")]])
    before = {name: _plain(store, "Patient", name) for name in names}
    choice = choices.restrict(other, "h1", NOW)
    store.write(LOAD, [Put(choice)])
    register = Register(store)
    register.merge(BY, one, other, REASON)
    assert _sees(store, clinician("h1"), one) is False
    register.split(BY, *((one, other) if turned else (other, one)), REASON)
    assert before == {name: _plain(store, "Patient", name) for name in names}
    assert _sees(store, clinician("h1"), one)
    assert not _sees(store, clinician("h1"), other)
    assert _body(store, "Observation", "o")["subject"] == {"reference": f"Patient/{one}"}
    store.close()
