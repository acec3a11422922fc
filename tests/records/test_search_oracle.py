"""Search against a brute-force reading of every record: random queries over synthetic people, law included."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import clinician
from camphora.fhir.search import parameters, parse_query
from camphora.fhir.search.asking import AllClause, AnyClause, NotClause
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
from camphora.records.planning import conditions, counting, driving, statement, walking
from records.oracle import Oracle
from records.searched_world import HOSPITAL, People

EXAMPLES = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


class Searched:
    """A store of people, and what the oracle says of it."""

    def __init__(self, folder):
        self.people = People()
        self.store = SQLiteStore(folder)
        everything = self.people.resources + self.people.consents
        self.store.write(loading("t"), [Put(resource) for resource in everything])
        self.oracle = Oracle(self.people.resources, self.people.seen)
        self.kinds = sorted({kind for kind, _ in self.oracle.rows})
        named = {
            (to, kind, code)
            for (kind, _), (_, index, _) in self.oracle.rows.items()
            for code, to, _ in index.references
        }
        self.named = {kind: sorted((by, code) for to, by, code in named if to == kind) for kind, *_ in named}

    def rows(self, kind):
        return [row for (one, _), row in self.oracle.rows.items() if one == kind]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = Searched(tmp_path_factory.mktemp("world"))
    yield made
    made.store.close()


# Conditions drawn from what records really hold, some of them slightly off

PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")


def escaped(text):
    return "".join(f"\\{one}" if one in "\\,|$" else one for one in text)


def day(low, length):
    return date.fromordinal(719163 + (low + 8 * 3_600_000) // 86_400_000).isoformat()[:length]


@st.composite
def pairs(draw, world, kind, depth=2):
    """One parameter of a type with a value, of which some record of the type holds something like it."""
    resource, index, _ = draw(st.sampled_from(world.rows(kind)))
    offered = [each for each in SOURCES if each(None, resource, index) is not None]
    if depth and any((row[1], row[2]) in world.oracle.rows for row in index.references):
        offered += [chained, chained]
    if depth and kind in world.named:
        offered.append(had)
    source = draw(st.sampled_from(offered))
    if source in {chained, had}:
        return draw(source(world, kind, index, depth))
    return source(draw, resource, index)


def by_id(draw, resource, _):
    return ("_id", resource["id"]) if draw else True


def by_token(draw, resource, index):
    rows = [row for row in index.tokens if ":" not in row[0]]
    if draw is None or not rows:
        return True if rows else None
    name, system, code = draw(st.sampled_from(rows))
    kinds = parameters(resource["resourceType"])
    kind = kinds[name].kind if name in kinds else None
    if kind == "uri":
        modifier = draw(st.sampled_from(["", ":below", ":above"]))
        return f"{name}{modifier}", escaped(
            code[: draw(st.integers(1, len(code)))] if modifier == ":below" else code
        )
    spelled = [escaped(code), f"{escaped(system or '')}|{escaped(code)}"]
    spelled += [f"{escaped(system)}|"] if system else []
    modifier = draw(st.sampled_from(["", "", ":not"]))
    return f"{name}{modifier}", draw(st.sampled_from(spelled))


def by_words(draw, _, index):
    rows = [row for row in index.strings if row[1].strip(" ,")]
    if draw is None or not rows:
        return True if rows else None
    name, text = draw(st.sampled_from(rows))
    part = text[: draw(st.integers(1, len(text)))]
    if ":" in name or name == "phonetic":
        return name, escaped(part)
    exact = [code for code_of, _, code in index.tokens if code_of == f"{name}:exact"]
    modifier = draw(st.sampled_from(["", ":contains", *([":exact"] if exact else [])]))
    return f"{name}{modifier}", escaped(draw(st.sampled_from(exact)) if modifier == ":exact" else part)


def by_reference(draw, _, index):
    rows = [row for row in index.references if row[1]]
    if draw is None or not rows:
        return True if rows else None
    name, kind, key = draw(st.sampled_from(rows))
    return draw(st.sampled_from([(name, f"{kind}/{key}"), (name, key), (f"{name}:{kind}", key)]))


def by_date(draw, _, index):
    rows = [row for row in index.dates if row[1] > 0]
    if draw is None or not rows:
        return True if rows else None
    name, low, _ = draw(st.sampled_from(rows))
    return name, draw(st.sampled_from(PREFIXES)) + day(low, draw(st.sampled_from([4, 7, 10])))


def by_number(draw, _, index):
    if draw is None or not index.numbers:
        return True if index.numbers else None
    name, low, _ = draw(st.sampled_from(index.numbers))
    return name, draw(st.sampled_from(PREFIXES)) + draw(st.sampled_from([f"{low:g}", f"{low:.1f}"]))


def by_quantity(draw, _, index):
    if draw is None or not index.quantities:
        return True if index.quantities else None
    name, unit, low, _ = draw(st.sampled_from(index.quantities))
    return name, draw(st.sampled_from(PREFIXES)) + f"{low:.6g}" + _unit(unit)


def _unit(unit):
    system, _, code = unit.rpartition("|")
    return f"|{escaped(system)}|{escaped(code)}" if unit else ""


def by_position(draw, _, index):
    if draw is None or not index.positions:
        return True if index.positions else None
    name, latitude, longitude = draw(st.sampled_from(index.positions))
    far = draw(st.sampled_from([0.5, 3, 40]))
    return name, f"{latitude + 0.01:.3f}|{longitude:.3f}|{far}|km"


def by_composite(draw, _, index):
    if draw is None or not index.composites:
        return True if index.composites else None
    name, components = draw(st.sampled_from(index.composites))
    return name, "$".join(_part(draw, *each) for each in components)


def _part(draw, kind, *said):
    prefix = draw(st.sampled_from(PREFIXES))
    match kind:
        case "token":
            return draw(st.sampled_from([escaped(said[1]), f"{escaped(said[0] or '')}|{escaped(said[1])}"]))
        case "reference":
            return f"{said[0]}/{said[1]}"
        case "string":
            return escaped(said[0])
        case "date":
            return prefix + day(said[0], 10)
        case "number":
            return f"{prefix}{said[0]:g}"
        case _:
            return f"{prefix}{said[1]:.6g}{_unit(said[0])}"


def by_absence(draw, resource, _):
    if draw is None:
        return True
    kinds = {"composite", "special"}
    plain = [code for code, one in parameters(resource["resourceType"]).items() if one.kind not in kinds]
    return f"{draw(st.sampled_from(sorted(plain)))}:missing", draw(st.sampled_from(["true", "false"]))


def by_hierarchy(draw, resource, _):
    kind = resource["resourceType"]
    if draw is None:
        return True if kind in {"Location", "Organization"} else None
    return f"partof:{draw(st.sampled_from(['below', 'above']))}", f"{kind}/{resource['id']}"


def by_list(draw, resource, _):
    if draw is None:
        return True if resource["id"].startswith(("measured", "risk", "stay")) else None
    number = resource["id"].rpartition("-")[2]
    return "_list", draw(st.sampled_from([f"list-{number}", f"list-{number},list-1", "list-none"]))


SOURCES = [by_id, by_token, by_words, by_reference, by_date, by_number, by_quantity, by_position, by_composite,
           by_absence, by_hierarchy, by_list]  # fmt: skip


@st.composite
def chained(draw, world, kind, index, depth):
    named = [row for row in index.references if (row[1], row[2]) in world.oracle.rows]
    code, to, _ = draw(st.sampled_from(named))
    name, value = draw(pairs(world, to, depth - 1))
    return f"{code}:{to}.{name}", value


@st.composite
def had(draw, world, kind, index, depth):
    other, code = draw(st.sampled_from(world.named[kind]))
    name, value = draw(pairs(world, other, depth - 1))
    return f"_has:{other}:{code}:{name}", value


@st.composite
def queries(draw, world):
    """One to three parameters together, or joined otherwise."""
    kind = draw(st.sampled_from(world.kinds))
    found = [draw(pairs(world, kind)) for _ in range(draw(st.integers(1, 3)))]
    query = parse_query(kind, found, strict=True)
    joined = draw(st.sampled_from(["and", "and", "or", "not", "mixed"]))
    clauses = query.clauses
    if joined == "or":
        clauses = (AnyClause(clauses),)
    elif joined == "not":
        clauses = tuple(NotClause(each) for each in clauses)
    elif joined == "mixed":
        clauses = (AnyClause((AllClause(clauses[:2]), NotClause(clauses[-1]))),)
    return replace(query, clauses=clauses, count=draw(st.sampled_from([3, 7, 200])))


def pages(store, access, query):
    found, token = [], None
    while True:
        page = store.search(access, replace(query, page=token))
        found += [(version.type, version.id) for version in page.rows]
        token = page.next
        if token is None:
            return found


def agree(world, query):
    """The pages hold what the oracle finds, each once, and the total counts them."""
    expected = world.oracle.found(query)
    found = pages(world.store, clinician(HOSPITAL), query)
    assert sorted(found) == sorted(expected)
    counted = replace(query, total="accurate", count=1)
    assert world.store.search(clinician(HOSPITAL), counted).total == len(expected)


@EXAMPLES
@given(data=st.data())
def test_search_equals_a_reading_of_every_record(world, data):
    agree(world, data.draw(queries(world)))


@pytest.fixture(scope="module")
def long_lists():
    """Every list counts as a long one, so that the other ways are gone too."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (counting, conditions, driving, statement, walking):
            patch.setattr(module, "COUNTED", 2)
        patch.setattr(walking, "WINDOW", 5)
        patch.setattr(statement, "STEP", 700)
        counting.COUNTS.forget()
        yield
    counting.COUNTS.forget()


