"""How strictly a site holds to profiles and rules: refuse, warn, or off.

    default = "refuse"            # for every profile that is not named
    unknown = "warn"              # a profile that a resource declares and nobody here knows

    [profiles]
    "https://twcore.mohw.gov.tw/ig/twcore/StructureDefinition/Patient-twcore" = "warn"

    [rules]                       # by invariant key, element id or code of the catalogue
    dom-6 = "off"

Base R4 is always held to. The most particular line wins: a rule, then a profile, then the default.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, cast

from camphora.errors import Faults, Invalid, Place
from camphora.fhir.validation.finding import Finding, Severity
from camphora.fhir.validation.parts import BASE

Mode = Literal["refuse", "warn", "off"]
MODES = ("refuse", "warn", "off")
_NAMES = ("default", "unknown", "profiles", "rules")


@dataclass(frozen=True, slots=True)
class Policy:
    """An immutable policy; without arguments it refuses what breaks a profile and warns of unknown profiles."""

    default: Mode = "refuse"
    unknown: Mode = "warn"
    profiles: Mapping[str, Mode] = field(default_factory=lambda: MappingProxyType({}))
    rules: Mapping[str, Mode] = field(default_factory=lambda: MappingProxyType({}))

    @staticmethod
    def read(text: str, file: str | None = None) -> Policy:
        """The policy that a TOML text says. Raises `Faults` with everything that is wrong with it."""
        try:
            said = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise Invalid("validation-policy-toml", place=Place(file=file), reason=str(error)) from None
        faults = list(_faults(said, file))
        if faults:
            raise Faults(faults)
        profiles, rules = (MappingProxyType(dict(said.get(name, {}))) for name in ("profiles", "rules"))
        return Policy(said.get("default", "refuse"), said.get("unknown", "warn"), profiles, rules)

    def mode(self, profile: str) -> Mode:
        """How a profile is held to, by its address with or without version."""
        bare = profile.partition("|")[0]
        return self.profiles.get(profile) or self.profiles.get(bare) or self.default

    def judge(self, finding: Finding) -> Finding | None:
        """The finding as this policy has it; None where it is off."""
        mode = self.rules.get(finding.rule) or self.rules.get(finding.code) if self.rules else None
        if mode is None:
            if not finding.profile or finding.profile.startswith(BASE):
                return finding
            mode = self.mode(finding.profile)
            return _softened(finding) if mode == "warn" else finding if mode == "refuse" else None
        if mode == "off":
            return None
        severity: Severity = "error" if mode == "refuse" else "warning"
        return replace(finding, severity=severity)


def _softened(finding: Finding) -> Finding:
    return replace(finding, severity="warning") if finding.severity == "error" else finding


def _faults(said: dict[str, Any], file: str | None) -> list[Invalid]:
    place = Place(file=file)
    known = ", ".join(_NAMES)
    found = [
        Invalid("validation-policy-name", place=place, name=n, known=known) for n in said if n not in _NAMES
    ]
    rows: list[tuple[str, Any]] = [(name, said[name]) for name in ("default", "unknown") if name in said]
    for table in ("profiles", "rules"):
        inner = said.get(table, {})
        if isinstance(inner, dict):
            rows += [(f"{table}.{name}", mode) for name, mode in cast("dict[str, Any]", inner).items()]
        else:
            found.append(Invalid("validation-policy-table", place=place, name=table))
    modes = ", ".join(MODES)
    found += [
        Invalid("validation-policy-mode", place=place, name=name, modes=modes)
        for name, mode in rows
        if mode not in MODES
    ]
    return found
