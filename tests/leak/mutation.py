"""The suite is tested: each predicate of the planner is taken away alone, and some attack must notice.

    python -m leak.mutation            all of them, in two processes, with what caught each (from the folder tests)
    python -m leak.mutation visible    those whose name holds this text
    python -m leak.mutation --record   all of them, and the table in tests/leak/mutants.csv is written anew

A mutant changes one function in the running process (its code is compiled anew from its own source with one statement,
condition or argument less) and small worlds are made under it, so that what is written by a faulty writer is read too.
"""

import argparse
import ast
import csv
import importlib
import inspect
import multiprocessing
import os
import signal
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from camphora.policy.internal import loading
from camphora.records.judging import PERSONS
from camphora.records.planning.counting import COUNTS
from leak import (  # noqa: F401 - they register
    attacks_api,
    attacks_audit,
    attacks_gate,
    attacks_search,
    law_scenes,
    portal_attacks,
    waiting_attacks,
)
from leak.attacks import ATTACKS, every_attack
from leak.comparing import compare
from leak.ground import ADA, CYD, JUDGED, world
from leak.scenarios import SCENARIOS

RECORDS, POLICY, LAKE = "camphora.records", "camphora.policy", "camphora.lake"
TARGETS = {
    f"{RECORDS}.visible": (
        "require_type",
        "_visible",
        "_Planner.conditions",
        "_Planner._within",
        "_Planner._notifiable",
        "_Planner._consented",
        "_Planner._hidden",
        "_Planner._closed",
        "_Planner._naming_others",
        "_Planner._member",
        "_own",
        "_sees_all",
    ),
    f"{RECORDS}.planning.work": ("Level.law",),
    f"{RECORDS}.planning.compiling": ("sought",),
    f"{RECORDS}.planning.linking": ("chain", "_named_by", "has", "_entries"),
    f"{RECORDS}.planning.hierarchies": ("_lying", "_inside", "_around"),
    f"{RECORDS}.planning.including": ("_by_id", "_holding"),
    f"{RECORDS}.planning.naming": ("_seen",),
    f"{RECORDS}.sqlite": (
        "SQLiteStore.read",
        "SQLiteStore.history",
        "SQLiteStore.search",
        "SQLiteStore.looks",
        "SQLiteStore.letting_in",
        "SQLiteStore.has_closed_part",
        "SQLiteStore.batch_rows",
        "_versions",
    ),
    f"{RECORDS}.paging": ("redeem", "_bound"),
    f"{RECORDS}.writing": (
        "Writer.delete",
        "Writer._check_put",
        "Writer._check_patient",
        "Writer._check_match",
        "Writer._sees",
        "Writer._others",
    ),
    f"{POLICY}.admission": ("admit", "_self", "_care", "_secondary"),
    f"{POLICY}.access": ("Access.covers", "Access.may_write", "Access.hidden_for"),
    f"{LAKE}.asking": ("Lake.ask", "Lake.rows", "Lake.open_rows_of", "_require_purpose"),
    f"{LAKE}.sides": ("Sides._stopped", "Sides._unwilling", "Sides._limits", "Sides.touched", "rows_of"),
    "camphora.gate.gate": ("Gate.decide", "Gate.letting_in"),
    "camphora.web.site": ("Site.access", "Site.api_access"),
}
"""The functions in which law and choice are weighed. A name that is no longer there fails: the mutants must follow."""

KEYWORDS = frozenset({"hidden", "closed", "refused", "persons", "types"})
"""Arguments of an Access that narrow it."""
SQL = (" WHERE ", " AND ", "EXISTS (")

