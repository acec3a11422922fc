"""Searches over HTTP: pages, links, totals, what is ignored, and parts of resources (R4 search.html)."""

import orjson
import pytest

from builders import clinician, observation, patient
from camphora.policy.internal import loading
from camphora.records import Put
from web.fhir.asking import codes, get, ids, links

FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_a_search_gives_the_stored_bytes_and_no_total(doctor, loaded):
    found = get(doctor, "/Observation?patient=ada&code=8480-6&_sort=date")
    assert ids(found) == ["o1", "o2"]
    assert loaded.read(clinician(), "Observation", "o1").body in found.content
    assert "total" not in found.json()
    assert found.json()["entry"][0]["fullUrl"] == "http://camphora.test/fhir/Observation/o1"


@pytest.mark.parametrize("ask", ["_total=accurate", "_summary=count", "_count=0"])
def test_totals_are_counted_where_they_are_asked_for(doctor, ask):
    found = get(doctor, f"/Observation?patient=ada&{ask}")
    assert found.json()["total"] == 3
    assert len(ids(found)) == (3 if ask == "_total=accurate" else 0)
    assert "next" not in links(found)


def test_pages_follow_one_another_to_the_end_without_gap_or_double(doctor):
    seen, address = [], "http://camphora.test/fhir/Observation?_count=1&_sort=-date"
    while address:
        page = doctor.get(address)
        assert links(page)["self"] == address
        seen += ids(page)
        address = links(page).get("next")
    assert seen == ids(get(doctor, "/Observation?_sort=-date"))
    assert len(seen) == 4


def test_pages_hold_for_dates_measured_from_today(doctor):
    following = links(get(doctor, "/Observation?date=ap2026-01&_count=1"))["next"]
    assert doctor.get(following).status_code == 200
    assert codes(doctor.get(following.replace("_page=2", "_page=1"))) == ["records-page-token"]


def test_a_page_of_another_reader_or_query_is_refused(doctor, served, loaded):
    address = links(get(doctor, "/Observation?patient=ada&_count=1"))["next"]
    other = served(loaded, clinician("h2"))
    assert codes(other.get(address)) == ["records-page-token"]
    assert codes(doctor.get(address.replace("ada", "bo"))) == ["records-page-token"]


def test_a_search_by_form_is_the_same_search(doctor):
    form = "patient=ada&code=http://loinc.org|8480-6"
    by_form = doctor.post("/fhir/Observation/_search?_count=1", content=form, headers=FORM)
    by_address = doctor.get("/fhir/Observation?_count=1&" + form)
    assert by_form.json()["entry"] == by_address.json()["entry"]
    assert links(by_form)["self"] == links(by_address)["self"]
    assert ids(doctor.get(links(by_form)["next"])) == ids(doctor.get(links(by_address)["next"])) == ["o2"]


def test_lenient_handling_names_what_it_left_out(doctor):
    found = get(doctor, "/Patient?name=王&colour=red&weird=1")
    outcome = found.json()["entry"][-1]
    assert ids(found) == ["ada"]
    assert (outcome["search"]["mode"], codes(outcome["resource"])) == ("outcome", ["web-fhir-ignored"] * 2)
    assert {issue["severity"] for issue in outcome["resource"]["issue"]} == {"warning"}
    assert "colour" not in links(found)["self"]
    assert "weird" not in links(found)["self"]


def test_strict_handling_refuses_what_it_does_not_know(doctor):
    refused = get(doctor, "/Patient?name=王&colour=red&near=1", prefer="handling=strict")
    assert (refused.status_code, codes(refused)) == (400, ["fhir-search-unknown"] * 2)


def test_paging_goes_on_where_parameters_were_ignored(doctor):
    first = get(doctor, "/Observation?_count=1&colour=red")
    assert doctor.get(links(first)["next"]).status_code == 200


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("code=&code=8480-6", "“code” has no value"),
        ("_sort=date&_sort=colour", "“_sort=colour” is not supported"),
        ("_include=Observation:patient&_include=Colour:x", "“_include=Colour:x” is not supported"),
        ("_filter=code eq 8480-6&_filter=colour eq 1", "“_filter: colour” is not supported"),
    ],
)
def test_what_stands_twice_is_left_out_where_it_is_not_understood_alone(doctor, asked, told):
    first = get(doctor, f"/Observation?patient=ada&_count=1&{asked}", accept_language="en")
    assert told in first.json()["entry"][-1]["resource"]["issue"][0]["details"]["text"]
    alone = get(doctor, f"/Observation?patient=ada&_count=1&{_understood(asked)}")
    assert links(first)["self"] == links(alone)["self"]
    following = doctor.get(links(first)["next"])
    assert (following.status_code, ids(following)) == (200, ids(doctor.get(links(alone)["next"])))


