"""Sample contexts of every page in both languages; the persons are invented."""

from __future__ import annotations

from dataclasses import replace

import pytest

from camphora.pages import Action, Column, Link, Prose, Table
from camphora.web import contexts as c
from camphora.web.patterns import Speaker, county_map, line_chart, patterns, timeline
from camphora.web.render import Chrome, Renderer

LANGS = ("zh-TW", "en")


def samples(lang: str) -> dict[str, c.Context]:
    say = Speaker(lang)
    shown = patterns(lang)
    return {**_public(say, shown), **_citizen(say, shown), **_clinic(say, shown), **_desk(say, shown)}


def _public(say, shown):
    person = say("我的就醫與健康紀錄", "My health record")
    cards = [
        replace(shown.card, href="/nurse-ratio"),
        c.Card(
            say("各縣市達成率", "Compliance by county"),
            say("22 縣市。", "22 counties."),
            "/map",
            "works",
            "open",
            county_map(say),
        ),
        c.Card(
            person,
            say("自己的紀錄、誰看過、停止特定目的外利用。", "Your record and who looked."),
            "/me",
            "partly",
            "synthetic",
            timeline(say),
        ),
    ]
    chapters = [replace(shown.chapter, name="疾病管制業務", open=False), shown.chapter]
    counts = c.Counts(276, 1, 3, 272)
    states = [c.Facet(say("可使用", "Works"), "/systems?state=works", 1)]
    home = c.Home(cards=cards, counts=counts, chapters=chapters, engines=shown.facets, states=states)
    catalogue = c.Catalogue(
        chapters=chapters,
        counts=counts,
        found=2,
        engines=shown.facets,
        states=states,
        query="護病",
        more="/systems?page=2",
    )
    system = c.SystemPage(
        name=shown.card.title,
        state="works",
        chapter="護理及健康照護業務",
        quotes=["推動三班護病比入法作業等相關政策推動計畫"],
        does=say("每月三班護病比之達成情形。", "Monthly nurse ratios by shift."),
        engine=say("醫事人力", "Workforce"),
        users=say("醫院、衛生局", "hospitals, health bureaus"),
        source="white paper: 二(一)4",
        badge="open",
        inferred=True,
        pages=[Link(say("開啟", "Open"), "/nurse-ratio"), Link(say("方法", "Method"), "/method")],
        related=[Link(say("護理人力資料庫", "Nursing workforce database"), "/systems/2")],
    )
    error = c.ErrorPage(
        status=404,
        code="web-not-found",
        text=say("找不到這一頁", "There is no such page"),
        remedy=say("請由系統目錄重新尋找。", "Look for it in the list of systems."),
        place="/x",
    )
    return {"home": home, "catalogue": catalogue, "system": system, "error": error, "patterns": shown}


def _citizen(say, shown):
    change = Action(say("變更", "Change"), "/me/choices/secondary")
    choices = [
        shown.choice,
        c.Choice(
            say("家人代看", "Family access"),
            "",
            say("女兒", "daughter"),
            say("，至 115 年 12 月 31 日。", " until 31 Dec 2026."),
            change,
        ),
    ]
    looks = [
        shown.look,
        replace(
            shown.look,
            who=say("健康藥局 藥師", "Pharmacist, Jiankang Pharmacy"),
            urgent=False,
            proof="",
            basis="",
        ),
    ]
    yes = c.Form("/me/choices/secondary", [c.Field("all", "", "hidden", "1")], say("停止利用", "Stop"))
    table = Table(
        "counts",
        say("內容", "Contents"),
        [Column("kind", say("種類", "Kind")), Column("n", say("筆數", "Items"), "integer")],
        [{"kind": say("就醫", "Visits"), "n": 1234}],
    )
    form = c.Form(
        "/me/choices/restrict",
        [c.Field("institution", say("院所名稱或代碼", "Name or code"), "search")],
        say("限制", "Restrict"),
    )
    relative = c.Relative(
        say("陳小美", "Chen Hsiao-mei"),
        say("女兒", "daughter"),
        say("至 115 年 12 月 31 日", "until 31 Dec 2026"),
        "/p/2",
        replace(change, post=True),
    )
    return {
        "record": c.MyRecord(
            now=shown.now, recent=timeline(say), looks=looks, choices=choices, more="/me?page=2"
        ),
        "relative": c.MyRecord(
            now=(), recent=timeline(say), looks=(), choices=(), subject=relative.name, family=""
        ),
        "looked": c.Looked(
            looks=looks, total=1234, more="/me/looked?page=2", checked=say("紀錄完整。", "The log is whole.")
        ),
        "choices": c.Choices(choices=choices, restrict=form, done=say("已變更。", "Changed.")),
        "confirm": c.Confirm(
            title=say("停止特定目的外利用？", "Stop secondary use?"),
            text=say("全部紀錄不再供研究與統計利用。", "None of your records will serve research."),
            effects=[say("現有 0 筆可供利用。", "0 items stay open.")],
            form=yes,
            back=Link(say("不變更，回我的選擇", "Back to my choices"), "/me/choices"),
        ),
        "download": c.Download(
            formats=[c.Format("FHIR Bundle", "JSON, 1.2 MB", "/me/download.json")],
            counts=table,
            synthetic=True,
        ),
        "family": c.Family(trusted=[relative], trusting=[], invite=form),
    }


