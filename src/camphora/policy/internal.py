"""The inner Accesses. An import rule lists who may name this module: followers and the gate."""

from __future__ import annotations

from camphora.policy import notifying as entered
from camphora.policy.access import Access, Reader
from camphora.policy.vocabulary import Purpose, Role
from camphora.policy.work import GROUND, TYPES

REGISTERED = frozenset({"Patient", "Basic", "Provenance"})


def following(name: str) -> Access:
    """For a follower of the change log, which must see every record to keep its copy true."""
    reader = Reader(id=f"follower:{name}", name=name, role=Role.ADMINISTRATOR)
    return Access(reader, Purpose.OPERATION, persons=None, types=None, tables=None, ground="follower")


def deciding(person: str) -> Access:
    """For the gate, which reads one person's choices in order to decide."""
    reader = Reader(id="gate", name="gate", role=Role.ADMINISTRATOR)
    return Access(
        reader, Purpose.OPERATION, frozenset({person}), frozenset({"Consent", "Patient"}), ground="deciding"
    )


def identifying() -> Access:
    """For the gate, which finds the one person of whom somebody in an emergency knows the whole identifier."""
    reader = Reader(id="gate", name="gate", role=Role.ADMINISTRATOR)
    return Access(reader, Purpose.OPERATION, persons=None, types=frozenset({"Patient"}), ground="deciding")


def explaining(person: str | None = None) -> Access:
    """For the gate, which weighs one record in order to explain a decision; whoever asked leaves the receipt."""
    reader = Reader(id="gate", name="gate", role=Role.ADMINISTRATOR)
    persons = None if person is None else frozenset({person})
    return Access(reader, Purpose.OPERATION, persons=persons, types=None, ground="deciding")


def loading(name: str) -> Access:
    """For an administrator's load or the demo's seeding: writes with given ids, reads only to compare."""
    reader = Reader(id=f"load:{name}", name=name, role=Role.ADMINISTRATOR)
    return Access(
        reader, Purpose.OPERATION, persons=None, types=None, tables=None, writes=None, ground="loading"
    )


def registering(reader: Reader) -> Access:
    """For a registrar of the person index, who sees who a Patient is, and nothing of care; each reading leaves its
    receipt. Consents are written, by the store alone, where two who were one part: what was denied stays with both."""
    return Access(
        reader,
        Purpose.OPERATION,
        persons=None,
        types=REGISTERED,
        writes=REGISTERED,
        ground="registering",
        purposes=("HSYSADMIN",),
    )


def working(reader: Reader) -> Access:
    """For an officer at work on signals: Tasks and Provenances that are about nobody, of the reader's areas, and no
    record of a person. It deletes nothing."""
    return Access(
        reader,
        Purpose.OPERATION,
        persons=frozenset(),
        types=TYPES,
        writes=TYPES,
        ground=GROUND,
        purposes=("HOPERAT",),
    )


def notifying(reader: Reader, persons: frozenset[str]) -> Access:
    """For an officer who enters a case that was reported: these persons alone, as far as they live in the reader's
    areas, and the records that a notification is made of."""
    return Access(
        reader,
        Purpose.SURVEILLANCE,
        persons=persons,
        types=entered.TYPES,
        writes=entered.TYPES,
        ground=entered.GROUND,
        purposes=("PUBHLTH",),
    )
