import csv
from importlib.resources import files

import pytest

from camphora.catalogue import Catalogue, chapters, check_system, clauses, list_systems, new_system
from camphora.errors import NotFound

CATALOGUE = Catalogue.scan()


def test_all_276_systems_are_carried_with_the_plans_words():
    lines = (files("camphora") / "catalogue/systems.tsv").read_text("utf-8").splitlines()
    rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    assert {(str(c.id), c.zh, c.en, c.quote) for c in clauses().values()} == {
        (row[0], row[1], row[2], row[8][2:]) for row in rows
    }
    assert len(clauses()) == 276


def test_every_chapter_of_the_list_has_its_place_and_no_other():
    assert {clause.chapter for clause in clauses().values()} == {chapter.name for chapter in chapters()}
    assert {(clause.chapter, clause.plan) for clause in clauses().values()} == {
        (chapter.name, chapter.plan) for chapter in chapters()
    }


def test_chapters_come_in_the_order_of_the_plans():
    shown = [chapter.name for chapter, _ in CATALOGUE.by_chapter()]
    assert shown == [chapter.name for chapter in chapters()]
    assert sum(len(entries) for _, entries in CATALOGUE.by_chapter()) == 276


def test_the_state_of_a_clause_is_the_best_of_the_folders_that_serve_it():
    for entry in CATALOGUE.entries():
        states = [
            one.state
            for system in CATALOGUE.systems.values()
            for one in system.serves
            if one.id == entry.clause.id
        ]
        expected = "works" if "works" in states else "partly" if states else "planned"
        assert entry.state == expected


def test_counts_add_up_and_nurse_ratio_serves_its_clause():
    assert sum(CATALOGUE.counts().values()) == 276
    assert [system.name for system, _ in CATALOGUE.entry(183).served_by] == ["nurse_ratio"]
    assert CATALOGUE.entry(183).state == "partly"


def test_a_folder_added_changes_the_state(tmp_path):
    folder = new_system("more", tmp_path / "systems")
    serves = '\n[[serves]]\nid = 4\nstate = "works"\nworks.zh-TW = "全部"\nworks.en = "all"\n'
    with (folder / "system.toml").open("a", encoding="utf-8") as file:
        file.write(serves)
    catalogue = Catalogue.scan(tmp_path)
    assert (catalogue.entry(4).state, CATALOGUE.entry(4).state) == ("works", "planned")
    assert catalogue.available()[0].name == "more"


def test_a_broken_folder_is_left_out_and_named(tmp_path):
    folder = new_system("more", tmp_path / "systems")
    (folder / "system.toml").write_text("name = 1\n", "utf-8")
    catalogue = Catalogue.scan(tmp_path)
    assert "more" not in catalogue.systems
    assert catalogue.faults["more"]
    assert [str(fault) for fault in check_system("more", tmp_path)] == [
        str(one) for one in catalogue.faults["more"]
    ]


def test_a_folder_cannot_take_the_name_of_another(tmp_path):
    new_system("more", tmp_path / "systems").rename(tmp_path / "systems/records")
    faults = Catalogue.scan(tmp_path).faults["records"]
    assert [fault.code for fault in faults] == ["catalogue-name-taken"]


@pytest.mark.parametrize("query", ["護病比", "台灣", "nurse ratio", "互通 平台"])
def test_search_finds_what_holds_every_word(query):
    found = CATALOGUE.entries(query=query)
    assert query != "護病比" or 183 in {entry.clause.id for entry in found}
    assert len(found) < 276


def test_engine_and_state_are_facets():
    by_engine = {name: len(CATALOGUE.entries(engine=name)) for name in CATALOGUE.engines()}
    assert by_engine == CATALOGUE.engines()
    assert {entry.state for entry in CATALOGUE.entries(state="partly")} == {"partly"}


def test_unknown_names_and_numbers_are_not_found():
    with pytest.raises(NotFound, match="catalogue-unknown-clause"):
        CATALOGUE.entry(277)
    with pytest.raises(NotFound, match="catalogue-unknown-system"):
        CATALOGUE.system("nothing")
    with pytest.raises(NotFound, match="catalogue-no-page"):
        CATALOGUE.system("nurse_ratio").page("nothing")


def test_what_can_be_tried_has_something_to_open():
    assert {system.name for system in list_systems()} >= {"nurse_ratio", "records", "choices"}
    assert all(system.pages or system.links for system in CATALOGUE.available())