FALSE = "what stands in its place is as false: SQL says False for 0"
SLOWER = "the compiled decision says of everybody what the sets say: it only costs more"
ORDERED = "the order of conditions chooses the path of the search, not what it finds"
NO_OTHER = "no other Access carries hidden sets"
NO_READING = "only secondary use carries `unless`, and it reads no record"
EXCUSED: dict[str, str] = {
    "records.visible._Planner._within#2 operand 2 dropped: "
    "' OR '.join(('q.area BETWEEN ? AND ?' for _ in ranges)) or NOWHERE": FALSE,
    "records.visible._Planner._naming_others#5 operand 2 dropped: "
    "' OR '.join((each.sql for each in members)) or NOWHERE": FALSE,
    "records.visible._Planner._consented#6 predicate open: {ruled.sql}": SLOWER,
    "records.visible._Planner._consented#2 always true: Predicate("
    "f'CASE WHEN {among.sql} THEN {JUDGED} ELSE ({found.sql}) END', [*among.values, _": (
        "the gate opens this one person alone, and all of theirs"
    ),
    "records.visible._Planner._naming_others#6 call dropped: tests.append(hidden)": NO_OTHER,
    "records.visible._Planner._member#0 guard dropped: "
    "if hidden.unless is None: return Predicate(sql, values)": "an empty name is in no set",
    "records.visible._Planner._member#1 always true: "
    "Predicate(f'({sql} AND NOT {allowed})', [*values, hidden.unless, _Given.NOW, _Given.NOW])": NO_READING,
    "records.visible._Planner._member#2 never true: "
    "Predicate(f'({sql} AND NOT {allowed})', [*values, hidden.unless, _Given.NOW, _Given.NOW])": NO_READING,
    "records.visible._own#0 operand 1 dropped: access.purpose is Purpose.SELF and access.persons == own": (
        "no Access for another purpose is of the reader alone"
    ),
    "records.visible._sees_all#2 operand 3 dropped: "
    "access.purpose is Purpose.OPERATION and access.persons is None and (not access.hidden)": NO_OTHER,
}
"""Mutants that nobody could tell from the original, with the reason."""


@dataclass(frozen=True)
class Mutant:
    """One function with one thing less. `what` is the piece of its source that is taken away."""

    module: str
    function: str
    number: int
    operator: str
    what: str
    tree: ast.FunctionDef

    @property
    def name(self):
        short = self.module.removeprefix("camphora.")
        return f"{short}.{self.function}#{self.number} {self.operator}: {' '.join(self.what.split())[:90]}"


def found(module, dotted):
    """A function by its name inside a module; a property's getter; what a cache is of."""
    part = importlib.import_module(module)
    for name in dotted.split("."):
        part = vars(part)[name]
    if isinstance(part, property):
        return part.fget
    return part.func if isinstance(part, cached_property) else getattr(part, "__wrapped__", part)


def mutants(chosen="") -> Iterator[Mutant]:
    for module, names in TARGETS.items():
        for dotted in names:
            tree = ast.parse(textwrap.dedent(inspect.getsource(found(module, dotted)))).body[0]
            tree.decorator_list = []
            for number, (operator, what, changed) in enumerate(changes(tree)):
                mutant = Mutant(module, dotted, number, operator, what, changed)
                if chosen in mutant.name:
                    yield mutant


def changes(tree):
    """(operator, what is taken away, the function without it), one for each place where an operator fits."""
    for number, node in enumerate(ast.walk(tree)):
        for operator, replace in operators(node):
            other = deepcopy(tree)
            same = next(each for place, each in enumerate(ast.walk(other)) if place == number)
            replace(same)
            yield operator, ast.unparse(node), ast.fix_missing_locations(other)


def operators(node):
    if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise | ast.Return) and not node.orelse:
        yield "guard dropped", lambda same: setattr(same, "test", ast.Constant(False))
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom):
        yield "condition dropped", lambda same: setattr(same, "value", _yields(ast.Tuple([], ast.Load())))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "call dropped", lambda same: setattr(same, "value", ast.Constant(None))
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"Predicate", "Condition"}
    ):
        for word, mark in (("always true", " OR 1"), ("never true", " AND 0")):
            yield word, lambda same, mark=mark: same.args.__setitem__(0, _wrapped(same.args[0], mark))
    if isinstance(node, ast.BoolOp):
        neutral = ast.Constant(isinstance(node.op, ast.And))
        for place in range(len(node.values)):
            yield (
                f"operand {place + 1} dropped",
                lambda same, place=place: same.values.__setitem__(place, neutral),
            )
    if isinstance(node, ast.FormattedValue) and ast.unparse(node.value).endswith(".sql"):
        yield "predicate open", lambda same: setattr(same, "value", _wrapped(same.value, " OR 1"))
    if isinstance(node, ast.Call):
        for place, keyword in enumerate(node.keywords):
            if keyword.arg in KEYWORDS:
                yield f"{keyword.arg} dropped", lambda same, place=place: _drop(same.keywords[place])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.BitAnd):
        yield "difference dropped", _only_left


