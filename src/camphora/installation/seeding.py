"""The demo's people: the synthetic Taiwan written into an installation, resumable at any household.

What was asked (number of people, seed, day) lies in the file `demo`; how far the writing has come lies in the
store beside the records, so that a killed process goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from camphora.errors import Invalid
from camphora.fhir.packages import package
from camphora.formats.csv_rows import Row
from camphora.formats.line_list import Case, Cases, Ids, Mapping, guessed, resources
from camphora.gate import User
from camphora.installation.installation import Installation
from camphora.policy import Role, choices
from camphora.policy.internal import following, loading
from camphora.records import Put
from camphora.records.derived import STAND_IN
from camphora.synth import Cast, Country, cast, foundation, population
from camphora.synth.line_list import COLUMNS, line_list

CHUNK = 600
FIRST_HOUSEHOLDS = 40
"""So many households are written before the first page is shown."""
CHILDHOOD = range(3, 13)
"""Ages, in whole years, of the demo's child, for whom a guardian chooses."""
OFFICER, COUNTY_OF_OFFICER = "officer", "67000"
"""臺南市, where the characters live: the area of the demo's officer."""
OUTBREAK, OUTBREAK_CASES = date(2015, 7, 5), 12
"""104 (2015) week 27, in which 臺南市 had so many cases of dengue: the persons here are invented."""
TWCORE = "tw.gov.mohw.twcore"
KIND = "urn:camphora:data-kind"
TAGGED = {"tag": [{"system": KIND, "code": "synthetic", "display": "合成資料"}]}
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the demo consists of. `today` is the day on which its people were made."""

    people: int
    seed: int
    today: date

    @classmethod
    def of(cls, folder: Path, people: int, seed: int) -> Plan:
        """The plan that the folder holds already, or a new one of this size, written into it."""
        path = folder / "demo"
        if path.exists():
            kept = orjson.loads(path.read_bytes())
            return cls(kept["people"], kept["seed"], date.fromisoformat(kept["today"]))
        made = cls(people, seed, datetime.now(UTC).date())
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(asdict(made)))
        return made


class Seeding:
    """Writes the people of a plan into an installation. `begin` gives a usable system, `go_on` the rest."""

    def __init__(self, installation: Installation, plan: Plan) -> None:
        self.installation = installation
        self.plan = plan
        self.country = Country.load()
        self.cast: Cast = cast(self.country, plan.seed, plan.people)
        self.stopped = threading.Event()
        self.done = 0

    @property
    def finished(self) -> bool:
        return self._place("all") == 1

    def begin(self, progress: Progress | None = None) -> None:
        """Institutions, the first households with the demo's characters, and the accounts to sign in as."""
        if not self._place("foundation"):
            self._write(foundation(self.country))
            self._note("foundation", 1)
        self._households(FIRST_HOUSEHOLDS, progress)
        family = self._family()
        self._accounts(family)
        self._let_in()
        self._guard(family)
        self._line_list()

    def go_on(self, progress: Progress | None = None) -> None:
        """All other households, then Taiwan Core's definitions and examples. Returns early when `stopped` is set."""
        self._households(None, progress)
        if not self.stopped.is_set() and not self._place("package"):
            self._write(_package_resources())
            self._note("package", 1)
        if not self.stopped.is_set():
            self._note("all", 1)

    def _households(self, most: int | None, progress: Progress | None) -> None:
        start = self._place("household")
        if most is not None and start >= most:
            return
        self.done = self._place("people")
        pending: list[dict[str, Any]] = []
        plan = self.plan
        remaining = population(self.country, plan.people, plan.seed, plan.today, start)
        households = islice(remaining, most - start) if most is not None else remaining
        following_household = start
        for household in households:
            if self.stopped.is_set():
                return
            pending += household.resources()
            self.done += len(household.people)
            following_household = household.index + 1
            if len(pending) >= CHUNK:
                self._step(pending, following_household, progress)
                pending = []
        self._step(pending, following_household, progress)

    def _step(self, pending: list[dict[str, Any]], household: int, progress: Progress | None) -> None:
        """Write whole households, then note the place: a household written but not noted is written again, which
        changes nothing."""
        self._write(pending)
        self._note("people", self.done)
        self._note("household", household)
        if progress:
            progress(self.done, self.plan.people)

    def _write(self, resources: Iterable[dict[str, Any]]) -> None:
        waiting = iter(resources)
        while chunk := list(islice(waiting, CHUNK)):
            self.installation.store.write(loading("demo"), [Put(resource) for resource in chunk])

    def _family(self) -> tuple[str, str] | None:
        """A child and its mother, by Patient ids, of the first household with both; None where the draw has none."""
        day, plan = self.plan.today.toordinal(), self.plan
        drawn = population(self.country, plan.people, plan.seed, plan.today)
        for household in islice(drawn, 1, FIRST_HOUSEHOLDS):
            people = household.people
            for person in people:
                living = not person.died and person.mother >= 0 and not people[person.mother].died
                if living and person.age(day) in CHILDHOOD:
                    return person.id, people[person.mother].id
        return None

    def _guard(self, family: tuple[str, str] | None) -> None:
        """The mother stands as the child's guardian."""
        if family is None or self._place("guard"):
            return
        child, mother = family
        guard = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}
        related = {
            "resourceType": "RelatedPerson", "id": f"{child}-guardian", "active": True,
            "patient": {"reference": f"Patient/{child}"}, "relationship": [{"coding": [guard]}],
            "extension": [{"url": STAND_IN, "valueReference": {"reference": f"Patient/{mother}"}}],
            "meta": {"tag": [{"system": KIND, "code": "synthetic", "display": "合成資料"}]},
        }  # fmt: skip
        self._write([related])
        self._note("guard", 1)

    def _line_list(self) -> None:
        """The invented cases behind the demo's dengue signal, as many as it counts, as a line list would bring them."""
        if self._place("line-list"):
            return
        pending: list[dict[str, Any]] = []
        for case in cases_behind(OUTBREAK, OUTBREAK_CASES):
            pending += [{**one, "meta": TAGGED} for one in resources(case, Ids("demo", _named))]
        self._write(pending)
        self._note("line-list", 1)

    def _accounts(self, family: tuple[str, str] | None) -> None:
        gate = self.installation.gate
        for user in self._users(family):
            if gate.identity.user(user.name) is None:
                gate.identity.add_user(user, None)
                if user.name == OFFICER:
                    gate.standings.set(user.name, "area", [COUNTY_OF_OFFICER])
                if user.role is Role.OFFICER:
                    gate.standings.set(user.name, "organisation-kind", ["government"])

    def _users(self, family: tuple[str, str] | None) -> list[User]:
        store, access = self.installation.store, following("demo")
        ids = self.cast

        def named(record_type: str, record_id: str) -> str:
            body = orjson.loads(store.read(access, record_type, record_id).body or b"{}")
            return str(body["name"][0]["text"])

        mother = family[1] if family else None
        guardian = [User("guardian", named("Patient", mother), Role.CITIZEN, person=mother)] if mother else []
        return [
            *guardian,
            User(OFFICER, "示範公共衛生人員", Role.OFFICER),
            User("nation", "示範全國防疫人員", Role.OFFICER),
            User("citizen", named("Patient", ids.citizen), Role.CITIZEN, person=ids.citizen),
            User("relative", named("Patient", ids.daughter), Role.CITIZEN, person=ids.daughter),
            User(
                "clinician", named("Practitioner", ids.clinician), Role.CLINICIAN, organisation=ids.hospital
            ),
            User(
                "other",
                named("Practitioner", ids.other_clinician),
                Role.CLINICIAN,
                organisation=ids.other_hospital,
            ),
            User("analyst", "示範分析員", Role.ANALYST),
            User("administrator", "示範管理者", Role.ADMINISTRATOR),
            User("privacy", "示範隱私保護人員", Role.PRIVACY),
        ]

    def _let_in(self) -> None:
        """The mother has let her daughter in, for two years from the day of the demo."""
        today = self.plan.today
        until = date(today.year + 2, 12, 31)
        made = datetime(today.year, today.month, 1, 9, tzinfo=choices.TAIPEI)
        consent = {
            **choices.let_in(self.cast.citizen, self.cast.daughter, until, made),
            "id": f"{self.cast.citizen}-letin",
        }
        consent["meta"] = {"tag": [{"system": KIND, "code": "synthetic", "display": "合成資料"}]}
        if not self._place("letin"):
            self._write([consent])
            self._note("letin", 1)

    def _place(self, what: str) -> int:
        return self.installation.store.place(f"demo.{what}")

    def _note(self, what: str, value: int) -> None:
        self.installation.store.move(following("demo"), f"demo.{what}", value)


