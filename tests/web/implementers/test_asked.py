"""An address stands in the form of its search so that pressing Search asks the same again."""

import html
import re
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from camphora.errors import CamphoraError
from camphora.fhir.search import parameters, parse_query
from camphora.web.implementers.asked import OURS, asked, spread
from search_cases import subjects

GROUPS = [group for subject in subjects() for group in subject.groups if group.type != "*"]
CASES = [(group.type, case.ask) for group in GROUPS for case in group.cases if case.ask]
RESULTS = {"_sort", "_count", "_total"}
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=8)
NOW = 1_800_000_000_000


def pairs_of(ask):
    return [tuple(part.split("=", 1)) for part in ask.split("&")]


def filled(pairs, names):
    """The form as it is sent once more, with nothing changed in it."""
    held = spread(pairs, names)
    return QueryParams(urlencode([*held.fields.items(), ("more", held.more)]))


def fields_of(type_):
    return {code for code in parameters(type_) if ":" not in code} | RESULTS | {"_id", "_lastUpdated"}


def read(type_, pairs):
    try:
        return parse_query(type_, list(pairs), strict=True, now=NOW)
    except CamphoraError as refused:
        return str(refused)


@pytest.mark.parametrize(("type_", "ask"), CASES)
def test_each_written_case_comes_back_from_the_form(type_, ask):
    once = asked(QueryParams(urlencode(pairs_of(ask))))
    again = asked(filled(once, fields_of(type_)))
    assert sorted(again) == sorted(once)
    assert asked(filled(again, fields_of(type_))) == again


@given(st.data())
def test_any_joined_cases_ask_the_same_again(data):
    type_ = data.draw(st.sampled_from(sorted({each for each, _ in CASES})))
    asks = data.draw(
        st.lists(st.sampled_from([ask for each, ask in CASES if each == type_]), min_size=1, max_size=5)
    )
    once = asked(QueryParams(urlencode([pair for ask in asks for pair in pairs_of(ask)])))
    again = asked(filled(once, fields_of(type_)))
    assert sorted(again) == sorted(once)
    for name, _ in once:
        assert [each for each in again if each[0] == name] == [each for each in once if each[0] == name]
    if len(dict(once)) == len(once):
        one, other = (read(type_, sorted(pairs)) for pairs in (once, again))
        assert one == other


@given(st.lists(st.tuples(st.sampled_from(["code", "code:not", "a.b", "_count"]) | TEXTS, TEXTS), max_size=6))
def test_whatever_is_written_survives_the_form(pairs):
    once = asked(QueryParams(urlencode([pair for pair in pairs if pair[0] not in OURS | {"_page"}])))
    assert sorted(asked(filled(once, {"code", "_count"}))) == sorted(once)


class Inputs(HTMLParser):
    """What the form on a page would send."""

    def __init__(self):
        super().__init__()
        self.inside, self.select, self.sent = False, "", {}

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.inside = attrs.get("class") == "form"
        elif self.inside and tag == "input":
            self.sent[attrs["name"]] = attrs.get("value", "")
        elif self.inside and tag == "select":
            self.select = attrs["name"]
        elif self.inside and tag == "option" and "selected" in attrs:
            self.sent[self.select] = attrs["value"]

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False


def request_of(page):
    return html.unescape(re.search(r"GET /fhir/[^<]*", page.text)[0])


@pytest.mark.parametrize(
    "ask",
    [
        {"patient.name": "林", "code:not": "8480-6", "_count": "2"},
        {"code": ["8480-6", "8462-4"], "date": ["ge2020", "lt2030"]},
        {"_has:Provenance:target:_id": "x", "_include": "*", "code": "8480-6,8462-4", "_total": "none"},
        {"patient:Patient.name": "a&b=c+d %41", "code:missing": "false"},
        {"_sort": "-date", "_summary": "true"},
    ],
)
def test_pressing_search_asks_the_same_again(world, ask):
    browser, address = world.browser("clinician"), "/implementers/search/Observation"
    first = browser.get(address, params=ask)
    inputs = Inputs()
    inputs.feed(first.text)
    second = browser.get(address, params=inputs.sent)

    def conditions(page):
        return sorted(
            each for each in request_of(page).partition("?")[2].split("&") if each != "_total=accurate"
        )

    assert conditions(second) == conditions(first)
    assert conditions(first)


def test_a_search_asked_anew_begins_at_the_first_page():
    held = spread((("code", "a"), ("_page", "token"), ("code:not", "b")), {"code"})
    assert (held.fields, held.more) == ({"code": "a"}, "code:not=b")
