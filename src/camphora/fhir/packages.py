"""The implementation guides that Camphora carries: their definitions and examples.

Taiwan Core 0.3.2 (衛生福利部, CC0-1.0) with the examples of 0.3.1, distilled by `tools/distil_twcore.py`; what
was left out for its licence is said there and in docs/rulings.md.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from camphora.errors import NotFound
from camphora.fhir import definitions


@dataclass(frozen=True, slots=True)
class Package:
    """One guide. `name` and `version` are those of its package."""

    name: str
    version: str
    definitions_file: str
    examples_file: str

    def definitions(self, resource_type: str | None = None) -> Iterator[dict[str, Any]]:
        """Its StructureDefinitions, ValueSets, CodeSystems, ConceptMaps and SearchParameters, or one kind of them.

        Each call gives fresh values.
        """
        for line in _lines(self.definitions_file):
            resource = orjson.loads(line)
            if resource_type in {None, resource["resourceType"]}:
                yield resource

    def examples(self) -> Iterator[dict[str, Any]]:
        """Its example resources, each with an id."""
        return (orjson.loads(line) for line in _lines(self.examples_file))

    def by_url(self, url: str) -> dict[str, Any] | None:
        """The definition with this canonical address, which may end in |VERSION; None where there is none.

        The value is shared between callers: read it, never change it.
        """
        bare, _, version = url.partition("|")
        found = _by_url(self).get(bare)
        return None if found is None or version not in {"", found.get("version")} else found


_PACKAGES = {
    "tw.gov.mohw.twcore": Package(
        "tw.gov.mohw.twcore", "0.3.2", "twcore-0.3.2-definitions", "twcore-0.3.1-examples"
    ),
}


def package(name: str) -> Package:
    """The guide of this package name; raises `NotFound`, which names those that there are."""
    found = _PACKAGES.get(name)
    if found is None:
        raise NotFound("fhir-no-package", name=name, known=", ".join(_PACKAGES))
    return found


def _lines(name: str) -> list[bytes]:
    data = files(definitions.__name__).joinpath(f"{name}.ndjson.xz").read_bytes()
    return lzma.decompress(data).splitlines()


@cache
def _by_url(package: Package) -> dict[str, dict[str, Any]]:
    return {row["url"]: row for row in package.definitions() if "url" in row}
