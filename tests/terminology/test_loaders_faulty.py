"""Resources that are not what they should be: each is left out and named, and all else of its package is kept."""

import contextlib
import copy
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camphora.cli import main
from camphora.errors import CamphoraError, Faults, Invalid
from camphora.terminology.loaders import load
from camphora.terminology.operations.requests import Desk
from camphora.terminology.stored_library import Holdings
from packages.archives import SYSTEM, guide

CODES = {
    "resourceType": "CodeSystem", "url": "urn:cs", "version": "1", "status": "active", "content": "complete",
    "property": [{"code": "size", "type": "integer"}],
    "concept": [
        {
            "code": "a", "display": "Salt", "definition": "d",
            "designation": [{"language": "zh-TW", "use": {"code": "x"}, "value": "鹽"}],
            "property": [{"code": "size", "valueInteger": 5}, {"code": "parent", "valueCode": "b"}],
            "concept": [{"code": "c"}],
        },
        {"code": "b"},
    ],
}  # fmt: skip
CLAUSE = {
    "system": "urn:cs", "concept": [{"code": "a", "designation": [{"language": "en", "value": "S"}]}],
}  # fmt: skip
SET = {
    "resourceType": "ValueSet", "url": "urn:vs", "version": "1", "status": "active",
    "compose": {
        "include": [CLAUSE, {"system": "urn:cs", "filter": [{"property": "size", "op": "=", "value": "5"}]}],
        "exclude": [{"valueSet": ["urn:vs2"]}],
    },
}  # fmt: skip
TARGET = {"code": "b", "equivalence": "wider", "dependsOn": [{"property": "p", "value": "v"}]}
MAP = {
    "resourceType": "ConceptMap", "url": "urn:cm", "version": "1", "status": "active",
    "group": [
        {
            "source": "urn:cs", "target": "urn:other", "element": [{"code": "a", "target": [TARGET]}],
            "unmapped": {"mode": "fixed", "code": "z"},
        }
    ],
}  # fmt: skip
WHOLE = {"CodeSystem": CODES, "ValueSet": SET, "ConceptMap": MAP}


def package(tmp_path, *resources, name="package.tgz"):
    path = tmp_path / name
    path.write_bytes(
        guide({f"package/{one['resourceType']}-{n}.json": one for n, one in enumerate(resources)})
    )
    return path


def located(error):
    faults = error.faults if isinstance(error, Faults) else [error]
    return [(one.code, one.place.file, one.place.path) for one in faults]


SHAPE = "terminology-resource-shape"


@pytest.mark.parametrize(
    ("kind", "odd", "code", "path"),
    [
        ("CodeSystem", {"version": 7}, "fhir-type", "version"),
        ("CodeSystem", {"concept": "abc"}, "fhir-not-array", "concept"),
        ("CodeSystem", {"concept": [{"code": "a", "display": 5}]}, "fhir-type", "concept[0].display"),
        ("CodeSystem", {"concept": [{"code": "a", "property": [5]}]}, "fhir-type", "concept[0].property[0]"),
        ("CodeSystem", {"concept": [{"code": "a", "designation": "x"}]}, "fhir-not-array", "concept[0].designation"),
        ("CodeSystem", {"concept": [{"code": "a", "property": [{}]}]}, "fhir-empty", "concept[0].property[0]"),
        ("CodeSystem", {"property": [{"type": "code"}]}, SHAPE, "property[0].code"),
        ("ValueSet", {"compose": ["a"]}, "fhir-too-many", "compose"),
        ("ValueSet", {"compose": {"include": "x"}}, "fhir-not-array", "compose.include"),
        ("ValueSet", {"compose": {"include": [{"concept": [5]}]}}, "fhir-type", "compose.include[0].concept[0]"),
        ("ValueSet", {"compose": {"exclude": [{"concept": [{"display": "x"}]}]}}, SHAPE,
         "compose.exclude[0].concept[0].code"),
        ("ConceptMap", {"group": ["x"]}, "fhir-type", "group[0]"),
        ("ConceptMap", {"group": [{"element": [{"code": 5}]}]}, "fhir-type", "group[0].element[0].code"),
        ("ConceptMap", {"group": [{"unmapped": {"relationship": 5}}]}, SHAPE, "group[0].unmapped.relationship"),
    ],
)  # fmt: skip
def test_a_misshapen_resource_is_refused_with_file_member_and_path(empty, tmp_path, *, kind, odd, code, path):
    resource = {**WHOLE[kind], **odd}
    file = tmp_path / "odd.json"
    file.write_text(json.dumps(resource))
    with pytest.raises(Invalid) as caught:
        load(empty.path, file)
    assert (code, "odd.json", f"{kind}.{path}") in located(caught.value)
    answers = load(empty.path, package(tmp_path, resource))
    (faulty,) = [one for one in answers if one.state == "faulty"]
    assert (code, f"package.tgz!{kind}-0.json", f"{kind}.{path}") in located(Faults(list(faulty.faults)))
    assert empty.editions("urn:cs") == []
    assert empty.readers.rows("SELECT count(*) FROM resource") == [(0,)]


def test_what_says_too_little_or_speaks_of_another_release_is_understood_and_kept(empty, tmp_path):
    sparse = {key: item for key, item in CODES.items() if key != "status"} | {"versionAlgorithmString": "x"}
    of_r5 = {"code": "b", "relationship": "equivalent"}
    group = {"source": "urn:cs", "target": "urn:o", "element": [{"code": "a", "target": [of_r5]}]}
    answers = load(empty.path, package(tmp_path, sparse, {**MAP, "group": [group]}))
    assert {(one.url, one.state) for one in answers} >= {("urn:cs", "new"), ("urn:cm", "new")}
    ((mapped, _),) = Holdings.of(empty).mapped("urn:cs", "a")
    assert mapped.relationship == "equivalent"


