"""The versions of a record, and what differs between them."""

import copy

import pytest

from camphora.web.implementers.differences import between, parsed

OLD = {
    "resourceType": "Patient", "active": True, "name": [{"text": "a", "given": ["x", "y"]}], "birthDate": "1970",
    "contact": [{"gender": "male"}],
}  # fmt: skip


def changed(**given):
    return {**copy.deepcopy(OLD), **given}


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (OLD, []),
        (changed(birthDate="1971"), [("birthDate", "changed", "1970", "1971")]),
        (changed(gender="female"), [("gender", "added", "", "female")]),
        (changed(contact=[]), [("contact[0].gender", "removed", "male", "")]),
        (changed(active="true"), [("active", "changed", "true", "true")]),
        (
            changed(name=[{"text": "new"}, *OLD["name"]]),
            [("name[0].text", "added", "", "new")],
        ),
        (
            changed(name=[{"text": "a", "given": ["y"]}]),
            [("name[0].given[0]", "removed", "x", "")],
        ),
        (
            changed(name={"text": "a"}),
            [
                ("name[0].text", "removed", "a", ""),
                ("name[0].given[0]", "removed", "x", ""),
                ("name[0].given[1]", "removed", "y", ""),
                ("name.text", "added", "", "a"),
            ],
        ),
    ],
)
def test_what_differs(new, told):
    found = [(each.path, each.word, each.before, each.after) for each in between(OLD, new)]
    assert sorted(found) == sorted(told)


def test_decimals_keep_their_digits():
    (only,) = between(parsed(b'{"value":1.0}'), parsed(b'{"value":1.00}'))
    assert (only.before, only.after) == ("1.0", "1.00")


@pytest.fixture
def twice(fresh):
    """A condition of the citizen's in two versions."""
    condition = fresh.one("Condition")
    fresh.write({**condition, "note": [{"text": "第二版"}]})
    return fresh, condition["id"]


def test_versions_are_shown_with_their_differences(twice):
    world, key = twice
    browser = world.browser("clinician")
    page = browser.words(f"/implementers/history/Condition/{key}")
    assert "第 2 版；您可看到 2 個版本" in page
    assert "note[0].text 新增 第二版" in page
    assert "meta.versionId" not in page
    first = browser.words(f"/implementers/history/Condition/{key}?version=1")
    assert "沒有更早而可供比較的版本" in first
    assert "第二版" in browser.words(f"/implementers/history/Condition/{key}?as=raw")
    assert "第二版" not in browser.words(f"/implementers/history/Condition/{key}?as=raw&version=1")
    assert browser.get(f"/implementers/history/Condition/{key}?version=9").status_code == 404


def test_the_restricted_and_the_absent_answer_alike(world):
    other = world.browser("father")
    there = other.get(f"/implementers/history/Condition/{world.one('Condition')['id']}")
    absent = other.get("/implementers/history/Condition/nobody")
    assert there.status_code == absent.status_code == 404


def test_the_version_that_is_shown_is_marked_among_the_others(world):
    record = world.one("Condition")["id"]
    page = world.browser("clinician", "en").words(f"/implementers/history/Condition/{record}")
    assert page.count("shown below") == 1
    assert "Version 1" in page
    assert "顯示於下" in world.browser("clinician").words(f"/implementers/history/Condition/{record}")
