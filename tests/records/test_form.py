"""The store's form: packed bodies and keys, what is left out of the index, and what a record's own row tells."""

import hashlib
from datetime import date
from importlib.resources import files

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import clinician, observation, people
from camphora.fhir import definitions
from camphora.fhir.extract import extract
from camphora.fhir.search import parse_query
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.records import bodies as packing
from camphora.records.bodies import packed, plain
from camphora.records.keys import Keys, holds, unpacked
from camphora.records.keys import packed as packed_keys
from camphora.records.spans import main_parameter
from camphora.records.unions import COMBINED, asked, narrowed
from camphora.synth import Country, foundation, population

UCUM = "http://unitsofmeasure.org"
SHIPPED = {"1.zdict": "eadd906295d884ce35637b6899326ebf617c4906095985e9029df87ba30ba2ab"}
"""The dictionaries of releases: what they packed must be read for ever."""
NUMBERS = st.lists(st.integers(min_value=0, max_value=1 << 40))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def country():
    """Some households of the synthetic country and its institutions."""
    known = Country.load()
    households = population(known, 40, 11, date(2026, 11, 21))
    return [*list(foundation(known))[:200], *(one for house in households for one in house.resources())]


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), JSON))
def test_a_body_comes_back_byte_for_byte_and_never_longer(resource):
    body = orjson.dumps(resource)
    assert plain(packed(body)) == body
    assert len(packed(body)) <= len(body)


def test_a_body_of_an_older_store_is_read_as_it_stands():
    assert plain(b'{"resourceType":"Patient"}') == b'{"resourceType":"Patient"}'


def test_the_dictionaries_that_were_shipped_are_those():
    folder = files("camphora.records").joinpath("dictionaries")
    found = {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in folder.iterdir()}
    assert found == SHIPPED
    assert f"{packing.PRESENT}.zdict" in found


def test_records_of_people_nobody_trained_on_are_a_seventh_as_long(country):
    whole = [orjson.dumps(one) for one in country]
    assert sum(map(len, map(packed, whole))) * 7 < sum(map(len, whole))


@given(NUMBERS, NUMBERS)
def test_keys_come_back_sorted_and_once(params, terms):
    stored = packed_keys(params, terms)
    assert unpacked(stored) == Keys(tuple(sorted(set(params))), tuple(sorted(set(terms))))
    assert all(holds(stored, param) for param in params)
    assert not holds(stored, (1 << 41))


@given(NUMBERS, NUMBERS)
def test_keys_of_an_older_store_are_read(params, terms):
    stored = orjson.dumps([params, terms])
    assert unpacked(stored) == unpacked(stored.decode()) == Keys(tuple(params), tuple(sorted(terms)))


def test_what_is_left_out_is_what_others_say(country):
    """Of every record: the rows of a combined parameter are those of its parts, of a narrowed one those to its type."""
    compared = 0
    for resource in country:
        kind = resource["resourceType"]
        index = extract(kind)(resource)
        rows = {
            name: [row[1:] for row in rows if row[0] == name]
            for rows in (index.tokens, index.references, index.quantities, index.composites)
            for name in {row[0] for row in rows}
        }
        for code in (*COMBINED.get(kind, {}), *narrowed(kind)):
            sent = asked(kind, code)
            told = [row for each in sent.codes for row in rows.get(each, ())]
            told = [row for row in told if not sent.target or row[0] == sent.target]
            assert set(rows.get(code, ())) == set(told), (kind, code)
            compared += bool(told)
    assert compared > 500


def test_what_is_left_out_is_searched_all_the_same(store):
    panel = {
        **observation("p1", "ada", "85354-9", "2026-02-01"),
        "component": [
            {
                "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}], "text": "Systolic"},
                "valueQuantity": {
                    "value": 120,
                    "unit": "mm Hg",
                    "code": "mm[Hg]",
                    "system": "http://unitsofmeasure.org",
                },
            }
        ],
    }
    store.write(loading("t"), [Put(one) for one in [*people(), panel]])
    for name, value, wanted in (
        ("combo-code", "8480-6", {"o1", "o2", "o4", "p1"}),
        ("combo-value-quantity", "120", {"p1"}),
        ("combo-value-quantity", "120|http://unitsofmeasure.org|mm[Hg]", {"p1"}),
        ("combo-code-value-quantity", "8480-6$120", {"p1"}),
        ("component-code", "8480-6", {"p1"}),
        ("combo-code:text", "systol", {"p1"}),
        ("patient", "Patient/bo", {"o4"}),
        ("combo-code:missing", "true", set()),
    ):
        found = store.search(clinician(), parse_query("Observation", [(name, value)], strict=True))
        assert {row.id for row in found.rows} == wanted, name
    count = "SELECT count(*) FROM posting p JOIN term t ON t.no = p.term JOIN param q ON q.no = t.param AND q.code = ?"
    for code in ("combo-code", "patient"):
        assert next(store._connections.reader().execute(count, (code,))) == (0,)


def test_a_row_tells_its_one_date_and_no_span_repeats_it(store):
    store.write(loading("t"), [Put(one) for one in people()])
    reader = store._connections.reader()
    sql = "SELECT main_length, (SELECT count(*) FROM span s WHERE s.record = r.no) FROM record r WHERE id = ?"
    assert next(reader.execute(sql, ("o1",))) == (86_400_000 - 1, 0)
    assert next(reader.execute(sql, ("ada",))) == (-1, 1)


def test_every_type_with_a_main_date_names_a_date_parameter():
    for kind in definitions.resource_types():
        main = main_parameter(kind)
        assert main is None or definitions.search_parameters(kind)[main].type == "date"
    assert main_parameter("Observation") == "date"


def test_every_composite_fits_into_a_row():
    """Two terms or units, and two ranges: what `pair` has room for."""
    for kind in definitions.resource_types():
        for code, parts in extract(kind).components.items():
            kinds = [part.type for part in parts]
            ranges = sum(each in {"date", "number", "quantity"} for each in kinds)
            assert ranges <= 2, (kind, code)
            assert all(place < 2 for place, each in enumerate(kinds) if each not in {"date", "number"}), (
                kind,
                code,
            )
