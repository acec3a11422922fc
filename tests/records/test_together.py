"""A load says the same whether its records are put together or one by one, and whatever is remembered."""

import marshal
from datetime import date
from functools import partial
from random import Random

import apsw
import orjson
import pytest

from builders import condition, observation, patient
from camphora.errors import CamphoraError
from camphora.fhir.extract import extract
from camphora.fhir.registry import Registry
from camphora.policy.internal import following, loading
from camphora.policy.labels import Rules
from camphora.records import Delete, Put, SQLiteStore, fulltext, prepare
from camphora.records.saying import Sayings
from camphora.records.sending import arrived, departing
from camphora.synth import Country, foundation, population
from consented import at_home, consent, diagnosis, labelled_part, treating

LOAD, FOLLOW = loading("test"), following("test")
TABLES = {
    "record": "no, type, id, version, person, main_date, main_length, labels, deleted",
    "content": "record, digest, keys", "posting": "*", "span": "*", "amount": "*", "pair": "*", "position": "*",
    "term": "*", "text": "*", "param": "*", "person": "no, patient, area",
    "change": "no, kind, subject, version, person", "seen_at": "*", "stand_in": "*", "same": "*",
    "labelled": "record, (SELECT name || label FROM rule WHERE no = rule)", "pointing": "*",
    "local": "*", "also_names": "*", "hidden": "name, person, consent", "closed": "name, person, consent, mask",
    "ruled": "person, consent", "chosen": "*", "chosen_as_one": "*", "fulltext_docsize": "id, sz",
    "superseded": "record, version, person, labels, deleted",
}  # fmt: skip


def _people():
    country = Country.load()
    found = [each for house in population(country, 3, 11, date(2026, 11, 1)) for each in house.resources()]
    return [*list(foundation(country))[:40], *found]


def _linked(name, other):
    link = [{"other": {"reference": f"Patient/{other}"}, "type": "replaces"}]
    return {**patient(name, "林大同", "1980-01-01", "A123456789"), "link": link}


def _flag(person):
    code = {"coding": [{"system": "https://camphora.tw/person-status", "code": "incapable"}]}
    subject = {"reference": f"Patient/{person}"}
    return {"resourceType": "Flag", "id": "f", "status": "active", "code": code, "subject": subject}


def _guardian(person):
    role = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}
    return {"resourceType": "RelatedPerson", "id": "g", "patient": {"reference": f"Patient/{person}"},
            "relationship": [{"coding": [role]}]}  # fmt: skip


def _mixture():
    """What asks for one another in every order: a person behind their records, the same twice, choices among records,
    two who are one, notifiable diseases before a home is known, parts that are labelled by themselves."""
    person, moved = at_home("ada", "臺北市", "大安區"), at_home("ada", "高雄市", "三民區")
    home = {**at_home("bo", "臺北市", "大安區"), "contact": [{"name": {"text": "林"}}]}
    return [
        diagnosis("tb", "ada", "A15.0"), observation("o1", "ada", "718-7", "2026-01-02"), person,
        observation("o2", "ada", "718-7", "2026-01-03"), diagnosis("tb2", "ada", "A15.0"), moved,
        {**observation("o1", "ada", "718-7", "2026-01-04")}, _guardian("ada"), home,
        observation("o3", "bo", "58410-2", "2026-01-03"), consent("c1", "bo", treating()), _flag("bo"),
        observation("o4", "bo", "58410-2", "2026-02-03"), condition("k", "bo", "E11.9", "糖尿病"),
        _linked("bo2", "bo"), observation("o5", "bo2", "718-7", "2026-03-01"), labelled_part("part", "ada"),
        consent("c2", "bo2", treating()), observation("o6", "bo", "718-7", "2026-03-01"), home,
    ]  # fmt: skip


def _shuffled(seed):
    found = _mixture()
    Random(seed).shuffle(found)
    return found


def _tables(store):
    connection = apsw.Connection(str(store.folder / "records.sqlite"))
    found = {}
    for name, columns in TABLES.items():
        found[name] = sorted(map(repr, connection.execute(f"SELECT {columns} FROM {name}")))
    connection.close()
    return found


def _choices(store):
    connection = apsw.Connection(str(store.folder / "records.sqlite"))
    found = [choices for (choices,) in connection.execute("SELECT choices FROM person ORDER BY no")]
    connection.close()
    return found


def _puts(resources):
    return [Put(one, body=orjson.dumps(one)) for one in resources]


@pytest.mark.parametrize("resources", [_mixture, _people, *(partial(_shuffled, seed) for seed in range(6))])
def test_together_is_what_one_by_one_is(tmp_path, resources):
    """All tables are equal, the change log and numbers among them, and the index is that of the bodies."""
    together, apart = SQLiteStore(tmp_path / "a"), SQLiteStore(tmp_path / "b")
    given = _puts(resources())
    written = [(one.type, one.id, one.version, one.made, one.changed) for one in together.write(LOAD, given)]
    singly = [one for put in given for one in apart.write(LOAD, [put])]
    assert written == [(one.type, one.id, one.version, one.made, one.changed) for one in singly]
    first, second = _tables(together), _tables(apart)
    assert {name: rows for name, rows in first.items() if rows != second[name]} == {}
    # what points to what comes later is labelled at the end of a transaction: the version of her choices may be later
    assert all(one >= other for one, other in zip(_choices(together), _choices(apart), strict=True))
    assert together.verify_index(FOLLOW).differences == ()
    together.close()
    apart.close()


