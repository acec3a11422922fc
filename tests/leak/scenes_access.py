"""Scenarios of who may ask at all: purposes that a role has not, calls that are for the inner readers, emergencies that
were not declared, legal bases outside what they serve, policies that open nothing by themselves."""

import time
from dataclasses import replace
from datetime import date
from functools import partial

from builders import NOW, observation, patient
from camphora.fhir.search import parse_query
from camphora.formats.declaration import TableColumn, TableDeclaration
from camphora.gate import User
from camphora.gate.gate import Grounds
from camphora.lake import Lake
from camphora.lake.question import Measure, Question
from camphora.policy import Policy, Purpose, Reader, Request, Role, admit, choices
from camphora.policy.admission import PURPOSES
from camphora.policy.asking import Basis
from camphora.policy.internal import deciding, explaining, following, identifying, loading
from camphora.policy.policy import LegalBasis
from camphora.records import Delete, Put, SQLiteStore
from camphora.records.conditional import Given
from camphora.records.histories import Versions
from consented import at_home, consent, diagnosis, treating
from leak import portal_attacks as portal
from leak.comparing import said
from leak.ground import ADA, OTHER, labelled
from leak.scenarios import DAY, FHIR, REASON, reader, refused, scene

_BOTH = {"zh-TW": "量表", "en": "scores"}
SCORES = TableDeclaration(
    "scores",
    _BOTH,
    (TableColumn("patient", _BOTH, "text"), TableColumn("score", _BOTH, "integer")),
    ("patient",),
    "Apache-2.0",
    _BOTH,
    date(2026, 1, 1),
    ("public",),
    "example",
    "patient",
)
"""A table whose rows are about persons."""
ACCOUNTS = ("other", "pharmacist", "welcome", "stranger", "analyst", "officer", "manager", "administrator")


def access_of(world, by, purpose=None, **claims):
    return world.installation.gate.access(reader(world, by), purpose, **claims)


# Roles and purposes


@scene((*FHIR, "ask", "lake.ask"), "purpose", "claim")
def a_purpose_is_had_by_its_roles_alone(make):
    """Nor is a code of use taken for another class of purposes, nor does an account without a person or an institution
    stand for any, nor one of an institution that no secondary use is for."""
    world = make()
    identity, standings = world.installation.gate.identity, world.installation.gate.standings
    identity.add_user(User("nowhere", "無院所", Role.CLINICIAN, None, None), None)
    identity.add_user(User("nobody-else", "無人", Role.CITIZEN, None, None), None)
    for by in ACCOUNTS:
        for purpose in Purpose:
            if purpose not in PURPOSES[reader(world, by).role]:
                code = refused(lambda p=purpose, b=by: access_of(world, b, p))
                assert code == "gate-role-lacks-purpose", (by, purpose)
    for by, purpose, code in (
        ("other", Purpose.CARE, "HRESCH"),
        ("analyst", Purpose.SECONDARY, "TREAT"),
        ("stranger", Purpose.SELF, "TREAT"),
        ("officer", Purpose.SURVEILLANCE, "GOV"),
    ):
        claimed = Grounds((code,))
        found = refused(lambda b=by, p=purpose, c=claimed: access_of(world, b, p, grounds=c))
        assert found == "gate-purpose-of-another-class", (by, code)
    assert refused(lambda: access_of(world, "nowhere")) == "gate-no-organisation"
    assert refused(lambda: access_of(world, "nobody-else")) == "gate-no-person"
    assert refused(lambda: access_of(world, "stranger", Purpose.SELF, person="ada")) == "gate-not-let-in"
    for kind in ("insurer", "commercial"):
        standings.set("officer", "organisation-kind", [kind])
        assert refused(lambda: access_of(world, "officer")) == "gate-applicant-not-eligible"
    standings.set("officer", "organisation-kind", ["government"])
    assert refused(lambda: access_of(world, "officer")) == ""


@scene((*FHIR, "clinic.record"), "type", "purpose")
def an_access_covers_its_own_types(make):
    world = make()
    for by, kind, reads, writes in (
        ("other", "Observation", True, True),
        ("other", "Consent", False, False),
        ("other", "Organization", True, False),
        ("pharmacist", "Observation", False, False),
        ("pharmacist", "MedicationRequest", True, False),
        ("pharmacist", "Consent", False, False),
        ("stranger", "Consent", True, True),
        ("stranger", "Observation", True, False),
        ("administrator", "Observation", False, False),
        ("administrator", "Organization", True, False),
    ):
        access = access_of(world, by)
        assert (access.covers(kind), access.may_write(kind)) == (reads, writes), (by, kind)
    store = world.installation.store
    closed = access_of(world, "pharmacist")
    assert refused(lambda: store.history(closed, "Observation", "bo-1")) == "records-type-refused"
    officer = access_of(world, "officer", Purpose.SURVEILLANCE)
    assert not officer.covers("Consent")
    world.choose("ada-lets-in", choices.let_in("ada", "dan", date(2099, 1, 1), NOW))
    relative = access_of(world, "stranger", Purpose.SELF, person="ada")
    assert not relative.covers("Consent")
    assert not relative.may_write("Consent")
    assert relative.purposes == ("FAMRQT",)
    named = access_of(world, "stranger", Purpose.SELF, person="ada", grounds=Grounds(("PWATRNY",)))
    assert named.purposes == ("PWATRNY",)