def _yields(value):
    return ast.YieldFrom(value)


def _wrapped(sql, mark):
    """The SQL of an expression in brackets, with a mark behind it that decides."""
    return ast.BinOp(ast.BinOp(ast.Constant("(("), ast.Add(), sql), ast.Add(), ast.Constant(f"){mark})"))


def _drop(keyword):
    """An argument that no longer narrows."""
    wide = {"persons": None, "types": None}
    keyword.value = ast.Constant(wide[keyword.arg]) if keyword.arg in wide else _nothing(keyword.arg)


def _nothing(name):
    return (
        ast.Call(ast.Name("frozenset", ast.Load()), [], [])
        if name == "refused"
        else ast.Tuple([], ast.Load())
    )


def _only_left(same):
    same.op, same.right = ast.BitOr(), same.left


@contextmanager
def applied(mutant):
    """The process under a mutant: every caller of the function meets it."""
    function = found(mutant.module, mutant.function)
    space = dict(function.__globals__)
    code = compile(
        ast.Module([mutant.tree], []), f"<{mutant.name}>", "exec", flags=annotations(), dont_inherit=True
    )
    exec(code, space)
    kept, function.__code__ = function.__code__, space[mutant.tree.name].__code__
    forget()
    try:
        yield
    finally:
        function.__code__ = kept
        forget()


def forget():
    """Empty every cache of the planner and of the judges: what one mutant made is not told by the next."""
    for module in {*TARGETS, *(name for name in sys.modules if name.startswith((RECORDS, POLICY)))}:
        for part in list(vars(sys.modules[module]).values()):
            if callable(getattr(part, "cache_clear", None)):
                part.cache_clear()
    PERSONS._kept.clear()
    COUNTS.forget()


def annotations():
    import __future__

    return __future__.annotations.compiler_flag


# What may notice


FIRST = {
    "ada": (
        "by_address-other",
        "fhir.search-about-other",
        "fhir.search-named-beside-other",
        "by_version-other",
        "by_writing_about_her-other",
        "by_pretending_to_be_her_relative-stranger",
        "fhir.search-type-pharmacist",
        "by_a_stranger_opening_her_records-stranger",
    ),
    "cyd": (
        "by_address-analyst",
        "by_address-other",
        "fhir.search-closed-part-other",
        "by_changing_her_on_conditions-other",
    ),
}
"""The attacks that notice most, by whom they are about, so that most mutants are done soon."""
NEAR = {
    f"{RECORDS}.writing": ("fhir.update", "fhir.create", "fhir.delete"),
    f"{RECORDS}.paging": ("clinic.patients",),
    f"{POLICY}.admission": ("citizen.relative", "lake.open_rows_of"),
    f"{LAKE}.asking": ("ask", "lake.ask", "lake.open_rows_of"),
    f"{LAKE}.sides": ("lake.follower",),
    "camphora.gate.gate": ("citizen.relative", "clinic.emergency"),
}
"""Paths nearest to the functions of a module: their scenarios and attacks are tried before the others."""

SURE = {
    "_Planner.conditions": ("surveillance_reaches_notifiable_records_of_the_area_alone",),
    "_Planner._within": (
        "surveillance_reaches_notifiable_records_of_the_area_alone",
        "a_reader_of_one_institution_or_ward_sees_who_was_there",
    ),
    "_Planner._notifiable": ("surveillance_reaches_notifiable_records_of_the_area_alone",),
    "_Planner._consented": (
        "a_basis_that_overrides_no_choice_opens_nobody",
        "an_emergency_opens_one_person_for_a_while",
    ),
    "Writer.delete": ("nobody_writes_what_decides_about_another",),
    "Writer._check_put": ("nobody_writes_what_decides_about_another",),
    "Access.may_write": ("nobody_writes_what_decides_about_another",),
    "_own": ("a_relative_let_in_for_one_kind_reads_only_that",),
    "_sees_all": ("surveillance_reaches_notifiable_records_of_the_area_alone",),
    "SQLiteStore.read": ("each_reading_leaves_its_receipt",),
    "SQLiteStore.history": ("each_reading_leaves_its_receipt", "a_type_is_refused_whosever_it_is"),
    "SQLiteStore.search": ("each_reading_leaves_its_receipt", "a_type_is_refused_whosever_it_is"),
    "SQLiteStore.letting_in": ("a_relative_sees_nothing_after_the_end",),
    "SQLiteStore.looks": ("receipts_of_others_are_as_if_they_were_not",),
    "require_type": ("a_type_is_refused_whosever_it_is",),
    "redeem": ("a_cursor_serves_only_whom_it_was_given", "a_cursor_does_not_carry_her_over_a_choice"),
    "Access.hidden_for": ("a_stop_in_part_holds_for_its_category_and_purpose_alone",),
    "_secondary": ("who_agreed_to_a_project_is_counted_for_it_alone",),
    "_self": ("a_relative_sees_nothing_after_the_end", "a_relative_of_one_is_none_of_another"),
    "Gate.decide": ("a_legal_basis_serves_its_applicant_until_its_end",),
    "Lake.rows": ("rows_of_a_table_about_persons_are_given_to_nobody",),
}
"""Scenarios that notice what is taken from a function, tried early."""


