import pytest

from camphora.catalogue import check, new_system
from camphora.errors import Conflict, Invalid


@pytest.fixture
def folder(tmp_path):
    return new_system("beds", tmp_path)


def edit(folder, file, old, new):
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def found(folder):
    return [(fault.code, fault.place.file, fault.place.line) for fault in check(folder)]


def test_a_new_system_has_no_fault(folder):
    assert found(folder) == []


SINGLE = {
    "unknown key": (
        "system.toml",
        'badge = "example"',
        'badge = "example"\ncolour = "red"',
        "formats-key-unknown",
        14,
    ),
    "another name": ("system.toml", 'name = "beds"', 'name = "bets"', "catalogue-name", 1),
    "unknown role": (
        "system.toml",
        'readers = ["public"]',
        'readers = ["everyone"]',
        "formats-key-choice",
        8,
    ),
    "lost translation": ("system.toml", 'title.en = "beds (example)"\n', "", "formats-text-missing", 3),
    "string in one language": ("strings/en.toml", 'table = "Stations"\n', "", "catalogue-string-lone", 2),
    "empty string": ("strings/en.toml", '"Stations"', '""', "catalogue-string-empty", 2),
    "other places": (
        "strings/en.toml",
        'met = "reached"',
        'met = "reached {n}"',
        "catalogue-string-places",
        10,
    ),
    "broken TOML": ("pages/overview.toml", 'path = ""', "path = ", "formats-toml", 2),
    "unknown function": (
        "pages/overview.toml",
        '= "overview"\ntitle',
        '= "overlook"\ntitle',
        "catalogue-no-function",
        3,
    ),
    "page's column": (
        "pages/overview.toml",
        "beds_visits.month",
        "beds_visits.moon",
        "formats-column-unknown",
        13,
    ),
    "page's table": (
        "pages/overview.toml",
        '["beds_visits"]',
        '["beds_visits", "x"]',
        "catalogue-table-unknown",
        6,
    ),
    "path without parameter": (
        "pages/overview.toml",
        'path = ""',
        'path = "x/{code}"',
        "catalogue-path-parameter",
        2,
    ),
    "bad date": ("rules/beds.csv", "2024-03-01", "1 March", "rules-dates", 2),
    "bad row": ("data/beds_visits.csv", "113/02,80", "113/13,80", "formats-month", 2),
    "unknown column": (
        "tables/beds_visits.toml",
        '["station", "month"]',
        '["stations"]',
        "formats-column-unknown",
        4,
    ),
    "opens a file": (
        "logic.py",
        "    month = param",
        '    open("/etc")\n    month = param',
        "catalogue-impure",
        23,
    ),
    "imports a socket": (
        "logic.py",
        "from camphora.rules",
        "import socket\nfrom camphora.rules",
        "catalogue-impure",
        7,
    ),
    "broken Python": ("logic.py", "def state(", "def state((", "catalogue-python", 11),
    "other arguments": (
        "logic.py",
        "words: Words, parameters",
        "words: Words, given",
        "catalogue-arguments",
        3,
    ),
    "case of no parameter": (
        "tests/state.csv",
        "case,month,visits",
        "case,month,people",
        "formats-column-unknown",
        1,
    ),
    "short case": ("tests/state.csv", "2024-03,99,not_met", "2024-03,99", "formats-cell-count", 3),
    "table's reader": ("tables/beds_visits.toml", '["public"]', '["nobody"]', "formats-key-choice", 9),
    "demo of no table": ("demo.toml", '["beds_visits"]', '["nothing"]', "catalogue-table-unknown", 2),
}


@pytest.mark.parametrize("what", SINGLE)
def test_a_fault_is_found_in_its_file_and_line(folder, what):
    file, old, new, code, expected = SINGLE[what]
    edit(folder, file, old, new)
    faults = found(folder)
    assert code in {fault[0] for fault in faults}
    assert next(line for found_code, _, line in faults if found_code == code) == expected


def test_all_faults_come_at_once(folder):
    for what in ("unknown key", "empty string", "bad date", "imports a socket", "demo of no table"):
        file, old, new, *_ = SINGLE[what]
        edit(folder, file, old, new)
    (folder / "README.md").unlink()
    assert {fault[0] for fault in found(folder)} == {
        "formats-key-unknown",
        "catalogue-string-empty",
        "rules-dates",
        "catalogue-impure",
        "catalogue-table-unknown",
        "catalogue-file-missing",
    }


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_every_fault_can_be_said_with_its_remedy(folder, lang):
    for file, old, new, *_ in list(SINGLE.values())[:8]:
        edit(folder, file, old, new) if old in (folder / file).read_text("utf-8") else None
    assert all(fault.text(lang) and fault.remedy(lang) for fault in check(folder))


@pytest.mark.parametrize(
    ("serves", "code"),
    [
        ('id = 999\nstate = "works"\nworks.zh-TW = "一"\nworks.en = "a"', "catalogue-clause-unknown"),
        ('id = 4\nstate = "partly"\nworks.zh-TW = "一"\nworks.en = "a"', "catalogue-missing-said"),
        ('id = 4\nstate = "soon"\nworks.zh-TW = "一"\nworks.en = "a"', "formats-key-choice"),
    ],
)
def test_what_a_system_claims_must_be_known_and_honest(folder, serves, code):
    with (folder / "system.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[[serves]]\n{serves}\n")
    assert code in {fault[0] for fault in found(folder)}


def test_a_changed_module_is_read_again(folder):
    edit(folder, "logic.py", "def overview(", "def overlook(")
    assert "catalogue-no-function" in {fault[0] for fault in found(folder)}
    edit(folder, "logic.py", "def overlook(", "def overview(")
    assert found(folder) == []


@pytest.mark.parametrize("name", ["Beds", "two words", "病床", "1st", "../up", "_x", ""])
def test_a_name_that_cannot_be_is_refused(tmp_path, name):
    with pytest.raises(Invalid, match="catalogue-bad-name"):
        new_system(name, tmp_path)


def test_an_existing_folder_is_never_overwritten(tmp_path, folder):
    with pytest.raises(Conflict, match="catalogue-folder"):
        new_system("beds", tmp_path)
    with pytest.raises(Conflict, match="catalogue-folder"):
        new_system("nurse_ratio", tmp_path)


def test_a_folder_without_declaration_is_named(tmp_path):
    assert [fault.code for fault in check(tmp_path)] == ["catalogue-no-system"]