@EXAMPLES
@given(data=st.data())
def test_long_lists_are_found_as_well(world, long_lists, data):
    agree(world, data.draw(queries(world)))


SORTED = {
    "Observation": ("date", "-date", "_lastUpdated", "-_lastUpdated", "_id", "-_id", "-date,_id", "code,-date",
                    "subject", "value-quantity", "-value-quantity,date", "-code,_lastUpdated", "encounter,-_id"),
    "Patient": ("family", "-name,birthdate", "gender,-birthdate", "-identifier", "address-city"),
    "RiskAssessment": ("probability", "-probability"),
    "Encounter": ("date", "-date", "location", "length", "-status,date"),
    "QuestionnaireResponse": ("questionnaire", "-authored"),
}  # fmt: skip


def key_of(index, sort):
    """What a record sorts by; None where it has no value."""
    edge = max if sort.down else min
    dates = [low for name, low, _ in index.dates if name == sort.param]
    if sort.kind == "date":
        return edge(dates, default=None)
    if sort.kind in {"number", "quantity"}:
        given = [(name, low) for name, low, _ in index.numbers]
        given += [(name, low) for name, unit, low, _ in index.quantities if not unit]
        return edge((low for name, low in given if name == sort.param), default=None)
    texts = [(name, text) for name, text in index.strings] + [(name, code) for name, _, code in index.tokens]
    texts += [(name, key) for name, _, key in index.references]
    return edge((text for name, text in texts if name == sort.param), default=None)


