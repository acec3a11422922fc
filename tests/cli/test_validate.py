import gzip
import json
import os

import pytest

from camphora.cli import main
from packages.archives import guide

RIGHT = {"resourceType": "Patient", "id": "a", "active": True}
WRONG = {"resourceType": "Patient", "id": "b", "birthDate": "王小明"}


def run(capsys, *arguments):
    code = main(["validate", "--lang", "en", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in (RIGHT, WRONG, RIGHT)) + "\n{\n")
    return path


def test_one_right_resource_is_said_to_be_right(tmp_path, capsys):
    (tmp_path / "a.json").write_text(json.dumps(RIGHT))
    code, out, _ = run(capsys, tmp_path / "a.json")
    assert (code, "no errors" in out, "invariants checked" in out) == (0, True, True)


def test_each_fault_has_its_line_path_and_remedy_and_no_value(lines, capsys):
    code, out, err = run(capsys, lines)
    assert code == 2
    assert "a.ndjson:2: Patient.birthDate" in out
    assert "a.ndjson:4" in err
    assert "4 resources of 1 file validated, 2 with errors" in out
    assert "王小明" not in out + err


def test_json_says_one_line_per_resource(lines, capsys):
    code, out, err = run(capsys, "--json", lines)
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, [row["right"] for row in rows]) == (2, [True, False, True, False])
    assert rows[1]["place"] == "a.ndjson:2"
    assert {"fhir-format"} <= {one["code"] for one in rows[1]["findings"]}
    assert json.loads(err.splitlines()[-1])["wrong"] == 2


def test_folders_xml_and_packed_files(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xml").write_text(
        '<Patient xmlns="http://hl7.org/fhir"><gender value="nope"/></Patient>'
    )
    (tmp_path / "in" / "b.json.gz").write_bytes(gzip.compress(json.dumps(RIGHT).encode()))
    code, out, _ = run(capsys, tmp_path / "in")
    assert (code, "a.xml" in out, "Patient.gender" in out) == (2, True, True)
    assert "2 resources of 2 files validated, 1 with errors" in out


def test_a_profile_that_is_named_is_held_to_or_refused(tmp_path, capsys):
    (tmp_path / "a.json").write_text(json.dumps(RIGHT))
    profile = "https://twcore.mohw.gov.tw/ig/twcore/StructureDefinition/Patient-twcore"
    assert run(capsys, tmp_path / "a.json", "--profile", profile)[0] == 2
    code, _, err = run(capsys, tmp_path / "a.json", "--profile", "urn:nobody")
    assert (code, "validation-profile-unknown" in err) == (2, True)


def test_a_policy_is_kept(lines, tmp_path, capsys):
    (tmp_path / "policy.toml").write_text('[rules]\nfhir-format = "warn"\ndom-6 = "off"')
    code, out, _ = run(capsys, lines, "--policy", tmp_path / "policy.toml")
    assert (code, "dom-6" in out, "1 with errors" in out) == (2, False, True)


def test_a_file_whose_name_is_not_utf8_is_validated(tmp_path, capsys):
    path = tmp_path / os.fsdecode(b"\xff.json")
    path.write_text(json.dumps(RIGHT))
    code, out, _ = run(capsys, "--json", path)
    assert (code, json.loads(out)["place"]) == (0, "\ufffd.json:1")


def test_a_package_with_a_misshapen_definition_is_used_without_it_and_says_so(tmp_path, capsys):
    (tmp_path / "a.json").write_text(json.dumps(RIGHT))
    odd = {"resourceType": "StructureDefinition", "url": "urn:p", "differential": {"element": [5]}}
    (tmp_path / "p.tgz").write_bytes(guide({"package/SD.json": odd}))
    code, _, err = run(capsys, "--package", tmp_path / "p.tgz", tmp_path / "a.json")
    assert code == 0
    assert "p.tgz!SD.json StructureDefinition.differential.element[0]" in err


def test_a_policy_in_another_encoding_is_told(tmp_path, capsys):
    (tmp_path / "p.toml").write_bytes(b"\xff\xfea\0")
    code, _, err = run(capsys, "--policy", tmp_path / "p.toml", tmp_path)
    assert (code, "formats-encoding-mark" in err) == (2, True)


