"""Rows about the person: minors, incapacity, death, merged identities, relatives, and what changes with time."""

# A row is one line, however long: it is read as a table.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from typing import Any

from vector_rows.writing import NATIONAL, RESEARCH, Dimension, asked, consent, deny, permit, record, whom

PAGE = "decision.md"
NO, STOPPED = "deny restricted @c1:provision", "deny stopped @c1:provision"
SHUT = {"defaults.care": "deny"}
MOTHER, FATHER = "RelatedPerson/mother", "RelatedPerson/father"
GUARDIAN = {"kind": "guardian", "who": MOTHER}
BOTH = [GUARDIAN, {"kind": "guardian", "who": FATHER}]


def child(*consents: Any, born: str | None = "2015-05-17", stand_ins: Any = (GUARDIAN,), **more: Any) -> Any:
    return whom(*consents, born=born, stand_ins=list(stand_ins), **more)


def minors() -> Dimension:
    d = Dimension("minors", "未成年人與法定代理人", "Minors and guardians", f"{PAGE} 4, in force 2 and 5; 民法第12條、第1086條")
    by = {"performer": MOTHER}
    research = asked("analyst", "HRESCH")
    d.row("法定代理人代十歲之子女停止研究", "A guardian stops research for a child of ten", STOPPED, research, child(consent(deny(purpose="HRESCH"), **by)))
    d.row("法定代理人代為同意", "A guardian permits for a child", "permit consent-permits @c1:provision", about=child(consent(permit(), **by)), policy=SHUT)
    d.row("十歲之子女自為之停止不生效", "A child of ten cannot stop by an own act", "permit secondary-by-statute", research, child(consent(deny(purpose="HRESCH"))))
    d.row("十四歲當日自為之停止有效", "On the fourteenth birthday the own act counts", STOPPED, research, child(consent(deny(purpose="HRESCH"), date="2025-05-17"), born="2011-05-17"))
    d.row("十四歲前一日自為之停止不生效", "On the day before the fourteenth birthday it does not", "permit secondary-by-statute", research, child(consent(deny(purpose="HRESCH"), date="2025-05-16"), born="2011-05-17"))
    d.row("參數：自為年齡改為十二歲", "Parameter: own acts from twelve", STOPPED, research, child(consent(deny(purpose="HRESCH"), date="2025-05-16"), born="2011-05-17"), policy={"ages.own_act": 12})
    d.row("出生日不明：自為有效", "With an unknown birth the own act counts", STOPPED, research, child(consent(deny(purpose="HRESCH")), born=None))
    d.row("無日期之自為有效", "An own act without a date counts", STOPPED, research, child(consent(deny(purpose="HRESCH"), date=None)))
    d.row("只知出生年：自首日起算，足十四歲", "A year of birth counts from its first day for acting", STOPPED, research, child(consent(deny(purpose="HRESCH"), date="2025-01-01"), born="2011"))
    d.row("代理人之停止，成年後仍有效", "A guardian's stop persists after majority", STOPPED, asked("analyst", "HRESCH", at="2033-05-17T00:00:00+08:00"), child(consent(deny(purpose="HRESCH"), **by)))
    d.row("代理人之同意，成年之始失效", "A guardian's permit lapses when majority begins", "deny no-default", asked(at="2033-05-17T00:00:00+08:00"), child(consent(permit(), **by)), policy=SHUT)
    d.row("代理人之同意，成年前一刻仍有效", "A guardian's permit holds to the last moment before", "permit consent-permits @c1:provision", asked(at="2033-05-16T23:59:59.999+08:00"), child(consent(permit(), **by)), policy=SHUT)
    project = RESEARCH + "child-asthma"
    d.row("代理人之計畫同意，成年前勝於概括停止", "A guardian's consent to a project stands before the stop while a minor", "permit project-consent @c2:provision", asked("analyst", project), child(consent(deny(purpose="HRESCH"), **by), consent(permit(purpose=project), "c2", **by)))
    d.row("成年後計畫同意失效，停止仍在", "After majority the project's consent lapses, the stop stands", STOPPED, asked("analyst", project, at="2033-06-01T09:00:00+08:00"), child(consent(deny(purpose="HRESCH"), **by), consent(permit(purpose=project), "c2", **by)))
    d.row("成年後，拒絕中之例外失效而拒絕仍在", "After majority the exception inside a denial lapses, the denial stays", STOPPED, asked("analyst", project, at="2033-06-01T09:00:00+08:00"), child(consent(deny(permit(purpose=project), purpose="HRESCH"), **by)))
    d.row("閏日出生者，平年三月一日成年", "Born on 29 February: of age on 1 March of a common year", "permit consent-permits @c1:provision", asked(at="2026-02-28T23:59:59+08:00"), child(consent(permit(), **by), born="2008-02-29"), policy=SHUT, source="民法第121條")
    d.row("閏日出生者，三月一日已成年", "Born on 29 February: on 1 March the permit has lapsed", "deny no-default", asked(at="2026-03-01T00:00:00+08:00"), child(consent(permit(), **by), born="2008-02-29"), policy=SHUT, source="民法第121條")
    d.row("只知出生年月：至該月末日仍為未成年", "A month of birth: a minor until its last day", "permit consent-permits @c1:provision", asked(at="2026-05-30T09:00:00+08:00"), child(consent(permit(), **by), born="2008-05"), policy=SHUT)
    d.row("兩位代理人意見不一：拒絕", "Two guardians who differ: denied", "deny restricted @c1:provision", about=child(consent(deny(), "c1", "2025-01-10", performer=MOTHER), consent(permit(actor="Practitioner/lin"), "c2", "2025-06-01", performer=FATHER), stand_ins=BOTH))
    d.row("兩位代理人意見一致：准許", "Two guardians who agree: permitted", "permit consent-permits @c2:provision", about=child(consent(permit(), "c1", "2025-01-10", performer=MOTHER), consent(permit(), "c2", "2025-06-01", performer=FATHER), stand_ins=BOTH), policy=SHUT)
    d.row("同一代理人改變主意：取較新", "One guardian who changes their mind: the newer act", "permit consent-permits @c2:provision", about=child(consent(deny(), "c1", "2025-01-10", **by), consent(permit(), "c2", "2025-06-01", **by)))
    d.row("十四歲少年自為之意勝於代理人", "The own act of one of fourteen stands before the guardian's", "permit consent-permits @c2:provision", about=child(consent(deny(), "c1", "2025-06-01", **by), consent(permit(), "c2", "2025-07-01"), born="2010-01-01"))
    d.row("收養前之代理人所為，監護已終止", "An act after the guardianship ended", "permit care", about=child(consent(deny(), date="2025-01-10", **by), stand_ins=[{**GUARDIAN, "period": {"end": "2024-12-31"}}]))
    d.row("監護期間內所為，監護終止後仍有效", "An act within the guardianship holds after it ended", NO, about=child(consent(deny(), date="2024-12-31", **by), stand_ins=[{**GUARDIAN, "period": {"end": "2024-12-31"}}]))
    d.row("養父母自收養日起得代為", "An adopter acts from the day of adoption", NO, about=child(consent(deny(), date="2025-03-01", performer=FATHER), stand_ins=[{"kind": "guardian", "who": FATHER, "period": {"start": "2025-03-01"}}]))
    d.row("養父母於收養日前不得代為", "An adopter does not act before that day", "permit care", about=child(consent(deny(), date="2025-02-28", performer=FATHER), stand_ins=[{"kind": "guardian", "who": FATHER, "period": {"start": "2025-03-01"}}]))
    d.row("代理人代成年子女所為不生效", "A guardian's act for one of age has no effect", "permit care", about=child(consent(deny(), **by), born="1990-01-01"))
    d.row("非代理人之親屬代為不生效", "A relative who is no guardian has no standing", "permit care", about=child(consent(deny(), performer="RelatedPerson/aunt")))
    reading = asked("citizen", "FAMRQT", id="Person/mother", person=MOTHER)
    d.row("法定代理人閱覽子女紀錄", "A guardian reads a child's record", "permit guardian", reading, child())
    d.row("子女成年後，原代理人不得閱覽", "After majority the former guardian does not read", "deny not-let-in", asked("citizen", "FAMRQT", at="2033-05-17T00:00:00+08:00", id="Person/mother", person=MOTHER), child())
    d.row("監護終止者不得閱覽", "Whose guardianship ended does not read", "deny not-let-in", reading, child(stand_ins=[{**GUARDIAN, "period": {"end": "2025-12-31"}}]))
    return d


