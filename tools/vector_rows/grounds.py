"""Rows about stops, emergencies, Taiwan's law, and the published suites restated in our own words and data."""

# A row is one line, however long: it is read as a table.
# ruff: noqa: E501, I001, PLR0915
# fmt: off

from __future__ import annotations

from typing import Any

from vector_rows.writing import NATIONAL, RESEARCH, Dimension, Json, asked, consent, deny, permit, record, whom

PAGE = "decision.md"
NO, STOPPED = "deny restricted @c1:provision", "deny stopped @c1:provision"
OPENED = "permit emergency +notify +review"
SHUT = {"defaults.care": "deny"}


def stops() -> Dimension:
    d = Dimension("stops", "停止特定目的外利用：類別與目的", "Stops of secondary use, by category and purpose", f"{PAGE} 4; 全民健康保險資料管理條例 退出權")
    kinds = {"imaging": "ImagingStudy", "genetic": "FamilyMemberHistory", "medicines": "MedicationRequest"}
    whole = whom(consent(deny(purpose="HRESCH HQUALIMP GOV TRAIN")))
    for code in ("HRESCH", "HQUALIMP", "GOV", "TRAIN"):
        d.row(f"全部停止：{code}", f"Stopped whole: {code}", STOPPED, asked("analyst", code), whole)
    d.row("全部停止不及於照護", "A whole stop of secondary use leaves care", "permit care", about=whole)
    d.row("全部停止不及於未列之目的", "A purpose that is not named stands", "permit secondary-by-statute", asked("analyst", "PATSFTY"), whole)
    for name, kind in kinds.items():
        for other in kinds:
            stopped = name == other
            said = STOPPED if stopped else "permit secondary-by-statute"
            d.row(f"停止 {other} × 研究：{kind}", f"{other} × research is stopped: {kind}", said, asked("analyst", "HRESCH"), whom(consent(deny(purpose="HRESCH", kind=other))), record(kind))
    d.row("停止影像 × 研究：影像之教學可行", "Imaging × research is stopped: imaging × training stands", "permit secondary-by-statute", asked("analyst", "TRAIN"), whom(consent(deny(purpose="HRESCH", kind="imaging"))), record("ImagingStudy"))
    d.row("停止影像 × 一切二次利用", "Imaging × everything is stopped", STOPPED, asked("analyst", "TRAIN"), whom(consent(deny(purpose="PurposeOfUse", kind="imaging"))), record("ImagingStudy"))
    two = whom(consent(deny(purpose="HRESCH", kind="imaging")), consent(deny(purpose="TRAIN", kind="medicines"), "c2"))
    d.row("兩項一部停止：第一項", "Two partial stops: the first", STOPPED, asked("analyst", "HRESCH"), two, record("ImagingStudy"))
    d.row("兩項一部停止：第二項", "Two partial stops: the second", "deny stopped @c2:provision", asked("analyst", "TRAIN"), two, record("MedicationRequest"))
    d.row("兩項一部停止：交叉者可行", "Two partial stops: what neither names", "permit secondary-by-statute", asked("analyst", "TRAIN"), two, record("ImagingStudy"))
    project = RESEARCH + "lung"
    mine = consent(permit(purpose=project), "c2", "2024-06-01")
    d.row("概括停止，但當事人參加該計畫", "Stopped in general, a participant of the project", "permit project-consent @c2:provision", asked("analyst", project), whom(consent(deny(purpose="HRESCH")), mine))
    d.row("概括停止，他計畫不可", "Stopped in general: another project", STOPPED, asked("analyst", RESEARCH + "heart"), whom(consent(deny(purpose="HRESCH")), mine))
    d.row("概括停止，非計畫之研究不可", "Stopped in general: research without a project", STOPPED, asked("analyst", "HRESCH"), whom(consent(deny(purpose="HRESCH")), mine))
    d.row("明示拒絕該計畫勝於同意", "A denial that names the project stands before the permit", "deny stopped @c3:provision", asked("analyst", project), whom(mine, consent(deny(purpose=project), "c3", "2024-01-01")))
    d.row("計畫同意之條件在外層", "The project is named by the root, a narrower permit inside", "permit project-consent @c2:provision.provision[0]", asked("analyst", project), whom(consent(deny(purpose="HRESCH")), consent(permit(permit(kind="laboratory"), purpose=project), "c2")))
    d.row("計畫同意排除影像：影像停止", "A project agreed to but for imaging: imaging", "deny stopped @c2:provision.provision[0]", asked("analyst", project), whom(consent(permit(deny(kind="imaging"), purpose=project), "c2")), record("ImagingStudy"))
    d.row("計畫同意排除影像：檢驗可行", "A project agreed to but for imaging: laboratory", "permit project-consent @c2:provision", asked("analyst", project), whom(consent(permit(deny(kind="imaging"), purpose=project), "c2")))
    d.row("概括研究同意不勝於停止", "A general consent to research does not stand before a stop", STOPPED, asked("analyst", project), whom(consent(deny(purpose="HRESCH")), consent(permit(purpose="HRESCH"), "c2", "2025-06-01")))
    d.row("全部停止中之計畫例外寫於同一份", "One Consent: all stopped but the project", "permit project-consent @c1:provision.provision[0]", asked("analyst", project), whom(consent(deny(permit(purpose=project), purpose="HRESCH"))))
    d.row("停止涵蓋單一機構之研究", "Research by one body is stopped", STOPPED, asked("analyst", "HRESCH"), whom(consent(deny(purpose="HRESCH", actor="Organization/university"))))
    d.row("以角色停止：官員之統計", "Stopped for a role: an official's statistics", STOPPED, asked("officer", "GOV"), whom(consent(deny(purpose="GOV", actor="role:officer"))))
    d.row("以角色停止：分析人員不受影響", "Stopped for a role: an analyst", "permit secondary-by-statute", asked("analyst", "GOV"), whom(consent(deny(purpose="GOV", actor="role:officer"))))
    return d


