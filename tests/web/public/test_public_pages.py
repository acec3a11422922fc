import pytest

from camphora import __version__
from camphora.pages.words import missing
from camphora.web.site import handlers_words

PAGES = (
    "/", "/search", "/systems", "/systems/1", "/systems/183", "/systems/nurse_ratio", "/systems/nurse_ratio/hospitals",
    "/systems/nurse_ratio/counties", "/systems/nurse_ratio/method", "/open", "/open/population", "/codes",
    "/open/population?county=63000", "/about/sources", "/about/accessibility", "/about/privacy", "/uses", "/patterns",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_every_public_page_opens_in_both_languages(reader, path):
    answer = reader.get(path)
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1


def test_words_of_handlers_are_complete_in_both_languages():
    first, second = (handlers_words(lang).texts for lang in ("zh-TW", "en"))
    assert missing(first, second) == []


def test_the_first_page_says_in_two_lines_what_it_is_and_what_works(browser):
    said = browser().said("/")
    assert "紀錄依標準互通， 由法律與每個人的選擇決定誰能看。" in said
    assert (
        said.index("三班護病比")
        < said.index("我的就醫與健康紀錄")
        < said.index("統計查詢")
        < said.index("全部計畫")
    )
    assert "共 276 項" in said


def test_a_card_shows_the_chart_of_its_own_first_page(browser):
    """Of what is watched once somebody has opened that page."""
    assert browser().get("/systems/smart_epidemic_prevention?week=2017-25").status_code == 200
    answer = browser().get("/").text
    assert answer.count('class="thumbnail"') == 4
    assert answer.count("<polyline") == 4


def test_what_a_reader_types_is_shown_as_text_only(reader):
    hostile = "<script>alert(1)</script>"
    for path in ("/search", "/systems", "/codes"):
        answer = reader.get(path, params={"q": hostile})
        assert answer.status_code == 200
        assert hostile not in answer.text
        assert "&lt;script&gt;" in answer.text


def test_health_says_that_the_store_answers_and_nothing_of_what_it_holds(browser, installation, monkeypatch):
    assert browser().get("/health").json() == {"status": "ok", "version": __version__}
    monkeypatch.setattr(installation.store, "last_change", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        browser().get("/health")


def test_sources_name_every_public_table_and_code_system(reader, installation):
    said = reader.said("/about/sources")
    assert all(table.licence in said for table in installation.tables() if table.public)
    assert all(edition.source in said for edition in installation.terminology.systems())


def test_privacy_names_every_cookie_that_the_site_sets(reader):
    said = reader.said("/about/privacy")
    assert all(name in said for name in ("camphora_session", "lang", "theme", "size"))


def test_the_open_index_names_source_date_and_licence_of_every_view(reader, installation):
    said = reader.said("/open")
    system = installation.catalogue.system("nurse_ratio")
    assert system.title[reader.cookies["lang"]] in said
    assert said.count("Open Government Data License Taiwan 1.0") >= 5
    assert 'href="/systems/nurse_ratio/counties"' in reader.get("/open").text
