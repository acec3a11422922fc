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
    assert "4 resources of 1 files validated, 2 with errors" in out
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