# What is for the inner readers


@scene((*portal.RECEIPTS, "persons.duplicates", "persons.pair", "lake.follower"), "purpose", "receipt")
def what_followers_read_is_given_to_nobody_who_keeps_the_index_or_works(make):
    """An Access over everybody for operation is not yet a follower's: whoever keeps the person index, works on signals,
    loads or explains has one of these."""
    world = make()
    store, gate = world.installation.store, world.installation.gate
    registrar = gate.registrar(reader(world, "administrator"))
    worker = gate.worker(reader(world, "officer"))
    for access in (registrar, worker, loading("t"), explaining(), identifying()):
        for ask in (
            lambda a=access: store.changes(a, 0, 9),
            lambda a=access: list(store.scan(a, 0, 99)),
            lambda a=access: store.hidden_persons(a, "stopped:*"),
            lambda a=access: store.set(a, ["stopped:*"]),
            lambda a=access: store.kept(a, lambda _: 1),
            lambda a=access: store.move(a, "t", 1),
            lambda a=access: store.verify_index(a),
        ):
            assert refused(ask) == "records-not-a-follower", access.ground
    assert store.changes(following("t"), 0, 9)
    assert refused(lambda: store.read(registrar, "Observation", "bo-1")) == "records-type-refused"


@scene(
    (*portal.RECEIPTS, "clinic.record", "lake.ask", "lake.open_rows_of"), "receipt", "purpose", "person-table"
)
def what_followers_and_the_gate_ask_is_given_to_no_account(make):
    """Of her and of nobody alike; and a table that is not public to nobody without it."""
    world = make()
    store, lake = world.installation.store, world.installation.lake
    batch, _ = store.add_batch(loading("t"), "stock", [{"a": 1}], source="t", as_of="2026", public=False)
    absent = replace(batch, no=batch.no + 1)
    for by in (*ACCOUNTS, "ada"):
        access = access_of(world, by)
        asks = {
            "changes": lambda a=access: store.changes(a, 0, 9),
            "scan": lambda a=access: list(store.scan(a, 0, 99)),
            "present": lambda a=access: store.present(a, [1, 2]),
            "hidden": lambda a=access: store.hidden_persons(a, "stopped:*"),
            "set": lambda a=access: store.set(a, ["stopped:*"]),
            "kept": lambda a=access: store.kept(a, lambda _: 1),
            "letting in": lambda a=access: store.letting_in(a, "ada"),
            "batch": lambda a=access: store.batch_rows(a, batch),
            "no batch": lambda a=access: store.batch_rows(a, absent),
        }
        asks |= {
            f"explained {name}": lambda a=access, n=name: store.explained(a, "Condition", n)
            for name in ("ada-illness", "absent")
        }
        if by != "ada":
            for name in ("ada", "nobody"):
                asks |= {
                    f"looks {name}": lambda a=access, n=name: store.looks(a, n),
                    f"whom {name}": lambda a=access, n=name: store.whom(a, n),
                    f"open rows {name}": lambda a=access, n=name: lake.open_rows_of(n, a),
                }
        for name, ask in asks.items():
            if (by, name) not in {("administrator", "batch"), ("administrator", "no batch")}:
                assert refused(ask), (by, name)
        if by not in {"welcome", "ada"}:
            assert store.rules_of(access, "Condition", "ada-illness") == [], by
        assert store.rules_of(access, "Condition", "absent") == []
    assert refused(lambda: store.batch_rows(following("t"), absent)) == "records-table-refused"
    assert store.batch_rows(following("t"), batch) == [{"a": 1}]
    empty, _ = store.add_batch(loading("t"), "none", [], source="t", as_of="2026", public=False)
    assert store.batch_rows(following("t"), empty) == []
    assert store.rules_of(access_of(world, "welcome"), "Condition", "ada-illness")
    for ask in (
        lambda: store.whom(deciding("nobody"), "nobody"),
        lambda: store.explained(deciding("ada"), "Condition", "absent"),
    ):
        assert refused(ask) == "records-not-found"
    own = access_of(world, "ada")
    told = len(store.looks(deciding("ada"), "ada"))
    open_to_all = lake.open_rows_of("ada", own)
    assert open_to_all["condition"] == 0
    assert all(lake.tables()[name].about_persons for name in open_to_all)
    assert len(store.looks(deciding("ada"), "ada")) == told + 1
    name = next(name for name, source in lake.tables().items() if source.table and not source.about_persons)
    (kept, *_) = store.batches(following("t"), name)
    rows = store.batch_rows(following("t"), kept)
    assert lake.rows(access_of(world, "stranger"), name).rows
    store.add_batch(loading("t"), name, rows[:1], source="t", as_of="2031", public=False)
    assert refused(lambda: lake.rows(access_of(world, "stranger"), name)) == "records-table-refused"
    world.choose("ada-lets-in", choices.let_in("ada", "dan", date(2099, 1, 1), NOW))
    relative = access_of(world, "stranger", Purpose.SELF, person="ada")
    assert refused(lambda: lake.open_rows_of("ada", relative)) == "records-not-found"


