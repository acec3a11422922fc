"""Write bill-of-materials.json (CycloneDX 1.5) from uv.lock: what an installation of the wheel brings.

    python tools/bill.py

Runtime dependencies only, each with its version, purl, licence (from the installed package's own metadata) and the
SHA-256 of every distribution file that the lock allows, by file name: any index may have handed it over. It holds no
time and no host, so the same lock gives the same bytes.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "bill-of-materials.json"
NAME = "camphora"
SPDX = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "any-OSI": "any-OSI",
}
"""Older metadata say a classifier or a word where newer say an SPDX expression."""
Json = dict[str, Any]


def locked() -> dict[str, Json]:
    """Every package of the lock by its name."""
    return {one["name"]: one for one in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]}


def needed(packages: Mapping[str, Json], name: str, extras: tuple[str, ...] = ()) -> Iterator[str]:
    """The names that a package needs at run time, on any platform, through all levels."""
    package = packages[name]
    wanted = [*package.get("dependencies", ())]
    for extra in extras:
        wanted += package.get("optional-dependencies", {}).get(extra, [])
    for one in wanted:
        yield one["name"]
        yield from needed(packages, one["name"], tuple(one.get("extra", ())))


def reference(package: Json) -> str:
    return f"pkg:pypi/{package['name']}@{package['version']}"


def component(package: Json) -> Json:
    """One package as CycloneDX says it."""
    files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]
    return {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": reference(package),
        "licenses": [{"expression": licence(package["name"])}],
        "externalReferences": [distribution(file) for file in files],
    }


def distribution(file: Json) -> Json:
    alg, _, content = file["hash"].partition(":")
    assert alg == "sha256", alg
    hashes = [{"alg": "SHA-256", "content": content}]
    return {"type": "distribution", "url": file["url"].rpartition("/")[2], "hashes": hashes}


def licence(name: str) -> str:
    """The SPDX expression of a package's licence. Raises KeyError where its metadata say none that is known."""
    said = dict(metadata.metadata(name).json)
    if expression := said.get("license_expression"):
        return str(expression)
    classes = [one.rpartition(" :: ")[2] for one in said.get("classifier", ()) if one.startswith("License")]
    return " OR ".join(sorted(SPDX[one] for one in classes or [str(said.get("license"))]))


def bill() -> Json:
    packages = locked()
    own = packages[NAME]
    names = sorted(set(needed(packages, NAME)))
    root = {
        "type": "application",
        "bom-ref": reference(own),
        "name": NAME,
        "version": own["version"],
        "purl": reference(own),
        "licenses": [{"expression": "Apache-2.0"}],
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": root},
        "components": [component(packages[name]) for name in names],
        "dependencies": [dependency(packages, name) for name in [NAME, *names]],
    }


def dependency(packages: Mapping[str, Json], name: str) -> Json:
    package = packages[name]
    below = sorted({reference(packages[one["name"]]) for one in package.get("dependencies", ())})
    return {"ref": reference(package), "dependsOn": below}


def text() -> str:
    return json.dumps(bill(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    OUT.write_text(text(), "utf-8")