def emergency() -> Dimension:
    d = Dimension("emergency", "緊急調閱", "Emergency access", f"{PAGE} 3, step 5; 個人資料保護法第16條但書、醫療法第60條")
    closed = whom(consent(deny()))

    def ask(code: str = "TREAT", role: str = "clinician", **more: Any) -> Json:
        said = {"identifier": "A123456789", "reason": "車禍昏迷送醫急救", "declared": "2026-03-10T08:30:00+08:00", **more}
        return asked(role, code, emergency=said)

    d.row("緊急調閱勝於拒絕", "An emergency opens what is refused", OPENED, ask(), closed)
    d.row("緊急調閱勝於關閉之標記", "An emergency opens a closed label", OPENED, ask(), whom(consent(deny(label="HIV"))), record("Condition", "HIV", "R"))
    d.row("未受限之紀錄，宣告亦留痕", "Without any refusal it is an emergency all the same", OPENED, ask())
    d.row("以 BTG 為目的", "The purpose BTG", OPENED, ask("BTG"), closed)
    d.row("以 BTG 為目的而未宣告", "The purpose BTG, nothing declared", "deny emergency-undeclared", asked("clinician", "BTG"))
    d.row("以 BTG 為目的，當事人同意亦不能代替宣告", "Consent does not stand for a declaration", "deny emergency-undeclared", asked("clinician", "BTG"), whom(consent(permit(purpose="BTG"))))
    d.row("識別碼不符", "Another person's identifier", "deny emergency-identifier,restricted @c1:provision", ask(identifier="A123456788"), closed)
    d.row("識別碼只有末四碼", "Only the last four digits", "deny emergency-identifier,restricted @c1:provision", ask(identifier="6789"), closed)
    d.row("識別碼小寫亦可", "Small letters will do", OPENED, ask(identifier="a123456789"), closed)
    d.row("識別碼附系統", "The identifier with its system", OPENED, ask(identifier=f"{NATIONAL}|A123456789"), closed)
    d.row("理由過短", "The reason is too short", "deny emergency-no-reason,restricted @c1:provision", ask(reason="急救"), closed)
    d.row("理由恰為八字", "A reason of exactly eight characters", OPENED, ask(reason="溺水無呼吸送急診"), closed)
    d.row("理由七字", "A reason of seven characters", "deny emergency-no-reason,restricted @c1:provision", ask(reason="昏迷送醫急救中"), closed)
    d.row("理由為空白", "A reason of blanks", "deny emergency-no-reason,restricted @c1:provision", ask(reason="          "), closed)
    d.row("宣告當時", "At the moment of the declaration", OPENED, ask(declared="2026-03-10T09:00:00+08:00"), closed)
    d.row("四小時前一刻", "The last moment of four hours", OPENED, ask(declared="2026-03-10T05:00:00.001+08:00"), closed)
    d.row("滿四小時", "Four hours are over", "deny emergency-over,restricted @c1:provision", ask(declared="2026-03-10T05:00:00+08:00"), closed)
    d.row("宣告在後", "Declared later than asked", "deny emergency-over,restricted @c1:provision", ask(declared="2026-03-10T09:00:01+08:00"), closed)
    d.row("參數：一小時", "Parameter: one hour", "deny emergency-over,restricted @c1:provision", ask(declared="2026-03-10T08:00:00+08:00"), closed, policy={"emergency.hours": 1})
    d.row("藥師不得宣告", "A pharmacist declares none", "deny emergency-role,restricted @c1:provision", ask(role="pharmacist"), closed, record("MedicationRequest"), policy={"emergency.roles": ["clinician"]})
    d.row("宣告不成立而未受限：依預設，理由仍留", "It does not hold, nothing is refused: the default, the reason stays", "permit emergency-over,care", ask(declared="2026-03-10T05:00:00+08:00"))
    d.row("BTG 而宣告不成立：拒絕", "BTG with a declaration that does not hold", "deny emergency-over", ask("BTG", declared="2026-03-10T05:00:00+08:00"))
    d.row("BTG 而識別碼不符", "BTG with another's identifier", "deny emergency-identifier", ask("BTG", identifier="B123456789"))
    d.row("研究不因緊急而開放", "An emergency opens no research", "deny emergency-not-care,stopped @c1:provision", ask("HRESCH", role="analyst"), whom(consent(deny(purpose="HRESCH"))))
    d.row("研究附緊急宣告：未停止者依法", "Research with a declaration: by statute, the reason stays", "permit emergency-not-care,secondary-by-statute", ask("HRESCH", role="analyst"))
    d.row("一人之宣告不及他人", "A declaration for one person opens no other", "deny emergency-identifier,restricted @c1:provision", ask(), whom(consent(deny()), id="Patient/wu", identifiers=[f"{NATIONAL}|B223456780"]))
    d.row("無識別碼之人不能緊急調閱", "A person without identifiers cannot be opened", "deny emergency-identifier,restricted @c1:provision", ask(), whom(consent(deny()), identifiers=None))
    d.row("行銷不因緊急而可", "No emergency opens marketing", "deny purpose-refused", ask("HMARKT"))
    return d


