"""Scenes of who is meant by an actor of a Consent, told by the records of the store: roles, numbers, teams."""

from camphora.policy import choices
from consented import consent, treating
from leak.scenarios import FHIR, scene, sees

IN, OUT, UNTOLD = (False, True), (True, False), (False, False)
"""Whether a record is shown where its person refuses the actor, and where nobody but the actor may read."""
READ = "/fhir/Observation/bo-1"
ME, NUMBER, CODE = "Practitioner/p7", "urn:licence|A1", "urn:code|C1"
ENDED, BEGUN = {"end": "2025-12-31"}, {"start": "2025-01-01"}
TOLD_OTHERWISE = [{"url": "urn:t", "valueBoolean": True}]
"""A modifierExtension that nobody here understands."""


def named(name):
    """A reference by address, or by number."""
    system, found, value = name.partition("|")
    return {"identifier": {"system": system, "value": value}} if found else {"reference": name}


def bearing(name, *numbers, **more):
    kind, _, key = name.partition("/")
    given = [named(number)["identifier"] for number in numbers]
    return {"resourceType": kind, "id": key, **({"identifier": given} if given else {}), **more}


def role(name="PractitionerRole/r", of=ME, at=None, **more):
    place = {"organization": named(at)} if at else {}
    return bearing(name, practitioner=named(of), **place, **more)


def team(*members, name="CareTeam/t", numbers=(), **more):
    listed = [one if isinstance(one, dict) else {"member": named(one)} for one in members]
    given = {"participant": listed} if listed else {}
    return bearing(name, *numbers, **{"status": "active", **given, **more})


def group(*members, **more):
    listed = [one if isinstance(one, dict) else {"entity": named(one)} for one in members]
    return bearing("Group/g", **{"type": "practitioner", "actual": True, "member": listed, **more})


def meaning(name):
    return {"actor": [{"role": choices.RECIPIENT, "reference": named(name)}]}


def shown(world, actor):
    """Whether a record is under a denial of this actor, and where everybody is denied but this one."""
    client, found = world.client("other"), []
    for provision in (treating(**meaning(actor)), treating(provision=[{"type": "permit", **meaning(actor)}])):
        world.choose("bo-says", consent("x", "bo", provision))
        found.append(sees_in(client))
    world.remove("Consent", "bo-says")
    assert sees_in(client)
    return tuple(found)


def sees_in(client):
    status = client.get(READ).status_code
    assert status in {200, 404}
    return status == 200