def incapacity() -> Dimension:
    d = Dimension("incapacity", "無行為能力與受託人", "Incapacity and proxies", f"{PAGE} 4, in force 2; 民法第14條、第1113條之3")
    proxy = [{"kind": "proxy", "who": "RelatedPerson/son", "period": {"start": "2024-01-01"}}]
    guardian = [{"kind": "guardian", "who": "RelatedPerson/son", "period": {"start": "2025-01-01"}}]
    unable = {"incapable": [{"start": "2025-02-01"}]}
    by = {"performer": "RelatedPerson/son"}
    d.row("受託人於其無能力時代為拒絕", "A proxy denies while the person is incapable", NO, about=whom(consent(deny(), date="2025-03-01", **by), stand_ins=proxy, **unable))
    d.row("受託人於其仍有能力時所為不生效", "A proxy's act while the person is able has no effect", "permit care", about=whom(consent(deny(), date="2025-01-31", **by), stand_ins=proxy, **unable))
    d.row("受託人代為同意", "A proxy permits", "permit consent-permits @c1:provision", about=whom(consent(permit(), date="2025-03-01", **by), stand_ins=proxy, **unable), policy=SHUT)
    d.row("無能力時自為者不生效", "An own act while incapable has no effect", "permit care", about=whom(consent(deny(), date="2025-03-01"), **unable))
    d.row("失能前自為者仍有效", "An own act before it holds", NO, about=whom(consent(deny(), date="2025-01-31"), **unable))
    d.row("最後有能力之意願勝於受託人", "The last wish of an able person stands before the proxy's", "permit consent-permits @c2:provision", about=whom(consent(deny(actor="Practitioner/lin"), "c1", "2025-06-01", **by), consent(permit(), "c2", "2024-06-01"), stand_ins=proxy, **unable))
    d.row("恢復後自為者有效", "An own act after recovery counts", NO, about=whom(consent(deny(), date="2025-09-01"), incapable=[{"start": "2025-02-01", "end": "2025-08-31"}]))
    d.row("恢復前一日自為者不生效", "On the last day of incapacity it does not", "permit care", about=whom(consent(deny(), date="2025-08-31"), incapable=[{"start": "2025-02-01", "end": "2025-08-31"}]))
    d.row("監護宣告後監護人所為有效", "A guardian of an adult acts while incapable", NO, about=whom(consent(deny(), date="2025-03-01", **by), stand_ins=guardian, **unable))
    d.row("無日期：以所問時刻論受託人", "Without a date the moment asked about is taken", NO, about=whom(consent(deny(), date=None, **by), stand_ins=proxy, **unable))
    d.row("受託期間未始", "The proxy's power had not begun", "permit care", about=whom(consent(deny(), date="2025-03-01", **by), stand_ins=[{**proxy[0], "period": {"start": "2025-04-01"}}], **unable))
    reading = asked("citizen", "PWATRNY", id="Person/son", person="RelatedPerson/son")
    d.row("受託人於其無能力時閱覽", "A proxy reads while the person is incapable", "permit proxy", reading, whom(stand_ins=proxy, **unable))
    d.row("受託人於其有能力時不得閱覽", "A proxy does not read while the person is able", "deny not-let-in", reading, whom(stand_ins=proxy))
    d.row("成年監護人於其無能力時閱覽", "A guardian of an adult reads while they are incapable", "permit guardian", reading, whom(stand_ins=guardian, **unable))
    d.row("受託人之同意於其恢復後仍在，可由本人改變", "A proxy's permit holds after recovery until the person acts", "permit consent-permits @c1:provision", about=whom(consent(permit(), date="2025-03-01", **by), stand_ins=proxy, incapable=[{"start": "2025-02-01", "end": "2025-08-31"}]), policy=SHUT)
    return d


