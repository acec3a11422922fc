import gzip
import json

import pytest

from camphora.cli import main

DECIMAL = b'{"resourceType":"Observation","valueQuantity":{"value":1.00}}'


def run(capfdbinary, *arguments):
    code = main(["convert", *map(str, arguments), "--lang", "en"])
    said = capfdbinary.readouterr()
    return code, said.out, said.err.decode()


def test_json_becomes_xml_and_json_again_digit_by_digit(tmp_path, capfdbinary):
    (tmp_path / "a.json").write_bytes(DECIMAL)
    code, out, _ = run(capfdbinary, tmp_path / "a.json", "--to", "xml")
    assert (code, b'<value value="1.00"/>' in out) == (0, True)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(out))
    _, back, _ = run(capfdbinary, tmp_path / "b.txt.gz", "--to", "json", "--compact")
    assert back == DECIMAL + b"\n"


def test_a_file_is_written_and_said(tmp_path, capfdbinary):
    (tmp_path / "a.json").write_bytes(DECIMAL)
    code, out, _ = run(capfdbinary, tmp_path / "a.json", "--to", "xml", "--out", tmp_path / "a.xml", "--json")
    assert (code, json.loads(out)["resources"]) == (0, 1)
    assert (tmp_path / "a.xml").read_bytes().startswith(b"<?xml")


def test_lines_stay_lines_and_are_no_xml_document(tmp_path, capfdbinary):
    (tmp_path / "a").write_bytes(DECIMAL + b"\n" + DECIMAL + b"\n" + DECIMAL)
    assert run(capfdbinary, tmp_path / "a", "--to", "json")[1] == (DECIMAL + b"\n") * 3
    code, out, err = run(capfdbinary, tmp_path / "a", "--to", "xml")
    assert (code, out, "fhir-convert-many" in err) == (2, b"", True)


def test_a_fault_in_a_later_line_leaves_the_old_file(tmp_path, capfdbinary):
    (tmp_path / "a").write_bytes(DECIMAL + b"\n" + DECIMAL + b'\n{"a":')
    (tmp_path / "b").write_bytes(b"old")
    code, _, err = run(capfdbinary, tmp_path / "a", "--to", "json", "--out", tmp_path / "b")
    assert (code, "a:3:6" in err) == (2, True)
    assert {file.name: file.read_bytes()[:3] for file in tmp_path.iterdir()} == {
        "a": DECIMAL[:3],
        "b": b"old",
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b'<Patient xmlns="http://hl7.org/fhir">\n<nome value="x"/><active value="y"/></Patient>',
            ["a:2:1", "a:2:18"],
        ),
        (b'{"resourceType":"Patient","nome":"x"}', ["a Patient: ", "fhir-unknown-element"]),
        (b"a,b\n1,2", ["a:1:1: ", "fhir-form-unknown"]),
        (b"", ["fhir-json-empty"]),
    ],
)
def test_faults_are_said_with_their_place_and_nothing_is_written(tmp_path, capfdbinary, content, said):
    (tmp_path / "a").write_bytes(content)
    code, out, err = run(capfdbinary, tmp_path / "a", "--to", "xml")
    assert (code, out) == (2, b"")
    assert all(word in err for word in said)
