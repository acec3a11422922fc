"""Scenes of secondary use: stops whole and in part, projects, legal bases, and tables about persons."""

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from unittest.mock import patch

import duckdb
import pytest

from builders import NOW, observation
from camphora.errors import CamphoraError
from camphora.fhir.search import parse_query
from camphora.gate.gate import Grounds
from camphora.gate.projects import Project
from camphora.lake import asking, cutting, follower, sides
from camphora.lake.question import Measure, Question
from camphora.policy import Policy, Purpose, choices
from consented import at_home
from leak.comparing import hold_no_secret, said
from leak.ground import ADA, HOSPITAL
from leak.scenarios import AREA, DAY, FHIR, QUESTIONS, exactly, figures, milliseconds, reader, refused, scene


@scene(("ask", "ask.download", "lake.ask", "lake.follower"), "stopped", "aggregate", "cache", "ended-choice")
def a_stop_holds_in_the_next_answer(make):
    """Asked, stopped, asked again by the same account; resumed; stopped again, with the copies made anew between."""
    world, absent = exactly(make(chosen=False)), exactly(make(there=False, parts=True))
    world.installation.lake.catch_up()
    before, never = figures(world), figures(absent)
    assert before != never
    stop = choices.stop_secondary_use("ada", NOW)
    world.choose("ada-stops", stop)
    assert figures(world) == never
    world.installation.lake.catch_up()
    assert figures(world) == never
    world.choose("ada-stops", choices.ended(stop))
    assert figures(world) == before
    world.installation.lake.catch_up()
    assert figures(world) == before
    world.write(observation("ada-new", "ada", "4548-4", "2026-11-21"))
    world.choose("ada-stops", stop)
    assert figures(world) == never
    world.installation.lake.catch_up()
    assert figures(world) == never


@scene(("lake.follower",), "parts", "stopped")
def no_open_file_holds_her_rows(make):
    """What lies on the disk on the open side, after a stop and a catching-up: nothing of hers; nor any file that the
    manifest no longer names."""
    world = make(chosen=False)
    lake = world.installation.lake
    lake.catch_up()
    assert _of(world, "ada", "open")
    world.choose("ada-stops", choices.stop_secondary_use("ada", NOW))
    lake.catch_up()
    assert _of(world, "bo", "open")
    assert not _of(world, "ada", "open")
    assert _of(world, "ada", "withheld")
    world.write(observation("ada-new", "ada", "4548-4", "2026-11-21"))
    lake.catch_up()
    assert not _of(world, "ada", "open")


def _of(world, person, side):
    """The part files on one side that hold a row of this person."""
    number = world.installation.lake._follower.numbers({person})[person]
    files = (world.folder / "lake/parts").glob(f"*.{side}.*.parquet")
    return [path.name for path in files if _holds(path, number)]


def _holds(path, number):
    columns = {row[0] for row in duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()}
    asked = f"SELECT count(*) FROM '{path}' WHERE person = {number}"
    return "person" in columns and duckdb.sql(asked).fetchall()[0][0] > 0


# A table with a person column is asked through the same sides as a view: tests/lake/test_tables.py holds what it counts


@scene(("ask", "ask.download", "lake.ask", "lake.follower"), "person-table")
def rows_of_a_table_about_persons_are_given_to_nobody(make):
    """No table that is about persons can be read row by row, by any account."""
    world = make()
    lake = world.installation.lake
    about = [name for name, source in lake.tables().items() if source.about_persons]
    assert about
    for by in ("analyst", "officer", "manager", "other", "administrator"):
        access = world.installation.gate.access(world.installation.gate.identity.user(by).reader())
        for name in about:
            with pytest.raises(CamphoraError) as caught:
                lake.rows(access, name)
            assert caught.value.code in {
                "lake-rows-of-persons",
                "records-table-refused",
                "records-type-refused",
            }


# In part, and for projects


def rows(world, view, by="analyst"):
    client = world.client(by)
    answers = [
        client.get(path, params={"view": view, "measure": measure})
        for path in ("/ask", "/ask.json", "/ask.csv")
        for measure in ("rows", "persons")
        if (view, measure) != ("person", "rows")
    ]
    return [said(answer) for answer in answers]


