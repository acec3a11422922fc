"""Who bears a number, who is proposed, who never is: newborns, twins, residents with two forms of a number."""

import orjson
import pytest

from builders import NOW, clinician, observation
from camphora.policy import choices
from camphora.records import Put
from camphora.records.identity import Register, duplicates, find, lookup, match, traits
from camphora.records.identity.weighing import weigh
from consented import LOAD
from registering import CARD, MOI, NIA, REASON, person, phone, registrar

BY = registrar()
MOTHER = person(
    "mother", "林美玲", "1994-03-02", (MOI, "A223456781"), (CARD, "000012345678"), **phone("0912345678")
)
CHILD = person(
    "child", "林美玲之女", "2026-10-30", (MOI, "A223456781"), (CARD, "000012345678"), **phone("0912345678")
)


def _write(store, *resources):
    store.write(LOAD, [Put(each) for each in resources])


def _pairs(found):
    return [(each.one.id, each.other.id) for each in found.proposals]


def _find(*patients, decided=()):
    return find(map(traits, patients), decided)


def test_a_child_under_the_mothers_number_is_proposed_with_nobody_and_told_apart():
    found = _find(MOTHER, CHILD)
    assert found.proposals == ()
    assert {(each.child.id, each.holder.id, each.number.kind) for each in found.borrowed} == {
        ("child", "mother", "national-id"), ("child", "mother", "nhi-card"),
    }  # fmt: skip


def test_two_children_under_one_mothers_number_are_not_one_by_it():
    twin = {**CHILD, "id": "twin", "multipleBirthInteger": 2, "name": [{"text": "林美玲之次女"}]}
    found = _find(MOTHER, {**CHILD, "multipleBirthInteger": 1}, twin)
    assert found.proposals == ()
    alone = {**CHILD, "id": "alone", "birthDate": "2026-11-15", "telecom": [], "name": [{"text": "林之子"}]}
    assert _find(MOTHER, CHILD, alone).proposals == ()


def test_a_childs_records_stay_the_childs_whoever_else_bears_the_number(loaded):
    _write(loaded, MOTHER, CHILD, observation("screen", "child", "8480-6", "2026-11-01"))
    register = Register(loaded)
    assert ("child", "mother") not in _pairs(register.duplicates(BY))
    holders = lookup(loaded, BY, MOI, "A223456781")
    assert [(each.patient.id, each.borrowed) for each in holders] == [("mother", False), ("child", True)]
    body = orjson.loads(loaded.read(LOAD, "Observation", "screen").body)
    assert body["subject"]["reference"] == "Patient/child"


def test_a_stop_by_the_mother_is_not_the_childs(loaded):
    _write(loaded, MOTHER, CHILD, choices.restrict("mother", "h1", NOW))
    assert [each.patient.id for each in lookup(loaded, clinician("h1"), MOI, "A223456781")] == ["child"]


def test_both_forms_of_a_resident_number_find_one_person(loaded):
    both = person("both", "Nguyen Van A", "1988-01-02", (NIA, "AC01234567"), (NIA, "A800000014"))
    old = person("old", "Nguyen Van A", "1988-01-02", (NIA, "AC01234567"))
    new = person("new", "Nguyen Van A", "1988-01-02", (NIA, "A800000014"))
    _write(loaded, both, old, new)
    found = lookup(loaded, BY, NIA, "ac01234567")
    assert {each.patient.id: each.by.upper() for each in found} == {
        "both": "AC01234567", "old": "AC01234567", "new": "A800000014",
    }  # fmt: skip
    assert {"both", "old", "new"} >= {name for pair in _pairs(_find(old, new, both)) for name in pair}
    assert ("both", "new") in _pairs(_find(both, new))


def test_the_two_forms_on_two_patients_are_linked_by_no_rule():
    old = person("old", "Nguyen Van A", "1988-01-02", (NIA, "AC01234567"))
    new = person("new", "Nguyen Van A", "1988-01-02", (NIA, "A800000014"))
    (only,) = _find(old, new).proposals
    assert (only.weighed.rule, only.weighed.grade) == ("", "probable")


