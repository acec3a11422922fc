"""Published resources, both ways."""

import json as stdlib
import lzma
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from camphora.fhir import json, xml
from camphora.fhir.packages import package

pytestmark = pytest.mark.conformance
EXAMPLES = Path(__file__).parent.parent / "fhir" / "data" / "examples-r4.json.xz"
STU3 = "myconsent-ext.xml"
OUT_OF_ORDER = "observation-example.xml"


def same(one, other):
    return json.canonical(one) == json.canonical(other)


def test_every_example_in_xml_reads_without_a_fault_but_two(cases):
    faulty = {name: xml.read(text.encode()).faults for name, text in cases["xml"].items()}
    codes = {name: {fault.code for fault in faults} for name, faults in faulty.items() if faults}
    assert codes == {
        STU3: {"fhir-unknown-element", "xml-attribute", "xml-empty"},
        OUT_OF_ORDER: {"xml-order"},
    }


@pytest.mark.parametrize("pretty", [False, True])
def test_every_example_in_xml_is_the_same_after_writing_and_reading(cases, pretty):
    resources = [
        xml.read(text.encode(), exact=True).resource for n, text in cases["xml"].items() if n != STU3
    ]
    assert len(resources) == 24
    assert all(same(xml.parse(xml.write(r, pretty=pretty), exact=True), r) for r in resources)


def plain(resource):
    """Without what the given JSON has of its own making: prefixes in narratives, an attribute for schemas."""
    resource = {name: value for name, value in resource.items() if "schemaLocation" not in name}
    if "text" in resource:
        div = ET.canonicalize(resource["text"]["div"], rewrite_prefixes=True)
        resource["text"] = {**resource["text"], "div": div}
    return resource


def test_the_json_given_for_seven_of_them_is_what_they_read_as(cases):
    read = {name: xml.read(cases["xml"][name].encode()).resource for name in cases["json"]}
    assert len(read) == 7
    assert {n: plain(r) for n, r in read.items()} == {n: plain(r) for n, r in cases["json"].items()}


def test_examples_in_json_come_back_from_xml_digit_by_digit():
    examples = stdlib.loads(lzma.decompress(EXAMPLES.read_bytes()))
    resources = [json.parse(stdlib.dumps(example).encode(), exact=True) for example in examples.values()]
    assert len(resources) == 150
    assert all(same(xml.parse(xml.write(r), exact=True), r) for r in resources)


def test_examples_of_taiwan_core_come_back_from_xml():
    resources = list(package("tw.gov.mohw.twcore").examples())
    assert len(resources) == 97
    assert all(same(xml.parse(xml.write(r), exact=True), r) for r in resources)
