"""R4's tables of each parameter type (search.html), one line for each data type that a type of parameter can search."""

import math

import pytest

from camphora.fhir.dates import EARLIEST, LATEST, span
from camphora.fhir.emit import EMITTERS, IndexValues, Leaf, emitter
from camphora.fhir.readings import BOOLEANS
from camphora.fhir.sounds import sounds

CODING = {"system": "urn:s", "code": "c", "display": "Ｄisplay"}
TYPED = {
    "system": "urn:n",
    "value": "7",
    "type": {"coding": [{"system": "urn:t", "code": "MR"}], "text": "病歷號"},
}
YEAR = span("2024")
UCUM = "http://unitsofmeasure.org"
KG = {"value": 2, "unit": "kg", "system": UCUM, "code": "kg"}
MASS = [("", 2.0, 2.0), (f"{UCUM}|g", 2000.0, 2000.0), ("|kg", 2.0, 2.0)]
CASES = {
    ("token", "CodeableConcept"): [
        ({"coding": [CODING, {"code": "d"}, {"system": "urn:s"}], "text": "文字"}, {
            "tokens": [("p", "urn:s", "c"), ("p", None, "d")],
            "strings": [("p:text", "display"), ("p:text", "文字")]}),
        ({"text": "文字"}, {"strings": [("p:text", "文字")]}),
    ],
    ("token", "Coding"): [(CODING, {"tokens": [("p", "urn:s", "c")], "strings": [("p:text", "display")]})],
    ("token", "Identifier"): [
        (TYPED, {"tokens": [("p", "urn:n", "7"), ("p:of-type", "urn:t", "MR|7")], "strings": [("p:text", "病歷號")]}),
        ({"system": "urn:n"}, {}),
    ],
    ("token", "ContactPoint"): [({"system": "phone", "value": "02"}, {"tokens": [("p", None, "02")]})],
    ("token", "boolean"): [
        (True, {"tokens": [("p", BOOLEANS, "true")]}), (False, {"tokens": [("p", BOOLEANS, "false")]}),
    ],
    **{("token", of): [("x", {"tokens": [("p", None, "x")]})]
       for of in ("code", "id", "string", "uri", "url", "oid", "uuid", "canonical")},
    **{("uri", of): [("urn:x", {"tokens": [("p", None, "urn:x")]})] for of in ("uri", "url", "oid", "uuid")},
    ("uri", "canonical"): [("urn:x|1", {"tokens": [("p", None, "urn:x|1"), ("p", None, "urn:x")]})],
    ("reference", "Reference"): [
        ({"reference": "Patient/1"}, {"references": [("p", "Patient", "1")]}),
        ({"identifier": {"system": "urn:n", "value": "7"}}, {"tokens": [("p:identifier", "urn:n", "7")]}),
        ({"display": "somebody"}, {}),
    ],
    ("reference", "Resource"): [
        ({"resourceType": "Composition", "id": "c"}, {"references": [("p", "Composition", "c")]}),
        ({"resourceType": "Composition"}, {}),
    ],
    **{("reference", of): [("urn:x|1", {"references": [("p", "", "urn:x|1"), ("p", "", "urn:x")]})]
       for of in ("canonical", "uri", "url", "oid", "uuid")},
    **{("date", of): [("2024", {"dates": [("p", *YEAR)]})] for of in ("date", "dateTime")},
    ("date", "instant"): [("2024-01-01T00:00:00Z", {"dates": [("p", 1704067200000, 1704067200999)]})],
    ("date", "Period"): [
        ({"start": "2024"}, {"dates": [("p", YEAR[0], LATEST)]}),
        ({"end": "2024"}, {"dates": [("p", EARLIEST, YEAR[1])]}),
        ({}, {}),
    ],
    ("date", "Timing"): [
        ({"event": ["2024"], "repeat": {"boundsPeriod": {"start": "2023"}}},
         {"dates": [("p", span("2023")[0], LATEST)]}),
        ({"code": {"text": "daily"}}, {}),
    ],
    ("string", "HumanName"): [
        ({"family": "王", "given": ["小明"]}, {
            "strings": [("p", "王"), ("p", "小明"), ("p", "王小明")],
            "tokens": [("p:exact", None, "王"), ("p:exact", None, "小明"), ("p:exact", None, "王小明")]}),
    ],
    ("string", "Address"): [
        ({"city": "臺北市", "line": ["一"]},
         {"strings": [("p", "台北市"), ("p", "一")],
          "tokens": [("p:exact", None, "臺北市"), ("p:exact", None, "一")]}),
    ],
    **{("string", of): [("É", {"strings": [("p", "e")], "tokens": [("p:exact", None, "É")]})]
       for of in ("string", "markdown", "code")},
    ("phonetic", "HumanName"): [
        ({"family": "Wang"}, {"strings": [("p", "w520")]}),
        ({"family": "王", "given": ["小明"]}, {"strings": [("p", "王"), ("p", "小明"), ("p", "王小明")]}),
    ],
    ("phonetic", "string"): [("Taipei Hospital", {"strings": [("p", "t100"), ("p", "h213")]})],
    **{("number", of): [(3, {"numbers": [("p", 3.0, 3.0)]})]
       for of in ("decimal", "integer", "positiveInt", "unsignedInt")},
    ("number", "Range"): [
        ({"low": {"value": 1}}, {"numbers": [("p", 1.0, math.inf)]}),
        ({"high": {"value": 1}}, {"numbers": [("p", -math.inf, 1.0)]}),
        ({}, {}),
    ],
    **{("quantity", of): [(KG, {"quantities": [("p", *row) for row in MASS]}), ({"unit": "kg"}, {})]
       for of in ("Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity")},
    ("quantity", "Money"): [
        ({"value": 5, "currency": "TWD"}, {"quantities": [
            ("p", "", 5.0, 5.0), ("p", "urn:iso:std:iso:4217|TWD", 5.0, 5.0), ("p", "|TWD", 5.0, 5.0)]}),
    ],
    ("quantity", "Range"): [({"low": KG}, {"quantities": [("p", unit, low, math.inf) for unit, low, _ in MASS]})],
    ("quantity", "SampledData"): [
        ({"origin": {"value": 1}, "period": 1, "dimensions": 1, "data": "1 2"}, {"quantities": [("p", "", 2.0, 3.0)]}),
    ],
    ("special", "BackboneElement"): [
        ({"latitude": 25.03, "longitude": 121.5}, {"positions": [("p", 25.03, 121.5)]}),
    ],
}  # fmt: skip
LISTS = [name for name in IndexValues.__slots__ if name not in {"person", "main_date", "labels"}]


