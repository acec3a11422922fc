"""JSON and XML in and out, q-values, and places in XML (R4 http.html#mime-type)."""

import pytest

from builders import observation, patient
from camphora.errors import Invalid, Place
from camphora.fhir import xml
from camphora.web.fhir.forms import placed
from camphora.web.fhir.negotiation import form_of
from web.fhir.asking import bundle, codes, entry, get, post, statuses

XML = "application/fhir+xml"
NEW = (
    '<Observation xmlns="http://hl7.org/fhir"><status value="final"/><code><text value="x"/></code>'
    '<subject><reference value="Patient/ada"/></subject><valueQuantity><value value="1.50"/></valueQuantity>'
    "</Observation>"
)


@pytest.mark.parametrize(
    ("named", "accept", "form"),
    [
        (None, "", "json"),
        (None, "*/*", "json"),
        (None, "application/fhir+xml", "xml"),
        (None, "text/xml", "xml"),
        (None, "application/fhir+xml; q=0.5, application/fhir+json;q=0.4", "xml"),
        (None, "application/fhir+xml;q=0.5,application/fhir+json", "json"),
        (None, "application/fhir+xml, */*;q=0.1", "xml"),
        (None, "application/fhir+json;q=0, */*", "xml"),
        (None, "text/html,application/xml;q=0.9,*/*;q=0.8", "xml"),
        (None, "application/fhir+xml;fhirVersion=5.0, application/json;q=0.1", "json"),
        (None, "text/turtle", None),
        (None, "application/fhir+xml;q=0", None),
        ("xml", "application/fhir+json", "xml"),
        ("application/fhir xml", "", "xml"),
        ("application/fhir+json", "text/xml", "json"),
        ("ttl", "*/*", None),
    ],
)
def test_the_form_is_what_is_weighed_highest(named, accept, form):
    assert form_of(named, accept) == form


@pytest.mark.parametrize(
    "path",
    [
        "/Patient/ada",
        "/Observation?patient=ada",
        "/Patient/ada/_history",
        "/metadata",
        "/Patient/ada/$everything",
    ],
)
def test_xml_says_what_json_says(doctor, path):
    as_json, as_xml = get(doctor, path), get(doctor, path, accept=XML)
    assert as_xml.headers["content-type"] == f"{XML}; charset=utf-8"
    told = as_json.json()
    if "$" not in path:
        assert _without_moments(xml.parse(as_xml.content)) == _without_moments(told)


def _without_moments(value):
    if isinstance(value, dict):
        return {
            key: _without_moments(item) for key, item in value.items() if key not in {"link", "lastUpdated"}
        }
    return [_without_moments(item) for item in value] if isinstance(value, list) else value


def test_xml_is_pretty_where_that_is_asked(doctor):
    assert "\n  <" in get(doctor, "/Patient/ada?_format=xml&_pretty=true").text
    assert "\n" not in get(doctor, "/Patient/ada?_format=xml").text.strip()


def test_a_resource_comes_as_xml_with_its_digits(doctor):
    made = post(doctor, "/Observation", NEW.encode(), content_type=XML, accept=XML)
    assert made.status_code == 201
    assert '<value value="1.50"/>' in made.text
    address = made.headers["location"].split("/fhir")[1]
    assert b'"value":1.50' in get(doctor, address).content


def test_a_bundle_comes_and_goes_as_xml(doctor):
    sent = xml.write(
        bundle("batch", entry("GET", "Patient/ada"), entry("POST", "Observation", xml.parse(NEW.encode())))
    )
    done = post(doctor, "/", sent, content_type="text/xml")
    assert statuses(done) == ["200", "201"]


def test_a_fault_in_xml_is_located_by_line_and_column(doctor):
    wrong = NEW.replace("><", ">\n<").replace('<status value="final"/>', '<status value="done"/>')
    issue = post(doctor, "/Observation", wrong.encode(), content_type=XML).json()["issue"][0]
    assert issue["expression"] == ["Observation.status"]
    assert [row["valueInteger"] for row in issue["extension"]] == [2, 1]


