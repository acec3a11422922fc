"""What a package builds on, held against what is there (the NPM package specification of HL7, "dependencies")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from camphora.errors import CamphoraError, Conflict, NotFound
from camphora.fhir.packages.guides import order
from camphora.fhir.packages.package import Package

_ANY = frozenset({"", "*", "x", "X", "latest", "current", "dev"})
"""Labels without a number: the newest release, the one in work, the one in work here."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One package that `package` asks for. `found` is the version that answers it: the one asked for, or one that
    stands in (`stands_in`), or None where no version of it is there."""

    package: str
    name: str
    asked: str
    found: str | None
    stands_in: bool

    def notice(self) -> CamphoraError | None:
        """What a person should know: another version stands in, or none is there; None where all is well."""
        facts: dict[str, Any] = {
            "package": self.package,
            "name": self.name,
            "asked": self.asked,
            "found": self.found,
        }
        if self.found is None:
            return NotFound("packages-dependency-missing", **facts)
        return Conflict("packages-dependency-other", **facts) if self.stands_in else None


def dependencies(package: Package, loaded: Iterable[Package]) -> tuple[Dependency, ...]:
    """Each dependency of the package, answered from the packages that are loaded, in the order it names them."""
    known: dict[str, list[str]] = {}
    for one in loaded:
        known.setdefault(one.name, []).append(one.version)
    return tuple(
        _answered(package.label, name.rpartition("@npm:")[2], asked, known)
        for name, asked in package.dependencies.items()
    )


def _answered(label: str, name: str, asked: str, known: dict[str, list[str]]) -> Dependency:
    versions = sorted(known.get(name, ()), key=order, reverse=True)
    fitting = next((version for version in versions if matches(version, asked)), None)
    nearest = fitting or next(iter(versions), None)
    return Dependency(label, name, asked, nearest, fitting is None and nearest is not None)


def matches(version: str, asked: str) -> bool:
    """Whether a version is one that was asked for: the same, or of its form (`1.0.x`), or any for a label."""
    if asked in _ANY:
        return True
    wanted, there = asked.partition("+")[0].split("."), version.partition("+")[0].split(".")
    for number, part in enumerate(wanted):
        if part in {"x", "X", "*"}:
            return "-" not in version
        if number >= len(there) or there[number] != part:
            return False
    return len(wanted) == len(there)