def test_few_wait_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("camphora.records.pending.MOST", 3)
    store = SQLiteStore(tmp_path / "a")
    store.write(LOAD, _puts(_mixture()))
    assert store.verify_index(FOLLOW).differences == ()
    store.close()


def test_what_waits_is_deleted_with_what_stands(store):
    one = observation("o1", "ada", "718-7", "2026-01-02")
    first, second = store.write(LOAD, [*_puts([one]), Delete("Observation", "o1")])
    assert (first.version, second.version) == (1, 2)
    assert store.verify_index(FOLLOW).differences == ()


def test_a_refusal_leaves_nothing_of_what_waited(store):
    before = _tables(store)
    wrong = {"resourceType": "SearchParameter", "id": "p", "url": "urn:p", "name": "P", "status": "active",
             "description": "d", "code": "p", "base": ["Observation"], "type": "string",
             "expression": "Observation.("}  # fmt: skip
    with pytest.raises(CamphoraError) as caught:
        store.write(LOAD, _puts([observation("o1", "ada", "718-7", "2026-01-02"), wrong]))
    assert caught.value.change == 1
    assert {name: rows for name, rows in _tables(store).items() if rows != before[name]} == {}


def _alike(resource):
    """Twice, so that the second is remembered."""
    registry = Registry.bundled()
    for _ in range(2):
        ready = prepare(Put(resource, body=orjson.dumps(resource)), registry)
        wanted = extract(resource["resourceType"], registry)({**resource, "id": ready.id})
        assert {name: getattr(ready.index, name) for name in wanted.__slots__} == {
            name: getattr(wanted, name) for name in wanted.__slots__
        }
        assert (ready.full_text or fulltext.texts(ready.said)) == fulltext.texts(resource)
        assert ready.found == Rules.bundled().of(resource)


def test_what_is_remembered_is_what_a_walk_gives():
    for resource in _people():
        _alike(resource)


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Organization", "id": "o", "name": "臺北醫院", "alias": ["北醫", "Alias B"],
         "type": [{"text": "醫院"}], "contact": [{"name": {"text": "王"}}],
         "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">臺<b>北</b> x</div>'}},
        {"resourceType": "Patient", "id": "p", "name": [{"given": ["A", None], "_given": [None, {"id": "x"}]}],
         "gender": "male", "language": "zh-TW", "_birthDate": {"extension": [{"url": "urn:u", "valueString": "早"}]}},
        {"resourceType": "Basic", "id": "b", "code": {"text": "x" * 30_000}},
        {"resourceType": "Basic", "id": "b", "contained": [{"resourceType": "Patient", "id": "1",
         "name": [{"text": "内"}]}], "code": {"text": "c"}, "meta": {"tag": [{"code": "t", "display": "牌"}]}},
    ],
)  # fmt: skip
def test_words_come_in_the_order_of_the_resource(resource):
    _alike(resource)


def test_the_memory_of_a_type_has_an_end(monkeypatch):
    monkeypatch.setattr("camphora.records.saying.ROOM", 5_000)
    says = Sayings("Basic", Registry.bundled(), Rules.bundled())
    for number in range(50):
        value = {"text": f"text {number}"}
        says.of({"resourceType": "Basic", "code": value}, {"code": orjson.dumps(value)}, 30)
    assert len(says._places["code"].known) < 10


def test_what_is_sent_arrives(store):
    for resource in [*_mixture(), *_people()]:
        body = orjson.dumps(resource)
        ready = prepare(Put(resource, body=body), store.registry)
        row = marshal.loads(marshal.dumps(departing(ready, [("code", "path")])))
        found, beside = arrived(row, body, store.registry)
        assert [tuple(one) for one in beside] == [("code", "path")]
        for name in ready.index.__slots__:
            assert getattr(found.index, name) == getattr(ready.index, name)
        for name in (
            "type",
            "id",
            "patient",
            "others",
            "found",
            "labels",
            "digest",
            "effects",
            "meta",
            "rest",
        ):
            assert getattr(found, name) == getattr(ready, name)
        assert found.said == ready.said
        assert found.put.resource == resource
        assert found.full_text == fulltext.texts(ready.said)


@pytest.mark.parametrize(
    ("plain", "escaped"), [(b"/", rb"\/"), (b"l7.org", rb"\u006c7.org"), (b"http", rb"\u0068ttp")]
)
def test_a_part_is_labelled_however_its_address_is_written(plain, escaped):
    body = orjson.dumps(labelled_part("part", "ada")).replace(plain, escaped)
    ready = prepare(Put(orjson.loads(body), body=body))
    assert ready.open is not None
    assert prepare(Put(observation("o", "ada", "718-7", "2026-01-01"))).open is None
