"""Rows about who asks and for what: purposes, actors, scope, notifiable records, statutory denials."""

# A row is one line, however long: it is read as a table.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from typing import Any

from vector_rows.writing import (
    RESEARCH,
    Dimension,
    Json,
    asked,
    by,
    consent,
    deny,
    entry,
    permit,
    record,
    to,
    whom,
)

PAGE = "decision.md"
ROLES = {"public": "未登入者", "citizen": "民眾", "clinician": "醫師", "pharmacist": "藥師", "officer": "承辦人員", "analyst": "分析人員", "supply": "供應商", "administrator": "系統管理者"}


def purpose() -> Dimension:
    d = Dimension("purpose", "利用目的", "Purpose of use", f"{PAGE} 3; HL7 v3-ActReason")
    for code, zh in (("TREAT", "治療"), ("ETREAT", "急診治療"), ("ERTREAT", "急診室治療"), ("COC", "照護協調"), ("CAREMGT", "個案管理")):
        d.row(f"醫師以{zh}（{code}）為目的", f"A clinician asks for {code}", "permit care", asked("clinician", code))
    secondary = (
        "GOV HQUALIMP HOUTCOMS HPRGRP HDM PERFMSR PATSFTY TRAIN HRESCH CLINTRCH CLINTRCHNPC PRECLINTRCH BIORCH DSRCH "
        "POARCH TRANSRCH CLINTRL POPHLTH"
    )
    for code in secondary.split():
        d.row(
            f"分析人員以 {code} 為目的：特定目的外利用",
            f"An analyst asks for {code}: secondary use",
            "permit secondary-by-statute", asked("analyst", code),
        )
    for code in ("HMARKT", "MILCDM", "DONAT"):
        for role in ("analyst", "clinician", "administrator"):
            d.row(
                f"{ROLES[role]}以 {code} 為目的：一律拒絕",
                f"{code} is refused to the role {role} as to everybody",
                "deny purpose-refused", asked(role, code),
            )
    unknown = (
        ("FOOBAR", "不存在的代碼", "a code that does not exist"),
        ("PurposeOfUse", "總類本身不是目的", "the heading itself is no purpose"),
        ("RESCH", "同一代碼系統但不屬利用目的", "a code of the same system that is no purpose of use"),
        ("OPERAT", "舊的隱私理由代碼", "a reason of privacy, not of use"),
        ("treat", "大小寫不同即非該代碼", "a code in other letters is another code"),
        ("http://example.org/policies/purposeOfUse|FooBar", "他人系統的目的", "a purpose of somebody else's system"),
    )
    for code, zh, en in unknown:
        d.row(zh, en, "deny purpose-unknown", asked("analyst", code))
    d.row("未說明目的", "No purpose is named", "deny purpose-missing", {**asked(), "purposes": []})
    d.row("兩個照護目的都通過，理由只列一次", "Two purposes of care pass, the reason stands once", "permit care", asked("clinician", "TREAT", "ETREAT"))
    d.row("照護加行銷：全部拒絕", "Care together with marketing: denied", "deny purpose-refused", asked("clinician", "TREAT", "HMARKT"))
    d.row("照護加不明目的：全部拒絕", "Care together with an unknown purpose: denied", "deny purpose-unknown", asked("clinician", "TREAT", "FOOBAR"))
    d.row("照護加研究：醫師無研究之權", "Care together with research: a clinician has no research", "deny role-lacks-purpose", asked("clinician", "TREAT", "HRESCH"))
    d.row("研究加品質改善，均依法可行", "Research and quality improvement both pass", "permit secondary-by-statute", asked("analyst", "HRESCH", "HQUALIMP"))
    d.row(
        "兩目的之一已停止：全部拒絕", "One of two purposes is stopped: denied", "deny stopped @c1:provision",
        asked("analyst", "HQUALIMP", "HRESCH"), whom(consent(deny(purpose="HRESCH"))),
    )
    d.row(
        "停止研究，則臨床試驗研究亦停止", "A stop of research stops research on trials below it", "deny stopped @c1:provision",
        asked("analyst", "CLINTRCH"), whom(consent(deny(purpose="HRESCH"))),
    )
    d.row(
        "停止臨床試驗研究，不影響其他研究", "A stop of trials leaves other research", "permit secondary-by-statute",
        asked("analyst", "HRESCH"), whom(consent(deny(purpose="CLINTRCH"))),
    )
    d.row(
        "停止研究，不影響治療中的臨床試驗代碼", "CLINTRL stands below TREAT: a stop of research leaves it", "permit secondary-by-statute",
        asked("analyst", "CLINTRL"), whom(consent(deny(purpose="HRESCH"))),
    )
    d.row(
        "拒絕治療目的，亦拒絕急診治療", "A denial of treatment is one of emergency treatment", "deny restricted @c1:provision",
        asked("clinician", "ETREAT"), whom(consent(deny(purpose="TREAT"))),
    )
    d.row(
        "同意急診治療，未及於一般治療：依預設", "A permit of emergency treatment says nothing of treatment", "permit care",
        asked("clinician", "TREAT"), whom(consent(permit(purpose="ETREAT"))),
    )
    d.row(
        "對一切利用目的之拒絕，及於照護", "A denial of every purpose of use reaches care", "deny restricted @c1:provision",
        asked("clinician"), whom(consent(deny(purpose="PurposeOfUse"))),
    )
    d.row(
        "對一切利用目的之拒絕，及於統計", "A denial of every purpose of use reaches statistics", "deny stopped @c1:provision",
        asked("analyst", "GOV"), whom(consent(deny(purpose="PurposeOfUse"))),
    )
    d.row("具名研究計畫屬研究", "A named project is research", "permit secondary-by-statute", asked("analyst", RESEARCH + "lung"))
    d.row(
        "停止研究，及於具名計畫", "A stop of research reaches a named project", "deny stopped @c1:provision",
        asked("analyst", RESEARCH + "lung"), whom(consent(deny(purpose="HRESCH"))),
    )
    d.row(
        "多個目的之一相符即適用", "A rule of several purposes applies where one is asked", "deny stopped @c1:provision",
        asked("analyst", "HQUALIMP"), whom(consent(deny(purpose="HRESCH HQUALIMP TRAIN"))),
    )
    d.row(
        "政策可為他人系統的目的指定上層", "A policy may say below what a foreign purpose stands", "permit secondary-by-statute",
        asked("analyst", "http://example.org/policies/purposeOfUse|FooBar"),
        policy={"purposes.under": {"http://example.org/policies/purposeOfUse|FooBar": "HRESCH"}},
    )
    d.row(
        "指定上層後，停止研究及於該目的", "Placed below research, it is stopped with research", "deny stopped @c1:provision",
        asked("analyst", "http://example.org/policies/purposeOfUse|FooBar"), whom(consent(deny(purpose="HRESCH"))),
        policy={"purposes.under": {"http://example.org/policies/purposeOfUse|FooBar": "HRESCH"}},
    )
    return d


