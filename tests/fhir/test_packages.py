import json

import pytest

from camphora.errors import NotFound
from camphora.fhir.packages import Guides, not_carried, package

CORE = "https://twcore.mohw.gov.tw/ig/twcore/"
SNOMED = "http://snomed.info/sct"


def holders(node):
    """Every object that names SNOMED CT as its system or target."""
    if isinstance(node, dict):
        if SNOMED in (node.get("system"), node.get("target"), node.get("source")):
            yield node
        for value in node.values():
            yield from holders(value)
    elif isinstance(node, list):
        for item in node:
            yield from holders(item)


def test_definitions_are_found_by_address_and_version():
    core = package("tw.gov.mohw.twcore")
    patient = core.by_url(CORE + "StructureDefinition/Patient-twcore")
    assert (patient["type"], patient["version"]) == ("Patient", "0.3.2")
    assert core.by_url(CORE + "StructureDefinition/Patient-twcore|0.3.2") is patient
    assert core.by_url(CORE + "StructureDefinition/Patient-twcore|9") is None
    assert core.by_url("http://example.org/none") is None


def test_definitions_come_by_kind():
    core = package("tw.gov.mohw.twcore")
    assert len(list(core.definitions("StructureDefinition"))) == 95
    assert {row["resourceType"] for row in core.definitions()} == {
        "StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap", "SearchParameter",
    }  # fmt: skip


def test_no_snomed_lists_or_displays_are_carried():
    core = package("tw.gov.mohw.twcore")
    found = [row for resource in [*core.definitions(), *core.examples()] for row in holders(resource)]
    assert len(found) > 50
    assert [row for row in found if {"display", "concept", "element"} & row.keys()] == []


def test_what_was_left_out_is_said():
    emptied = package("tw.gov.mohw.twcore").by_url(CORE + "ValueSet/medication-path-sct-tw")
    assert "SNOMED CT not carried" in emptied["description"]
    herbs = package("tw.gov.mohw.twcore").by_url(CORE + "CodeSystem/nhi-medication-ch-herb-tw")
    assert (herbs["content"], "concept" in herbs) == ("not-present", False)


def test_examples_name_profiles_of_the_guide():
    core = package("tw.gov.mohw.twcore")
    named = {url for row in core.examples() for url in row.get("meta", {}).get("profile", [])}
    assert len([url for url in named if core.by_url(url)]) > 30
    assert all(row["id"] for row in core.examples())


def test_an_unknown_package_is_refused_by_name():
    with pytest.raises(NotFound) as caught:
        package("tw.none")
    assert "tw.gov.mohw.twcore" in caught.value.remedy("zh-TW")


def test_each_call_gives_fresh_values():
    core = package("tw.gov.mohw.twcore")
    first = next(core.examples())
    before = json.dumps(first)
    first.clear()
    assert json.dumps(next(core.examples())) == before


def test_an_emptied_list_is_marked_as_not_known():
    emptied = package("tw.gov.mohw.twcore").by_url(CORE + "ValueSet/medication-path-sct-tw")
    marked = [part for part in emptied["compose"]["include"] if not_carried(part)]
    assert [part["system"] for part in marked] == [SNOMED]


def test_every_include_of_snomed_without_codes_is_a_filter_or_the_whole_or_marked():
    for value_set in Guides.bundled().all("ValueSet"):
        for part in value_set.get("compose", {}).get("include", []):
            if part.get("system") == SNOMED:
                assert "concept" not in part
                assert "SNOMED CT not carried" in value_set.get("description", "") or not not_carried(part)
