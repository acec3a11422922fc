import pytest

from camphora.catalogue import Catalogue, new_system
from camphora.catalogue.cases import run, said, typed


@pytest.fixture
def folder(tmp_path):
    return new_system("beds", tmp_path / "systems")


def results(folder):
    system = Catalogue.scan(folder.parents[1]).systems["beds"]
    return run(system)


def test_the_cases_of_a_new_system_hold_and_its_page_is_drawn(folder):
    found = results(folder)
    assert all(result.holds for result in found)
    assert [result.file for result in found].count("state.csv") == 4
    assert [result.file for result in found].count("pages/overview.toml") == 2


def test_a_case_that_fails_says_where_what_came_and_what_should(folder):
    path = folder / "tests/state.csv"
    path.write_text(path.read_text("utf-8").replace("99,not_met", "99,met"), "utf-8")
    (bad,) = [result for result in results(folder) if not result.holds]
    assert (bad.file, bad.line, bad.found, bad.expected) == ("state.csv", 3, "not_met", "met")


def test_a_wrong_rule_makes_cases_fail(folder):
    path = folder / "rules/beds.csv"
    path.write_text(path.read_text("utf-8").replace("target,100", "target,101"), "utf-8")
    assert [result.case for result in results(folder) if not result.holds] == ["at the target is reached"]


@pytest.mark.parametrize(
    ("cell", "annotation", "value"),
    [
        ("6", "float | None", 6.0),
        ("", "float | None", None),
        ("06", "str", "06"),
        ("3", "int", 3),
        ("no", "bool", False),
    ],
)
def test_cells_are_read_as_the_parameter_says(cell, annotation, value):
    assert typed(cell, annotation) == value


@pytest.mark.parametrize(
    ("value", "text"), [(True, "yes"), (None, ""), (0.5, "0.5"), (3.0, "3"), ("met", "met")]
)
def test_values_are_written_as_a_case_table_does(value, text):
    assert said(value) == text
