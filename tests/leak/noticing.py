"""What may notice a mutant: attacks on a pair of worlds, scenarios, and that whoever may see does."""

import signal
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from camphora.policy.internal import loading
from leak import (  # noqa: F401 - they register
    attacks_api,
    attacks_audit,
    attacks_gate,
    attacks_planted,
    attacks_search,
    portal_attacks,
    waiting_attacks,
)
from leak.attacks import every_attack
from leak.comparing import compare
from leak.ground import ADA, CYD, JUDGED, world
from leak.mutants import forget, watched
from leak.scenes import SCENARIOS

MANY = {"by_address-other", "fhir.search-ruled-part-other"}
"""What is asked about those whose Consents are judged."""
SPARE, TIMES = 30.0, 20.0
"""A test that takes more processor time than these seconds and this many times what it takes unchanged gives no answer,
which is noticed. Processor time, since others may use the machine."""
STUCK = 900
"""So many seconds on the clock, and nothing is known."""


@dataclass(frozen=True)
class Notice:
    """A test: `run(worlds)` raises where something is told."""

    name: str
    run: object


class Worlds:
    """The worlds of one mutant, made when they are asked for, under it."""

    def __init__(self, folder):
        self._folder, self._kept, self._pair = Path(folder), [], []

    def make(self, **how):
        self._kept.append(world(self._folder / f"world-{len(self._kept)}", **how))
        return self._kept[-1]

    @property
    def pair(self):
        """The two worlds of which each attack asks."""
        if not self._pair:
            self._pair = [self.make(), self.make(there=False)]
        return self._pair

    def spoil(self):
        """The pair is made anew for the next: a test that failed may have changed one of them alone."""
        self._pair = []

    def close(self):
        for one in self._kept:
            one.close()


@contextmanager
def worlds():
    with tempfile.TemporaryDirectory(prefix="mutant") as folder:
        made = Worlds(folder)
        try:
            yield made
        finally:
            made.close()


def notices():
    """Every test by its name."""
    attacks = [one for one in every_attack() if not one.waits]
    found = [(one, ADA) for one in attacks]
    found += [(one, CYD) for one in attacks if one.by in {"other", "pharmacist"}]
    found += [(one, her) for her, *_ in JUDGED for one in attacks if str(one) in MANY]
    tests = [_about(attack, her) for attack, her in found]
    tests.append(Notice("seen by who may see", lambda made: seen_by_who_may(made.make)))
    tests += [_scenario(scene) for scene in SCENARIOS]
    return {test.name: test for test in tests}


def _about(attack, her):
    return Notice(f"{attack} on {her.id}", lambda made: compare(attack, made.pair, her))


def _scenario(scene):
    return Notice(f"scenario {scene}", lambda made: scene.run(made.make))


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
    }
    client = made.client("welcome")
    assert {one: client.get(f"/fhir/{one}&_total=accurate").json()["total"] for one in totals} == totals
    assert client.get("/fhir/Observation/ada-gone").status_code == 410
    assert made.installation.store.read(loading("t"), "Binary", "ada-binary").id == "ada-binary"


class NoAnswer(BaseException):
    """Too much processor time; not an Exception, so that nothing between swallows it."""


class Stuck(BaseException):
    """Nothing for too long on the clock."""


def noticed(test, made, usual=0.0):
    """What a test says of it, None where it passes. A test that breaks has noticed too."""
    signal.signal(signal.SIGPROF, _raises(NoAnswer))
    signal.signal(signal.SIGALRM, _raises(Stuck))
    signal.setitimer(signal.ITIMER_PROF, SPARE + TIMES * usual)
    signal.alarm(STUCK)
    try:
        test.run(made)
    except (AssertionError, pytest.fail.Exception) as error:
        return (str(error).splitlines() or ["other than unchanged"])[0][:120]
    except NoAnswer:
        return "no answer"
    except Exception as error:  # noqa: BLE001
        return type(error).__name__
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    return None


def _raises(kind):
    def handler(*_):
        raise kind

    return handler


@dataclass(frozen=True)
class Reach:
    """Of a test that is run unchanged: what it says, seconds of processor time, and the places of the statements of the
    targets that it reaches."""

    said: str | None
    seconds: float
    places: frozenset


def reach(names):
    """Each of these tests, run unchanged; the making of worlds under the name ""."""
    tests, found = notices(), {}
    with watched() as seen, worlds() as made:
        forget()
        for name in ("", *names):
            seen.clear()
            began = time.process_time()
            said = noticed(tests[name], made, 10.0) if name else bool(made.pair) and None
            found[name] = Reach(said, time.process_time() - began, frozenset(seen))
            if said:
                made.spoil()
            forget()
    return found
