import json
import lzma
from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data" / "fhir-test-cases-r4.json.xz"


@pytest.fixture(scope="session")
def cases():
    """25 resources in XML by path, and the JSON given for seven of them (FHIR/fhir-test-cases, Apache-2.0)."""
    return json.loads(lzma.decompress(DATA.read_bytes()))
