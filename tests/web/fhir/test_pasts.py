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


def _list(name, *named, deleted=(), about="bo"):
    made = {"resourceType": "List", "id": name, "status": "current", "mode": "working"}
    gone = [{"item": {"reference": each}, "flag": {"text": "x"}, "deleted": True} for each in deleted]
    made["entry"] = [*({"item": {"reference": each}} for each in named), *gone]
    return made | {"subject": {"reference": f"Patient/{about}"}}


@pytest.fixture
def lists(told, loaded):
    short = _list("short", "Observation/o1", "Patient/ada", deleted=["Observation/o3"])
    loaded.write(loading("t"), [Put(short), Put(_list("other", "Observation/o3/_history/1", "Device/none"))])
    return told


def test_a_history_is_of_what_a_list_names(lists):
    assert sorted(_rows(get(lists, "/_history?_list=short"))) == [
        ("Observation/o1", "POST"),
        ("Observation/o1", "PUT"),
        ("Patient/ada", "POST"),
    ]
    of_type = [address for address, _ in _rows(get(lists, "/Observation/_history?_list=List/short,other"))]
    assert of_type == ["Observation/o1", "Observation/o3", "Observation/o1"]
    assert len(_rows(get(lists, "/Observation/o1/_history?_list=short"))) == 2
    assert _rows(get(lists, "/Observation/o3/_history?_list=short")) == []
    assert get(lists, "/Observation/none/_history?_list=short").status_code == 404
    assert _rows(get(lists, "/_history?_list=none")) == []


def test_pages_of_a_list_have_no_gap_and_belong_to_it(lists):
    whole, _ = _walked(lists, "/_history?_list=short&_count=1000")
    assert _walked(lists, "/_history?_list=short&_count=1") == (whole, 3)
    token = links(get(lists, "/_history?_list=short&_count=1"))["next"].partition("_page=")[2]
    assert codes(get(lists, f"/_history?_list=other&_count=1&_page={token}")) == ["records-page-token"]


@pytest.mark.parametrize(
    "asked", ["_list=$current-problems", "_list=$none", "_list=Patient/ada", "_list=a b"]
)
def test_a_list_that_a_history_cannot_be_of_is_refused(told, asked):
    assert get(told, f"/Condition/_history?{asked}").status_code == 400


def test_a_list_of_a_hidden_person_names_nothing_and_a_hidden_one_is_named_by_none(served, loaded):
    loaded.write(
        loading("t"),
        [
            Put(_list("hers", "Observation/o4", about="ada")),
            Put(_list("of-all", "Observation/o1", "Observation/o4")),
            Put(restrict("ada", "h1", NOW)),
        ],
    )
    doctor = served(loaded, clinician())
    assert _rows(get(doctor, "/_history?_list=hers")) == []
    assert _rows(get(doctor, "/_history?_list=of-all")) == [("Observation/o4", "POST")]


def test_whose_list_was_read_for_a_history_is_known(told, loaded):
    loaded.write(loading("t"), [Put(_list("hers", "Observation/o4", about="ada"))])
    loaded.settle()
    before = len(loaded.looks(citizen(), "ada"))
    assert _rows(get(told, "/_history?_list=hers")) == [("Observation/o4", "POST")]
    loaded.settle()
    assert len(loaded.looks(citizen(), "ada")) == before + 1
