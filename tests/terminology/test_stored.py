"""Code systems of the file against the same resources held in memory: every question, the same answer."""

import json
import random
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.formats.fold import fold
from camphora.terminology.loaders import load
from camphora.terminology.operations.resources import ResourceCodeSystem
from camphora.terminology.stored_library import StoredLibrary
from camphora.terminology.systems import Filter

URL = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/"
WORDS = (
    "診所",
    "聯合",
    "panadol",
    "tablet",
    "台北",
    "mg",
    "膠",
    "500",
    "B12",
    "內科診所",
    "濃縮",
    "%",
    '"',
    "ab cd",
)
CODES = [f"c{number}" for number in range(12)]
VALUES = ("red", "blue", "green")
OPS = (
    "is-a",
    "descendent-of",
    "is-not-a",
    "generalizes",
    "child-of",
    "descendent-leaf",
    "=",
    "in",
    "not-in",
    "exists",
)


def system(seed):
    """A code system of twelve codes: several parents, properties, designations, inactive and abstract ones."""
    chance = random.Random(seed)
    concepts = []
    for number, code in enumerate(CODES):
        above = chance.sample(CODES[:number], min(number, chance.choice((0, 1, 1, 2))))
        said = [{"code": "parent", "valueCode": parent} for parent in above]
        said += [{"code": "colour", "valueString": value} for value in VALUES if chance.random() < 0.3]
        said += [{"code": "inactive", "valueBoolean": True}] if chance.random() < 0.2 else []
        said += [{"code": "notSelectable", "valueBoolean": True}] if chance.random() < 0.2 else []
        row = {"code": code, "display": chance.choice(("Salt", "鹽水", "Water")), "property": said}
        row["designation"] = [{"language": "zh-TW", "value": "生理食鹽水"}] if number % 3 == 0 else []
        row["definition"] = "What it is" if number % 2 else "Other"
        concepts.append({key: value for key, value in row.items() if value})
    properties = [{"code": "parent", "type": "code"}, {"code": "colour", "type": "string"}]
    return {
        "resourceType": "CodeSystem", "url": f"urn:test:{seed}", "version": "1", "status": "active",
        "content": "complete", "caseSensitive": bool(seed % 2), "property": properties, "concept": concepts,
    }  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory, built):
    import shutil

    from camphora.terminology import Terminology

    folder = tmp_path_factory.mktemp("stored")
    path = folder / "t.sqlite"
    shutil.copy(built, path)
    for seed in range(12):
        (folder / "cs.json").write_text(json.dumps(system(seed), ensure_ascii=False))
        load(path, folder / "cs.json")
    opened = Terminology.open(path)
    yield StoredLibrary(opened)
    opened.close()


seeds = st.integers(0, 11)
rules = st.builds(
    Filter,
    st.sampled_from(
        ("concept", "code", "colour", "parent", "child", "display", "definition", "inactive", "status")
    ),
    st.sampled_from(OPS),
    st.sampled_from((*CODES, *VALUES, "true", "false", "c1,c3,c5", "red, blue", "Salt", "nothing")),
).filter(lambda rule: rule.op != "exists" or rule.value in ("true", "false"))


def refused(ask):
    try:
        return ask()
    except Invalid as error:
        return error.code


@pytest.mark.parametrize("seed", range(12))
def test_concepts_and_their_neighbours_are_the_same(library, seed):
    held, plain = library.code_system(f"urn:test:{seed}"), ResourceCodeSystem(system(seed))
    assert len(held) == len(plain)
    assert sorted(held.roots()) == sorted(plain.roots())
    for code in CODES:
        assert held.concept(code) == plain.concept(code)
        assert sorted(held.children(code)) == sorted(plain.children(code))
        assert sorted(held.parents(code)) == sorted(plain.parents(code))
        assert [held.is_a(code, other) for other in CODES] == [plain.is_a(code, other) for other in CODES]
    assert (held.concept("C1") is None) == (plain.concept("C1") is None)
    assert held.about == {key: value for key, value in system(seed).items() if key != "concept"}


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=seeds,
    asked=st.lists(rules, max_size=2),
    text=st.sampled_from(("", "鹽", "食鹽", "salt", "c1", "Wat er")),
)
def test_filters_pass_the_same_concepts(library, seed, asked, text):
    held, plain = library.code_system(f"urn:test:{seed}"), ResourceCodeSystem(system(seed))
    found = refused(lambda: sorted(one.code for one in held.concepts(asked, text)))
    assert found == refused(lambda: sorted(one.code for one in plain.concepts(asked, text)))
    if isinstance(found, list):
        assert held.count(asked, text) in {None, len(found)}
        passing = [code for code in CODES if held.passes(code, asked)]
        assert passing == [code for code in CODES if plain.passes(code, asked)]


def test_a_regular_expression_covers_a_whole_value(library):
    held = library.code_system("urn:test:1")
    assert [one.code for one in held.concepts([Filter("code", "regex", "c1.?")])] == ["c1", "c10", "c11"]
    assert held.count([Filter("code", "regex", "c1.?")]) is None
    with pytest.raises(Invalid, match="terminology-regex"):
        next(held.concepts([Filter("code", "regex", "(")]))


@cache
def names(terms, name):
    """(code, folded code and names) of every concept of a bundled system."""
    sql = "SELECT code, zh, en FROM concept WHERE edition = (SELECT id FROM edition WHERE url = ?)"
    return [(code, fold(f"{code} {zh} {en}")) for code, zh, en in terms.readers.rows(sql, (URL + name,))]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "name", ["medication-nhi-tw", "organization-identifier-tw", "nhi-medication-ch-herb-tw"]
)
def test_a_text_finds_what_looking_at_every_name_finds(library, terms, name, word):
    held = library.code_system(URL + name)
    found = [one.code for one in held.concepts(text=word)]
    expected = {code for code, text in names(terms, name) if all(part in text for part in fold(word).split())}
    assert len(found) == len(set(found)) == held.count(text=word)
    assert set(found) == expected


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 36_000), length=st.integers(1, 6), at=st.integers(0, 8))
def test_any_part_of_a_name_finds_the_name(terms, start, length, at):
    row = terms.readers.rows("SELECT code, folded FROM concept WHERE edition = 2 LIMIT 1 OFFSET ?", (start,))[
        0
    ]
    part = row[1][11 + at : 11 + at + length].strip()
    found = terms.search(part, URL + "organization-identifier-tw", 40_000)
    assert not part or row[0] in {term.code for term in found}
