"""`/fhir/AuditEvent`: her receipts by IHE BALP, for herself and for who acts for her; for nobody else."""

import pytest

from audit.balp import faults
from web.portal.test_guardians import child, years_ago


def events(browser, patient, **more):
    answer = browser.get("/fhir/AuditEvent", params={"patient": patient, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def resources(bundle):
    return [entry["resource"] for entry in bundle.get("entry", [])]


def test_she_reads_who_read_her_and_each_event_by_its_address(fresh):
    person = fresh.cast.citizen
    fresh.browser("clinician").get(f"/patients/{person}")
    browser = fresh.browser("citizen")
    found = events(browser, f"Patient/{person}")
    made = resources(found)
    assert found["total"] == len(made)
    assert any("何志華" in str(event) for event in made)
    for event in made:
        profile = event["meta"]["profile"][0].rpartition("IHE.BasicAudit.")[2]
        assert faults(event, profile) == []
    one = browser.get(f"/fhir/AuditEvent/{made[0]['id']}")
    assert (one.status_code, one.json()) == (200, made[0])


def test_reading_receipts_leaves_receipts(fresh):
    log, browser = fresh.installation.store.audit, fresh.browser("citizen")
    fresh.browser("clinician").get(f"/patients/{fresh.cast.citizen}")
    made = resources(events(browser, fresh.cast.citizen))
    browser.get(f"/fhir/AuditEvent/{made[0]['id']}")
    (_, read), (_, searched) = log.newest(2)
    assert [(one["act"], one["types"]) for one in (searched, read)] == [
        ("search", ["AuditEvent"]),
        ("read", ["AuditEvent"]),
    ]


def test_pages_hold_each_event_once_though_each_page_leaves_one_more(fresh):
    browser, person = fresh.browser("citizen"), fresh.cast.citizen
    for _ in range(3):
        fresh.browser("clinician").get(f"/patients/{person}")
    page, seen = events(browser, person, _count=2), []
    wanted = page["total"]
    while True:
        seen += [event["id"] for event in resources(page)]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            break
        page = browser.get(following[0]).json()
    assert len(seen) == len(set(seen)) == wanted


def test_a_guardian_reads_a_childs_receipts_and_nobody_else_does(fresh):
    child(fresh, "kid", years_ago(8))
    fresh.browser("clinician").get("/patients/kid")
    made = resources(events(fresh.browser("citizen"), "kid"))
    assert {"Patient/kid"} == {event["entity"][0]["what"]["reference"] for event in made}
    address = f"/fhir/AuditEvent/{made[0]['id']}"
    assert fresh.browser("citizen").get(address).status_code == 200
    assert resources(events(fresh.browser("relative"), "kid")) == []
    for name in ("relative", "clinician", "hostile"):
        there, absent = (
            fresh.browser(name).get(path) for path in (address, "/fhir/AuditEvent/receipt-999999999")
        )
        assert (there.status_code, there.json()["issue"]) == (404, absent.json()["issue"])


@pytest.mark.parametrize("more", [{"date": "2026"}, {"_count": "x"}, {"_page": "-1"}, {"_summary": "count"}])
def test_what_would_not_be_applied_is_refused(fresh, more):
    answer = fresh.browser("citizen").get("/fhir/AuditEvent", params={"patient": fresh.cast.citizen, **more})
    assert answer.status_code == 400


def test_a_bundle_and_a_posted_search_answer_alike(fresh):
    browser, person = fresh.browser("citizen"), fresh.cast.citizen
    fresh.browser("clinician").get(f"/patients/{person}")
    first = resources(events(browser, person))[0]["id"]
    entries = [
        {"request": {"method": "GET", "url": url}}
        for url in (f"AuditEvent/{first}", f"AuditEvent?patient={person}")
    ]
    body = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    headers = {"origin": "http://testserver"}
    one, several = browser.post("/fhir", json=body, headers=headers).json()["entry"]
    assert one["resource"]["id"] == first
    assert first in {event["id"] for event in resources(several["resource"])}


def test_the_statement_tells_of_it(fresh):
    stated = fresh.browser("citizen").get("/fhir/metadata").json()["rest"][0]["resource"]
    assert "BALP" in next(one for one in stated if one["type"] == "AuditEvent")["documentation"]
