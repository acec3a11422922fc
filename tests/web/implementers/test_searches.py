"""A search in the form is the API's search: the same answer, the same Access, the same receipts."""

import html
import json
import re

import pytest
from starlette.testclient import TestClient

from camphora.fhir.registry import Registry
from camphora.fhir.search import parse_query
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.web.implementers.parameters import told
from camphora.web.implementers.reasons import account


def raw(answer):
    found = re.search(r'<pre class="json"[^>]*>(.*?)</pre>', answer.text, re.DOTALL)
    return html.unescape(found[1])


def test_the_answer_is_what_the_api_gives(world):
    browser, her = world.browser("clinician"), world.cast.citizen
    asked = f"patient={her}&_count=3&_sort=-date"
    shown = json.loads(raw(browser.get(f"/implementers/search/Observation?{asked}&as=json")))
    given = browser.get(f"/fhir/Observation?{asked}&_total=accurate").json()
    assert [each["resource"] for each in shown["entry"]] == [each["resource"] for each in given["entry"]]
    assert shown["total"] == given["total"] > 3
    page = browser.words(f"/implementers/search/Observation?{asked}")
    assert f"符合 {given['total']:,} 筆" in page
    assert f"GET /fhir/Observation?{asked}&_total=accurate" in html.unescape(page)
    for each in given["entry"]:
        assert f"Observation/{each['resource']['id']}" in page
    assert "<Bundle" in raw(browser.get(f"/implementers/search/Observation?{asked}&as=xml"))


def test_the_next_page_goes_on(world):
    browser, her = world.browser("clinician"), world.cast.citizen
    first = browser.get(f"/implementers/search/Observation?patient={her}&_count=2")
    following = html.unescape(re.search(r'href="([^"]*_page=[^"]*)"', first.text)[1])
    second = browser.get(following)
    ids = [
        set(re.findall(r"/implementers/history/Observation/([^\"]+)", each.text)) for each in (first, second)
    ]
    assert len(ids[0]) == len(ids[1]) == 2
    assert not ids[0] & ids[1]


def test_a_search_leaves_the_same_receipt_as_through_the_api(fresh):
    browser, her = fresh.browser("clinician"), fresh.cast.citizen
    store, own = fresh.installation.store, fresh.access("citizen")

    def looks():
        return len(store.looks(own, her, 1000))

    before = looks()
    browser.get(f"/implementers/search/Observation?patient={her}")
    by_page = looks() - before
    browser.get(f"/fhir/Observation?patient={her}&_total=accurate")
    assert by_page == looks() - before - by_page == 1


def test_the_form_alone_reads_nobody(fresh):
    browser, her = fresh.browser("clinician"), fresh.cast.citizen
    before = len(fresh.installation.store.looks(fresh.access("citizen"), her, 1000))
    assert "birthdate" in browser.words("/implementers/search/Patient")
    assert len(fresh.installation.store.looks(fresh.access("citizen"), her, 1000)) == before


def test_nobody_signs_in_first(world):
    answer = TestClient(world.app, follow_redirects=False).get("/implementers/search/Patient?name=a")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


def test_who_may_not_read_is_refused_as_by_the_api(world):
    analyst = world.browser("analyst")
    api, page = analyst.get("/fhir/Patient?name=a"), analyst.get("/implementers/search/Patient?name=a")
    assert api.status_code == page.status_code == 403


def test_a_wrong_parameter_is_said_with_its_remedy(world):
    answer = world.browser("clinician", "en").get("/implementers/search/Patient?birthdate=yesterday")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_further_parameters_are_asked_too(world):
    browser, her = world.browser("clinician"), world.cast.citizen
    shown = raw(
        browser.get(
            "/implementers/search/Observation",
            params={"patient": her, "more": "code:missing=true", "as": "json"},
        )
    )
    assert json.loads(shown)["total"] == 0


SPEED = [
    ("Patient", "", [], "came", []),
    ("Observation", "_id=1", ["list"], "came", ["_id"]),
    ("Observation", "code=a&patient=1", ["list", "list"], "came", ["code", "patient"]),
    ("Observation", "code:not=a", ["rows"], "came", []),
    ("Observation", "code:missing=true", ["rows"], "came", []),
    ("Observation", "_lastUpdated=ge2024", ["rows"], "came", []),
    ("Patient", "name:contains=a", ["wide"], "came", ["name"]),
    ("Patient", "name=a", ["list"], "came", ["name"]),
    ("Observation", "patient.name=a", ["wide"], "came", ["patient:Patient"]),
    ("Patient", "_has:Observation:patient:code=a", ["wide"], "came", ["_has:Observation:patient"]),
    ("Patient", "name=a&_sort=-_lastUpdated", ["list"], "index", ["name"]),
    ("Patient", "name=a&_sort=family", ["list"], "sorted", ["name"]),
]


@pytest.mark.parametrize(("name", "asked", "costs", "order", "drivers"), SPEED)
def test_why_a_search_is_fast_or_slow(name, asked, costs, order, drivers):
    pairs = [tuple(part.split("=", 1)) for part in asked.split("&") if part]
    told = account(parse_query(name, pairs, strict=True))
    assert [step.cost for step in told.steps] == costs
    assert (told.order, list(told.drivers)) == (order, drivers)
    assert told.slow == (bool(costs) and not drivers)


def test_the_account_holds_no_value(world):
    text = world.browser("clinician").words("/implementers/search/Patient?identifier=A198765432")
    assert "A198765432" not in text.partition("為什麼快或慢")[2]
    assert "以「identifier」的索引列出資料" in text


def test_each_parameter_is_told_as_its_own_definition_says(fresh):
    declared = {
        "resourceType": "SearchParameter", "id": "s", "url": "https://example.org/s", "name": "S", "status": "active",
        "description": "A word of ours", "code": "own-status", "base": ["Condition"], "type": "token",
        "expression": "Condition.clinicalStatus",
    }  # fmt: skip
    fresh.installation.store.write(loading("t"), [Put(declared)])
    page = fresh.browser("clinician").words("/implementers/search/Condition")
    for said in ("A word of ours", "Code for the condition", "The severity of the condition"):
        assert said in page
    assert "Multiple Resources" not in page
    guide = {each.code: each.description for each in told("AllergyIntolerance", Registry.bundled())}
    assert guide["clinical-status"]
    assert guide["code"] == "Code that identifies the allergy or intolerance"