def test_every_faulty_resource_of_a_package_is_named_and_the_rest_is_kept(empty, tmp_path):
    odd = [{**SET, "url": f"urn:odd:{n}", "compose": {"include": [5] * (n + 1)}} for n in range(3)]
    right = [{**SET, "url": f"urn:right:{n}"} for n in range(40)]
    answers = load(empty.path, package(tmp_path, odd[0], *right[:20], odd[1], CODES, *right[20:], odd[2]))
    faulty = {one.url: len(one.faults) for one in answers if one.state == "faulty"}
    assert faulty == {"urn:odd:0": 1, "urn:odd:1": 2, "urn:odd:2": 3}
    kept = {row[0] for row in empty.readers.rows("SELECT url FROM resource")}
    assert kept == {one["url"] for one in right}
    assert empty.lookup("urn:cs", "a").zh == "鹽"


def test_the_command_names_each_that_is_left_out(tmp_path, capsys):
    (tmp_path / "records.sqlite").touch()
    odd = [{**SET, "url": f"urn:odd:{n}", "compose": {"include": [5] * 30}} for n in range(2)]
    archive = package(tmp_path, *odd, SET)
    assert main(["terminology", "add", str(archive), "--in", str(tmp_path), "--lang", "en"]) == 2
    said = capsys.readouterr()
    assert all(f"urn:odd:{n}|1 has faults and is not held" in said.out for n in range(2))
    assert "package.tgz!ValueSet-0.json ValueSet.compose.include[0]" in said.err


def test_a_faulty_resource_may_be_mended_and_loaded_again(empty, tmp_path):
    load(empty.path, package(tmp_path, {**SET, "compose": "x"}, CODES))
    again = load(empty.path, package(tmp_path, SET, CODES))
    assert [(one.url, one.state) for one in again if one.url in {"urn:vs", "urn:cs"}] == [
        ("urn:cs", "same"),
        ("urn:vs", "new"),
    ]


SLOW = """
import sys, time
from pathlib import Path
from camphora.terminology.loaders import load
def shown(name, done, total):
    print(done, flush=True)
    time.sleep(0.2)
load(Path(sys.argv[1]), Path(sys.argv[2]), None, shown)
"""


def test_after_a_kill_in_a_package_what_is_seen_is_whole_and_the_rest_follows(empty, tmp_path):
    def system(name):
        concepts = [{"code": f"{name}{number}"} for number in range(5_000)]
        return {**CODES, "url": f"urn:{name}", "concept": concepts}

    odd = {**SET, "url": "urn:odd", "compose": [1]}
    archive = package(tmp_path, system("first"), odd, system("second"), SET)
    empty.close()
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(empty.path), str(archive)], stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )  # fmt: skip
    with running:
        assert [next(running.stdout) for _ in range(5)] == [
            b"1\n",
            b"2000\n",
            b"4000\n",
            b"5000\n",
            b"2000\n",
        ]
        os.kill(running.pid, signal.SIGKILL)
    assert {one.url: one.count for one in empty.systems()} == {SYSTEM["url"]: 1, "urn:first": 5_000}
    answers = {one.url: one for one in load(empty.path, archive)}
    assert {url: one.state for url, one in answers.items()} == {
        SYSTEM["url"]: "same", "urn:first": "same", "urn:second": "new", "urn:vs": "new", "urn:odd": "faulty",
    }  # fmt: skip
    assert (answers["urn:second"].concepts, answers["urn:second"].resumed >= 2_000) == (5_000, True)


ODD = st.sampled_from([5, 1.5, "x", "", True, None, [], {}, ["x"], [5], [[]], {"a": 1}, [{}], [None], "a\0b"])


def places(value, path=()):
    """The path of every value within a value."""
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in rows:
        yield (*path, key)
        yield from places(item, (*path, key))


@st.composite
def mutants(draw):
    made = copy.deepcopy(WHOLE[draw(st.sampled_from(sorted(WHOLE)))])
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from([path for path in places(made) if path != ("resourceType",)]))
        inside = made
        for step in path[:-1]:
            inside = inside[step]
        if draw(st.booleans()):
            inside[path[-1]] = copy.deepcopy(draw(ODD))
        else:
            del inside[path[-1]]
    return made


def asked(desk, operation, **given):
    parameters = [{"name": name, "valueUri": value} for name, value in given.items()]
    with contextlib.suppress(CamphoraError):
        assert desk.ask(operation, {"resourceType": "Parameters", "parameter": parameters})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutants())
def test_whatever_is_kept_can_be_asked_of_and_the_rest_is_told(empty, tmp_path, resource):
    file = tmp_path / "any.json"
    file.write_text(json.dumps(resource))
    try:
        (loaded,) = load(empty.path, file)
    except CamphoraError as error:
        faults = error.faults if isinstance(error, Faults) else [error]
        assert all(one.text("zh-TW") for one in faults)
        return
    assert loaded.state in {"new", "same"}
    desk, url = Desk(Holdings.of(empty)), loaded.url
    asked(desk, "ValueSet/$expand", url=url)
    asked(desk, "ValueSet/$validate-code", url=url, system="urn:cs", code="a")
    asked(desk, "CodeSystem/$lookup", system=url, code="a")
    asked(desk, "ConceptMap/$translate", url=url, system="urn:cs", code="a")