HERE = {"record": [ME]}
READERS = {
    "a number names those of the type of its record alone": (
        HERE, [bearing(ME, NUMBER), bearing("Organization/h9", NUMBER)], "Organization/h9", OUT,
    ),
    "a number of one's record names another such record": (
        HERE, [bearing(ME, NUMBER), bearing("Practitioner/p9", NUMBER)], "Practitioner/p9", IN,
    ),
    "a number of the account names an organisation": (
        {"identifier": [CODE]}, [bearing("Organization/h9", CODE)], "Organization/h9", IN,
    ),
    "a number of a machine's Device": (
        {"record": ["Device/d"]}, [bearing("Device/d", "urn:udi|1")], "urn:udi|1", IN,
    ),
    "a number of a Device that is a patient's names nobody": (
        {"record": ["Device/d"]},
        [bearing("Device/d", "urn:udi|1", patient=named("Patient/bo"))], "urn:udi|1", OUT,
    ),
    "a number of a team that is over, to which the account belongs, is none of the account's": (
        {"membership": ["CareTeam/t"]}, [team(ME, numbers=[CODE], status="inactive")], CODE, OUT,
    ),
    "a practitioner that is not there is compared by name": (HERE, [], ME, IN),
    "of which one's institution is a part": (
        {"record": ["Organization/icu"]}, [bearing("Organization/icu", partOf=named("Organization/h9"))],
        "Organization/h9", IN,
    ),
    "a role names its institution": (
        {"record": ["PractitionerRole/r"]}, [role(of="Practitioner/p9", at="Organization/h9")],
        "Organization/h9", IN,
    ),
    "a role names its practitioner": (
        {"record": ["PractitionerRole/r"]}, [role(of="Practitioner/p9")], "Practitioner/p9", IN,
    ),
    "a role that is over names no institution": (
        {"record": ["PractitionerRole/r"]}, [role(at="Organization/h9", period=ENDED)], "Organization/h9", OUT,
    ),
    "a role that is not active names no institution": (
        {"record": ["PractitionerRole/r"]}, [role(at="Organization/h9", active=False)], "Organization/h9", OUT,
    ),
    "a role at no institution is held": (HERE, [role()], "PractitionerRole/r", IN),
    "a role at one's own institution is held": (
        HERE, [role(at="Organization/h2", period=BEGUN, active=True)], "PractitionerRole/r", IN,
    ),
    "a role that is over is not held": (
        HERE, [role(at="Organization/h2", period=ENDED)], "PractitionerRole/r", OUT,
    ),
    "a role that is not active is not held": (
        HERE, [role(at="Organization/h2", active=False)], "PractitionerRole/r", OUT,
    ),
    "a role elsewhere is not held here": (
        HERE, [bearing("Organization/h9"), role(at="Organization/h9")], "PractitionerRole/r", OUT,
    ),
    "a role in a department of one's own institution is held": (
        HERE, [bearing("Organization/icu", partOf=named("Organization/h2")), role(at="Organization/icu")],
        "PractitionerRole/r", IN,
    ),
    "a role at another institution of the account is held": (
        {"record": [ME, "Organization/h9"]}, [bearing("Organization/h9"), role(at="Organization/h9")],
        "PractitionerRole/r", IN,
    ),
    "of a role whose record is gone the account still is": (
        {"membership": ["PractitionerRole/r"]}, [], "PractitionerRole/r", IN,
    ),
    "of a role that is not there nobody can tell": (HERE, [], "PractitionerRole/r", UNTOLD),
    "who refuses an institution refuses no practitioner of its name": (
        HERE, [bearing(ME, NUMBER), bearing("Practitioner/h9", NUMBER)], "Organization/h9", OUT,
    ),
}  # fmt: skip
"""Standing of the account, records, the actor, and what is shown."""
TEAMS = {
    "who is listed": ([team(ME)], "CareTeam/t", IN),
    "who is not": ([team("Practitioner/p8")], "CareTeam/t", OUT),
    "by a number that the team bears": ([team(ME, numbers=[CODE])], CODE, IN),
    "a number that another practitioner bears": ([bearing("Practitioner/p8", CODE)], CODE, OUT),
    "a team that is not there": ([], "CareTeam/t", UNTOLD),
    "a team of this patient": ([team(ME, subject=named("Patient/bo"))], "CareTeam/t", IN),
    "a team of another patient": ([team(ME, subject=named("Patient/dan"))], "CareTeam/t", UNTOLD),
    "a team of another patient, of others": (
        [team("Practitioner/p8", subject=named("Patient/dan"))], "CareTeam/t", OUT,
    ),
    "a team of a group": ([team(ME, subject=named("Group/g"))], "CareTeam/t", IN),
    "a team that is over": ([team(ME, period=ENDED)], "CareTeam/t", OUT),
    "a team that is over and told otherwise": (
        [team(ME, period=ENDED, modifierExtension=TOLD_OTHERWISE)], "CareTeam/t", OUT,
    ),
    "a team told otherwise": ([team(ME, modifierExtension=TOLD_OTHERWISE)], "CareTeam/t", UNTOLD),
    "a team that lists nobody": ([team()], "CareTeam/t", UNTOLD),
    "a membership that is over": ([team({"member": named(ME), "period": ENDED})], "CareTeam/t", OUT),
    "a membership that is over and told otherwise": (
        [team({"member": named(ME), "period": ENDED, "modifierExtension": TOLD_OTHERWISE})], "CareTeam/t", OUT,
    ),
    "a membership told otherwise": (
        [team({"member": named(ME), "modifierExtension": TOLD_OTHERWISE})], "CareTeam/t", UNTOLD,
    ),
    "a member told in words alone": ([team({"member": {"display": "護理師"}})], "CareTeam/t", UNTOLD),
    "a team in it": ([team(ME, name="CareTeam/u"), team("CareTeam/u")], "CareTeam/t", IN),
    "a team in it, of others": (
        [team("Practitioner/p8", name="CareTeam/u"), team("CareTeam/u")], "CareTeam/t", OUT,
    ),
    "a team in it that is not there": ([team("CareTeam/u")], "CareTeam/t", UNTOLD),
    "two teams in each other": (
        [team("CareTeam/t", name="CareTeam/u"), team("CareTeam/u", "Practitioner/p8")], "CareTeam/t", OUT,
    ),
    "who is listed in a group": ([group(ME)], "Group/g", IN),
    "who is no more": ([group({"entity": named(ME), "inactive": True})], "Group/g", OUT),
}  # fmt: skip
"""Records, the actor, and what is shown to who stands for `ME`."""


def _is_meant(world, standing, records, actor):
    """What is shown to an account of this standing, with these records, which are taken away again."""
    standings = world.installation.gate.standings
    for kind, values in standing.items():
        standings.set("other", kind, values)
    world.write(*records)
    found = shown(world, actor)
    for record in records:
        world.remove(record["resourceType"], record["id"])
    for kind in standing:
        standings.set("other", kind, [])
    return found


@scene(FHIR, "scope", "cache")
def a_reader_is_whom_the_records_say(make):
    world = make()
    for said, (*case, expected) in READERS.items():
        assert _is_meant(world, *case) == expected, said


@scene(FHIR, "scope", "cache")
def who_is_in_a_team_is_whom_the_records_say(make):
    world = make()
    for said, (*case, expected) in TEAMS.items():
        assert _is_meant(world, HERE, *case) == expected, said


@scene(FHIR, "scope")
def a_team_that_stands_in_another_is_asked_by_itself_too(make):
    """One Consent denies a team that holds another, of records that nobody has; a second denies that other."""
    world = make()
    world.installation.gate.standings.set("other", "record", [ME])
    world.write(team(ME, name="CareTeam/u"), team("CareTeam/u"))
    none = [{"coding": [{"system": "http://loinc.org", "code": "0-0"}]}]
    world.choose("bo-first", consent("x", "bo", treating(code=none, **meaning("CareTeam/t"))))
    assert sees(world, path=READ)
    world.choose("bo-second", consent("x", "bo", treating(**meaning("CareTeam/u"))))
    assert not sees(world, path=READ)
