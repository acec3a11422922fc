"""Cases of whoever lives in an officer's areas: in any order the ones that reading every record finds, by an index that
holds them by area and date, whoever moves and whatever is written."""

import itertools
from dataclasses import replace
from random import Random

import apsw
import pytest

from camphora.fhir.search import parse_query
from camphora.policy import Purpose, Reader, Request, Role
from camphora.policy.admission import admit
from camphora.policy.asking import Scope
from camphora.policy.internal import following, loading
from camphora.records import Delete, Put, SQLiteStore
from camphora.records.derived import area_of, area_range
from camphora.records.planning import counting, walking
from records.old_store import without_local_dates
from records.oracle import Oracle

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
HOMES = [
    ("臺南市", "柳營區"),
    ("臺南市", "東區"),
    ("臺南市", None),
    ("高雄市", "三民區"),
    ("連江縣", "南竿鄉"),
    (None, None),
]
AREAS = {
    "nation": (),
    "county": ("67000",),
    "island": ("09007",),
    "town": ("67000736",),
    "several": ("67000736", "64000"),
    "one in another": ("67000", "67000736"),
}
ASKED = (
    [],
    [("code", "A90")],
    [("onset-date", "ge2026-03-05"), ("onset-date", "le2026-04-02")],
    [("onset-date", "le2026-03-20"), ("code", "A90,A92.0")],
    [("onset-date", "lt2026-02-01,2026-05-03")],
    [("patient.address", "臺南市")],
)


def _patient(number, home):
    county, town = home
    address = {"use": "home", "city": county, **({"district": town} if town else {})}
    return {"resourceType": "Patient", "id": f"p{number}", **({"address": [address]} if county else {})}


def _case(rng, number, person):
    """Dated as records are: by a day, by a span of any length, by one without a beginning, by another date, by none."""
    day = f"2026-{rng.randrange(1, 7):02d}-{rng.randrange(1, 28):02d}"
    onset = rng.choice([
        {"onsetDateTime": day}, {"onsetDateTime": day}, {"onsetDateTime": f"{day}T10:00:00+08:00"},
        {"onsetDateTime": day[:7]}, {"onsetPeriod": {"start": day}}, {"onsetPeriod": {"end": day}}, {},
    ])  # fmt: skip
    recorded = rng.choice([{"recordedDate": day}, {}])
    code = rng.choice(["A90", "A90", "A92.0", "I10"])
    return {"resourceType": "Condition", "id": f"c{number}", "subject": {"reference": f"Patient/p{person}"},
            "code": {"coding": [{"system": ICD, "code": code}]}, **onset, **recorded}  # fmt: skip


class Country:
    """Persons and their cases, and what reading all of them finds."""

    def __init__(self, folder):
        rng = Random(5)
        people = [_patient(number, HOMES[number % len(HOMES)]) for number in range(40)]
        self.areas = {each["id"]: area_of(each) for each in people}
        self.cases = [_case(rng, number, rng.randrange(40)) for number in range(300)]
        self.store = SQLiteStore(folder)
        self.store.write(loading("t"), [Put(each) for each in [*people, *self.cases]])
        self.everything = [*people, *self.cases]

    def oracle(self, areas):
        ranges = [area_range(code) for code in areas]

        def seen(resource, index):
            person = index.person[1] if index.person else None
            area = self.areas.get(person)
            here = not ranges or any(area is not None and low <= area <= high for low, high in ranges)
            if resource["resourceType"] == "Patient":
                return here and person in notified
            return here and _is_notifiable(resource)

        notified = {one["subject"]["reference"][8:] for one in self.cases if _is_notifiable(one)}
        return Oracle(self.everything, seen)


def _is_notifiable(case):
    return case["resourceType"] == "Condition" and case["code"]["coding"][0]["code"] != "I10"


@pytest.fixture(scope="module")
def country(tmp_path_factory):
    made = Country(tmp_path_factory.mktemp("country"))
    yield made
    made.store.close()


def _officer(*areas):
    reader = Reader("o", "防疫", Role.OFFICER, scope=Scope(areas=frozenset(areas)))
    return admit(Request(reader, Purpose.SURVEILLANCE)).access


def _pages(store, access, query):
    token = None
    while True:
        page = store.search(access, replace(query, page=token))
        yield from ((version.type, version.id) for version in page.rows)
        token = page.next
        if token is None:
            return


@pytest.fixture(params=["counted", "walked", "walked by a share", "without what lies elsewhere"])
def way(request, monkeypatch):
    """Lists that count as short and drive, indexes that are walked, also for a list that is short but holds many of
    those who live there, and such as cannot be."""
    if request.param == "walked by a share":
        monkeypatch.setattr(walking, "SOME", 2)
        monkeypatch.setattr(walking, "WINDOW", 25)
    elif request.param != "counted":
        monkeypatch.setattr(walking, "COUNTED", 2)
        monkeypatch.setattr(walking, "WINDOW", 25)
    if request.param == "without what lies elsewhere":
        monkeypatch.setattr(walking, "FEW", 1)
    counting.COUNTS.forget()
    yield
    counting.COUNTS.forget()