def actor() -> Dimension:
    d = Dimension("actor", "查閱者", "Actor", f"{PAGE} 4, actor")
    no = "deny restricted @c1:provision"
    reader = (
        ("Practitioner/lin", "拒絕該醫師", "The practitioner is refused", {}),
        ("Organization/tainan", "拒絕該院所", "The institution is refused", {}),
        ("PractitionerRole/lin-tainan", "拒絕其執業角色", "The practitioner's role is refused", {"memberships": ["PractitionerRole/lin-tainan"]}),
        ("CareTeam/ward5", "拒絕其照護團隊", "The care team is refused", {"memberships": ["CareTeam/ward5", "Group/night"]}),
        ("Group/night", "拒絕其群組", "The group is refused", {"memberships": ["CareTeam/ward5", "Group/night"]}),
        ("Organization/south-network", "拒絕其上級機構", "The institution above is refused", {"memberships": ["Organization/south-network"]}),
        ("Organization/old-clinic", "拒絕已併入的院所", "An institution merged into the reader's is refused", {"memberships": ["Organization/old-clinic"]}),
        ("Device/terminal-7", "拒絕該設備", "The device is refused", {"device": "Device/terminal-7"}),
        ("Patient/lin-self", "以醫師本人之身分拒絕", "The reader is refused as a person", {"person": "Patient/lin-self"}),
        ("role:clinician", "拒絕醫師角色", "The role is refused", {}),
        ("id:urn:oid:2.16.886.101|T012345", "以執業登記號碼拒絕", "A number of registration is refused", {"identifiers": ["urn:oid:2.16.886.101|T012345"]}),
        ("id:urn:facility|0421040011", "院所多個代碼之一相符", "One of several identifiers of the institution matches", {"identifiers": ["urn:facility|0401020013", "urn:facility|0421040011"]}),
    )
    for text, zh, en, more in reader:
        d.row(zh, en, no, asked(**more), whom(consent(deny(actor=text))))
    others = (
        ("Practitioner/huang", "拒絕的是另一位醫師", "Another practitioner is refused"),
        ("Organization/taipei", "拒絕的是另一家院所", "Another institution is refused"),
        ("role:pharmacist", "拒絕的是藥師", "Pharmacists are refused"),
        ("CareTeam/ward5", "已離開該團隊", "The reader has left the team"),
        ("id:urn:other|T012345", "號碼同而系統不同", "The same number in another system"),
        ("Device/terminal-7", "未經該設備", "Not through that device"),
        ("Practitioner/li", "名稱開頭相同並非同一人", "A name that begins alike is another's"),
    )
    for text, zh, en in others:
        d.row(zh + "：依預設", en + ": the default stands", "permit care", asked(identifiers=["urn:oid:2.16.886.101|T012345"]), whom(consent(deny(actor=text))))
    d.row(
        "拒絕院所但准許其中一位醫師", "The institution is refused, one of its practitioners let in", "permit consent-permits @c1:provision.provision[0]",
        asked(), whom(consent(deny(permit(actor="Practitioner/lin"), actor="Organization/tainan"))),
    )
    d.row(
        "准許院所但拒絕其中一位醫師", "The institution is let in, one of its practitioners refused", "deny restricted @c1:provision.provision[0]",
        asked(), whom(consent(permit(deny(actor="Practitioner/lin"), actor="Organization/tainan"))),
    )
    d.row(
        "准許院所、拒絕另一位醫師", "The institution is let in, another practitioner refused", "permit consent-permits @c1:provision",
        asked(), whom(consent(permit(deny(actor="Practitioner/huang"), actor="Organization/tainan"))),
    )
    d.row("數位查閱者之一相符", "One of several actors matches", no, asked(), whom(consent(deny(actor="Practitioner/huang Organization/tainan"))))
    d.row(
        "保管機構（CST）：紀錄由該院所保管", "The custodian: records that the institution keeps are refused", no,
        asked(), whom(consent(deny(actor="CST:Organization/taipei"))), record(organisation="Organization/taipei"),
    )
    d.row(
        "保管機構（CST）不與查閱者比對", "The custodian is not compared with the reader", "permit care",
        asked(), whom(consent(deny(actor="CST:Organization/tainan"))), record(organisation="Organization/taipei"),
    )
    d.row(
        "作者（AUT）：該醫師所寫的紀錄", "The author: what that practitioner wrote is refused", no,
        asked(), whom(consent(deny(actor="AUT:Practitioner/huang"))), record(authors=["Practitioner/huang"]),
    )
    d.row(
        "作者（AUT）：他人所寫不在其內", "The author: what others wrote is not meant", "permit care",
        asked(), whom(consent(deny(actor="AUT:Practitioner/huang"))), record(authors=["Practitioner/lin"]),
    )
    d.row(
        "保管機構不明：不相符", "A record without a custodian matches none", "permit care",
        asked(), whom(consent(deny(actor="CST:Organization/taipei"))),
    )
    d.row(
        "拒絕某藥局，不影響醫師", "The denial of one pharmacy leaves the clinician", "permit care",
        asked(), whom(consent(deny(actor="Organization/pharmacy"))),
    )
    d.row(
        "拒絕該藥局", "The pharmacy is refused", no,
        asked("pharmacist"), whom(consent(deny(actor="Organization/pharmacy"))), record("MedicationRequest"),
    )
    d.row(
        "拒絕特定分析人員", "One analyst is refused", "deny stopped @c1:provision",
        asked("analyst", "HRESCH"), whom(consent(deny(actor="Practitioner/ho"))),
    )
    d.row(
        "拒絕某大學之研究，他校不受影響", "One university's research is refused, another's stands", "permit secondary-by-statute",
        asked("analyst", "HRESCH", organisation="Organization/institute"), whom(consent(deny(actor="Organization/university", purpose="HRESCH"))),
    )
    _resolved(d)
    return d


