import lzma
import threading
from importlib.resources import files

import orjson
import pytest

from camphora.fhir import definitions, structure
from camphora.fhir.packages import BUNDLED, Guides, dependencies, not_carried, package, read
from camphora.fhir.packages.dependencies import matches
from camphora.fhir.packages.guides import order
from packages.archives import SYSTEM, guide

R4 = "http://hl7.org/fhir/"
COLOURS = SYSTEM["url"]


@pytest.fixture(scope="module")
def guides():
    return Guides.bundled()


def edition(version, name="org.example.ig", **system):
    body = {**SYSTEM, "version": version, **system}
    return read(guide({"package/CodeSystem-colours.json": body}, name=name, version=version))


def test_base_r4_comes_first_and_holds_every_type(guides):
    assert [p.name for p in guides.packages] == list(BUNDLED)
    for name, definition in definitions.types().items():
        found = guides.find(f"{R4}StructureDefinition/{name}")
        assert (found["type"], found["abstract"]) == (name, definition.abstract)


def test_base_snapshots_carry_what_validation_asks(guides):
    rows = {e["id"]: e for e in guides.find(R4 + "StructureDefinition/Observation")["snapshot"]["element"]}
    keys = {c["key"] for c in rows["Observation"]["constraint"]}
    assert {"obs-6", "obs-7", "dom-2", "dom-6"} <= keys
    assert rows["Observation.status"]["binding"]["valueSet"] == R4 + "ValueSet/observation-status|4.0.1"
    assert rows["Observation.subject"]["type"][0]["targetProfile"]
    assert all(c["expression"] and c["severity"] for c in rows["Observation"]["constraint"])
    assert "mapping" not in rows["Observation.status"]
    assert "definition" not in rows["Observation.status"]


def test_a_version_may_be_asked_for_and_the_newest_is_taken_otherwise():
    old, new = edition("1.9.0"), edition("1.10.0-ballot")
    guides = Guides([new, old, edition("1.10.0")])
    assert guides.find(COLOURS)["version"] == "1.10.0"
    assert guides.find(COLOURS + "|1.9.0")["version"] == "1.9.0"
    assert guides.find(COLOURS + "|2.0.0") is None
    assert guides.package_of(COLOURS + "|1.10.0-ballot") is new


def test_earlier_packages_win_where_versions_are_equal():
    first, second = edition("1.0.0"), edition("1.0.0", name="org.other")
    assert Guides([first]).also([second]).package_of(COLOURS) is first


def test_versions_are_ordered_as_numbers_previews_first_dates_before_numbers():
    wanted = [
        "",
        "2014-03-26",
        "2018-08-12",
        "0.9",
        "1.0.0-ballot",
        "1.0.0",
        "1.0.0.1",
        "1.9.0",
        "1.10.0",
        "10",
    ]
    shuffled = sorted(wanted, key=hash)
    assert sorted(shuffled, key=order) == wanted


def test_every_definition_comes_by_its_type(guides):
    assert sum(1 for _ in guides.all("StructureDefinition")) == 655 + 95 + 132
    assert {r["resourceType"] for r in guides.all("ConceptMap")} == {"ConceptMap"}
    assert len([r for r in guides.all("CodeSystem") if "nhicore" in r["url"]]) == 19


def test_a_shared_value_is_read_once_and_a_fresh_one_each_time():
    core = package("tw.gov.mohw.twcore")
    url = next(core.definitions("StructureDefinition"))["url"]
    assert core.by_url(url) is core.by_url(url)
    assert next(core.definitions("StructureDefinition")) is not next(core.definitions("StructureDefinition"))


def test_many_threads_may_read_at_once(guides):
    urls = [e.url for e in guides.packages[0].entries if e.type == "StructureDefinition"][::40]
    wrong = []

    def ask():
        wrong.extend(url for url in urls * 5 if guides.find(url)["url"] != url)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("name", BUNDLED)
def test_a_kept_file_is_plain_ndjson_to_any_other_tool(name):
    data = files(definitions.__name__).joinpath(f"{name}.ndjson.xz").read_bytes()
    first, *rows = lzma.decompress(data).splitlines()
    assert orjson.loads(first)["manifest"]["name"] == name
    assert [orjson.loads(row)["resourceType"] for row in rows] == [e.type for e in package(name).entries]


def test_long_term_care_is_a_package_with_examples_and_forms():
    care = package("tw.iii.ltc")
    assert (care.version, care.licence) == ("1.0.0", "CC0-1.0")
    assert len(list(care.definitions("StructureDefinition"))) == 132
    assert len(list(care.definitions("CodeSystem"))) == 31
    assert len(list(care.definitions("Questionnaire"))) == 2
    assert len(list(care.examples())) == 155


