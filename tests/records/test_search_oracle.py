"""Search against a brute-force reading of every record: random queries over synthetic people, law included."""

from datetime import date
from random import Random

import orjson
import pytest

from builders import NOW, clinician
from camphora.fhir.extract import extract
from camphora.fhir.search import (
    DateClause,
    MissingClause,
    Query,
    ReferenceClause,
    StringClause,
    TokenClause,
    parse_query,
)
from camphora.policy import choices
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
from camphora.synth import Country, population

HOSPITAL = "h1"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A store of some households, where two persons restrict the hospital and one has closed a part."""
    store = SQLiteStore(tmp_path_factory.mktemp("world"))
    country = Country.load()
    households = population(country, 60, 7, date(2026, 11, 21))
    resources = [resource for household in households for resource in household.resources()]
    people = [resource["id"] for resource in resources if resource["resourceType"] == "Patient"]
    labelled = next(r["subject"]["reference"] for r in resources if r.get("meta", {}).get("security"))
    consents = [choices.restrict(people[3], HOSPITAL, NOW), choices.restrict(people[9], HOSPITAL, NOW)]
    consents.append(choices.close_part(labelled.removeprefix("Patient/"), "PSY", NOW))
    store.write(loading("t"), [Put(resource) for resource in resources + consents])
    yield store, resources, {people[3], people[9]}, labelled.removeprefix("Patient/")
    store.close()


def _matches(query, resource, index):
    if query.ids is not None and resource["id"] not in query.ids:
        return False
    return all(_clause(clause, index) for clause in query.clauses)


def _clause(clause, index):
    match clause:
        case TokenClause():
            held = [(system or "", code) for name, system, code in index.tokens if name == clause.param]
            return any(
                (system is None or system == has) and (not code or code == value)
                for system, code in clause.alternatives
                for has, value in held
            )
        case ReferenceClause():
            held = [(kind, key) for name, kind, key in index.references if name == clause.param]
            return any(
                kind in {None, has} and key == value
                for kind, key in clause.alternatives
                for has, value in held
            )
        case DateClause():
            held = [(low, high) for name, low, high in index.dates if name == clause.param]
            return any(_dated(*one, *span) for one in clause.alternatives for span in held)
        case StringClause():
            held = [text for name, text in index.strings if name == clause.param]
            test = str.startswith if clause.mode == "start" else str.__contains__
            return any(test(text, wanted) for wanted in clause.alternatives for text in held)
        case MissingClause():
            rows = [*index.tokens, *index.references, *index.dates, *index.strings]
            return any(row[0] == clause.param for row in rows) is not clause.missing
    return False


def _dated(prefix, low, high, start, end):
    equal = low <= start and end <= high
    return {
        "eq": equal,
        "ne": not equal,
        "gt": end > high,
        "lt": start < low,
        "ge": end > high or equal,
        "le": start < low or equal,
        "sa": start > high,
        "eb": end < low,
    }[prefix]


def _visible(resource, index, hidden, closed):
    person = index.person[1] if index.person else None
    return person is not None and person not in hidden and not (person == closed and "PSY" in index.labels)


def _pairs(rng, resource, index):
    """One to three conditions drawn from what a record really holds, some of them slightly off."""
    kinds = []
    if index.tokens:
        name, system, code = rng.choice(index.tokens)
        spelled = rng.choice([code, f"{system or ''}|{code}", f"{system or ''}|" if system else code])
        kinds.append((name, spelled) if ":" not in name else ("_id", resource["id"]))
    if index.references:
        name, kind, key = rng.choice(index.references)
        kinds.append((name.split(":")[0], f"{kind}/{key}"))
    if index.dates:
        name, low, _ = rng.choice(index.dates)
        day = date.fromordinal(719163 + (low + 8 * 3_600_000) // 86_400_000)
        text = rng.choice([day.isoformat(), day.isoformat()[:7], day.isoformat()[:4]])
        kinds.append((name, rng.choice(["", "ne", "gt", "lt", "ge", "le", "sa", "eb"]) + text))
    if index.strings:
        name, text = rng.choice(index.strings)
        kinds.append(
            (rng.choice([name, f"{name}:contains"]), text[: rng.randint(1, len(text))].replace(",", ""))
        )
    rng.shuffle(kinds)
    return [pair for pair in kinds[: rng.randint(1, 3)] if pair[1].strip()]


def _pages(store, access, query):
    found, token = [], None
    while True:
        page = store.search(
            access, Query(**{**{f: getattr(query, f) for f in Query.__slots__}, "page": token})
        )
        found += [version.id for version in page.rows]
        token = page.next
        if token is None:
            return found


@pytest.mark.parametrize("seed", range(60))
def test_search_equals_a_reading_of_every_record(world, seed):
    store, resources, hidden, closed = world
    rng = Random(seed)
    chosen = rng.choice(resources)
    record_type = chosen["resourceType"]
    same = [resource for resource in resources if resource["resourceType"] == record_type]
    indexes = [(resource, extract(record_type)(resource)) for resource in same]
    for _ in range(4):
        pick, index = rng.choice(indexes)
        pairs = _pairs(rng, pick, index)
        if not pairs:
            continue
        count = rng.choice([3, 7, 50])
        query = parse_query(
            record_type, [*pairs, ("_count", str(count)), ("_total", "accurate")], strict=True
        )
        expected = {
            resource["id"]
            for resource, held in indexes
            if _matches(query, resource, held) and _visible(resource, held, hidden, closed)
        }
        found = _pages(store, clinician(HOSPITAL), query)
        assert sorted(found) == sorted(expected), pairs
        assert len(found) == len(set(found))
        assert store.search(clinician(HOSPITAL), query).total == len(expected)


@pytest.mark.parametrize("sort", ["date", "-date", "_lastUpdated", "-_lastUpdated", "_id", "-date,_id"])
def test_pages_in_any_order_hold_each_record_once(world, sort):
    store, resources, hidden, closed = world
    expected = [
        resource["id"]
        for resource in resources
        if resource["resourceType"] == "Observation"
        and _visible(resource, extract("Observation")(resource), hidden, closed)
    ]
    query = parse_query("Observation", [("_sort", sort), ("_count", "97")], strict=True)
    found = _pages(store, clinician(HOSPITAL), query)
    assert sorted(found) == sorted(expected)


def test_sorting_by_date_is_by_its_start_or_end(world):
    store, *_ = world
    access = clinician("elsewhere")
    for sort, pick, down in (("date", "min", False), ("-date", "max", True)):
        query = parse_query("Observation", [("_sort", sort), ("_count", "200")], strict=True)
        bodies = [orjson.loads(version.body) for version in store.search(access, query).rows]
        spans = [[d for d in extract("Observation")(body).dates if d[0] == "date"] for body in bodies]
        keys = [min(s[1] for s in span) if pick == "min" else max(s[2] for s in span) for span in spans]
        assert keys == sorted(keys, reverse=down)


def test_a_page_token_serves_nobody_else(world):
    store, *_ = world
    query = parse_query("Observation", [("_count", "5")], strict=True)
    token = store.search(clinician(HOSPITAL), query).next
    other = parse_query("Observation", [("_count", "5"), ("_page", token)], strict=True)
    assert store.search(clinician(HOSPITAL), other).rows
    for access, asked in ((clinician("h2"), other), (clinician(HOSPITAL), _with(other, count=6))):
        with pytest.raises(Exception, match="records-page-token"):
            store.search(access, asked)


def _with(query, **changes):
    return Query(**{**{name: getattr(query, name) for name in Query.__slots__}, **changes})