def death() -> Dimension:
    d = Dimension("death", "死亡", "Death", f"{PAGE} 4, in force 2 and 6")
    research = asked("analyst", "HRESCH")
    heir = [{"kind": "heir", "who": "RelatedPerson/daughter"}]
    by = {"performer": "RelatedPerson/daughter"}
    stop = consent(deny(purpose="HRESCH"))
    d.row("生前之停止，死後仍有效", "A stop made in life holds after death", STOPPED, research, whom(stop, died="2025-09-01"))
    d.row("生前之同意，死後仍有效", "A permit made in life holds after death", "permit consent-permits @c1:provision", about=whom(consent(permit()), died="2025-09-01"), policy=SHUT)
    d.row("參數：同意隨死亡而止", "Parameter: permits end with death", "deny no-default", about=whom(consent(permit()), died="2025-09-01"), policy={**SHUT, "consents.death_ends_permits": True})
    d.row("參數：同意隨死亡而止，生前仍有效", "Parameter: permits end with death, not before it", "permit consent-permits @c1:provision", about=whom(consent(permit()), died="2026-09-01"), policy={**SHUT, "consents.death_ends_permits": True})
    d.row("參數：同意隨死亡而止，停止仍在", "Parameter: permits end with death, denials stay", STOPPED, research, whom(stop, died="2025-09-01"), policy={"consents.death_ends_permits": True})
    d.row("死亡當日仍非死後", "The day of death is not yet after death", "permit consent-permits @c1:provision", about=whom(consent(permit()), died="2026-03-10"), policy={**SHUT, "consents.death_ends_permits": True})
    d.row("死後以本人名義所為不生效", "An act dated after death has no effect", "permit secondary-by-statute", research, whom(consent(deny(purpose="HRESCH"), date="2025-10-01"), died="2025-09-01"))
    d.row("死亡當日所為有效", "An act on the day of death counts", STOPPED, research, whom(consent(deny(purpose="HRESCH"), date="2025-09-01"), died="2025-09-01"))
    d.row("繼承人之停止，預設不生效", "A stop by heirs has no effect by default", "permit secondary-by-statute", research, whom(consent(deny(purpose="HRESCH"), date="2025-10-01", **by), died="2025-09-01", stand_ins=heir))
    d.row("參數：繼承人得為停止", "Parameter: heirs may stop", STOPPED, research, whom(consent(deny(purpose="HRESCH"), date="2025-10-01", **by), died="2025-09-01", stand_ins=heir), policy={"ages.heirs": True})
    d.row("參數：繼承人不得為同意", "Parameter: heirs may not permit", "deny no-default", about=whom(consent(permit(), date="2025-10-01", **by), died="2025-09-01", stand_ins=heir), policy={**SHUT, "ages.heirs": True})
    d.row("參數：繼承人於生前不得為之", "Parameter: heirs do not act in life", "permit secondary-by-statute", research, whom(consent(deny(purpose="HRESCH"), date="2025-08-01", **by), died="2025-09-01", stand_ins=heir), policy={"ages.heirs": True})
    d.row("更正死亡日期：原認死後之停止變為有效", "The date of death is corrected: the act counts again", STOPPED, research, whom(consent(deny(purpose="HRESCH"), date="2025-10-01"), died="2025-11-01"))
    d.row("只知死亡年月：該月內不為死後", "Only the month of death: within it is not after death", STOPPED, research, whom(consent(deny(purpose="HRESCH"), date="2025-09-30"), died="2025-09"))
    d.row("本人之同意勝於繼承人之停止", "The own permit stands before the heirs' stop", "permit consent-permits @c2:provision", research, whom(consent(deny(purpose="HRESCH"), "c1", "2025-10-01", **by), consent(permit(purpose="HRESCH"), "c2"), died="2025-09-01", stand_ins=heir), policy={"ages.heirs": True})
    return d