def _in(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_faults_of_the_form_are_among_the_errors_counted(tmp_path, capsys):
    text = '<Patient xmlns="http://hl7.org/fhir"><nope value="a"/><active value="x"/><gender value="q"/></Patient>'
    (tmp_path / "bad.xml").write_text(text)
    code, out, err = run(capsys, tmp_path / "bad.xml")
    printed = out.count("error bad.xml") + err.count("bad.xml:1")
    assert (code, printed > 1, f"{printed} errors;" in out) == (2, True, True)


def test_of_a_folder_only_fhir_files_are_read_and_named_from_the_folder(tmp_path, capsys):
    right, wrong = json.dumps(RIGHT), json.dumps(WRONG)
    folder = _in(tmp_path / "in", a_json=right, sub__a_json=wrong, b_png="x", README="x")
    code, out, err = run(capsys, folder)
    assert "2 resources of 2 files validated, 1 with errors" in out
    assert ("2 files of the folders" in out, "error in/sub/a.json:1: Patient.birthDate" in out) == (
        True,
        True,
    )
    assert (code, err) == (2, "")


def test_a_folder_without_such_files_is_said_so(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    code, _, err = run(capsys, tmp_path / "in")
    assert (code, "cli-folder-empty" in err) == (2, True)


def test_a_file_that_is_not_there_ends_nothing_and_is_not_called_busy(tmp_path, capsys):
    (tmp_path / "a.json").write_text(json.dumps(RIGHT))
    code, out, err = run(capsys, tmp_path / "none.json", tmp_path / "a.json")
    assert (code, "there is no file none.json [cli-no-file]" in err) == (4, True)
    assert ("1 resource of 1 file validated, 0 with" in out, "1 file or folder" in out) == (True, True)


def test_files_of_one_name_are_told_apart(tmp_path, capsys):
    folder = _in(tmp_path, x__a_json=json.dumps(WRONG), y__a_json=json.dumps(WRONG))
    _, out, _ = run(capsys, folder / "x" / "a.json", folder / "y" / "a.json")
    assert f"{folder}/x/a.json:1" in out
    assert f"{folder}/y/a.json:1" in out


def test_what_could_not_be_checked_is_named(tmp_path, capsys):
    away = {**RIGHT, "managingOrganization": {"reference": "Organization/away"}}
    (tmp_path / "a.json").write_text(json.dumps(away))
    assert "targets of references (by type): Organization" in run(capsys, tmp_path / "a.json")[1]
    _, out, err = run(capsys, tmp_path / "a.json", "--json")
    assert {"kind": "reference", "which": "Organization"} in json.loads(out)["unchecked"]
    assert {"kind": "reference", "which": "Organization", "n": 1} in json.loads(err)["unchecked"]


def test_one_finding_in_many_resources_is_said_twenty_times_and_then_counted(tmp_path, capsys):
    (tmp_path / "a.ndjson").write_text((json.dumps(WRONG) + "\n") * 50)
    _, out, _ = run(capsys, tmp_path / "a.ndjson")
    assert out.count("[fhir-format") == 20
    assert [line.split()[-1] for line in out.splitlines() if line.startswith("error     fhir-format")] == [
        "50"
    ]


def test_errors_alone_are_listed_where_that_is_asked(tmp_path, capsys):
    (tmp_path / "a.json").write_text(json.dumps({**WRONG, "meta": {"profile": ["urn:nobody"]}}))
    assert "warning" in run(capsys, tmp_path / "a.json")[1]
    assert "warning" not in run(capsys, tmp_path / "a.json", "--errors-only")[1]
    _, out, _ = run(capsys, tmp_path / "a.json", "--errors-only", "--json")
    assert {one["severity"] for one in json.loads(out)["findings"]} == {"error"}


def test_a_folder_that_is_no_installation_is_refused(tmp_path, capsys):
    (tmp_path / "a.json").write_text(json.dumps(RIGHT))
    code, out, err = run(capsys, tmp_path / "a.json", "--in", tmp_path / "nowhere")
    assert (code, out, "installation-none" in err) == (2, "", True)


def test_progress_is_told_in_bytes_of_all_with_the_time_left(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("camphora.cli.terminal.SECONDS_BETWEEN_LINES", 0.0)
    (tmp_path / "a.ndjson").write_text((json.dumps(RIGHT) + "\n") * 150)
    _, _, err = run(capsys, tmp_path / "a.ndjson")
    assert ("0.0 MB / 0.0 MB" in err, "s left" in err) == (True, True)


def test_in_the_table_a_long_path_stays_on_one_line_and_is_said_once(tmp_path, capsys):
    row = {"resourceType": "ExplanationOfBenefit", "item": [{"sequence": 1}]}
    (tmp_path / "a.ndjson").write_text((json.dumps(row) + "\n") * 2)
    rows = [line.split() for line in run(capsys, tmp_path / "a.ndjson")[1].splitlines()]
    assert ["error", "fhir-missing", "ExplanationOfBenefit.item.productOrService", "2"] in rows
