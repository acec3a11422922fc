"""Rows about legal bases, claims and operation, and the Consents of IHE PCF."""

# A row is one line, however long: it is read as a table.
# ruff: noqa: E501, PLR0915, PLR0917
# fmt: off

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vector_rows.writing import NOW, Dimension, Json, asked, consent, deny, permit, record, whom

PAGE = "decision.md"
STOPPED = "deny stopped @c1:provision"


def bases() -> Dimension:
    d = Dimension("bases", "法律依據", "Legal bases", f"{PAGE} 3, step 4")
    stop = whom(consent(deny(purpose="GOV HRESCH")))
    opened = "permit legal-basis +log-override +notify"

    def ask(code: str = "GOV", role: str = "officer", name: str = "legal-duty-to-provide", **more: Any) -> Json:
        kind = {"organisation_kind": more.pop("organisation_kind", "government")}
        said = {
            "id": name,
            "reason": "依法提供統計所需資料",
            "since": "2026-03-01T00:00:00+08:00",
            "until": "2026-04-01T00:00:00+08:00",
            "approver": "Practitioner/director",
            **more,
        }
        return asked(role, code, basis={key: value for key, value in said.items() if value is not None}, **kind)

    d.row("依法有提供義務，勝於停止", "A duty to provide stands before a stop", opened, ask(), stop)
    d.row("無停止時亦記錄", "Without a stop it is logged as well", opened, ask())
    d.row("未登錄之依據", "A basis that is not registered", f"deny basis-unregistered,{STOPPED[5:]}", ask(name="because-i-say-so"), stop)
    d.row("未登錄之依據，未停止者依法仍可", "Not registered, but nothing is stopped", "permit basis-unregistered,secondary-by-statute", ask(name="because-i-say-so"))
    d.row("理由過短", "The reason is too short", f"deny basis-no-reason,{STOPPED[5:]}", ask(reason="依法辦"), stop)
    d.row("理由恰為四字", "A reason of four characters", opened, ask(reason="依法辦理"), stop)
    d.row("理由只有空白", "A reason of blanks", f"deny basis-no-reason,{STOPPED[5:]}", ask(reason="      "), stop)
    d.row("期間未始", "Not yet in force", f"deny basis-not-in-force,{STOPPED[5:]}", ask(since="2026-03-10T09:00:01+08:00"), stop)
    d.row("期間已止：終止時刻不含在內", "Over: its end is not included", f"deny basis-not-in-force,{STOPPED[5:]}", ask(until=NOW), stop)
    d.row("期間始於當時", "In force from this moment", opened, ask(since=NOW), stop)
    d.row("未載起始", "No start is given", f"deny basis-not-in-force,{STOPPED[5:]}", ask(since=None), stop)
    d.row("未載終止", "No end is given", f"deny basis-not-in-force,{STOPPED[5:]}", ask(until=None), stop)
    d.row("無核准者", "Nobody approved", f"deny basis-no-approver,{STOPPED[5:]}", ask(approver=None), stop)
    d.row("自行核准", "Approved by the reader", f"deny basis-no-approver,{STOPPED[5:]}", ask(approver="Practitioner/hsu"), stop)
    d.row("目的不在依據之內", "The purpose is not the basis's", "deny basis-other-purpose,stopped @c1:provision", ask("TRAIN"), whom(consent(deny(purpose="TRAIN"))))
    d.row("依據之目的含其下者：研究之臨床試驗", "A basis for research covers research on trials", opened, ask("CLINTRCH"), stop)
    d.row("機構種類不符", "The institution is of another kind", f"deny basis-outside,{STOPPED[5:]}", ask(organisation_kind="academic"), stop)
    d.row("角色不符", "The role is another", f"deny basis-outside,{STOPPED[5:]}", ask("HRESCH", role="analyst"), stop)
    d.row("先查理由再查期間", "The reason is checked before the period", f"deny basis-no-reason,{STOPPED[5:]}", ask(reason="急", until=NOW), stop)
    d.row("疫調依據不須通知", "Investigation of a disease is not notified", "permit legal-basis +log-override", ask("PUBHLTH", name="communicable-disease-investigation"), whom(), record("Condition", notifiable=True))
    d.row("急迫危險", "Urgent danger", opened, ask("HRESCH", name="urgent-danger"), stop)
    d.row("法定拒絕先於依據", "A statutory denial stands before a basis", "deny outside-area", {**ask(), "reader": {**ask()["reader"], "scope": {"areas": ["63000"]}}}, stop)
    d.row("行銷無依據可言", "No basis opens marketing", "deny purpose-refused", ask("HMARKT"), stop)
    d.row("轉診：不勝於拒絕", "A referral does not stand before a refusal", "deny basis-noted,restricted @c1:provision", ask("TREAT", role="clinician", name="medical-care-referral"), whom(consent(deny())))
    d.row("轉診：未拒絕者", "A referral where nothing is refused", "permit basis-noted,care", ask("TREAT", role="clinician", name="medical-care-referral"))
    d.row("系統維運：須有依據", "Operation without a basis", "deny no-default", asked("administrator", "HOPERAT"))
    d.row("系統維運：有依據", "Operation with a basis", "permit basis-noted", ask("HOPERAT", role="administrator", name="system-repair"))
    d.row("系統維運：依據過期", "Operation with a basis that is over", "deny basis-not-in-force,no-default", ask("HOPERAT", role="administrator", name="system-repair", until=NOW))
    d.row("系統管理（HSYSADMIN）屬維運", "System administration stands below operations", "permit basis-noted", ask("HSYSADMIN", role="administrator", name="system-repair"))
    d.row("維運不受選擇影響，但須依據", "Operation does not weigh choices", "permit basis-noted", ask("HOPERAT", role="administrator", name="system-repair"), whom(consent(deny())))
    d.row("生物資料庫核准：不代替同意", "An approved biobank use does not stand for consent", "deny basis-noted,specimen-needs-consent", ask("HRESCH", role="analyst", name="biobank-use"), what=record("Specimen"))
    d.row("生物資料庫核准：及於檢體以外者不可", "A biobank's approval does not cover other types", "permit basis-outside,secondary-by-statute", ask("HRESCH", role="analyst", name="biobank-use"))
    d.row("生物資料庫核准：參與者同意", "An approved biobank use with consent", "permit basis-noted,consent-permits @c1:provision", ask("HRESCH", role="analyst", name="biobank-use"), whom(consent(permit(purpose="HRESCH"))), record("Specimen"))
    return d


