import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import CamphoraError, Invalid, TooLarge
from camphora.fhir import forms

ONE = b'{"resourceType":"Patient"}'
PATIENT = {"resourceType": "Patient"}
XML = b'<Patient xmlns="http://hl7.org/fhir"/>'


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (ONE, "json"),
        (b"\xef\xbb\xbf \n" + ONE + b"\n\n", "json"),
        (b'{\n "resourceType": "Patient"\n}', "json"),
        (b'{"a":1}\n{"b"', "ndjson"),
        (ONE + b"\r\n" + ONE, "ndjson"),
        (b"[1]", "json"),
        (b"\n<!-- a -->" + XML, "xml"),
        (b"\xef\xbb\xbf" + XML, "xml"),
    ],
)
def test_the_form_is_told_from_the_content(content, form):
    assert forms.form(content) == form


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "fhir-json-empty"),
        (b"\xef\xbb\xbf \n", "fhir-json-empty"),
        (b"a,b\n", "fhir-form-unknown"),
        (b"PK\x03\x04", "fhir-form-unknown"),
        (ONE.decode().encode("utf-16"), "fhir-json-encoding"),
        (XML.decode().encode("utf-16-be"), "fhir-json-encoding"),
    ],
)
def test_what_has_none_of_the_forms_is_refused(content, code):
    with pytest.raises(Invalid) as caught:
        forms.form(content)
    assert caught.value.code == code


@pytest.mark.parametrize("content", [ONE, XML, b"  " + ONE, b"<?xml version='1.0'?>" + XML])
def test_one_resource_is_one_piece(content):
    [piece] = forms.pieces(io.BytesIO(content), file="a")
    assert (str(piece.place), piece.resource, piece.faults) == ("a:1", PATIENT, [])


def test_each_line_is_a_piece_with_its_own_faults():
    found = list(forms.pieces(io.BytesIO(ONE + b'\n\n{"a":\n' + ONE), file="a"))
    assert [str(piece.place) for piece in found] == ["a:1", "a:3", "a:4"]
    assert [piece.resource for piece in found] == [PATIENT, None, PATIENT]
    assert str(found[1].faults[0].place) == "a:3:6"


def test_a_first_line_longer_than_what_is_looked_at_is_still_a_line(monkeypatch):
    monkeypatch.setattr(forms, "START", 8)
    assert len(list(forms.pieces(io.BytesIO(ONE + b"\n" + ONE)))) == 2


def test_a_line_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(forms, "LONGEST_LINE", 30)
    with pytest.raises(TooLarge):
        list(forms.pieces(io.BytesIO(ONE + b"\n" + ONE + b" " * 30)))


def test_faults_of_xml_come_with_what_could_be_read():
    [piece] = forms.pieces(io.BytesIO(b'<Patient xmlns="http://hl7.org/fhir"><x/></Patient>'), file="a")
    assert (piece.resource, [fault.code for fault in piece.faults]) == (PATIENT, ["fhir-unknown-element"])


def test_a_stream_stays_open():
    stream = io.BytesIO(ONE)
    list(forms.pieces(stream))
    assert not stream.closed


@given(st.binary(max_size=60) | st.lists(st.sampled_from([ONE, XML, b"\n", b"{", b" "])).map(b"".join))
def test_any_bytes_are_pieces_or_an_error_of_ours(content):
    try:
        found = list(forms.pieces(io.BytesIO(content)))
    except CamphoraError as error:
        error.text("zh-TW")
    else:
        assert all(piece.resource is not None or piece.faults for piece in found)