def judging(make, module="", function="", *, thorough=True):
    """(name, test) of everything that may notice, the quick ones first; a test is given a maker of worlds. Unless
    `thorough`, only those nearest to the module."""
    attacks = {str(one): one for one in every_attack() if not one.waits}
    pair = []

    def differences(asked):
        if not pair:
            pair.extend((make(), make(there=False)))
        for her, attack in asked:
            try:
                compare(attack, pair, her)
            except AssertionError as error:
                raise AssertionError(f"{attack} on {her.id}: {str(error).splitlines()[0]}") from None

    near = set(NEAR.get(module, ()))
    close = {str(one) for (_, path), several in ATTACKS.items() if path in near for one in several}
    subjects = {her.id: her for her in (ADA, CYD)}
    quick = [(subjects[name], attacks[one]) for name, several in FIRST.items() for one in several]
    quick += [(ADA, one) for name, one in attacks.items() if name in close]
    ruled = [attacks["by_address-other"], attacks["fhir.search-ruled-part-other"]]
    scenes = sorted(SCENARIOS, key=lambda scene: near.isdisjoint(scene.paths))
    beside = [
        scene for scene in scenes if not near.isdisjoint(scene.paths) or scene.name in SURE.get(function, ())
    ]
    early = [scene for scene in beside if module.startswith(LAKE) or scene.name in SURE.get(function, ())]
    for scene in early:
        yield f"scenario {scene}", scene.run
    yield "differences", lambda _: differences(quick)
    yield (
        "differences of the judged",
        lambda _: differences([(her, one) for her, *_ in JUDGED for one in ruled]),
    )
    yield "seen by who may see", seen_by_who_may
    first = scenes if thorough else beside
    for scene in sorted((one for one in first if one not in early), key=lambda one: one not in beside):
        yield f"scenario {scene}", scene.run
    if not thorough:
        return
    yield "all differences", lambda _: differences([(ADA, one) for one in attacks.values()])
    care = [one for one in attacks.values() if one.by in {"other", "pharmacist"}]
    yield "all differences of the closed", lambda _: differences([(CYD, one) for one in care])


def seen_by_who_may(make):
    """Whoever may see does: what is hidden from everybody is no gate."""
    made = make()
    for by, paths in {
        "welcome": (
            "fhir/Patient/ada",
            "fhir/Observation/ada-value/_history",
            "fhir/Observation/ada-value/_history/1",
            "patients/ada",
        ),
        "other": (
            "fhir/Patient/bo",
            "patients/bo",
            "fhir/Condition/cyd-open",
            "fhir/Observation/eva-open",
            "fhir/Observation/jan-open",
            "fhir/Observation/bo-of-dan",
            "fhir/Organization/h1",
        ),
        "ada": ("me", "me/timeline", "records/Patient/ada", "me/choices", "me/download/record.json"),
        "analyst": ("ask?view=person&measure=persons", "ask.json?view=condition&measure=rows"),
    }.items():
        for path in paths:
            assert made.client(by).get(f"/{path}").status_code == 200, f"{by} {path}"
    totals = {
        "Observation?patient=ada": 2,
        "Patient?_id=bo": 1,
        "Observation?_id=bo": 0,
        "Condition?patient.identifier=A123456789": 1,
        "Condition?patient.gender=female&_id=ada-illness": 1,
        "Observation?encounter.part-of=Encounter/ada-visit": 1,
        "Observation?encounter.status=finished&_id=ada-last": 1,
        "Patient?_has:Condition:patient:code=F32.9": 1,
        "Patient?_id=ada&_has:Observation:subject:status=final": 1,
        "Encounter?part-of:below=Encounter/ada-visit": 2,
        "Encounter?part-of:above=Encounter/ada-part": 2,
        "Patient?_list=listed": 1,
    }
    client = made.client("welcome")
    assert {one: client.get(f"/fhir/{one}&_total=accurate").json()["total"] for one in totals} == totals
    assert client.get("/fhir/Observation/ada-gone").status_code == 410
    assert made.installation.store.read(loading("t"), "Binary", "ada-binary").id == "ada-binary"