@scene((*FHIR, "clinic.patients"), "whole-server", "type", "purpose")
def how_a_search_is_answered_is_told_of_ones_own_types(make):
    world = make()
    store = world.installation.store
    for by, kind in (("pharmacist", "Observation"), ("other", "Consent"), ("analyst", "Patient")):
        assert refused(
            lambda b=by, k=kind: store.explain(access_of(world, b), parse_query(k, [], strict=True))
        )
    for kind in ("Consent", None):
        for by in ("pharmacist", "other"):
            access = access_of(world, by)
            if kind:
                assert (
                    refused(lambda a=access: store.versions(a, Versions("Consent"))) == "records-type-refused"
                )
                continue
            told = store.versions(access, Versions(count=900)).rows
            assert told
            assert "Consent" not in {one.type for one in told}
            assert not any(one.id in {"ada", "ada-value", "bo-of-ada"} for one in told)
    assert (
        refused(lambda: store.versions(access_of(world, "analyst"), Versions()))
        == "records-secondary-by-question"
    )


# Emergencies


@scene((*FHIR, "clinic.patient"), "emergency", "claim")
def an_emergency_is_declared_and_not_only_named(make):
    """The purpose of breaking the glass alone opens nobody; what was declared opens one person under it, also where two
    identities are one; and the same one still once a second one has the same number, who tells nothing so. A number is
    of who bore it first, and of no letter that only looks alike."""
    world = make()
    gate, store = world.installation.gate, world.installation.store
    broken = Grounds(("BTG",))
    access = access_of(world, "other", Purpose.CARE, grounds=broken)
    for kind, name in (("Patient", "bo"), ("Patient", "ada"), ("Observation", "bo-1")):
        assert refused(lambda k=kind, n=name: store.read(access, k, n)) == "records-not-found", name
    world.write(patient("zoe", "王曉明", "1950-02-02", "Z123456780"))
    twin = {**patient("ada", "王小明", "1950-02-01", ADA.number), "link": []}
    twin["link"] = [{"other": {"reference": "Patient/zoe"}, "type": "replaces"}]
    world.write(twin)
    world.write(
        patient("ivy", "黃雅婷", "1981-01-01", "E223456789"),
        {
            **observation("ada-of-ivy", "ada", "8480-6", "2026-01-01"),
            "performer": [{"reference": "Patient/ivy"}],
        },
    )
    world.choose("ivy-restricts", choices.restrict("ivy", OTHER, NOW))
    gate.declare(reader(world, "other"), ADA.number, REASON)
    for grounds in (broken, Grounds()):
        opened = access_of(world, "other", Purpose.CARE, person="ada", grounds=grounds)
        assert opened.emergency is not None
        for kind, name in (("Patient", "ada"), ("Observation", "ada-last"), ("Condition", "ada-illness")):
            assert store.read(opened, kind, name).id == name
        for kind, name in (("Observation", "ada-of-ivy"), ("Patient", "ivy"), ("Patient", "bo")):
            assert refused(lambda k=kind, n=name, a=opened: store.read(a, k, n)) == "records-not-found", name
    over = replace(opened.emergency, declared=opened.emergency.declared - 7 * DAY)
    held = replace(opened, emergency=over)
    assert refused(lambda: store.read(held, "Observation", "ada-last")) == "records-not-found", "it is over"
    world.write(patient("same", "別人", "1999-01-01", ADA.number))
    assert gate.declare(reader(world, "other"), ADA.number, REASON).person == "ada"
    opened = access_of(world, "other", Purpose.CARE, person="ada")
    for kind, name in (("Patient", "ada"), ("Observation", "ada-last"), ("Condition", "ada-illness")):
        assert store.read(opened, kind, name).id == name
    nobodys = replace(opened, emergency=replace(opened.emergency, identifier="Q999999999"))
    assert refused(lambda: store.read(nobodys, "Observation", "ada-last")) == "records-not-found"
    late, older = (
        patient("late", "遲來", "1999-02-02", "I123456789"),
        patient("dan", "張志明", "1985-08-08", "D123456789"),
    )
    world.write(late, {**older, "identifier": [*older["identifier"], *late["identifier"]]})
    declared = gate.declare(reader(world, "other"), "i123456789", REASON)
    assert declared.person == "late", "who was there before came to bear the number later"
    dotless = partial(
        gate.declare, reader(world, "other"), "\N{LATIN SMALL LETTER DOTLESS I}123456789", REASON
    )
    assert refused(dotless) == "gate-emergency-nobody"