@pytest.mark.parametrize(
    ("kind", "of", "value", "rows"), [(*pair, *case) for pair, cases in CASES.items() for case in cases]
)
def test_what_a_data_type_gives_to_a_type_of_parameter(kind, of, value, rows):
    out = IndexValues()
    emitter(kind, of, "", [Leaf("p")])(value, out)
    assert {name: getattr(out, name) for name in LISTS if getattr(out, name)} == rows


def test_every_pair_that_has_a_form_has_a_case():
    assert CASES.keys() == EMITTERS.keys()


def test_a_plain_code_has_the_system_that_its_element_implies():
    out = IndexValues()
    emitter("token", "code", "urn:s", [Leaf("p")])("x", out)
    assert out.tokens == [("p", "urn:s", "x")]


@pytest.mark.parametrize(
    ("name", "code"),
    [("Robert", "r163"), ("Rupert", "r163"), ("Rubin", "r150"), ("Ashcraft", "a261"), ("Tymczak", "t522"),
     ("Pfister", "p236"), ("Honeyman", "h555"), ("Lee", "l000"), ("O'Brien", "o165"), ("Müller", "m460")],
)  # fmt: skip
def test_soundex_as_the_national_archives_say(name, code):
    assert sounds(name) == (code,)


def test_each_word_sounds_by_itself_and_characters_as_they_are():
    assert sounds("Wang Da-Ming 王小明 臺 12 '") == ("w520", "d000", "m520", "王小明", "台")