def merges() -> Dimension:
    d = Dimension("merges", "身分合併與分開", "Merged and separated identities", f"{PAGE} 1, whom; 4, in force 2")
    research = asked("analyst", "HRESCH")

    def old(provision: Any, name: str = "c1", date: str = "2025-01-10", **more: Any) -> Any:
        more = {"patient": {"reference": "Patient/chen-old"}, "performer": "Patient/chen-old", **more}
        return consent(provision, name, date, **more)

    d.row("被併入身分之停止及於合併後之人", "A stop of the merged identity reaches the person", STOPPED, research, whom(old(deny(purpose="HRESCH"))))
    d.row("被併入身分未具名之停止亦然", "So does one without a performer", STOPPED, research, whom(old(deny(purpose="HRESCH"), performer=None)))
    d.row("合併後兩身分皆停止", "Both identities had stopped", STOPPED, research, whom(old(deny(purpose="HRESCH")), consent(deny(purpose="HRESCH"), "c2")))
    d.row("一方同意、一方停止：停止", "One agreed, one stopped: stopped", STOPPED, research, whom(old(deny(purpose="HRESCH")), consent(permit(purpose="HRESCH"), "c2", "2025-06-01")))
    d.row("分開後，未停止者回復可利用", "After separation, who had not stopped is open again", "permit secondary-by-statute", research, whom())
    d.row("分開後，已停止者仍停止", "After separation, who had stopped is stopped", STOPPED, research, whom(consent(deny(purpose="HRESCH"), patient={"reference": "Patient/chen-old"}), id="Patient/chen-old"))
    d.row("合併之照護拒絕亦及之", "A refusal of care by the merged identity holds", NO, about=whom(old(deny(actor="Organization/tainan"))))
    d.row("合併之同意亦及之", "A permit of the merged identity holds", "permit consent-permits @c1:provision", about=whom(old(permit())), policy=SHUT)
    d.row("照護：兩身分之選擇取較新", "Care: of two identities the newer choice", "permit consent-permits @c2:provision", about=whom(old(deny()), consent(permit(), "c2", "2025-06-01")))
    d.row("新生兒掛於母親名下：母親之停止不及於其後自有之身分", "A newborn once under the mother's identity: her stop is not the child's", "permit secondary-by-statute", research, whom(born="2025-12-01", id="Patient/baby", identifiers=None))
    d.row("誤置之他人同意書：具名者非其人", "A Consent of somebody else put here by mistake", "permit secondary-by-statute", research, whom(consent(deny(purpose="HRESCH"), performer="Patient/other")))
    d.row("合併後以舊識別碼緊急調閱", "An emergency by the merged identity's number", "permit emergency +notify +review", asked(emergency={"identifier": "F223456789", "reason": "車禍昏迷送醫急救", "declared": "2026-03-10T08:30:00+08:00"}), whom(identifiers=[f"{NATIONAL}|A123456789", f"{NATIONAL}|F223456789"]))
    d.row("合併後本人閱覽", "The person reads after the merge", "permit own-record", asked("citizen", "PATRQT"), whom(old(deny())))
    return d