def _resolved(d: Dimension) -> None:
    """Actors of whom the records of the store tell whether they are the reader."""
    no, care, lets_in = "deny restricted @c1:provision", "permit care", "permit consent-permits @c1:provision.provision[0]"
    licence = "urn:oid:2.16.886.101|T012345"
    lin = entry("Practitioner", "lin")

    def row(zh: str, en: str, said: str, actor: str, register: list[Json], **reader: Any) -> None:
        d.row(zh, en, said, asked(**reader), whom(consent(deny(actor=actor))), register=register)

    def only(zh: str, en: str, said: str, actor: str, register: list[Json], **reader: Any) -> None:
        d.row(zh, en, said, asked(**reader), whom(consent(deny(permit(actor=actor)))), register=register)

    ward = entry("CareTeam", "ward5", participant=[{"member": to("Practitioner/lin")}])
    row("團隊成員載於 CareTeam：拒絕及之", "The team's record names the reader", no, "CareTeam/ward5", [ward])
    row("CareTeam 之成員為他人", "The team's record names others", care, "CareTeam/ward5", [entry("CareTeam", "ward5", participant=[{"member": to("Practitioner/huang")}])])
    over = {"member": to("Practitioner/lin"), "period": {"end": "2026-03-09"}}
    row("成員期間已過", "The membership is over", care, "CareTeam/ward5", [entry("CareTeam", "ward5", participant=[over])])
    row("團隊已停用", "The team is inactive", care, "CareTeam/ward5", [{**ward, "status": "inactive"}])
    row("團隊中之團隊", "A team in the team", no, "CareTeam/all", [ward, entry("CareTeam", "all", participant=[{"member": to("CareTeam/ward5")}])])
    row("成員為整個機構", "A member is an institution", no, "CareTeam/all", [entry("CareTeam", "all", participant=[{"member": to("Organization/tainan")}])])
    row("查無此團隊：拒絕及於所有人", "A team that is nowhere: the denial holds for all", no, "CareTeam/gone", [lin])
    only("查無此團隊：准許不及於任何人", "A team that is nowhere: the permit reaches nobody", no, "CareTeam/gone", [lin])
    told = entry("CareTeam", "ward5", participant=[{"member": to("Practitioner/huang")}, {"member": {"display": "王護理師"}}])
    row("成員僅以文字記載：拒絕及之", "A member told in words may be the reader: denied", no, "CareTeam/ward5", [told])
    only("成員僅以文字記載：准許不及之", "A member told in words: not permitted", no, "CareTeam/ward5", [told])
    only("准許團隊", "The team is let in", lets_in, "CareTeam/ward5", [ward])
    only("他人之團隊不得據以准許", "A team of another patient lets nobody in", no, "CareTeam/ward5", [{**ward, "subject": to("Patient/other")}])
    d.row(
        "不明團隊之例外准許不計", "A permit inside a denial of which nobody can tell does not count", no,
        asked(), whom(consent(deny(permit(kind="Observation"), actor="CareTeam/gone"))), register=[lin], policy={"defaults.care": "deny"},
    )
    row("以執業登記號碼拒絕：號碼載於其 Practitioner", "A practitioner by number: the record of the reader bears it", no, f"id:{licence}", [entry("Practitioner", "lin", licence)])
    row("帳號之號碼即該 Practitioner", "The account's number is borne by the practitioner who is refused", no, "Practitioner/t7", [entry("Practitioner", "t7", licence)], identifiers=[licence])
    row("號碼為他人所有", "The number is another practitioner's", care, f"id:{licence}", [entry("Practitioner", "huang", licence), lin])
    department = entry("Organization", "icu", partOf=to("Organization/tainan"))
    row("拒絕醫院，及於其部門", "The hospital is refused, and so its department", no, "Organization/tainan", [department], organisation="Organization/icu")
    row("拒絕部門，不及於醫院他處", "The department is refused, not the hospital's others", care, "Organization/icu", [department])
    numbered = {**department, "partOf": by("urn:facility|0421040011")}
    hospital = entry("Organization", "tainan", "urn:facility|0421040011")
    row("以機構代碼所載之上級機構", "The organisation above, named by its code", no, "Organization/tainan", [numbered, hospital], organisation="Organization/icu")
    row("以機構代碼拒絕醫院，及於其部門", "The hospital is refused by its code, and so its department", no, "id:urn:facility|0421040011", [department, hospital], organisation="Organization/icu")
    role = entry("PractitionerRole", "lin-icu", practitioner=to("Practitioner/lin"), organization=to("Organization/icu"))
    row("於該部門之執業角色", "The role that is held in the department", no, "Organization/icu", [department, role])
    row("執業角色已停用", "The role is no more", care, "Organization/icu", [department, {**role, "active": False}])
    row("於他院之執業角色不計", "A role at another hospital is not held here", care, "PractitionerRole/lin-icu", [entry("Organization", "icu", partOf=to("Organization/taipei")), role])
    device = entry("Device", "terminal-7", "urn:udi|7")
    row("以識別碼拒絕該設備", "The device is refused by its number", no, "id:urn:udi|7", [device], device="Device/terminal-7")
    row("病人之設備所載號碼不計", "A number in a patient's device names nobody", care, "id:urn:udi|7", [{**device, "patient": to("Patient/chen")}], device="Device/terminal-7")
    night = entry("Group", "night", type="practitioner", actual=True, member=[{"entity": to("Practitioner/lin")}])
    row("群組成員", "A member of the group", no, "Group/night", [night])
    row("已離開群組", "A member who is inactive", care, "Group/night", [{**night, "member": [{"entity": to("Practitioner/lin"), "inactive": True}]}])
    row("描述性之群組無從得知", "Of a descriptive group nobody can tell", no, "Group/night", [{**night, "actual": False}])
    elsewhere = [{"member": to("Practitioner/lin"), "onBehalfOf": to("Organization/taipei")}]
    row("成員所代表之機構（onBehalfOf）不計", "For whom a member acts is not weighed", no, "CareTeam/ward5", [{**ward, "participant": elsewhere}])
    row("以設備之帳號為準：同一帳號之其他權杖亦為該設備", "A device is the account's, whichever of its tokens asks", no, "Device/terminal-7", [device], device="Device/terminal-7")
    _contained(d)


