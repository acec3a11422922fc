"""What an officer is shown of a person: rows of `masks.toml`, by how far the areas of the Access reach; the same on a
list, on the page of a case, in a file and in its FHIR."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from camphora.formats import address
from camphora.policy import Access
from camphora.policy.asking import Scope
from camphora.web.reading import Json
from camphora.web.reading.chart import name_of

COUNTY, TOWNSHIP = 5, 8
ABOUT = ("subject", "patient")
KEPT = ("resourceType", "id", "meta", "gender", "deceasedBoolean", "deceasedDateTime")
"""What a mask leaves of a Patient whatever it hides; what is added to the standard later is hidden."""
Level = Literal["nation", "county", "township"]


@dataclass(frozen=True, slots=True)
class Mask:
    """How much of name, birth and home is shown; who may not see the whole name sees no number and no telephone."""

    name: Literal["none", "part", "whole"]
    birth: Literal["age", "day"]
    home: Literal["town", "village", "line"]

    def over(self, patient: Json) -> Json:
        """A Patient as it is shown."""
        if (self.name, self.birth, self.home) == ("whole", "day", "line"):
            return patient
        shown = {key: patient[key] for key in KEPT if key in patient}
        name = name_of(patient) if self.name == "whole" else part_of(name_of(patient))
        if name and self.name != "none":
            shown["name"] = [{"text": name}]
        if self.birth == "day" and "birthDate" in patient:
            shown["birthDate"] = patient["birthDate"]
        if homes := [self._home(each) for each in patient.get("address", ())[:1]]:
            shown["address"] = homes
        return shown

    def about(self, record: Json) -> Json:
        """A record of somebody, without the name that it may say of them."""
        if self.name == "whole":
            return record
        shown = {key: value for key, value in record.items() if key not in {"text", "contained"}}
        return {**shown, **{key: _bare(shown[key]) for key in ABOUT if key in shown}}

    def _home(self, home: Json) -> Json:
        read = address.from_fhir(home)
        if self.home == "line":
            return home
        village = [read.village] if self.home == "village" and read.village else []
        shown: Json = {
            "district": read.county,
            "city": read.town,
            "text": "".join([read.county, read.town, *village]),
        }
        return {**shown, **({"line": village} if village else {})}


def _bare(reference: Mapping[str, object]) -> Json:
    return {key: value for key, value in reference.items() if key == "reference"}


def level_of(scope: Scope) -> Level:
    """How far an account reaches; what is not limited by counties or townships is masked as the whole country is."""
    sizes = {len(code) for code in scope.areas}
    if not sizes or not sizes <= {COUNTY, TOWNSHIP}:
        return "nation"
    return "county" if COUNTY in sizes else "township"


def mask_of(access: Access) -> Mask:
    """The mask of an Access."""
    return _masks()[level_of(access.scope)]


def part_of(name: str) -> str:
    """A name of which the middle is hidden: 王○明, 王○, A○○○○n."""
    signs = name.strip()
    if len(signs) <= 2:
        return signs[:1] + "○" * (len(signs) - 1)
    return f"{signs[0]}{'○' * (len(signs) - 2)}{signs[-1]}"


@cache
def _masks() -> dict[str, Mask]:
    read = tomllib.loads(files(__package__).joinpath("masks.toml").read_text("utf-8"))
    return {level: Mask(**row) for level, row in read.items()}
