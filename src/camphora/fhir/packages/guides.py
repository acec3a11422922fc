"""Several packages asked as one: what stands behind a canonical address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from camphora.errors import Invalid
from camphora.fhir.packages.package import Package
from camphora.fhir.packages.shelf import Entry, Json
from camphora.fhir.snapshot import completed

_DATE = re.compile(r"(19|20)\d\d(-\d|$)")


class Guides:
    """The packages that a validator or a terminology knows; immutable, and shared freely between threads.

    Earlier packages win where two hold the same address in the same version."""

    def __init__(self, packages: Iterable[Package]) -> None:
        self.packages = tuple(packages)
        found: dict[str, list[tuple[Package, Entry]]] = {}
        for package in self.packages:
            for entry in package.entries:
                if entry.url and not entry.example:
                    found.setdefault(entry.url, []).append((package, entry))
        for rows in found.values():
            rows.sort(key=lambda row: order(row[1].version), reverse=True)
        self._by_url = found
        self._completed: dict[tuple[str, str], Json] = {}

    @staticmethod
    def bundled() -> Guides:
        """What Camphora carries: base R4 and the guides of Taiwan. One and the same value at each call."""
        return _bundled()

    def also(self, packages: Iterable[Package]) -> Guides:
        """These packages with others behind them; one of the same name and version takes the place of ours."""
        others = {package.label: package for package in packages}
        ours = [others.pop(package.label, package) for package in self.packages]
        return Guides([*ours, *others.values()])

    def find(self, canonical: str) -> Json | None:
        """The definition with this address: of the version after `|`, or else the newest; None where there is none.

        A profile that ships no snapshot gets one, where what it builds on is there; `camphora.fhir.snapshot` says
        what is missing otherwise. The value is shared between callers: read it, never change it."""
        found = self.shipped(canonical)
        if found is None or "snapshot" in found or "differential" not in found:
            return found
        key = (str(found.get("url")), str(found.get("version", "")))
        if key not in self._completed:
            try:
                self._completed[key] = completed(found, self.shipped)
            except Invalid:
                self._completed[key] = found
        return self._completed[key]

    def shipped(self, canonical: str) -> Json | None:
        """As `find`, the definition as its package has it."""
        bare, _, version = canonical.partition("|")
        for package, entry in self._by_url.get(bare, ()):
            if version in {"", entry.version}:
                return package.read(entry)
        return None

    def all(self, resource_type: str) -> Iterator[Json]:
        """Every definition of a type as its package has it, package by package, as shared values: read them, never
        change them."""
        for package in self.packages:
            for entry in package.entries:
                if entry.type == resource_type and not entry.example:
                    yield package.read(entry)

    def package_of(self, canonical: str) -> Package | None:
        """The package in which `find` finds this address."""
        bare, _, version = canonical.partition("|")
        rows = self._by_url.get(bare, ())
        return next((package for package, entry in rows if version in {"", entry.version}), None)


def order(version: str) -> tuple[int, tuple[tuple[int, str], ...]]:
    """By which versions are told older from newer: numbers as numbers, a release after its previews, and a date
    (as the v3 code systems of R4 bear) before any number, since HL7 later numbered them."""
    if not version:
        return (0, ())
    release, _, preview = version.partition("-")
    if _DATE.match(version):
        release, preview = version, ""
    parts = [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"[.\-]", release)]
    parts += [(-2, preview)] if preview else [(-1, "")]
    return (1 if _DATE.match(version) else 2, tuple(parts))


@cache
def _bundled() -> Guides:
    from camphora.fhir.packages.bundled import BUNDLED, package

    return Guides(package(name) for name in BUNDLED)