def _contained(d: Dimension) -> None:
    """Teams that a Consent contains: a denial holds for each member whom they list."""
    no, care = "deny restricted @c1:provision", "permit care"
    lin, huang = ({"member": to(f"Practitioner/{name}")} for name in ("lin", "huang"))
    shut = {"defaults.care": "deny"}

    def row(zh: str, en: str, said: str, *members: Json, sense: Any = deny, **more: Any) -> None:
        team = entry("CareTeam", "team", more.pop("number", ""), participant=list(members))
        d.row(zh, en, said, asked(), whom(consent(sense(actor="#team"), contained=[team])), **more)

    row("拒絕內含之團隊：列名之成員", "A contained team is refused: a member whom it lists", no, huang, lin)
    row("拒絕內含之團隊：未列名者", "A contained team is refused: who is not in it", care, huang)
    row("內含之團隊，成員期間已過仍拒絕", "A contained team: a member whose time is over is refused too", no, {**lin, "period": {"end": "2020-01-01"}})
    row("內含之團隊，成員僅以文字記載：拒絕及於所有人", "A contained team with a member told in words: the denial holds for all", no, {"member": {"display": "王護理師"}})
    row("內含之團隊無成員亦無號碼：拒絕及於所有人", "A contained team without members and number: the denial holds for all", no)
    row("內含之團隊有號碼、列成員：成員被拒絕", "A contained team with a number lists members: they are refused", no, lin, number="urn:team|5")
    row("准許內含之團隊：成員不因此得閱覽", "A contained team is let in: a member is not by that", "deny no-default", lin, sense=permit, policy=shut)


