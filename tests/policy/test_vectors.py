"""The decision vectors: ours and the oracle answer each, and the suite itself is whole."""

import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from camphora.policy import Policy, decide, vectors
from camphora.web import vectors as pages
from policy import oracle
from policy.comparing import ours

ROOT = Path(__file__).resolve().parents[2]
ALL = vectors.vectors()
KEYWORDS = {
    "$schema", "$id", "$ref", "$defs", "title", "description", "type", "required", "properties", "items", "enum",
    "const", "pattern", "oneOf", "allOf", "additionalProperties", "minItems", "minLength", "minProperties", "minimum",
    "uniqueItems",
}  # fmt: skip
KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}


def answer(found):
    """An answer in the form of a vector's `expected`."""
    last = found.reasons[-1]
    duties = [
        {
            name: sorted(value) if isinstance(value, frozenset) else value
            for name, value in one._asdict().items()
            if value
        }
        for one in found.obligations
    ]
    said = {
        "outcome": "permit" if found.permitted else "deny",
        "obligations": duties,
        "reasons": [reason.code for reason in found.reasons],
    }
    return said | ({"consent": last.consent, "provision": last.provision} if last.consent else {})


def wanted(vector):
    expected = vector["expected"]
    duties = [
        {name: sorted(value) if isinstance(value, list) else value for name, value in one.items()}
        for one in expected["obligations"]
    ]
    return expected | {"obligations": duties}


@pytest.mark.parametrize("vector", ALL, ids=lambda one: one["id"])
def test_our_decision_is_the_expected_one(vector):
    policy = Policy.taiwan().set(vectors.settings(vector))
    decision = decide(vectors.asked(vector), vectors.whom(vector), vectors.facts(vector), policy)
    assert answer(ours(decision)) == wanted(vector)
    assert [one.permits for one in decision.reasons][-1] is decision.permitted


@pytest.mark.parametrize("vector", ALL, ids=lambda one: one["id"])
def test_the_oracle_gives_the_expected_answer(vector):
    rules = oracle.with_settings(vectors.settings(vector))
    found = oracle.decide(oracles(vector), vectors.whom(vector), vectors.facts(vector), rules)
    assert answer(found) == wanted(vector)


def oracles(vector):
    """Who asks, with the names that the oracle finds in the vector's register."""
    asked, whom, register = vectors.stated(vector), vectors.whom(vector), vector.get("register")
    if register is None:
        return asked
    reader = oracle.known(asked.reader, register, asked.at)
    return replace(asked, reader=oracle.teams(reader, whom, register, asked.at))


def test_there_are_enough_in_every_dimension():
    counted = Counter(vector["dimension"] for vector in ALL)
    assert set(counted) == set(vectors.ORDER)
    assert {name: count for name, count in counted.items() if count < 10} == {}
    assert len(ALL) >= 450


def test_every_dimension_file_is_read():
    room = ROOT / "src/camphora/policy/vectors"
    assert {path.stem for path in room.glob("*.json")} == {*vectors.ORDER, "schema", "rules_schema"}


def test_ids_are_unique_and_of_their_dimension():
    assert max(Counter(vector["id"] for vector in ALL).values()) == 1
    assert [vector["id"] for vector in ALL if vector["id"].rpartition("-")[0] != vector["dimension"]] == []


def test_no_two_ask_the_same_under_another_name():
    """A vector that differs from another in nothing but its title proves nothing new."""
    asked = Counter(
        repr(
            [vector[key] for key in ("dimension", "policy", "asked")]
            + [vector.get(key) for key in ("whom", "facts", "register")]
        )
        for vector in ALL
    )
    assert [text for text, count in asked.items() if count > 1] == []


def test_titles_are_in_both_languages():
    latin = [vector["id"] for vector in ALL if not re.search("[\u4e00-\u9fff]", vector["title"]["zh-TW"])]
    assert latin == []
    assert [vector["id"] for vector in ALL if not re.search("[A-Za-z]{2}", vector["title"]["en"])] == []


def test_both_outcomes_stand_in_every_dimension():
    for dimension in vectors.dimensions():
        outcomes = {vector["expected"]["outcome"] for vector in dimension["vectors"]}
        assert outcomes == {"permit", "deny"}, dimension["dimension"]


def test_every_ihe_consent_is_asked_about_at_least_twice():
    found = Counter(vector["whom"]["consents"][0]["id"] for vector in ALL if vector["dimension"] == "ihe_pcf")
    assert len(found) == 23
    assert min(found.values()) >= 2


