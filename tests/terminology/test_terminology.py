import csv
import gzip
import threading
from importlib.resources import files

import apsw
import pytest

from camphora.errors import Conflict, NotFound
from camphora.formats.fold import fold
from camphora.terminology import Edition, Terminology, add_edition, bundled_editions

URL = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/"
COUNTS = {
    "medication-nhi-tw": 45_036,
    "organization-identifier-tw": 36_420,
    "medical-service-payment-tw": 5_820,
    "nhi-medication-ch-herb-tw": 10_603,
    "medical-consultation-department-nhi-tw": 50,
    "medical-treatment-department-nhi-tw": 41,
    "postal-code3-tw": 368,
    "medication-frequency-nhi-tw": 590,
    "medication-path-tw": 42,
    "health-professional-tw": 32,
    "marital-status-tw": 9,
    "occupation-lia-roc-tw": 1_324,
}


def plain_rows(name):
    path = files("camphora") / "terminology/data" / name
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ICD = Edition("urn:icd", "2021", "國際疾病分類", "ICD", "own", "test")


@pytest.mark.parametrize("name", COUNTS)
def test_every_system_has_its_published_size(terms, name):
    sizes = {edition.url: edition.count for edition in terms.systems()}
    assert sizes[URL + name] == COUNTS[name]


def test_the_declared_counts_are_those_kept(terms):
    declared = {(edition.url, edition.version): edition.count for edition in bundled_editions()}
    assert {(edition.url, edition.version): edition.count for edition in terms.systems()} == declared


def test_every_facility_of_the_bundled_file_is_found(terms):
    sample = plain_rows("nhi_facility.csv.gz")[::97]
    found = [terms.lookup(URL + "organization-identifier-tw", row["code"]) for row in sample]
    assert [(item.code, item.zh or item.en) for item in found] == [
        (row["code"], row["zh"] or row["en"]) for row in sample
    ]


def test_leading_zeros_are_kept(terms):
    assert terms.lookup(URL + "organization-identifier-tw", "0101090517").zh == "臺北市立聯合醫院"
    assert terms.validate(URL + "organization-identifier-tw", "101090517") is False


def test_a_second_url_of_a_system_leads_to_the_same_concepts(terms):
    alias = "https://nhicore.nhi.gov.tw/pas/CodeSystem/nhi-medication"
    assert terms.lookup(alias, "A022224100") == terms.lookup(URL + "medication-nhi-tw", "A022224100")


def test_of_an_unknown_system_nothing_is_said(terms):
    assert terms.validate("urn:nowhere", "1") is None
    assert terms.lookup("urn:nowhere", "1") is None


def test_a_name_falls_back_to_the_other_language_and_then_to_the_code(terms):
    drug = terms.lookup(URL + "medication-nhi-tw", "A022224100")
    assert drug.display("zh-TW") == drug.display("en") == 'GEFARNATE CAPSULES "Y.S."'
    assert terms.lookup(URL + "medical-service-payment-tw", "78").display("zh-TW") == "78"


@pytest.mark.parametrize("text", ["台北 聯合醫院", "臺北　聯合醫院", "０１０１０９０５１７"])
def test_search_folds_variants_and_widths(terms, text):
    found = terms.search(text, URL + "organization-identifier-tw", limit=50)
    assert "0101090517" in {item.code for item in found}


@pytest.mark.parametrize(
    ("text", "system"), [("內科", None), ("panadol 500", None), ("臺東縣", URL + "postal-code3-tw")]
)
def test_search_finds_exactly_what_holds_every_word(terms, text, system):
    found = {(item.system, item.code) for item in terms.search(text, system, limit=100_000) if item.version}
    expected = set()
    for edition in bundled_editions():
        with gzip.open(
            files("camphora") / "terminology/data" / edition.file, "rt", encoding="utf-8", newline=""
        ) as file:
            for row in csv.DictReader(file):
                folded = fold(f"{row['code']} {row['zh']} {row['en']}")
                if system in (None, edition.url) and all(word in folded for word in fold(text).split()):
                    expected.add((edition.url, row["code"]))
    assert expected
    assert expected <= found


def test_a_code_itself_comes_first(terms):
    assert terms.search("100", limit=3)[0].zh == "臺北市中正區"


def test_our_plain_names_are_found_and_marked(terms):
    (plain,) = [terms.plain("http://hl7.org/fhir/sid/cvx", "08")]
    assert (plain.zh, plain.kind) == ("B型肝炎疫苗", "vaccine")
    assert [item.version for item in terms.search("b型肝炎疫苗")] == [""]


def test_editions_stand_side_by_side_and_the_newest_answers(own):
    terms = own
    for version, name in (("2021", "舊名"), ("2023", "新名")):
        edition = Edition("urn:icd", version, "國際疾病分類", "ICD", "own", "test")
        assert add_edition(terms.path, edition, [{"code": "A00", "zh": name}]) == 1
    assert terms.lookup("urn:icd", "A00").zh == "新名"
    assert terms.lookup("urn:icd", "A00", "2021").zh == "舊名"
    assert terms.validate("urn:icd", "A00", "1999") is None


def test_an_edition_is_added_whole_or_not_at_all(own):
    terms = own
    with pytest.raises(Conflict, match="terminology-code-twice"):
        add_edition(terms.path, ICD, [{"code": "A00"}, {"code": "A00"}])
    assert terms.validate("urn:icd", "A00") is None


def test_the_same_edition_again_changes_nothing_and_another_content_is_refused(own):
    terms = own
    assert add_edition(terms.path, ICD, [{"code": "A00", "zh": "霍亂"}]) == 1
    state = terms.readers.state
    assert add_edition(terms.path, ICD, [{"code": "A00", "zh": "霍亂"}]) == 1
    assert terms.readers.state == state
    with pytest.raises(Conflict, match="terminology-edition-exists"):
        add_edition(terms.path, ICD, [{"code": "A00", "zh": "傷寒"}])
    assert terms.lookup("urn:icd", "A00").zh == "霍亂"


def test_many_threads_read_at_once(terms):
    found = []
    look = lambda: found.append(terms.lookup(URL + "postal-code3-tw", "100").zh)  # noqa: E731
    threads = [threading.Thread(target=look) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert found == ["臺北市中正區"] * 8


def test_the_reader_cannot_write(terms):
    with pytest.raises(apsw.ReadOnlyError):
        terms.readers.rows("DELETE FROM concept")


def test_a_file_built_from_other_tables_is_built_again(own):
    terms = own
    terms.close()
    with apsw.Connection(str(terms.path)) as connection:
        connection.execute("UPDATE built SET digest = 'other'; DELETE FROM concept")
    connection.close()
    again = Terminology.ready(terms.path)
    assert again.validate(URL + "postal-code3-tw", "100")
    again.close()


def test_progress_tells_how_far_and_a_missing_file_is_named(tmp_path):
    steps = []
    Terminology.build(tmp_path / "t.sqlite", lambda *step: steps.append(step)).close()
    assert steps[-1][1] == steps[-1][2] == sum(edition.count for edition in bundled_editions())
    with pytest.raises(NotFound, match="terminology-file"):
        Terminology.open(tmp_path / "none.sqlite")
