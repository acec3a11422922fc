"""Snapshots of profiles that ship only their differential (https://hl7.org/fhir/R4/profiling.html#snapshot).

from camphora.fhir import snapshot
whole = snapshot.completed(profile, guides.find)
"""

from camphora.fhir.snapshot.generate import Find, Generator
from camphora.fhir.snapshot.tree import Json

__all__ = ["Find", "Generator", "completed"]


def completed(definition: Json, find: Find) -> Json:
    """The structure definition with a snapshot made from its differential, whether it ships one or not.

    `find` gives other definitions by canonical address: its base, and the profiles that its elements name; those
    that have no snapshot get theirs on the way. The value given is not changed.

    Raises `Invalid`: `snapshot-no-base` (a definition is not to be had), `snapshot-no-element` (the differential
    names an element that the base does not have), `snapshot-circle`, `snapshot-bases`
    (too long a row of bases without snapshots), `snapshot-large`, `snapshot-malformed`."""
    return {**definition, "snapshot": {"element": Generator(find).snapshot(definition)}}