@pytest.mark.parametrize("who", AREAS)
@pytest.mark.parametrize("sort", ["-onset-date", "onset-date", "-onset-date,code", "-recorded-date", ""])
def test_every_order_holds_what_reading_each_record_finds(country, way, who, sort):
    oracle, access = country.oracle(AREAS[who]), _officer(*AREAS[who])
    for asked in ASKED:
        pairs = [*asked, ("_count", "7"), *([("_sort", sort)] if sort else [])]
        query = parse_query("Condition", pairs, strict=True)
        expected, found = oracle.found(query), list(_pages(country.store, access, query))
        assert sorted(found) == sorted(expected), (asked, sort)
        if sort:
            first = query.sort[0]
            keys = [_key(oracle.rows[at][1], first.param, down=first.down) for at in found]
            held = [key for key in keys if key is not None]
            assert keys == [*held, *[None] * (len(keys) - len(held))]
            assert held == sorted(held, reverse=first.down)
        total = country.store.search(access, replace(query, total="accurate", count=1)).total
        assert total == len(expected)


def _key(index, param, *, down):
    return (max if down else min)((low for name, low, _ in index.dates if name == param), default=None)


NEWEST = [("_sort", "-onset-date"), ("_count", "50")]


@pytest.mark.parametrize("who", ["nation", "county", "town"])
def test_the_newest_are_read_off_an_index_and_not_sorted(country, monkeypatch, who):
    monkeypatch.setattr(walking, "COUNTED", 2)
    monkeypatch.setattr(walking, "WINDOW", 25)
    counting.COUNTS.forget()
    (told,) = country.store.explain(_officer(*AREAS[who]), parse_query("Condition", NEWEST, strict=True))
    index = "record_by_date" if who == "nation" else "local_date"
    assert told.walk == index
    assert any("SEARCH" in line and "main_date" in line for line in told.lines), told.lines
    assert not any("ORDER BY" in line for line in told.lines), told.lines
    counting.COUNTS.forget()


@pytest.mark.parametrize(("code", "walk"), [("A90", "local_date"), ("A92.0", None)])
def test_a_list_that_holds_many_of_the_county_s_is_not_sorted_either(country, monkeypatch, code, walk):
    """Dengue is most of what is notified there, chikungunya little: whose dates are walked depends on the share."""
    monkeypatch.setattr(walking, "SOME", 2)
    monkeypatch.setattr(walking, "SHARE", 2)
    counting.COUNTS.forget()
    query = parse_query("Condition", [("code", code), *NEWEST], strict=True)
    (told,) = country.store.explain(_officer(*AREAS["county"]), query)
    counting.COUNTS.forget()
    assert told.walk == walk


INDEX = "SELECT type, area, main_date, record FROM local_date"
HELD = """SELECT r.type, h.area, coalesce(r.main_date, -4611686018427387904), r.no FROM record r
  JOIN (SELECT no, area FROM person WHERE area IS NOT NULL
        UNION SELECT no, area / 1000 * 1000 FROM person WHERE area IS NOT NULL) h ON h.no = r.person
  WHERE r.labels >= 4611686018427387904 AND r.deleted = 0 ORDER BY 1, 2, 3, 4"""


def test_whatever_is_written_the_index_holds_who_lives_where(tmp_path):
    rng, store = Random(11), SQLiteStore(tmp_path)
    number = itertools.count()
    for _ in range(40):
        acts = []
        for _ in range(rng.randrange(1, 8)):
            person = rng.randrange(6)
            if rng.random() < 0.35:
                acts.append(Put(_patient(person, rng.choice(HOMES))))
            elif rng.random() < 0.8:
                acts.append(Put(_case(rng, rng.randrange(20), person)))
            else:
                name = f"c-gone-{next(number)}"
                store.write(loading("t"), [Put({**_case(rng, 0, person), "id": name})])
                acts.append(Delete("Condition", name))
        store.write(loading("t"), acts)
        held, lives = _held(store)
        assert held == lives
    assert held
    store.close()
    older = apsw.Connection(str(tmp_path / "records.sqlite"))
    without_local_dates(older)
    older.execute("PRAGMA user_version = 15")
    older.close()
    store = SQLiteStore(tmp_path)
    assert _held(store) == [held, held]
    store.close()


def _held(store):
    return store.kept(following("t"), lambda one: [list(one.execute(sql)) for sql in (INDEX, HELD)])
