from pathlib import Path

import pytest

from camphora.fhir.patch import nodes

SUITE = Path(__file__).parent / "data" / "fhir-test-cases"


def document(element):
    """The element alone as a document; no bytes where there is none."""
    return nodes.write(nodes.Element(nodes.Name("", ""), {}, children=[element])) if element else b""


def xml_cases(file):
    """The cases of a suite in XML: each the one element of its parts by name, the error that it expects (or no text),
    and its parts."""
    for case in next(nodes.parse((SUITE / file).read_bytes()).elements).elements:
        parts = {part.name.local: next(part.elements, None) for part in case.elements}
        options = {name.local: value for name, value in case.attributes.items()}
        yield pytest.param(
            {**parts, "parts": list(case.elements), "failing": _error(case)}, id=options["name"]
        )


def _error(case):
    """What the suite's own message of a failing case says."""
    said = next((part.attributes for part in case.elements if part.name.local == "error"), {})
    return next(iter(said.values()), "")
