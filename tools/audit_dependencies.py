"""Known weaknesses of the locked dependencies, as the package index tells them; part of `make check`.

Asks the index's JSON API (https://docs.pypi.org/api/json/, the field `vulnerabilities`) for each name and version of
`uv.lock`. Where the index does not answer, or has no such API, as many mirrors have not, it says that nothing was
checked and fails nothing, unless `--required` is given: a release is made with that. What is accepted for a time
stands in `accepted_advisories.toml`. CAMPHORA_INDEX_JSON names another index.
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
INDEX = "https://pypi.org/pypi"
SECONDS, AT_ONCE = 15, 4
PROBE = "pip"
"""Asked about first: every index that has the API knows it."""


class Locked(NamedTuple):
    name: str
    version: str


class Advisory(NamedTuple):
    """A weakness of one locked version. `names`: its id and the other ids that it is known by."""

    package: Locked
    names: tuple[str, ...]
    mended: tuple[str, ...]

    def __str__(self) -> str:
        mended = ", ".join(self.mended) or "no version yet"
        return f"{self.package.name} {self.package.version}: {', '.join(self.names)}: mended in {mended}"


class NotAnswered(Exception):
    """The index gives no such answers."""


def locked(text: str) -> list[Locked]:
    """Every package of a uv.lock that comes from an index."""
    packages = tomllib.loads(text)["package"]
    return sorted(Locked(one["name"], one["version"]) for one in packages if "registry" in one["source"])


def asked(index: str, way: str) -> dict[str, Any] | None:
    """The index's answer; None where it knows no such package or version. Raises `NotAnswered`."""
    request = urllib.request.Request(f"{index}/{way}/json", headers={"accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise NotAnswered(f"HTTP {error.code}") from error
    except (OSError, ValueError) as error:
        raise NotAnswered(type(error).__name__) from error
    if not isinstance(found, dict):
        raise NotAnswered("no JSON object")
    return found


def advisories(index: str, packages: list[Locked]) -> tuple[list[Advisory], list[Locked]]:
    """What is known of these packages, and those that the index does not know. Raises `NotAnswered` where it has no
    such API, or answers for the newest versions alone, after two questions."""
    newest = (asked(index, PROBE) or {}).get("info", {}).get("version", "")
    if not newest:
        raise NotAnswered("no JSON API")
    if "vulnerabilities" not in (asked(index, f"{PROBE}/{newest}") or {}):
        raise NotAnswered("no JSON API of single versions")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda one: asked(index, f"{one.name}/{one.version}"), packages))
    pairs = list(zip(packages, answers, strict=True))
    found = [advisory for package, answer in pairs if answer for advisory in _of(package, answer)]
    return found, [package for package, answer in pairs if answer is None]


def _of(package: Locked, answer: dict[str, Any]) -> Iterator[Advisory]:
    for one in answer.get("vulnerabilities", ()):
        if not one.get("withdrawn"):
            names = (one["id"], *one.get("aliases", ()))
            yield Advisory(package, names, tuple(one.get("fixed_in", ())))


def faults(found: list[Advisory], accepted: dict[str, Any], today: date) -> list[str]:
    """Weaknesses that nobody accepted, and acceptances that are over or without a reason."""
    told = [
        f"{name}: an acceptance needs package, until (a date) and why"
        for name, one in accepted.items()
        if not (one.get("package") and one.get("why") and type(one.get("until")) is date)
    ]
    standing = {
        (one.get("package"), name)
        for name, one in accepted.items()
        if type(one.get("until")) is date and one["until"] >= today
    }
    told += [str(one) for one in found if not any((one.package.name, name) in standing for name in one.names)]
    return told


def main(arguments: list[str]) -> int:
    packages = locked((HERE.parent / "uv.lock").read_text("utf-8"))
    accepted = tomllib.loads((HERE / "accepted_advisories.toml").read_text("utf-8"))
    try:
        found, unknown = advisories(os.environ.get("CAMPHORA_INDEX_JSON", INDEX), packages)
    except NotAnswered as error:
        print(f"dependency audit: NOT CHECKED, the index gives no advisories ({error})")
        found, unknown, answered = [], [], False
    else:
        answered = True
    told = faults(found, accepted, datetime.now(UTC).date())
    print("\n".join(told), end="\n" if told else "")
    if answered:
        print(
            f"dependency audit: {len(packages) - len(unknown)} of {len(packages)} packages checked, {len(told)} faults"
        )
        told += [
            f"{one.name} {one.version}: unknown to the index" for one in unknown if "--required" in arguments
        ]
    return int(bool(told) or (not answered and "--required" in arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
