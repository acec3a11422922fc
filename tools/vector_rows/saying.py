"""Rows about what a Consent says: records, labels, time, status, nesting, combining, parts."""

# A row is one line, however long: it is read as a table.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from vector_rows.writing import Dimension, asked, consent, deny, permit, provision, record, whom

PAGE = "decision.md"
CLOSED = "deny part-closed @c1:provision"


def category() -> Dimension:
    d = Dimension("category", "紀錄的種類、代碼與日期", "Category, code and date of the record", f"{PAGE} 4, class, code, dataPeriod, data")
    for kind, name in (("ImagingStudy", "imaging"), ("MedicationRequest", "medicines"), ("Condition", "diagnoses"), ("Encounter", "visits"), ("MolecularSequence", "genetic"), ("CarePlan", "care-plans")):
        d.row(f"拒絕資料類別 {name}：{kind}", f"The category {name} is denied: {kind}", CLOSED, about=whom(consent(deny(kind=name))), what=record(kind))
    d.row("拒絕影像：檢驗不受影響", "Imaging is denied, laboratory stands", "permit care", about=whom(consent(deny(kind="imaging"))))
    d.row("拒絕資源類型 Observation", "The type Observation is denied", CLOSED, about=whom(consent(deny(kind="Observation"))))
    d.row("拒絕 Observation：DiagnosticReport 不受影響", "Observation is denied, DiagnosticReport stands", "permit care", about=whom(consent(deny(kind="Observation"))), what=record("DiagnosticReport"))
    d.row("類別名稱不是類型名稱", "A category is no type of that name", "permit care", about=whom(consent(deny(kind="observation"))))
    d.row("多類別之一相符", "One of several categories", CLOSED, about=whom(consent(deny(kind="imaging laboratory"))))
    code = "http://loinc.org|74013-4"
    d.row("拒絕特定檢驗代碼", "One code is denied", CLOSED, about=whom(consent(deny(code=code))), what=record(codes=[code]))
    d.row("紀錄有多個代碼，其一相符", "One of the record's codes matches", CLOSED, about=whom(consent(deny(code=code))), what=record(codes=["https://nhi|09005C", code]))
    d.row("代碼不同", "Another code", "permit care", about=whom(consent(deny(code=code))), what=record(codes=["http://loinc.org|2339-0"]))
    d.row("代碼同而系統不同", "The same code of another system", "permit care", about=whom(consent(deny(code=code))), what=record(codes=["http://example.org|74013-4"]))
    d.row("紀錄無代碼", "A record without codes", "permit care", about=whom(consent(deny(code=code))))
    d.row("須類別與代碼同時相符", "Category and code must both match", "permit care", about=whom(consent(deny(kind="imaging", code=code))), what=record(codes=[code]))
    d.row("資料期間內", "The record lies in the data period", CLOSED, about=whom(consent(deny(dates="2025-01-01/2025-12-31"))))
    d.row("資料期間外", "The record lies outside the data period", "permit care", about=whom(consent(deny(dates="2024-01-01/2024-12-31"))))
    d.row("拒絕：與資料期間相交即適用", "A denial applies where the periods touch", CLOSED, about=whom(consent(deny(dates="2025-01-01/2025-06-30"))), what=record("Encounter", period={"start": "2025-06-30", "end": "2025-07-04"}))
    d.row("同意：須全在資料期間內", "A permit asks that the record lie wholly inside", "deny no-default", about=whom(consent(permit(dates="2025-01-01/2025-06-30"))), what=record("Encounter", period={"start": "2025-06-30", "end": "2025-07-04"}), policy={"defaults.care": "deny"})
    d.row("同意：全在期間內", "A permit whose data period holds the record", "permit consent-permits @c1:provision", about=whom(consent(permit(dates="2025-01-01/2025-06-30"))), policy={"defaults.care": "deny"})
    d.row("無日期之紀錄：同意不及", "A record without a date: a permit does not reach it", "deny no-default", about=whom(consent(permit(dates="2025-01-01/2025-12-31"))), what=record(period=None), policy={"defaults.care": "deny"})
    d.row("無日期之紀錄：拒絕及之", "A record without a date: a denial does", CLOSED, about=whom(consent(deny(dates="2025-01-01/2025-12-31"))), what=record(period=None))
    d.row("資料期間以年書寫，含該年末日", "A data period written as a year holds its last day", CLOSED, about=whom(consent(deny(dates="2025/2025"))), what=record(period={"start": "2025-12-31", "end": "2025-12-31"}))
    d.row("資料期間只有開始", "A data period that is open behind", CLOSED, about=whom(consent(deny(dates="2025-06/"))))
    d.row("資料期間只有結束", "A data period that is open before", "permit care", about=whom(consent(deny(dates="/2025-05"))))
    for meaning, target, more in (
        ("instance", "Observation/r1", {}), ("related", "Observation/r1", {}), ("related", "Encounter/e1", {"references": ["Encounter/e1"]}),
        ("dependents", "Encounter/e1", {"references": ["Encounter/e1"]}), ("authoredby", "Practitioner/huang", {"authors": ["Practitioner/huang"]}),
    ):
        d.row(f"特定資料 {meaning}：{target}", f"Data by {meaning}: {target}", CLOSED, about=whom(consent(deny(data=f"{meaning}:{target}"))), what=record(**more))
    for meaning, target, more in (
        ("instance", "Observation/r2", {}), ("instance", "Encounter/e1", {"references": ["Encounter/e1"]}), ("dependents", "Observation/r1", {}),
        ("authoredby", "Practitioner/huang", {"authors": ["Practitioner/lin"]}), ("related", "Encounter/e2", {"references": ["Encounter/e1"]}),
    ):
        d.row(f"特定資料 {meaning} 不相符：{target}", f"Data by {meaning} that does not match: {target}", "permit care", about=whom(consent(deny(data=f"{meaning}:{target}"))), what=record(**more))
    d.row("多筆特定資料之一", "One of several instances", CLOSED, about=whom(consent(deny(data="instance:Observation/r9 instance:Observation/r1"))))
    d.row("只停止影像之研究：檢驗研究可行", "Research on imaging is stopped, on laboratory it stands", "permit secondary-by-statute", asked("analyst", "HRESCH"), whom(consent(deny(kind="imaging", purpose="HRESCH"))))
    return d