def cases_behind(first: date, number: int) -> list[Case]:
    """So many invented cases of dengue in the demo officer's county, with onsets in the week from `first`."""
    rows = []
    for n, row in enumerate(line_list(seed=9, cases=number, last=first + timedelta(days=6))):
        days = (first + timedelta(days=n % 7 + later) for later in (0, 2, 3))
        dated = dict(zip(("發病日", "診斷日", "通報日"), (day.isoformat() for day in days), strict=True))
        said = {
            **row,
            **dated,
            "疾病名稱": "登革熱",
            "檢驗項目": "登革熱檢驗",
            "檢驗結果": "陽性",
            "研判結果": "確定",
        }
        rows.append(Row(n + 2, said, (), "demo"))
    columns = {key: column for column, key in guessed(COLUMNS).items()}
    taken = Cases(Mapping("demo", columns), first + timedelta(days=30)).read(rows)
    return [one.case for one in taken if one.case]


def _named(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12, person=b"demo list").hexdigest()


def _package_resources() -> Iterator[dict[str, Any]]:
    """Taiwan Core's definitions as they are, and its examples tagged as published examples."""
    twcore = package(TWCORE)
    yield from twcore.definitions()
    for example in twcore.examples():
        meta = example.get("meta", {})
        tag = [*meta.get("tag", []), {"system": KIND, "code": "example", "display": "公開範例"}]
        yield {**example, "meta": {**meta, "tag": tag}}


def require_enough(people: int) -> None:
    """Refuse a population too small to hold the demo's characters."""
    cast(Country.load(), 1, people)
    if people > 5_000_000:
        raise Invalid("installation-too-many-people", people=people, most=5_000_000)