def caught_by(mutant, *, thorough=True):
    """The name of the first test that notices, None where none does."""
    with applied(mutant):
        return first_noticed(mutant.module, mutant.function, thorough=thorough)


def first_noticed(module="", function="", *, thorough=True):
    """What the first test says that does not pass; None where all pass, as they must where nothing is taken away."""
    kept = []
    with tempfile.TemporaryDirectory(prefix="mutant") as folder:

        def make(**how):
            kept.append(world(Path(folder) / f"world-{len(kept)}", **how))
            return kept[-1]

        try:
            tests = judging(make, module, function, thorough=thorough)
            return next((said for name, test in tests if (said := noticed(name, test, make))), None)
        finally:
            for one in kept:
                one.close()


def noticed(name, test, make):
    """What a test says of it, None where it passes. A test that breaks has noticed too."""
    try:
        test(make)
    except AssertionError as error:
        return f"{name}: {(str(error).splitlines() or [''])[0][:120]}"
    except Exception as error:  # noqa: BLE001
        return f"{name}: {type(error).__name__}"
    return None


PROCESSES = 2
BOUND = 900
"""Seconds after which a mutant that does not answer counts as noticed."""
RECORDED = Path(__file__).with_name("mutants.csv")
"""What the last full run said: one row for each mutant."""


def tried(task):
    """(name, by what it was caught or None, seconds) of the mutant of this name; in a process of its own."""
    name, thorough = task
    began = time.monotonic()
    mutant = next(one for one in mutants() if one.name == name) if name else None
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(BOUND)
    try:
        by = caught_by(mutant, thorough=thorough) if mutant else first_noticed()
    except TimeoutError:
        by = "no answer"
    finally:
        signal.alarm(0)
    return name, by, time.monotonic() - began


def _too_long(*_):
    raise TimeoutError


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run(chosen="", *, record=False, whole=True):
    """Try the mutants whose name holds this text; 0 where each is caught or excused."""
    names, found = [mutant.name for mutant in mutants(chosen)], {}
    with multiprocessing.get_context("spawn").Pool(PROCESSES, initializer=os.nice, initargs=(5,)) as pool:
        if whole and (said := pool.apply(tried, (("", True),))[1]):
            say(f"the suite does not pass as it is: {said}")
            return 2
        for thorough in (False, True):
            tasks = [(name, thorough) for name in names if not found.get(name) and name not in EXCUSED]
            for name, by, seconds in pool.imap_unordered(tried, tasks):
                found[name] = by
                note = by or ("NOT CAUGHT" if thorough else "not yet")
                say(f"{'  ' if by else '! '}{name}\n      {note} ({seconds:.1f} s)")
    missed = [name for name in names if not found.get(name) and name not in EXCUSED]
    say(f"{len(names)} mutants, {sum(map(bool, found.values()))} caught, {len(missed)} missed")
    if record:
        with RECORDED.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(("mutant", "caught by"))
            rows.writerows((name, found.get(name) or "") for name in names)
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser(description="Take each predicate of the planner away alone.")
    parser.add_argument("chosen", nargs="?", default="", help="mutants whose name holds this text")
    parser.add_argument("--record", action="store_true", help="write the table of all mutants")
    parser.add_argument("--trust", action="store_true", help="do not run the suite unchanged first")
    asked = parser.parse_args()
    return run(asked.chosen, record=asked.record and not asked.chosen, whole=not asked.trust)


if __name__ == "__main__":
    sys.exit(main())
