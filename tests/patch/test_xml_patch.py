import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import CamphoraError, Invalid
from camphora.fhir.patch import nodes, xml_patch, xpath

from .conftest import document, xml_cases

CASES = list(xml_cases("xml-patch-tests.xml"))
FHIR = 'xmlns="http://hl7.org/fhir"'
PATIENT = (
    f'<Patient {FHIR}><id value="a"/><name><family value="王"/><given value="一"/></name></Patient>'.encode()
)


def bare(node):
    """The node without the white space that only lays it out."""
    if not isinstance(node, nodes.Element):
        return node
    children = [bare(c) for c in node.children if not isinstance(c, nodes.Text) or c.data.strip()]
    return nodes.Element(node.name, node.attributes, node.declared, children)


def patch(inner, declared=""):
    return f"<diff {declared}>{inner}</diff>".encode()


REFUSALS = {
    "No Patch Operations Found": "patch-none",
    "No Target Document Found": "xml-nothing",
    "The xpath foo matched multiple nodes": "patch-several",
    "Nothing to delete found for xpath foo": "patch-absent",
}


def test_the_suite_is_whole():
    assert len(CASES) == 29
    assert {case.values[0]["failing"] for case in CASES} == {"", *REFUSALS}


@pytest.mark.conformance
@pytest.mark.parametrize("case", CASES)
def test_published_case(case):
    diff = document(next(part for part in case["parts"] if part.name.local == "patch"))
    if case["failing"]:
        with pytest.raises(Invalid) as caught:
            xml_patch(document(case["target"]), diff)
        assert caught.value.code == REFUSALS[case["failing"]]
        return
    patched = nodes.parse(xml_patch(document(case["target"]), diff))
    assert bare(next(patched.elements)) == bare(case["patched"])


def test_what_no_operation_names_stays_letter_by_letter():
    before = (
        b'<?xml version="1.0" encoding="UTF-8"?><?x y?><!-- a --><f:Patient xmlns:f="http://hl7.org/fhir">'
        b"\n <!-- b -->\n"
        b' <f:id value="a"/>\n <f:gender value="male"/>\n</f:Patient>'
    )
    diff = patch('<replace sel="f:Patient/f:gender/@value">female</replace>')
    assert xml_patch(before, diff) == before.replace(b'"male"', b'"female"')


def test_what_stands_beside_a_change_keeps_its_very_bytes():
    text = (
        b"<text><div xmlns='http://www.w3.org/1999/xhtml' ><p class='a'>&#160;<br/></p>\r\n<b/></div></text>"
    )
    before = b'<Patient xmlns="http://hl7.org/fhir">' + text + b"<gender value='male'/></Patient>"
    after = xml_patch(before, patch('<replace sel="f:Patient/f:gender/@value">female</replace>'))
    assert after.endswith(text + b'<gender value="female"/></Patient>')


