"""Where law and choice are weighed, and which mutants of it nobody could tell from the original."""

RECORDS, POLICY, LAKE = "camphora.records", "camphora.policy", "camphora.lake"
PLANNING = f"{RECORDS}.planning"
TARGETS = {
    f"{RECORDS}.visible": (
        "require_type",
        "_visible",
        "shown",
        "_weighed",
        "judges_all",
        "_Planner.conditions",
        "_Planner._within",
        "_Planner._notifiable",
        "_Planner._consented",
        "_Planner._hidden",
        "_Planner._closed",
        "_Planner._naming_others",
        "_Planner._member",
        "_Planner._ruled",
        "in_emergency",
        "_own",
        "_sees_all",
    ),
    f"{RECORDS}.concealed": ("concealed", "_member"),
    f"{PLANNING}.work": ("Level.law", "Level.concealed", "Level._areas", "patients_in"),
    f"{PLANNING}.compiling": ("sought",),
    f"{PLANNING}.driving": ("Sought.tested", "Sought.driven"),
    f"{PLANNING}.linking": ("chain", "_named_by", "has", "_lists", "compartment"),
    f"{PLANNING}.hierarchies": ("_lying", "_inside", "_around"),
    f"{PLANNING}.coding": ("_address",),
    f"{PLANNING}.values": ("referring", "_person"),
    f"{PLANNING}.including": ("_by_id", "_by_address", "_naming", "_holding"),
    f"{PLANNING}.naming": ("named_persons", "_seen", "_patients", "_identifiers"),
    f"{PLANNING}.statement": ("planned", "Plan.estimate"),
    f"{RECORDS}.searching": ("search",),
    f"{RECORDS}.sqlite": (
        "SQLiteStore.read",
        "SQLiteStore.history",
        "SQLiteStore.versions",
        "SQLiteStore._require_seen",
        "SQLiteStore._absent",
        "SQLiteStore.search",
        "SQLiteStore.explain",
        "SQLiteStore.looks",
        "SQLiteStore.letting_in",
        "SQLiteStore.whom",
        "SQLiteStore.explained",
        "SQLiteStore.rules_of",
        "SQLiteStore.has_closed_part",
        "SQLiteStore.batch_rows",
        "_require_follower",
        "_versions",
    ),
    f"{RECORDS}.histories": ("_types", "_versions"),
    f"{RECORDS}.conditional": ("require_given",),
    f"{RECORDS}.paging": ("redeem", "_bound"),
    f"{RECORDS}.writing": (
        "Writer.put",
        "Writer.delete",
        "Writer._check_put",
        "Writer._check_act",
        "Writer._relinks",
        "Writer._gives_power",
        "Writer._check_patient",
        "Writer._check_match",
        "Writer._may_change",
        "Writer._sees",
        "Writer._keeps_a_part",
    ),
    f"{POLICY}.admission": ("admit", "_self", "_care", "_secondary", "_surveillance"),
    f"{POLICY}.access": ("Access.covers", "Access.may_write", "Access.hidden_for"),
    f"{LAKE}.asking": (
        "Lake.ask",
        "Lake.rows",
        "Lake.open_rows_of",
        "Lake._require_reach",
        "_require_purpose",
    ),
    f"{LAKE}.sides": ("Sides._stopped", "Sides._unwilling", "Sides._limits", "Sides._under", "rows_of"),
    "camphora.gate.gate": (
        "Gate.decide",
        "Gate.letting_in",
        "Gate._require_member",
        "Gate._standing_in",
        "Gate._on_basis",
        "Gate._is_within",
    ),
    "camphora.web.site": ("Site.access", "Site.api_access"),
}
"""The functions in which law and choice are weighed. A name that is no longer there fails: the mutants must follow."""

QUESTIONS = {
    f"{PLANNING}.{name}"
    for name in (
        "compiling",
        "driving",
        "linking",
        "hierarchies",
        "coding",
        "values",
        "including",
        "statement",
    )
}
"""Where what was asked is put beside the law."""
LAW = ("law", "covers", "body.sql", "seen", "concealed")
"""What names the law in them."""

_CHECKS = ("_check", "_sees", "_may_", "may_write", "_gives_power", "self._keeps")
KEEPING = {"Writer.put": _CHECKS, "Writer.delete": _CHECKS}
"""What of law and choice is weighed in the functions that keep a record. What they keep beside it (whom a choice binds,
who is one with whom) is held by tests/records and by the scenes."""