def _clinic(say, shown):
    row = c.PatientRow(
        say("王大明", "Wang Ta-ming"),
        "/patients/1",
        say("男", "male"),
        say("67 歲", "67 years"),
        say("48 年 5 月 2 日", "2 May 1959"),
        "A1******89",
        say("最近就醫 11 月 3 日", "last seen 3 Nov"),
    )
    closed = say(
        "部分資料依法或依當事人意願未顯示。", "Some data are not shown, by law or by the person’s wish."
    )
    why = say("您正為此人提供醫療照護。", "You are caring for this person.")
    item = c.RecordItem(
        title=shown.result.name,
        kind="Observation",
        tabs=[
            Link(label, f"/records/Observation/1?as={k}")
            for k, label in enumerate(
                (say("閱讀", "Readable"), say("時間軸", "Timeline"), say("表格", "Table"), "JSON")
            )
        ],
        current=0,
        blocks=[Prose("", [say("糖化血色素 6.4%。", "HbA1c 6.4%.")]), line_chart(say)],
        crumbs=[Link(row.name, row.href)],
        as_of=say("115 年 10 月 12 日", "12 Oct 2026"),
        source=say("仁愛聯合診所", "Renai Clinic"),
        why=why,
        closed=closed,
    )
    code = '{\n  "resourceType": "Observation",\n  "note": "<script>"\n}'
    return {
        "patients": c.Patients(query="王", results=[row, row], more="/patients?page=2"),
        "patients-none": c.Patients(query="王", results=[]),
        "patients-ask": c.Patients(),
        "patient": c.Patient(
            person=row, problems=[shown.item] * 3, medicines=[shown.item], allergies=[], results=[shown.result] * 3,
            recent=timeline(say), closed=closed, actions=[Action(say("檢驗趨勢", "Trends"), "/trends")], why=why,
        ),
        "item": item,
        "item-json": replace(item, current=3, blocks=(), json=code, closed=""),
    }  # fmt: skip


def _desk(say, shown):
    table = replace(line_chart(say).table, name="uses", title=say("近期利用", "Recent uses"))
    root = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    proof = c.Proof(
        12345,
        root,
        say("115 年 11 月 21 日 18:00", "21 Nov 2026, 18:00"),
        root[::-1],
        True,
        say("完整無缺。", "It is whole."),
    )
    check = c.Form(
        "/uses",
        [
            c.Field(
                "receipt",
                say("存證編號", "Receipt number"),
                hint=say("列於查閱存證。", "It stands on the receipt."),
            )
        ],
        say("查證", "Check"),
        post=False,
    )
    sign = [
        c.Field("name", say("帳號", "User name"), autocomplete="username", required=True),
        c.Field(
            "password", say("密碼", "Password"), "password", autocomplete="current-password", required=True
        ),
    ]
    people = [
        c.Persona(
            "1",
            say("陳淑芬", "Chen Shu-fen"),
            say("民眾", "Citizen"),
            say("72 歲，有慢性病。", "72, chronic illness."),
        )
    ] * 2
    return {
        "ask": c.Ask(
            form=shown.form,
            answer=shown.view,
            notes=[say("小於 5 之數字不提供。", "Counts below 5 are not given.")],
            certificate={say("資料版本", "Data version"): "42"},
        ),
        "ask-form": c.Ask(form=shown.form),
        "uses": c.Uses(table=table, proof=proof, check=check, purposes=shown.facets, more="/uses?page=2"),
        "sign-in": c.SignIn(
            ended=[say("系統已自動登出。", "You were signed out.")],
            form=c.Form("/sign-in", sign, say("登入", "Sign in")),
            error=say("帳號或密碼不符。", "Name or password is wrong."),
            as_href="/sign-in/as",
        ),
        "draft": c.DraftKept(
            [say("昏迷送醫，無法表達意願，急需用藥史", "Unconscious; medicines must be known at once.")],
            c.Form("/emergency", [c.Field("reason", "", "hidden", value="x")], say("確認送出", "Send it")),
            c.Form("/sign-in/drop", (), say("不送出", "Do not send it")),
        ),
        "work": c.WorkPage(
            title=say("新北市・類流感急診・108 年第 5 週", "New Taipei City · influenza-like illness · 2019 week 5"),
            chip=say("已交辦", "Asked"),
            lines=[say("承辦人：王小姐", "Owner: Ms Wang")],
            before=[table],
            next=[
                c.Next(say("研判", "Judge"), say("可再次研判。", "You may judge again."), shown.form),
                c.Next(say("結案", "Close"), say("一併撤回。", "All is withdrawn."), shown.form),
            ],
            next_title=say("可以做的下一步", "What can be done next"),
        ),
        "sign-in-as": c.SignInAs(action="/sign-in/as", personas=people),
    }  # fmt: skip


def drawn(lang: str, **chrome: str) -> dict[str, str]:
    """HTML of every sample page by name."""
    renderer = Renderer()
    frame = Chrome(lang=lang, path="/sample?x=1", csrf="token", synthetic=True, demo=True, **chrome)
    frame = replace(frame, reader="王小姐", role="衛生局", links=[Link("我的紀錄", "/me")])
    pages = {name: renderer.show(context, frame) for name, context in samples(lang).items()}
    return pages | {"view": renderer.view(patterns(lang).view, replace(frame, reader="", synthetic=False))}


@pytest.fixture(scope="session")
def every_page() -> dict[tuple[str, str], str]:
    """HTML of every sample page by (language, name)."""
    return {(lang, name): html for lang in LANGS for name, html in drawn(lang).items()}