def test_a_prefix_that_means_something_else_now_is_declared_anew_inside():
    before = b'<a xmlns:q="urn:1"><b><q:c/></b></a>'
    diff = patch('<add sel="a/b" type="@q:x">1</add>', 'xmlns:q="urn:2"')
    assert xml_patch(before, diff).endswith(
        b'<a xmlns:q="urn:1"><b xmlns:q="urn:2" q:x="1"><q:c xmlns:q="urn:1"/></b></a>'
    )
    named = xml_patch(before, patch('<add sel="a/b" type="namespace::q">urn:2</add>'))
    assert named.endswith(b'<a xmlns:q="urn:1"><b xmlns:q="urn:2"><q:c xmlns:q="urn:1"/></b></a>')


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("f:Patient/f:name/f:family/@value", "王"),
        ("/f:Patient/f:name[1]/f:given[last()]/@value", "一"),
        ("f:Patient/f:name[f:family/@value='王']/f:given/@value", "一"),
        ("f:Patient/*[2]/f:given[position()=1]/@value", "一"),
        ("f:Patient/f:name[f:given and f:family]/f:given/@value", "一"),
        ("p:Patient/p:id/@value", "a"),
        ("Patient/id/@*", "a"),
    ],
)
def test_selectors(selector, found):
    scope = {"p": "http://hl7.org/fhir", "": "http://hl7.org/fhir"}
    [one] = xpath.select(nodes.parse(PATIENT), xpath.parse(selector, scope))
    assert one.owner.attributes[one.name] == found


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ('<copy sel="f:Patient"/>', "patch-operation"),
        ("<remove/>", "patch-selector"),
        ('<remove sel="//f:name"/>', "patch-selector"),
        ('<remove sel="x:Patient"/>', "patch-selector"),
        ('<remove sel="f:Patient/f:name[0]"/>', "patch-selector"),
        (f'<remove sel="{"*[" * 600}*{"]" * 600}"/>', "patch-selector"),
        (f'<remove sel="f:Patient{"/*" * 2_000}"/>', "patch-selector"),
        ('<remove sel="f:Patient/f:photo"/>', "patch-absent"),
        ('<remove sel="f:Patient/f:name/*"/>', "patch-several"),
        ('<remove sel="f:Patient"/>', "patch-target"),
        ('<add sel="f:Patient" pos="after"><x/></add>', "patch-target"),
        ('<add sel="f:Patient/f:id/@value">b</add>', "patch-target"),
        ('<add sel="f:Patient/f:id" type="@value">b</add>', "patch-present"),
        ('<add sel="f:Patient/f:id"/>', "patch-content"),
        ('<replace sel="f:Patient/f:id/@value"><x/></replace>', "patch-content"),
        ('<replace sel="f:Patient/f:name">text</replace>', "patch-content"),
        ('<remove sel="f:Patient/f:name" ws="after"/>', "patch-space"),
        ('<replace sel="f:Patient/f:id/@value">b</replace>', "patch-identity"),
        ('<remove sel="f:Patient/f:id"/>', "patch-identity"),
        (
            '<replace sel="f:Patient"><Group xmlns="http://hl7.org/fhir"><id value="a"/></Group></replace>',
            "patch-identity",
        ),
    ],
)
def test_what_cannot_be_done_is_refused(operation, code):
    with pytest.raises(Invalid) as caught:
        xml_patch(PATIENT, patch(operation))
    assert caught.value.code == code
    assert caught.value.text("zh-TW")
    assert caught.value.remedy("en")


def test_an_error_repeats_no_literal_of_a_selector():
    with pytest.raises(Invalid) as caught:
        xml_patch(PATIENT, patch("<remove sel=\"f:Patient/f:name[f:family/@value='陳']\"/>"))
    assert caught.value.facts["path"] == "f:Patient/f:name[f:family/@value='…']"


def test_a_moved_prefix_is_declared_where_it_is_needed():
    diff = patch('<add sel="f:Patient" pos="prepend"><q:id value="z"/></add>', 'xmlns:q="urn:q"')
    assert b'<q:id xmlns:q="urn:q" value="z"/><id value="a"/>' in xml_patch(PATIENT, diff)


def test_white_space_is_removed_where_the_operation_says_so():
    before = b"<a>\n <b/>\n <c/>\n</a>"
    assert xml_patch(before, patch('<remove sel="a/b" ws="before"/>')).endswith(b"<a>\n <c/>\n</a>")
    assert xml_patch(before, patch('<remove sel="a/b" ws="both"/>')).endswith(b"<a><c/>\n</a>")


def test_no_document_type_is_read_in_document_or_patch():
    bomb = b'<!DOCTYPE a [<!ENTITY a "b">]><a>&a;</a>'
    for given_document, diff in ((bomb, patch('<remove sel="a"/>')), (PATIENT, bomb)):
        with pytest.raises(Invalid) as caught:
            xml_patch(given_document, diff)
        assert caught.value.code == "xml-doctype"


def test_an_error_repeats_no_literal_that_is_cut_off():
    with pytest.raises(Invalid) as caught:
        xml_patch(PATIENT, patch(f"<remove sel=\"f:Patient[f:id/@value='{'陳' * 300}']\"/>"))
    assert "陳" not in caught.value.text("zh-TW")


@given(st.text(alphabet="f:abPatient/[]@='1.*()and text", max_size=40))
def test_any_selector_finds_nodes_or_is_not_understood(selector):
    try:
        xml_patch(PATIENT, patch(f'<remove sel="{selector}"/>'))
    except CamphoraError as error:
        error.text("en")