def label() -> Dimension:
    d = Dimension("label", "敏感與機密標記", "Sensitivity and confidentiality labels", f"{PAGE} 4, securityLabel")
    for one in ("HIV", "PSY", "SDV", "SEX", "ETH", "GDIS", "STD", "SUD"):
        d.row(f"關閉 {one}：紀錄有此標記", f"{one} is closed and borne", CLOSED, about=whom(consent(deny(label=one))), what=record("Condition", one, "R"))
    d.row("關閉 HIV：精神科紀錄不受影響", "HIV is closed, PSY stands", "permit care", about=whom(consent(deny(label="HIV"))), what=record("Condition", "PSY", "R"))
    d.row("關閉物質使用，含其下之酒精", "Substance use is closed with alcohol below it", CLOSED, about=whom(consent(deny(label="SUD"))), what=record("Condition", "ETHUD", "R"))
    d.row("關閉酒精，不含上層物質使用", "Alcohol is closed, substance use above it stands", "permit care", about=whom(consent(deny(label="ETHUD"))), what=record("Condition", "SUD", "R"))
    d.row("關閉 BH，含其下之認知", "Behavioural health is closed with cognition below it", CLOSED, about=whom(consent(deny(label="BH"))), what=record("Condition", "COGN", "R"))
    d.row("多標記之一相符", "One of several labels", CLOSED, about=whom(consent(deny(label="HIV PSY"))), what=record("Condition", "PSY", "R"))
    d.row("紀錄有多個標記", "The record bears several labels", CLOSED, about=whom(consent(deny(label="HIV"))), what=record("Condition", "PSY", "HIV", "R"))
    shut = {"defaults.care": "deny"}
    for mine, said, result in (("N", "N", "yes"), ("L", "N", "yes"), ("U", "N", "yes"), ("M", "N", "yes"), ("R", "N", "no"), ("V", "N", "no"), ("R", "R", "yes"), ("N", "R", "yes"), ("V", "R", "no"), ("V", "V", "yes")):
        text = "permit consent-permits @c1:provision" if result == "yes" else "deny no-default"
        d.row(f"同意至 {said} 級：紀錄 {mine} 級", f"A permit up to {said}: the record is {mine}", text, about=whom(consent(permit(label=said))), what=record("Condition", mine), policy=shut)
    for mine, said, result in (("R", "R", "yes"), ("V", "R", "yes"), ("N", "R", "no"), ("L", "R", "no"), ("V", "V", "yes"), ("R", "V", "no"), ("N", "N", "yes")):
        text = CLOSED if result == "yes" else "permit care"
        d.row(f"拒絕 {said} 級以上：紀錄 {mine} 級", f"A denial from {said} up: the record is {mine}", text, about=whom(consent(deny(label=said))), what=record("Condition", mine))
    d.row("兩個機密等級取高者", "Of two levels the higher counts", CLOSED, about=whom(consent(deny(label="R"))), what=record("Condition", "N", "R"))
    d.row("同意：兩個機密等級取高者", "A permit, of two levels the higher counts", "deny no-default", about=whom(consent(permit(label="N"))), what=record("Condition", "N", "R"), policy=shut)
    d.row("後加之標記：先前可讀，加標後關閉（加標前）", "A label added later: before it is added", "permit care", about=whom(consent(deny(label="HIV"))), what=record("Condition", "N"))
    d.row("後加之標記：加標後關閉", "A label added later: after it is added", CLOSED, about=whom(consent(deny(label="HIV"))), what=record("Condition", "N", "HIV"))
    d.row("關閉 HIV 但准許主治醫師", "HIV is closed but for one clinician", "permit consent-permits @c1:provision.provision[0]", about=whom(consent(deny(permit(actor="Practitioner/lin"), label="HIV"))), what=record("Condition", "HIV", "R"))
    d.row("關閉 HIV：統計亦停止", "HIV is closed for secondary use as well", "deny stopped @c1:provision", asked("analyst", "HRESCH"), whom(consent(deny(label="HIV"))), record("Condition", "HIV", "R"))
    return d


