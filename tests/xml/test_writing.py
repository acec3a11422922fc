from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.fhir import xml

DIV = 'xmlns="http://www.w3.org/1999/xhtml"'


def narrative(div):
    return {"resourceType": "Patient", "text": {"status": "generated", "div": div}}


def test_elements_come_in_the_order_of_the_definitions():
    document = xml.write({"birthDate": "2000", "active": True, "resourceType": "Patient", "id": "a"})
    assert document == (
        b'<?xml version="1.0" encoding="UTF-8"?><Patient xmlns="http://hl7.org/fhir"><id value="a"/>'
        b'<active value="true"/><birthDate value="2000"/></Patient>'
    )


def test_pretty_puts_each_element_on_its_line_and_leaves_the_narrative():
    div = f"<div {DIV}><p>a\n b</p></div>"
    document = xml.write({**narrative(div), "contact": [{"gender": "male"}]}, pretty=True).decode()
    assert document.splitlines()[1:] == [
        '<Patient xmlns="http://hl7.org/fhir">', "  <text>", '    <status value="generated"/>',
        f"    <div {DIV}><p>a", " b</p></div>", "  </text>", "  <contact>", '    <gender value="male"/>',
        "  </contact>", "</Patient>",
    ]  # fmt: skip


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), min_size=1)
    | st.just("\t a\r\nb\n")
)
def test_text_comes_back_letter_by_letter(text):
    patient = {"resourceType": "Patient", "name": [{"text": text}]}
    assert xml.parse(xml.write(patient)) == patient


@pytest.mark.parametrize(
    ("resource", "code", "path"),
    [
        ({"resourceType": "Patient", "nome": "x"}, "fhir-unknown-element", "Patient"),
        ({"resourceType": "Patient", "name": [{"given": ["a", 1]}]}, "fhir-type", "Patient.name[0].given[1]"),
        ({"resourceType": "Patient", "active": "true"}, "fhir-type", "Patient.active"),
        ({"resourceType": "Patient", "name": {"text": "a"}}, "fhir-type", "Patient.name"),
        ({"resourceType": "Patient", "name": [{}]}, "fhir-empty", "Patient.name[0]"),
        ({"resourceType": "Patient", "gender": ""}, "fhir-empty", "Patient.gender"),
        ({"resourceType": "Patient", "gender": "\x0b"}, "xml-character", "Patient.gender"),
        ({"resourceType": "Patient", "gender": "\ud800"}, "xml-character", "Patient.gender"),
        ({"resourceType": "Patient", "birthDate": None}, "fhir-null", "Patient.birthDate"),
        ({"resourceType": "Pat"}, "fhir-resource-type", "Pat"),
        (
            {"resourceType": "Patient", "contained": [{"id": "a"}]},
            "fhir-no-resource-type",
            "Patient.contained[0]",
        ),
        ({"resourceType": "Patient", "extension": [{"url": 1}]}, "fhir-type", "Patient.extension[0].url"),
    ],
)
def test_what_xml_cannot_say_is_refused_with_its_path(resource, code, path):
    with pytest.raises(Invalid) as caught:
        xml.write(resource)
    assert (caught.value.code, caught.value.place.path) == (code, path)


@pytest.mark.parametrize(
    "div",
    [
        f"<div {DIV}>a</div></text><active value='true'/><text>",
        f"<div {DIV}>a</div><div {DIV}>b</div>",
        f"<!DOCTYPE div [<!ENTITY a 'b'>]><div {DIV}>&a;</div>",
        f"<?x y?><div {DIV}>a</div>",
        "<div><b></div>",
        "<div xmlns='urn:x'>a</div>",
        "<div><x:b>a</x:b></div>",
        "text",
        "",
    ],
)
def test_a_narrative_that_is_not_one_div_is_refused(div):
    with pytest.raises(Invalid) as caught:
        xml.write(narrative(div))
    assert caught.value.code in {"xml-narrative", "xml-doctype", "fhir-empty"}


@pytest.mark.parametrize(
    ("div", "written"),
    [
        (f"<div {DIV}>a&nbsp;&copy;&lt;</div>", f"<div {DIV}>a&#160;&#169;&lt;</div>"),
        (f"<div {DIV}><!-- &nbsp; --><![CDATA[&nbsp;]]></div>",) * 2,
        ("<div>a</div>", f"<div {DIV}>a</div>"),
        (f" \n<div {DIV}>a\r\nb</div> ", f"<div {DIV}>a\nb</div>"),
        ('<x:div xmlns:x="http://www.w3.org/1999/xhtml">a</x:div>',) * 2,
    ],
)
def test_a_narrative_is_written_as_xml_takes_it(div, written):
    assert written.encode() in xml.write(narrative(div))


@pytest.mark.parametrize(
    "inner",
    [
        "<!--" * 250_000,
        "<![CDATA[" * 120_000,
        " a" + ":a" * 500_000,
        "&a" * 500_000,
        " " * 1_000_000,
        "<b>" * 300_000,
    ],
)
def test_a_hostile_narrative_is_read_and_written_in_one_pass(inner):
    with suppress(Invalid):
        xml.write(narrative(f"<div {DIV}>{inner}</div>"))
    with suppress(Invalid):
        text = f'<text><status value="generated"/><div {DIV}>{inner}</div></text>'
        xml.parse(f'<Patient xmlns="http://hl7.org/fhir">{text}</Patient>'.encode())


def test_what_is_nested_too_deep_is_refused():
    extension = {"url": "x"}
    for _ in range(100):
        extension = {"url": "x", "extension": [extension]}
    with pytest.raises(Invalid) as caught:
        xml.write({"resourceType": "Patient", "extension": [extension]})
    assert caught.value.code == "xml-deep"