def claims() -> Dimension:
    d = Dimension("claims", "健保給付與維運", "Claims and operation", f"{PAGE} 3, step 7; 全民健康保險法第79條、第80條")
    paid = record("Claim")
    d.row("主管人員以給付為目的查申報", "A manager asks for payment: a claim", "permit claims", asked("manager", "HPAYMT"), what=paid)
    d.row("承辦人員以給付為目的查申報", "An officer asks for payment: a claim", "permit claims", asked("officer", "HPAYMT"), what=paid)
    for code in ("COVERAGE", "ELIGVER", "ENROLLM", "CLMATTCH", "COVAUTH", "REMITADV"):
        d.row(f"{code} 屬給付", f"{code} stands below payment", "permit claims", asked("officer", code), what=record("Coverage"))
    d.row("停止二次利用不及於給付", "A stop of secondary use leaves payment", "permit claims", asked("officer", "HPAYMT"), whom(consent(deny(purpose="HRESCH"))), paid)
    d.row("對給付之拒絕不採計：依法", "A denial of payment does not weigh: it stands on statute", "permit claims", asked("officer", "HPAYMT"), whom(consent(deny(purpose="HPAYMT"))), paid)
    d.row("給付不及於檢驗結果", "Payment does not reach results", "deny type-refused", asked("officer", "HPAYMT"))
    d.row("給付不及於影像", "Payment does not reach imaging", "deny type-refused", asked("manager", "HPAYMT"), what=record("ImagingStudy"))
    d.row("給付及於處方", "Payment reaches prescriptions", "permit claims", asked("officer", "HPAYMT"), what=record("MedicationRequest"))
    d.row("醫師無給付之權", "A clinician has no payment", "deny role-lacks-purpose", asked("clinician", "HPAYMT"), what=paid)
    d.row("給付限轄區", "Payment within an area", "deny outside-area", asked("officer", "HPAYMT", scope={"areas": ["63000"]}), what=paid)
    d.row("政策預設拒絕給付", "A policy whose default for payment is deny", "deny no-default", asked("officer", "HPAYMT"), what=paid, policy={"defaults.claims": "deny"})
    d.row("維運無預設", "Operation has no default", "deny no-default", asked("administrator", "FRAUD"))
    d.row("維運讀共用資料", "Operation reads what is about nobody", "permit shared", asked("administrator", "HOPERAT"), what=record("Organization", period=None), nobody=True)
    d.row("承辦人員無維運之權", "An officer has no operation", "deny role-lacks-purpose", asked("officer", "HLEGAL"))
    return d


