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
        "_Planner._broken",
        "_Planner._within",
        "_Planner._notifiable",
        "_Planner._consented",
        "_Planner._passing",
        "_Planner._hidden",
        "_Planner._one_of",
        "_Planner._closed",
        "_Planner._naming_others",
        "_Planner._member",
        "_Planner._ruled",
        "in_emergency",
        "_own",
        "_sees_all",
        "_of_work",
    ),
    f"{RECORDS}.concealed": ("concealed", "_member"),
    f"{RECORDS}.registers": (
        "Readers.version",
        "Readers.known",
        "Readers.guessed",
        "Readers.holds",
        "_refusing",
    ),
    f"{RECORDS}.bearers": ("first_bearer", "_since"),
    f"{RECORDS}.leaving": ("_may_tell",),
    f"{PLANNING}.work": ("Level.law", "Level.concealed", "Level.areas", "patients_in"),
    f"{PLANNING}.compiling": ("sought",),
    f"{PLANNING}.driving": ("Sought.tested", "Sought.driven"),
    f"{PLANNING}.walking": ("Walk.bounds", "walk_of", "_is_much", "_through", "_by_date"),
    f"{PLANNING}.linking": ("chain", "_named_by", "has", "_current", "_lists", "compartment"),
    f"{PLANNING}.hierarchies": ("_lying", "_inside", "_around"),
    f"{PLANNING}.coding": ("_address",),
    f"{PLANNING}.values": ("referring", "_person"),
    f"{PLANNING}.including": ("_by_id", "_by_address", "_naming", "_holding"),
    f"{PLANNING}.naming": ("named_persons", "_sees_one", "_seen", "_patients", "_identifiers"),
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
        "_require_work",
        "_versions",
        "_judged",
    ),
    f"{RECORDS}.histories": ("_superseded", "_types", "_versions"),
    f"{RECORDS}.conditional": ("require_given",),
    f"{RECORDS}.paging": ("redeem", "_bound"),
    f"{RECORDS}.unseen": ("unseen", "doubtful", "_missing"),
    f"{RECORDS}.writing": (
        "Writer.doubt",
        "Writer._doubted",
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
    f"{POLICY}.actors": (
        "_Walk._numbered",
        "_Walk._from",
        "_Walk._beside",
        "_Walk._roles_within",
        "_Walk._is_held",
        "_Walk._is_here",
        "_Members.named",
        "_Members._in",
        "_Members._among",
        "_Members._one",
    ),
    f"{LAKE}.asking": (
        "Lake.ask",
        "Lake.rows",
        "Lake.open_rows_of",
        "Lake._require_reach",
        "_require_purpose",
    ),
    f"{LAKE}.sides": (
        "Sides._stopped",
        "Sides._unwilling",
        "Sides._limits",
        "Sides._under",
        "rows_of",
        "_holding",
        "_within",
    ),
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
        "walking",
        "linking",
        "hierarchies",
        "coding",
        "values",
        "including",
        "statement",
    )
}
"""Where what was asked is put beside the law."""
LAW = ("law", "covers", "body.sql", "seen", "concealed", "hidden")
"""What names the law in them."""

_CHECKS = ("_check", "_sees", "_may_", "may_write", "_gives_power", "self._keeps")
KEEPING = {"Writer.put": _CHECKS, "Writer.delete": _CHECKS}
"""What of law and choice is weighed in the functions that keep a record. What they keep beside it (whom a choice binds,
who is one with whom) is held by tests/records and by the scenes."""

