"""`camphora fhirpath EXPRESSION FILE`."""

import json

import pytest

from camphora.cli import main
from fhirpath.official import SUITE

PATIENT = str(SUITE / "inputs" / "patient-example.json")


@pytest.fixture
def run(capsys):
    def act(*arguments):
        code = main(["fhirpath", *map(str, arguments), "--lang", "en"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return act


def test_each_result_has_its_place_and_type(run):
    code, out, err = run("name.where(use = 'usual').given | 1.50", PATIENT)
    assert (code, err) == (0, "")
    assert out.splitlines() == ["Patient.name[1].given[0]\tstring\tJim", "-\tSystem.Decimal\t1.50"]


def test_as_json_each_line_is_an_object(run):
    code, out, _ = run("name[1] | (today() > @2020)", PATIENT, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert rows[0]["value"] == {"use": "usual", "given": ["Jim"]}
    assert (rows[0]["path"], rows[1]["type"], rows[1]["value"]) == ("Patient.name[1]", "System.Boolean", True)


def test_lines_of_ndjson_are_read_one_by_one(run, tmp_path):
    file = tmp_path / "a.ndjson"
    file.write_text(
        '{"resourceType":"Patient","id":"a"}\n{"resourceType":"Patient"\n{"resourceType":"Patient","id":"b"}\n'
    )
    code, out, err = run("id", file)
    assert code == 2
    assert out == "a.ndjson:1\tPatient.id\tid\ta\na.ndjson:3\tPatient.id\tid\tb\n"
    assert "a.ndjson:2" in err


def test_xml_is_read_too(run, tmp_path):
    file = tmp_path / "a.xml"
    file.write_text('<Patient xmlns="http://hl7.org/fhir"><id value="x"/><active value="true"/></Patient>')
    assert run("active", file)[:2] == (0, "Patient.active\tboolean\ttrue\n")


def test_a_faulty_expression_is_shown_with_its_place(run):
    code, out, err = run("name.where(use = )", PATIENT)
    assert (code, out) == (2, "")
    assert "name.where(use = )" in err
    assert err.splitlines()[1].index("^") == 2 + 17
    assert "fhirpath-syntax" in err


def test_a_fault_at_run_time_names_the_element_and_the_file(run):
    code, _, err = run("name.select(given.single())", PATIENT)
    assert code == 2
    assert "patient-example.json:1 Patient.name[0]" in err
    assert "fhirpath-several" in err