PCF: Any = "IHE ITI PCF, input/fsh/consent.fsh and notes (CC-BY-4.0)"
NORMAL = {"labels": ["N"]}
ALCOHOL = {"id": "ex-alcoholUse", "labels": ["ETHUD", "R"], "authors": ["Practitioner/ex-author"], "references": ["Encounter/ex-encounter", "Practitioner/ex-author"], "period": {"start": "2022-06-13", "end": "2022-06-13"}}
SUGAR = {"id": "ex-bloodSugar", "labels": ["N"], "authors": ["Practitioner/ex-author"], "references": ["Encounter/ex-encounter", "Practitioner/ex-author"], "period": {"start": "2020-12-04T23:50:50-05:00", "end": "2020-12-04T23:50:50-05:00"}}
WEIGHT = {"id": "ex-weight-2", "labels": ["N"], "authors": ["Practitioner/ex-author"], "references": ["Encounter/ex-encounter"], "period": {"start": "2016-03-28", "end": "2016-03-28"}}
OWN = {"id": "other", "labels": ["N"], "authors": ["Practitioner/ex-practitioner"], "references": ["Encounter/other"]}
PSY = {"id": "psy", "labels": ["PSY", "R"]}
SDV = {"id": "sdv", "labels": ["SDV", "R"]}
OPT_IN = {"defaults.care": "deny", "defaults.secondary": "deny", "consents.classes": ["care", "secondary", "family", "claims"], "defaults.claims": "deny"}
YES, DEFAULT = "permit consent-permits @{}:provision", "deny no-default"
CHILD = "provision.provision[0]"
FOCUSED = "permit consent-permits @{}:" + CHILD