def action() -> Dimension:
    d = Dimension("action", "行為", "Action", f"{PAGE} 4, action")
    for one in ("access", "collect", "use", "disclose", "correct"):
        d.row(f"拒絕 {one}，所問即 {one}", f"{one} is denied and asked", "deny restricted @c1:provision", asked(action=one), whom(consent(deny(action=one))))
    for one, other in (("access", "disclose"), ("disclose", "access"), ("correct", "access"), ("use", "disclose")):
        d.row(f"拒絕 {other}，所問為 {one}", f"{other} is denied, {one} asked", "permit care", asked(action=one), whom(consent(deny(action=other))))
    d.row("多個行為之一相符", "One of several actions matches", "deny restricted @c1:provision", asked(action="use"), whom(consent(deny(action="disclose use"))))
    d.row("只准讀取：攜出依預設", "Reading is permitted; disclosure keeps the default", "permit care", asked(action="disclose"), whom(consent(permit(action="access"))))
    d.row(
        "可供統計、不可攜出：攜出被停止", "Use is permitted, disclosure denied: a release is stopped", "deny stopped @c1:provision.provision[0]",
        asked("analyst", "HRESCH", action="disclose"), whom(consent(permit(deny(action="disclose"), purpose="HRESCH"))),
    )
    d.row(
        "可供統計、不可攜出：統計可行", "Use is permitted, disclosure denied: a question passes", "permit consent-permits @c1:provision",
        asked("analyst", "HRESCH", action="use"), whom(consent(permit(deny(action="disclose"), purpose="HRESCH"))),
    )
    part = whom(consent(deny(label="PSY")))
    d.row("關閉一部不妨礙新增紀錄", "A closed part keeps no new record from being made", "permit care", asked(action="collect"), part, record("Condition", "PSY"))
    d.row("新增後之更正仍受關閉", "Correcting what lies in it stays closed", "deny part-closed @c1:provision", asked(action="correct"), part, record("Condition", "PSY"))
    d.row(
        "明文拒絕新增一部紀錄", "A denial that states the action keeps it out", "deny part-closed @c1:provision",
        asked(action="collect"), whom(consent(deny(label="PSY", action="collect"))), record("Condition", "PSY"),
    )
    d.row(
        "政策不採製作病歷義務時", "Where the policy knows no duty to record", "deny part-closed @c1:provision",
        asked(action="collect"), part, record("Condition", "PSY"), policy={"consents.recording": False},
    )
    return d