@scene(("fhir.read", "fhir.search", "clinic.record"), "emergency", "named-beside")
def an_emergency_of_ones_own_is_no_reading_of_ones_own(make):
    """Who treats and is a person too opens their own record in an emergency like any: whom it names stays hidden."""
    world = make()
    gate, store = world.installation.gate, world.installation.store
    world.write(
        patient("ivy", "黃雅婷", "1981-01-01", "E223456789"),
        {
            **observation("ivy-of-ada", "ivy", "8480-6", "2026-01-01"),
            "performer": [{"reference": "Patient/ada"}],
        },
        observation("ivy-alone", "ivy", "8480-6", "2026-01-02"),
    )
    gate.identity.add_user(User("doctor", "黃醫師", Role.CLINICIAN, OTHER, "ivy"), None)
    gate.declare(reader(world, "doctor"), "E223456789", REASON)
    opened = access_of(world, "doctor", Purpose.CARE, person="ivy")
    assert opened.emergency is not None
    assert store.read(opened, "Observation", "ivy-alone").id == "ivy-alone"
    assert refused(lambda: store.read(opened, "Observation", "ivy-of-ada")) == "records-not-found"
    public = access_of(world, "doctor", Purpose.OPEN, person="ivy")
    assert (public.purpose, public.emergency) == (Purpose.OPEN, None)


@scene(("clinic.patient", "clinic.record"), "closed-part", "emergency")
def a_closed_part_is_named_of_whom_one_may_know_alone(make):
    world = make()
    world.choose("ada-closes", choices.close_part("ada", "PSY", NOW))
    gate, store = world.installation.gate, world.installation.store
    access = access_of(world, "other")
    names = ("cyd", "bo", "ada", "nobody")
    assert [store.has_closed_part(access, name) for name in names] == [True, False, False, False]
    gate.declare(reader(world, "other"), "C223456789", REASON)
    opened = access_of(world, "other", Purpose.CARE, person="cyd")
    assert opened.emergency is not None
    assert store.has_closed_part(opened, "cyd") is False


# Policies that open nothing by themselves


@scene((*FHIR, "clinic.patients"), "purpose", "named-beside", "ended-choice")
def where_nothing_is_open_without_a_permit_nothing_is(make):
    """Under another policy: who permitted is read, who said nothing is not, nor is a record that names them beside."""
    world = make(there=False)
    policy = Policy.taiwan().set({"defaults.care": "deny"})
    store = SQLiteStore(world.folder / "strict", policy)
    try:
        permits = {"type": "permit", "purpose": [{"system": fhir_reason(), "code": "TREAT"}]}
        store.write(
            loading("t"),
            [
                Put(one)
                for one in (
                    patient("pia", "江珮", "1980-01-01", "A200000000"),
                    patient("qin", "秦言", "1981-01-01", "B200000000"),
                    patient("ria", "連雅", "1982-01-01", "C200000000"),
                    observation("pia-1", "pia", "8480-6", "2026-01-01"),
                    observation("qin-1", "qin", "8480-6", "2026-01-01"),
                    {
                        **observation("pia-of-qin", "pia", "8480-6", "2026-01-02"),
                        "performer": [{"reference": "Patient/qin"}],
                    },
                    {
                        **observation("pia-of-ria", "pia", "8480-6", "2026-01-02"),
                        "performer": [{"reference": "Patient/ria"}],
                    },
                    consent("pia-permits", "pia", permits),
                    consent("ria-permits", "ria", permits),
                )
            ],
        )
        access = admit(Request(reader(world, "other"), Purpose.CARE), policy).access
        for name in ("Patient/pia", "Observation/pia-1", "Observation/pia-of-ria"):
            assert store.read(access, *name.split("/")).id == name.split("/")[1]
        for name in ("Patient/qin", "Observation/qin-1", "Observation/pia-of-qin"):
            assert refused(lambda n=name: store.read(access, *n.split("/"))) == "records-not-found", name
        for kind, found in (("Patient", ["pia", "ria"]), ("Observation", ["pia-1", "pia-of-ria"])):
            query = parse_query(kind, [("_total", "accurate")], strict=True)
            page = store.search(access, query)
            assert (sorted(row.id for row in page.rows), page.total) == (found, len(found))
    finally:
        store.close()
    closed = policy.set({"defaults.surveillance": "deny"})
    officer = Request(reader(world, "officer"), Purpose.SURVEILLANCE)
    assert admit(officer).permitted
    assert not admit(officer, closed).permitted


def fhir_reason():
    return "http://terminology.hl7.org/CodeSystem/v3-ActReason"


# Legal bases


