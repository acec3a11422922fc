"""Profiles of our own for what the guides at hand never ask: closed slicing, order, slices by presence and by type,
lengths and bounds."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache

import orjson

from camphora.fhir.packages import Guides, Package
from camphora.fhir.packages.shelf import Shelf, pack
from mutation.engine import Fault, Specimen, append, drop, kind, put
from mutation.tree import BASE, Json

OWN = "urn:camphora:profile:"


def _profile(name: str, kind: str, *changes: tuple[str, list[Json]]) -> Json:
    """The base definition of a type with these rows behind the element of each path; a row of the same id replaces
    the base's."""
    base = Guides.bundled().find(BASE + kind)
    assert base is not None
    rows = copy.deepcopy(base["snapshot"]["element"])
    for path, news in changes:
        at = next(n for n, row in enumerate(rows) if row["id"] == path)
        for number, new in enumerate(news):
            if new["id"] == path:
                rows[at] |= new
            else:
                rows.insert(at + number, new)
    head = {
        "resourceType": "StructureDefinition",
        "id": name,
        "url": OWN + name,
        "name": name,
        "status": "active",
    }
    tail = {
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": kind,
        "derivation": "constraint",
    }
    return head | tail | {"version": "1", "baseDefinition": BASE + kind, "snapshot": {"element": rows}}


def _row(identity: str, kind: str, least: int, most: str, **said: object) -> Json:
    path = ".".join(part.partition(":")[0] for part in identity.split("."))
    name = identity.rpartition(":")[2]
    own = {"sliceName": name} if ":" in identity and "." not in name else {}
    return {"id": identity, "path": path, "min": least, "max": most, "type": [{"code": kind}]} | own | said


def _slicing(rule: str, path: str, rules: str = "closed", *, ordered: bool = False) -> Json:
    return {"discriminator": [{"type": rule, "path": path}], "rules": rules, "ordered": ordered}


def _definitions() -> list[Json]:
    numbers = [
        {"id": "Patient.identifier", "slicing": _slicing("value", "system", ordered=True)},
        _row("Patient.identifier:card", "Identifier", 1, "1"),
        _row("Patient.identifier:card.system", "uri", 1, "1", fixedUri="urn:card"),
        _row("Patient.identifier:chart", "Identifier", 0, "1"),
        _row("Patient.identifier:chart.system", "uri", 1, "1", fixedUri="urn:chart"),
    ]
    phones = [
        {"id": "Patient.telecom", "slicing": _slicing("exists", "period")},
        _row("Patient.telecom:past", "ContactPoint", 0, "1"),
        _row("Patient.telecom:past.period", "Period", 1, "1"),
        _row("Patient.telecom:present", "ContactPoint", 1, "1"),
        _row("Patient.telecom:present.period", "Period", 0, "0"),
    ]
    names = [
        {"id": "Patient.name"},
        _row("Patient.name.family", "string", 1, "1", maxLength=5),
        _row("Patient.name.text", "string", 0, "0"),
    ]
    bounds = [
        {
            "id": "Observation.value[x]",
            "min": 1,
            "type": [{"code": "integer"}],
            "minValueInteger": 1,
            "maxValueInteger": 9,
        }
    ]
    kinds = [
        {"id": "Bundle.entry", "slicing": _slicing("type", "resource")},
        _row("Bundle.entry:patient", "BackboneElement", 1, "1"),
        _row("Bundle.entry:patient.resource", "Patient", 1, "1"),
        _row("Bundle.entry:observation", "BackboneElement", 0, "2"),
        _row("Bundle.entry:observation.resource", "Observation", 1, "1"),
    ]
    return [
        _profile(
            "patient",
            "Patient",
            ("Patient.identifier", numbers),
            ("Patient.telecom", phones),
            ("Patient.name", names),
        ),
        _profile("observation", "Observation", ("Observation.value[x]", bounds)),
        _profile("bundle", "Bundle", ("Bundle.entry", kinds)),
    ]


@cache
def guides() -> Guides:
    """What Camphora carries, and the profiles of this file."""
    manifest = {"name": "camphora.test", "version": "1"}
    return Guides.bundled().also(
        [Package(Shelf(pack(manifest, [(orjson.dumps(row), False) for row in _definitions()])))]
    )


