"""FHIR in XML, and files whose name does not say what they hold."""

import gzip

import orjson
import pytest

from builders import observation, patient
from camphora.errors import Invalid
from camphora.fhir import json, xml
from camphora.installation.loading import Loader
from camphora.policy.internal import following

ADA = patient("ada", "王小明", "1950-02-01", "A123456780")
SEEN = observation("o1", "ada", "8480-6", "2026-01-05")
READ = following("t")


def _bundle(*resources, kind="collection"):
    entries = [{"fullUrl": f"urn:uuid:{at}", "resource": each} for at, each in enumerate(resources)]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def _written(path, content):
    path.write_bytes(content)
    return path


def _loaded(installation, path):
    report = Loader(installation).load(path)
    assert [str(fault) for fault in report.faults] == []
    return report.read, report.written


def test_one_resource_in_xml_is_kept_in_json_with_its_decimals_as_written(installation, tmp_path):
    text = xml.write(SEEN).replace(b'<value value="6.5"/>', b'<value value="6.50"/>')
    assert _loaded(installation, _written(tmp_path / "o.xml", text)) == (1, 1)
    body = installation.store.read(READ, "Observation", "o1").body
    assert b'"value":6.50' in body
    kept = json.parse(body)
    assert {key: value for key, value in kept.items() if key != "meta"} == SEEN


def test_a_bundle_in_xml_is_joined_up_and_doubles_nothing(installation, tmp_path):
    seen = {**SEEN, "subject": {"reference": "urn:uuid:0"}}
    path = _written(tmp_path / "b.xml", xml.write(_bundle(ADA, seen), pretty=True))
    assert _loaded(installation, path) == (2, 2)
    assert _loaded(installation, path) == (2, 0)
    assert b'"Patient/ada"' in installation.store.read(READ, "Observation", "o1").body


def test_a_packed_xml_bundle_of_more_than_one_part_is_read_whole(installation, tmp_path):
    many = [observation(f"o{number}", "ada", "8480-6", "2026-01-05") for number in range(400)]
    note = {
        "text": {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{"長" * 900}</div>',
        }
    }
    whole = xml.write(_bundle({**ADA, **note}, *[{**one, **note} for one in many]))
    assert len(whole) > 1024 * 1024
    path = _written(tmp_path / "b.xml.gz", gzip.compress(whole))
    assert _loaded(installation, path) == (401, 401)


def test_a_document_in_xml_stays_whole(installation, tmp_path):
    about = {
        "resourceType": "Composition", "status": "final", "type": {"text": "病歷摘要"}, "title": "摘要",
        "date": "2026-01-05", "author": [{"display": "仁愛醫院"}],
    }  # fmt: skip
    document = {
        **_bundle(about, kind="document"),
        "identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:9"},
        "timestamp": "2026-01-05T08:00:00+08:00",
    }
    assert _loaded(installation, _written(tmp_path / "d.xml", xml.write(document))) == (1, 1)
    assert installation.store.counts() == {"Bundle": 1}


def test_a_wrong_entry_of_an_xml_bundle_is_located_and_nothing_is_kept(installation, tmp_path):
    text = xml.write(_bundle(ADA, {**SEEN, "status": "finnal"}), pretty=True)
    text = text.replace(b"<gender", b'<colour value="red"/>\n<gender')
    path = _written(tmp_path / "b.xml", text)
    report = Loader(installation).load(path)
    found = {(fault.code, fault.place.path): fault.place.line for fault in report.faults}
    lines = text.split(b"\n")
    colour = next(at for at, line in enumerate(lines, 1) if b"colour" in line)
    second = [at for at, line in enumerate(lines, 1) if b"<entry>" in line][1]
    assert found == {
        ("fhir-unknown-element", "Bundle.entry[0].resource"): colour,
        ("fhir-code", "Bundle.entry[1].resource.status"): second,
    }
    assert installation.store.last_change() == 0


@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("form", ["xml", "json"])
def test_half_a_file_is_refused_with_its_place_and_nothing_is_kept(installation, tmp_path, form, part):
    whole = xml.write(_bundle(ADA, SEEN)) if form == "xml" else orjson.dumps(_bundle(ADA, SEEN))
    path = _written(tmp_path / f"b.{form}", whole[: int(len(whole) * part)])
    with pytest.raises(Invalid, match=f"{form}-truncated") as refused:
        Loader(installation).load(path)
    assert (refused.value.place.file, refused.value.place.line) == (path.name, 1)
    assert installation.store.last_change() == 0


LINES = orjson.dumps(ADA) + b"\n" + orjson.dumps(SEEN) + b"\n"


@pytest.mark.parametrize(
    ("name", "content", "read"),
    [("a.json", xml.write(ADA), 1), ("a.ndjson", b"\xef\xbb\xbf" + xml.write(ADA), 1),
     ("a.xml", orjson.dumps(ADA), 1), ("a.json", LINES, 2), ("a.xml", LINES, 2),
     ("a.ndjson", orjson.dumps(_bundle(ADA, SEEN), option=orjson.OPT_INDENT_2), 2),
     ("a.ndjson", orjson.dumps(ADA), 1), ("a.ndjson", b"\n \n", 0)],
)  # fmt: skip
def test_a_name_that_lies_does_no_harm(installation, tmp_path, name, content, read):
    assert _loaded(installation, _written(tmp_path / name, content)) == (read, read)


def test_lines_of_which_the_first_is_broken_are_still_lines(installation, tmp_path):
    path = _written(tmp_path / "a.ndjson", b'{"resourceType": "Pat\n' + LINES)
    report = Loader(installation).load(path)
    assert (report.read, report.written, [fault.place.line for fault in report.faults]) == (3, 2, [1])


@pytest.mark.parametrize("given", [ADA, _bundle(ADA)], ids=["resource", "bundle"])
def test_a_byte_order_mark_before_json_is_passed_over(installation, tmp_path, given):
    path = _written(tmp_path / "a.json", b"\xef\xbb\xbf" + orjson.dumps(given))
    assert _loaded(installation, path) == (1, 1)
    assert installation.store.read(READ, "Patient", "ada").body.startswith(b"{")