def test_the_files_are_what_their_rows_say():
    done = subprocess.run(
        [sys.executable, "tools/write_vectors.py", "--check"],
        cwd=ROOT, env={"PYTHONPATH": "src:tools"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def faults(schema, value, whole, path="$"):
    """What of a value is not as the schema says; the keywords of KEYWORDS only."""
    assert set(schema) <= KEYWORDS, set(schema) - KEYWORDS
    if "$ref" in schema:
        yield from faults(whole["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, whole, path)
    kind = schema.get("type")
    if kind and (not isinstance(value, KINDS[kind]) or (kind == "integer" and isinstance(value, bool))):
        yield f"{path}: no {kind}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{path}: not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: none of {schema['enum']}"
    for one in schema.get("allOf", ()):
        yield from faults(one, value, whole, path)
    if "oneOf" in schema and sum(not list(faults(one, value, whole, path)) for one in schema["oneOf"]) != 1:
        yield f"{path}: not one of the forms"
    yield from sizes(schema, value, path)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        yield from (f"{path}: {name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, one in value.items():
            if name in known:
                yield from faults(known[name], one, whole, f"{path}.{name}")
            elif schema.get("additionalProperties") is False:
                yield f"{path}: {name} is unknown"
            elif schema.get("additionalProperties"):
                yield from faults(schema["additionalProperties"], one, whole, f"{path}.{name}")
    if isinstance(value, list) and "items" in schema:
        for index, one in enumerate(value):
            yield from faults(schema["items"], one, whole, f"{path}[{index}]")


def sizes(schema, value, path):
    least = {"minItems": list, "minLength": str, "minProperties": dict}
    for name, kind in least.items():
        if name in schema and isinstance(value, kind) and len(value) < schema[name]:
            yield f"{path}: too short"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{path}: not of the form {schema['pattern']}"
    if schema.get("uniqueItems") and len({repr(one) for one in value}) < len(value):
        yield f"{path}: twice the same"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{path}: too small"


def test_every_file_is_as_the_schema_says():
    whole = vectors.schema()
    for dimension in vectors.dimensions():
        assert list(faults(whole["$defs"]["dimension"], dimension, whole)) == []
        assert list(faults(whole, dimension, whole)) == []


@pytest.mark.parametrize(
    ("served", "form"),
    [
        ("all.json", "schema.json"),
        ("rules.json", "rules.schema.json"),
    ],
)
def test_each_file_served_is_as_the_schema_served_beside_it_says(served, form):
    """As somebody else would check it: by a validator of theirs, on what is downloaded."""
    given, schema = (_served(name) for name in (served, form))
    assert list(faults(schema, given, schema)) == []
    given["another"] = 1
    assert list(faults(schema, given, schema))


def _served(name):
    with TestClient(Starlette(routes=[Route("/{name}", FILES[name])])) as client:
        return client.get(f"/{name}").json()


FILES = {
    "all.json": pages.all_of_them, "schema.json": pages.schema,
    "rules.json": pages.rules, "rules.schema.json": pages.rules_schema,
}  # fmt: skip


def test_the_rules_served_are_enough_for_an_evaluator():
    """The oracle, with what is served in place of its tables, gives every expected answer; the code systems that it
    reads by itself say the same."""
    given = _served("rules.json")
    assert {one["asked"]["reader"]["role"] for one in ALL} <= given["roles"].keys()
    assert {name for one in ALL for name in vectors.settings(one)} <= given["parameters"].keys()
    classes = {each["code"]: each["class"] for each in given["purposes"] if "class" in each}
    for each in given["purposes"]:
        assert oracle.lineage(each["code"], oracle.taiwan()) == {each["code"], *each["above"]}
    for label, above in given["sensitivity"].items():
        assert oracle.upwards(oracle.ACT_CODE, label) == {label, *above}
    rules = replace(
        oracle.taiwan(),
        settings={name: each["value"] for name, each in given["parameters"].items()},
        classes=classes,
        roles=given["roles"],
        bases={each["id"]: each for each in given["bases"]},
        shared=frozenset(given["shared_types"]),
    )
    for vector in ALL:
        settings = {**rules.settings, **vectors.settings(vector)}
        with_them = replace(rules, settings=settings, under=settings["purposes.under"])
        found = oracle.decide(oracles(vector), vectors.whom(vector), vectors.facts(vector), with_them)
        assert answer(found) == wanted(vector)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one.pop("source"), "source is missing"),
        (lambda one: one["asked"].update(action="read"), "none of"),
        (lambda one: one["expected"].update(provision="root"), "not of the form"),
        (lambda one: one.update(note="x"), "note is unknown"),
    ],
)
def test_the_schema_refuses_what_is_wrong(change, said):
    whole = vectors.schema()
    document = {**vectors.dimensions()[0]}
    broken = {**ALL[0], "asked": {**ALL[0]["asked"]}, "expected": {**ALL[0]["expected"]}}
    change(broken)
    document["vectors"] = [broken, *document["vectors"][1:]]
    assert any(said in fault for fault in faults(whole["$defs"]["dimension"], document, whole))
    assert list(faults(whole, document, whole))
    assert list(faults(whole, {"dimensions": [document]}, whole))
