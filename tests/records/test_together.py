"""A load says the same whether its records are put together or one by one, and whatever is remembered."""

import marshal
import threading
from datetime import date
from functools import partial
from random import Random

import apsw
import orjson
import pytest

from builders import citizen, clinician, condition, observation, patient
from camphora.errors import CamphoraError
from camphora.fhir.extract import extract
from camphora.fhir.registry import Registry
from camphora.policy.internal import following, loading
from camphora.policy.labels import Rules
from camphora.records import Delete, Put, SQLiteStore, fulltext, prepare, saying
from camphora.records.inserting import insert
from camphora.records.pending import Pending
from camphora.records.saying import Sayings
from camphora.records.sending import arrived, departing
from camphora.synth import Country, foundation, population
from consented import ACT, at_home, at_ward, consent, diagnosis, labelled_part, treating

LOAD, FOLLOW = loading("test"), following("test")
ACTION = "http://terminology.hl7.org/CodeSystem/consentaction"
TABLES = {
    "record": "no, type, id, version, person, main_date, main_length, labels, deleted",
    "content": "record, digest, keys", "posting": "*", "span": "*", "amount": "*", "pair": "*", "position": "*",
    "term": "*", "text": "*", "param": "*", "person": "no, patient, area",
    "change": "no, kind, subject, version, person", "seen_at": "*", "stand_in": "*", "same": "*",
    "labelled": "record, (SELECT name || label FROM rule WHERE no = rule)", "pointing": "*",
    "local": "*", "local_date": "*", "also_names": "*", "hidden": "name, person, consent",
    "closed": "name, person, consent, mask",
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


def test_what_a_type_says_is_worked_out_by_one_thread(monkeypatch):
    """Eight that come at once would each lay all parameters of the type."""
    made, second = [], threading.Event()

    class Counted(Sayings):
        def __init__(self, *given):
            made.append(given)
            if len(made) > 1:
                second.set()
            second.wait(0.2)
            super().__init__(*given)

    monkeypatch.setattr(saying, "Sayings", Counted)
    rules, found = Rules.load(Rules.bundled().dump()), []
    given = ("Basic", Registry.bundled(), rules)
    threads = [threading.Thread(target=lambda: found.append(saying.sayings(*given))) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(made) == 1
    assert len({id(each) for each in found}) == 1


def test_numbers_hold_no_longer_than_their_commit(store):
    """What a refused act interned is rolled back: who writes the same values makes numbers of them anew."""
    first = observation("o1", "ada", "718-7", "2026-01-02") | {"note": [{"text": "a"}]}
    other = {"resourceType": "Observation", "id": "o9", "status": "final", "code": {"text": "neu"},
             "category": [{"coding": [{"system": "urn:new", "code": "new"}]}]}  # fmt: skip
    put = prepare(Put(other, body=orjson.dumps(other)))
    with pytest.raises(CamphoraError):
        store.write(LOAD, [put, Delete("Observation", "nobody")])
    store.write(LOAD, _puts([first]))
    store.write(LOAD, [put])
    assert store.verify_index(FOLLOW).differences == ()


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


def uncollected():
    """A denial of making records, of whoever may read the person."""
    return treating(action=[{"coding": [{"system": ACTION, "code": "collect"}]}])


def _acts():
    """What several writers hand in at the same moment, each as a job of its own: in every order some of it is refused,
    some before its first change and some behind it, and some decides about what others write."""
    one, two, ada = clinician("h1"), clinician("h2"), citizen("ada")

    def seen(number, *people):
        return _puts([observation(f"n{number}-{each}", each, "718-7", "2026-04-01") for each in people])

    again = {**observation("o2", "ada", "718-7", "2026-05-05"), "note": [{"text": "again"}]}
    other = {**observation("twins", "ada", "718-7", "2026-05-06"), "focus": [{"reference": "Patient/shut"}]}
    visit = {"resourceType": "Encounter", "id": "visit", "status": "finished", "class": {"code": "AMB"},
             "subject": {"reference": "Patient/ada"}, "serviceProvider": {"reference": "Organization/h1"}}  # fmt: skip
    points = {
        **observation("pointing", "ada", "718-7", "2026-05-07"),
        "encounter": {"reference": "Encounter/visit"},
    }
    child = {"relationship": [{"coding": [{"code": "CHILD"}]}], "patient": {"reference": "Patient/ada"}}
    return [
        (one, seen(1, "ada", "bo")), (two, seen(2, "ada")), (one, seen(3, "ada", "nobody")), (two, seen(4, "nobody")),
        (LOAD, seen(5, "bo", "bo2", "later")), (one, _puts([again])), (two, [Delete("Observation", "o3")]),
        (one, _puts([other])), (ada, _puts([consent("c9", "ada", treating())])), (two, seen(6, "ada", "shut")),
        (one, _puts([visit])), (one, _puts([points])), (ada, seen(7, "ada")),
        (LOAD, _puts([{"resourceType": "RelatedPerson", "id": "kin", **child}])), (two, seen(1, "ada")),
        (LOAD, _puts([diagnosis("tb9", "bo", "A15.0"), at_home("later", "臺北市", "大安區")])),
    ]  # fmt: skip


def _outcome(future):
    error = future.exception()
    if error is not None:
        return getattr(error, "code", repr(error)), getattr(error, "change", None)
    return [(one.type, one.id, one.version, one.made, one.changed) for one in future.result()]


def _held(store):
    """Keep the keeper busy until what is returned is called."""
    begun, gate = threading.Event(), threading.Event()

    def wait(_):
        begun.set()
        gate.wait(30)

    store._keeper.submit(wait)
    assert begun.wait(30)
    return gate.set


@pytest.mark.parametrize("seed", range(8))
def test_what_shares_a_commit_is_what_one_after_another_is(tmp_path, seed):
    """The same is refused with the same error, and all tables are equal."""
    acts = _acts()
    Random(seed).shuffle(acts)
    before = [*_mixture(), at_home("shut", "臺北市", "大安區"), consent("c-shut", "shut", uncollected())]
    found = []
    for name, as_one in (("a", True), ("b", False)):
        store = SQLiteStore(tmp_path / name)
        store.write(LOAD, _puts(before))
        if as_one:
            release = _held(store)
            commits = store._keeper.commits
            futures = [store.hand_in(*act) for act in acts[:7]]
            if seed % 2:  # one that may not be repeated parts them
                store._keeper.submit(lambda _: None)
            futures += [store.hand_in(*act) for act in acts[7:]]
            release()
            outcomes = [_outcome(each) for each in futures]
            assert store._keeper.commits == commits + 2
        else:
            outcomes = [_outcome(store.hand_in(*act)) for act in acts]
        assert store.verify_index(FOLLOW).differences == ()
        found.append((outcomes, _tables(store)))
        store.close()
    (outcomes, tables), (singly, apart) = found
    assert outcomes == singly
    assert {name: rows for name, rows in tables.items() if rows != apart[name]} == {}


def test_many_new_records_are_done_as_one(loaded, monkeypatch):
    """Nothing is begun anew where nobody is refused, and what waits is put at once, table after table."""
    puts, undone = [], []
    put = Pending.put
    monkeypatch.setattr(Pending, "put", lambda self: (puts.append(len(self.names)), put(self)))
    undo = loaded._keeper._undo
    monkeypatch.setattr(loaded._keeper, "_undo", lambda: (undone.append(True), undo()))
    release = _held(loaded)
    new = [observation(f"n{number}", "ada", "718-7", "2026-04-01") for number in range(20)]
    futures = [loaded.hand_in(clinician(), _puts([each])) for each in new]
    release()
    assert all(each.result()[0].made for each in futures)
    assert (max(puts), undone) == (20, [])


def test_what_each_commit_asks_is_made_ready_once(loaded):
    """However many rows were put meanwhile: SQLite would read each statement of a commit again and plan it."""
    misses = []
    for commit in range(4):
        release = _held(loaded)
        ready = [observation(f"m{commit}-{each}", "ada", "718-7", "2026-04-01") for each in range(30)]
        written = [loaded.hand_in(clinician(), _puts([each])) for each in ready]
        release()
        assert all(each.result()[0].made for each in written)
        misses.append(loaded._connections.writer.cache_stats()["misses"])
    assert misses[3] == misses[2]


@pytest.mark.parametrize("count", [0, 1, 4, 63, 64, 85, 300])
def test_many_rows_are_put_by_few_statements(count):
    connection = apsw.Connection("")
    connection.execute("CREATE TABLE row (first, second, PRIMARY KEY (first)) WITHOUT ROWID")
    done = []
    connection.exec_trace = lambda _, sql, __: done.append(sql) is None
    insert(connection, "row", 2, [each for number in range(count) for each in (number, str(number))])
    connection.exec_trace = None
    assert list(connection.execute("SELECT * FROM row")) == [(each, str(each)) for each in range(count)]
    assert len(done) <= count // 64 + 9


def test_one_who_may_not_make_a_record_takes_nothing_else_with_it(loaded):
    """It shows when all stand; then each is done by itself."""
    loaded.write(LOAD, _puts([at_home("shut", "臺北市", "大安區"), consent("c-shut", "shut", uncollected())]))
    release = _held(loaded)
    people = ["ada", "shut", "ada", "shut"]
    new = [observation(f"n{number}", each, "718-7", "2026-04-01") for number, each in enumerate(people)]
    futures = [loaded.hand_in(clinician(), _puts([each])) for each in new]
    release()
    outcomes = [_outcome(each) for each in futures]
    assert [each for each in outcomes if isinstance(each, tuple)] == [("records-no-person", 0)] * 2
    assert [outcome[0][1] for outcome in outcomes if isinstance(outcome, list)] == ["n0", "n2"]
    assert loaded.verify_index(FOLLOW).differences == ()


def _visit(name, person, **places):
    return {"resourceType": "Encounter", "id": name, "status": "finished", "class": {"code": "AMB"},
            "subject": {"reference": f"Patient/{person}"}, **places}  # fmt: skip


def _within_one_commit(store, acts):
    """What comes of acts that are handed in, in this order, and share a commit."""
    release = _held(store)
    commits, begun_anew = store._keeper.commits, []
    undo = store._keeper._undo
    store._keeper._undo = lambda: (begun_anew.append(True), undo())
    futures = [store.hand_in(access, _puts([each])) for access, each in acts]
    release()
    outcomes = [isinstance(_outcome(each), list) for each in futures]
    assert store._keeper.commits == commits + 2
    assert store.verify_index(FOLLOW).differences == ()
    assert not (all(outcomes) and begun_anew)
    return outcomes


@pytest.mark.parametrize("first", [True, False])
def test_who_reaches_a_ward_is_asked_before_a_later_write_of_the_commit(loaded, first):
    """Where a person was seen stands at once; whoever came before it had to reach them without."""
    visit = _visit("far", "ada", location=[{"location": {"reference": "Location/far"}}])
    ward = (at_ward(wards=["Location/far"]), observation("n", "ada", "718-7", "2026-04-01"))
    other = (clinician(), observation("m", "ada", "718-7", "2026-04-01"))
    if first:
        assert _within_one_commit(loaded, [other, ward, (LOAD, visit)]) == [True, False, True]
    else:
        assert _within_one_commit(loaded, [other, (LOAD, visit), ward]) == [True, True, True]


@pytest.mark.parametrize("first", [True, False])
def test_who_may_write_is_asked_before_a_later_write_of_the_commit_changes_it(loaded, first):
    """A team that may make records of a person lets nobody make one who came before it."""
    lets = {"type": "permit", "actor": [{"role": {"text": "team"}, "reference": {"reference": "CareTeam/t"}}],
            "action": [{"coding": [{"system": ACTION, "code": "collect"}]}]}  # fmt: skip
    choice = consent("c-shut", "shut", {**uncollected(), "provision": [lets]})
    loaded.write(LOAD, _puts([at_home("shut", "臺北市", "大安區"), choice]))
    team = {"resourceType": "CareTeam", "id": "t", "status": "active", "subject": {"reference": "Patient/shut"},
            "participant": [{"member": {"reference": "Organization/h1"}}]}  # fmt: skip
    new = (clinician(), observation("n", "shut", "718-7", "2026-04-01"))
    if first:
        assert _within_one_commit(loaded, [new, (LOAD, team)]) == [False, True]
    else:
        assert _within_one_commit(loaded, [(LOAD, team), new]) == [True, True]


@pytest.mark.parametrize("first", [True, False])
def test_within_one_commit_labels_follow_whoever_wrote_what(loaded, first):
    """Whether a writer sees what they point to is asked when all of the commit stands."""
    part = {"derivedFrom": [{"reference": "Observation/closed"}]}
    closed = {
        **observation("closed", "ada", "718-7", "2026-05-07"),
        "meta": {"security": [{"system": ACT, "code": "HIV"}]},
    }
    acts = [(LOAD, closed)]
    for name, access in (
        ("sees", clinician()),
        ("hers", citizen("ada")),
        ("none", at_ward(wards=["Location/far"])),
    ):
        acts.append((access, {**observation(name, "ada", "718-7", "2026-05-07"), **part}))
    release = _held(loaded)
    ordered = acts if first else acts[::-1]
    futures = [loaded.hand_in(access, _puts([each])) for access, each in ordered]
    release()
    outcomes = [_outcome(each) for each in futures]
    assert outcomes.count(("records-no-person", 0)) == 1
    connection = apsw.Connection(str(loaded.folder / "records.sqlite"))
    sql = "SELECT id, labels FROM record WHERE id IN ('closed', 'sees')"
    labels = dict(connection.execute(sql))
    connection.close()
    assert labels["closed"] == labels["sees"] != 0
