"""What a list of cases shows of persons: rows of `masks.toml`, by how far the reader's areas reach."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from camphora.policy.asking import Scope

COUNTY, TOWNSHIP = 5, 8
Level = Literal["nation", "county", "township"]


@dataclass(frozen=True, slots=True)
class Mask:
    """How much of name, birth and home is shown."""

    name: Literal["none", "part", "whole"]
    birth: Literal["age", "day"]
    home: Literal["town", "village", "line"]

    def named(self, name: str) -> str | None:
        """The name as it is shown: 王小明, 王○明 or nothing."""
        if self.name == "none":
            return None
        return name if self.name == "whole" else part_of(name)


def level_of(scope: Scope) -> Level:
    """How far an account reaches; what is not limited by counties or townships is masked as the whole country is."""
    sizes = {len(code) for code in scope.areas}
    if not sizes or not sizes <= {COUNTY, TOWNSHIP}:
        return "nation"
    return "county" if COUNTY in sizes else "township"


def mask_of(scope: Scope) -> Mask:
    """The mask of an account."""
    return _masks()[level_of(scope)]


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
