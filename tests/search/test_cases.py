"""The written table of cases, on the store and weighed in plain Python; its page in the manual is made from it."""

import json
import tomllib
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import get_args

import pytest

from camphora.errors import Faults
from camphora.fhir import definitions
from camphora.fhir.search import parameters, parse_query
from camphora.fhir.search.asking import Amount, DateClause, Prefix, QuantityClause, UpdatedClause
from camphora.fhir.search.filter_text import OPERATORS
from camphora.fhir.search.values import MODIFIERS
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore
from camphora.terminology import Terminology
from camphora.terminology.file import complete, create
from camphora.terminology.loaders import load
from camphora.terminology.terms import HeldTerms
from search.weighing import World
from search_cases import FOLDER, cases_page, minimal, resources, subjects

NOW = int(datetime(2026, 11, 21, 10, tzinfo=UTC).timestamp() * 1000)
WAITING = {
    (row["group"], row["ask"]): row["reason"]
    for row in tomllib.loads((FOLDER / "waiting.toml").read_text("utf-8")).get("case", ())
}
GROUPS = [group for subject in subjects() for group in subject.groups]
CASES = [(group, case) for group in GROUPS for case in group.cases]
NAMES = [f"{group.name}: {case.ask}" for group, case in CASES]
SEARCHES = [pair for pair in CASES if pair[0].shows in {"finds", "order", "brings"}]


def asked(group, case, strict=True):
    pairs = [tuple(part.split("=", 1)) for part in case.ask.split("&")] if case.ask else []
    within = tuple(group.within.split("/")) if group.within else None
    kind = None if group.type == "*" else group.type
    return parse_query(
        kind, [*pairs, ("_count", "100")], strict=strict, base=group.base, now=NOW, compartment=within
    )


def shown(group, address):
    """As the table writes it: the type of the group goes without saying."""
    return address.removeprefix(f"{group.type}/")


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """A store for each group, made when it is first asked for; it knows the codes that the group brings."""
    made = {}
    with ExitStack() as open_:

        def of(group):
            if group.name not in made:
                folder = tmp_path_factory.mktemp("store")
                store = made[group.name] = open_.enter_context(closing(SQLiteStore(folder)))
                store.write(loading("t"), [Put(resource) for resource in resources(group)])
                terms = open_.enter_context(closing(terminology(folder, group)))
                store.coding = HeldTerms.over(terms)
            return made[group.name]

        yield of


def terminology(folder, group):
    """A terminology file of the group's own code systems and value sets."""
    path = folder / "terminology.sqlite"
    connection = create(path)
    connection.execute("INSERT INTO built VALUES ('test', 1)")
    complete(connection)
    for resource in resources(group):
        if (
            resource["resourceType"] in {"CodeSystem", "ValueSet"}
            and {"concept", "compose"} & resource.keys()
        ):
            file = folder / f"{resource['id']}.json"
            file.write_text(json.dumps(resource))
            load(path, file)
    return Terminology.open(path)


def answer(store, group, case):
    """What the store finds, in its order, or what it brings along."""
    page = store.search(loading("t"), asked(group, case))
    rows = page.included if group.shows == "brings" else page.rows
    return [
        shown(group, f"{row.type}/{row.id}") if group.shows != "brings" else f"{row.type}/{row.id}"
        for row in rows
    ]


@pytest.mark.parametrize(("group", "case"), SEARCHES, ids=[f"{g.name}: {c.ask}" for g, c in SEARCHES])
def test_the_store_finds_what_the_table_says(stores, group, case, request):
    if reason := WAITING.get((group.name, case.ask)):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    found = answer(stores(group), group, case)
    expected = list(case.expected)
    assert (found if group.shows == "order" else sorted(found)) == (
        expected if group.shows == "order" else sorted(expected)
    )


@pytest.mark.parametrize("group", [g for g in GROUPS if g.shows == "finds"], ids=lambda group: group.name)
def test_weighing_each_record_finds_what_the_table_says(group):
    world = World(resources(group), "2026-11-21T10:00:00Z")
    wrong = {}
    for case in group.cases:
        found = sorted(shown(group, key) for key in world.found(asked(group, case)))
        if found != sorted(case.expected):
            wrong[case.ask] = (found, sorted(case.expected))
    assert wrong == {}


@pytest.mark.parametrize(
    ("group", "case"),
    [pair for pair in CASES if pair[0].shows in {"refuses", "leaves"}],
    ids=lambda one: getattr(one, "ask", ""),
)
def test_what_is_refused_is_refused_with_its_code(group, case):
    with pytest.raises(Faults) as caught:
        asked(group, case)
    assert {fault.code for fault in caught.value.faults} == set(case.expected)
    if group.shows == "leaves":
        assert [each.name for each in asked(group, case, strict=False).ignored] == [
            case.ask.partition("=")[0]
        ]
    else:
        with pytest.raises(Faults):
            asked(group, case, strict=False)


def test_the_table_is_large_and_each_case_stands_once():
    assert len(CASES) >= 250
    assert len(set(NAMES)) == len(NAMES)
    assert {group.type for group in GROUPS} - {"*"} <= minimal().keys()


def clauses_of(clause):
    yield clause
    for name in ("clauses", "clause"):
        inner = getattr(clause, name, ())
        for each in inner if isinstance(inner, tuple) else (inner,):
            yield from clauses_of(each)


def test_the_table_has_every_kind_with_every_modifier_prefix_and_operator():
    modified, prefixes, operators = set(), {}, set()
    for group, case in SEARCHES:
        known = parameters(group.type) if group.type != "*" else {}
        for part in case.ask.split("&"):
            name = part.partition("=")[0]
            code, _, modifier = name.partition(":")
            if code in known and modifier and "." not in name:
                typed = modifier in definitions.resource_types()
                modified.add((known[code].kind, "Type" if typed else modifier))
            if name == "_filter":
                operators |= {word for word in part.split() if word in OPERATORS}
        for clause in (each for top in asked(group, case).clauses for each in clauses_of(top)):
            for one in getattr(clause, "alternatives", ()):
                told = one[0] if isinstance(clause, QuantityClause) else one
                if isinstance(clause, DateClause | UpdatedClause):
                    prefixes.setdefault("date", set()).add(one[0])
                elif isinstance(told, Amount):
                    prefixes.setdefault(type(clause), set()).add(told.prefix)
    wanted = {(kind, modifier) for kind, several in MODIFIERS.items() for modifier in several}
    assert modified == wanted | {("reference", "Type")}
    assert operators == set(OPERATORS)
    assert {frozenset(found - {"co"}) for found in prefixes.values()} == {
        frozenset(get_args(Prefix)) - {"co"}
    }


def test_a_case_that_waits_is_one_of_the_table():
    asks = {(group.name, case.ask) for group, case in SEARCHES}
    assert WAITING.keys() <= asks
    assert all(len(reason) > 10 for reason in WAITING.values())


def test_the_page_shows_every_case():
    text = cases_page()
    assert all(f"`{case.ask}`".replace("|", "\\|") in text for _, case in CASES if case.ask)