def unlabelled() -> Dimension:
    d = Dimension("unlabelled", "未標記之紀錄", "Unlabelled records", f"{PAGE} 4, labels.unlabelled and labels.sensitive")
    shut = {"defaults.care": "deny"}
    yes, no = "permit consent-permits @c1:provision", "deny no-default"
    n, r = whom(consent(permit(label="N"))), whom(consent(permit(label="R")))
    d.row("未標記視為普通：同意普通級", "Unlabelled counts as normal: a permit of normal", yes, about=n, policy=shut)
    d.row("未標記視為普通：同意限閱級", "Unlabelled counts as normal: a permit of restricted", yes, about=r, policy=shut)
    d.row("未標記視為普通：拒絕限閱級不及", "Unlabelled counts as normal: a denial of restricted leaves it", "permit care", about=whom(consent(deny(label="R"))))
    d.row("未標記視為普通：拒絕普通級及之", "Unlabelled counts as normal: a denial of normal reaches it", CLOSED, about=whom(consent(deny(label="N"))))
    d.row("有敏感標記而無等級視為限閱：普通級同意不及", "Sensitive without a level counts as restricted: a permit of normal leaves it", no, about=n, what=record("Condition", "PSY"), policy=shut)
    d.row("有敏感標記而無等級視為限閱：限閱級同意及之", "Sensitive without a level counts as restricted: a permit of restricted reaches it", yes, about=r, what=record("Condition", "PSY"), policy=shut)
    d.row("有敏感標記而無等級視為限閱：拒絕限閱級及之", "Sensitive without a level: a denial of restricted reaches it", CLOSED, about=whom(consent(deny(label="R"))), what=record("Condition", "SDV"))
    d.row("有敏感標記亦有等級：依其等級", "Sensitive with a level keeps its level", yes, about=n, what=record("Condition", "PSY", "N"), policy=shut)
    d.row("參數：未標記視為限閱，拒絕及之", "Parameter: unlabelled counts as restricted, a denial reaches it", CLOSED, about=whom(consent(deny(label="R"))), policy={"labels.unlabelled": "R"})
    d.row("參數：未標記視為限閱，普通級同意不及", "Parameter: unlabelled counts as restricted, a permit of normal leaves it", no, about=n, policy={"labels.unlabelled": "R", "defaults.care": "deny"})
    d.row("參數：敏感視為極機密", "Parameter: sensitive counts as very restricted", no, about=r, what=record("Condition", "HIV"), policy={"labels.sensitive": "V", "defaults.care": "deny"})
    d.row("關閉敏感標記，未標記者不受影響", "A closed label leaves what bears none", "permit care", about=whom(consent(deny(label="HIV"))))
    return d


def time() -> Dimension:
    d = Dimension("time", "期間與時刻", "Time", f"{PAGE} 4, period")
    stopped = "deny restricted @c1:provision"
    rows = (
        ("2026-01-01/2026-12-31", "2026-03-10T09:00:00+08:00", True, "期間內", "inside"),
        ("2026-01-01/2026-12-31", "2026-12-31T23:59:59.999+08:00", True, "末日最後一刻", "the last moment of the last day"),
        ("2026-01-01/2026-12-31", "2027-01-01T00:00:00+08:00", False, "末日之後第一刻", "the first moment after"),
        ("2026-01-01/2026-12-31", "2026-01-01T00:00:00+08:00", True, "首日第一刻", "the first moment of the first day"),
        ("2026-01-01/2026-12-31", "2025-12-31T23:59:59.999+08:00", False, "首日之前最後一刻", "the last moment before"),
        ("2026-01-01/2026-12-31", "2025-12-31T16:00:00Z", True, "以世界時書寫之首刻", "the first moment written in UTC"),
        ("2026-01-01/2026-12-31", "2026-12-31T16:00:00Z", False, "世界時已逾臺北末日", "past the last day in Taipei, not yet in UTC"),
        ("2026/2026", "2026-12-31T23:59:59+08:00", True, "只寫年", "a year"),
        ("2026-03/2026-03", "2026-03-31T23:59:59+08:00", True, "只寫年月", "a month"),
        ("2026-03/2026-03", "2026-04-01T00:00:00+08:00", False, "次月", "the month after"),
        ("2028-02/2028-02", "2028-02-29T12:00:00+08:00", True, "閏日", "a leap day"),
        ("2026-02/2026-02", "2026-02-28T23:59:59+08:00", True, "平年二月末日", "the last day of a common February"),
        ("2026-03-10T09:00:00+08:00/", "2026-03-10T08:59:59.999+08:00", False, "起始時刻之前", "before the start's moment"),
        ("2026-03-10T09:00:00+08:00/", "2026-03-10T09:00:00+08:00", True, "起始時刻", "at the start's moment"),
        ("2026-03-10T09:00:00/", "2026-03-10T01:00:00Z", True, "無時區以臺北計", "without a zone it is Taipei's"),
        ("/2026-03-10T09:00:00+09:00", "2026-03-10T08:00:00.500+08:00", True, "他時區之末秒含其全秒", "a last second in another zone counts whole"),
        ("/2026-03-10T09:00:00+09:00", "2026-03-10T08:00:01+08:00", False, "他時區之末秒已過", "the second after it"),
        ("2027-01-01/", "2026-03-10T09:00:00+08:00", False, "尚未開始", "it has not begun"),
        ("/2025-12-31", "2026-03-10T09:00:00+08:00", False, "已屆滿", "it has ended"),
        ("2020-01-01/", "2099-01-01T00:00:00+08:00", True, "無末日", "it has no end"),
    )
    for span, at, inside, zh, en in rows:
        d.row(f"拒絕之期間：{zh}", f"The period of a denial: {en}", stopped if inside else "permit care", asked(at=at), whom(consent(deny(period=span))))
    d.row("內層期間已過，外層仍有效", "The inner period is over, the outer stands", "deny restricted @c1:provision", about=whom(consent(deny(permit(actor="Practitioner/lin", period="/2025-12-31")))))
    d.row("內層期間有效", "The inner period holds", "permit consent-permits @c1:provision.provision[0]", about=whom(consent(deny(permit(actor="Practitioner/lin", period="/2026-12-31")))))
    d.row("日後才具名日期之拒絕立即有效", "A denial dated tomorrow denies today", stopped, about=whom(consent(deny(), date="2026-03-11")))
    d.row("日後才具名日期之同意尚無效", "A permit dated tomorrow permits not yet", "deny no-default", about=whom(consent(permit(), date="2026-03-11")), policy={"defaults.care": "deny"})
    d.row("當日所為之同意已有效", "A permit dated today permits", "permit consent-permits @c1:provision", about=whom(consent(permit(), date="2026-03-10")), policy={"defaults.care": "deny"})
    d.row("無法讀取之期間：拒絕仍有效", "A period that cannot be read leaves the denial", stopped, about=whom(consent(deny(period="2026-02-30/"))))
    d.row("無法讀取之期間：同意無效", "A period that cannot be read undoes a permit", "deny no-default", about=whom(consent(permit(period="2026-02-30/"))), policy={"defaults.care": "deny"})
    d.row("無法讀取之日期：同意無效", "A dateTime that cannot be read undoes a permit", "deny no-default", about=whom(consent(permit(), date="2025-13-01")), policy={"defaults.care": "deny"})
    d.row("無法讀取之資料期間：拒絕及於全部", "A data period that cannot be read: the denial reaches all", stopped, about=whom(consent(deny(dates="2025-99/"))))
    return d


