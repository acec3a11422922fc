import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.fhir.folding import fold
from camphora.fhir.words import LONGEST, narrative, words
from fhir_strategies import resources

XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("王<b>小</b>明", "王小明"),
        ("<p>一</p><p>二</p>", "一 二"),
        ("a<br/>b", "a b"),
        ("1 &lt; 2 &amp;amp; &#160;&nbsp;x &eacute;", "1 < 2 &amp; x e"),
        ("<!-- secret -->x<![CDATA[<y>]]>", "x<y>"),
        ('<p title="no">yes</p>', "yes"),
        ("<p>never closed &bogus; x", "never closed &bogus; x"),
        ('<span style="display:none">here</span>', "here"),
    ],
)
def test_a_narrative_in_plain_text(inside, text):
    assert fold(narrative(f"<div {XHTML}>{inside}</div>")) == text


def test_no_document_type_is_read():
    text = narrative('<!DOCTYPE d [<!ENTITY a "b">]><div>&a;</div>')
    assert "b" not in fold(text).replace("&a;", "")


def test_the_words_of_a_resource_and_of_all_inside_it(patient):
    patient |= {
        "text": {"status": "generated", "div": f"<div {XHTML}><p>臺北　WÁNG</p></div>"},
        "extension": [{"url": "http://e.org/x", "valueString": "深處"}],
        "_birthDate": {"extension": [{"url": "http://e.org/y", "valueMarkdown": "Beside"}]},
        "contained": [{"resourceType": "Organization", "id": "inner", "name": "Ｈospital"}],
        "photo": [{"contentType": "image/png", "data": "AAAA", "title": "face"}],
        "identifier": [{"system": "urn:n", "value": "A123456789"}],
    }
    found = words(patient)
    assert found["_text"] == "台北 wang"
    said = set(found["_content"].split("\n"))
    assert {
        "台北 wang",
        "深處",
        "beside",
        "hospital",
        "face",
        "a123456789",
        "大明",
        "male",
        "image/png",
    } <= said
    assert not said & {"aaaa", "urn:n", "inner", "http://e.org/x", "1970-03", "p1", "patient"}


def test_words_are_bounded():
    long = {"resourceType": "Basic", "text": {"div": f"<div {XHTML}>{'一' * (LONGEST + 9)}</div>"}}
    assert len(words(long)["_text"]) <= LONGEST
    many = {"resourceType": "Patient", "name": [{"given": [str(n) for n in range(LONGEST)]}]}
    assert len(words(many)["_content"]) <= 2 * LONGEST


def test_a_hostile_narrative_takes_little_time():
    assert narrative("<a " * 300_000)
    assert narrative("&" * 300_000)


@given(resources())
def test_every_resource_has_words(resource):
    found = words(resource)
    assert all(text == fold(text) for text in found["_content"].split("\n"))
    assert found["_text"] == fold(found["_text"])


@given(st.text(max_size=200))
def test_no_text_breaks_a_narrative(text):
    narrative(f"<div>{text}")