def _understood(asked):
    one, other = asked.split("&")
    return other if one.endswith("=") else one


def test_a_malformed_value_is_refused_and_not_repeated(doctor):
    refused = get(doctor, "/Patient?birthdate=A123456780")
    assert (refused.status_code, codes(refused)) == (400, ["fhir-search-value"])
    assert "A123456780" not in refused.text


def test_the_self_link_tells_the_page_size_that_was_used(doctor):
    assert links(get(doctor, "/Patient?_count=999999"))["self"].endswith("_count=1000")


def test_text_of_any_kind_comes_back_in_the_links(doctor):
    found = get(doctor, "/Patient?name=王&identifier=http://www.moi.gov.tw|A123456780")
    assert ids(found) == ["ada"]
    assert ids(doctor.get(links(found)["self"])) == ["ada"]


def test_elements_keep_what_is_mandatory_and_precise(served, store):
    body = (
        b'{"resourceType":"Observation","id":"x","status":"final","code":{"text":"t"},'
        b'"valueQuantity":{"value":1.500},"issued":"2026-01-01T00:00:00Z"}'
    )
    store.write(loading("t"), [Put(orjson.loads(body), body)])
    client = served(store, loading("t"))
    found = get(client, "/Observation?_elements=value").json()["entry"][0]["resource"]
    assert sorted(found) == ["code", "id", "meta", "resourceType", "status", "valueQuantity"]
    assert found["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert b'"value":1.500' in get(client, "/Observation/x?_elements=value").content


@pytest.mark.parametrize(
    ("summary", "names"),
    [
        ("true", {"name", "gender", "birthDate", "identifier", "link"}),
        ("text", {"text"}),
        ("data", {"name", "gender", "birthDate", "identifier", "contact", "photo", "link"}),
        ("false", {"name", "gender", "birthDate", "identifier", "contact", "photo", "link", "text"}),
    ],
)
def test_a_summary_holds_what_r4_says(served, store, summary, names):
    full = patient("p", "林小美", "2000-01-01", "A1") | {
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'},
        "contact": [{"gender": "male"}],
        "photo": [{"url": "http://x.test/p"}],
        "link": [{"other": {"reference": "Patient/q"}, "type": "seealso"}],
    }
    store.write(loading("t"), [Put(full)])
    client = served(store, clinician())
    for found in (
        get(client, f"/Patient/p?_summary={summary}").json(),
        get(client, f"/Patient?_summary={summary}").json()["entry"][0]["resource"],
    ):
        assert set(found) - {"resourceType", "id", "meta"} == names


def test_a_summary_reaches_into_backbone_elements(served, loaded):
    parts = observation("x", "ada", "85354-9", "2026-01-01") | {
        "component": [{"code": {"text": "a"}, "interpretation": [{"text": "high"}], "valueInteger": 1}]
    }
    del parts["valueQuantity"]
    loaded.write(loading("t"), [Put(parts)])
    found = get(served(loaded, clinician()), "/Observation/x?_summary=true").json()
    assert found["component"] == [{"code": {"text": "a"}, "valueInteger": 1}]


def test_a_read_has_no_count(doctor):
    assert codes(get(doctor, "/Patient/ada?_summary=count")) == ["web-fhir-value"]


def test_a_search_without_matches_is_an_empty_bundle(doctor):
    found = get(doctor, "/Patient?name=nobody").json()
    assert (found["type"], "entry" in found) == ("searchset", False)


@pytest.mark.parametrize(
    "part", ["_id=a", "_lastUpdated=2020", "date=ap2020", "code=x", "subject=ada", "encounter=http://x/Encounter/1"]
)  # fmt: skip
def test_the_most_that_may_be_asked_is_answered_and_one_more_is_refused(doctor, part):
    name, _, value = part.partition("=")
    most = [(name, ",".join([value] * 200))] * 10
    content = "&".join(f"{key}={text}" for key, text in most)
    assert doctor.post("/fhir/Observation/_search", content=content, headers=FORM).status_code == 200
    refused = get(doctor, f"/Observation?{name}={','.join([value] * 201)}")
    assert (refused.status_code, codes(refused)) == (400, ["fhir-search-many"])
    assert f"「{name}」" in refused.json()["issue"][0]["details"]["text"]


def test_one_token_may_mean_more_terms_than_a_statement_takes(doctor, loaded):
    codes_ = [{"system": "urn:many", "code": f"c{number}"} for number in range(40_000)]
    many = observation("many", "ada", "1", "2026-01-01") | {"code": {"coding": codes_}}
    loaded.write(loading("t"), [Put(many)])
    assert ids(get(doctor, "/Observation?code=urn:many|")) == ["many"]
    assert ids(get(doctor, "/Observation?code=urn:many|,8480-6&_sort=_id")) == ["many", "o1", "o2", "o4"]
