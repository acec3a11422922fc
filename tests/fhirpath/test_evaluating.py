"""What comes out: values, types, places; contexts, variables, references, errors."""

import pytest

from camphora.errors import Invalid
from camphora.fhir import fhirpath
from camphora.fhir.fhirpath import Primitive
from camphora.fhir.fhirpath import compile as compiled
from fhirpath.official import refusal, resource

PATIENT = resource("patient-example.xml")
OBSERVATION = resource("observation-example.xml")
URL = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
BUNDLE = {
    "resourceType": "Bundle",
    "entry": [
        {"fullUrl": "http://a.tw/fhir/Patient/1", "resource": {"resourceType": "Patient", "id": "1", "gender": "male"}},
        {
            "fullUrl": "http://b.tw/fhir/Patient/1",
            "resource": {"resourceType": "Patient", "id": "1", "gender": "female"},
        },
        {"fullUrl": "urn:uuid:x", "resource": {"resourceType": "Organization", "name": "樟"}},
        {
            "fullUrl": "http://b.tw/fhir/Observation/2",
            "resource": {
                "resourceType": "Observation",
                "subject": {"reference": "Patient/1"},
                "performer": [{"reference": "urn:uuid:x"}, {"reference": "#gone"}],
                "contained": [{"resourceType": "Practitioner", "id": "p"}],
                "focus": [{"reference": "#p"}],
            },
        },
    ],
}  # fmt: skip


def test_results_are_plain_values():
    assert compiled("Patient.name.given")(PATIENT) == ["Peter", "James", "Jim", "Peter", "James"]
    assert compiled("name.where(use = 'usual')")(PATIENT) == [{"use": "usual", "given": ["Jim"]}]
    assert compiled("Observation.value.value")(OBSERVATION) == [185.0]
    assert compiled("birthDate.toString().length() + 1")(PATIENT) == [11]


def test_results_are_located_by_keys_and_indexes():
    found = compiled("name.given").located(PATIENT)[-1]
    assert (found.value, found.type) == ("James", "string")
    assert found.path == "Patient.name[2].given[1]"
    assert found.location == ("name", 2, "given", 1)
    value = compiled("value").located(OBSERVATION)[0]
    assert (value.path, value.location, value.type) == ("Observation.value", ("valueQuantity",), "Quantity")
    assert compiled("1 + 1").located(PATIENT) == [(2, "System.Integer", None, None, None)]


def test_an_extension_of_a_primitive_lies_beside_it():
    found = compiled(f"birthDate.extension('{URL}').value").located(PATIENT)[0]
    assert found.path == "Patient.birthDate.extension[0].value"
    assert found.location == ("_birthDate", "extension", 0, "valueDateTime")
    names = {"resourceType": "Patient", "name": [{"given": ["a", None], "_given": [None, {"id": "x"}]}]}
    assert compiled("name.given.id").located(names)[0].location == ("name", 0, "_given", 1, "id")
    assert compiled("name.given").located(names)[1].value is None
    assert compiled("name.given")(names) == ["a"]


@pytest.mark.parametrize(
    "text", ["descendants()", "name | telecom", "contact.name.given", "identifier.period.start"]
)
def test_following_a_location_leads_to_the_value(text):
    for one in compiled(text).located(PATIENT):
        at = PATIENT
        for step in one.location:
            at = at[step]
        assert at == one.value


def test_a_primitive_may_be_the_item():
    born = Primitive("1974-12-25", PATIENT["_birthDate"], "date")
    assert compiled(f"extension('{URL}').exists()").holds(born) is True
    assert compiled("$this < today()").holds(born) is True
    assert compiled("hasValue()").holds(Primitive(None, {"id": "a"}, "code")) is False
    assert compiled("$this + 1")(4) == [5]


def test_an_element_is_known_by_the_type_that_is_given():
    period = {"start": "2024-03-01", "end": "2024-02"}
    assert compiled("start <= end", "Period").holds(period) is False
    assert compiled("start <= end", "Observation.component.value[x]").holds(period) is None
    assert compiled("relationship.exists()", "Patient.contact").holds(PATIENT["contact"][0]) is True


def test_an_invariant_holds_does_not_or_is_empty():
    assert compiled("name.exists()").holds(PATIENT) is True
    assert compiled("name.empty()").holds(PATIENT) is False
    assert compiled("link.other = 'x'").holds(PATIENT) is None
    assert compiled("name").holds(PATIENT) is True