def statute() -> Dimension:
    d = Dimension("statute", "法定拒絕", "Statutory denials", f"{PAGE} 3, step 1")
    pairs = (
        ("public", "TREAT"), ("public", "HRESCH"), ("citizen", "TREAT"), ("citizen", "HRESCH"), ("clinician", "HRESCH"),
        ("clinician", "GOV"), ("pharmacist", "HRESCH"), ("analyst", "TREAT"), ("analyst", "ETREAT"), ("supply", "TREAT"),
        ("supply", "HRESCH"), ("administrator", "TREAT"), ("administrator", "HRESCH"), ("clinician", "PUBHLTH"), ("analyst", "PUBHLTH"),
    )
    for role, code in pairs:
        d.row(f"{ROLES[role]}不得以 {code} 為目的", f"The role {role} has no {code}", "deny role-lacks-purpose", asked(role, code))
    d.row(
        "角色不符時，同意亦無效", "A Consent does not give a role what it lacks", "deny role-lacks-purpose",
        asked("analyst", "TREAT"), whom(consent(permit(purpose="TREAT", actor="Practitioner/ho"))),
    )
    d.row("醫師無所屬院所", "A clinician without an institution", "deny no-organisation", asked(organisation=None))
    d.row(
        "無所屬院所時，緊急調閱亦無效", "Without an institution an emergency does not help", "deny no-organisation",
        asked(organisation=None, emergency={"identifier": "A123456789", "reason": "車禍昏迷送醫急救", "declared": "2026-03-10T08:30:00+08:00"}),
    )
    d.row("藥師調閱處方", "A pharmacist reads a prescription", "permit care", asked("pharmacist"), what=record("MedicationRequest"))
    d.row("藥師調閱過敏", "A pharmacist reads an allergy", "permit care", asked("pharmacist"), what=record("AllergyIntolerance"))
    d.row("藥師不得調閱影像", "A pharmacist has no imaging", "deny type-refused", asked("pharmacist"), what=record("ImagingStudy"))
    d.row("藥師不得調閱基因序列", "A pharmacist has no sequences", "deny type-refused", asked("pharmacist"), what=record("MolecularSequence"))
    d.row(
        "藥師不得調閱診斷，當事人同意亦然", "A pharmacist has no conditions, consent or not", "deny type-refused",
        asked("pharmacist"), whom(consent(permit(purpose="TREAT"))), record("Condition"),
    )
    d.row("行銷先於角色而拒絕", "Marketing is refused before the role is weighed", "deny purpose-refused", asked("public", "HMARKT"))
    d.row(
        "行銷之同意無效", "Consent to marketing has no effect", "deny purpose-refused",
        asked("analyst", "HMARKT"), whom(consent(permit(purpose="HMARKT"))),
    )
    d.row("無人之紀錄：共用類型可讀", "A record about nobody of a shared type", "permit shared", asked(), what=record("Organization", period=None), nobody=True)
    d.row("無人之紀錄：藥品", "A record about nobody: a medication", "permit shared", asked("pharmacist"), what=record("Medication", period=None), nobody=True)
    d.row("無人之紀錄：未連結的檢驗不可讀", "An observation about nobody is not read", "deny unlinked", asked(), what=record(), nobody=True)
    d.row("無人之紀錄：未連結的處方不可讀", "A prescription about nobody is not read", "deny unlinked", asked("pharmacist"), what=record("MedicationRequest"), nobody=True)
    return d