@scene((*FHIR, "lake.ask"), "claim", "purpose", "type")
def a_legal_basis_serves_within_its_row_and_its_application(make):
    """Not another use, role or kind of institution; of categories that were applied for no others."""
    world = make()
    gate = world.installation.gate
    gate.standings.set("officer", "organisation-kind", ["government"])

    def claim(by, basis, purposes, categories=()):
        at = int(time.time() * 1000)
        made = gate.bases.apply(
            by,
            basis,
            "依法律規定有提供資料之義務，函文在卷",
            purposes=purposes,
            categories=categories,
            since=at - 1000,
            until=at + DAY,
            least_reason=4,
        )
        gate.bases.decide(made.no, "administrator", approved=True)
        return made.no

    def asked(by, number, purpose, code):
        return access_of(world, by, purpose, grounds=Grounds((code,), number))

    duty = claim("officer", "legal-duty-to-provide", ["GOV"])
    opened = asked("officer", duty, Purpose.SECONDARY, "GOV")
    assert (opened.ground, opened.hidden, opened.closed) == ("legal-basis", (), ())
    assert opened.hidden_for("Condition") == ()
    named = access_of(world, "other", grounds=Grounds(("TREAT",)))
    assert named.purposes == ("TREAT",)
    assert named.hidden_for("Condition") == named.hidden
    disease = claim("officer", "communicable-disease-investigation", ["PUBHLTH", "HRESCH"])
    outside = (
        ("officer", duty, Purpose.SECONDARY, "HQUALIMP"),
        ("officer", disease, Purpose.SECONDARY, "HRESCH"),
        ("analyst", claim("analyst", "legal-duty-to-provide", ["HRESCH"]), Purpose.SECONDARY, "HRESCH"),
        ("officer", claim("officer", "no-such-basis", ["GOV"]), Purpose.SECONDARY, "GOV"),
    )
    for by, number, purpose, code in outside:
        assert refused(lambda b=by, n=number, p=purpose, c=code: asked(b, n, p, c)) == "gate-basis-outside", (
            by
        )
    gate.standings.set("officer", "organisation-kind", ["academic"])
    assert refused(lambda: asked("officer", duty, Purpose.SECONDARY, "GOV")) == "gate-basis-outside"
    gate.standings.set("officer", "organisation-kind", ["government"])
    laboratory = claim("officer", "legal-duty-to-provide", ["GOV"], ["laboratory"])
    part = asked("officer", laboratory, Purpose.SECONDARY, "GOV")
    assert part.covers("Observation")
    assert not part.covers("Condition")
    referral = claim("other", "medical-care-referral", ["TREAT"], ["laboratory"])
    noted = asked("other", referral, Purpose.CARE, "TREAT")
    assert noted.basis is not None
    assert noted.hidden
    for kind, within in (("Observation", True), ("Condition", False)):
        assert (noted.covers(kind), noted.may_write(kind)) == (within, within), kind
    lake = world.installation.lake
    count = Question("condition", Measure("rows"))
    assert refused(lambda: lake.ask(part, count)) == "records-type-refused"


FLOOD = LegalBasis(
    id="flood",
    title={"zh-TW": "水災救護", "en": "care in a flood"},
    law="災害防救法",
    purposes=frozenset({"TREAT"}),
    overrides=True,
    notify=True,
    established=False,
    areas=frozenset({"65000"}),
)


@scene((*FHIR, "lake.ask"), "claim", "type")
def a_legal_basis_reaches_what_its_row_and_its_claim_both_name(make):
    """Roles, categories and types of the row narrow it, and so does what was applied for; an empty field does not."""
    world = make()
    gate = world.installation.gate
    usual = replace(FLOOD, purposes=frozenset({"TREAT", "GOV"}), areas=frozenset())
    laboratory, two = frozenset({"laboratory"}), frozenset({"Observation", "Condition"})
    rows = {
        "clinicians": replace(usual, overrides=False, roles=frozenset({"clinician"})),
        "anybody": replace(usual, overrides=False),
        "part": replace(usual, categories=laboratory),
        "types": replace(usual, types=two),
        "both": replace(usual, types=two, categories=laboratory),
        "all": usual,
        "noted": replace(usual, overrides=False, categories=laboratory),
        "area": replace(usual, areas=frozenset({"65000"})),
    }
    kept = gate.policy
    gate.policy = replace(kept, bases={name: replace(row, id=name) for name, row in rows.items()})

    def opened(by, basis, purpose, code, *categories):
        at = int(time.time() * 1000)
        made = gate.bases.apply(
            by,
            basis,
            "依法律規定有提供資料之義務，函文在卷",
            purposes=[code],
            categories=categories,
            since=at - 1000,
            until=at + DAY,
            least_reason=4,
        )
        gate.bases.decide(made.no, "administrator", approved=True)
        return access_of(world, by, purpose, grounds=Grounds((code,), made.no))

    try:
        treats = (Purpose.CARE, "TREAT")
        assert refused(lambda: opened("pharmacist", "clinicians", *treats)) == "gate-basis-outside"
        assert refused(lambda: opened("other", "clinicians", *treats)) == ""
        assert refused(lambda: opened("pharmacist", "anybody", *treats)) == ""
        medicines = opened("pharmacist", "anybody", *treats, "laboratory")
        assert not medicines.covers("Observation")
        assert not medicines.covers("MedicationRequest")
        assert not opened("pharmacist", "types", *treats).covers("MedicationRequest")
        assert opened("other", "noted", *treats).covers("Condition")
        elsewhere = opened("other", "area", *treats)
        assert (elsewhere.ground, elsewhere.hidden) == ("care", access_of(world, "other").hidden)
        for basis, claimed, covers in (
            ("part", (), (True, False, False)),
            ("types", (), (True, True, False)),
            ("both", (), (True, False, False)),
            ("all", (), (True, True, True)),
            ("types", ("laboratory",), (True, False, False)),
        ):
            access = opened("officer", basis, Purpose.SECONDARY, "GOV", *claimed)
            reached = tuple(access.covers(kind) for kind in ("Observation", "Condition", "Encounter"))
            assert reached == covers, (basis, claimed)
            assert (access.hidden, access.closed) == ((), ())
        opened_to_care = opened("other", "all", *treats)
        count = Question("condition", Measure("rows"), purpose=Purpose.CARE)
        assert refused(lambda: world.installation.lake.ask(opened_to_care, count)) == "lake-purpose"
    finally:
        gate.policy = kept


