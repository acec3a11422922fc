"""One validator for all tests, and guides with profiles that a test writes itself."""

import copy

import orjson
import pytest

from camphora.fhir.packages import Guides, Package
from camphora.fhir.packages.shelf import Shelf, pack
from camphora.fhir.validation import Validator

BASE = "http://hl7.org/fhir/StructureDefinition/"


@pytest.fixture(scope="session")
def guides():
    return Guides.bundled()


@pytest.fixture(scope="session")
def validator(guides):
    return Validator(guides)


@pytest.fixture(scope="session")
def profiled(guides):
    """A function of a type and the rows that change its snapshot: a validator that knows the profile `urn:own`."""

    def made(kind, *rows, others=(), **given):
        definition = profile(guides, kind, rows)
        lines = [(orjson.dumps(one), False) for one in (definition, *others)]
        package = Package(Shelf(pack({"name": "own", "version": "1"}, lines)))
        return Validator(guides.also([package]), **given)

    return made


def profile(guides, kind, rows, url="urn:own"):
    """The base definition with these rows: one of an id that is there changes it, a new one stands behind the one
    whose path it has, or its parent."""
    base = copy.deepcopy(guides.find(BASE + kind))
    elements = base["snapshot"]["element"]
    for row in rows:
        ids = [element["id"] for element in elements]
        if row["id"] in ids:
            elements[ids.index(row["id"])] |= row
            continue
        path = ".".join(token.partition(":")[0] for token in row["id"].split("."))
        name = row["id"].rpartition(".")[2].partition(":")[2]
        near = [i for i, one in enumerate(ids) if one == path or one.startswith((f"{path}:", f"{path}."))]
        near += [i for i, one in enumerate(ids) if one.startswith(row["id"].rpartition(".")[0])]
        new = {"path": path, "min": 0, "max": "1", **({"sliceName": name} if name else {}), **row}
        elements.insert(max(near) + 1, new)
    head = {
        "id": "own",
        "url": url,
        "version": "1",
        "derivation": "constraint",
        "baseDefinition": base["url"],
    }
    return {**base, **head, "snapshot": {"element": elements}}
