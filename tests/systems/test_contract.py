"""What every system folder of the package keeps."""

from functools import cache

import pytest

from camphora.catalogue import Catalogue, check, new_system
from camphora.errors import NotFound
from camphora.pages import View

CATALOGUE = Catalogue.scan()
SYSTEMS = [pytest.param(system, id=name) for name, system in CATALOGUE.systems.items()]
PAGES = [
    pytest.param(system, page, lang, id=f"{name}/{page.name}/{lang}")
    for name, system in CATALOGUE.systems.items()
    for page in system.pages
    for lang in ("zh-TW", "en")
]


@cache
def rows(name):
    """The bundled rows of a system's tables."""
    return {each: table.bundled() for each, table in CATALOGUE.systems[name].tables.items()}


@cache
def watched(name):
    """What a system watches, made once for all its pages."""
    system = CATALOGUE.systems[name]
    return system.watched(tuple(system.watches), rows(name))


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_has_no_fault(system):
    assert [str(fault) for fault in check(system.folder)] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_its_cases_hold(system):
    assert [result for result in CATALOGUE.test(system.name) if not result.holds] == []


@pytest.mark.parametrize(("system", "page", "lang"), PAGES)
def test_a_page_bears_title_badge_date_source_and_a_download_that_it_shows(system, page, lang):
    given = {one.name: one.example for one in page.parameters if one.example}
    view = system.view(page, rows(system.name), lang, given, watched(system.name) if page.watch else None)
    assert isinstance(view, View)
    assert view.title
    assert view.badge == system.badge
    assert view.as_of
    assert view.source
    names = {each.name for each in view.blocks if hasattr(each, "rows")}
    names |= {each.table.name for each in view.blocks if hasattr(each, "table")}
    assert view.blocks
    assert view.downloads in names or (view.making and not view.downloads)


@pytest.mark.parametrize("system", SYSTEMS)
def test_its_demo_opens_pages_and_declared_tables(system):
    assert system.demo.links
    assert set(system.demo.tables) <= CATALOGUE.tables().keys()


def test_table_names_are_used_once():
    names = [name for system in CATALOGUE.systems.values() for name in system.own_tables]
    assert len(names) == len(set(names))


def test_the_example_system_is_itself_without_fault(tmp_path):
    assert [str(fault) for fault in check(new_system("example_one", tmp_path))] == []


@pytest.mark.parametrize(("system", "page", "lang"), PAGES)
def test_a_page_without_rows_says_so(system, page, lang):
    with pytest.raises(NotFound) as error:
        system.view(page, {}, lang)
    assert error.value.code == "catalogue-no-rows"
    assert error.value.text(lang)
