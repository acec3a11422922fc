"""The policy of one installation: Taiwan's, with what the law leaves open set otherwise by `policy.toml` in its folder.

    [parameters]                                    # any of those that `camphora gate policy` shows
    "ages.own_act" = 13
    "secondary.refused_organisations" = ["commercial", "insurer", "foreign", "individual", "political"]
    "purposes.under" = { "https://example.tw/purpose|REGISTRY" = "HRESCH" }

    [[basis]]                                       # further legal bases, in the form of policy/taiwan.toml
    id = "cancer-registry"
    title = { zh-TW = "癌症登記", en = "cancer registry" }
    law = "癌症防治法第11條"
    purposes = ["GOV"]
    organisations = ["government"]
    overrides = false
    notify = true
    established = true

Statutory denials, what a role may ask for and the bases of the law cannot be changed here. The file is read when a
process opens the installation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from camphora.errors import Faults, Invalid, Place
from camphora.formats.toml_lines import Document, KeyPath, read_toml
from camphora.policy.policy import PARAMETERS, Explained, LegalBasis, Policy, Reading

FILE = "policy.toml"
WEIGHED = ("care", "secondary", "family")
"""The classes in which an installation may weigh consents: the others stand on statute."""


def installed(folder: Path) -> Policy:
    """The policy of an installation. Raises `Invalid` or `Faults` with every fault of its file and where it stands."""
    file, base = folder / FILE, Policy.taiwan()
    if not file.exists():
        return base
    said = read_toml(file, FILE)
    faults = list(_unknown(said))
    parameters = dict(_parameters(said, faults, base))
    bases = {row.id: row for row in _bases(said, faults, base)}
    if faults:
        raise Faults(faults)
    name = hashlib.blake2b(file.read_bytes(), digest_size=4).hexdigest()
    return replace(
        base,
        id=f"{base.id}+{name}",
        parameters={**base.parameters, **parameters},
        bases={**base.bases, **bases},
    )


def _unknown(said: Document) -> Iterator[Invalid]:
    known = ("parameters", "basis")
    for name in said.data.keys() - set(known):
        yield Invalid("policy-unknown", place=said.place(name), name=name, known=", ".join(known))


def _parameters(said: Document, faults: list[Invalid], base: Policy) -> Iterator[tuple[str, Explained]]:
    given = said.data.get("parameters", {})
    if not isinstance(given, Mapping):
        place = said.place("parameters")
        faults.append(Invalid("policy-value", place=place, name="parameters", zh="一個區段", en="a section"))
        return
    for name, path, value in _named(given, ()):
        place, check = said.place("parameters", *path), PARAMETERS.get(name)
        if check is None:
            known = ", ".join(PARAMETERS)
            faults.append(Invalid("policy-unknown", place=place, name=name, known=known))
        elif not check(value):
            faults.append(Invalid("policy-value", place=place, name=name, zh=check.zh, en=check.en))
        elif name == "consents.classes" and not set(value) <= set(WEIGHED):
            zh, en = "、".join(WEIGHED), ", ".join(WEIGHED)
            faults.append(
                Invalid("policy-value", place=place, name=name, zh=f" {zh} 中之清單", en=f"a list among {en}")
            )
        else:
            yield name, Explained(value, base.parameters[name].why)


def _named(given: Mapping[str, Any], before: KeyPath) -> Iterator[tuple[str, KeyPath, Any]]:
    """Each parameter with its dotted name, whether the dots stand in one key or in several."""
    for key, value in given.items():
        path = (*before, key)
        name = ".".join(str(each) for each in path)
        if (
            isinstance(value, Mapping)
            and name not in PARAMETERS
            and any(each.startswith(f"{name}.") for each in PARAMETERS)
        ):
            yield from _named(value, path)
        else:
            yield name, path, value


def _bases(said: Document, faults: list[Invalid], base: Policy) -> Iterator[LegalBasis]:
    rows = said.data.get("basis", [])
    if not isinstance(rows, list):
        place = said.place("basis")
        faults.append(
            Invalid("policy-value", place=place, name="basis", zh="[[basis]] 各列", en="[[basis]] rows")
        )
        return
    yield from Reading(faults, FILE, lambda path: _place(said, path)).bases(rows, set(base.bases))


def _place(said: Document, path: str) -> Place:
    """Where `basis[2].purposes` stands."""
    row, _, key = path.partition(".")
    number = row.partition("[")[2].rstrip("]")
    return said.place("basis", int(number), *key.split(".")) if number else said.place(row)
