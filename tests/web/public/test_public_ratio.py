import pytest

MARCH = "/systems/nurse_ratio?month=2024-03"


def test_march_2024_shows_the_counts_of_the_source(browser):
    said = browser().said(MARCH)
    assert all(text in said for text in ("10 / 30", "21 / 82", "224 / 275"))
    assert "27 無此班別或無病人，不計入" in said


def test_march_2024_in_english(browser):
    said = browser("en").said(MARCH)
    assert all(text in said for text in ("10 / 30", "21 / 82", "224 / 275", "27"))


def test_the_month_is_chosen_in_a_form_that_the_address_fills(browser):
    answer = browser().get(MARCH).text
    assert '<option value="2024-03" selected>113 年 3 月</option>' in answer
    assert 'action="/systems/nurse_ratio"' in answer


def test_hospitals_are_narrowed_by_level_county_and_state(browser):
    path = "/systems/nurse_ratio/hospitals?month=2024-03&level=醫學中心"
    reader = browser()
    met = reader.get(f"{path}.json".replace("?", ".json?").removesuffix(".json") + "&state=met").json()[
        "rows"
    ]
    every = reader.get(path.replace("?", ".json?")).json()["rows"]
    assert len(met) == 10
    assert len(every) >= 30
    assert {row["level"] for row in every} == {"醫學中心"}


def test_a_hospital_that_there_is_not_gives_404(browser):
    assert browser().get("/systems/nurse_ratio/hospitals/0000000000").status_code == 404


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_a_view_is_built_once_until_its_data_change(browser, installation, monkeypatch, lang):
    path, reader = "/systems/nurse_ratio/hospitals/0401180014", browser(lang)
    first = reader.get(path).text
    monkeypatch.setattr(installation.lake, "rows", None)
    assert reader.get(path).text == first