def pcf() -> Dimension:
    """The domain of the examples is opt-in: without a Consent that permits, nothing is read."""
    d = Dimension("ihe_pcf", "IHE PCF 之同意書", "The Consents of IHE PCF", PCF)
    path = Path(__file__).resolve().parent / "ihe_pcf_consents.json"
    consents = {one["id"]: one for one in json.loads(path.read_text("utf-8"))}
    person = {"id": "Patient/ex-patient", "identifiers": None, "born": "1923-07-25", "area": None, "institutions": None}
    doctor = {"id": "Practitioner/ex-practitioner", "organisation": "Organization/ex-organization"}
    other = {"id": "Practitioner/ex-other", "organisation": "Organization/ex-organization"}

    def row(name: str, zh: str, en: str, said: str, who: Json, what: Json, *, policy: Json | None = None, **more: Any) -> None:
        about = whom(consents[name], **{**person, **more})
        d.row(f"{name}：{zh}", f"{name}: {en}", said.format(name), who, about, record(**what), policy={**OPT_IN, **(policy or {})})

    treat, research = asked(**other), asked("analyst", "HRESCH")
    for name in ("ex-consent-basic-treat", "ex-consent-basic-ink"):
        row(name, "治療", "treatment", YES, treat, SUGAR)
        row(name, "給付", "payment", YES, asked("officer", "HPAYMT"), {"kind": "Claim", **NORMAL})
        row(name, "研究不在內", "research is not meant", DEFAULT, research, SUGAR)
    mother = {"stand_ins": [{"kind": "guardian", "who": "Patient/ex-mother"}], "born": "2022-01-05"}
    row("ex-consent-basic-treat-infant", "母親代嬰兒同意", "the mother permits for the infant", YES, treat, SUGAR, **mother)
    row("ex-consent-basic-treat-infant", "研究不在內", "research is not meant", DEFAULT, research, SUGAR, **mother)
    row("ex-consent-basic-treat-infant", "非法定代理人則不生效", "without guardianship it has no effect", DEFAULT, treat, SUGAR)
    row("ex-consent-expired-treat", "屆滿前", "before it expires", YES, asked(at="2022-12-31T12:00:00+08:00", **other), SUGAR)
    row("ex-consent-expired-treat", "屆滿後", "after it expired", DEFAULT, treat, SUGAR)
    row("ex-consent-basic-reject", "治療", "treatment", "deny restricted @{}:provision", treat, SUGAR)
    row("ex-consent-basic-reject", "急診治療", "emergency treatment", "deny restricted @{}:provision", asked("clinician", "ETREAT", **other), SUGAR)
    row("ex-consent-basic-reject", "研究不在內", "research is not meant", DEFAULT, research, SUGAR)
    row("ex-consent-basic-research", "研究", "research", YES, research, SUGAR)
    row("ex-consent-basic-research", "研究之下的目的", "a purpose below research", YES, asked("analyst", "CLINTRCH"), SUGAR)
    row("ex-consent-basic-research", "治療不在內", "treatment is not meant", DEFAULT, treat, SUGAR)
    row("ex-consent-intermediate-timeframe", "期間內之紀錄", "a record of the time", YES, treat, ALCOHOL)
    row("ex-consent-intermediate-timeframe", "期間外之紀錄", "a record of another time", DEFAULT, treat, SUGAR)
    row("ex-consent-intermediate-timeframe", "跨期間之紀錄", "a record that goes beyond", DEFAULT, treat, {**NORMAL, "period": {"start": "2022-12-30", "end": "2023-01-02"}})
    row("ex-consent-intermediate-not-timeframe", "期間內之紀錄", "a record of the time", "deny part-closed @{}:" + CHILD, treat, ALCOHOL)
    row("ex-consent-intermediate-not-timeframe", "期間外之紀錄", "a record of another time", YES, treat, SUGAR)
    row("ex-consent-intermediate-not-timeframe", "跨期間之紀錄", "a record that goes beyond", "deny part-closed @{}:" + CHILD, treat, {**NORMAL, "period": {"start": "2022-12-30", "end": "2023-01-02"}})
    row("ex-consent-intermediate-authoredby", "該醫師所寫", "written by the practitioner", YES, treat, OWN)
    row("ex-consent-intermediate-authoredby", "他人所寫", "written by another", DEFAULT, treat, SUGAR)
    row("ex-consent-intermediate-not-authoredby", "該醫師所寫", "written by the practitioner", "deny part-closed @{}:" + CHILD, treat, OWN)
    row("ex-consent-intermediate-not-authoredby", "他人所寫", "written by another", YES, treat, SUGAR)
    row("ex-consent-intermediate-encounter", "該次就醫之紀錄", "of the encounter", YES, treat, SUGAR)
    row("ex-consent-intermediate-encounter", "該次就醫本身", "the encounter itself", YES, treat, {"kind": "Encounter", "id": "ex-encounter", **NORMAL})
    row("ex-consent-intermediate-encounter", "他次就醫之紀錄", "of another encounter", DEFAULT, treat, OWN)
    row("ex-consent-intermediate-not-encounter", "該次就醫之紀錄", "of the encounter", "deny part-closed @{}:" + CHILD, treat, SUGAR)
    row("ex-consent-intermediate-not-encounter", "他次就醫之紀錄", "of another encounter", YES, treat, OWN)
    row("ex-consent-intermediate-data", "所列之一", "one of those listed", YES, treat, WEIGHT)
    row("ex-consent-intermediate-data", "所列之二", "another of those listed", YES, treat, ALCOHOL)
    row("ex-consent-intermediate-data", "未列者", "one that is not listed", DEFAULT, treat, OWN)
    row("ex-consent-intermediate-not-data", "所列者", "the one listed", "deny part-closed @{}:" + CHILD, treat, ALCOHOL)
    row("ex-consent-intermediate-not-data", "未列者", "one that is not listed", YES, treat, WEIGHT)
    under = {"purposes.under": {"http://example.org/policies/purposeOfUse|FooBar": "HRESCH"}}
    foo = ("analyst", "http://example.org/policies/purposeOfUse|FooBar")
    row("ex-consent-intermediate-purpose", "該研究機構、該目的", "the research organisation, the purpose", YES, asked(*foo, organisation="Organization/ex-org-researcher"), SUGAR, policy=under)
    row("ex-consent-intermediate-purpose", "他機構", "another organisation", DEFAULT, asked(*foo), SUGAR, policy=under)
    row("ex-consent-intermediate-purpose", "該機構、他目的", "the organisation, another purpose", DEFAULT, asked("analyst", "HRESCH", organisation="Organization/ex-org-researcher"), SUGAR, policy=under)
    row("ex-consent-intermediate-purpose", "政策不識此目的", "the policy does not know the purpose", "deny purpose-unknown", asked(*foo, organisation="Organization/ex-org-researcher"), SUGAR)
    group = {"memberships": ["Group/ex-privilegedUsers"]}
    glass = {"identifier": "MRN1", "reason": "車禍昏迷送醫急救", "declared": "2026-03-10T08:30:00+08:00"}
    numbered = {"identifiers": ["urn:mrn|MRN1"]}
    name = "ex-dissent-intermediate-break-glass"
    row(name, "治療", "treatment", "deny restricted @{}:provision", treat, SUGAR)
    row(name, "獲授權者宣告緊急", "an authorised user declares break-glass", "permit emergency +notify +review", asked("clinician", "BTG", **doctor, **group, emergency=glass), SUGAR, **numbered)
    row(name, "獲授權者未宣告", "an authorised user who declares nothing", "deny emergency-undeclared", asked("clinician", "BTG", **doctor, **group), SUGAR, **numbered)
    name = "ex-consent-advanced-normal"
    row(name, "普通級", "normal", YES, treat, SUGAR)
    row(name, "限閱級", "restricted", DEFAULT, treat, ALCOHOL)
    row(name, "研究不在內", "research is not meant", DEFAULT, research, SUGAR)
    name = "ex-consent-advanced-normal-restricted"
    row(name, "普通級", "normal", YES, treat, SUGAR)
    row(name, "限閱級", "restricted", YES, treat, ALCOHOL)
    name = "ex-consent-advanced-normal-not-restricted"
    row(name, "普通級", "normal", YES, treat, SUGAR)
    row(name, "限閱級", "restricted", DEFAULT, treat, ALCOHOL)
    focused = "ex-consent-advanced-normal-focused-"
    mine = asked(**doctor)
    for name in (focused + "restricted", focused + "psy", focused + "psy-or-sdv"):
        row(name, "他人，普通級", "another user, normal", YES, treat, SUGAR)
        row(name, "他人，限閱級", "another user, restricted", DEFAULT, treat, PSY)
        wider = name == focused + "restricted"
        row(name, "該醫師，無關之限閱級", "the practitioner, other restricted data", FOCUSED if wider else DEFAULT, mine, ALCOHOL)
    row(focused + "restricted", "該醫師，普通級", "the practitioner, normal", FOCUSED, mine, SUGAR)
    row(focused + "psy", "該醫師，普通級之精神科", "the practitioner, mental health that is normal", "permit consent-permits @{}:" + CHILD, mine, {**PSY, "labels": ["PSY", "N"]})
    row(focused + "psy", "他人，普通級之精神科", "another user, mental health that is normal", YES, treat, {**PSY, "labels": ["PSY", "N"]})
    row(focused + "psy-or-sdv", "該醫師，普通級之家暴", "the practitioner, violence that is normal", "permit consent-permits @{}:" + CHILD, mine, {**SDV, "labels": ["SDV", "N"]})
    name = "ex-consent-advanced-normal-break-glass-restricted"
    row(name, "普通級", "normal", YES, treat, SUGAR)
    row(name, "限閱級", "restricted", DEFAULT, treat, ALCOHOL)
    row(name, "獲授權者宣告緊急，限閱級", "an authorised user declares break-glass, restricted", "permit emergency +notify +review", asked("clinician", "BTG", **doctor, **group, emergency=glass), ALCOHOL, **numbered)
    row(name, "獲授權者未宣告，限閱級", "an authorised user who declares nothing, restricted", "deny emergency-undeclared", asked("clinician", "BTG", **doctor, **group), ALCOHOL, **numbered)
    row(focused + "restricted", "該醫師，限閱級", "the practitioner, restricted", FOCUSED, mine, PSY)
    row(focused + "restricted", "該醫師，極機密", "the practitioner, very restricted", DEFAULT, mine, {**PSY, "labels": ["PSY", "V"]})
    row(focused + "psy", "該醫師，限閱之精神科", "the practitioner, mental health", FOCUSED, mine, PSY)
    row(focused + "psy", "該醫師，限閱之家暴", "the practitioner, violence", DEFAULT, mine, SDV)
    row(focused + "psy", "該醫師，普通級", "the practitioner, normal", YES, mine, SUGAR)
    row(focused + "psy-or-sdv", "該醫師，限閱之精神科", "the practitioner, mental health", FOCUSED, mine, PSY)
    row(focused + "psy-or-sdv", "該醫師，限閱之家暴", "the practitioner, violence", FOCUSED, mine, SDV)
    row(focused + "psy-or-sdv", "該醫師，研究不在內", "the practitioner, research is not meant", "deny role-lacks-purpose", asked("clinician", "HRESCH", **doctor), SDV)
    row(name, "獲授權者以治療閱覽，限閱級", "an authorised user who asks for treatment, restricted", DEFAULT, asked(**doctor, **group), ALCOHOL)
    return d


DIMENSIONS = (bases, claims, pcf)
