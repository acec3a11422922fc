"""`camphora gate labels`: the value sets by which records are labelled."""

import json

import orjson
import pytest

from camphora.cli import main


@pytest.fixture
def camphora(tmp_path, capsys):
    path = tmp_path / "a.ndjson"
    path.write_bytes(orjson.dumps({"resourceType": "Patient", "id": "ada", "gender": "female"}) + b"\n")
    main(["load", str(path), "--into", str(tmp_path / "place"), "--lang", "en"])
    capsys.readouterr()

    def run(*arguments):
        code = main(["gate", "labels", *arguments, "--in", str(tmp_path / "place")])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_sets_are_shown_put_and_taken_away(camphora, tmp_path):
    file = tmp_path / "hiv.csv"
    file.write_text("label,system,code,mode\nHIV,https://example.tw/drugs,A1,is\n")
    assert camphora()[0] == 0
    code, out, _ = camphora("--put", str(file), "--json")
    rows = {row["set"]: row for row in map(json.loads, out.splitlines()) if "set" in row} if code == 0 else {}
    rows = rows or {row["set"]: row for row in json.loads(out)}
    assert (rows["hiv"]["rows"], rows["hiv"]["labels"]) == (1, "HIV")
    code, out, _ = camphora("--lang", "en")
    assert "instead of the bundled one" in out
    assert camphora("--remove", "hiv")[0] == 0
    assert "instead of" not in camphora("--lang", "en")[1]


def test_a_file_that_is_not_right_is_refused_with_its_lines(camphora, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("label,system,code,mode\nHIV,icd-10-cm,B20,is\nHIV,icd-10-cm,,is\n")
    code, _, err = camphora("--put", str(file), "--lang", "en")
    assert code != 0
    assert "code" in err
    assert "mine" not in camphora()[1]
    assert camphora("--remove", "mine")[0] != 0