def scope() -> Dimension:
    d = Dimension("scope", "範圍", "Scope: area, institution, ward", f"{PAGE} 3, step 1")

    def limited(role: str, code: str, **more: list[str]) -> dict:
        return asked(role, code, scope=more)

    d.row("衛生局限臺南：臺南人", "An officer for 臺南: a person of 臺南", "permit secondary-by-statute", limited("officer", "GOV", areas=["67000"]))
    d.row("衛生局限臺南：臺北人", "An officer for 臺南: a person of 臺北", "deny outside-area", limited("officer", "GOV", areas=["67000"]), whom(area="63000"))
    d.row("限兩縣市：其一", "Limited to two counties: one of them", "permit secondary-by-statute", limited("officer", "GOV", areas=["67000", "64000"]), whom(area="64000"))
    d.row("限兩縣市：第三地", "Limited to two counties: a third", "deny outside-area", limited("officer", "GOV", areas=["67000", "64000"]), whom(area="65000"))
    d.row("居住地不明者在任何限制之外", "A person without area is outside every limit", "deny outside-area", limited("officer", "GOV", areas=["67000"]), whom(area=None))
    d.row("無限制者可及居住地不明者", "Without a limit an unknown area is no matter", "permit secondary-by-statute", asked("officer", "GOV"), whom(area=None))
    d.row("限院所：該院病人", "Limited to an institution: its patient", "permit care", limited("clinician", "TREAT", institutions=["Organization/tainan"]))
    d.row("限院所：他院病人", "Limited to an institution: another's patient", "deny outside-institution", limited("clinician", "TREAT", institutions=["Organization/tainan"]), whom(institutions=["Organization/taipei"]))
    d.row("限院所：兩院就醫之人", "Limited to an institution: a patient of two", "permit care", limited("clinician", "TREAT", institutions=["Organization/tainan"]), whom(institutions=["Organization/taipei", "Organization/tainan"]))
    d.row("限院所：未曾就醫者", "Limited to an institution: a patient of none", "deny outside-institution", limited("clinician", "TREAT", institutions=["Organization/tainan"]), whom(institutions=None))
    d.row("限病房：住該病房", "Limited to a ward: its patient", "permit care", limited("clinician", "TREAT", wards=["Location/5a"]), whom(wards=["Location/5a"]))
    d.row("限病房：他病房", "Limited to a ward: another's patient", "deny outside-ward", limited("clinician", "TREAT", wards=["Location/5a"]), whom(wards=["Location/7b"]))
    d.row("限病房：未住院", "Limited to a ward: nobody's patient", "deny outside-ward", limited("clinician", "TREAT", wards=["Location/5a"]))
    d.row("區域先於院所而拒絕", "The area is weighed before the institution", "deny outside-area", limited("manager", "GOV", areas=["63000"], institutions=["Organization/taipei"]))
    d.row("院所先於病房而拒絕", "The institution is weighed before the ward", "deny outside-institution", limited("clinician", "TREAT", institutions=["Organization/taipei"], wards=["Location/5a"]))
    d.row("同意不能逾越範圍", "Consent does not widen a scope", "deny outside-area", limited("officer", "GOV", areas=["63000"]), whom(consent(permit(purpose="GOV"))))
    d.row(
        "緊急調閱不能逾越病房限制", "An emergency does not widen a scope", "deny outside-ward",
        asked(scope={"wards": ["Location/5a"]}, emergency={"identifier": "A123456789", "reason": "車禍昏迷送醫急救", "declared": "2026-03-10T08:30:00+08:00"}),
    )
    d.row("在範圍內仍受停止利用", "Inside the scope a stop still stops", "deny stopped @c1:provision", limited("officer", "GOV", areas=["67000"]), whom(consent(deny(purpose="GOV"))))
    d.row("範圍不及無人之紀錄", "A scope does not weigh for a record about nobody", "permit shared", limited("officer", "GOV", areas=["63000"]), what=record("Organization", period=None), nobody=True)
    return d


