"""Small random code systems and value sets: what is computed equals what the definitions say, code by code."""

from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.terminology.operations.expansion import expand
from camphora.terminology.operations.lookup import subsumes
from camphora.terminology.operations.options import Options
from camphora.terminology.operations.resources import ResourceLibrary
from camphora.terminology.operations.validation import checker
from camphora.terminology.systems import Coding

CODES = [f"c{number}" for number in range(8)]
COLOURS = ["red", "green", "blue"]
URL = "http://example.org/cs"


@st.composite
def concepts(draw):
    """Per code: its parents (of lower number, so that no circle arises), colours, and whether it is inactive."""
    rows = {}
    for number, code in enumerate(CODES):
        parents = draw(st.lists(st.sampled_from(CODES[:number]), max_size=2, unique=True)) if number else []
        colours = draw(st.lists(st.sampled_from(COLOURS), max_size=2, unique=True))
        rows[code] = (parents, colours, draw(st.booleans()))
    return rows


def system(rows, version="1"):
    def concept(code, parents, colours, inactive):
        properties = [{"code": "parent", "valueCode": parent} for parent in parents]
        properties += [{"code": "colour", "valueCode": colour} for colour in colours]
        properties += [{"code": "inactive", "valueBoolean": True}] if inactive else []
        return {"code": code, "display": f"Name of {code}", "property": properties}

    return {
        "resourceType": "CodeSystem", "url": URL, "version": version, "content": "complete", "caseSensitive": True,
        "concept": [concept(code, *row) for code, row in rows.items()],
    }  # fmt: skip


def above(rows, code):
    """The code and all its ancestors."""
    found = {code}
    for parent in rows[code][0]:
        found |= above(rows, parent)
    return found


CODE_FILTERS = st.tuples(
    st.just("concept"),
    st.sampled_from(["is-a", "descendent-of", "is-not-a", "generalizes", "child-of", "descendent-leaf"]),
    st.sampled_from(CODES),
)
COLOUR_FILTERS = st.tuples(
    st.just("colour"), st.sampled_from(["=", "in", "not-in", "regex"]), st.sampled_from(COLOURS)
)
EXISTS_FILTERS = st.tuples(st.just("colour"), st.just("exists"), st.sampled_from(["true", "false"]))
FILTERS = st.one_of(CODE_FILTERS, COLOUR_FILTERS, EXISTS_FILTERS)
CLAUSES = st.one_of(
    st.just(("whole", None)),
    st.lists(st.sampled_from([*CODES, "unknown"]), min_size=1, unique=True).map(
        lambda codes: ("codes", codes)
    ),
    st.lists(FILTERS, min_size=1, max_size=2).map(lambda rules: ("filters", rules)),
)
COMPOSES = st.tuples(
    st.lists(CLAUSES, min_size=1, max_size=2),
    st.lists(CLAUSES, max_size=2),
    st.sampled_from([None, True, False]),
)


def as_clause(clause):
    kind, content = clause
    if kind == "codes":
        return {"system": URL, "concept": [{"code": code} for code in content]}
    if kind == "filters":
        rules = [{"property": name, "op": op, "value": value} for name, op, value in content]
        return {"system": URL, "filter": rules}
    return {"system": URL}


def value_set(composed, url="http://example.org/vs"):
    includes, excludes, inactive = composed
    compose = {"include": [as_clause(clause) for clause in includes]}
    compose |= {"exclude": [as_clause(clause) for clause in excludes]} if excludes else {}
    compose |= {} if inactive is None else {"inactive": inactive}
    return {"resourceType": "ValueSet", "url": url, "status": "active", "compose": compose}


def holds(rows, code, rule):
    name, op, value = rule
    parents, colours, _ = rows[code]
    if name == "colour":
        has = value in colours
        return {"=": has, "in": has, "regex": has, "not-in": not has}.get(
            op, bool(colours) == (value == "true")
        )
    below = value in above(rows, code)
    return {
        "is-a": below,
        "is-not-a": not below,
        "descendent-of": below and code != value,
        "generalizes": code in above(rows, value),
        "child-of": value in parents,
        "descendent-leaf": below and code != value and not any(code in row[0] for row in rows.values()),
    }[op]


def taken(rows, code, clause):
    kind, content = clause
    if kind == "whole":
        return True
    return code in content if kind == "codes" else all(holds(rows, code, rule) for rule in content)


def members(rows, composed):
    """The value set by its definition."""
    includes, excludes, inactive = composed
    return {
        code
        for code, row in rows.items()
        if any(taken(rows, code, clause) for clause in includes)
        and not any(taken(rows, code, clause) for clause in excludes)
        and not (inactive is False and row[2])
    }


def flat(entries):
    for entry in entries:
        yield entry.code
        yield from flat(entry.children)


@given(concepts(), COMPOSES, st.booleans())
@settings(max_examples=120, deadline=None)
def test_an_expansion_has_each_member_once_however_it_is_nested(rows, composed, nested):
    library = ResourceLibrary([system(rows)])
    answer = expand(library, value_set(composed), Options(exclude_nested=not nested))
    codes = list(flat(answer.entries))
    assert sorted(codes) == sorted(members(rows, composed))
    assert answer.total == len(codes)