@scene((*QUESTIONS, "lake.follower"), "stopped", "aggregate")
def a_stop_in_part_holds_for_its_category_and_purpose_alone(make):
    """Laboratory values for research: an analyst counts none of hers, a manager's quality work does, and diagnoses are
    counted by both; then another purpose, then all of a category."""
    world, absent = exactly(make(chosen=False)), exactly(make(there=False, parts=True))
    catch_up = world.installation.lake.catch_up
    catch_up()
    views = ("observation", "condition")
    open_to = {(by, view): rows(world, view, by) for by in ("analyst", "manager") for view in views}
    never = {key: rows(absent, key[1], key[0]) for key in open_to}
    assert all(open_to[key] != never[key] for key in open_to)
    for category, purpose, hidden in (
        ("laboratory", "HRESCH", {("analyst", "observation")}),
        ("diagnoses", "HQUALIMP", {("manager", "condition")}),
        (None, "HRESCH", {("analyst", "observation"), ("analyst", "condition")}),
        ("laboratory", None, {("analyst", "observation"), ("manager", "observation")}),
    ):
        stop = choices.stop_part("ada", NOW, category, purpose)
        world.choose("ada-part", stop)
        for _ in range(2):
            for by, view in open_to:
                expected = never if (by, view) in hidden else open_to
                assert rows(world, view, by) == expected[by, view], (category, purpose, by, view)
            catch_up()
        world.choose("ada-part", choices.ended(stop))
    assert {key: rows(world, key[1], key[0]) for key in open_to} == open_to


def count(world, by, *purposes, basis=None):
    """How many persons a question counts, asked by this account for these purposes."""
    gate = world.installation.gate
    access = gate.access(reader(world, by), Purpose.SECONDARY, grounds=Grounds(purposes, basis))
    answer = world.installation.lake.ask(access, Question("person", Measure("persons")))
    return answer.rows[0][-1]


@scene(QUESTIONS, "stopped", "ended-choice", "purpose")
def who_agreed_to_a_project_is_counted_for_it_alone(make):
    world = exactly(make(chosen=False))
    world.installation.lake.catch_up()
    at = milliseconds()
    heart = Project("heart", "心臟研究", "HRESCH", "privacy", at - DAY, at + DAY)
    lung = replace(heart, id="lung", title="肺部研究")
    for project in (heart, lung):
        world.installation.gate.projects.add(project, ["analyst"])
    everybody = count(world, "analyst")
    world.choose("ada-stops", choices.stop_secondary_use("ada", NOW))
    agreed = choices.agree_to_project("ada", heart.code, date(2099, 1, 1), NOW)
    assert count(world, "analyst", heart.code) == everybody - 1
    world.choose("ada-agrees", agreed)
    assert count(world, "analyst", heart.code) == everybody
    assert count(world, "analyst", lung.code) == everybody - 1
    assert count(world, "analyst") == everybody - 1
    assert count(world, "analyst", heart.code, "HRESCH") == everybody - 1
    with pytest.raises(CamphoraError):
        count(world, "manager", heart.code)
    world.choose("ada-agrees", choices.ended(agreed))
    assert count(world, "analyst", heart.code) == everybody - 1
    world.choose("ada-agrees", agreed)
    sides = world.installation.lake._sides
    kept, sides._policy = sides._policy, Policy.taiwan().set({"secondary.consent_types": ["Patient"]})
    assert count(world, "analyst", heart.code) == 1
    sides._policy = kept
    world.installation.gate.projects.end("heart")
    with pytest.raises(CamphoraError):
        count(world, "analyst", heart.code)


# Legal bases


def count_rows(world, by, basis=None):
    """How many Observations a question counts."""
    gate = world.installation.gate
    access = gate.access(reader(world, by), Purpose.SECONDARY, grounds=Grounds(("GOV",), basis))
    return world.installation.lake.ask(access, Question("observation", Measure("rows"))).rows[0][-1]


@scene((*QUESTIONS, "lake.follower"), "stopped", "purpose", "aggregate")
def a_basis_above_the_stops_counts_each_row_once(make):
    """Of those who lie on either side, as if there were no stop, before her rows are laid apart and after."""
    world, at = exactly(make(chosen=False)), milliseconds()
    gate, lake = world.installation.gate, world.installation.lake
    lake.catch_up()
    gate.standings.set("officer", "organisation-kind", ["government"])
    everything = count_rows(world, "officer")
    claim = gate.bases.apply(
        "officer",
        "legal-duty-to-provide",
        "依法律規定有提供資料之義務，函文在卷",
        purposes=["GOV"],
        since=at - 1000,
        until=at + DAY,
        least_reason=4,
    )
    gate.bases.decide(claim.no, "administrator", approved=True)
    world.choose("ada-stops", choices.stop_secondary_use("ada", NOW))
    for _ in range(2):
        assert count_rows(world, "officer", claim.no) == everything > 0
        lake.catch_up()


@scene(QUESTIONS, "scope", "aggregate")
def who_is_limited_to_areas_counts_who_lives_there(make):
    """An area that is none opens nothing beside those that are."""
    world = exactly(make())
    world.write(at_home("in", "臺北市", "信義區"), at_home("out", "新北市", "板橋區"))
    world.installation.lake.catch_up()
    everywhere = count(world, "officer", "GOV")
    for areas, expected in (((AREA,), 1), ((AREA, "99999"), 1), ((AREA, "65000"), 2), (("99999",), None)):
        world.installation.gate.standings.set("officer", "area", areas)
        assert count(world, "officer", "GOV") == expected, areas
    world.installation.gate.standings.set("officer", "area", [])
    assert count(world, "officer", "GOV") == everywhere > 2