@pytest.mark.parametrize(
    "asked", [(kind, sort) for kind, several in SORTED.items() for sort in several], ids=str
)
@pytest.mark.parametrize("long", [False, True], ids=["counted", "long"])
def test_pages_in_any_order_hold_each_record_once(world, asked, long, request):
    if long:
        request.getfixturevalue("long_lists")
    kind, sort = asked
    query = parse_query(kind, [("_sort", sort), ("_count", "17")], strict=True)
    found = pages(world.store, clinician(HOSPITAL), query)
    assert sorted(found) == sorted(world.oracle.found(query))
    first = query.sort[0]
    if first.param in {"_id", "_lastUpdated"}:
        return
    keys = [key_of(world.oracle.rows[at][1], first) for at in found]
    held = [key for key in keys if key is not None]
    assert keys == [*held, *[None] * (len(keys) - len(held))], "what has no value comes last"
    assert held == sorted(held, reverse=first.down)


def test_a_page_token_serves_nobody_else(world):
    query = parse_query("Observation", [("_count", "5"), ("_sort", "-date")], strict=True)
    token = world.store.search(clinician(HOSPITAL), query).next
    other = replace(query, page=token)
    assert world.store.search(clinician(HOSPITAL), other).rows
    for access, asked in ((clinician("h2"), other), (clinician(HOSPITAL), replace(other, count=6))):
        with pytest.raises(Exception, match="records-page-token"):
            world.store.search(access, asked)
