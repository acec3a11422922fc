"""A restricted hospital's clinician finds exactly what she would find if the patient did not exist."""

import re

import pytest

VIEWS = ("readable", "timeline", "table", "json")


@pytest.fixture(scope="module")
def restricted(world):
    world.browser("citizen").submit("/me/choices/restrict", organisation=world.cast.hospital)
    return world


def bare(text, *hidden):
    """The page without the address that was asked for."""
    for word in hidden:
        text = text.replace(word, "nobody")
    return re.sub(r'name="csrf" value="[^"]*"', "", text)


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
@pytest.mark.parametrize(
    "path", ["/patients/{}", "/patients/{}/timeline", "/records/Patient/{}", "/records/Patient/{}?as=json"]
)
def test_her_pages_are_those_of_an_absent_id_to_the_byte(restricted, path, lang):
    browser, person = restricted.browser("clinician", lang), restricted.cast.citizen
    hidden, absent = browser.get(path.format(person)), browser.get(path.format("nobody"))
    assert hidden.status_code == absent.status_code == 404
    assert bare(hidden.text, person) == bare(absent.text)
    assert {**hidden.headers, "content-length": ""} == {**absent.headers, "content-length": ""}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    "kind", ["Encounter", "Observation", "Condition", "MedicationRequest", "RelatedPerson"]
)
def test_none_of_her_records_opens(restricted, kind, view):
    browser, item = restricted.browser("clinician"), restricted.one(kind)["id"]
    hidden = browser.get(f"/records/{kind}/{item}?as={view}")
    absent = browser.get(f"/records/{kind}/nobody?as={view}")
    assert hidden.status_code == absent.status_code == 404
    assert bare(hidden.text, item) == bare(absent.text)


def test_searching_her_name_or_number_says_what_it_says_of_nobody(restricted):
    browser = restricted.browser("clinician")
    number = restricted.one("Observation")["subject"]["reference"].partition("/")[2]
    patient = restricted.browser("other").get(f"/records/Patient/{number}?as=json").text
    identity = re.search(r"[A-Z][12]\d{8}", patient)[0]
    nobody = listed(browser, "無此人")
    for sought in ("林美玉", identity):
        assert listed(browser, sought) == nobody
    assert "林美玉" in listed(restricted.browser("other"), identity)


def listed(browser, sought):
    page = browser.get("/patients", params={"q": sought}).text
    return page.partition('id="found"')[2].partition("</main>")[0]


def test_her_refusal_costs_as_many_receipts_as_an_absent_persons(restricted):
    """She finds the attempt among hers; by the size of the log nobody can tell it from one at nobody."""
    left = [
        looked(restricted, *asked) for asked in ((restricted.cast.citizen, "林美玉"), ("nobody", "無此人"))
    ]
    assert left[0] == left[1] > 0
    mine = restricted.installation.store.looks(restricted.access("citizen"), restricted.cast.citizen, 1)
    assert (mine[0].decision, mine[0].act) == ("deny", "read")


def looked(world, person, name):
    """How many receipts looking for a person leaves: by her address, and by name."""
    browser, audit = world.browser("clinician"), world.installation.store.audit
    before = len(audit)
    browser.get(f"/patients/{person}")
    browser.get("/patients", params={"q": name})
    return len(audit) - before
