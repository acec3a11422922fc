"""The published examples, unpacked: see tools/distil_conformance.py for where they come from."""

from __future__ import annotations

import lzma
from functools import cache
from pathlib import Path
from typing import Any

import orjson

DATA = Path(__file__).parent / "data"
Json = dict[str, Any]


@cache
def _lines(name: str) -> list[bytes]:
    return lzma.decompress((DATA / name).read_bytes()).splitlines()


def r4_examples() -> list[Json]:
    """Every resource of npm hl7.fhir.r4.examples 4.0.1 that its own bundles do not repeat; fresh values."""
    return [orjson.loads(line) for line in _lines("r4-examples.ndjson.xz")]


def taiwan_ltc() -> list[Json]:
    """The 359 resources of TW LTC 1.0.0 in the order of its validation summary; fresh values."""
    return [orjson.loads(line) for line in _lines("tw-ltc.ndjson.xz")]


def shared_examples() -> dict[str, str]:
    """The R4 resources of FHIR/fhir-test-cases by file name, JSON and XML, as text."""
    files: dict[str, str] = orjson.loads(lzma.decompress((DATA / "fhir-test-cases-r4.json.xz").read_bytes()))
    return files