def law() -> Dimension:
    d = Dimension("law", "臺灣之法律", "The law of Taiwan", "全民健康保險資料管理條例（2025-12-02 三讀）")
    ruling = "憲法法庭111年憲判字第13號"
    biobank, act = "人體生物資料庫管理條例", "全民健康保險資料管理條例"
    pdpa, medical = "個人資料保護法第6條", "醫療法第67條"
    hiv, cdc = "人類免疫缺乏病毒傳染防治及感染者權益保障條例第14條", "傳染病防治法第39條"
    d.row("當事人得請求停止目的外利用", "The right to stop use outside the purpose", STOPPED, asked("analyst", "HRESCH"), whom(consent(deny(purpose="HRESCH"))), source=ruling)
    d.row("停止不及於健保與醫療之原目的", "A stop leaves the original purpose", "permit care", about=whom(consent(deny(purpose="HRESCH"))), source=ruling)
    d.row("未表示者視為同意", "Silence is consent by the Act", "permit secondary-by-statute", asked("analyst", "HRESCH"), source=act)
    d.row("得為一部停止", "A stop may be of a part", STOPPED, asked("analyst", "HRESCH"), whom(consent(deny(purpose="HRESCH", kind="medicines"))), record("MedicationRequest"), source=act)
    d.row("一部停止不及其餘", "A stop of a part leaves the rest", "permit secondary-by-statute", asked("analyst", "HRESCH"), whom(consent(deny(purpose="HRESCH", kind="medicines"))), source=act)
    d.row("先前未停止者，日後仍得停止", "Who did not stop in the window may stop later", STOPPED, asked("analyst", "HRESCH"), whom(consent(deny(purpose="HRESCH"), date="2026-03-09")), source=act)
    d.row("得恢復利用", "A stop may be taken back", "permit secondary-by-statute", asked("analyst", "HRESCH"), whom(consent(deny(purpose="HRESCH"), status="inactive")), source=act)
    d.row("不得為商業行銷", "No commercial marketing", "deny purpose-refused", asked("analyst", "HMARKT"), source=act)
    d.row("商業公司非適格之申請人", "A commercial company may not apply", "deny applicant-not-eligible", asked("analyst", "HRESCH", organisation_kind="company"), source=act, policy={"secondary.refused_organisations": ["company"]})
    d.row("學術機構為適格之申請人", "An academic body may apply", "permit secondary-by-statute", asked("analyst", "HRESCH", organisation_kind="academic"), source=act, policy={"secondary.refused_organisations": ["company"]})
    d.row("不適格者，當事人同意亦不能補正", "Consent does not make an applicant eligible", "deny applicant-not-eligible", asked("analyst", RESEARCH + "lung", organisation_kind="company"), whom(consent(permit(purpose=RESEARCH + "lung"))), source=act, policy={"secondary.refused_organisations": ["company"]})
    d.row("不適格之限制不及照護", "Eligibility does not weigh for care", "permit care", asked(organisation_kind="company"), source=act, policy={"secondary.refused_organisations": ["company"]})
    d.row("醫療品質亦為得利用之目的", "Quality of care is a purpose of the Act", "permit secondary-by-statute", asked("analyst", "HQUALIMP"), source=act)
    d.row("檢體研究須有同意", "Research on specimens needs consent", "deny specimen-needs-consent", asked("analyst", "HRESCH"), what=record("Specimen"), source=biobank)
    d.row("檢體研究，參與者已同意該計畫", "Research on specimens, the participant agreed to the project", "permit project-consent @c1:provision", asked("analyst", RESEARCH + "biobank"), whom(consent(permit(purpose=RESEARCH + "biobank"))), record("Specimen"), source=biobank)
    d.row("檢體研究，同意他計畫者不及", "Research on specimens, another project was agreed to", "deny specimen-needs-consent", asked("analyst", RESEARCH + "biobank"), whom(consent(permit(purpose=RESEARCH + "other"))), record("Specimen"), source=biobank)
    d.row("檢體用於照護不需另行同意", "Specimens in care", "permit care", what=record("Specimen"), source=medical)
    d.row("檢體研究，參與者退出計畫", "The participant has left the project", "deny stopped @c2:provision", asked("analyst", RESEARCH + "biobank"), whom(consent(permit(purpose=RESEARCH + "biobank")), consent(deny(purpose=RESEARCH + "biobank"), "c2", "2025-09-01")), record("Specimen"), source=biobank)
    d.row("病歷由執行醫療業務之醫師閱覽", "A clinician reads in practice", "permit care", source=medical)
    d.row("當事人查詢閱覽之權不得預先拋棄", "The person's own right to read", "permit own-record", asked("citizen", "PATRQT"), whom(consent(deny())), source="個人資料保護法第3條")
    d.row("特種個資，無目的者不得利用", "Sensitive data without a purpose", "deny purpose-missing", {**asked("analyst"), "purposes": []}, source=pdpa)
    d.row("感染者身分之紀錄依當事人關閉", "A record of HIV that the person has closed", "deny part-closed @c1:provision", about=whom(consent(deny(label="HIV"))), what=record("Condition", "HIV", "R"), source=hiv)
    d.row("法定傳染病通報不受停止影響", "Notifiable disease is not stopped", "permit surveillance", asked("officer", "PUBHLTH"), whom(consent(deny(purpose="PurposeOfUse"))), record("Condition", notifiable=True), source=cdc)
    d.row("十八歲為成年", "Majority at eighteen: the guardian's permit has lapsed", "deny no-default", asked(at="2026-05-17T00:00:00+08:00"), whom(consent(permit(), performer="RelatedPerson/mother"), born="2008-05-17", stand_ins=[{"kind": "guardian", "who": "RelatedPerson/mother"}]), source="民法第12條", policy=SHUT)
    d.row("十八歲前一日仍未成年", "The day before: the guardian's permit holds", "permit consent-permits @c1:provision", asked(at="2026-05-16T23:59:59+08:00"), whom(consent(permit(), performer="RelatedPerson/mother"), born="2008-05-17", stand_ins=[{"kind": "guardian", "who": "RelatedPerson/mother"}]), source="民法第12條", policy=SHUT)
    return d


