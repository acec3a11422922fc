"""The house rules that `make check` holds, as tests: so that nobody lands what it would refuse."""

import importlib.util
from pathlib import Path

import pytest

from camphora.errors import CamphoraError, Invalid, Place, catalogue

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def check():
    spec = importlib.util.spec_from_file_location("check", ROOT / "tools/check.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_data_file_is_in_the_notice(check):
    assert check.notice_faults() == []


def test_data_without_a_notice_would_be_refused(check, monkeypatch):
    monkeypatch.setattr(check, "tracked", lambda: ["src/camphora/tables/data/unlisted.csv.gz"])
    assert (
        "src/camphora/tables/data/unlisted.csv.gz: data without a line in NOTICE.d" in check.notice_faults()
    )


def test_errors_words_and_names_are_in_order(check):
    assert check.error_faults() == []
    assert check.words_faults() == []
    assert check.naming_faults() == []


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_every_error_has_a_sentence_and_a_remedy_in_both_languages(code):
    entry = catalogue()[code]
    assert set(entry.text) >= {"zh-TW", "en"}
    assert all(entry.text.values())
    assert all(entry.remedy[lang] for lang in ("zh-TW", "en"))


def test_an_error_says_where_it_lies():
    error = Invalid("fhir-empty", place=Place("a.ndjson", 3, path="Patient.name"), kind="string")
    assert str(error.place) == "a.ndjson:3 Patient.name"
    assert isinstance(error, CamphoraError)


def test_no_share_alike_series_and_nothing_undeclared_is_carried(check):
    """But for the share-alike answers of the tests, which lie apart under that name and in no wheel."""
    rows = check.notice_rows()
    assert not [row for row in rows if "GPL" in row[1]]
    shared = [row[0] for row in rows if "SA" in row[1].split("-")]
    assert all(path.startswith("tests/") and "/cc-by-sa/" in path for path in shared)
