"""Canonicals (`url|version`), versions with wildcards, and the rules that a request sets over versions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

WILD = {"x", "X", "*"}


class Canonical(NamedTuple):
    """`url|version`; an empty version is any."""

    url: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.url}|{self.version}" if self.version else self.url


def canonical(text: str) -> Canonical:
    """A canonical as it is written; a fragment (`#id`) stays in the url."""
    url, _, version = text.partition("|")
    return Canonical(url, version)


@lru_cache(maxsize=4096)
def order(version: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key: 1.10 comes after 1.9, 2024-05-27 after 2023-12-31, and 1.0.0 after 1.0.0-beta."""
    core, dash, rest = version.partition("-")
    if dash and not re.fullmatch(r"[\d-]+", rest):
        return (*order(core)[:-1], (-1, 0, rest))
    parts = re.split(r"[.\-+_]", version)
    return (*((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts), (0, 0, ""))


def newest(versions: Iterable[str]) -> list[str]:
    """Versions in order, the newest first; one without a version last."""
    return sorted(versions, key=lambda version: (version != "", order(version)), reverse=True)


def is_wild(version: str) -> bool:
    return any(part in WILD for part in version.split("."))


@lru_cache(maxsize=4096)
def fits(pattern: str, version: str) -> bool:
    """Whether a version is the one that a pattern names: part by part, `x` and `*` stand for any; a last wildcard
    covers all that follows. An empty pattern is any."""
    if pattern in ("", version):
        return True
    if not is_wild(pattern):
        return False
    wanted, given = pattern.split("."), version.split(".")
    longer = len(given) > len(wanted) and wanted[-1] not in WILD
    if longer or len(given) < len(wanted):
        return False
    return all(part in WILD or part == has for part, has in zip(wanted, given, strict=False))


def choose(versions: Sequence[str], pattern: str, preferred: str = "") -> str | None:
    """Of versions (newest first) the one that a pattern means; `preferred` where it is held and fits."""
    if preferred and preferred in versions and fits(pattern, preferred):
        return preferred
    return next((version for version in versions if fits(pattern, version)), None)


@dataclass(frozen=True, slots=True)
class VersionRules:
    """The parameters `force-system-version`, `system-version`, `check-system-version` and
    `default-valueset-version`: version (or pattern) by url."""

    force: Mapping[str, str] = field(default_factory=dict)
    default: Mapping[str, str] = field(default_factory=dict)
    check: Mapping[str, str] = field(default_factory=dict)
    value_sets: Mapping[str, str] = field(default_factory=dict)

    def __hash__(self) -> int:
        each = (self.force, self.default, self.check, self.value_sets)
        return hash(tuple(frozenset(rule.items()) for rule in each))

    def wanted(self, url: str, declared: str) -> tuple[str, str]:
        """(version or pattern, parameter that gave it or empty) for an include that declares a version or none."""
        if url in self.force:
            return self.force[url], "force-system-version"
        if declared:
            return declared, ""
        if url in self.default:
            return self.default[url], "system-version"
        if url in self.check:
            return self.check[url], "check-system-version"
        return "", ""


def by_url(texts: Iterable[str]) -> dict[str, str]:
    """Canonicals with a version as a map; those without one say nothing."""
    found = (canonical(text) for text in texts)
    return {item.url: item.version for item in found if item.version}