def status() -> Dimension:
    d = Dimension("status", "狀態與查證", "Status and verification", f"{PAGE} 4, in force 1, 3, 4, 7")
    stopped, shut = "deny restricted @c1:provision", {"defaults.care": "deny"}
    for one in ("draft", "rejected", "inactive", "entered-in-error"):
        d.row(f"拒絕之狀態 {one}：不生效", f"A denial that is {one} has no effect", "permit care", about=whom(consent(deny(), status=one)))
        d.row(f"同意之狀態 {one}：不生效", f"A permit that is {one} has no effect", "deny no-default", about=whom(consent(permit(), status=one)), policy=shut)
    d.row("提出中之撤回已生效", "A withdrawal on its way denies already", stopped, about=whom(consent(deny(), status="proposed")))
    d.row("提出中之同意尚無效", "A permit on its way permits nothing", "deny no-default", about=whom(consent(permit(), status="proposed")), policy=shut)
    d.row("參數：提出中之撤回不生效", "Parameter: a withdrawal on its way waits", "permit care", about=whom(consent(deny(), status="proposed")), policy={"consents.pending_withdrawal": False})
    d.row("提出中：內層拒絕而根為同意者不生效", "On its way, a denial inside a permit waits", "permit care", about=whom(consent(permit(deny(actor="Practitioner/lin")), status="proposed")))
    d.row("提出中：拒絕中之例外尚無效", "On its way, the exception inside a denial waits, the denial does not", stopped, about=whom(consent(deny(permit(actor="Practitioner/lin")), status="proposed")))
    yes, no = {"verification": [{"verified": True}]}, {"verification": [{"verified": False}]}
    d.row("未經查證之紙本同意無效", "An unverified permit counts for nothing", "deny no-default", about=whom(consent(permit(), **no)), policy=shut)
    d.row("經查證之同意有效", "A verified permit counts", "permit consent-permits @c1:provision", about=whom(consent(permit(), **yes)), policy=shut)
    d.row("未經查證之拒絕有效", "An unverified denial counts", stopped, about=whom(consent(deny(), **no)))
    d.row("多次查證其一成立", "One of several verifications succeeded", "permit consent-permits @c1:provision", about=whom(consent(permit(), verification=[{"verified": False}, {"verified": True}])), policy=shut)
    d.row("參數：未經查證亦可", "Parameter: unverified permits count", "permit consent-permits @c1:provision", about=whom(consent(permit(), **no)), policy={"defaults.care": "deny", "consents.unverified": True})
    d.row("未經查證：例外無效而拒絕仍在", "Unverified: the exception lapses, the denial around it stays", stopped, about=whom(consent(deny(permit(actor="Practitioner/lin")), **no)))
    d.row("無條款、policyRule 為退出：拒絕", "No provision, policyRule opt-out: a denial", stopped, about=whom(consent(policyRule={"coding": [{"code": "OPTOUT"}]})))
    d.row("無條款、policyRule 為加入：同意", "No provision, policyRule opt-in: a permit", "permit consent-permits @c1:provision", about=whom(consent(policyRule={"coding": [{"code": "OPTIN"}]})), policy=shut)
    d.row("根無 type，policyRule 為附例外之退出", "No root type, policyRule opt-out with exceptions", "permit consent-permits @c1:provision.provision[0]", about=whom(consent(provision(None, provision(None, actor="Practitioner/lin")), policyRule={"coding": [{"code": "OPTOUTE"}]})), policy=shut)
    d.row("根無 type 亦無 policyRule：不置可否", "No root type and no policyRule say nothing", "permit care", about=whom(consent(provision(None, actor="Practitioner/lin"))))
    d.row("不明 type：不置可否", "An unknown type says nothing", "deny no-default", about=whom(consent(provision("maybe"))), policy=shut)
    d.row("由不相干之人具名：不生效", "Given by somebody without standing", "permit care", about=whom(consent(deny(), performer="RelatedPerson/neighbour")))
    d.row("由機構具名：不生效", "Given by an institution", "permit care", about=whom(consent(deny(), performer="Organization/tainan")))
    d.row("由本人與見證人共同具名：有效", "Given by the person and a witness", stopped, about=whom(consent(deny(), performer="RelatedPerson/neighbour Patient/chen")))
    return d


