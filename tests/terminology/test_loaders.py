"""Files into the terminology: what is read, what is refused and where, and what a kill leaves."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from openpyxl import Workbook

from camphora.errors import Conflict, Faults, Invalid, NotFound
from camphora.terminology.loaders import Asked, load, source_of
from camphora.terminology.stored_library import StoredLibrary
from camphora.terminology.systems import Filter

SAMPLES = Path(__file__).parent / "data"
TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/"
CM, PCS = "http://hl7.org/fhir/sid/icd-10-cm", "http://www.cms.gov/Medicare/Coding/ICD10"


def written(tmp_path, text, name="codes.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def system_of(terms, url):
    return StoredLibrary(terms).code_system(url)


def test_an_order_file_gives_codes_headings_and_their_hierarchy(empty):
    (loaded,) = load(empty.path, SAMPLES / "icd10cm_order_sample.txt", Asked(version="2024"))
    held = system_of(empty, CM)
    assert (loaded.url, loaded.state, loaded.concepts) == (CM, "new", 17)
    assert empty.lookup(CM, "E11.21").en == "Diabetes mellitus of type 2 with nephropathy"
    assert held.parents("S52.501A") == ["S52.501"]
    assert held.parents("T36.0X1A") == ["T36.0X"]
    assert [held.is_a("E11.21", "E11"), held.is_a("E11.9", "E11.2")] == [True, False]
    billable = [
        one.code for one in held.concepts([Filter("USE", "=", "1"), Filter("concept", "is-a", "A00")])
    ]
    assert billable == ["A00.0", "A00.1", "A00.9"]


def test_the_short_name_is_a_designation_and_is_found(empty):
    load(empty.path, SAMPLES / "icd10cm_order_sample.txt", Asked(version="2024"))
    (short,) = system_of(empty, CM).concept("E11.21").designations
    assert (short.value, short.language) == ("Diabetes type 2, nephropathy", "en")
    assert [term.code for term in empty.search("S52501A")] == []
    assert [term.code for term in empty.search("radius r, first")] == ["S52.501A"]


def test_a_procedure_order_file_keeps_codes_without_a_dot(empty):
    load(empty.path, SAMPLES / "icd10pcs_order_sample.txt", Asked(version="2024"))
    held = system_of(empty, PCS)
    assert list(held.roots()) == ["001", "0DT"]
    assert held.children("001") == ["0016070", "0016071"]


def test_a_file_of_codes_alone_is_flat_and_all_may_be_reported(empty):
    load(empty.path, SAMPLES / "icd10cm_codes_sample.txt", Asked(version="2024"))
    held = system_of(empty, CM)
    assert len(list(held.roots())) == len(held) == 8
    assert held.count([Filter("USE", "=", "1")]) == 8


def test_the_nhi_tables_are_told_by_their_columns_in_utf8_and_big5(empty):
    load(empty.path, SAMPLES / "icd10cm_nhi_2023_sample.csv", Asked(version="2024-01-31"))
    load(empty.path, SAMPLES / "icd10cm_nhi_2014_sample_big5.csv", Asked(version="2017-07-19"))
    new, old = TWCORE + "icd-10-cm-2023-tw", TWCORE + "icd-10-cm-2014-tw"
    assert empty.lookup(new, "A00.1").zh == "霍亂（El Tor 型）"
    assert empty.lookup(old, "A00.1").zh == "霍亂（埃爾托型）"
    assert empty.lookup(new, "A00.1").more == {"USE": "1", "updateDate": "2023-01", "event": "新增"}
    uses = {code: empty.lookup(old, code).more["USE"] for code in ("A00", "A00.1", "A09")}
    assert uses == {"A00": "0", "A00.1": "1", "A09": "1"}
    assert [one.url for one in empty.family(new)] == [new, old]


def test_a_workbook_is_read_like_a_csv_file(empty, tmp_path):
    book = Workbook()
    for row in (("藥品代號", "藥品英文名稱", "藥品中文名稱"), ("AC12345100", "SALT TABLETS", "鹽錠")):
        book.active.append(row)
    book.save(tmp_path / "drugs.xlsx")
    load(empty.path, tmp_path / "drugs.xlsx", Asked(kind="nhi-drug", version="115-01"))
    term = empty.lookup("https://nhicore.nhi.gov.tw/pas/CodeSystem/nhi-medication", "AC12345100")
    assert (term.zh, term.en, term.version) == ("鹽錠", "SALT TABLETS", "115-01")


def test_every_faulty_row_is_told_with_line_and_column_and_nothing_is_kept(empty, tmp_path):
    text = "code,display,status\nAC12345100,鹽,active\nAC1,短,active\nAC12345100,糖,active\nAC12345101,水,huh\nAC1\n"
    with pytest.raises(Faults) as caught:
        load(empty.path, written(tmp_path, text), Asked(kind="nhi-drug", version="1"))
    told = [(fault.code, fault.place.line, fault.place.column) for fault in caught.value.faults]
    assert told == [
        ("terminology-row-code", 3, "code"), ("terminology-row-twice", 4, "code"),
        ("terminology-row-status", 5, "status"), ("formats-cell-count", 6, None),
    ]  # fmt: skip
    assert caught.value.faults[1].facts == {"concept": "AC12345100", "first": 2}
    assert empty.systems() == []
    assert all(fault.remedy(lang) for fault in caught.value.faults for lang in ("zh-TW", "en"))


def test_no_fault_repeats_what_stood_in_a_cell(empty, tmp_path):
    text = "code,display,status\nA123456789,王小明,active\n林 0912,x,secret\n"
    with pytest.raises(Faults) as caught:
        load(empty.path, written(tmp_path, text), Asked(kind="nhi-fee", version="1"))
    said = " ".join(fault.text(lang) for fault in caught.value.faults for lang in ("zh-TW", "en"))
    assert not any(part in said for part in ("王小明", "林", "0912", "secret"))


def test_a_broken_line_of_an_order_file_is_told(empty, tmp_path):
    lines = (SAMPLES / "icd10cm_order_sample.txt").read_text().splitlines()
    lines[3], lines[5] = "00004 A009", lines[5].replace("E11 ", "11E ")
    with pytest.raises(Faults) as caught:
        load(empty.path, written(tmp_path, "\n".join(lines), "icd10cm_order_2024.txt"), Asked(version="2024"))
    told = [(fault.code, fault.place.line) for fault in caught.value.faults]
    assert told == [("terminology-order-line", 4), ("terminology-row-code", 6)]


@pytest.mark.parametrize(
    ("name", "text", "asked", "code"),
    [
        ("a.csv", "a,b\n1,2\n", Asked(version="1"), "terminology-kind"),
        ("a.csv", "a,b\n1,2\n", Asked(kind="nhi-drug", version="1"), "terminology-columns"),
        ("a.csv", "code,display\nAC12345100,x\n", Asked(kind="nhi-drug"), "terminology-version"),
        ("a.csv", "code,display\n", Asked(kind="nhi-drug", version="1"), "terminology-no-codes"),
        ("a.json", '{"resourceType": "Patient"}', Asked(), "terminology-unknown"),
        ("a.json", '{"resourceType": "CodeSystem", "content": "complete"}', Asked(), "terminology-resource"),
        ("a.json", '{"resourceType": "CodeSystem", "url": "u", "content": "not-present"}', Asked(), "not-present"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_by_name(empty, tmp_path, *, name, text, asked, code):
    with pytest.raises(Invalid, match=code) as caught:
        load(empty.path, written(tmp_path, text, name), asked)
    assert caught.value.place.file == name
    assert empty.systems() == []


def test_concepts_without_a_code_or_with_a_doubled_one_are_told_by_path(empty, tmp_path):
    concepts = [{"code": "a", "concept": [{"display": "none"}, {"code": "a"}]}]
    resource = {"resourceType": "CodeSystem", "url": "u", "content": "complete", "concept": concepts}
    with pytest.raises(Faults) as caught:
        load(empty.path, written(tmp_path, json.dumps(resource), "cs.json"))
    told = [(fault.code, fault.place.path) for fault in caught.value.faults]
    assert told == [
        ("terminology-row-no-code", "CodeSystem.concept[0].concept[0]"),
        ("terminology-row-twice", "CodeSystem.concept[0].concept[1]"),
    ]


def test_the_same_file_twice_changes_nothing_and_another_content_is_refused(empty, tmp_path):
    path = written(tmp_path, "code,display\nAC12345100,鹽\n")
    asked = Asked(kind="nhi-drug", version="1")
    assert load(empty.path, path, asked)[0].state == "new"
    state = empty.readers.state
    assert load(empty.path, path, asked)[0].state == "same"
    assert empty.readers.state == state
    with pytest.raises(Conflict, match="terminology-edition-exists"):
        load(empty.path, written(tmp_path, "code,display\nAC12345100,糖\n"), asked)
    assert empty.lookup(TWCORE + "medication-nhi-tw", "AC12345100").zh == "鹽"


def package(tmp_path, *resources):
    path = tmp_path / "package.tgz"
    manifest = {"name": "test.codes", "version": "1.0.0", "fhirVersions": ["4.0.1"], "license": "CC0-1.0"}
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (
            ("package.json", manifest),
            *((f"{n}.json", r) for n, r in enumerate(resources)),
        ):
            data = json.dumps(content).encode()
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def test_a_package_brings_its_code_systems_value_sets_and_maps(empty, tmp_path):
    head = {"status": "active", "version": "1"}
    codes = {"resourceType": "CodeSystem", "id": "cs", "url": "urn:cs", "content": "complete", **head}
    value_set = {"resourceType": "ValueSet", "id": "vs", "url": "urn:vs", **head}
    target = {"code": "b", "equivalence": "wider"}
    group = {"source": "urn:cs", "target": "urn:other", "element": [{"code": "a", "target": [target]}]}
    mapping = {"resourceType": "ConceptMap", "id": "cm", "url": "urn:cm", "group": [group], **head}
    stub = {**codes, "id": "stub", "url": "urn:stub", "content": "not-present"}
    broken = {**codes, "id": "broken", "url": "urn:broken", "concept": [{"code": "x"}, {"code": "x"}]}
    codes["concept"] = [
        {"code": "a", "display": "Salt", "designation": [{"language": "zh-TW", "value": "鹽"}]}
    ]
    loaded = load(empty.path, package(tmp_path, codes, value_set, mapping, stub, broken))
    assert {(one.url, one.state) for one in loaded} == {
        ("urn:cs", "new"), ("urn:vs", "new"), ("urn:cm", "new"), ("urn:stub", "empty"), ("urn:broken", "faulty"),
    }  # fmt: skip
    library = StoredLibrary(empty)
    assert (empty.lookup("urn:cs", "a").zh, empty.lookup("urn:cs", "a").en) == ("鹽", "Salt")
    assert empty.editions("urn:cs")[0].licence == "CC0-1.0"
    assert library.value_set("urn:vs")["version"] == "1"
    ((forward, _),) = library.mapped("urn:cs", "a")
    assert (forward.target.code, forward.relationship) == ("b", "source-is-narrower-than-target")
    assert library.concept_maps("urn:cm")[0].forward("urn:cs", "a")[0].target.code == "b"
    again = load(empty.path, package(tmp_path, codes, value_set, mapping))
    assert {one.state for one in again} == {"same"}


def test_the_names_of_a_supplement_are_those_of_the_code_it_supplements(empty, tmp_path):
    base = {"resourceType": "CodeSystem", "url": "urn:cs", "version": "1", "content": "complete"}
    base["concept"] = [{"code": "2345-7", "display": "Glucose"}, {"code": "1", "display": "Salt"}]
    chinese = {"code": "2345-7", "designation": [{"language": "zh-TW", "value": "血糖"}]}
    supplement = {
        **base,
        "url": "urn:zh",
        "content": "supplement",
        "supplements": "urn:cs",
        "concept": [chinese],
    }
    for number, resource in enumerate((base, supplement)):
        load(empty.path, written(tmp_path, json.dumps(resource), f"{number}.json"))
    found = [(term.system, term.code, term.zh, term.en) for term in empty.search("血糖")]
    assert found == [("urn:cs", "2345-7", "血糖", "Glucose")]
    assert empty.lookup("urn:cs", "1").zh == ""
    library = StoredLibrary(empty)
    assert (library.versions("urn:zh"), [one.url for one in library.supplements("urn:cs")]) == (
        [],
        ["urn:zh"],
    )


def test_a_missing_file_is_named(empty, tmp_path):
    with pytest.raises(NotFound, match="terminology-no-file"):
        load(empty.path, tmp_path / "none.csv")


SLOW = """
import sys, time
from pathlib import Path
from camphora.terminology.loaders import Asked, load
def shown(name, done, total):
    print(done, flush=True)
    time.sleep(0.2)
