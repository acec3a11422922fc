"""Narratives whose names were declared outside them stand alone in JSON and mean the same."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.fhir import xml

FHIR, XHTML = "http://hl7.org/fhir", "http://www.w3.org/1999/xhtml"
VOID = ("br", "hr", "img")


def document(div, declared="", prefix=""):
    to = f":{prefix.rstrip(':')}" if prefix else ""
    text = f'<{prefix}text><{prefix}status value="generated"/>{div}</{prefix}text>'
    return f'<{prefix}Patient xmlns{to}="{FHIR}" {declared}>{text}</{prefix}Patient>'.encode()


def same(element, other):
    heads = [(one.tag, one.attrib, one.text or "", one.tail or "") for one in (element, other)]
    return heads[0] == heads[1] and len(element) == len(other) and all(map(same, element, other))


@pytest.mark.parametrize(
    ("div", "declared"),
    [
        (f'<div xmlns="{XHTML}" a:x="q">hi<br/></div>', 'xmlns:a="urn:u"'),
        (f'<div xmlns="{XHTML}"><p a:x="q"/><br></br><p></p></div>', 'xmlns:a="urn:u"'),
        (f'<div xmlns="{XHTML}"><a:b><c xmlns="{XHTML}"/><d/></a:b></div>', 'xmlns:a="urn:u"'),
        ('<h:div a:x="q"><h:img src="s"/> &amp; <h:hr/></h:div>', f'xmlns:a="urn:u" xmlns:h="{XHTML}"'),
        (f'<h:div xmlns:h="{XHTML}" xmlns:a="urn:v" a:x="q"><h:br/></h:div>', 'xmlns:a="urn:u"'),
    ],
)
def test_a_narrative_keeps_its_namespaces_and_void_tags(div, declared):
    data = document(div, declared)
    read = xml.parse(data)["text"]["div"]
    alone = ET.fromstring(read)
    alone.tail = None
    assert same(alone, ET.fromstring(data).find(f".//{{{XHTML}}}div"))
    assert not any(f"</{tag}>" in read for tag in VOID)
    assert f'<div xmlns="{XHTML}"' in read
    assert xml.parse(xml.write(xml.parse(data)))["text"]["div"] == read


def test_a_namespace_that_is_taken_back_outside_is_none_inside():
    data = document(f'<h:div xmlns:h="{XHTML}">a</h:div>', 'xmlns=""', "f:")
    assert xml.parse(data)["text"]["div"] == f'<div xmlns="{XHTML}">a</div>'


NAMES = st.sampled_from(["h:p", "h:br", "a:b", "c", "h:hr"])
TREES = st.recursive(
    st.sampled_from(["", "x", " &lt; ", "<!-- c -->"]),
    lambda inner: st.builds(
        lambda name, said, parts: f"<{name}{said}>{''.join(parts)}</{name}>",
        NAMES, st.sampled_from(["", ' a:x="1"', ' x="&quot;"', ' xmlns:a="urn:w" a:y="2"', ' xmlns="urn:z"']),
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)  # fmt: skip


@given(
    st.lists(TREES, max_size=3).map("".join),
    st.sampled_from(["", ' xmlns:a="urn:v"', ' xmlns="urn:d" a:t="3"']),
)
def test_any_narrative_with_outer_prefixes_means_the_same_alone(inside, own):
    data = document(f"<h:div{own}>{inside}</h:div>", f'xmlns:a="urn:u" xmlns:h="{XHTML}"')
    div = ET.fromstring(xml.parse(data)["text"]["div"])
    assert same(div, ET.fromstring(data).find(f".//{{{XHTML}}}div"))