NOTHING = "nothing else stands there"
SLOWER = "the compiled decision says of everybody what the sets say: it only costs more"
NO_OTHER = "no other Access carries hidden sets"
EITHER = "whether it is read once or asked of each row, the rows are the same: it only costs more"
PASSED = "who passes here passes by what follows too: it only costs more"
NO_READING = "only secondary use carries `unless`, and it reads no record"
NO_NAMES = "where no Consent is weighed, names decide nothing: it only costs more"
NAMED = "more parts are read, each by the persons of whom it may be: it only costs more"
READABLE = "the store keeps no period that cannot be read"
EXCUSED: dict[str, str] = {
    "policy.actors._Walk._numbered#0 guard dropped: if kind not in READERS: return []": (
        "no register finds a Device by a number: it only costs more"
    ),
    "policy.actors._Walk._from#7 operand 1 dropped: kind == 'Device' and record.get('patient')": (
        "no other of these records has a patient"
    ),
    "policy.actors._Walk._beside#2 operand 1 dropped: kind == 'PractitionerRole' and self._is_held(record)": (
        "a Practitioner and a Device name neither a practitioner nor an organisation of theirs"
    ),
    "policy.actors._Walk._beside#4 filter dropped: name": "no actor bears the empty name",
    "policy.actors._Members.named#0 guard dropped: if name in self._names: return True": (
        "a name of the reader is compared as such, before any doubt about it"
    ),
    "policy.actors._Members._among#2 operand 1 dropped: "
    "holds is None or team.get('modifierExtension') or (not listed)": READABLE,
    "policy.actors._Members._one#6 operand 1 dropped: "
    "holds is None or around.get('modifierExtension')": READABLE,
    "records.registers.Readers.version#2 guard dropped: if held.through == last: return held.relevant": (
        "after the last change there is none: it only costs more"
    ),
    "records.registers.Readers.version#5 difference dropped: last - held.through": (
        "names that are found anew are the same: it only costs more"
    ),
    "records.registers.Readers.version#7 operand 2 dropped: found or held.relevant": (
        "nothing is remembered: it only costs more"
    ),
    "records.registers.Readers.known#0 guard dropped: if access.purpose not in WEIGHING or "
    "access.ground in {'deciding', 'follower', 'loading'}:": NO_NAMES,
    "records.registers.Readers.known#2 guard dropped: if near is not None and near.version == version "
    "and (near.since <= now < near.until): retu": "the same names are found by the Access itself: it only costs more",
    "records.registers.Readers.known#3 operand 1 dropped: access.purpose not in WEIGHING or "
    "access.ground in {'deciding', 'follower', 'loading'}": NO_NAMES,
    "records.registers.Readers.known#4 operand 2 dropped: access.purpose not in WEIGHING or "
    "access.ground in {'deciding', 'follower', 'loading'}": NO_NAMES,
    "records.planning.values.referring#0 filter dropped: term not in hidden": (
        "the rows are under the law beside it; that they cost nothing is held by tests/leak/test_work.py"
    ),
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
    "records.writing.Writer.put#24 operand 1 dropped: "
    "not (row and (not row.deleted)) and (not self._sees(number, prepared.type, 'collect'))": (
        "who may change a record may make one of its kind: it only costs more"
    ),
    "records.writing.Writer._doubted#1 guard dropped: "
    "if self.together.standing(self.access).sees_all(self.connection): return frozenset()": (
        "who sees everything misses nothing: it only costs more"
    ),
    "records.writing.Writer._check_patient#0 guard dropped: if prepared.patient in standing.patients: return": (
        "who was found to be seen is found again: it only costs more"
    ),
    "records.writing.Writer._check_patient#2 call dropped: standing.patients.add(str(prepared.patient))": (
        "who was found to be seen is found again: it only costs more"
    ),
    "records.writing.Writer._check_act#2 operand 2 dropped: row and row.person": (
        "a Consent of nobody is seen by nobody, so that nobody changes it"
    ),
    "records.writing.Writer._gives_power#4 comparison dropped: "
    "next(self.connection.execute(sql, (row.no,)), None) is not None": (
        "it refuses a change of every relative's record: it closes"
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
    "lake.sides._holding#0 guard dropped: if len(parts) < len(persons): return [part for part in parts "
    "if persons.range_cardinality(": "whichever are fewer are gone through, the parts are the same: it only costs more",
    "lake.sides._holding#1 filter dropped: part.low in lows": NAMED,
    "lake.sides._holding#2 filter dropped: persons.range_cardinality(part.low, part.low + span)": NAMED,
    "lake.sides._within#1 difference dropped: persons & reached": (
        "who has no row in what is read is named in vain: it only costs more"
    ),
    "records.planning.work.Level.concealed#0 call dropped: self.work.names.know(named, found.numbers)": (
        "who was looked up is looked up once more, whether they are there or not: it only costs more"
    ),
    "lake.sides.rows_of#1 difference dropped: stopped - placed": (
        "whose rows lie apart already has none among the open ones: it only costs more"
    ),
    "records.visible._Planner._member#2 never true: "
    "Predicate(f'({sql} AND NOT {allowed})', [*values, hidden.unless, _Given.NOW, _Given.NOW])": NO_READING,
    "records.visible._Planner._broken#0 condition dropped: "
    "yield (_among(self.opened, 'r.person') if self.access.emergency else Predicate(NOWHERE, []": SLOWER,
    "records.visible._Planner._broken#4 always true: Predicate(NOWHERE, [])": SLOWER,
    "records.visible._Planner._broken#5 never true: Predicate(NOWHERE, [])": "nowhere is nowhere",
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
    "records.visible._Planner._ruled#1 always true: "
    "Predicate(f'EXISTS (SELECT 1 FROM ruled u WHERE u.person = {person} AND {rest})', values)": SLOWER,
    "records.concealed.concealed#3 operand 1 dropped: "
    "not asked or not sets or open_further or (record_type in SHARED_TYPES)": (
        "of nobody asked nobody is found"
    ),
    "records.concealed.concealed#6 operand 4 dropped: "
    "not asked or not sets or open_further or (record_type in SHARED_TYPES)": (
        "records of nobody name no patient: it only costs more"
    ),
    **{
        f"records.histories._superseded#{number}": "another way to the same versions, each under the law"
        for number in (
            "0 operand 1 dropped: ids is None and access.persons is None",
            "1 operand 2 dropped: ids is None and access.persons is None",
            "2 guard dropped: if len(rows) == most or asked.since == whole.since: return rows",
            "3 operand 1 dropped: len(rows) == most or asked.since == whole.since",
            "4 operand 2 dropped: len(rows) == most or asked.since == whole.since",
        )
    },
    "records.planning.linking._current#3 filter dropped: patient not in hidden": (
        "the Lists of who is hidden are under the law of Lists: it only costs more"
    ),
    "records.planning.naming._sees_one#0 operand 1 dropped: "
    "bool(keys) and any((_seen(work, kind, keys) for kind in kinds))": "of no ids none is seen: it only costs more",
    "records.concealed._member#0 guard dropped: if hidden.unless is None: return (sql, names)": (
        "what takes the empty name's place is a moment, and in no set"
    ),
    "records.sqlite._versions#0 guard dropped: if READING.holds(guess, reader, found[0].last if found else None): "
    "return found": "what was guessed rightly is found anew: it only costs more",
    "records.sqlite.SQLiteStore.versions#4 operand 1 dropped: not rows and asked.type and asked.id": (
        "who sees a version of a record sees the record: it only costs more"
    ),
    "records.sqlite.SQLiteStore.rules_of#1 operand 2 dropped: row and row[1]": (
        "what follows from the whole are all its labels: it only costs more"
    ),
    "records.sqlite.SQLiteStore.versions#5 operand 2 dropped: not rows and asked.type and asked.id": (
        "an id is asked of a type alone"
    ),
    "records.visible._visible#7 operand 1 dropped: many and _are_small(told, connection)": EITHER,
    "records.visible._visible#8 operand 2 dropped: many and _are_small(told, connection)": EITHER,
    "records.visible._Planner.conditions#13 never true: "
    "Predicate(f'(r.labels & {CHOSEN | OTHERS}) = 0', [])": PASSED,
    "records.visible._Planner._passing#1 condition dropped: "
    "yield Predicate(f'(r.labels & {rest | (REFUSING if hidden else 0)}) = 0', [])": PASSED,
    "records.visible._Planner._passing#3 operand 2 dropped: "
    "self.access.emergency is not None or not restricted": (
        "a set of another name hides from secondary use alone, and it reads no record"
    ),
    "records.visible._Planner._passing#4 operand 1 dropped: self.read_once and hidden": EITHER,
    "records.visible._Planner._passing#6 condition dropped: "
    "yield Predicate(f'(r.labels & {rest}) = 0 AND {none}', [v for each in members for v in eac": PASSED,
    "records.visible._Planner._passing#9 never true: "
    "Predicate(f'(r.labels & {rest | (REFUSING if hidden else 0)}) = 0', [])": PASSED,
    "records.visible._Planner._passing#11 never true: "
    "Predicate(f'(r.labels & {rest}) = 0 AND {none}', [v for each in members for v in each.valu": PASSED,
    "records.visible._Planner._passing#12 predicate open: {each.sql}": PASSED,
    "records.visible._Planner._one_of#0 guard dropped: "
    "if hidden.unless is not None: return self._member(hidden, 'r.person')": NO_READING,
    "records.visible._Planner._ruled#0 guard dropped: "
    "if once: return Predicate(f'{person} IN (SELECT u.person FROM ruled u WHERE {rest})', valu": EITHER,
    "records.visible._Planner._ruled#3 always true: "
    "Predicate(f'{person} IN (SELECT u.person FROM ruled u WHERE {rest})', values)": SLOWER,
    "records.planning.naming.named_persons#14 filter dropped: not kind == query.type == 'Patient'": (
        "an id asked of Patients stands among the patients that are looked for: it only costs more"
    ),
    "records.planning.work.patients_in#1 filter dropped: kind in {'Patient', None}": (
        "a reference to another kind has no term of a patient that could be left out: it only costs more"
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
