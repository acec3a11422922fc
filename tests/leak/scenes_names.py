"""Scenes of the names of a reader: they hold in one version of the store and up to a moment, and no further."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from unittest.mock import patch

import apsw

from builders import NOW, patient
from camphora.policy import Purpose, choices
from camphora.records import judging, registers
from camphora.records.registers import READING
from consented import REASON, consent
from leak import portal_attacks as portal
from leak.ground import HOSPITAL, OTHER
from leak.scenarios import FHIR, reader, refused, scene
from leak.scenes_meant import ME, bearing, meaning, named, role

UNTIL = date(2099, 1, 1)
ROLE, SECOND = "PractitionerRole/r", "PractitionerRole/s"
HERE = f"Organization/{OTHER}"


def at(month, day=1):
    return int(datetime(2026, month, day, tzinfo=UTC).timestamp() * 1000)


def treating(world, by="other"):
    """The Access of somebody who treats, who stands for `ME`."""
    world.installation.gate.standings.set(by, "record", [ME])
    return world.installation.gate.access(reader(world, by), Purpose.CARE)


def snapshot(world):
    """The store as it is now, whatever is written since."""
    made = apsw.Connection(
        str(world.installation.store.folder / "records.sqlite"), flags=apsw.SQLITE_OPEN_READONLY
    )
    made.execute("BEGIN")
    next(made.execute("SELECT count(*) FROM change"))
    return closing(made)


def names(access, connection, now):
    return set(READING.known(access, connection, now).reader.memberships)


@scene(FHIR, "clock", "cache")
def a_role_is_held_in_its_period_alone(make):
    """Asked with the very Access that was asked with before, whose names are remembered."""
    world = make()
    access = treating(world)
    world.write(role(at=HERE, period={"start": "2026-06-01", "end": "2026-06-30"}))
    with snapshot(world) as connection:
        for now, expected in ((at(5), set()), (at(6, 9), {ROLE}), (at(8), set()), (at(6, 8), {ROLE})):
            assert names(access, connection, now) == expected, now


@scene(FHIR, "cache", "claim")
def what_a_reader_is_is_told_by_the_version_that_is_read(make):
    """Who reads in older versions while a newer one is known is whom each of these says."""
    world, now = make(), at(6)
    access = treating(world)
    with snapshot(world) as first:
        world.write(role(at=HERE))
        with snapshot(world) as second:
            world.write(role(SECOND, at=HERE))
            with snapshot(world) as third:
                assert names(access, third, now) == {ROLE, SECOND}
                for _ in range(2):
                    assert names(access, second, now) == {ROLE}
                    assert names(access, first, now) == set()
                assert names(access, third, now) == {ROLE, SECOND}
            world.write(role(at=HERE, active=False))
            with snapshot(world) as last:
                assert names(access, last, now) == {SECOND}


def reading_who_refuses_the_role(world):
    """Reads, by an Access that a program keeps, of one who refuses whoever has the role: whether each gives them."""
    access, store = treating(world), world.installation.store
    denial = choices.restrict("bo", "h99", NOW)
    denial["provision"]["actor"] = [{"role": choices.RECIPIENT, "reference": {"reference": ROLE}}]
    world.choose("bo-says", denial)
    asks = (
        lambda: store.read(access, "Observation", "bo-1"),
        lambda: store.read(access, "Observation", "bo-1", 1),
        lambda: store.history(access, "Observation", "bo-1"),
    )
    return lambda: [refused(ask) == "" for ask in asks]


@scene(("fhir.read", "fhir.vread", "fhir.history"), "cache", "clock")
def what_was_known_of_a_reader_is_over_with_its_time(make):
    """Nothing is written: a role that begins tomorrow is refused from then on, and one that is over no more."""
    world = make()
    reads = reading_who_refuses_the_role(world)
    today = datetime.now(UTC)
    days = [(today + timedelta(days=number)).date().isoformat() for number in (2, 4)]
    world.write(role(at=HERE, period={"start": days[0], "end": days[1]}))
    for after, expected in ((0, True), (3, False), (9, True)):
        moment = (today + timedelta(days=after)).timestamp()
        with patch.object(judging, "time", SimpleNamespace(time=lambda moment=moment: moment)):
            for _ in range(2):
                assert reads() == [expected] * 3, after


@scene(("fhir.read", "fhir.vread", "fhir.history"), "cache", "claim", "old-token")
def what_was_known_of_a_reader_is_asked_anew_at_each_reading(make):
    """A program keeps its Access: who is refused as what she becomes meanwhile reads nothing from then on, nor does who
    was let in by what she is no more."""
    world = make()
    reads = reading_who_refuses_the_role(world)
    world.write(role(at=HERE, active=False))
    for _ in range(2):
        assert reads() == [True] * 3
    world.write(role(at=HERE))
    for _ in range(2):
        assert reads() == [False] * 3
    world.write(role(at=HERE, active=False))
    assert reads() == [True] * 3


@scene(FHIR, "cache")
def no_more_readers_are_remembered_than_there_is_room_for(make):
    world, now = make(), at(6)
    world.write(role(at=HERE))
    accesses = [treating(world, by) for by in ("other", "welcome", "pharmacist")]
    with snapshot(world) as connection, patch.object(registers, "KEPT", 1):
        for access in (*accesses, *accesses):
            assert (ROLE in names(access, connection, now)) == (access.reader.organisation == OTHER)
            assert len(READING._kept) == len(READING._near) == 1


def denying(actor):
    """A denial of one code to a relative."""
    provision = {
        "type": "deny",
        "purpose": [{"system": REASON, "code": "FAMRQT"}],
        "code": [{"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}],
        **meaning(actor),
    }
    return consent("x", "bo", provision)


@scene((*portal.RELATIVE, "clinic.record"), "delegated", "cache")
def a_relative_who_is_linked_meanwhile_is_whom_a_denial_names(make):
    """Let in as a Patient, denied one code as a RelatedPerson: it holds from the link on, for an open session."""
    world = make()
    client, page = world.client("stranger"), "/records/Observation/bo-1?for=bo"
    cousin = {"resourceType": "RelatedPerson", "id": "cousin", "patient": {"reference": "Patient/bo"}}
    world.write(cousin)
    world.choose("bo-lets-in", choices.let_in("bo", "dan", UNTIL, NOW))
    world.choose("bo-denies", denying("RelatedPerson/cousin"))
    dan = patient("dan", "張志明", "1985-08-08", "D123456789")
    for link, expected in (
        ([], 200),
        ([{"type": "seealso", "other": {"reference": "RelatedPerson/cousin"}}], 404),
        ([], 200),
    ):
        world.write({**dan, **({"link": link} if link else {})})
        assert client.get(page).status_code == expected, link
        assert client.get("/family/bo").status_code == 200


@scene((*portal.RELATIVE, "clinic.record"), "delegated", "purpose")
def who_refuses_an_institution_refuses_no_relative_who_works_there(make):
    """A refusal of care stands before care alone."""
    world = make()
    world.write(bearing("Organization/h9", partOf=named("Organization/ministry")))
    world.installation.gate.standings.set("stranger", "record", ["Organization/h9"])
    world.choose("bo-lets-in", choices.let_in("bo", "dan", UNTIL, NOW))
    for place in ("h9", "ministry", HOSPITAL):
        world.choose("bo-refuses", choices.restrict("bo", place, NOW))
        assert world.client("stranger").get("/records/Observation/bo-1?for=bo").status_code == 200, place


@scene((*portal.RELATIVE, "clinic.record"), "delegated", "scope")
def who_reads_for_no_institution_holds_each_of_their_roles(make):
    """A relative who is a practitioner too, at whatever institution; once the role is over, they are a relative."""
    world = make()
    client, page = world.client("stranger"), "/records/Observation/bo-1?for=bo"
    world.installation.gate.standings.set("stranger", "record", [ME])
    world.choose("bo-lets-in", choices.let_in("bo", "dan", UNTIL, NOW))
    world.choose("bo-denies", denying(ROLE))
    for more, expected in (({}, 404), ({"active": False}, 200)):
        world.write(bearing("Organization/h9"), role(at="Organization/h9", **more))
        assert client.get(page).status_code == expected
