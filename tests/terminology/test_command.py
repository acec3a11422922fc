"""`camphora terminology`: what a person sees."""

import json
import shutil
from pathlib import Path

import pytest

from camphora.cli import main

SAMPLES = Path(__file__).parent / "data"
CM = "http://hl7.org/fhir/sid/icd-10-cm"
DRUG = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medication-nhi-tw"


@pytest.fixture
def place(built, tmp_path):
    """A folder that looks like an installation."""
    (tmp_path / "records.sqlite").touch()
    shutil.copy(built, tmp_path / "terminology.sqlite")
    return tmp_path


@pytest.fixture
def said(capsys, place):
    """`said(*arguments)`: the exit code, stdout and stderr of a command on the installation."""

    def run(*arguments):
        code = main(["terminology", *map(str, arguments), "--in", str(place)])
        answer = capsys.readouterr()
        return code, answer.out, answer.err

    return run


def test_an_edition_is_added_looked_up_searched_listed_and_removed(said):
    sample = SAMPLES / "icd10cm_order_sample.txt"
    assert said("add", sample, "--version", "2024", "--lang", "en")[:2] == (
        0,
        f"{CM}|2024 is held now: 17 codes\n",
    )
    code, out, _ = said("lookup", CM, "E11.21", "--json")
    found = json.loads(out)
    assert (code, found["en"], found["properties"]["USE"]) == (
        0,
        "Diabetes mellitus of type 2 with nephropathy",
        "1",
    )
    assert "E11.21" in said("search", "nephropathy", "--system", CM)[1]
    assert CM in said("list", "--json")[1]
    assert said("remove", CM, "2024")[0] == 0
    assert said("lookup", CM, "E11.21")[0] == 4


def test_the_same_file_again_says_so_and_another_content_is_a_conflict(said, tmp_path):
    sample = SAMPLES / "icd10cm_order_sample.txt"
    said("add", sample, "--version", "2024")
    assert "內容相同" in said("add", sample, "--version", "2024")[1]
    other = tmp_path / "icd10cm_order_2024.txt"
    other.write_text(sample.read_text().replace("Cholera", "Kholera"))
    code, _, err = said("add", other, "--version", "2024")
    assert code == 5
    assert "terminology-edition-exists" in err
    assert "camphora terminology remove" in err


def test_faulty_rows_are_told_with_their_places_and_remedies(said, tmp_path):
    path = tmp_path / "drugs.csv"
    path.write_text("code,display\nAC1,鹽\nAC12345100,糖\nAC12345100,水\n")
    code, _, err = said("add", path, "--as", "nhi-drug", "--version", "1")
    assert code == 2
    assert "drugs.csv:2:code" in err
    assert "drugs.csv:4:code" in err
    assert err.count("→") == 2


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_a_folder_that_is_no_installation_is_named(capsys, tmp_path, lang):
    assert main(["terminology", "list", "--in", str(tmp_path), "--lang", lang]) == 2
    assert "installation-none" in capsys.readouterr().err


def test_adding_says_which_edition_answers_and_the_list_marks_it(said, tmp_path):
    path = tmp_path / "drugs.csv"
    path.write_text("code,display\nAC12345100,鹽\n")
    _, added, _ = said("add", path, "--as", "nhi-drug", "--version", "2025-test")
    assert "自此以 2025-test 版（最新）回答；另有 1.2.3，請以 --version 1.2.3 指定" in added
    lines = said("list")[1].splitlines()
    place = lines.index(f"  {DRUG}")
    assert lines[place + 1] == "    2025-test：1 個代碼，授權：未註明授權（預設版本）"
    assert lines[place + 2] == "    1.2.3：45,036 個代碼，授權：CC0-1.0"
    assert "預設版本" not in lines[place + 5]
    listed = [json.loads(line) for line in said("list", "--json")[1].splitlines()]
    assert [one["default"] for one in listed if one["url"] == DRUG] == [True, False]


def test_what_only_an_older_edition_has_is_hinted(said, tmp_path):
    path = tmp_path / "drugs.csv"
    path.write_text("code,display\nAC12345100,鹽\n")
    said("add", path, "--as", "nhi-drug", "--version", "2025-test")
    _, _, err = said("lookup", DRUG, "A034333100")
    assert "terminology-code-elsewhere" in err
    assert "--version 1.2.3" in err
    code, out, err = said("search", "A034333100", "--system", DRUG)
    assert (code, out) == (0, "")
    assert f"--system {DRUG} --version 1.2.3" in err
    assert "A034333100" in said("search", "A034333100", "--system", DRUG, "--version", "1.2.3")[1]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("https://nosuch", "X"), "terminology-no-system"),
        ((DRUG, "X"), "terminology-no-code"),
        ((DRUG, "X", "--version", "9"), "terminology-no-edition"),
    ],
)
def test_a_lookup_says_whether_system_edition_or_code_is_missing(said, arguments, code):
    status, _, err = said("lookup", *arguments)
    assert status == 4
    assert f"[{code}]" in err


def test_a_search_without_a_hit_says_so(said):
    code, out, err = said("search", "zzzzzz")
    assert (code, out) == (0, "")
    assert "查無「zzzzzz」" in err
