"""The demo's people: resumable, complete, never doubled, even when the process is killed."""

import os
import signal
import subprocess
import sys
import time
from datetime import date

import apsw
import pytest

from camphora.errors import Invalid
from camphora.gate.bases import DAY
from camphora.gate.gate import Grounds
from camphora.gate.state import now
from camphora.installation import Installation
from camphora.installation.seeding import Plan, Seeding, require_enough
from camphora.policy import Purpose
from camphora.synth import Country, population

PEOPLE = 220


def _held(folder):
    connection = apsw.Connection(str(folder / "records.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    sql = "SELECT t.name, r.id, r.version FROM record r JOIN type t ON t.no = r.type"
    rows = {(kind, name): version for kind, name, version in connection.execute(sql)}
    connection.close()
    return rows


def _expected(plan):
    return {
        (resource["resourceType"], resource["id"])
        for household in population(Country.load(), plan.people, plan.seed, plan.today)
        for resource in household.resources()
    }


@pytest.mark.slow
def test_a_killed_demo_goes_on_where_it_stopped_and_nothing_is_lost_or_doubled(tmp_path):
    folder = tmp_path / "kept"
    command = [sys.executable, "-m", "camphora", "demo", "--people", str(PEOPLE), "--keep", str(folder)]
    command += ["--port", "0", "--no-browser", "--json", "--lang", "en"]
    environment = {**os.environ, "NO_COLOR": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    with process:
        process.stdout.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
    before = _held(folder)
    installation = Installation.open(folder)
    plan = Plan.of(folder, PEOPLE, 1)
    seeding = Seeding(installation, plan)
    seeding.begin()
    seeding.go_on()
    installation.close()
    after = _held(folder)
    assert before.items() <= after.items()
    assert set(after.values()) == {1}
    assert _expected(plan) <= after.keys()
    assert sum(kind == "Patient" and name[4:5] == "-" for kind, name in after) == PEOPLE


def test_a_kept_plan_is_not_changed_by_another_wish(tmp_path):
    made = Plan.of(tmp_path, 300, 5)
    assert Plan.of(tmp_path, 900, 9) == made
    assert made.today <= date.today()  # noqa: DTZ011


def test_too_few_people_are_refused():
    with pytest.raises(Invalid, match="synth-too-few-people"):
        require_enough(50)


def test_the_demo_has_a_guardian_an_officer_of_one_county_and_a_privacy_officer(tmp_path):
    installation = Installation.open(tmp_path, make=True)
    Seeding(installation, Plan.of(tmp_path, PEOPLE, 1)).begin()
    gate = installation.gate
    users = {user.name: user for user in gate.identity.users()}
    assert {"guardian", "officer", "nation", "privacy"} <= users.keys()
    (child,) = gate.letting_in(users["guardian"].reader())
    access = gate.access(users["guardian"].reader(), Purpose.SELF, child)
    assert (access.ground, access.writes) == ("guardian", frozenset({"Consent"}))
    assert gate.standings.of("officer").scope.areas == {"67000"}
    assert gate.standings.of("officer").organisation_kind == "government"
    assert gate.standings.of("nation").scope.areas == frozenset()
    assert gate.standings.of("nation").organisation_kind == "government"
    for basis, purpose, code in (
        ("communicable-disease-investigation", Purpose.SURVEILLANCE, "PUBHLTH"),
        ("statutory-duty", Purpose.SECONDARY, "GOV"),
    ):
        claim = gate.bases.apply(
            "officer", basis, "依法執行職務", purposes=[code], since=now(), until=now() + DAY, least_reason=4
        )
        gate.bases.decide(claim.no, "privacy", approved=True)
        access = gate.access(users["officer"].reader(), purpose, grounds=Grounds((code,), claim.no))
        assert access.ground == "legal-basis"
    installation.close()
