"""Types and parameters: what is told is what the server does, and every example can be asked."""

import re
import tomllib
from importlib.resources import files

import pytest
from starlette.testclient import TestClient

from camphora.fhir import definitions
from camphora.fhir.registry import Registry
from camphora.fhir.search import parse_query
from camphora.fhir.search.values import MODIFIERS
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.web.fhir.interactions import is_kept
from camphora.web.implementers.parameters import told
from camphora.web.implementers.reasons import account

KEPT = sorted(filter(is_kept, definitions.resource_types()))


@pytest.mark.parametrize("name", KEPT)
def test_every_example_can_be_asked_and_has_an_account(name):
    rows = told(name, Registry.bundled())
    assert {"_id", "_lastUpdated"} < {each.code for each in rows}
    for each in rows:
        query = parse_query(name, [(each.written, each.example)], strict=True)
        assert len(query.clauses) == 1, each
        assert account(query).steps, each


def test_all_types_are_listed_with_what_the_statement_says(world):
    browser = world.browser("clinician")
    text = browser.words("/implementers")
    stated = browser.get("/fhir/metadata").json()["rest"][0]["resource"]
    assert f"資源類型（{len(stated)} 種）" in text
    patient = next(each for each in stated if each["type"] == "Patient")
    page = browser.words("/implementers/types/Patient")
    assert f"查詢參數（{len(patient['searchParam'])} 個）" in page
    assert f"臺灣核心規範（{len(patient['supportedProfile'])} 項）" in page
    for each in patient["searchParam"]:
        assert f" {each['name']} " in page, each["name"]


def test_a_word_narrows_the_list(world):
    text = world.browser("clinician", "en").words("/implementers?q=observ")
    listed = set(re.findall(r"\b[A-Z][A-Za-z]+\b", text))
    assert {"Observation", "ObservationDefinition"} <= listed
    assert "MedicationRequest" not in listed


def test_an_unknown_type_is_said_to_be_unknown(world):
    assert world.browser("clinician").get("/implementers/types/Nothing").status_code == 404
    assert world.browser("clinician").get("/implementers/search/Parameters").status_code == 404


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
@pytest.mark.parametrize("kind", sorted(MODIFIERS))
def test_the_help_of_a_kind_names_all_its_modifiers_and_no_other(lang, kind):
    found = tomllib.loads(
        files("camphora.web").joinpath(f"words/{lang}/implementers.toml").read_text("utf-8")
    )
    how = found["implementers"]["how"][kind]
    assert set(re.findall(r"(?<!\w):([a-z-]+)", how)) == MODIFIERS[kind]


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_the_help_of_a_parameter_says_what_it_looks_at(world, lang):
    text = world.browser("clinician", lang).words("/implementers/search/Observation")
    assert "Observation.effective" in text
    assert "Search Results" not in text


def test_definitions_that_are_kept_and_declare_nothing_are_shown_with_the_reason(fresh):
    def declared(name, kind):
        return {
            "resourceType": "SearchParameter", "id": name, "url": f"https://example.org/{name}", "name": "S",
            "status": "active", "description": "-", "code": "status", "base": ["Observation"], "type": kind,
            "expression": "Observation.status",
        }  # fmt: skip

    rows = [
        declared("same", "token"),
        declared("other", "string"),
        {**declared("own", "token"), "code": "own-status"},
    ]
    fresh.installation.store.write(loading("t"), [Put(row) for row in rows])
    page = fresh.browser("clinician").words("/implementers/types/Observation")
    assert "照存而不另宣告之定義（2 項）" in page
    assert "https://example.org/own" not in page
    assert "Observation 已有同類型（token）的查詢參數「status」" in page
    assert "類型為 token（http://hl7.org/fhir/SearchParameter/Observation-status）" in page
    english = fresh.browser("clinician", "en").words("/implementers/types/Observation")
    assert "Kept, declaring nothing (2)" in english
    assert "declares nothing, searches go by the one that was there" in english
    assert "照存而不另宣告" not in fresh.browser("clinician").words("/implementers/types/Patient")
    assert fresh.browser("analyst").get("/implementers/types/Observation").status_code == 200
    assert TestClient(fresh.app).get("/implementers/types/Observation").status_code == 200
