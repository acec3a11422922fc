"""Histories of a record, a type and everything (R4 http.html#history)."""

import pytest

from builders import NOW, citizen, clinician, observation
from camphora.policy.choices import restrict
from camphora.policy.internal import loading
from camphora.records import Put
from web.fhir.asking import codes, get, links, put

CHANGED = observation("o1", "ada", "8480-6", "2026-01-06")


@pytest.fixture
def told(doctor):
    """Ada's o1 changed, o2 deleted and made again by a load."""
    put(doctor, "/Observation/o1", CHANGED)
    doctor.delete("/fhir/Observation/o2")
    return doctor


def _rows(answer):
    return [
        (row["fullUrl"].split("/fhir/")[1], row["request"]["method"])
        for row in answer.json().get("entry", [])
    ]


def _walked(client, path):
    rows, pages = [], 0
    answer = get(client, path)
    while True:
        rows += _rows(answer)
        pages += 1
        following = links(answer).get("next")
        if following is None:
            return rows, pages
        assert links(answer)["self"] != following
        answer = client.get(following)


def test_the_history_of_a_type_is_newest_first(told):
    rows = _rows(get(told, "/Observation/_history"))
    assert rows[:2] == [("Observation/o2", "DELETE"), ("Observation/o1", "PUT")]
    assert sorted(rows[2:]) == [(f"Observation/o{n}", "POST") for n in (1, 2, 3, 4)]


def test_the_history_of_everything_is_of_every_type(told):
    rows = _rows(get(told, "/_history?_count=200"))
    assert rows[:2] == [("Observation/o2", "DELETE"), ("Observation/o1", "PUT")]
    assert {address.split("/")[0] for address, _ in rows} == {
        "Observation",
        "Patient",
        "Condition",
        "Organization",
    }


@pytest.mark.parametrize("path", ["/_history", "/Observation/_history", "/Observation/o1/_history"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_pages_have_no_gap_and_no_double(told, path, count):
    whole, _ = _walked(told, f"{path}?_count=1000")
    rows, pages = _walked(told, f"{path}?_count={count}")
    assert rows == whole
    assert pages >= len(whole) // count


def test_a_page_belongs_to_its_reader_and_its_question(told, served, loaded):
    following = links(get(told, "/Observation/_history?_count=1"))["next"]
    token = following.partition("_page=")[2]
    for client, path in (
        (told, f"/Patient/_history?_count=1&_page={token}"),
        (told, f"/Observation/_history?_count=2&_page={token}"),
        (served(loaded, clinician("h2")), f"/Observation/_history?_count=1&_page={token}"),
    ):
        refused = get(client, path)
        assert (refused.status_code, codes(refused)) == (400, ["records-page-token"])


def test_since_keeps_what_came_from_then_on(told):
    newest = get(told, "/Observation/o1/_history").json()["entry"][0]["response"]["lastModified"]
    rows = _rows(get(told, f"/_history?_since={newest}"))
    assert rows == [("Observation/o2", "DELETE"), ("Observation/o1", "PUT")]
    assert _rows(get(told, "/_history?_since=2099-01-01T00:00:00Z")) == []


def test_at_keeps_what_was_the_present_version_then(told):
    first = get(told, "/Observation/o1/_history").json()["entry"]
    at = first[1]["response"]["lastModified"]
    assert [
        row["response"]["etag"] for row in get(told, f"/Observation/o1/_history?_at={at}").json()["entry"]
    ] == ['W/"1"']
    assert len(_rows(get(told, "/Observation/o1/_history?_at=2026-11"))) in {0, 2}
    assert _rows(get(told, "/Observation/_history?_at=1999")) == []


@pytest.mark.parametrize(
    "asked", ["_since=yesterday", "_since=2026-01-01", "_at=soon", "_count=many", "_page=x", "_sort=date"]
)
def test_what_a_history_cannot_be_asked_is_refused(told, asked):
    assert get(told, f"/Observation/_history?{asked}").status_code == 400


def test_parts_are_given_of_each_version(told):
    rows = get(told, "/Observation/_history?_elements=status").json()["entry"]
    assert all("subject" not in row["resource"] for row in rows if "resource" in row)


def test_a_history_of_which_no_entry_is_asked_claims_no_total(told):
    for path in ("/Observation/o1/_history", "/Observation/_history", "/_history"):
        assert "total" not in get(told, f"{path}?_count=0").json()


def test_what_is_hidden_now_has_no_history(served, loaded):
    loaded.write(loading("t"), [Put(CHANGED), Put(restrict("ada", "h1", NOW))])
    doctor = served(loaded, clinician())
    for path in ("/_history", "/Patient/_history", "/Observation/_history"):
        assert "ada" not in get(doctor, path).text
    assert get(doctor, "/Observation/o1/_history").status_code == 404
    assert get(doctor, "/Observation/o1/_history?_since=2099-01-01T00:00:00Z").status_code == 404


def test_who_reads_a_history_is_known(told, loaded):
    get(told, "/Observation/_history?_count=100")
    loaded.settle()
    looks = loaded.looks(citizen(), "ada")
    assert (looks[0].act, looks[0].types) == ("history", ("Observation",))


def test_a_person_has_the_history_of_her_own_records(served, loaded):
    rows = _rows(get(served(loaded, citizen()), "/_history?_count=100"))
    assert ("Observation/o1", "POST") in rows
    assert not any(address in {"Patient/bo", "Observation/o4"} for address, _ in rows)