@scene((*FHIR, "citizen.looked"), "claim", "scope", "receipt", "about")
def a_basis_within_an_area_opens_who_lives_there(make):
    """By every way, and the receipt says that it stood before choices, also of who made none; outside it nobody."""
    world, policy = make(there=False), Policy.taiwan()
    store = SQLiteStore(world.folder / "flood", replace(policy, bases={**policy.bases, "flood": FLOOD}))
    at = int(time.time() * 1000)
    claimed = Basis("flood", "溪水暴漲，民眾送醫", at - 1000, at + DAY, "Practitioner/chief")
    usual = access_of(world, "other")
    opened = replace(usual, basis=claimed)
    try:
        homes = {"in": ("新北市", "板橋區"), "near": ("新北市", "板橋區"), "out": ("臺北市", "信義區")}
        for person, home in homes.items():
            value = observation(f"{person}-1", person, "8480-6", "2026-01-01")
            store.write(loading("t"), [Put(at_home(person, *home)), Put(value)])
        for person in ("in", "out"):
            store.write(loading("t"), [Put({**choices.restrict(person, OTHER, NOW), "id": f"{person}-r"})])

        def found(access, name, person):
            return [
                row.id
                for row in store.search(
                    access, parse_query("Observation", [(name, person)], strict=True)
                ).rows
            ]

        for person, usually, then in (
            ("in", [], ["in-1"]),
            ("near", ["near-1"], ["near-1"]),
            ("out", [], []),
        ):
            assert (found(usual, "patient", person), found(opened, "patient", person)) == (usually, then), (
                person
            )
            assert found(opened, "_id", f"{person}-1") == then, person
        told = {person: [look.decision for look in store.looks(deciding(person), person)] for person in homes}
        assert told == {
            "in": ["override", "override", "deny"],
            "near": ["override", "override", "permit"],
            "out": ["deny", "deny", "deny"],
        }
    finally:
        store.close()


@scene(("ask", "lake.ask"), "purpose", "claim", "closed-part")
def a_question_is_asked_for_a_purpose_that_reads_of_many(make):
    """Not for care, one's own record or operation, nor for a use under care, whose closed parts no count can weigh."""
    world = make()
    lake = world.installation.lake
    count = Question("condition", Measure("rows"))
    for by in ("other", "stranger", "pharmacist", "administrator"):
        access = access_of(world, by)
        assert refused(lambda a=access: lake.ask(a, replace(count, purpose=a.purpose))) == "lake-purpose", by
        assert refused(lambda a=access: lake.ask(a, count)) == "lake-purpose", by
    trial = access_of(world, "analyst", grounds=Grounds(("CLINTRL",)))
    assert trial.closed
    assert refused(lambda: lake.ask(trial, count)) == "lake-purpose"
    one = replace(access_of(world, "analyst"), persons=frozenset({"bo"}))
    assert refused(lambda: lake.ask(one, count)) == "lake-purpose"
    none = replace(access_of(world, "analyst"), purposes=())
    assert refused(lambda: lake.ask(none, count)) == "lake-purpose"
    officer = access_of(world, "officer", Purpose.SURVEILLANCE)
    watched = replace(count, purpose=Purpose.SURVEILLANCE)
    world.write(at_home("in", "臺北市", "信義區"), diagnosis("in-tb", "in", "A15.0"))
    lake.catch_up()
    assert refused(lambda: lake.ask(officer, watched)) == ""
    assert refused(lambda: lake.ask(officer, count)) == "lake-purpose"
    strict = Policy.taiwan().set({"defaults.surveillance": "deny"})
    kept, lake._sides._policy = lake._sides._policy, strict
    assert refused(lambda: lake.ask(officer, watched)) == "lake-refused"
    lake._sides._policy = kept
    store = world.installation.store
    before = len(store.audit)
    assert refused(lambda: lake.ask(officer, count)) == "lake-purpose"
    assert len(store.audit) == before + 1
    public = Question("population_township", Measure("rows"), purpose=Purpose.OPEN)
    assert refused(lambda: lake.ask(access_of(world, "other", Purpose.OPEN), public)) == ""
    (column,) = lake.rows(access_of(world, "other"), "population_township", columns=["sex"]).rows[0]
    assert column == "sex"
    scores = Lake(world.folder / "scores", store, tables=[SCORES])
    scores.catch_up()
    watched = Question("scores", Measure("rows"), purpose=Purpose.SURVEILLANCE)
    assert refused(lambda: scores.ask(officer, watched)) == "lake-purpose"
    scores.close()


