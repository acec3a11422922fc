"""Use for another purpose asks questions; it opens no record by any interaction, nor by a bundle of them."""

import pytest

from builders import observation
from camphora.policy import Purpose, Reader, Request, Role, admit
from web.fhir.asking import bundle, codes, entry, get, post, put, statuses

CODE = "records-secondary-by-question"
GETS = (
    "Patient/ada", "Patient/nobody", "Patient/ada/_history/1", "Patient/ada/_history", "Patient?name=%E7%8E%8B",
    "Patient", "Patient?_summary=count", "Patient?_count=0", "Condition?patient=ada", "Consent", "Organization/h1",
)  # fmt: skip


@pytest.fixture(params=[Role.ANALYST, Role.OFFICER, Role.MANAGER])
def other(request, served, loaded):
    reader = Reader("other", "某人", request.param)
    return served(loaded, admit(Request(reader, Purpose.SECONDARY)).access)


@pytest.mark.parametrize("path", GETS)
def test_no_record_is_read_found_or_counted(other, path):
    refused = get(other, f"/{path}")
    assert (refused.status_code, codes(refused)) == (403, [CODE])


def test_no_search_is_posted(other):
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert codes(other.post("/fhir/Patient/_search", content="name=x", headers=form)) == [CODE]


def test_a_bundle_opens_none_either(other):
    gets = [entry("GET", path) for path in GETS]
    batch = post(other, "/", bundle("batch", *gets))
    assert statuses(batch) == ["403"] * len(gets)
    for one in gets:
        assert post(other, "/", bundle("transaction", one)).status_code == 403


def test_nothing_is_written(other, loaded):
    before, made = loaded.last_change(), observation("o1", "ada", "1", "2026-01-01")
    answers = [
        post(other, "/Observation", made), put(other, "/Observation/o1", made), other.delete("/fhir/Observation/o1"),
        post(other, "/", bundle("transaction", entry("DELETE", "Observation/o1"))),
        post(other, "/", bundle("transaction", entry("PUT", "Observation/o1", made))),
    ]  # fmt: skip
    assert ([answer.status_code for answer in answers], loaded.last_change()) == ([403] * 5, before)
