"""Attacks that need time: something is chosen, ended, handed out or carried along, and must hold from then on.

A scenario is given a maker of small worlds, changes one and says with AssertionError what leaks. Each is registered
with its kinds and the read paths that it walks."""

import time
from dataclasses import dataclass

from builders import NOW
from camphora.errors import CamphoraError
from camphora.lake.disclosure import Rules
from camphora.policy import choices
from leak import attacks as fhir
from leak import portal_attacks as portal
from leak.attacks import Attack
from leak.comparing import compare, said
from leak.ground import ADA, OTHER

SCENARIOS = []


@dataclass(frozen=True)
class Scene:
    name: str
    kinds: tuple[str, ...]
    paths: tuple[str, ...]
    run: object

    def __str__(self):
        return self.name


def scene(paths, *kinds):
    def registered(function):
        SCENARIOS.append(Scene(function.__name__, kinds, tuple(paths), function))
        return function

    return registered


CLINIC = (*portal.CHART, "clinic.record", "clinic.patients")
READ = (
    fhir.by_address,
    fhir.by_version,
    fhir.by_what_one_holds_already,
    fhir.by_reading_in_bundles,
    portal.by_looking_for_her,
    portal.by_opening_her,
    portal.by_opening_her_records,
    *(
        one.ask
        for kind in ("key", "about", "total", "named-beside")
        for one in fhir.ATTACKS[kind, "fhir.search"]
        if one.by == "other"
    ),
)


class Kept:
    """A world whose client was signed in before."""

    def __init__(self, world, client):
        self.world, self._client = world, client
        self.installation = world.installation

    def client(self, name):
        return self._client


def alike(there, absent, asks, her=ADA, by="other"):
    for ask in asks:
        compare(Attack(ask.__name__, by, ask), (there, absent), her)


def restricts(world, name="later-restricts", organisation=OTHER):
    world.choose(name, choices.restrict("ada", organisation, NOW))


def sees(world, by="other", path="/fhir/Patient/ada"):
    return world.client(by).get(path).status_code == 200


REASON = "昏迷送醫，需查過敏與用藥"
AREA = "63000"
DAY = 86_400_000
FHIR = (*fhir.RECORD, "fhir.search", "fhir.search-post")
QUESTIONS = ("ask", "ask.download", "lake.ask")


def milliseconds():
    return int(time.time() * 1000)


def reader(world, name):
    return world.installation.gate.identity.user(name).reader()


def refused(ask):
    """The code with which it is refused; "" where it is not."""
    try:
        ask()
    except CamphoraError as error:
        return error.code
    return ""


EXACT = Rules(least=1, base=1)


def exactly(world):
    """Without protection of small numbers, so that one person is a difference."""
    world.installation.lake._rules = EXACT
    return world


def figures(world, by="analyst"):
    client, found = world.client(by), []
    for question in (
        {"view": "person", "measure": "persons"},
        {"view": "person", "measure": "persons", "by": "sex"},
        {"view": "condition", "measure": "rows"},
        {"view": "condition", "measure": "persons", "code": "F32.9"},
        {"view": "observation", "measure": "rows"},
        {"view": "encounter", "measure": "persons"},
    ):
        answers = (client.get(path, params=question) for path in ("/ask", "/ask.json", "/ask.csv"))
        found.extend(said(answer) for answer in answers)
    return found


MOTHER = {
    "resourceType": "RelatedPerson",
    "id": "mother",
    "active": True,
    "patient": {"reference": "Patient/kid"},
    "relationship": [
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}]}
    ],
    "extension": [
        {
            "url": "https://camphora.tw/StructureDefinition/stand-in-patient",
            "valueReference": {"reference": "Patient/dan"},
        }
    ],
}
