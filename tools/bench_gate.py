"""Figures of the gate: decisions, the compiling of one person's policy. `make bench ONLY=gate` prints them.

Each figure is a function that yields lines; `FIGURES` lists them. `python tools/bench_gate.py decisions` runs one.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import Any

from bench import line, timed
from camphora.policy import Facts, Policy, Whom, decide
from camphora.policy.asking import Asked, Asker, Scope
from camphora.policy.compiling import compile as compile_policy
from camphora.policy.vocabulary import ACT_CODE, ACT_REASON, Role

AT = 1_781_000_000_000
"""A moment in June 2026."""
MANY = 200_000
PROJECT = {"system": "https://camphora.tw/project", "code": "p1"}


def _reason(code: str) -> dict[str, str]:
    return {"system": ACT_REASON, "code": code}


def _reader(reference: str) -> dict[str, Any]:
    return {"reference": {"reference": reference}}


def _consent(name: str, date: str, provision: dict[str, Any]) -> dict[str, Any]:
    person = {"reference": "Patient/ada"}
    return {
        "resourceType": "Consent", "id": name, "status": "active", "patient": person, "performer": [person],
        "dateTime": date, "provision": provision,
    }  # fmt: skip


def person() -> Whom:
    """Five realistic consents: a restricted institution, a closed label with an exception inside, a stop of a category,
    a project, and a denial for old laboratory records."""
    psychiatry = {"system": ACT_CODE, "code": "PSY"}
    exception = {"type": "permit", "actor": [_reader("Practitioner/lin"), _reader("CareTeam/home")]}
    genetic = {"system": "https://camphora.tw/data-category", "code": "genetic"}
    old = {"type": "deny", "purpose": [_reason("TREAT")], "dataPeriod": {"end": "2019"}, "class": [
        {"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}]}  # fmt: skip
    consents = (
        _consent("c1", "2026-01-10T09:00:00+08:00", {
            "type": "deny", "purpose": [_reason("TREAT")], "actor": [_reader("Organization/h2")]}),
        _consent("c2", "2026-02-01T09:00:00+08:00", {
            "type": "deny", "purpose": [_reason("TREAT")], "securityLabel": [psychiatry],
            "provision": [exception]}),
        _consent("c3", "2026-03-01T09:00:00+08:00", {
            "type": "deny", "purpose": [_reason("HRESCH"), _reason("GOV")], "class": [genetic]}),
        _consent("c4", "2026-03-02", {"type": "permit", "purpose": [PROJECT], "period": {"end": "2027-12-31"}}),
        _consent("c5", "2026-04-01T09:00:00+08:00", old),
    )  # fmt: skip
    return Whom("Patient/ada", born="1980-05-17", area="67000", consents=consents)


def asked(purpose: str, role: Role, reader: str = "Practitioner/wu") -> Asked:
    asker = Asker(reader, role, organisation="Organization/h1", scope=Scope())
    return Asked(asker, (purpose,), "access", AT)


def records() -> list[Facts]:
    """Records of several types, dates and labels."""
    day = 86_400_000
    kinds = (
        ("Encounter", "visits", frozenset[str]()), ("Observation", "laboratory", frozenset({"N"})),
        ("Condition", "diagnoses", frozenset({"PSY"})), ("Condition", "diagnoses", frozenset({"HIV", "R"})),
        ("MedicationRequest", "medicines", frozenset[str]()), ("MolecularSequence", "genetic", frozenset({"GDIS"})),
    )  # fmt: skip
    return [
        Facts(kind, f"{kind[0]}{number}", category, labels, period=(AT - number * 300 * day,) * 2)
        for number in range(10)
        for kind, category, labels in kinds
    ]


def decisions() -> Iterator[dict[str, Any]]:
    """Decisions per CPU-second from a compiled policy: the request settled once, the record another each time."""
    compiled = compile_policy(person(), Policy.taiwan())
    for purpose, role in (("TREAT", Role.CLINICIAN), ("HRESCH", Role.ANALYST)):
        judge = compiled.judge(asked(purpose, role))
        facts = list(islice(cycle(records()), MANY))
        start = time.process_time()
        permitted = sum(judge(each).permitted for each in facts)
        taken = time.process_time() - start
        yield line(
            "gate_decisions", MANY / taken, "decisions/CPU-s", purpose=purpose, consents=5,
            permitted=round(permitted / MANY, 3),
        )  # fmt: skip


def requests() -> Iterator[dict[str, Any]]:
    """Whole decisions, the request settled anew each time: from a compiled policy, and from the Consents."""
    whom, policy, record = person(), Policy.taiwan(), records()[2]
    compiled = compile_policy(whom, policy)
    request = asked("TREAT", Role.CLINICIAN)
    for name, act in (
        ("gate_fresh_request", lambda: compiled.judge(request)(record)),
        ("gate_decide", lambda: decide(request, whom, record, policy)),
    ):
        start = time.process_time()
        times = timed(act, 5000)
        yield line(name, 5000 / (time.process_time() - start), "decisions/CPU-s", times, consents=5)


def compiling() -> Iterator[dict[str, Any]]:
    """Compiling one person's policy of five consents, one of them nested."""
    whom, policy = person(), Policy.taiwan()
    compile_policy(whom, policy)
    start = time.process_time()
    times = timed(lambda: compile_policy(whom, policy), 2000)
    yield line("gate_compile", (time.process_time() - start) / 2, "CPU-ms", times, consents=5)


def lake() -> Iterator[dict[str, Any]]:
    """What stops, areas and a nation's sets cost the lake."""
    from bench_gate_lake import lake_figures

    yield from lake_figures()


def store() -> Iterator[dict[str, Any]]:
    """What law and consent cost on a search, a county at a million cases, sets as bitmaps, two processes."""
    from bench_gate_store import store_figures

    yield from store_figures()


def front() -> Iterator[dict[str, Any]]:
    """What rates, bounds and known readers cost a request: the same application with and without them, by turns."""
    from bench_gate_front import front_figures

    yield from front_figures()


FIGURES: tuple[Callable[[], Iterator[dict[str, Any]]], ...] = (
    decisions,
    requests,
    compiling,
    store,
    lake,
    front,
)


def gate_figures() -> Iterator[dict[str, Any]]:
    for number, figure in enumerate(FIGURES, 1):
        print(f"gate {number}/{len(FIGURES)}: {figure.__name__} …", file=sys.stderr, flush=True)
        yield from figure()


if __name__ == "__main__":
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    for each in FIGURES:
        if each.__name__.startswith(only):
            for row in each():
                print(json.dumps(row, ensure_ascii=False), flush=True)