def test_one_chart_number_of_two_hospitals_is_nothing_of_one_person():
    one = person("one", "林大同", "1980-01-01", ("urn:camphora:chart:0401180014", "123"))
    other = person("other", "陳美玲", "1983-01-01", ("urn:camphora:chart:0601160016", "123"))
    assert _find(one, other).proposals == ()
    same = {**other, "identifier": one["identifier"], "name": one["name"], "birthDate": "1980-01-01"}
    assert _find(one, same).proposals[0].weighed.rule == "same-number"


def test_nothing_is_merged_by_a_load_however_certain(loaded):
    twice = [person(name, "張三", "1970-05-05", (MOI, "F123456788")) for name in ("f1", "f2")]
    _write(loaded, *twice, choices.restrict("f1", "h1", NOW))
    assert _pairs(Register(loaded).duplicates(BY)) == [("f1", "f2")]
    assert "link" not in orjson.loads(loaded.read(LOAD, "Patient", "f2").body)
    assert loaded.read(clinician("h1"), "Patient", "f2")


def test_a_decided_pair_is_not_proposed_again(loaded):
    _write(loaded, *(person(name, "張三", "1970-05-05", (MOI, "F123456788")) for name in ("f1", "f2", "f3")))
    register = Register(loaded)
    assert set(_pairs(register.duplicates(BY))) == {("f1", "f2"), ("f1", "f3"), ("f2", "f3")}
    register.differ(BY, "f1", "f3", "兩人到場")
    assert set(_pairs(register.duplicates(BY))) == {("f1", "f2"), ("f2", "f3")}
    register.merge(BY, "f1", "f2", REASON)
    assert set(_pairs(register.duplicates(BY))) == {("f2", "f3")}
    register.split(BY, "f1", "f2", REASON)
    assert set(_pairs(register.duplicates(BY))) == {("f2", "f3")}


def test_a_description_finds_whom_the_reader_may_see_and_nobody_else(loaded):
    _write(loaded, *(person(name, "張三", "1970-05-05", (MOI, "F123456788")) for name in ("f1", "f2")))
    asked = person("", "張三", "1970-05-05", (MOI, "F123456788"))
    assert [each.row.id for each in match(loaded, clinician("h1"), asked)] == ["f1", "f2"]
    _write(loaded, choices.restrict("f1", "h1", NOW))
    (left,) = match(loaded, clinician("h1"), asked)
    assert (left.row.id, left.weighed.grade, left.weighed.score) == ("f2", "certain", 1.0)


@pytest.mark.parametrize("changed", [{"text": "張山"}, {"born": "1970-05-06"}], ids=["name", "birth"])
def test_a_slip_in_one_field_is_found_by_the_others(loaded, changed):
    _write(loaded, person("f1", "張三", "1970-05-05", (MOI, "F123456788"), **phone("0922000111")))
    fields = {"text": "張三", "born": "1970-05-05", **changed}
    asked = person("", fields["text"], fields["born"], **phone("0922000111"))
    found = match(loaded, clinician("h1"), asked)
    assert [each.row.id for each in found] == ["f1"]
    assert found[0].weighed.grade in {"probable", "possible"}


def test_a_hundred_times_as_many_are_not_weighed_in_ten_thousand_times_as_many_pairs(monkeypatch):
    """Blocks: who has nothing in common is never compared, however many there are."""

    def one(n):
        name, born = (
            f"王{chr(0x4E00 + n % 5000)}{chr(0x4E00 + n // 5000)}",
            f"{1930 + n % 90}-0{1 + n % 9}-1{n % 10}",
        )
        return traits(person(f"p{n}", name, born, (MOI, f"A{n:09}"), **phone(f"09{n:08}")))

    compared = []
    monkeypatch.setattr(duplicates, "weigh", lambda *pair: compared.append(pair) or weigh(*pair))
    few, lots = [one(n) for n in range(300)], [one(n) for n in range(30_000)]
    lots += [few[0]._replace(id="again")]
    assert (find(few).read, compared) == (300, [])
    assert find(lots).read == 30_001
    assert [{one.id, other.id} for one, other in compared] == [{"p0", "again"}]
