"""Scenes of emergencies: one person is opened, for a while, to who declared it."""

from dataclasses import replace

from builders import NOW, observation, patient
from camphora.errors import CamphoraError
from camphora.gate import User
from camphora.gate.gate import Grounds
from camphora.policy import Purpose, Role, choices
from leak import attacks as fhir
from leak.ground import ADA, CYD, OTHER
from leak.scenarios import CLINIC, DAY, FHIR, READ, REASON, alike, reader, refused, scene


@scene((*fhir.RECORD, "fhir.search", "fhir.search-post", *CLINIC[:-1]), "emergency")
def an_emergency_opens_one_person_for_a_while(make):
    world, absent = make(), make(there=False)
    world.write(
        patient("ivy", "黃雅婷", "1981-01-01", "E223456789"),
        observation("ivy-1", "ivy", "8480-6", "2026-01-01"),
    )
    world.choose("ivy-restricts", choices.restrict("ivy", OTHER, NOW))
    client = world.client("other")
    gate, reader = world.installation.gate, world.installation.gate.identity.user("other").reader()
    refusals = []
    for number in ("A12345678", "A999999999", "王小明", "ada"):
        try:
            gate.declare(reader, number, REASON)
        except CamphoraError as error:
            refusals.append((error.code, error.text("zh-TW")))
    assert len(refusals) == 4
    assert len(set(refusals)) == 1, "a wrong number and nobody's are refused alike"
    alike(world, absent, READ[:4])
    declared = gate.declare(reader, ADA.number, REASON)
    assert client.get("/patients/ada").status_code == 200
    for path in (
        "/patients/ivy",
        "/fhir/Patient/ivy",
        "/fhir/Observation/ivy-1",
        "/records/Observation/ivy-1",
    ):
        assert client.get(path).status_code == 404, path
    for by in ("pharmacist", "analyst", "stranger"):
        assert world.client(by).get("/patients/ada").status_code in {403, 404}
    assert client.get("/fhir/Observation?patient=ivy&_total=accurate").json()["total"] == 0
    gate.emergencies.end(declared.no, reader.id)
    alike(world, absent, READ)


@scene((*FHIR, *CLINIC[:-1]), "emergency")
def what_was_opened_is_closed_when_it_is_over(make):
    """An Access that is held longer than its emergency opens nothing by it of what its person has chosen
    about."""
    world = make()
    store, by = world.installation.store, reader(world, "other")
    for her, kind, name in ((ADA, "Observation", "ada-last"), (CYD, "Condition", "cyd-open")):
        world.installation.gate.declare(by, her.number, REASON)
        opened = world.installation.gate.access(by, Purpose.CARE, her.id, Grounds(("BTG",)))
        assert opened.emergency is not None
        assert store.read(opened, kind, name).id == name
        over = replace(opened.emergency, declared=opened.emergency.declared - 7 * DAY)
        held = replace(opened, emergency=over)
        assert refused(lambda a=held, k=kind, n=name: store.read(a, k, n)) == "records-not-found", name


@scene((*FHIR, *CLINIC[:-1]), "emergency")
def an_emergency_opens_nobody_else_and_ends_for_who_chose_nothing_too(make):
    """An Access that stands on an emergency alone: not past its end, and of nobody but whom it was declared for."""
    world = make()
    for name, number in (("ivy", "E223456789"), ("jon", "F123456780")):
        world.write(
            patient(name, "黃雅婷", "1981-01-01", number),
            observation(f"{name}-1", name, "8480-6", "2026-01-01"),
        )
    store, by = world.installation.store, reader(world, "other")
    world.installation.gate.declare(by, "E223456789", REASON)
    opened = world.installation.gate.access(by, Purpose.CARE, "ivy", Grounds(("BTG",)))
    assert store.read(opened, "Observation", "ivy-1").id == "ivy-1"
    over = replace(opened.emergency, declared=opened.emergency.declared - 7 * DAY)
    anybody = replace(opened, persons=None)
    for held, name in ((replace(opened, emergency=over), "ivy-1"), (anybody, "jon-1")):
        assert refused(lambda a=held, n=name: store.read(a, "Observation", n)) == "records-not-found", name


@scene((*FHIR, *CLINIC[:-1]), "emergency")
def an_emergency_of_one_opens_nothing_to_a_colleague(make):
    """Not of the same house and role, not by the same page, and not what the colleague declared of somebody else."""
    world, absent = make(), make(there=False)
    for made in (world, absent):
        made.installation.gate.identity.add_user(
            User("colleague", "同院醫師", Role.CLINICIAN, OTHER, None), None
        )
    for made, number in ((world, ADA.number), (absent, "C223456789")):
        made.installation.gate.declare(reader(made, "other"), number, REASON)
    assert world.client("other").get("/patients/ada").status_code == 200
    for made in (world, absent):
        made.installation.gate.declare(reader(made, "colleague"), "D123456789", REASON)
    alike(world, absent, READ[:7], by="colleague")