@given(concepts(), COMPOSES, st.sampled_from(["coding", "concept"]))
@settings(max_examples=80, deadline=None)
def test_a_code_is_valid_just_where_it_is_in_the_expansion(rows, composed, form):
    ask = checker(ResourceLibrary([system(rows)]), value_set(composed))
    inside = members(rows, composed)
    for code in [*CODES, "unknown"]:
        row = {"system": URL, "code": code}
        answer = (
            ask.coding(Coding(URL, code)) if form == "coding" else ask.codeable_concept({"coding": [row]})
        )
        assert answer.result == (code in inside)
        assert answer.result or answer.message


@given(concepts(), COMPOSES, st.sampled_from([None, "Name of c1", "name of C1", "Nothing"]))
@settings(max_examples=60, deadline=None)
def test_a_code_is_told_alike_however_it_is_asked(rows, composed, display):
    ask = checker(ResourceLibrary([system(rows)]), value_set(composed))
    for code in CODES:
        row = {"system": URL, "code": code} | ({} if display is None else {"display": display})
        one, other = ask.coding(Coding(URL, code, None, display)), ask.codeable_concept({"coding": [row]})
        assert one.result == other.result
        assert [issue.text() for issue in one.issues if issue.kind.tx != "not-in-vs"] == [
            issue.text() for issue in other.issues if "not-in-vs" not in issue.kind.tx
        ]
        if other.code is not None:
            assert (one.display, one.version, one.inactive) == (other.display, other.version, other.inactive)


@given(concepts(), COMPOSES, COMPOSES)
@settings(max_examples=60, deadline=None)
def test_imports_meet_and_are_taken_away(rows, first, second):
    library = ResourceLibrary([
        system(rows), value_set(first, "http://example.org/1"), value_set(second, "http://example.org/2")
    ])  # fmt: skip
    both = {"include": [{"valueSet": ["http://example.org/1", "http://example.org/2"]}]}
    less = {
        "include": [{"valueSet": ["http://example.org/1"]}], "exclude": [{"valueSet": ["http://example.org/2"]}]
    }  # fmt: skip
    one, other = members(rows, first), members(rows, second)
    for compose, wanted in ((both, one & other), (less, one - other)):
        given_ = {"resourceType": "ValueSet", "url": "http://example.org/3", "compose": compose}
        assert set(flat(expand(library, given_).entries)) == wanted
        ask = checker(library, given_)
        assert {code for code in CODES if ask.coding(Coding(URL, code)).result} == wanted


@given(concepts(), COMPOSES, st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_pages_together_are_the_whole(rows, composed, size):
    library = ResourceLibrary([system(rows)])
    whole = [
        entry.code for entry in expand(library, value_set(composed), Options(exclude_nested=True)).entries
    ]
    pages = [
        expand(library, value_set(composed), Options(count=size, offset=start))
        for start in range(0, len(whole) + size, size)
    ]
    assert [entry.code for page in pages for entry in page.entries] == whole
    assert {page.total for page in pages} == {len(whole)}


@given(concepts(), COMPOSES, st.sampled_from(["c1", "name", "c", "name c2", "nothing"]))
@settings(max_examples=50, deadline=None)
def test_a_text_keeps_what_has_all_its_words(rows, composed, text):
    library = ResourceLibrary([system(rows)])
    found = set(flat(expand(library, value_set(composed), Options(text=text)).entries))
    names = {code: f"name of {code}" for code in members(rows, composed)}
    assert found == {code for code, name in names.items() if all(word in name for word in text.split())}


@given(concepts(), st.sampled_from(CODES), st.sampled_from(CODES))
@settings(max_examples=80, deadline=None)
def test_subsumption_is_ancestry(rows, one, other):
    answer = subsumes(ResourceLibrary([system(rows)]), Coding(URL, one), Coding(URL, other))
    expected = "equivalent" if one == other else "not-subsumed"
    if one != other and one in above(rows, other):
        expected = "subsumes"
    elif one != other and other in above(rows, one):
        expected = "subsumed-by"
    assert answer == expected


@given(concepts(), concepts(), st.booleans(), st.booleans())
@settings(max_examples=50, deadline=None)
def test_two_editions_stay_apart_unless_they_are_to_match(first, second, drop, match):
    rows = {code: row for code, row in second.items() if not (drop and code == "c7")}
    library = ResourceLibrary([system(first, "1"), system(rows, "2")])
    extension = {
        "url": "http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter",
        "extension": [{"url": "name", "valueCode": "versionsMatch"}, {"url": "value", "valueBoolean": match}],
    }
    compose = {
        "extension": [extension],
        "include": [{"system": URL, "version": "1"}, {"system": URL, "version": "2"}],
    }
    answer = expand(
        library,
        {"resourceType": "ValueSet", "url": "http://example.org/v", "compose": compose},
        Options(exclude_nested=True),
    )
    found = {(entry.code, entry.version) for entry in answer.entries}
    both = {(code, "1") for code in first} | {(code, "2") for code in rows}
    merged = {(code, "2" if code in rows else "1") for code in {**first, **rows}}
    assert found == (merged if match else both)
