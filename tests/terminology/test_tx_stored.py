"""HL7's tx-ecosystem suite again, its code systems, value sets and maps kept in a terminology file."""

import json
from collections import Counter
from functools import cache

import pytest

from camphora.errors import Conflict, Invalid
from camphora.terminology import Terminology
from camphora.terminology.file import complete, create
from camphora.terminology.loaders import load as load_file
from camphora.terminology.loaders import unload
from camphora.terminology.operations.resources import Layered
from camphora.terminology.stored_library import StoredLibrary
from terminology.operations import suite

pytestmark = pytest.mark.conformance


def _load(path, file):
    """What has no codes is left out; of two of one url and version the later counts, as in the suite, but of two maps
    that the suite gives the same name the first."""
    resource = json.loads(file.read_text())
    try:
        load_file(path, file)
    except Conflict:
        if resource["resourceType"] != "ConceptMap":
            unload(path, resource["url"], resource.get("version", ""))
            load_file(path, file)
    except Invalid as error:
        if error.code not in {"terminology-not-present", "terminology-no-codes"}:
            raise


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """`kept(setup)`: a library over a file into which a suite's resources were loaded."""
    folder, opened = tmp_path_factory.mktemp("tx"), []

    @cache
    def library(setup):
        path = folder / f"{len(opened)}.sqlite"
        connection = create(path)
        connection.execute("INSERT INTO built VALUES ('test', 1)")
        complete(connection)
        for name in setup:
            file = folder / "one.json"
            file.write_text(json.dumps(suite.load(name)))
            _load(path, file)
        opened.append(Terminology.open(path))
        return Layered(StoredLibrary(opened[-1]), suite.base())

    yield library
    for terms in opened:
        terms.close()


def test_the_suite_comes_out_the_same_over_the_file(kept, monkeypatch):
    cases = suite.owed()
    before = {str(case): suite.state(case)[0] for case in cases}
    monkeypatch.setattr(suite, "library", kept)
    after = {str(case): suite.state(case) for case in cases}
    worse = {name: told for name, told in after.items() if told[0] != before[name]}
    assert worse == {}
    assert Counter(told[0] for told in after.values())["passed"] >= 590
