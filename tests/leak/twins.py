"""Two installations that differ in one person only: in one she restricts a hospital and has stopped secondary use,
in the other she never was.

Whatever the clinician of that hospital, an analyst or a stranger asks must be answered alike by both. That is the
whole definition of a leak here, so an attack is only a list of requests; no attack says what the answer should be.
"""

from datetime import date

from builders import NOW
from camphora.gate import User
from camphora.policy import Role, choices
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.synth import Country, cast, foundation, population
from leak.ground import Subject, World, opened

TODAY = date(2026, 11, 21)
HOUSEHOLDS = 14


def build(folder, *, she_exists):
    """A world of some households; `she_exists`: with the person, who restricts the hospital, or without her."""
    installation = opened(folder)
    country = Country.load()
    ids = cast(country, 1, 300)
    resources = _resources(country, ids)
    person = _person(resources, ids.citizen)
    kept = resources if she_exists else [r for r in resources if not _hers(r, ids.citizen)]
    installation.store.write(loading("t"), [Put(resource) for resource in kept])
    if she_exists:
        made = [
            choices.restrict(ids.citizen, ids.other_hospital, NOW),
            choices.stop_secondary_use(ids.citizen, NOW),
        ]
        consents = [{**consent, "id": f"choice-{number}"} for number, consent in enumerate(made)]
        installation.store.write(loading("t"), [Put(consent) for consent in consents])
    installation.lake.catch_up()
    identity = installation.gate.identity
    identity.add_user(User("other", "他院醫師", Role.CLINICIAN, organisation=ids.other_hospital), None)
    identity.add_user(User("pharmacist", "他院藥師", Role.PHARMACIST, organisation=ids.other_hospital), None)
    identity.add_user(User("welcome", "主治醫師", Role.CLINICIAN, organisation=ids.hospital), None)
    identity.add_user(User("stranger", "路人", Role.CITIZEN, person=_stranger(resources, ids)), None)
    identity.add_user(User("analyst", "分析人員", Role.ANALYST), None)
    identity.add_user(User("officer", "防疫人員", Role.OFFICER), None)
    identity.add_user(User("manager", "計畫主管", Role.MANAGER), None)
    identity.add_user(User("administrator", "管理者", Role.ADMINISTRATOR), None)
    doctor = installation.gate.access(identity.user("welcome").reader())
    installation.store.read(doctor, "Patient", ids.daughter)
    return World(installation, folder), person


def _resources(country, ids):
    shared = [
        r for r in foundation(country) if ids.hospital[1:] in r["id"] or ids.other_hospital[1:] in r["id"]
    ]
    households = population(country, 300, 1, TODAY)
    people = [
        r for _, household in zip(range(HOUSEHOLDS), households, strict=False) for r in household.resources()
    ]
    return shared + people


def _hers(resource, patient):
    reference = f"Patient/{patient}"
    about = resource.get("subject") or resource.get("patient") or {}
    return about.get("reference") == reference or (resource["resourceType"], resource["id"]) == (
        "Patient",
        patient,
    )


def _stranger(resources, ids):
    known = {ids.citizen, ids.daughter}
    return next(
        r["id"]
        for r in resources
        if r["resourceType"] == "Patient" and r["id"] not in known and not r["id"].startswith(ids.citizen[:4])
    )


def _person(resources, patient):
    body = next(r for r in resources if r["resourceType"] == "Patient" and r["id"] == patient)
    hers = [r for r in resources if _hers(r, patient)]
    condition = next(r for r in hers if r["resourceType"] == "Condition")
    encounter = next(r for r in hers if r["resourceType"] == "Encounter")
    numbers = {identifier["system"]: identifier["value"] for identifier in body["identifier"]}
    chart = next(value for system, value in numbers.items() if "chart" in system)
    name, number = body["name"][0]["text"], numbers["http://www.moi.gov.tw"]
    few = {r["resourceType"]: (r["resourceType"], r["id"]) for r in hers}
    return Subject(
        patient,
        name,
        number,
        chart,
        body["birthDate"],
        condition["code"]["coding"][0]["code"],
        encounter["period"]["start"][:10],
        (("Patient", patient), *(one for kind, one in few.items() if kind != "Patient"), *_last(hers)),
        (name, number),
    )


def _last(hers):
    """A dozen records more, the last one an Observation."""
    kinds = [(r["resourceType"], r["id"]) for r in hers if r["resourceType"] == "Observation"]
    return kinds[:12]