@scene((*QUESTIONS, *FHIR), "stopped", "purpose", "claim")
def a_legal_basis_serves_its_applicant_until_its_end(make):
    """It lets an officer count her who stopped, while it is in force; it opens no record and no other's question."""
    world = exactly(make())
    world.installation.lake.catch_up()
    gate, at = world.installation.gate, milliseconds()
    gate.standings.set("officer", "organisation-kind", ["government"])
    without = count(world, "officer", "GOV")
    claim = gate.bases.apply(
        "officer",
        "legal-duty-to-provide",
        "依法律規定有提供資料之義務，函文在卷",
        purposes=["GOV"],
        since=at - 1000,
        until=at + DAY,
        least_reason=4,
    )
    with pytest.raises(CamphoraError):
        count(world, "officer", "GOV", basis=claim.no)
    gate.bases.decide(claim.no, "administrator", approved=True)
    assert count(world, "officer", "GOV", basis=claim.no) == without + 1
    for by, purpose in (("officer", "HRESCH"), ("manager", "GOV"), ("analyst", "GOV")):
        with pytest.raises(CamphoraError):
            count(world, by, purpose, basis=claim.no)
    for path in ("/fhir/Patient/ada", "/fhir/Patient/bo", "/fhir/Condition?patient=ada"):
        for by in ("officer", "other", "analyst"):
            answer = world.client(by).get(path, params={"basis": str(claim.no)})
            assert answer.status_code in {403, 404}, (by, path)
            hold_no_secret([answer], ADA)
    gate.bases.end(claim.no)
    with pytest.raises(CamphoraError):
        count(world, "officer", "GOV", basis=claim.no)
    assert count(world, "officer", "GOV") == without


@scene((*FHIR, "clinic.patient", "clinic.record"), "claim")
def a_basis_that_overrides_no_choice_opens_nobody(make):
    """A referral, approved and in force: who restricted the institution is as absent as without it."""
    world, absent = make(), make(there=False)
    at, pages = milliseconds(), ("/fhir/Patient/{}", "/fhir/Observation?patient={}", "/patients/{}")
    for made in (world, absent):
        bases = made.installation.gate.bases
        claim = bases.apply(
            "other",
            "medical-care-referral",
            "轉診，需前院之病歷摘要",
            purposes=["TREAT"],
            since=at - 1000,
            until=at + DAY,
            least_reason=4,
        )
        bases.decide(claim.no, "administrator", approved=True)
    for path in pages:
        there, never = (
            made.client("other").get(path.format("ada"), params={"basis": str(claim.no)})
            for made in (world, absent)
        )
        assert said(there) == said(never), path
        for name in ("bo", "cyd"):
            answer = world.client("other").get(path.format(name), params={"basis": str(claim.no)})
            assert answer.status_code == 200, (name, path)
    gate, seen = world.installation.gate, parse_query("Observation", [("patient", "ada")], strict=True)
    access = gate.access(reader(world, "other"), Purpose.CARE, grounds=Grounds(basis=claim.no))
    assert access.basis is not None
    assert world.installation.store.search(access, seen).rows == []
    assert world.installation.store.read(access, "Patient", "bo").id == "bo"
    codes = {
        refused(lambda n=name: world.installation.store.read(access, "Patient", n)) for name in ("ada", "zed")
    }
    assert len(codes) == 1
    world.choose("bo-refuses", choices.restrict("bo", HOSPITAL, NOW))
    assert world.installation.store.read(access, "Patient", "bo").id == "bo"


@contextmanager
def ranges_of(persons):
    """Parts of so many persons, as if there were many."""
    with ExitStack() as stack:
        for module in (cutting, sides, follower, asking):
            stack.enter_context(patch.object(module, "SPAN", persons))
        stack.enter_context(patch.object(cutting, "WIDE", 1))
        yield


@scene((*QUESTIONS, "lake.follower"), "stopped", "parts", "aggregate")
def a_stop_is_weighed_in_the_parts_where_she_lies(make):
    """Of persons in many ranges: nobody else's rows are left out, and none is counted twice, before the parts are
    placed anew and after."""
    with ranges_of(2):
        world, absent = exactly(make(chosen=False)), exactly(make(there=False, parts=True))
        for one in (world, absent):
            one.installation.lake.catch_up()
        before, never = rows(world, "observation"), rows(absent, "observation")
        assert before != never
        stop = choices.stop_secondary_use("ada", NOW)
        for choice, expected in ((stop, never), (choices.ended(stop), before), (stop, never)):
            world.choose("ada-stops", choice)
            assert rows(world, "observation") == expected
            world.installation.lake.catch_up()
            assert rows(world, "observation") == expected
