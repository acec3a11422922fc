"""HL7's R4 test cases for FHIRPath, run as its own runner runs them.

Its runner parses, then checks against the type of the input, then evaluates, and an invalid expression must fail at
the stage that `invalid` names. Here it may also fail at an earlier one: what is refused sooner is refused.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from camphora.errors import CamphoraError, Invalid
from camphora.fhir import fhirpath
from camphora.fhir.json import parse

DATA = Path(__file__).parent / "data"
SUITE = DATA / "fhir-test-cases"
STAGES = ("syntax", "semantic", "execution")


def refusal(act: Callable[[], object]) -> str:
    """The code of the error of ours that an act ends in, "" where it ends well."""
    try:
        act()
    except CamphoraError as error:
        return error.code if error.text("zh-TW") and error.remedy("en") else "no words"
    return ""


@dataclass(frozen=True)
class Case:
    group: str
    name: str
    expression: str
    input: str
    invalid: str
    expected: tuple[tuple[str, str], ...]
    predicate: bool = False
    ordered: bool = True
    ask_order: bool = False


@cache
def cases() -> tuple[Case, ...]:
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    root = ET.fromstring(gzip.decompress((SUITE / "tests-fhir-r4.xml.gz").read_bytes()))
    for group in root.iter("group"):
        for test in group.iter("test"):
            expression = test.find("expression")
            outputs = tuple((out.get("type") or "", out.text or "") for out in test.iter("output"))
            yield Case(
                group.get("name", ""), test.get("name", ""), expression.text, test.get("inputfile") or "",
                expression.get("invalid", ""), outputs, test.get("predicate") == "true",
                test.get("ordered") != "false", test.get("checkOrderedFunctions") == "true",
            )  # fmt: skip


@cache
def excused() -> dict[str, str]:
    rows = (DATA / "excused.tsv").read_text("utf-8").splitlines()[1:]
    return dict(row.split("\t") for row in rows)


@cache
def resource(name: str) -> dict[str, Any]:
    return parse((SUITE / "inputs" / f"{name.rpartition('.')[0]}.json").read_bytes()) if name else {}


def fault(case: Case) -> str | None:
    """What is wrong with how a case comes out; None where it comes out as the suite says."""
    item = resource(case.input)
    stage, found = "syntax", None
    try:
        fhirpath.parse(case.expression)
        stage = "semantic"
        kind = item.get("resourceType")
        made = fhirpath.compile(case.expression, kind, strict=True, ordered=case.ask_order)
        stage = "execution"
        found = _results(made, item, predicate=case.predicate)
    except Invalid as error:
        late = not case.invalid or STAGES.index(stage) > STAGES.index(case.invalid)
        return f"refused at {stage}: {error}" if late else None
    if case.invalid:
        return f"not refused, gives {found}"
    return _compared(case, found)


def _results(made: fhirpath.Expression, item: dict[str, Any], *, predicate: bool) -> list[tuple[str, str]]:
    if predicate:
        return [("boolean", _text(bool(made.holds(item)), "boolean"))]
    found = [(_type(one.type), one.value) for one in made.located(item)]
    return [(kind, _text(value, kind)) for kind, value in found]


def _type(name: str) -> str:
    bare = name.removeprefix("System.")
    return bare if bare in {name, "Quantity"} else bare[0].lower() + bare[1:]


def _text(value: Any, kind: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    sign = {"date": "@", "dateTime": "@", "time": "@T"}.get(kind, "")
    return f"{value:f}" if isinstance(value, Decimal) else f"{sign}{value}"


def _compared(case: Case, found: list[tuple[str, str]]) -> str | None:
    expected = list(case.expected)
    if not case.ordered:
        expected, found = sorted(expected), sorted(found)
    fits = len(expected) == len(found) and all(
        kind in {"", got} and text in {"", said}
        for (kind, text), (got, said) in zip(expected, found, strict=True)
    )
    return None if fits else f"expected {expected}, found {found}"