def nesting() -> Dimension:
    d = Dimension("nesting", "巢狀條款", "Nested provisions", f"{PAGE} 4, verdict of one Consent")
    p0, p1 = "provision.provision[0]", "provision.provision[1]"
    mine, other = "Practitioner/lin", "Practitioner/huang"
    d.row("例外：准許中之拒絕", "An exception: a denial inside a permit", f"deny restricted @c1:{p0}", about=whom(consent(permit(deny(actor=mine)))))
    d.row("例外不相符：外層決定", "The exception does not match: the root decides", "permit consent-permits @c1:provision", about=whom(consent(permit(deny(actor=other)))))
    d.row("例外之例外", "An exception to an exception", f"permit consent-permits @c1:{p0}.provision[0]", about=whom(consent(permit(deny(permit(actor=mine), kind="Observation")))))
    d.row("例外之例外不相符", "The exception to the exception does not match", f"deny part-closed @c1:{p0}", about=whom(consent(permit(deny(permit(actor=other), kind="Observation")))))
    d.row("四層", "Four levels", f"deny part-closed @c1:{p0}.provision[0].provision[0]", about=whom(consent(permit(deny(permit(deny(kind="Observation"), actor=mine), actor="Organization/tainan"), purpose="TREAT"))))
    d.row("中間一層不相符，則其下不論", "A level between does not match: nothing below it counts", "permit consent-permits @c1:provision", about=whom(consent(permit(deny(permit(actor=mine), actor="Organization/taipei")))))
    d.row("根不相符：無結論", "The root does not match: no verdict", "permit care", about=whom(consent(deny(permit(actor=mine), purpose="HRESCH"))))
    d.row("無 type 之內層與外層相反：准許中即拒絕", "A provision without type is opposite: inside a permit it denies", f"deny restricted @c1:{p0}", about=whom(consent(permit(provision(None, actor=mine)))))
    d.row("無 type 之內層與外層相反：拒絕中即准許", "A provision without type is opposite: inside a denial it permits", f"permit consent-permits @c1:{p0}", about=whom(consent(deny(provision(None, actor=mine)))))
    d.row("無 type 兩層，復歸外層之意", "Two levels without type return to the root's sense", f"deny restricted @c1:{p0}.provision[0]", about=whom(consent(deny(provision(None, provision(None, actor=mine), actor="Organization/tainan")))))
    d.row("同意中之同意", "A permit inside a permit", f"permit consent-permits @c1:{p0}", about=whom(consent(permit(permit(actor=mine)))))
    d.row("同層一准一拒：拒絕優先", "Siblings differ: the denial holds", f"deny restricted @c1:{p1}", about=whom(consent(permit(permit(actor=mine), deny(actor="Organization/tainan")))))
    d.row("參數：同層一准一拒，准許優先", "Parameter: siblings differ, the permit holds", f"permit consent-permits @c1:{p0}", about=whom(consent(permit(permit(actor=mine), deny(actor="Organization/tainan")))), policy={"combining.siblings": "permit-overrides"})
    d.row("較深者勝於同層之拒絕", "The deeper one stands before a shallower denial", f"permit consent-permits @c1:{p1}.provision[0]", about=whom(consent(permit(deny(actor="Organization/tainan"), deny(permit(actor=mine), kind="Observation")))))
    d.row("同層同意兩則，取其先", "Two siblings of one sense: the first is named", f"deny restricted @c1:{p0}", about=whom(consent(permit(deny(actor=mine), deny(action="access")))))
    d.row("第二則相符", "The second of two matches", f"deny restricted @c1:{p1}", about=whom(consent(permit(deny(actor=other), deny(actor=mine)))))
    d.row("空的根為拒絕，及於一切", "An empty root denies everything", "deny restricted @c1:provision", about=whom(consent(deny())))
    d.row("所有條件均須相符", "Every stated criterion must match", "permit care", about=whom(consent(deny(actor=mine, kind="Observation", action="disclose"))))
    d.row("所有條件均相符", "Every stated criterion matches", CLOSED, about=whom(consent(deny(actor=mine, kind="Observation", action="access", purpose="TREAT"))))
    shut, wide = {"defaults.care": "deny"}, f"permit consent-permits @c1:{p0}"
    none, secret = "deny no-default", record("Observation", "PSY", "R")
    d.row("放寬：內層重述標示", "Widening: the label is stated anew", wide, about=whom(consent(permit(permit(label="R", actor=mine), label="N"))), what=secret, policy=shut)
    d.row("放寬只及內層所述之人", "Widening reaches only whom the inner provision names", none, about=whom(consent(permit(permit(label="R", actor=other), label="N"))), what=secret, policy=shut)
    d.row("放寬：未重述之條件仍須相符", "What is not stated anew stays: another purpose", none, about=whom(consent(permit(permit(label="R", actor=mine), label="N", purpose="ETREAT"))), what=secret, policy=shut)
    d.row("放寬：內層重述目的", "Widening: the purpose is stated anew", wide, about=whom(consent(permit(permit(purpose="TREAT"), purpose="HPAYMT", actor=mine))), policy=shut)
    d.row("放寬：內層重述行為者", "Widening: the actor is stated anew", wide, about=whom(consent(permit(permit(actor=mine), actor=other, kind="Observation"))), policy=shut)
    d.row("放寬：內層重述動作", "Widening: the action is stated anew", wide, about=whom(consent(permit(permit(action="access"), action="disclose"))), policy=shut)
    d.row("放寬：內層重述期間", "Widening: the period is stated anew", wide, about=whom(consent(permit(permit(period="2026-01-01/"), period="/2025-12-31"))), policy=shut)
    d.row("拒絕亦得放寬：內層重述類別", "A denial widens too: the class is stated anew", f"deny part-closed @c1:{p0}", about=whom(consent(deny(deny(kind="Observation"), kind="Condition"))))
    d.row("兩層放寬，取最內層所述", "Widened twice: the innermost statement stands", f"permit consent-permits @c1:{p0}.provision[0]", about=whom(consent(permit(permit(permit(label="R"), label="L"), label="N", actor=mine))), what=secret, policy=shut)
    d.row("例外不放寬：拒絕中之准許仍限於外層", "An exception does not widen: a permit in a denial stays within it", none, about=whom(consent(deny(permit(purpose="TREAT"), purpose="HRESCH"))), policy=shut)
    d.row("例外之內的放寬，不及於例外之外", "Widening inside an exception does not reach beyond what it is an exception to", none, about=whom(consent(deny(permit(permit(purpose="TREAT"), purpose="CLINTRCH"), purpose="HRESCH"))), policy=shut)
    d.row("放寬後之例外，依放寬者論", "An exception inside a widening is within what was widened", f"deny part-closed @c1:{p0}.provision[0]", about=whom(consent(permit(permit(deny(label="PSY"), label="R"), label="N"))), what=secret, policy=shut)
    d.row("外層不可讀之條件，放寬亦不足以准許", "What cannot be read is not mended by widening", none, about=whom(consent(permit(permit(period="2026-01-01/"), period="/2025-02-30"))), policy=shut)
    d.row("執行者無參照：不生效", "A performer without a reference has no standing", "permit care", about=whom(consent(deny(actor=mine), performer=[{"display": "陳小姐"}])))
    return d


