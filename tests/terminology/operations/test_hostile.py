"""Requests of the suite with one thing broken: an answer or an error that says what is wrong, never a crash."""

import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import CamphoraError
from camphora.terminology.operations import as_fhir
from camphora.terminology.operations.requests import Desk
from camphora.terminology.operations.resources import ResourceLibrary
from terminology.operations import suite

ASKED = [case for case in suite.owed() if "request" in case.test]
ODD = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "http://x|1|2", "#", "é" * 300, [], {}, [[]], [{}], {"a": 1}]
)


def places(value, path=()):
    """The path of every part of a JSON value."""
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in rows:
        yield (*path, key)
        yield from places(item, (*path, key))


def broken(value, path, new):
    """A copy with one part replaced, or left out where `new` is None."""
    found = copy.deepcopy(value)
    at = found
    for key in path[:-1]:
        at = at[key]
    if new is None:
        del at[path[-1]]
    else:
        at[path[-1]] = new
    return found


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_a_broken_request_is_answered_or_refused(data):
    case = data.draw(st.sampled_from(ASKED))
    request = suite.load(case.test["request"])
    wrong = broken(request, data.draw(st.sampled_from(sorted(places(request), key=str))), data.draw(ODD))
    _ask(suite.library(case.setup), case, wrong)


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_a_broken_resource_sent_along_is_answered_or_refused(data):
    case = data.draw(st.sampled_from(ASKED))
    sent = suite.load(data.draw(st.sampled_from(case.setup)))
    wrong = broken(sent, data.draw(st.sampled_from(sorted(places(sent), key=str)[:400])), data.draw(ODD))
    request = copy.deepcopy(suite.load(case.test["request"]))
    request["parameter"].append({"name": "tx-resource", "resource": wrong})
    library = ResourceLibrary(suite.load(name) for name in case.setup)
    _ask(library, case, request)


def _ask(library, case, request):
    refused = None
    try:
        Desk(library).ask(suite.OPERATIONS[case.test["operation"]], request)
    except CamphoraError as error:
        refused = error
    if refused is not None:
        assert as_fhir.outcome_of(refused) is not None
        assert refused.text("zh-TW")
        assert refused.remedy("en")
