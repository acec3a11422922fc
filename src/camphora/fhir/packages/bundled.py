"""The packages that Camphora carries, each made by a script of `tools/` that says where it comes from."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from camphora.errors import NotFound
from camphora.fhir import definitions
from camphora.fhir.packages.package import Package
from camphora.fhir.packages.shelf import Shelf

BUNDLED = ("hl7.fhir.r4.core", "tw.gov.mohw.twcore", "tw.iii.ltc", "tw.gov.mohw.nhi.pas")
"""Base R4 first."""


@cache
def package(name: str) -> Package:
    """The carried package of this name; raises `NotFound`, which names those that there are."""
    if name not in BUNDLED:
        raise NotFound("fhir-no-package", name=name, known=", ".join(BUNDLED))
    return Package(Shelf(files(definitions.__name__).joinpath(f"{name}.ndjson.xz").read_bytes()))