def test_what_is_no_fhir_in_xml_is_located(doctor):
    wrong = NEW.replace("<status", "\n  <colour").encode()
    answer = post(doctor, "/Observation", wrong, content_type=XML)
    assert answer.status_code == 400
    assert next(row["valueInteger"] for row in answer.json()["issue"][0]["extension"]) == 2


def test_an_error_is_said_in_the_form_that_is_asked(doctor):
    answer = get(doctor, "/Patient/nobody", accept=XML)
    assert (answer.status_code, xml.parse(answer.content)["resourceType"]) == (404, "OperationOutcome")
    assert get(doctor, "/Patient/nobody?_format=xml").headers["content-type"].startswith(XML)


PLACES = b"""<Bundle xmlns="http://hl7.org/fhir">
 <entry>
  <resource>
   <Patient><name><family value="a"/></name>
    <name><family value="b"/></name>
    <contained><Basic><code/></Basic></contained><deceasedBoolean value="true"/></Patient>
  </resource>
 </entry>
 <entry><request/></entry>
</Bundle>"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("Bundle", 1),
        ("Bundle.entry[0].resource", 3),
        ("Bundle.entry[0].resource.name[1].family", 5),
        ("Bundle.entry[0].resource.name[1].given", 5),
        ("Bundle.entry[0].resource.contained[0].code", 6),
        ("Bundle.entry[0].resource.deceased", 6),
        ("Bundle.entry[1].request", 9),
        ("Bundle.entry[1].request.method", 9),
        ("Bundle.entry[7]", 2),
    ],
)
def test_paths_are_found_in_xml(path, line):
    found = placed(Invalid("fhir-missing", place=Place(path=path), element="x"), PLACES, "xml")
    assert found.place.line == line


@pytest.mark.parametrize("summary", ["true", "text", "data", "false"])
@pytest.mark.parametrize("accept", ["application/fhir+json", XML])
def test_every_summary_is_given_in_both_forms(doctor, summary, accept):
    made = post(
        doctor, "/Patient", patient("x", "林小美", "2000-01-01", "A1") | {"text": NARRATIVE, "active": True}
    )
    path = f"/Patient/{made.json()['id']}?_summary={summary}"
    answer = get(doctor, path, accept=accept)
    found = answer.json() if accept != XML else xml.parse(answer.content)
    tags = [tag["code"] for tag in found["meta"].get("tag", [])]
    assert tags == ([] if summary == "false" else ["SUBSETTED"])
    assert ("text" in found, "identifier" in found) == {
        "true": (False, True),
        "text": (True, False),
        "data": (False, True),
        "false": (True, True),
    }[summary]


NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">林小美</div>'}


def test_a_count_is_no_form_of_one_record_but_of_a_search(doctor):
    assert codes(get(doctor, "/Patient/ada?_summary=count")) == ["web-fhir-value"]
    counted = get(doctor, "/Patient?_summary=count", accept=XML)
    assert xml.parse(counted.content) | {"link": []} == {
        "resourceType": "Bundle", "type": "searchset", "total": 2, "link": [],
    }  # fmt: skip


@pytest.mark.parametrize("media", ["application/xml", "text/xml", "application/fhir+xml; fhirVersion=4.0"])
def test_all_names_of_xml_are_taken(doctor, media):
    assert post(doctor, "/Observation", NEW.encode(), content_type=media).status_code == 201


def test_another_release_of_fhir_is_refused_in_xml_too(doctor):
    refused = post(doctor, "/Observation", NEW.encode(), content_type=f"{XML}; fhirVersion=5.0")
    assert (refused.status_code, codes(refused)) == (415, ["web-fhir-media-type"])


def test_json_keeps_being_the_stored_bytes(doctor, loaded):
    made = post(doctor, "/Observation", observation("x", "ada", "1", "2026-05-01"))
    assert get(doctor, f"/Observation/{made.json()['id']}").content == made.content
