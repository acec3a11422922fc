"""A pasted resource: each fault beside its line, in JSON and XML."""

import re

import pytest
from starlette.testclient import TestClient

JSON = """{
  "resourceType": "Patient",
  "birthDate": "yesterday",
  "gender": "cat",
  "unheard": 1
}"""
XML = """<Patient xmlns="http://hl7.org/fhir">
  <gender value="cat"/>
  <birthDate value="yesterday"/>
</Patient>"""
RIGHT = '{"resourceType": "Basic", "code": {"text": "a"}}'


def faulty(answer):
    """(line, its text) of the lines with faults beside them."""
    assert answer.status_code == 200
    found = re.findall(r'<li id="line-(\d+)" class="wrong".*?<code>(.*?)</code>', answer.text, re.DOTALL)
    return {int(number): text.strip() for number, text in found}


def test_faults_of_json_stand_beside_their_lines(world):
    found = faulty(world.browser("clinician").submit("/implementers/validate", resource=JSON))
    assert {3, 4, 5} <= found.keys()
    assert "yesterday" in found[3]
    assert "cat" in found[4]


def test_faults_of_xml_stand_beside_their_lines(world):
    found = faulty(world.browser("clinician").submit("/implementers/validate", resource=XML))
    assert {2, 3} <= found.keys()
    assert "birthDate" in found[3]


def test_every_fault_of_the_list_leads_to_a_line_that_is_there(world):
    answer = world.browser("clinician").submit("/implementers/validate", resource=JSON.replace("\n", "\r\n"))
    named = set(re.findall(r'href="#(line-\d+)"', answer.text))
    assert named
    assert named <= set(re.findall(r'id="(line-\d+)"', answer.text))


def test_what_is_right_is_said_to_be_right(world):
    answer = world.browser("clinician", "en").submit("/implementers/validate", resource=RIGHT)
    assert faulty(answer) == {}
    assert 'class="panel good" role="status"' in answer.text


def test_a_long_text_shows_the_lines_near_its_faults(world):
    long = '{"resourceType": "Patient",\n"birthDate": "yesterday",\n' + "\n" * 500 + '"gender": "cat"}'
    answer = world.browser("clinician").submit("/implementers/validate", resource=long)
    assert {2, 503} <= faulty(answer).keys()
    assert 'class="gap"' in answer.text
    assert answer.text.count('<li id="line-') < 30


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "<a",
        "[]",
        "1",
        '{"resourceType": "Nothing"}',
        '{"a": 1, "a": 2}',
        "<Patient/>",
        "<!DOCTYPE a><a/>",
        "{}",
    ],
)
def test_what_cannot_be_read_is_said_in_words(world, text):
    answer = world.browser("clinician").submit("/implementers/validate", resource=text)
    assert answer.status_code == 200
    assert "chip alert" in answer.text


def test_a_profile_is_held_to(world):
    browser = world.browser("clinician", "en")
    page = browser.get("/implementers/validate").text
    profile = re.search(r'<option value="([^"]*Patient-twcore)"', page)[1]
    text = '{"resourceType": "Patient"}'
    plain = browser.submit("/implementers/validate", resource=text)
    held = browser.submit("/implementers/validate", resource=text, profile=profile)
    assert held.text.count("chip alert") > plain.text.count("chip alert")


def test_what_was_pasted_does_not_become_markup(world):
    text = '{"resourceType": "<script>alert(1)</script>"}'
    answer = world.browser("clinician").submit("/implementers/validate", resource=text)
    assert "<script>alert(1)" not in answer.text


def test_nobody_signs_in_first(world):
    client = TestClient(world.app, follow_redirects=False)
    assert client.get("/implementers/validate").status_code == 303
    assert client.post("/implementers/validate", data={"resource": RIGHT}).status_code == 403