def family() -> Dimension:
    d = Dimension("family", "本人與家人", "The person and those they let in", f"{PAGE} 3, step 3; 個人資料保護法第3條")
    son = {"id": "Person/son", "person": "Patient/son"}
    let = consent(permit(purpose="FAMRQT", actor="Patient/son"))
    ask = asked("citizen", "FAMRQT", **son)
    in_, out = "permit let-in @c1:provision", "deny not-let-in"
    d.row("本人閱覽", "The person's own reading", "permit own-record", asked("citizen", "PATRQT"))
    d.row("本人閱覽自己已停止之紀錄", "A stop does not stop the person's own reading", "permit own-record", asked("citizen", "PATRQT"), whom(consent(deny())))
    d.row("本人閱覽敏感紀錄", "The person's own sensitive record", "permit own-record", asked("citizen", "PATRQT"), whom(consent(deny(label="HIV"))), record("Condition", "HIV", "R"))
    d.row("本人閱覽自己之同意書", "The person's own Consents", "permit own-record", asked("citizen", "PATRQT"), whom(let), record("Consent"))
    d.row("他人以本人自居", "Somebody else says it is their own", out, asked("citizen", "PATRQT", **son))
    d.row("以本人目的閱覽獲准之家人紀錄", "A relative let in who asks as for their own", out, asked("citizen", "PATRQT", **son), whom(let))
    d.row("家人獲准", "A relative is let in", in_, ask, whom(let))
    d.row("家人未獲准", "A relative is not let in", out, ask)
    d.row("家人之准許已屆滿", "The letting in has ended", out, ask, whom(consent(permit(purpose="FAMRQT", actor="Patient/son", period="/2026-03-09"))))
    d.row("家人之准許，末日仍有效", "The letting in holds on its last day", in_, ask, whom(consent(permit(purpose="FAMRQT", actor="Patient/son", period="/2026-03-10"))))
    d.row("准許之對象為他人", "Somebody else is let in", out, ask, whom(consent(permit(purpose="FAMRQT", actor="Patient/daughter"))))
    d.row("准許之目的為照護，不及家人代看", "A permit of care lets no relative in", out, ask, whom(consent(permit(purpose="TREAT"))))
    d.row("准許所有當事人請求之目的，含家人代看", "A permit of the heading holds what stands below it", in_, ask, whom(consent(permit(purpose="PATRQT", actor="Patient/son"))))
    d.row("撤回後不得閱覽", "Taken back: no longer let in", out, ask, whom(consent(permit(purpose="FAMRQT", actor="Patient/son"), status="inactive")))
    d.row("較新之拒絕終止准許", "A newer denial ends the letting in", out, ask, whom(let, consent(deny(purpose="FAMRQT", actor="Patient/son"), "c2", "2025-06-01")))
    d.row("准許但關閉敏感紀錄：敏感者不得", "Let in but for a closed label: the closed record", out, ask, whom(consent(permit(deny(label="PSY"), purpose="FAMRQT", actor="Patient/son"))), record("Condition", "PSY", "R"))
    d.row("准許但關閉敏感紀錄：其他可讀", "Let in but for a closed label: another record", in_, ask, whom(consent(permit(deny(label="PSY"), purpose="FAMRQT", actor="Patient/son"))))
    d.row("准許只及用藥：用藥", "Let in to medicines: a prescription", in_, ask, whom(consent(permit(purpose="FAMRQT", actor="Patient/son", kind="medicines"))), record("MedicationRequest"))
    d.row("准許只及用藥：檢驗", "Let in to medicines: a result", out, ask, whom(consent(permit(purpose="FAMRQT", actor="Patient/son", kind="medicines"))))
    d.row("家人不得閱覽同意書", "A relative never reaches Consents", "deny type-refused", ask, whom(let), record("Consent"))
    d.row("參數：家人之准許不採計", "Parameter: no consents for the family", out, ask, whom(let), policy={"consents.classes": ["care", "secondary"]})
    d.row("醫師以家人身分：角色不符", "A clinician in that role is no relative", "deny role-lacks-purpose", asked("clinician", "FAMRQT"), whom(let))
    d.row("未指明何人之准許，不使任何人得閱覽", "A permit that names nobody lets nobody in", out, ask, whom(consent(permit(purpose="FAMRQT"))))
    d.row("只指明保管機構之准許，不使任何人得閱覽", "A permit that names only the keeper lets nobody in", out, ask, whom(consent(permit(purpose="FAMRQT", actor="CST:Organization/tainan"))), record(organisation="Organization/tainan"))
    d.row("內層改指他人，外層之人依外層", "A nested permit to another leaves the first let in", in_, ask, whom(consent(permit(permit(actor="Patient/daughter"), purpose="FAMRQT", actor="Patient/son"))))
    d.row("內層改指之人獲准", "The one whom the nested permit names is let in", in_ + ".provision[0]", ask, whom(consent(permit(permit(actor="Patient/son"), purpose="FAMRQT", actor="Patient/daughter"))))
    guarded = {"born": "2018-05-17", "stand_ins": [{"kind": "guardian", "who": "Patient/son"}]}
    d.row("法定代理人閱覽子女之同意書", "A guardian reads a child's Consents", "permit guardian", ask, whom(**guarded), record("Consent"))
    d.row("法定代理人以本人請求為目的，閱覽子女之同意書", "A guardian who asks as the person reads a child's Consents", "permit guardian", asked("citizen", "PATRQT", **son), whom(**guarded), record("Consent"))
    return d