def leap() -> Dimension:
    d = Dimension("leap", "LEAP 所測之情形（以自有資料重寫）", "The cases that LEAP tests, written anew", "decision.md; the kinds of cases that LEAP-CDS tests, restated")
    d.row("加入者：准許", "Opted in: permitted", "permit consent-permits @c1:provision", about=whom(consent(permit())), policy=SHUT)
    d.row("退出者：拒絕", "Opted out: denied", NO, about=whom(consent(deny())))
    d.row("無同意書：無結論，依預設", "No Consent: none found, the default", "deny no-default", policy=SHUT)
    d.row("同意書之範疇不同：對研究之同意不及照護", "Consent of another kind: research, care is asked", "deny no-default", about=whom(consent(permit(purpose="HRESCH"))), policy=SHUT)
    d.row("範疇寫於 category 者亦採計", "The kind stands in the category", "permit consent-permits @c1:provision", about=whom(consent(permit(), scope=None)), policy=SHUT)
    d.row("已屆滿：無結論", "Expired: no verdict", "deny no-default", about=whom(consent(permit(period="/2025-12-31"))), policy=SHUT)
    d.row("尚未生效：無結論", "Not yet valid: no verdict", "deny no-default", about=whom(consent(permit(period="2027-01-01/"))), policy=SHUT)
    d.row("非有效狀態：無結論", "Inactive: no verdict", "deny no-default", about=whom(consent(permit(), status="inactive")), policy=SHUT)
    d.row("排除之院所詢問", "An excluded institution asks", "deny restricted @c1:provision.provision[0]", about=whom(consent(permit(deny(actor="Organization/tainan")))))
    d.row("未排除之院所詢問", "Another institution asks", "permit consent-permits @c1:provision", asked(organisation="Organization/taipei"), whom(consent(permit(deny(actor="Organization/tainan")))))
    d.row("多個識別碼之一為排除者", "One of several identifiers is excluded", "deny restricted @c1:provision.provision[0]", asked(identifiers=["urn:npi|1", "urn:facility|0421040011"]), whom(consent(permit(deny(actor="id:urn:facility|0421040011")))))
    d.row("排除之醫師詢問", "An excluded practitioner asks", "deny restricted @c1:provision.provision[0]", about=whom(consent(permit(deny(actor="Practitioner/lin")))))
    d.row("排除之目的", "An excluded purpose", "deny restricted @c1:provision.provision[0]", asked("clinician", "COC"), whom(consent(permit(deny(purpose="COC")))))
    d.row("行銷為排除之目的", "Marketing as an excluded purpose", "deny purpose-refused", asked("clinician", "HMARKT"), whom(consent(permit(deny(purpose="HMARKT")))))
    psy = {"path": "Bundle.entry[0]", "labels": ["PSY"]}
    sdv = {"path": "Bundle.entry[1]", "labels": ["SDV"]}
    d.row("排除一個標記：准許並遮去", "One label is excluded: permitted, its part taken out", "permit consent-permits @c1:provision +redact:Bundle.entry[0]:PSY", about=whom(consent(permit(deny(label="PSY")))), what=record("Bundle", "N", parts=[psy, {"path": "Bundle.entry[2]", "labels": ["N"]}]))
    d.row("一則條款排除多個標記", "Several labels in one provision", "permit consent-permits @c1:provision +redact:Bundle.entry[0]:PSY +redact:Bundle.entry[1]:SDV", about=whom(consent(permit(deny(label="PSY SDV")))), what=record("Bundle", "N", parts=[psy, sdv]))
    d.row("多則條款各排除一個標記", "Several provisions with a label each", "permit consent-permits @c1:provision +redact:Bundle.entry[0]:PSY +redact:Bundle.entry[1]:SDV", about=whom(consent(permit(deny(label="PSY"), deny(label="SDV")))), what=record("Bundle", "N", parts=[psy, sdv]))
    d.row("標記與種類併列，種類不符：不遮去", "A label with a class that is not the record's", "permit consent-permits @c1:provision", about=whom(consent(permit(deny(label="PSY", kind="Condition")))), what=record("Observation", "N", parts=[psy]))
    d.row("標記與種類併列，兩者相符", "A label with the record's class", "permit consent-permits @c1:provision +redact:Bundle.entry[0]:PSY", about=whom(consent(permit(deny(label="PSY", kind="Bundle")))), what=record("Bundle", "N", parts=[psy]))
    d.row("所問種類即排除之種類：拒絕", "The class asked is the one excluded", "deny part-closed @c1:provision.provision[0]", about=whom(consent(permit(deny(kind="MedicationRequest")))), what=record("MedicationRequest"))
    d.row("排除之臨床代碼：准許並遮蔽", "A clinical code is excluded: permitted, its part masked", "permit consent-permits @c1:provision +mask:Bundle.entry[0]:http://hl7.org/fhir/sid/icd-10-cm|F10.2", about=whom(consent(permit(deny(code="http://hl7.org/fhir/sid/icd-10-cm|F10.2")))), what=record("Bundle", "N", parts=[{"path": "Bundle.entry[0]", "codes": ["http://hl7.org/fhir/sid/icd-10-cm|F10.2"]}]))
    d.row("多則條款之一無內容限制而排除查閱者", "One of several provisions excludes the asker without limits", "deny restricted @c1:provision.provision[1]", about=whom(consent(permit(deny(label="PSY"), deny(actor="Organization/tainan")))), what=record("Observation", "N"))
    d.row("根之目的不符：無結論", "The root's purpose does not match", "deny no-default", about=whom(consent(permit(purpose="HPAYMT"))), policy=SHUT)
    d.row("根之目的相符", "The root's purpose matches", "permit consent-permits @c1:provision", about=whom(consent(permit(purpose="TREAT"))), policy=SHUT)
    d.row("根之多個目的之一相符", "One of the root's purposes matches", "permit consent-permits @c1:provision", about=whom(consent(permit(purpose="HPAYMT TREAT"))), policy=SHUT)
    older, newer = consent(deny(), "c1", "2020-01-01"), consent(permit(), "c2", "2025-01-01")
    d.row("較舊之退出與較新之加入：most-recent", "An older opt-out, a newer opt-in: most-recent", "permit consent-permits @c2:provision", about=whom(older, newer), policy={"combining.care": "most-recent"})
    d.row("較舊之退出與較新之加入：deny-overrides", "An older opt-out, a newer opt-in: deny-overrides", NO, about=whom(older, newer), policy={"combining.care": "deny-overrides"})
    return d