NOTHING = "nothing else stands there"
SLOWER = "the compiled decision says of everybody what the sets say: it only costs more"
NO_OTHER = "no other Access carries hidden sets"
NO_READING = "only secondary use carries `unless`, and it reads no record"
EXCUSED: dict[str, str] = {
    "lake.asking.Lake.open_rows_of#5 operand 2 dropped: "
    "not own or access.persons is None or person not in access.persons": "one's own Access names its person",
    "lake.sides.Sides._under#0 guard dropped: if self._needs_consent(source): return self._everybody()": (
        "it says on which side rows lie; whose are read is said by `_unwilling`"
    ),
    "lake.sides.Sides._under#2 operand 2 dropped: counts(name) and touches(name, category)": (
        "more rows lie on the closed side, and are read from there: it only costs more"
    ),
    "lake.sides.Sides._stopped#2 operand 2 dropped: not decision.permitted and code != NEEDS_CONSENT": (
        "it refuses where nobody would be counted: it closes"
    ),
    "gate.gate.Gate._standing_in#1 refused dropped: "
    "replace(access, ground=kind, refused=frozenset(), writes=frozenset({'Consent'}))": NOTHING,
    "gate.gate.Gate.decide#5 operand 2 dropped: purpose is Purpose.CARE and person is not None": (
        "an emergency is somebody's: of nobody there is none"
    ),
    "gate.gate.Gate._on_basis#10 hidden dropped: "
    "replace(access, types=types, hidden=(), closed=(), ground='legal-basis', basis=claim.state": NOTHING,
    "gate.gate.Gate._on_basis#11 closed dropped: "
    "replace(access, types=types, hidden=(), closed=(), ground='legal-basis', basis=claim.state": NOTHING,
    "web.site.Site.access#2 operand 2 dropped: reader is ANYBODY and purpose is not Purpose.OPEN": (
        "it closes open data to who is not signed in, and opens nothing"
    ),
    "records.planning.hierarchies._lying#1 operand 1 dropped: "
    "code is None or not level.work.access.covers(kind)": "a type without a hierarchy has no parameter to go along",
    "records.writing.Writer.put#17 operand 1 dropped: "
    "not (row and (not row.deleted)) and (not self._sees(number, prepared.type, 'collect'))": (
        "who may change a record may make one of its kind: it only costs more"
    ),
    "records.writing.Writer._check_act#2 operand 2 dropped: row and row.person": (
        "a Consent of nobody is seen by nobody, so that nobody changes it"
    ),
    "records.writing.Writer._sees#0 guard dropped: if predicate == EVERYTHING: return True": (
        "a row that is there is found by a condition that holds of everything: it only costs more"
    ),
    "records.writing.Writer._keeps_a_part#0 guard dropped: if not row.labels & PARTS: return False": (
        "a record of which no part is labelled is shown whole: it only costs more"
    ),
    "records.writing.Writer._keeps_a_part#3 difference dropped: row.labels & PARTS": (
        "a record of which no part is labelled is shown whole: it only costs more"
    ),
    "gate.gate.Gate.letting_in#0 guard dropped: if reader.person is None: return frozenset()": (
        "nobody lets in an account that is no person's: it only costs more"
    ),
    "lake.sides.rows_of#1 difference dropped: stopped - placed": (
        "whose rows lie apart already has none among the open ones: it only costs more"
    ),
    "records.visible._Planner._member#2 never true: "
    "Predicate(f'({sql} AND NOT {allowed})', [*values, hidden.unless, _Given.NOW, _Given.NOW])": NO_READING,
    "records.visible._Planner.conditions#8 never true: Predicate(NOWHERE, [])": "nowhere is nowhere",
    "records.visible._Planner._consented#8 predicate open: {among.sql}": SLOWER,
    "records.visible._Planner._naming_others#9 always true: "
    "Predicate(f'{ruled.sql} OR {opened.sql}', [*ruled.values, *opened.values])": SLOWER,
    "records.visible._Planner._naming_others#14 predicate open: {ruled.sql}": SLOWER,
    "records.visible._Planner._naming_others#18 predicate open: {ruled.sql}": SLOWER,
    "records.visible._Planner._naming_others#19 predicate open: {opened.sql}": SLOWER,
    "records.visible.shown#3 operand 3 dropped: "
    "_sees_all(access) or record_type in SHARED_TYPES or _own(access)": (
        "the decision takes nothing out of one's own record: it only costs more"
    ),
    "records.visible._Planner._ruled#0 always true: "
    "Predicate(f'EXISTS ({sql})', [self._weighed(), _Given.NOW, _Given.NOW])": SLOWER,
    "records.concealed.concealed#3 operand 1 dropped: "
    "not asked or not sets or open_further or (record_type in SHARED_TYPES)": "of nobody asked nobody is found",
    "records.concealed.concealed#6 operand 4 dropped: "
    "not asked or not sets or open_further or (record_type in SHARED_TYPES)": (
        "records of nobody name no patient: it only costs more"
    ),
    "records.concealed._member#0 guard dropped: if hidden.unless is None: return (sql, names)": (
        "what takes the empty name's place is a moment, and in no set"
    ),
    "records.sqlite.SQLiteStore.versions#4 operand 1 dropped: not rows and asked.type and asked.id": (
        "who sees a version of a record sees the record: it only costs more"
    ),
    "records.sqlite.SQLiteStore.rules_of#1 operand 2 dropped: row and row[1]": (
        "what follows from the whole are all its labels: it only costs more"
    ),
    "records.sqlite.SQLiteStore.versions#5 operand 2 dropped: not rows and asked.type and asked.id": (
        "an id is asked of a type alone"
    ),
    "records.visible._Planner._consented#6 predicate open: {ruled.sql}": SLOWER,
    "records.visible._Planner._naming_others#8 call dropped: tests.append(hidden)": NO_OTHER,
    "records.visible._Planner._member#0 guard dropped: "
    "if hidden.unless is None: return Predicate(sql, values)": "an empty name is in no set",
    "records.visible._Planner._member#1 always true: "
    "Predicate(f'({sql} AND NOT {allowed})', [*values, hidden.unless, _Given.NOW, _Given.NOW])": NO_READING,
    "records.visible._sees_all#2 operand 3 dropped: "
    "access.purpose is Purpose.OPERATION and access.persons is None and (not access.hidden)": NO_OTHER,
    "records.visible._weighed#2 operand 2 dropped: "
    "action == 'collect' and access.purpose is Purpose.CARE": "no other purpose that writes carries closed parts",
    "records.visible._weighed#5 closed dropped: replace(access, closed=())": NOTHING,
    "records.visible.judges_all#0 operand 1 dropped: "
    "access.purpose is Purpose.CARE and (policy['defaults.care'] == 'deny' or policy['combining": SLOWER,
    "records.visible.judges_all#1 operand 2 dropped: "
    "access.purpose is Purpose.CARE and (policy['defaults.care'] == 'deny' or policy['combining": SLOWER,
    "policy.admission._self#5 types dropped: "
    "Access(reader, Purpose.SELF, frozenset({person}), types=None, refused=frozenset({'Consent'": NOTHING,
    "policy.admission._self#7 types dropped: "
    "Access(reader, Purpose.SELF, frozenset({person}), types=None, writes=frozenset({'Consent'}": NOTHING,
    "policy.admission._care#1 persons dropped: "
    "Access(reader, Purpose.CARE, persons=None, types=PHARMACY_TYPES if reader.role is Role.PHA": NOTHING,
    "policy.admission._secondary#1 persons dropped: "
    "Access(request.reader, Purpose.SECONDARY, persons=None, types=None, hidden=tuple(dict.from": NOTHING,
    "policy.admission._secondary#2 types dropped: "
    "Access(request.reader, Purpose.SECONDARY, persons=None, types=None, hidden=tuple(dict.from": NOTHING,
    "policy.admission._secondary#3 hidden dropped: "
    "Access(request.reader, Purpose.SECONDARY, persons=None, types=None, hidden=tuple(dict.from": (
        "no record is read for it, and the lake looks the stops up by its purposes"
    ),
    "policy.admission._surveillance#1 persons dropped: "
    "Access(request.reader, Purpose.SURVEILLANCE, persons=None, types=None, refused=frozenset({": NOTHING,
    "policy.admission._surveillance#2 types dropped: "
    "Access(request.reader, Purpose.SURVEILLANCE, persons=None, types=None, refused=frozenset({": NOTHING,
}
"""Mutants that nobody could tell from the original, with the reason."""