def test_variables_are_given_by_name():
    given = {"n": 2, "s": ["a", "b"], "p": {"resourceType": "Patient", "active": True}, "a b": "x"}
    assert compiled("%n + 1")({}, variables=given) == [3]
    assert compiled("%s | %p.active | %`a b`")({}, variables=given) == ["a", "b", True, "x"]
    assert compiled("%context.id | %resource.id | %rootResource.id")(PATIENT) == ["example"]
    assert refusal(lambda: compiled("%gone")({})) == "fhirpath-variable"


def test_the_resource_and_the_one_around_it_are_given():
    inner = {"resourceType": "Practitioner", "id": "p"}
    text = "%resource.id | %rootResource.id"
    assert compiled(text, "HumanName")({"text": "a"}, resource=inner, root=PATIENT) == ["p", "example"]


def test_what_is_defined_on_the_way_is_known_behind_it_only():
    assert compiled("name.first().defineVariable('n', given.count()).given.select($this & %n.toString())")(
        PATIENT
    ) == [
        "Peter2",
        "James2",
    ]
    assert refusal(lambda: compiled("(1.defineVariable('a') | 2) | %a")({})) == "fhirpath-variable"
    assert refusal(lambda: compiled("1.defineVariable('ucum')")({})) == "fhirpath-variable-known"


def test_an_error_repeats_neither_a_computed_name_nor_a_word_that_is_out_of_place():
    person = {"resourceType": "Patient", "identifier": [{"value": "A123456789"}]}
    text = "name | defineVariable(%resource.identifier.value).defineVariable(identifier.value)"
    for run in (lambda: compiled(text)(person), lambda: compiled("name.where(family = 'x' A123456789)")):
        with pytest.raises(Invalid) as caught:
            run()
        said = f"{caught.value!s} {caught.value.text('zh-TW')} {caught.value.text('en')} {caught.value.facts}"
        assert "A123456789" not in said
        assert caught.value.place.column


def test_references_lead_into_the_bundle_and_to_contained_resources():
    entry = compiled("entry.resource.ofType(Observation)").located(BUNDLE)[0]
    assert entry.location == ("entry", 3, "resource")
    assert compiled("entry.resource.subject.resolve().gender")(BUNDLE) == ["female"]
    assert compiled("entry.resource.performer.resolve().name")(BUNDLE) == ["樟"]
    assert compiled("entry.resource.focus.resolve()").located(BUNDLE)[0].location[-2:] == ("contained", 0)
    subject = BUNDLE["entry"][3]["resource"]["subject"]
    assert compiled("resolve().gender", "Reference")(subject, root=BUNDLE) == []


@pytest.mark.parametrize(
    ("first", "other", "found"),
    [
        ("http://a.tw/fhir/Observation/2", "urn:uuid:x", ["p"]),
        ("http://b.tw/fhir/Observation/2", "urn:uuid:x", []),
        ("urn:uuid:y", "urn:uuid:x", ["p"]),
        (None, None, ["p"]),
        ("urn:uuid:y", "http://b.tw/fhir/Patient/p", []),
    ],
)
def test_a_relative_reference_stays_with_the_server_of_its_entry(first, other, found):
    people = [
        {"resourceType": "Patient", "id": "p"},
        {"resourceType": "Patient", "id": "p" if other and other[:4] == "http" else "q"},
    ]
    observation = {"resourceType": "Observation", "id": "2", "subject": {"reference": "Patient/p"}}
    rows = [("http://a.tw/fhir/Patient/p", people[0]), (other, people[1]), (first, observation)]
    bundle = {"resourceType": "Bundle", "entry": [{"fullUrl": url, "resource": one} for url, one in rows]}
    assert compiled("entry.resource.subject.resolve().id")(bundle) == found


def test_the_resolver_is_asked_for_the_address_that_the_entry_gives_a_reference():
    class Asked:
        def resolve(self, reference):
            return {"resourceType": "Patient", "id": reference}

    observation = {"resourceType": "Observation", "subject": {"reference": "Patient/p"}}
    for url, asked in (
        ("http://b.tw/fhir/Observation/2", "http://b.tw/fhir/Patient/p"),
        ("urn:uuid:x", "Patient/p"),
    ):
        bundle = {"resourceType": "Bundle", "entry": [{"fullUrl": url, "resource": observation}]}
        assert compiled("entry.resource.subject.resolve().id")(bundle, resolver=Asked()) == [asked]