def relatives() -> Dimension:
    d = Dimension("relatives", "親屬與遺傳資料", "Relatives and genomic data", f"{PAGE} 4")
    research = asked("analyst", "HRESCH")
    gene = record("MolecularSequence", "GDIS", "R")
    history = record("FamilyMemberHistory", "GDIS", "R", references=["Patient/chen", "Patient/sister"])
    d.row("當事人停止基因類別之研究", "A stop of the genetic category", STOPPED, research, whom(consent(deny(purpose="HRESCH", kind="genetic"))), history)
    d.row("他人紀錄提及當事人：依紀錄所屬之人", "A sister's history that mentions the person: by whose record it is", "permit secondary-by-statute", research, whom(id="Patient/sister"), history)
    d.row("拒絕一切提及其姊之紀錄", "Records that name the sister are closed", "deny part-closed @c1:provision", about=whom(consent(deny(data="dependents:Patient/sister"))), what=history)
    d.row("未提及其姊之紀錄不受影響", "Records that do not name her stand", "permit care", about=whom(consent(deny(data="dependents:Patient/sister"))))
    d.row("提及親屬之部分遮去", "The part that mentions a relative is taken out", "permit care +redact:FamilyMemberHistory.condition[0]:GDIS", about=whom(consent(deny(label="GDIS"))), what=record("FamilyMemberHistory", "N", parts=[{"path": "FamilyMemberHistory.condition[0]", "labels": ["GDIS"]}]))
    d.row("關閉遺傳標記", "Genetic labels are closed", "deny part-closed @c1:provision", about=whom(consent(deny(label="GDIS"))), what=history)
    d.row("基因序列之研究須有同意", "Research on sequences needs consent", "deny specimen-needs-consent", research, what=gene)
    d.row("基因序列之研究，有同意", "Research on sequences with consent", "permit consent-permits @c1:provision", research, whom(consent(permit(purpose="HRESCH", kind="genetic"))), gene)
    d.row("基因序列之研究，計畫同意", "Research on sequences with the project's consent", "permit project-consent @c1:provision", asked("analyst", RESEARCH + "genome"), whom(consent(permit(purpose=RESEARCH + "genome"))), gene)
    d.row("基因序列，他計畫之同意不及", "Another project's consent does not reach sequences", "deny specimen-needs-consent", asked("analyst", RESEARCH + "genome"), whom(consent(permit(purpose=RESEARCH + "other"))), gene)
    d.row("照護中之基因序列依預設", "Sequences in care keep the default", "permit care", what=gene)
    d.row("親屬之停止與當事人無涉", "A relative's stop does not touch the person", "permit secondary-by-statute", research, whom(), record("FamilyMemberHistory", references=["Patient/sister"]))
    return d


