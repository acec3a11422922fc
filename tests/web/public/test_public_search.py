import pytest

from camphora.errors import catalogue as errors


def test_search_finds_a_hospital_and_leads_to_its_page(browser):
    reader = browser()
    assert "台大醫院 0401180014" in reader.said("/search?q=臺大醫院")
    assert 'href="/systems/nurse_ratio/hospitals/0401180014"' in reader.get("/search?q=臺大醫院").text


@pytest.mark.parametrize("typed", ["台北市", "臺北市", "taipei city"])
def test_search_folds_variants_and_finds_the_county(browser, typed):
    assert 'href="/open/population?county=63000"' in browser().get("/search", params={"q": typed}).text


def test_search_finds_systems_and_drugs(browser):
    said = browser().said("/search?q=護病比")
    assert "計畫所列系統" in said
    assert "三班護病比" in said
    assert "健保用藥品項" in browser().said("/search?q=metformin")


def test_search_without_a_finding_says_so(reader):
    assert "0" not in reader.said("/search?q=zzzzqqqq")


def test_the_catalogue_holds_all_rows_with_their_quoted_words(browser):
    answer = browser().get("/systems").text
    assert answer.count('<q lang="zh-Hant-TW">') == 276
    assert "持續建立接軌國際標準之次世代醫療資訊系統" in answer


def test_a_facet_narrows_the_catalogue_and_may_be_taken_away(browser):
    answer = browser().get("/systems?engine=watch").text
    assert answer.count('<q lang="zh-Hant-TW">') == 26
    assert 'href="/systems" aria-current="true"' in answer
    assert 'href="/systems?state=planned&amp;engine=watch"' in answer


def test_state_and_search_work_together(browser, installation):
    partly = list(installation.catalogue.entries(state="partly"))
    answer = browser().get("/systems?state=partly").text
    assert answer.count('<q lang="zh-Hant-TW">') == len(partly) > 0
    assert "護病比監測" in browser().said("/systems?state=partly&q=護病比")


def test_a_row_of_the_plan_says_what_works_and_what_does_not(reader, installation):
    (served,) = [one for _, one in installation.catalogue.entry(183).served_by]
    said, lang = reader.said("/systems/183"), reader.cookies["lang"]
    assert served.works[lang] in said
    assert served.missing[lang] in said
    assert "持續辦理護病比入法後人力監測" in said
    assert 'href="/systems/nurse_ratio"' in reader.get("/systems/183").text


def test_the_list_alone_answers_htmx(browser):
    answer = browser().get("/systems?q=護病", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/systems?state=done", "web-no-such-state"),
        ("/systems?engine=magic", "web-no-such-engine"),
        ("/systems/999", "catalogue-unknown-clause"),
        ("/systems/nothing", "catalogue-unknown-system"),
        ("/systems/nurse_ratio/nothing", "web-no-page"),
        ("/systems/nurse_ratio?month=2020-01", "catalogue-no-such-choice"),
        ("/systems/nurse_ratio/hospitals?level=大", "catalogue-no-such-choice"),
        ("/open/population?county=1", "web-no-such-county"),
        ("/open/population?measure=x", "web-no-such-measure"),
        ("/open/population.pdf", "pages-no-such-form"),
        ("/systems/nurse_ratio.doc", "pages-no-such-form"),
        ("/uses?purpose=x", "web-no-such-purpose"),
    ],
)
def test_a_wrong_address_gives_a_page_with_code_and_remedy(reader, path, code):
    said, entry = reader.said(path, 404), errors()[code]
    assert code in said
    assert entry.remedy[reader.cookies["lang"]].split("{")[0] in said


def test_a_plain_name_of_ours_is_marked_as_ours(browser):
    rows = {row["code"]: row for row in browser().get("/codes.json?q=metformin").json()["rows"]}
    assert rows["A10BA02"]["version"] == "本專案所取的白話名稱"
    assert all(row["version"] == "1.2.3" for code, row in rows.items() if code.startswith("AC"))


def test_a_search_may_be_kept_to_one_code_system(browser):
    system = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/organization-identifier-tw"
    rows = browser().get("/codes.json", params={"q": "榮民總醫院", "system": system}).json()["rows"]
    assert {row["system"] for row in rows} == {"健保特約醫事機構"}
