"""What stands around the rows of a search: what is included, whom the receipt names, totals, and how it is told."""

from dataclasses import replace

import pytest

from builders import NOW, clinician, observation, patient
from camphora.errors import Invalid, TooLarge
from camphora.fhir.search import parse_query
from camphora.fhir.search.asking import ChainClause, IdClause, Include, MemberClause, Query, TextClause
from camphora.policy import Purpose, Reader, Request, Role, admit, choices
from camphora.policy.asking import Scope
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.records.planning import including, statement

LOAD = loading("t")
XHTML = "http://www.w3.org/1999/xhtml"


def asked(store, kind, *pairs, access=None):
    return store.search(access or clinician("h2"), parse_query(kind, pairs, strict=True))


def names(versions):
    return [f"{one.type}/{one.id}" for one in versions]


@pytest.fixture
def linked(loaded):
    """Ada restricts the second hospital; Bo's record names a device, an organization and an Encounter of Ada."""
    visit = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": "AMB"},
        "serviceProvider": {"reference": "Organization/h1"},
    }
    loaded.write(
        LOAD,
        [
            Put({**visit, "id": "of-ada", "subject": {"reference": "Patient/ada"}}),
            Put({**visit, "id": "of-bo", "subject": {"reference": "Patient/bo"}}),
            Put(
                {
                    **observation("seen", "bo", "1-1", "2026-05-01"),
                    "encounter": {"reference": "Encounter/of-bo"},
                }
            ),
            Put(
                {
                    **observation("odd", "bo", "1-1", "2026-05-02"),
                    "encounter": {"reference": "Encounter/of-ada"},
                }
            ),
            Put(choices.restrict("ada", "h2", NOW)),
        ],
    )
    return loaded


def test_what_is_included_stands_under_the_law_of_its_own_type(linked):
    page = asked(linked, "Observation", ("code", "1-1"), ("_include", "Observation:encounter"))
    assert names(page.rows) == ["Observation/seen", "Observation/odd"]
    assert names(page.included) == ["Encounter/of-bo"]
    page = asked(linked, "Organization", ("_id", "h1"), ("_revinclude", "Encounter:service-provider"))
    assert names(page.included) == ["Encounter/of-bo"]
    whole = asked(
        linked,
        "Organization",
        ("_id", "h1"),
        ("_revinclude", "Encounter:service-provider"),
        access=clinician("h1"),
    )
    assert names(whole.included) == ["Encounter/of-ada", "Encounter/of-bo"]


def test_iterate_goes_on_and_each_is_brought_once(linked):
    pairs = [("_id", "seen"), ("_include", "Observation:encounter"), ("_include", "Observation:subject")]
    pairs += [("_include:iterate", "Encounter:service-provider"), ("_include:iterate", "Encounter:subject")]
    page = asked(linked, "Observation", *pairs)
    assert sorted(names(page.included)) == ["Encounter/of-bo", "Organization/h1", "Patient/bo"]
    assert page.whole


def test_what_is_left_out_is_said(linked, monkeypatch):
    monkeypatch.setattr(including, "MOST_INCLUDED", 1)
    page = asked(linked, "Patient", ("_id", "bo"), ("_revinclude", "Observation:subject"))
    assert (len(page.included), page.whole) == (1, False)


def test_several_types_stand_together_in_one_order(linked):
    query = Query("Encounter", types=("Encounter", "Organization", "Patient"), count=2)
    found, token = [], None
    while token is not None or not found:
        page = linked.search(clinician("h2"), replace(query, page=token))
        found += names(page.rows)
        token = page.next
        if token is None:
            break
    assert sorted(found) == ["Encounter/of-bo", "Organization/h1", "Organization/h2", "Patient/bo"]
    assert linked.search(clinician("h2"), replace(query, total="accurate")).total == 4


def test_an_estimate_is_exact_or_not_known(linked, monkeypatch):
    query = parse_query("Observation", [("_total", "estimate")], strict=True)
    query = replace(query, total="estimate")
    assert linked.search(clinician("h2"), query).total == 3
    monkeypatch.setattr(statement, "ESTIMATED", 2)
    assert linked.search(clinician("h2"), query).total is None


