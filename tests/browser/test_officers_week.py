"""The officer's week as its people live it: a county, one of its townships, a colleague, and anybody who reads."""

import re

import pytest
from playwright.sync_api import expect

from browser.conftest import COLLEAGUE, TOWNSHIP, open_made, spoken
from browser.routes import WATCHED

SIGNAL = "dengue_weekly-2015-27-67000-all"
WEEK = f"{WATCHED}?watch=dengue_weekly&week=2015-27"
ROOM = f"{WATCHED}/room?week=2017-25"
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture
def county(opened):
    return opened("officer")


@pytest.fixture
def township(opened, officers):
    return opened(TOWNSHIP, "en")


@pytest.fixture
def colleague(opened, officers):
    return opened(COLLEAGUE)


def do(page, act, **fields):
    """One act of a piece of work, its form unfolded where it is folded."""
    form = page.locator(f"form[action='/tasks/{act}']")
    folded = page.locator("details", has=form)
    if folded.count() and folded.get_attribute("open") is None:
        folded.locator("summary").click()
    for name, value in fields.items():
        field = form.locator(f"[name={name}]")
        if name == "judgement":
            form.locator(f"[name=judgement][value={value}]").check()
        elif name == "file":
            field.set_input_files(value)
        elif field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("button").click()


def take(page, key):
    """Take a signal from the head of its page; the address of the work."""
    open_made(page, f"{WATCHED}/signal/{key}")
    page.locator(".title-row form[action='/tasks/take'] button").click()
    page.wait_for_url("**/tasks/*")
    return page.url.partition("?")[0]


def chip(page):
    """The state of the signal in the list of its week."""
    open_made(page, WEEK)
    return page.locator(f"[id='{SIGNAL}'] .chip").last


def test_a_signal_is_taken_asked_answered_judged_and_closed(county, township):
    expect(chip(county)).to_have_text("未受理")
    work = take(county, SIGNAL)
    expect(county.get_by_role("status")).to_have_text("已受理，由您承辦。")
    do(county, "ask", place="67000710", text="請查明鄰里是否有群聚")
    expect(county.get_by_role("status")).to_have_text("已交辦。")

    township.goto("/tasks")
    asked = township.get_by_role("link", name="請查明鄰里是否有群聚")
    asked.click()
    assert "Due" in spoken(township)
    do(township, "take")
    expect(township.get_by_role("status")).to_have_text("You have taken this request.")
    do(township, "answer", text="三戶、同一市場")
    expect(township.get_by_role("status")).to_have_text("Answered.")

    county.goto(work)
    expect(county.locator("#table-requests-rows")).to_contain_text("三戶、同一市場")
    expect(county.locator("#table-ledger-rows")).to_contain_text("臺南市永康區：回覆")
    do(county, "comment", text="與市場管理處聯絡")
    note = {"name": "market.txt", "mimeType": "text/plain", "buffer": "市場平面圖".encode()}
    do(county, "attach", file=note, text="平面圖")
    do(county, "judge", judgement="real", text="市場群聚")
    do(county, "close", text="已噴藥")
    expect(county.get_by_role("status")).to_have_text("已結案。")
    ledger = county.locator("#table-ledger-rows")
    said = re.sub(r"\s+", " ", ledger.inner_text())
    for each in ("受理", "交辦", "補充說明", "附檔", "確有異常", "已結案"):
        assert each in said
    with county.expect_download() as brought:
        county.get_by_role("link", name="market.txt").click()
    assert brought.value.path().read_text("utf-8") == "市場平面圖"
    expect(chip(county)).to_have_text("已結案")


def test_of_two_at_once_the_second_is_told_and_loses_nothing_that_was_written(county, colleague):
    key = "ili-2017-24-67000-all"
    open_made(colleague, f"{WATCHED}/signal/{key}")
    work = take(county, key)
    colleague.locator(".title-row form[action='/tasks/take'] button").click()
    expect(colleague.get_by_role("alert").first).to_contain_text("示範公共衛生人員")
    expect(colleague.locator(f"a[href$='/signal/{key}']")).to_have_count(1)
    colleague.goto(work)
    do(county, "judge", judgement="watch", text="")
    do(colleague, "hand-over", to=COLLEAGUE, text="夜班接手")
    expect(colleague.get_by_role("alert").first).to_contain_text("示範公共衛生人員")
    form = colleague.locator("form[action='/tasks/hand-over']")
    expect(form.locator("[name=text]")).to_have_value("夜班接手")
    do(colleague, "hand-over", to=COLLEAGUE)
    expect(colleague.get_by_role("status")).to_have_text("已移交。")


def test_work_that_is_done_elsewhere_comes_into_the_room_and_the_reader_stays(county, opened):
    room = opened("officer", viewport={"width": 1440, "height": 700})
    open_made(room, ROOM)
    taken = room.locator(".figure", has_text="受理中").locator(".value")
    before = int(taken.inner_text())
    room.locator("details.folded summary").first.click()
    room.evaluate("scrollTo(0, 300)")
    take(county, "ili-2017-23-67000-all")
    room.evaluate(LOOK)
    expect(taken).to_have_text(str(before + 1))
    assert room.evaluate("scrollY") == 300
    assert room.locator("details.folded[open]").count() == 1


def test_the_empty_list_of_work_leads_to_the_signals(township):
    township.goto("/tasks")
    township.get_by_role("link", name=re.compile("^See the signals")).first.click()
    expect(township).to_have_url(re.compile(rf"{WATCHED}\?week=\d{{4}}-\d\d$"))


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh-TW", ("程度", "趨勢", "預期範圍", "定義：", "對象：", "資料截至", "沒有下次更新")),
        (
            "en",
            ("Level", "Trend", "Expected range", "Definition", "counted", "Data as of", "no next update"),
        ),
    ],
)
def test_anybody_reads_level_trend_interval_and_method_and_goes_on_to_a_county(opened, lang, said):
    page = opened("", lang)
    open_made(page, f"{WATCHED}/public?week=2017-25")
    words = spoken(page)
    assert [each for each in said if each not in words] == []
    assert page.locator("form[action^='/tasks']").count() == 0
    page.locator(".map a[href*='area=09020']").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/series?*area=09020*")
    expect(page.locator("h1")).to_contain_text("金門縣" if lang == "zh-TW" else "Kinmen County")


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_on_paper_the_bulletin_bears_its_digest_and_nothing_is_cut(opened, lang):
    page = opened("", lang, viewport={"width": 688, "height": 1000})
    open_made(page, f"{WATCHED}/bulletin?week=2019-06")
    page.emulate_media(media="print")
    foot = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--foot')")
    digests = re.findall(r"[0-9a-f]{24}", spoken(page))
    assert len(digests) == 2
    assert all(each in foot for each in digests)
    assert page.locator("header.head, form, .crumbs, .menu").locator("visible=true").count() == 0
    cut = page.evaluate(
        "() => [...document.querySelectorAll('.scroll, svg.map, .line-chart')].filter(one => one.checkVisibility())"
        ".filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.className)"
    )
    assert cut == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 688