@scene(("lake.open_rows_of",), "stopped", "emergency")
def what_is_open_of_oneself_is_told_to_oneself(make):
    """Exactly, and to nobody else whose Access names her alone; a denial of care keeps no row from use."""
    world = make()
    lake = world.installation.lake
    world.choose("bo-denies", consent("x", "bo", treating()))
    world.write(observation("bo-more", "bo", "8480-6", "2026-03-03"))
    lake.catch_up()
    own = admit(Request(Reader("bo", "bo", Role.CITIZEN, person="bo"), Purpose.SELF)).access
    assert lake.open_rows_of("bo", own)["observation"] > 0
    alone = replace(own, purpose=Purpose.CARE)
    assert refused(lambda: lake.open_rows_of("bo", alone)) == "records-not-found"


# Signing in


@scene((*FHIR, "fhir.create", "clinic.patient"), "claim", "error-text")
def who_is_not_signed_in_is_told_so(make):
    """Without an account, with a token that is none, and with a form that did not come from here."""
    world = make()
    nobody = world.anybody()
    for path in ("/fhir/Patient/bo", "/fhir/Organization/h1", "/patients/bo"):
        refusal = nobody.get(path)
        assert refusal.status_code in {302, 303, 401} or "web-sign-in-needed" in refusal.text, path
        for token in ("x", "", "a" * 40):
            answer = nobody.get("/fhir/Patient/bo", headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == 401, token
    assert said(nobody.get("/fhir/Patient/bo")) == said(nobody.get("/fhir/Patient/bo"))
    client = world.client("other")
    new = labelled(observation("n", "bo", "8480-6", "2026-01-01"))
    sites = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
    assert client.post("/fhir/Observation", json=new, headers=sites).status_code == 403
    assert client.get("/fhir/Patient/bo", headers=sites).status_code == 200
    token = world.installation.gate.identity.issue_token("other", "t", 9)
    bearer = {"authorization": f"Bearer {token}", **sites}
    assert world.anybody().post("/fhir/Observation", json=new, headers=bearer).status_code == 201


# Writing


@scene(("fhir.update", "fhir.delete", "fhir.create"), "overwrite", "write-about", "version")
def a_write_holds_of_the_version_and_the_person_it_names(make):
    world = make()
    client = world.client("other")
    there = observation("bo-1", "bo", "8480-6", "2026-03-01T08:00:00+08:00")
    later = {**there, "note": [{"text": "改"}]}
    stale, absent = {"if-match": 'W/"7"'}, observation("never", "bo", "8480-6", "2026-03-01")
    assert client.put("/fhir/Observation/bo-1", json=later, headers=stale).status_code in {409, 412}
    assert client.delete("/fhir/Observation/bo-1", headers=stale).status_code in {409, 412}
    assert client.put("/fhir/Observation/never", json=absent, headers=stale).status_code in {
        404,
        405,
        409,
        412,
    }
    store, access = world.installation.store, access_of(world, "other")
    for change, code in (
        (Put(absent, if_match=1), "records-not-found"),
        (Put(absent, expect="present"), "records-not-found"),
        (Put(later, if_match=7), "records-version-conflict"),
        (Delete("Observation", "bo-1", if_match=7), "records-version-conflict"),
        (Put({**there, "subject": {"reference": "Patient/dan"}}), "records-person-changes"),
    ):
        assert refused(lambda c=change: store.write(access, [c])) == code, change
    resting = Given(parse_query("Observation", [("_id", "bo-1")], strict=True), frozenset())
    assert refused(lambda: store.write(access, [Put(later)], [resting])) == "records-moved-on"
    assert client.get("/fhir/Observation/never").status_code == 404
    moved = {**there, "subject": {"reference": "Patient/dan"}}
    assert 400 <= client.put("/fhir/Observation/bo-1", json=moved).status_code < 500
    assert client.get("/fhir/Observation/bo-1").json()["meta"]["versionId"] == "1"
    assert client.put("/fhir/Observation/bo-1", json=later, headers={"if-match": 'W/"1"'}).status_code == 200
    for _ in range(2):
        assert client.delete("/fhir/Observation/bo-1").status_code in {200, 204}
    history = client.get("/fhir/Observation/bo-1/_history").json()["entry"]
    assert [entry["request"]["method"] for entry in history] == ["DELETE", "PUT", "POST"]
    gone = Put(later, expect="present")
    assert refused(lambda: store.write(access, [gone])) == "records-not-found"


@scene(("fhir.search", "fhir.history"), "cursor", "error-text")
def a_cursor_that_is_none_is_refused(make):
    client = make().client("other")
    for token in ("x", "é" * 30, "*" * 40, "a" * 9001, "A" * 24, "A" * 64):
        for path in ("/fhir/Observation", "/fhir/Observation/_history"):
            answer = client.get(path, params={"_page": token})
            assert answer.status_code == 400, (path, token[:4])


# Who is meant by an actor of a Consent


@scene((*FHIR, "fhir.search"), "key", "scope", "cache")
def who_is_meant_is_told_by_the_store_at_each_request(make):
    """By the records and numbers of the account, by roles, teams and organisations of the store: a change acts on the
    next request of the same session and of the same token, for the record and for a search."""
    world = make()
    gate, token = world.installation.gate, world.installation.gate.identity.issue_token("other", "t", 1)
    own, bare = world.client("other"), world.with_token("")
    bare.headers["Authorization"] = f"Bearer {token}"

    def seen():
        found = set()
        for client in (own, bare):
            status = client.get("/fhir/Observation/bo-1").status_code
            listed = client.get("/fhir/Observation?patient=bo&_id=bo-1").json().get("entry", [])
            assert (status == 200) == bool(listed), status
            found.add(status == 200)
        (said,) = found
        return said

    def denied(reference):
        actor = {"role": choices.RECIPIENT, "reference": reference}
        world.choose("bo-denies", consent("bo-denies", "bo", treating(actor=[actor])))
        return not seen()

    here, number = {"reference": "Practitioner/p7"}, {"system": "urn:licence", "value": "A1"}
    team = {"resourceType": "CareTeam", "id": "t7", "status": "active"}
    assert seen()
    assert not denied(here)
    gate.standings.set("other", "record", ["Practitioner/p7"])
    assert not seen()
    gate.standings.set("other", "record", [])
    assert seen()
    world.write({"resourceType": "Practitioner", "id": "p7", "identifier": [number]})
    gate.standings.set("other", "identifier", ["urn:licence|A1"])
    assert not seen()
    world.write({"resourceType": "Practitioner", "id": "p7"})
    assert seen()
    gate.standings.set("other", "record", ["Practitioner/p7"])
    assert denied({"reference": "CareTeam/t7"}), "a team that is not there may be anybody's"
    world.write({**team, "participant": [{"member": {"reference": "Practitioner/p8"}}]})
    assert seen()
    world.write({**team, "participant": [{"member": here}]})
    assert not seen()
    world.remove("CareTeam", "t7")
    assert not seen()
    above = {"reference": "Organization/ministry"}
    assert not denied(above)
    place = gate.identity.user("other").organisation
    world.write({"resourceType": "Organization", "id": place, "partOf": above})
    assert not seen()
    world.choose("bo-denies", choices.restrict("bo", "ministry", NOW))
    assert not seen()
    world.write({"resourceType": "Organization", "id": place})
    assert seen()
    gate.standings.set("other", "record", ["Device/d7"])
    assert denied({"reference": "Device/d7"})
    gate.standings.set("other", "record", [])
    assert seen()


@scene((*FHIR, "clinic.record"), "claim", "purpose", "scope")
def an_account_that_is_changed_reads_by_what_it_is_now(make):
    """Its role, its institution, its ward: from the next request on, of a session and of a token that were open."""
    world = make()
    gate, identity = world.installation.gate, world.installation.gate.identity
    token, own, bare = identity.issue_token("other", "t", 1), world.client("other"), world.with_token("")
    bare.headers["Authorization"] = f"Bearer {token}"
    account = identity.user("other")

    def read(path="/fhir/Observation/bo-1"):
        (said,) = {client.get(path).status_code for client in (own, bare)}
        return said

    assert read() == 200
    world.choose("bo-restricts", choices.restrict("bo", "elsewhere", NOW))
    identity.change_user(replace(account, organisation="elsewhere"))
    assert read() == 404
    identity.change_user(account)
    assert read() == 200
    identity.change_user(replace(account, role=Role.PHARMACIST))
    assert read() == 403
    identity.change_user(replace(account, role=Role.ANALYST))
    assert read() == 403
    identity.change_user(replace(account, organisation=None))
    assert read() == 403
    identity.change_user(account)
    gate.standings.set("other", "ward", ["Location/nowhere"])
    assert read() == 404
    gate.standings.set("other", "ward", [])
    assert read() == 200
