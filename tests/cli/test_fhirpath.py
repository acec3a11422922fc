"""`camphora fhirpath`: results with their places, and what is said where there are none."""

import json

import pytest

from camphora.cli import main

PATIENT = {"resourceType": "Patient", "id": "a", "name": [{"given": ["Ada"]}]}
OBSERVATION = {"resourceType": "Observation", "id": "o"}


def run(capsys, *arguments):
    code = main(["fhirpath", "--lang", "zh-TW", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def records(tmp_path):
    path = tmp_path / "records.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in (OBSERVATION, PATIENT)))
    return path


def test_a_result_of_many_lines_names_its_line(records, capsys):
    assert run(capsys, "name.given", records)[:2] == (
        0,
        "records.ndjson:2\tPatient.name[0].given[0]\tstring\tAda\n",
    )


def test_a_result_of_one_resource_names_its_path_alone(tmp_path, capsys):
    (tmp_path / "a.json").write_text(json.dumps(PATIENT))
    out = run(capsys, "name.given", tmp_path / "a.json")[1]
    assert out == "Patient.name[0].given[0]\tstring\tAda\n"


def test_no_result_is_said_and_the_name_that_fits_no_resource_is_named(records, capsys):
    code, out, err = run(capsys, "name.gven", records)
    assert (code, out, err.splitlines()[0]) == (0, "", "沒有結果")
    assert "「gven」" in err, (
        "an Observation has no name, but a Patient has one, so that is not what is wrong"
    )
    assert "可能原因" not in run(capsys, "name.family", records)[2]


def test_no_result_where_every_name_is_right_has_no_hint(records, capsys):
    _, _, err = run(capsys, "id.where($this = 'z')", records)
    assert err.splitlines() == ["沒有結果"]


@pytest.mark.parametrize(
    ("name", "code", "said"), [("none.json", 4, "cli-no-file"), (".", 2, "cli-not-a-file")]
)
def test_what_is_no_file_is_said_in_our_words(tmp_path, capsys, name, code, said):
    found, out, err = run(capsys, "id", tmp_path / name)
    assert (found, out, said in err) == (code, "", True)
