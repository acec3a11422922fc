import io
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import CamphoraError, Faults, Invalid
from camphora.fhir import json, xml
from camphora.fhir.xml.reading import Reading

NS = 'xmlns="http://hl7.org/fhir"'
DIV = 'xmlns="http://www.w3.org/1999/xhtml"'


def patient(inner):
    return f"<Patient {NS}>{inner}</Patient>".encode()


def faults(data):
    found = xml.read(data).faults
    assert all(f.text(lang) and f.remedy(lang) for f in found for lang in ("zh-TW", "en"))
    return [(f.code, str(f.place)) for f in found]


def test_values_take_their_json_types():
    read = xml.parse(
        f'<Observation {NS}><status value="final"/><valueQuantity><value value="1.00"/></valueQuantity>'
        '<component><valueBoolean value=" true "/></component>'
        '<component><valueInteger value="-3"/></component></Observation>'.encode(),
        exact=True,
    )
    assert json.write(read["valueQuantity"]) == b'{"value":1.00}'
    assert [part.popitem() for part in read["component"]] == [("valueBoolean", True), ("valueInteger", -3)]


@pytest.mark.parametrize(
    "text", ["1.00", "1e2", "1E+2", "0.0000001", "-0.0", "3", "12345678901234567890123", "0e-7"]
)
def test_decimals_keep_their_digits(text):
    data = f'<Quantity><value value="{text}"/></Quantity>'.replace("Quantity", "valueQuantity")
    read = xml.parse(f"<Observation {NS}>{data}</Observation>".encode(), exact=True)
    assert json.write(read["valueQuantity"]) == f'{{"value":{text}}}'.encode()
    assert f'value="{text}"'.encode() in xml.write(json.parse(json.write(read), exact=True))


def test_extensions_and_ids_of_primitives_lie_beside_them():
    given = (
        '<name><given id="a"><extension url="http://e.org/x"><valueCode value="y"/></extension></given>'
        '<given value="b"/><given value="c" id="d"/></name><birthDate id="e"/>'
    )
    extension = {"id": "a", "extension": [{"url": "http://e.org/x", "valueCode": "y"}]}
    assert xml.parse(patient(given)) == {
        "resourceType": "Patient",
        "name": [{"given": [None, "b", "c"], "_given": [extension, None, {"id": "d"}]}],
        "_birthDate": {"id": "e"},
    }


def test_a_repeating_primitive_without_any_value_has_only_its_extensions():
    read = xml.parse(patient('<name><given id="a"/><given id="b"/></name>'))
    assert read["name"] == [{"_given": [{"id": "a"}, {"id": "b"}]}]


def test_prefixes_of_any_name_are_read():
    data = (
        b'<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><f:text>'
        b'<f:status value="generated"/><h:div class="a"><h:b>x &lt; y</h:b></h:div></f:text></f:Patient>'
    )
    div = f'<div {DIV} class="a"><b>x &lt; y</b></div>'
    assert xml.parse(data)["text"] == {"status": "generated", "div": div}


def test_a_narrative_stays_as_it_is_written():
    div = f"<div {DIV}><p class='a'>1 &lt; 2 &#160;<!-- c --><br/><![CDATA[<]]></p>\n</div>"
    assert xml.parse(patient(f"<text>{div}</text>"))["text"]["div"] == div
    assert xml.parse(patient(f"<text><div {DIV}/></text>"))["text"]["div"] == f"<div {DIV}/>"


@pytest.mark.parametrize(
    ("inner", "found"),
    [
        ('<nome value="x"/>', [("fhir-unknown-element", "1:38 Patient")]),
        ('<name>\n <famly value="x"/></name>', [("fhir-unknown-element", "2:2 Patient.name[0]")]),
        ('<gender value="male"/><active value="true"/>', [("xml-order", "1:60 Patient")]),
        ('<gender value="male"/><gender value="male"/>', [("xml-repeats", "1:60 Patient")]),
        ('<active value="yes"/>', [("xml-value", "1:38 Patient.active")]),
        ('<active value=""/>', [("xml-empty-attribute", "1:38 Patient.active")]),
        ("<name/>", [("xml-empty", "1:45 Patient.name[0]")]),
        ('<active value="true" x="1"/>', [("xml-attribute", "1:38 Patient.active")]),
        ("<name>x<family value='y'/></name>", [("xml-text", "1:45 Patient.name[0]")]),
        ('<birthDate xmlns="urn:x" value="2000"/>', [("xml-namespace", "1:38 Patient")]),
        ("<text><div>x</div></text>", [("xml-namespace", "1:44 Patient.text")]),
        ("<contained><Pat/></contained>", [("fhir-unknown-element", "1:49 Patient.contained")]),
        ("<contained/>", [("xml-empty", "1:50 Patient.contained")]),
    ],
)
def test_what_is_not_fhir_is_named_with_its_place(inner, found):
    assert faults(patient(inner)) == found


def test_all_faults_are_raised_together():
    with pytest.raises(Faults) as caught:
        xml.parse(patient('<a/><active value="x"/><b/>'), file="p.xml")
    assert [fault.place.column for fault in caught.value.faults] == [38, 42, 61]
    assert caught.value.place.file == "p.xml"


BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><Patient xmlns="http://hl7.org/fhir">&b;</Patient>'
OUTSIDE = b'<!DOCTYPE Patient SYSTEM "file:///etc/passwd"><Patient xmlns="http://hl7.org/fhir"/>'


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"", "xml-nothing", None, None),
        (b" \n", "xml-nothing", None, None),
        (BOMB, "xml-doctype", 1, None),
        (OUTSIDE, "xml-doctype", 1, None),
        (patient("\n<text><div>a&nbsp;b</div></text>"), "xml-entity", 2, 13),
        (patient("")[:-4], "xml-truncated", 1, None),
        (patient("<name>\n</nam>"), "xml-broken", 2, 3),
        (patient("<x:name/>"), "xml-prefix", 1, None),
        (b"<Pat/>", "xml-root", 1, 1),
        (b"<Patient/>", "xml-namespace", 1, 1),
        (patient('<name><family value="王"/></name>').decode().encode("cp950"), "xml-encoding", 1, None),
        (patient("").decode().encode("utf-16"), "xml-encoding", 1, 1),
        (b'<?xml version="1.0" encoding="Big5"?>' + patient(""), "xml-encoding", 1, 1),
        (patient("<extension>" * 100 + "</extension>" * 100), "xml-deep", 1, None),
        (patient("<x>" * 100 + "</x>" * 100), "xml-deep", 1, None),
        (
            patient("<x " + " ".join(f'xmlns:a{n}="urn:{n}"' for n in range(200)) + "/>"),
            "xml-namespaces",
            1,
            None,
        ),
        (patient(f"<text><div {DIV}>" + "<b>" * 200 + "</b>" * 200 + "</div></text>"), "xml-deep", 1, None),
    ],
)
def test_what_is_no_xml_or_dangerous_is_refused_where_it_stands(data, code, line, column):
    with pytest.raises(Invalid) as caught:
        xml.parse(data)
    place = caught.value.place
    assert (caught.value.code, place.line) == (code, line)
    assert column is None or place.column == column


def test_faults_end_after_a_hundred():
    with pytest.raises(Faults) as caught:
        xml.parse(patient("<x/>" * 100_000))
    assert len(caught.value.faults) == 100


@given(st.binary(max_size=80))
def test_any_bytes_give_a_resource_or_an_error_of_ours(data):
    with pytest.raises(CamphoraError):
        xml.parse(data)


@settings(max_examples=200)
@given(st.data())
def test_any_damage_to_a_document_gives_a_resource_or_an_error_of_ours(cases, data):
    text = cases["xml"][
        data.draw(st.sampled_from(["patient-example.xml", "parameters-example-types.xml"]))
    ].encode()
    at = data.draw(st.integers(0, len(text)))
    damaged = text[:at] + data.draw(st.binary(max_size=4)) + text[at + data.draw(st.integers(0, 40)) :]
    with suppress(CamphoraError):
        xml.write(xml.read(damaged).resource)


@settings(max_examples=60)
@given(st.data())
def test_a_document_in_any_parts_reads_as_the_whole(cases, data):
    text = cases["xml"][data.draw(st.sampled_from(["patient-example.xml", "list-example-long.xml"]))].encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    reading = Reading()
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        reading.feed(text[start:end], last=False)
    reading.feed(b"", last=True)
    assert reading.resource == xml.parse(text)


def bundle(*entries):
    inner = "".join(f"<entry>{entry}</entry>\n" for entry in entries)
    return f'<Bundle {NS}><type value="batch"/>\n{inner}</Bundle>'.encode()


def test_entries_of_a_bundle_come_one_by_one_with_line_and_faults():
    one = '<fullUrl value="urn:x"/><resource><Patient><id value="a"/></Patient></resource>'
    two = '<resource><Patient><active value="maybe"/></Patient></resource>'
    found = list(xml.entries(io.BytesIO(bundle(one, two)), file="b.xml"))
    assert found[0].value == {"fullUrl": "urn:x", "resource": {"resourceType": "Patient", "id": "a"}}
    assert [entry.line for entry in found] == [2, 3]
    assert [str(fault.place) for fault in found[1].faults] == ["b.xml:3:27 Bundle.entry[1].resource.active"]


def test_entries_of_a_long_bundle_are_given_while_it_is_read():
    class Slow(io.BytesIO):
        asked = 0

        def read(self, size=-1):
            Slow.asked += 1
            return super().read(size)

    div = f"<text><status value='empty'/><div {DIV}>{'x' * 900}</div></text>"
    stream = Slow(bundle(*[f"<resource><Patient>{div}</Patient></resource>"] * 2_000))
    next(xml.entries(stream))
    assert Slow.asked == 1


def test_what_is_no_bundle_has_no_entries():
    with pytest.raises(Invalid) as caught:
        list(xml.entries(io.BytesIO(patient(""))))
    assert caught.value.code == "xml-bundle"


def test_a_byte_order_mark_is_passed_over():
    text = f'<text><status value="generated"/><div {DIV}>王</div></text>'
    assert xml.parse(b"\xef\xbb\xbf" + patient(text)) == xml.parse(patient(text))
