"""The ways straight on JSON against the engine, on records of every shape."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.fhir import fhirpath
from camphora.fhir.fhirpath.quick import Slow, Unfit
from camphora.fhir.fhirpath.types import shape
from camphora.lake import straight

REFERENCE = st.sampled_from([
    "Patient/1", "Patient/1/_history/2", "RelatedPerson/x", "Nothing/1", "http://a/fhir/Patient/1", "#c", "urn:uuid:1",
    "Patient/", "", "patient/1", "Patient/1/2",
])  # fmt: skip
EXTENSION = st.fixed_dictionaries(
    {"url": st.sampled_from(["u", "v"])},
    optional={"valueString": st.just("x"), "valueCode": st.just("y"), "_url": st.just({"id": "i"})},
)
BESIDE = st.fixed_dictionaries({"extension": st.lists(EXTENSION, min_size=1, max_size=2)})
NAME = st.fixed_dictionaries(
    {},
    optional={
        "given": st.lists(st.one_of(st.none(), st.sampled_from(["a", "b"])), max_size=3),
        "_given": st.lists(st.one_of(st.none(), BESIDE), max_size=3),
        "extension": st.lists(EXTENSION, max_size=3),
    },
)
LINK = st.fixed_dictionaries(
    {}, optional={"other": st.fixed_dictionaries({}, optional={"reference": REFERENCE})}
)
PATIENT = st.fixed_dictionaries(
    {"resourceType": st.just("Patient")},
    optional={
        "id": st.just("p"), "name": st.lists(NAME, max_size=2), "link": st.lists(LINK, max_size=3),
        "extension": st.lists(EXTENSION, max_size=3), "_birthDate": BESIDE, "birthDate": st.just("2024-01"),
    },
)  # fmt: skip
PATHS = [
    "name.given.join()", "name.given.join(', ')", "extension('u')", "extension('u').value.ofType(string)",
    "name.extension('v').value.ofType(code)", "birthDate.extension('u')", "link.other.getReferenceKey()",
    "link.other.getReferenceKey(Patient)", "link.other.getReferenceKey(DomainResource)",
    "link.other.getReferenceKey(string)", "link.first().other.getReferenceKey(RelatedPerson)",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@given(patient=PATIENT)
def test_straight_on_json_gives_what_the_engine_gives(path, patient):
    expression = fhirpath.compile(path, "Patient")
    try:
        found = straight.values(expression.tree, shape("Patient"))(patient)
    except (Slow, Unfit):
        return
    things = [getattr(thing, "value", thing) for thing in expression.things(patient)]
    nothing = [""] if path.startswith("name.given.join") else []
    assert found == (things or nothing)


@pytest.mark.parametrize("path", [path for path in PATHS if path != "birthDate.extension('u')"])
def test_usual_records_go_the_straight_way(path):
    other = {"other": {"reference": "Patient/1"}}
    extension = [{"url": "u", "valueString": "x"}]
    usual = {"resourceType": "Patient", "name": [{"given": ["a"]}], "link": [other], "extension": extension}
    assert isinstance(straight.values(fhirpath.parse(path), shape("Patient"))(usual), list)


@pytest.mark.parametrize(
    "path", ["name.given.join(%x)", "extension(id)", "link.other.getReferenceKey(FHIR.Patient)"]
)
def test_what_it_does_not_know_is_left_to_the_engine(path):
    with pytest.raises(Unfit):
        straight.values(fhirpath.parse(path), shape("Patient"))