PATIENT: Json = {
    "resourceType": "Patient",
    "id": "own",
    "meta": {"profile": [OWN + "patient"]},
    "identifier": [{"system": "urn:card", "value": "1"}, {"system": "urn:chart", "value": "2"}],
    "name": [{"family": "Wang"}],
    "telecom": [
        {"system": "phone", "value": "02", "period": {"end": "2020"}},
        {"system": "phone", "value": "03"},
    ],
}
OBSERVATION: Json = {
    "resourceType": "Observation",
    "id": "own",
    "meta": {"profile": [OWN + "observation"]},
    "status": "final",
    "code": {"text": "score"},
    "valueInteger": 5,
}


def _entry(resource: Json) -> Json:
    bare = {name: value for name, value in resource.items() if name != "meta"}
    return {"fullUrl": f"http://example.org/fhir/{bare['resourceType']}/{bare['id']}", "resource": bare}


BUNDLE: Json = {
    "resourceType": "Bundle",
    "id": "own",
    "meta": {"profile": [OWN + "bundle"]},
    "type": "collection",
    "entry": [_entry(PATIENT), _entry(OBSERVATION)],
}


@cache
def specimens() -> tuple[Specimen, ...]:
    return tuple(Specimen(f"own {row['resourceType']}", row) for row in (PATIENT, OBSERVATION, BUNDLE))


def _is(specimen: Specimen, name: str) -> bool:
    return OWN + name in specimen.profiles


@kind("closed-slicing", each=9)
def closed(specimen: Specimen) -> Iterator[Fault]:
    """An item of no slice: told at the item or the list."""
    if _is(specimen, "patient"):
        places = ("Patient.identifier[2]", "Patient.identifier", "Patient.identifier[2].system")
        yield Fault(places, append(("identifier",), {"system": "urn:other", "value": "3"}))
        yield Fault(places, append(("identifier",), {"value": "3"}))
    if _is(specimen, "bundle"):
        places = ("Bundle.entry[2]", "Bundle.entry", "Bundle.entry[2].resource")
        device = _entry({"resourceType": "Device", "id": "d"})
        yield Fault(places, append(("entry",), device))


@kind("slice-order", each=9)
def order(specimen: Specimen) -> Iterator[Fault]:
    """Slices in another order than the profile's, where it is ordered: told at the list or either item."""
    if _is(specimen, "patient"):
        places = ("Patient.identifier", "Patient.identifier[0]", "Patient.identifier[1]")
        yield Fault(places, put(("identifier",), PATIENT["identifier"][::-1]))


@kind("slice-by-presence", each=9)
def presence(specimen: Specimen) -> Iterator[Fault]:
    """Too few or too many of a slice told by whether an element is there."""
    if _is(specimen, "patient"):
        phone = {"system": "phone", "value": "04"}
        listed = ("Patient.telecom", "Patient.telecom[2]")
        yield Fault((*listed, "Patient.telecom[1]"), append(("telecom",), phone), "present")
        ended = phone | {"period": {"end": "2021"}}
        yield Fault((*listed, "Patient.telecom[0]"), append(("telecom",), ended), "past")
        yield Fault((*listed, "Patient"), drop(("telecom", 1)), "absent")


@kind("slice-by-type", each=9)
def by_type(specimen: Specimen) -> Iterator[Fault]:
    """Too few or too many of a slice told by the type of what it holds."""
    if _is(specimen, "bundle"):
        other = _entry(PATIENT | {"id": "two"})
        yield Fault(("Bundle.entry", "Bundle.entry[2]", "Bundle.entry[0]"), append(("entry",), other), "two")
        yield Fault(("Bundle.entry", "Bundle", "Bundle.entry[0]"), drop(("entry", 0)), "none")


@kind("length-and-bounds", each=9)
def bounds(specimen: Specimen) -> Iterator[Fault]:
    """Longer than maxLength, below minValue, above maxValue; given though closed inside a data type."""
    if _is(specimen, "patient"):
        yield Fault(("Patient.name[0].family",), put(("name", 0, "family"), "Wangwang"))
        yield Fault(("Patient.name[0].text", "Patient.name[0]"), put(("name", 0, "text"), "x"))
    if _is(specimen, "observation"):
        yield Fault(("Observation.value",), put(("valueInteger",), 0), "least")
        yield Fault(("Observation.value",), put(("valueInteger",), 10), "most")