def test_other_references_are_asked_of_the_resolver():
    class Known:
        def resolve(self, reference):
            return (
                {"resourceType": "Organization", "name": reference} if reference == "Organization/1" else None
            )

    text = "managingOrganization.resolve().name"
    assert compiled(text)(PATIENT, resolver=Known()) == ["Organization/1"]
    assert compiled(text)(PATIENT) == []
    assert compiled("managingOrganization.resolve()").located(PATIENT, resolver=Known())[0].location is None


def test_codes_are_asked_of_the_terms():
    class Known:
        def contains(self, value_set, system, code):
            return None if value_set == "u" else (system, code) == ("http://loinc.org", "29463-7")

        def subsumes(self, system, parent, child):
            return child.startswith(parent)

    terms = Known()
    assert compiled("code.memberOf('v')").holds(OBSERVATION, terms=terms) is True
    assert compiled("code.memberOf('u')").holds(OBSERVATION, terms=terms) is None
    assert compiled("code.memberOf('v')").holds(OBSERVATION) is None
    assert compiled("code.coding[1].memberOf('v')").holds(OBSERVATION, terms=terms) is False
    assert compiled("code.coding[0].subsumes(%c)").holds(
        OBSERVATION, terms=terms, variables={"c": {"system": "http://loinc.org", "code": "29463-7x"}}
    )


def test_profiles_and_traces_are_asked_of_whoever_evaluates():
    heard = []
    found = compiled("conformsTo('urn:p') and name.trace('names', given).exists()").holds(
        PATIENT, conforms=lambda item, url: item["id"] == "example" and url == "urn:p",
        trace=lambda name, things: heard.append((name, len(things))),
    )  # fmt: skip
    assert (found, heard) == (True, [("names", 5)])
    assert refusal(lambda: compiled("conformsTo('urn:p')")(PATIENT)) == "fhirpath-profile"


def test_a_fault_at_run_time_names_the_column_and_the_element():
    with pytest.raises(Invalid) as caught:
        compiled("Patient.name.where(given.single() = 'x')")(PATIENT)
    place = caught.value.place
    assert (caught.value.code, place.column, place.path) == ("fhirpath-several", 26, "Patient.name[0]")
    assert "Peter" not in str(caught.value) + caught.value.text("zh-TW")


def test_the_same_text_is_compiled_once_and_long_ones_are_not_kept():
    assert compiled("name.given") is compiled("name.given")
    assert compiled("name.given") is not compiled("name.given", "Patient")
    assert fhirpath.compile("1" + " " * 3000) is not fhirpath.compile("1" + " " * 3000)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("name.given1", "fhirpath-no-element"),
        ("valueQuantity", "fhirpath-no-element"),
        ("Encounter.name", "fhirpath-no-element"),
        ("name.contains('a')", "fhirpath-input"),
        ("birthDate + 1", "fhirpath-operands"),
        ("iif(name.count(), 1, 2)", "fhirpath-input"),
        ("name.gone()", "fhirpath-no-function"),
        ("name.where()", "fhirpath-arguments"),
        ("name as Gone", "fhirpath-no-type"),
        ("@2024-02-30", "fhirpath-date"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_it_runs(text, code):
    assert refusal(lambda: compiled(text, "Patient", strict=True)) == code


def test_without_strictness_unknown_names_find_nothing():
    assert compiled("name.given1", "Patient")(PATIENT) == []
    assert compiled("Encounter.name")(PATIENT) == []
    assert "urn:oid:1.2.36.146.595.217.0.1" in compiled("descendants().as(uri)")(PATIENT)


@pytest.mark.parametrize(
    ("div", "good"),
    [
        ('<div xmlns="http://www.w3.org/1999/xhtml"><p>a&nbsp;b</p></div>', True),
        ('<div xmlns="http://www.w3.org/1999/xhtml"><script>a</script></div>', False),
        ('<div xmlns="http://www.w3.org/1999/xhtml"><p onclick="x">a</p></div>', False),
        ('<div xmlns="http://www.w3.org/1999/xhtml">  </div>', False),
        ("<div>a</div>", False),
        ('<!DOCTYPE d [<!ENTITY a "b">]><div xmlns="http://www.w3.org/1999/xhtml">&a;</div>', False),
        ('<div xmlns="http://www.w3.org/1999/xhtml">', False),
    ],
)
def test_narratives_are_checked(div, good):
    assert compiled("htmlChecks()", "xhtml").holds(Primitive(div, None, "xhtml")) is good