def providers() -> Dimension:
    d = Dimension("providers", "醫事人員與同戶之人", "Providers and households are not the subject", f"{PAGE} 4, actor and data")
    d.row("醫師在紀錄中為作者，不因此為當事人", "An author is no subject: not the own record", "deny not-let-in", asked("citizen", "PATRQT", id="Person/huang", person="Patient/huang"), what=record(authors=["Practitioner/huang"]))
    d.row("醫師本人之停止，不及其所寫之他人紀錄", "A clinician's own stop does not hide what they wrote of others", "permit secondary-by-statute", asked("analyst", "HRESCH"), what=record(authors=["Practitioner/lin"]))
    d.row("同戶之人非當事人", "One of the same household is not let in", "deny not-let-in", asked("citizen", "FAMRQT", id="Person/husband", person="Patient/husband"))
    d.row("提及同戶之人，不因此得閱覽", "Being named in a record lets nobody in", "deny not-let-in", asked("citizen", "FAMRQT", id="Person/husband", person="Patient/husband"), what=record(references=["Patient/husband"]))
    d.row("拒絕該醫師所寫之紀錄", "What a practitioner wrote is closed", "deny part-closed @c1:provision", about=whom(consent(deny(data="authoredby:Practitioner/huang"))), what=record(authors=["Practitioner/huang"]))
    d.row("拒絕該醫師閱覽，不及其所寫而由他人閱覽", "A practitioner refused as reader: what they wrote is read by others", "permit care", about=whom(consent(deny(actor="Practitioner/huang"))), what=record(authors=["Practitioner/huang"]))
    d.row("作者本人亦不得閱覽已拒絕其閱覽之紀錄", "The author is refused as reader of their own entry", "deny restricted @c1:provision", asked(id="Practitioner/huang"), whom(consent(deny(actor="Practitioner/huang"))), record(authors=["Practitioner/huang"]))
    d.row("院所為作者", "An institution as author", "deny part-closed @c1:provision", about=whom(consent(deny(data="authoredby:Organization/taipei"))), what=record(authors=["Practitioner/huang", "Organization/taipei"]))
    d.row("同一執業登記號碼之兩種寫法不相等", "One number, two systems: not the same identifier", "permit care", asked(identifiers=["urn:a|012345"]), whom(consent(deny(actor="id:urn:b|012345"))))
    d.row("醫師兼病人：以病人身分被拒絕亦為其人", "A clinician who is also a patient is known by their person", "deny restricted @c1:provision", asked(person="Patient/lin"), whom(consent(deny(actor="Patient/lin"))))
    d.row("就醫紀錄所附之地點不是查閱者", "A place named in a record is no actor", "permit care", about=whom(consent(deny(actor="Location/5a"))), what=record("Encounter", references=["Location/5a"]))
    return d


def revocation() -> Dimension:
    d = Dimension("revocation", "撤回與生效時刻", "Revocation", f"{PAGE} 4, in force 1 and 3")
    research, before, after = (asked("analyst", "HRESCH", at=f"2026-03-10T{t}+08:00") for t in ("09:00:00", "08:59:59.999", "09:00:00"))
    stop = deny(purpose="HRESCH")
    d.row("停止成立之前一版", "The version before the stop", "permit secondary-by-statute", research, whom(version=4))
    d.row("停止成立之版", "The version of the stop", STOPPED, research, whom(consent(stop, date="2026-03-10T08:59:00+08:00"), version=5))
    d.row("恢復利用之版", "The version of its end", "permit secondary-by-statute", research, whom(consent(stop, status="inactive"), version=6))
    d.row("再次停止之版", "The version of the second stop", "deny stopped @c2:provision", research, whom(consent(stop, status="inactive"), consent(stop, "c2", "2026-03-10"), version=7))
    d.row("同一秒所為之停止已生效", "A stop of the same moment denies", STOPPED, after, whom(consent(stop, date="2026-03-10T09:00:00+08:00")))
    d.row("停止之日期在後，仍立即生效", "A stop dated later denies at once", STOPPED, before, whom(consent(stop, date="2026-03-10T09:00:00+08:00")))
    d.row("同意之日期在後，尚不生效", "A permit dated later permits not yet", "deny no-default", asked(at="2026-03-10T08:59:59.999+08:00"), whom(consent(permit(), date="2026-03-10T09:00:00+08:00")), policy=SHUT)
    d.row("同意之時刻到，即生效", "A permit permits at its moment", "permit consent-permits @c1:provision", asked(at="2026-03-10T09:00:00+08:00"), whom(consent(permit(), date="2026-03-10T09:00:00+08:00")), policy=SHUT)
    d.row("停止設有終期，終期之後恢復", "A stop with an end: after it", "permit secondary-by-statute", research, whom(consent(deny(purpose="HRESCH", period="/2026-03-09"))))
    d.row("停止設有始期，始期之前未停止", "A stop with a start: before it", "permit secondary-by-statute", before, whom(consent(deny(purpose="HRESCH", period="2026-03-10T09:00:00+08:00/"), date="2026-03-01")))
    d.row("停止設有始期，始期之時停止", "A stop with a start: at it", STOPPED, after, whom(consent(deny(purpose="HRESCH", period="2026-03-10T09:00:00+08:00/"), date="2026-03-01")))
    d.row("撤回計畫同意，概括停止復生", "A project's consent is withdrawn: the general stop acts again", STOPPED, asked("analyst", RESEARCH + "lung"), whom(consent(stop), consent(permit(purpose=RESEARCH + "lung"), "c2", status="inactive")))
    d.row("撤回計畫同意，以較新之拒絕為之", "A project's consent is ended by a newer denial that names it", "deny stopped @c3:provision", asked("analyst", RESEARCH + "lung"), whom(consent(permit(purpose=RESEARCH + "lung"), "c2"), consent(deny(purpose=RESEARCH + "lung"), "c3", "2026-01-01")))
    return d