def combining() -> Dimension:
    d = Dimension("combining", "多份同意書", "Several Consents", f"{PAGE} 4, between Consents")
    first = consent(deny(), "c1", "2025-01-10")
    later = consent(permit(), "c2", "2025-06-01")
    yes2, no1 = "permit consent-permits @c2:provision", "deny restricted @c1:provision"
    d.row("照護：具體程度同，取較新", "Care: equally specific, the more recent", yes2, about=whom(first, later))
    d.row("順序不影響結果", "The order in which they stand does not matter", yes2, about=whom(later, first))
    d.row("照護：較具體之舊拒絕勝於較新之概括同意", "Care: an older specific denial stands before a newer general permit", no1, about=whom(consent(deny(actor="Organization/tainan"), "c1", "2025-01-10"), later))
    d.row("照護：較具體之同意勝於較新之概括拒絕", "Care: an older specific permit stands before a newer general denial", yes2, about=whom(consent(deny(), "c1", "2025-09-01"), consent(permit(actor="Practitioner/lin"), "c2", "2025-01-10")))
    d.row("照護：同日同具體程度，拒絕", "Care: equal in both, the denial", no1, about=whom(first, consent(permit(), "c2", "2025-01-10")))
    d.row("期間不計入具體程度", "A period does not make a rule more specific", yes2, about=whom(consent(deny(period="2025-01-01/"), "c1", "2025-01-10"), later))
    d.row("兩個相同條件只計一次", "One kind of criterion counts once along a chain", yes2, about=whom(consent(permit(deny(actor="Practitioner/lin"), actor="Organization/tainan"), "c1", "2025-01-10"), consent(permit(actor="Practitioner/lin"), "c2", "2025-06-01")))
    d.row("具體程度沿整條鏈計算", "Specificity is counted along the chain", "deny part-closed @c1:provision.provision[0]", about=whom(consent(permit(deny(kind="Observation"), actor="Organization/tainan"), "c1", "2025-01-10"), consent(permit(actor="Practitioner/lin"), "c2", "2025-06-01")))
    d.row("無日期者視為最舊", "A Consent without a date is the oldest", yes2, about=whom(consent(deny(), "c1", None), later))
    d.row("不相符者不計", "A Consent that does not match is not counted", yes2, about=whom(consent(deny(actor="Practitioner/huang"), "c1", "2025-09-01"), later))
    ask = asked("analyst", "HRESCH")
    stop = consent(deny(purpose="HRESCH"), "c1", "2025-01-10")
    agree = consent(permit(purpose="HRESCH", actor="Organization/university"), "c2", "2025-06-01")
    d.row("二次利用：任一拒絕即拒絕", "Secondary: any denial denies", "deny stopped @c1:provision", ask, whom(stop, agree))
    d.row("二次利用：只有同意", "Secondary: only a permit", "permit consent-permits @c2:provision", ask, whom(agree))
    d.row("二次利用：兩份拒絕，列先者", "Secondary: of two denials the first is named", "deny stopped @c1:provision", ask, whom(stop, consent(deny(), "c2", "2025-06-01")))
    pairs = (
        ("combining.care", "deny-overrides", no1), ("combining.care", "permit-overrides", yes2), ("combining.care", "most-recent", yes2),
        ("combining.care", "specific-then-recent", yes2), ("combining.care", "deny-unless-permit", yes2), ("combining.care", "permit-unless-deny", no1),
    )
    for name, algorithm, said in pairs:
        d.row(f"照護以 {algorithm} 合併：先拒後准", f"Care combined by {algorithm}: an older denial, a newer permit", said, about=whom(first, later), policy={name: algorithm})
    older = whom(consent(permit(), "c2", "2025-01-10"), consent(deny(), "c1", "2025-06-01"))
    for algorithm, said in (("deny-overrides", no1), ("permit-overrides", yes2), ("most-recent", no1), ("deny-unless-permit", yes2), ("permit-unless-deny", no1)):
        d.row(f"照護以 {algorithm} 合併：先准後拒", f"Care combined by {algorithm}: an older permit, a newer denial", said, about=older, policy={"combining.care": algorithm})
    d.row("deny-unless-permit：無同意書即拒絕", "deny-unless-permit: without Consents it denies", "deny restricted", policy={"combining.care": "deny-unless-permit"})
    d.row("permit-unless-deny：無同意書即准許", "permit-unless-deny: without Consents it permits", "permit consent-permits", policy={"combining.care": "permit-unless-deny", "defaults.care": "deny"})
    for algorithm, said in (("permit-overrides", "permit consent-permits @c2:provision"), ("most-recent", "permit consent-permits @c2:provision"), ("permit-unless-deny", "deny stopped @c1:provision")):
        d.row(f"二次利用以 {algorithm} 合併", f"Secondary combined by {algorithm}", said, ask, whom(stop, agree), policy={"combining.secondary": algorithm})
    d.row("本人之意勝於代理人", "The person's own act stands before a stand-in's", "permit consent-permits @c2:provision", about=whom(consent(deny(actor="Practitioner/lin"), "c1", "2025-06-01", performer="RelatedPerson/proxy"), consent(permit(), "c2", "2025-01-10"), incapable=[{"start": "2025-05-01"}], stand_ins=[{"kind": "proxy", "who": "RelatedPerson/proxy", "period": {"start": "2025-05-01"}}]))
    return d


