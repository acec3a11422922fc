import json
import lzma
from pathlib import Path

import pytest

from camphora.fhir.packages import package


@pytest.fixture(scope="session")
def examples():
    """150 examples of the R4 specification by file name (HL7, CC0; tools/distil_r4.py)."""
    packed = Path(__file__).parent / "data" / "examples-r4.json.xz"
    return json.loads(lzma.decompress(packed.read_bytes()))


@pytest.fixture(scope="session")
def taiwan():
    return list(package("tw.gov.mohw.twcore").examples())


@pytest.fixture
def patient():
    return {
        "resourceType": "Patient",
        "id": "p1",
        "active": True,
        "name": [{"family": "王", "given": ["大明", "小明"]}],
        "gender": "male",
        "birthDate": "1970-03",
        "deceasedBoolean": False,
        "contact": [{"name": {"given": ["一", "二"]}, "telecom": [{"system": "phone", "rank": 1}]}],
    }


@pytest.fixture
def observation():
    return {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-03-01T08:30:00+08:00",
        "valueQuantity": {"value": 6.5, "unit": "%"},
    }