def policies() -> Dimension:
    d = Dimension("hl7_policies", "HL7 資料存取政策之範例", "The examples of HL7's Data Access Policies", "HL7/data-access-policies (CC0-1.0), Permission")
    tpo = "TREAT HPAYMT HOPERAT"
    shut = {"defaults.care": "deny", "defaults.secondary": "deny"}
    yes, own = "permit consent-permits @c1:provision", "Practitioner/ex-practitioner"
    by, other = record(authors=[own]), record(authors=["Practitioner/ex-author"])
    one, two = asked(id=own), asked(id="Practitioner/other")
    name = "ex-permission-not-bob"
    bob = whom(consent(permit(deny(actor=own), purpose=tpo)))
    d.row("不准某醫師：其人", "Not Bob: Bob asks", "deny restricted @c1:provision.provision[0]", one, bob, source=name)
    d.row("不准某醫師：他人", "Not Bob: somebody else asks", yes, two, bob, source=name)
    name = "ex-permission-timeout"
    year = whom(consent(permit(purpose=tpo, period="2023-11-22/2024-11-22"), date="2023-11-22"))
    for at, said in (("2023-11-21T23:59:59+08:00", "deny no-default"), ("2023-11-22T00:00:00+08:00", yes), ("2024-11-22T23:59:59+08:00", yes), ("2024-11-23T00:00:00+08:00", "deny no-default")):
        d.row(f"一年為期：{at}", f"Valid for a year: {at}", said, asked(at=at), year, source=name, policy=shut)
    name = "ex-permission-intermediate-authoredby"
    author = whom(consent(permit(purpose=tpo, data=f"authoredby:{own}")))
    d.row("只准某醫師所寫", "Only what one practitioner wrote", yes, two, author, by, source=name, policy=shut)
    d.row("只准某醫師所寫：他人所寫", "Only what one practitioner wrote: another's", "deny no-default", two, author, other, source=name, policy=shut)
    name = "ex-permission-intermediate-not-authoredby"
    author = whom(consent(permit(deny(data=f"authoredby:{own}"), purpose=tpo)))
    d.row("不准某醫師所寫", "All but what one practitioner wrote", "deny part-closed @c1:provision.provision[0]", two, author, by, source=name)
    d.row("不准某醫師所寫：他人所寫", "All but what one practitioner wrote: another's", yes, two, author, other, source=name)
    d.row("僅及治療、給付與維運，不及研究", "Treatment, payment, operations; research is asked", "deny no-default", asked("analyst", "HRESCH"), author, other, source=name, policy=shut)
    name = "ex-permission-redisclose-forbidden-without-consent"
    d.row("未經同意不得轉揭露", "No redisclosure without consent", "permit consent-permits @c1:provision +no-redisclosure", about=whom(consent(permit(purpose=tpo))), what=record("Observation", "NORDSCLCD", "N"), source=name, policy=shut)
    name = "ex-overriding-rbac-by-role"
    doctor = whom(consent(deny(permit(actor="PractitionerRole/doctor", kind="Observation AllergyIntolerance Condition", purpose="TREAT"), permit(actor="PractitionerRole/dietician", kind="AllergyIntolerance Condition", purpose="TREAT", action="access"))))
    doc, diet = asked(memberships=["PractitionerRole/doctor"]), asked(memberships=["PractitionerRole/dietician"])
    d.row("以角色：醫師讀檢驗", "By role: a doctor reads an Observation", "permit consent-permits @c1:provision.provision[0]", doc, doctor, source=name)
    d.row("以角色：醫師改檢驗", "By role: a doctor corrects an Observation", "permit consent-permits @c1:provision.provision[0]", asked(memberships=["PractitionerRole/doctor"], action="correct"), doctor, source=name)
    d.row("以角色：營養師讀過敏", "By role: a dietician reads an allergy", "permit consent-permits @c1:provision.provision[1]", diet, doctor, record("AllergyIntolerance"), source=name)
    d.row("以角色：營養師不得改過敏", "By role: a dietician does not change an allergy", NO, asked(memberships=["PractitionerRole/dietician"], action="correct"), doctor, record("AllergyIntolerance"), source=name)
    d.row("以角色：營養師不得讀檢驗", "By role: a dietician reads no Observation", NO, diet, doctor, source=name)
    d.row("以角色：無角色者", "By role: nobody's role", NO, asked(), doctor, source=name)
    name = "ex-overriding-rbac-by-resource"
    by_type = whom(consent(deny(permit(permit(actor="PractitionerRole/doctor"), kind="Condition", action="disclose"), permit(kind="AllergyIntolerance"))))
    d.row("以種類：過敏", "By resource: allergies", "permit consent-permits @c1:provision.provision[1]", about=by_type, what=record("AllergyIntolerance"), source=name)
    d.row("以種類：診斷攜出", "By resource: a condition is disclosed by a doctor", "permit consent-permits @c1:provision.provision[0].provision[0]", asked(memberships=["PractitionerRole/doctor"], action="disclose"), by_type, record("Condition"), source=name)
    d.row("以種類：診斷讀取不在內", "By resource: a condition is read", NO, doc, by_type, record("Condition"), source=name)
    name = "ex-overriding-abac-by-tag"
    tags = whom(consent(deny(permit(label="N"), permit(label="R", actor="PractitionerRole/doctor"))))
    d.row("以標記：普通級", "By tag: normal", "permit consent-permits @c1:provision.provision[0]", diet, tags, record("Observation", "N"), source=name)
    d.row("以標記：限閱級，醫師", "By tag: restricted, a doctor", "permit consent-permits @c1:provision.provision[1]", doc, tags, record("Observation", "R"), source=name)
    d.row("以標記：限閱級，營養師", "By tag: restricted, a dietician", NO, diet, tags, record("Observation", "R"), source=name)
    d.row("以標記：極機密，醫師", "By tag: very restricted, a doctor", NO, doc, tags, record("Observation", "V"), source=name)
    name = "ex-permission-directory-exclude-location"
    d.row("排除地點之部分", "Parts that say where somebody is are taken out", "permit care +redact:Encounter.location[0]:LOCIS", about=whom(consent(deny(label="LOCIS"))), what=record("Encounter", parts=[{"path": "Encounter.location[0]", "labels": ["LOCIS"]}]), source=name)
    name = "ex-saner"
    d.row("單一彙總報告准予該機構", "One report is let to one institution", yes, about=whom(consent(permit(data="instance:MeasureReport/m1", actor="Organization/tainan", action="access"))), what=record("MeasureReport", id="m1"), source=name, policy=shut)
    d.row("單一彙總報告：他報告不在內", "Another report is not", "deny no-default", about=whom(consent(permit(data="instance:MeasureReport/m1", actor="Organization/tainan", action="access"))), what=record("MeasureReport", id="m2"), source=name, policy=shut)
    name = "permission-rule-combining"
    first, second = consent(permit(purpose="TREAT"), "c1", "2025-01-10"), consent(deny(actor="Practitioner/lin"), "c2", "2024-01-10")
    no2 = "deny restricted @c2:provision"
    for algorithm, said in (("deny-overrides", no2), ("permit-overrides", yes), ("deny-unless-permit", yes), ("permit-unless-deny", no2)):
        d.row(f"合併方法 {algorithm}", f"Combined by {algorithm}", said, about=whom(first, second), policy={"combining.care": algorithm}, source=name)
    return d


DIMENSIONS = (stops, emergency, law, leap, policies)