def surveillance() -> Dimension:
    d = Dimension("surveillance", "疫情調查", "Surveillance and notifiable records", f"{PAGE} 3; 傳染病防治法第39條、第43條")
    yes = record("Condition", notifiable=True)
    d.row("法定傳染病之診斷", "A notifiable diagnosis", "permit surveillance", asked("officer", "PUBHLTH"), what=yes)
    d.row("非法定傳染病之診斷", "A diagnosis that is not notifiable", "deny not-notifiable", asked("officer", "PUBHLTH"), what=record("Condition"))
    d.row("檢驗報告屬通報", "A notifiable result", "permit surveillance", asked("officer", "PUBHLTH"), what=record(notifiable=True))
    d.row("災害應變（DISASTER）同屬", "Disaster response stands below public health", "permit surveillance", asked("officer", "DISASTER"), what=yes)
    d.row("威脅應變（THREAT）非通報紀錄", "A threat does not open what is not notifiable", "deny not-notifiable", asked("officer", "THREAT"), what=record())
    d.row("個案本人基本資料", "The Patient of a case", "permit surveillance", asked("officer", "PUBHLTH"), what=record("Patient", notifiable=True))
    d.row("非個案之基本資料", "The Patient of no case", "deny not-notifiable", asked("officer", "PUBHLTH"), what=record("Patient"))
    stop = whom(consent(deny(purpose="PUBHLTH")))
    d.row("停止利用不及於法定疫情調查", "A denial does not reach surveillance by statute", "permit surveillance", asked("officer", "PUBHLTH"), stop, yes)
    d.row("全部停止利用亦不及於疫情調查", "A denial of everything does not reach surveillance", "permit surveillance", asked("officer", "PUBHLTH"), whom(consent(deny())), yes)
    d.row("愛滋標記不阻卻通報", "A sensitivity label does not close what is notifiable", "permit surveillance", asked("officer", "PUBHLTH"), whom(consent(deny(label="HIV"))), record("Condition", "HIV", "R", notifiable=True))
    d.row("限轄區：轄內", "Within the county", "permit surveillance", asked("officer", "PUBHLTH", scope={"areas": ["67000"]}), what=yes)
    d.row("限轄區：轄外", "Outside the county", "deny outside-area", asked("officer", "PUBHLTH", scope={"areas": ["63000"]}), what=yes)
    d.row("非通報先於轄區", "Not notifiable is said before the area", "deny not-notifiable", asked("officer", "PUBHLTH", scope={"areas": ["63000"]}), what=record())
    d.row("醫師無疫情調查之權", "A clinician has no surveillance", "deny role-lacks-purpose", asked("clinician", "PUBHLTH"), what=yes)
    d.row("疫情調查兼研究：研究已停止", "Surveillance and research: research is stopped", "deny stopped @c1:provision", asked("officer", "PUBHLTH", "HPRGRP"), whom(consent(deny(purpose="HPRGRP"))), yes)
    d.row("政策預設改為拒絕", "A policy whose default for surveillance is deny", "deny no-default", asked("officer", "PUBHLTH"), what=yes, policy={"defaults.surveillance": "deny"})
    d.row("政策改為尊重選擇時，拒絕有效", "Where a policy lets consents weigh, the denial holds", "deny restricted @c1:provision", asked("officer", "PUBHLTH"), stop, yes, policy={"consents.classes": ["care", "secondary", "family", "surveillance"]})
    return d


DIMENSIONS = (purpose, actor, action, statute, scope, surveillance)