def retroactivity() -> Dimension:
    d = Dimension("retroactivity", "溯及與後續利用", "Retroactivity as far as a decision sees it", f"{PAGE} 4")
    stop = consent(deny(purpose="HRESCH"), date="2026-03-01")
    d.row("停止前之讀取仍為准許（以當時之版判斷）", "A read before the stop, judged by the version then", "permit secondary-by-statute", asked("analyst", "HRESCH", at="2026-02-01T09:00:00+08:00"), whom(version=1))
    d.row("停止後之讀取一律拒絕，舊資料亦然", "After the stop old records too are denied", STOPPED, asked("analyst", "HRESCH"), whom(stop), record(period={"start": "2019-01-01", "end": "2019-01-01"}))
    d.row("停止後新增之資料亦拒絕", "Records made after the stop are denied", STOPPED, asked("analyst", "HRESCH", at="2026-06-01T09:00:00+08:00"), whom(stop), record(period={"start": "2026-05-01", "end": "2026-05-01"}))
    d.row("停止後攜出先前所算之結果屬另一行為，仍拒絕列資料", "A release after the stop of the person's row is denied", STOPPED, asked("analyst", "HRESCH", action="disclose"), whom(stop))
    d.row("只停止日後資料：舊資料仍可利用", "Only later data is stopped: old data stands", "permit secondary-by-statute", asked("analyst", "HRESCH"), whom(consent(deny(purpose="HRESCH", dates="2026-03-01/"), date="2026-03-01")), record(period={"start": "2019-01-01", "end": "2019-01-01"}))
    d.row("只停止日後資料：新資料停止", "Only later data is stopped: new data is", STOPPED, asked("analyst", "HRESCH"), whom(consent(deny(purpose="HRESCH", dates="2026-03-01/"), date="2026-03-01")), record(period={"start": "2026-03-05", "end": "2026-03-05"}))
    d.row("計畫許可在前、停止在後：無計畫同意者停止", "A project approved before the stop, without the person's consent", STOPPED, asked("analyst", RESEARCH + "lung"), whom(stop))
    d.row("計畫同意在前、概括停止在後：計畫仍可", "A project agreed to before the general stop goes on", "permit project-consent @c2:provision", asked("analyst", RESEARCH + "lung"), whom(stop, consent(permit(purpose=RESEARCH + "lung"), "c2", "2024-01-01")))
    d.row("計畫同意設有終期且已過", "The project's consent has ended", STOPPED, asked("analyst", RESEARCH + "lung"), whom(stop, consent(permit(purpose=RESEARCH + "lung", period="/2025-12-31"), "c2", "2024-01-01")))
    d.row("檢體：無同意者不得研究", "Specimens: without consent no research", "deny specimen-needs-consent", asked("analyst", "HRESCH"), what=record("Specimen"))
    d.row("檢體：撤回同意後不得研究", "Specimens: after withdrawal no research", "deny specimen-needs-consent", asked("analyst", "HRESCH"), whom(consent(permit(purpose="HRESCH"), status="inactive")), record("Specimen"))
    d.row("恢復利用後，停止期間之資料可利用", "After the stop has ended its time is open again", "permit secondary-by-statute", asked("analyst", "HRESCH"), whom(consent(deny(purpose="HRESCH", period="2025-01-01/2025-12-31"))), record(period={"start": "2025-06-01", "end": "2025-06-01"}))
    return d


DIMENSIONS = (minors, incapacity, death, merges, family, relatives, providers, revocation, retroactivity)
