import json
import tomllib

import bill
from docs.manual import ROOT, text

PUBLISHED = json.loads(text(ROOT / "bill-of-materials.json"))
LOCK = {one["name"]: one for one in tomllib.loads(text(ROOT / "uv.lock"))["package"]}


def closure(name):
    """Everything below a package in the lock, found by walking it breadth first."""
    found, waiting = set(), [name]
    while waiting:
        below = {one["name"] for one in LOCK[waiting.pop()].get("dependencies", ())}
        waiting += below - found
        found |= below
    return found


def test_the_bill_is_what_the_lock_says_now():
    assert bill.text() == text(ROOT / "bill-of-materials.json"), "run make notice"


def test_it_names_what_runs_and_nothing_else():
    assert {one["name"] for one in PUBLISHED["components"]} == closure("camphora")
    assert not {"pytest", "ruff", "mkdocs"} & {one["name"] for one in PUBLISHED["components"]}


def test_each_component_has_the_version_and_the_digests_of_the_lock():
    for one in PUBLISHED["components"]:
        package = LOCK[one["name"]]
        files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]
        listed = {f"sha256:{file['hashes'][0]['content']}" for file in one["externalReferences"]}
        assert listed == {file["hash"] for file in files}
        assert one["version"] == package["version"]
        assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}"


def test_each_component_names_its_licence():
    assert all(one["licenses"][0]["expression"] for one in PUBLISHED["components"])


def test_it_names_no_host_of_a_registry():
    hosts = {one for one in text(ROOT / "bill-of-materials.json").split('"') if "://" in one}
    assert hosts == {"http://cyclonedx.org/schema/bom-1.5.schema.json"}


def test_every_dependency_it_points_to_is_listed():
    known = {one["bom-ref"] for one in PUBLISHED["components"]} | {
        PUBLISHED["metadata"]["component"]["bom-ref"]
    }
    named = {below for one in PUBLISHED["dependencies"] for below in one["dependsOn"]}
    assert named <= known