load(Path(sys.argv[1]), Path(sys.argv[2]), Asked(kind="nhi-drug", version="1"), shown)
"""


def test_after_a_kill_nothing_is_visible_and_the_load_goes_on(empty, tmp_path):
    rows = [f"AC{number:08d},藥品{number}號" for number in range(9_000)]
    file = written(tmp_path, "code,display\n" + "\n".join(rows) + "\n")
    empty.close()
    source = str(Path(__file__).parents[2] / "src")
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(empty.path), str(file)], stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": source},
    )  # fmt: skip
    with running:
        assert running.stdout.readline() == b"2000\n"
        assert running.stdout.readline() == b"4000\n"
        os.kill(running.pid, signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL
    kept = empty.readers.rows("SELECT count(*) FROM concept")[0][0]
    assert 4_000 <= kept < 9_000
    assert empty.systems() == []
    assert empty.lookup(TWCORE + "medication-nhi-tw", "AC00000001") is None
    assert empty.search("藥品1號") == []
    steps = []
    (loaded,) = load(
        empty.path, file, Asked(kind="nhi-drug", version="1"), lambda *step: steps.append(step[1])
    )
    assert (loaded.resumed, loaded.concepts, steps[0]) == (kept, 9_000, min(kept + 2_000, 9_000))
    sql = "SELECT count(*), count(DISTINCT code) FROM concept"
    assert empty.readers.rows(sql) == [(9_000, 9_000)]
    assert len(empty.search("藥品8999號")) == len(empty.search("藥品1號")) == 1


def test_after_a_kill_another_file_begins_anew(empty, tmp_path):
    from camphora.terminology.file import writing
    from camphora.terminology.writing import EditionWriter

    first = source_of(written(tmp_path, "code,display\nAC00000001,鹽\n"), Asked(kind="nhi-drug", version="1"))
    with writing(empty.path) as connection:
        begun = EditionWriter(connection, first.edition)
        assert begun.begin() == 0
        begun.add(list(first.entries()))
    load(
        empty.path,
        written(tmp_path, "code,display\nAC00000002,糖\n", "b.csv"),
        Asked(kind="nhi-drug", version="1"),
    )
    assert [row[0] for row in empty.readers.rows("SELECT code FROM concept")] == ["AC00000002"]


def test_two_loaders_at_once_wait_for_each_other(empty, tmp_path):
    files = [written(tmp_path, f"code,display\nAC0000000{n},鹽\n", f"{n}.csv") for n in range(3)]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SLOW.replace('"1"', f'"{n}"').replace("0.2", "0"), str(empty.path), str(file)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}, stdout=subprocess.DEVNULL,
        )
        for n, file in enumerate(files)
    ]  # fmt: skip
    assert [one.wait() for one in running] == [0, 0, 0]
    deadline = time.monotonic() + 60
    while len(empty.editions(TWCORE + "medication-nhi-tw")) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [one.version for one in empty.editions(TWCORE + "medication-nhi-tw")] == ["2", "1", "0"]