def test_the_verdicts_of_the_guide_name_each_of_its_resources():
    from pathlib import Path

    care = package("tw.iii.ltc")
    path = Path(__file__).parent / "data" / "tw.iii.ltc-1.0.0" / "validation-summary.json"
    assert {f"{e.type}/{e.id}" for e in care.entries} == set(orjson.loads(path.read_bytes()))


def test_prior_authorisation_says_that_it_is_a_part():
    pas = package("tw.gov.mohw.nhi.pas")
    assert "profile" in pas.partial["zh-TW"]
    assert {e.type for e in pas.entries} == {"CodeSystem", "ConceptMap"}
    (found,) = pas.definitions("ConceptMap")
    elements = found["group"][0]["element"]
    assert sum(len(e["target"]) for e in elements) == 806
    assert len({e["code"] for e in elements}) == len(elements)
    assert not any("display" in t for e in elements for t in e["target"])


def test_carried_definitions_of_taiwan_are_right_r4():
    for name in ("tw.iii.ltc", "tw.gov.mohw.nhi.pas", "tw.gov.mohw.twcore"):
        faulty = {r["id"]: structure.check(r) for r in package(name).definitions()}
        assert {key: found for key, found in faulty.items() if found} == {}


def test_no_list_of_snomed_is_carried_by_any_package(guides):
    for value_set in guides.all("ValueSet"):
        compose = value_set.get("compose", {})
        for part in [*compose.get("include", []), *compose.get("exclude", [])]:
            if part.get("system") == "http://snomed.info/sct":
                assert "concept" not in part
    marked = [
        v for v in guides.all("ValueSet") if any(map(not_carried, v.get("compose", {}).get("include", [])))
    ]
    assert len(marked) == 49


def test_a_group_of_a_map_that_is_not_carried_is_said(guides):
    marked = [m["id"] for m in guides.all("ConceptMap") if not_carried(m)]
    assert len(marked) >= 4
    assert all(
        "SNOMED CT not carried" in m.get("description", "")
        for m in guides.all("ConceptMap")
        if not_carried(m)
    )


@pytest.mark.parametrize(
    ("version", "asked", "fits"),
    [
        ("1.0.0", "1.0.0", True), ("1.0.1", "1.0.0", False), ("1.0.4", "1.0.x", True), ("1.1.0", "1.0.x", False),
        ("1.4.2", "1.x", True), ("2.0.0", "1.x", False), ("3.0.0", "latest", True), ("0.1.0", "dev", True),
        ("0.1.0", "current", True), ("1.0.0-ballot", "1.0.x", False), ("1.0.0-ballot", "1.0.0-ballot", True),
        ("1.0", "1.0.0", False), ("1.0.0+b7", "1.0.0", True), ("1.0.0", "1.0", False), ("9", "*", True),
    ],
)  # fmt: skip
def test_versions_fit_as_the_package_specification_says(version, asked, fits):
    assert matches(version, asked) is fits


def test_dependencies_are_answered_and_what_is_missing_is_named():
    met, missing, aliased = dependencies(
        read(
            guide(
                dependencies={
                    "tw.gov.mohw.twcore": "0.3.x", "org.none": "1.0.0", "old@npm:tw.iii.ltc": "1.0.0",
                }
            )
        ),
        Guides.bundled().packages,
    )  # fmt: skip
    assert (met.found, met.stands_in, met.notice()) == ("0.3.2", False, None)
    assert missing.notice().code == "packages-dependency-missing"
    assert "org.none#1.0.0" in missing.notice().text("zh-TW")
    assert (aliased.name, aliased.found) == ("tw.iii.ltc", "1.0.0")


def test_another_version_that_stands_in_is_told_by_both_names():
    care = package("tw.iii.ltc")
    core = next(d for d in dependencies(care, Guides.bundled().packages) if d.name == "tw.gov.mohw.twcore")
    assert (core.asked, core.found, core.stands_in) == ("1.0.0", "0.3.2", True)
    assert "#1.0.0" in core.notice().text("en")
    assert "#0.3.2" in core.notice().text("en")


def test_the_newest_fitting_version_answers():
    loaded = [edition(version) for version in ("1.0.9", "1.0.10", "1.1.0")]
    asks = read(guide(name="org.asks", dependencies={"org.example.ig": "1.0.x"}))
    assert dependencies(asks, loaded)[0].found == "1.0.10"