def parts() -> Dimension:
    d = Dimension("parts", "部分資料與義務", "Parts and obligations", f"{PAGE} 3, after a permit; HL7 DS4P inline labels")
    psy = {"path": "Observation.note[0]", "labels": ["PSY"]}
    hiv = {"path": "Composition.section[2]", "labels": ["HIV", "R"]}
    code = {"path": "Bundle.entry[3]", "codes": ["http://loinc.org|7917-8"]}
    shut = whom(consent(deny(label="PSY")))
    d.row("內嵌標記之部分被遮去", "A part with an inline label is taken out", "permit care +redact:Observation.note[0]:PSY", about=shut, what=record(parts=[psy]))
    d.row("未關閉之部分不動", "A part that is not closed stands", "permit care", about=whom(consent(deny(label="HIV"))), what=record(parts=[psy]))
    d.row("兩部分之一", "One of two parts", "permit care +redact:Observation.note[0]:PSY", about=shut, what=record(parts=[psy, {"path": "Observation.component[1]", "labels": ["SDV"]}]))
    d.row("兩部分皆然", "Both of two parts", "permit care +redact:Observation.note[0]:PSY +redact:Observation.component[1]:SDV", about=whom(consent(deny(label="PSY SDV"))), what=record(parts=[psy, {"path": "Observation.component[1]", "labels": ["SDV"]}]))
    d.row("文件中之一節", "A section of a document", "permit care +redact:Composition.section[2]:HIV,R", about=whom(consent(deny(label="HIV"))), what=record("Composition", parts=[hiv]))
    d.row("以代碼標示之部分被遮蔽", "A part known by its code is masked", "permit care +mask:Bundle.entry[3]:http://loinc.org|7917-8", about=whom(consent(deny(code="http://loinc.org|7917-8"))), what=record(parts=[code]))
    d.row("敘述中之代碼", "A code in the narrative", "permit care +mask:Observation.text:http://hl7.org/fhir/sid/icd-10-cm|B20", about=whom(consent(deny(code="http://hl7.org/fhir/sid/icd-10-cm|B20"))), what=record(parts=[{"path": "Observation.text", "codes": ["http://hl7.org/fhir/sid/icd-10-cm|B20"]}]))
    d.row("內含資源", "A contained resource", "permit care +redact:Observation.contained[0]:SUD", about=whom(consent(deny(label="SUD"))), what=record(parts=[{"path": "Observation.contained[0]", "labels": ["SUD"]}]))
    d.row("有代碼亦有標記：以 redact 為之", "A part with codes and labels is redacted", "permit care +redact:Observation.component[0]:HIV", about=whom(consent(deny(label="HIV"))), what=record(parts=[{"path": "Observation.component[0]", "labels": ["HIV"], "codes": ["http://loinc.org|7917-8"]}]))
    d.row("整筆被拒，則無義務", "The whole record is denied: no obligations", "deny part-closed @c1:provision", about=shut, what=record("Observation", "PSY", parts=[psy]))
    d.row("部分之等級使其逾同意之級", "A part above the level of a denial", "permit care +redact:Observation.note[0]:R", about=whom(consent(deny(label="R"))), what=record("Observation", "N", parts=[{"path": "Observation.note[0]", "labels": ["R"]}]))
    d.row("獲准之醫師不遮去", "The clinician let in sees the part", "permit care", about=whom(consent(deny(permit(actor="Practitioner/lin"), label="PSY"))), what=record(parts=[psy]))
    d.row("同意讀取整筆，部分仍遮去", "The record is permitted, the part is not", "permit consent-permits @c2:provision +redact:Observation.note[0]:PSY", about=whom(consent(deny(label="PSY"), "c1"), consent(permit(), "c2")), what=record(parts=[psy]))
    d.row("研究：部分停止", "Research: the part is stopped", "permit secondary-by-statute +redact:Observation.note[0]:PSY", asked("analyst", "HRESCH"), whom(consent(deny(label="PSY", purpose="HRESCH"))), record(parts=[psy]))
    d.row("禁止轉揭露之標記", "The label that forbids redisclosure", "permit care +no-redisclosure", what=record("Observation", "NORDSCLCD", "N"))
    d.row("禁止轉揭露與遮去並存", "Redaction and no redisclosure together", "permit care +redact:Observation.note[0]:PSY +no-redisclosure", about=shut, what=record("Observation", "NORDSCLCD", "N", parts=[psy]))
    d.row("本人閱覽不遮去", "The person's own reading is not redacted", "permit own-record", asked("citizen", "PATRQT"), shut, record(parts=[psy]))
    d.row("緊急調閱不遮去，但須通知與覆核", "An emergency is not redacted but notified and reviewed", "permit emergency +notify +review", asked(emergency={"identifier": "A123456789", "reason": "車禍昏迷送醫急救", "declared": "2026-03-10T08:30:00+08:00"}), shut, record(parts=[psy]))
    d.row("兩目的之義務各列一次", "Obligations of two purposes stand once", "permit care +redact:Observation.note[0]:PSY", asked("clinician", "TREAT", "ETREAT"), shut, record(parts=[psy]))
    d.row("兩目的之義務合併", "Obligations of two purposes are joined", "permit secondary-by-statute +redact:Observation.note[0]:PSY +redact:Observation.component[0]:SDV", asked("analyst", "HRESCH", "TRAIN"), whom(consent(deny(label="PSY", purpose="HRESCH"), "c1"), consent(deny(label="SDV", purpose="TRAIN"), "c2")), record(parts=[psy, {"path": "Observation.component[0]", "labels": ["SDV"]}]))
    return d