def looked(store, person):
    reader = Reader("c", "本人", Role.CITIZEN, person=person)
    return store.looks(admit(Request(reader, Purpose.SELF)).access, person)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("Observation", "patient.identifier", "A123456780"),
        ("Organization", "_has:Encounter:service-provider:patient", "ada"),
        ("Organization", "_has:Encounter:service-provider:patient.identifier", "A123456780"),
        ("Observation", "encounter.subject:Patient._id", "ada"),
        ("Observation", "_filter", "patient.identifier eq A123456780"),
    ],
)
def test_whom_a_question_names_is_told_of_it_where_she_is_hidden_too(linked, kind, name, value):
    before = len(looked(linked, "ada"))
    assert asked(linked, kind, (name, value)).rows == []
    told = looked(linked, "ada")
    assert len(told) == before + 1
    assert told[0].decision == "deny"
    assert len(looked(linked, "bo")) == 0


def test_who_is_included_is_read(linked):
    asked(linked, "Organization", ("_id", "h1"), ("_revinclude", "Encounter:service-provider"))
    assert [one.act for one in looked(linked, "bo")] == ["search"]
    assert looked(linked, "ada") == []


def test_a_type_that_is_not_reached_holds_nothing_in_a_chain(linked):
    """A clinician reaches no Consent; it is refused by itself, and finds nobody inside a chain."""
    page = asked(linked, "Patient", ("_has:Consent:patient:status", "active"), access=clinician("h1"))
    assert page.rows == []


def test_an_officer_of_an_area_finds_institutions_by_their_names(linked):
    reader = Reader("o", "防疫", Role.OFFICER, scope=Scope(areas=frozenset({"65000"})))
    officer = admit(Request(reader, Purpose.SURVEILLANCE)).access
    assert len(asked(linked, "Organization", ("name", "仁愛"), access=officer).rows) == 1


def test_what_cannot_be_answered_says_so(linked):
    with pytest.raises(Invalid, match="records-no-terminology"):
        linked.search(clinician("h1"), Query("Observation", (MemberClause("code", ("http://x",)),)))
    deep = IdClause(("x",))
    for _ in range(200):
        deep = ChainClause("subject", "Patient", (deep,))
    with pytest.raises(TooLarge, match="records-search-deep"):
        linked.search(clinician("h1"), Query("Observation", (deep,)))


def test_full_text_finds_words_in_their_order(linked):
    linked.write(
        LOAD,
        [
            Put(
                {
                    **observation("told", "bo", "1-2", "2026-06-01"),
                    "text": {
                        "status": "generated",
                        "div": '<div xmlns="http://www.w3.org/1999/xhtml">血糖 偏高 Fever</div>',
                    },
                    "note": [{"text": "Long note"}],
                }
            )
        ],
    )

    def found(param, *words):
        return names(
            linked.search(clinician("h2"), Query("Observation", (TextClause(param, (words,)),))).rows
        )

    assert found("_text", "偏高", "fever") == ["Observation/told"]
    assert found("_text", "高偏") == []
    assert found("_content", "long note") == ["Observation/told"]
    assert found("_text", "long note") == []


def test_a_plan_is_told_without_values(linked):
    query = parse_query("Observation", [("patient", "bo"), ("code", "1-1"), ("_sort", "-date")], strict=True)
    (told,) = linked.explain(clinician("h2"), query)
    assert told.type == "Observation"
    assert told.driver is not None
    assert told.lines
    assert not any("bo" in str(each.what).split() or "1-1" in str(each) for each in told.tests)


def test_an_include_that_is_not_of_the_page_brings_nothing(linked):
    query = Query("Patient", (IdClause(("bo",)),), includes=(Include("Encounter", "subject"),))
    assert linked.search(clinician("h2"), query).included == []


def test_the_person_of_two_subjects_is_found_by_each(linked):
    account = {"resourceType": "Account", "id": "both", "status": "active"}
    subjects = [{"reference": "Patient/bo"}, {"reference": "Patient/cy"}]
    linked.write(
        LOAD, [Put(patient("cy", "林淑芬", "1970-01-01", "C1")), Put({**account, "subject": subjects})]
    )
    for one in ("bo", "cy"):
        assert names(asked(linked, "Account", ("subject", f"Patient/{one}")).rows) == ["Account/both"]