def known() -> Dimension:
    d = Dimension("known", "可否知悉其人", "Whether the person may be known", f"{PAGE} 4, facts = None")
    d.row("無選擇者：醫師可知悉", "No choices: a clinician may know the person", "permit care", known=True)
    d.row("拒絕院所者：不可知悉", "The institution is refused: not even the person is known", "deny restricted @c1:provision", about=whom(consent(deny(actor="Organization/tainan"))), known=True)
    d.row("只關閉標記者：仍可知悉", "A closed label leaves the person known", "permit care", about=whom(consent(deny(label="HIV"))), known=True)
    d.row("只關閉類別者：仍可知悉", "A closed category leaves the person known", "permit care", about=whom(consent(deny(kind="imaging"))), known=True)
    d.row("只關閉單筆者：仍可知悉", "A closed record leaves the person known", "permit care", about=whom(consent(deny(data="instance:Observation/r1"))), known=True)
    d.row("只關閉一段期間之資料者：仍可知悉", "A closed span of data leaves the person known", "permit care", about=whom(consent(deny(dates="2025/2025"))), known=True)
    d.row("全部停止研究者：不可知悉", "A stop of research: not known to research", "deny stopped @c1:provision", asked("analyst", "HRESCH"), whom(consent(deny(purpose="HRESCH"))), known=True)
    d.row("一部停止研究者：可知悉", "A stop of one category: known to research", "permit secondary-by-statute", asked("analyst", "HRESCH"), whom(consent(deny(purpose="HRESCH", kind="imaging"))), known=True)
    d.row("同意一類者：可知悉", "A permit of one category lets the person be known", "permit consent-permits @c1:provision", about=whom(consent(permit(kind="laboratory"))), known=True, policy={"defaults.care": "deny"})
    d.row("全部拒絕、准許一類者：可知悉", "All denied but one category: known", "permit consent-permits @c1:provision.provision[0]", about=whom(consent(deny(permit(kind="laboratory")))), known=True)
    d.row("全部拒絕、准許他人一類者：不可知悉", "All denied but for somebody else: not known", "deny restricted @c1:provision", about=whom(consent(deny(permit(kind="laboratory", actor="Practitioner/huang")))), known=True)
    d.row("範圍之外：不可知悉", "Outside the scope: not known", "deny outside-area", asked("officer", "GOV", scope={"areas": ["63000"]}), known=True)
    d.row("本人知悉自己", "The person knows of themselves", "permit own-record", asked("citizen", "PATRQT"), known=True)
    patient, undated = record("Patient", id="chen", period=None), record("Condition", period=None)
    d.row("關閉一段期間之資料者：病人基本資料仍可見", "A closed span of data leaves the Patient", "permit care", about=whom(consent(deny(dates="2025/2025"))), what=patient)
    d.row("關閉一段期間之資料者：無日期之紀錄不可見", "A closed span of data: a record without a date is withheld", "deny part-closed @c1:provision", about=whom(consent(deny(dates="2025/2025"))), what=undated)
    d.row("全部拒絕、准許一段期間者：病人基本資料可見", "All denied but a span of data: the Patient shows", "permit consent-permits @c1:provision.provision[0]", about=whom(consent(deny(permit(dates="2025/2025")))), what=patient)
    d.row("全部拒絕、准許一個代碼者：病人基本資料可見", "All denied but a code: the Patient shows", "permit consent-permits @c1:provision.provision[0]", about=whom(consent(deny(permit(code="http://loinc.org|7917-8")))), what=patient)
    coded = record("Condition", codes=["https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw|E11.9"])
    d.row("同一代碼系統之另一位址：亦符合", "Another address of the same code system matches", "deny part-closed @c1:provision", about=whom(consent(deny(code="http://hl7.org/fhir/sid/icd-10-cm|E11.9"))), what=coded)
    d.row("關閉病人基本資料者：不可見", "The Patient itself is closed", "deny part-closed @c1:provision", about=whom(consent(deny(kind="Patient"))), what=patient)
    return d


DIMENSIONS = (category, label, unlabelled, time, status, nesting, combining, parts, known)
