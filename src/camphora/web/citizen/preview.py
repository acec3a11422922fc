"""What a choice would have allowed and hidden in the past year: her own receipts, decided again under it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import orjson

from camphora.gate import Gate
from camphora.installation import Installation
from camphora.policy import Facts, Purpose, Role, Whom
from camphora.policy.admission import USUAL as USUAL_CODES
from camphora.policy.asking import Asked, Asker
from camphora.policy.codes import categories
from camphora.policy.compiling import Compiled
from camphora.policy.compiling import compile as compiled
from camphora.policy.facts import facts_of
from camphora.policy.labels import every_label
from camphora.policy.vocabulary import EVERY
from camphora.records import Look
from camphora.web.citizen.download import everything
from camphora.web.citizen.looked import MOST, OWN_LINE, Act, grouped, who
from camphora.web.reading import Chart, Json, Reading
from camphora.web.reading.titles import kind

YEAR = 365 * 86_400_000
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Choosing:
    """A person's policy as it is, and as it would be with one more Consent."""

    now: Compiled
    then: Compiled
    at: int

    @classmethod
    def between(cls, gate: Gate, whom: Whom, consent: Json) -> Choosing:
        after = replace(whom, consents=(*whom.consents, {**consent, "id": "asked"}))
        policy = gate.policy
        return cls(compiled(whom, policy), compiled(after, policy), int(time.time() * 1000))

    def ends(self, asker: Asker, purposes: tuple[str, ...], facts: Facts) -> bool:
        """Whether what is permitted now would be denied then."""
        asked = Asked(asker, purposes, "access", self.at)
        return self.now.judge(asked)(facts).permitted and not self.then.judge(asked)(facts).permitted


def told(installation: Installation, chart: Chart, reading: Reading, consent: Json) -> list[str]:
    """The past year under a new choice, in sentences."""
    whom = chart.store.whom(chart.access, chart.person)
    choosing = Choosing.between(installation.gate, whom, consent)
    found = list(_acts(chart, choosing.at))
    ended = [act for act in found if _would_end(chart, choosing, act)]
    words = reading.words
    if not ended:
        return [words("preview.acts", n=len(found), ended=0)]
    said = words("preview.acts", n=len(found), ended=len(ended))
    return [said, _named(chart, reading, ended, "preview.named")]


def told_within(installation: Installation, chart: Chart, reading: Reading, consent: Json) -> list[str]:
    """Which of her records a choice would close for care, and in how many acts of the past year they may have been
    seen: those that read a kind in which one of them is. A receipt names no record, so that it is no more than that."""
    whom = chart.store.whom(chart.access, chart.person)
    choosing = Choosing.between(installation.gate, whom, consent)
    own, words = list(_own(chart)), reading.words
    found, closing = list(_acts(chart, choosing.at)), _Closing(chart, choosing, own)
    maybe = [act for act in found if any(closing.may_have_shown(look) for look in act.looks)]
    said = [_closed(reading, choosing, own)]
    if not maybe:
        return [*said, words("preview.looks_none", n=len(found))]
    return [
        *said,
        words("preview.looks", n=len(found), maybe=len(maybe)),
        _named(chart, reading, maybe, "preview.looked"),
    ]


def _named(chart: Chart, reading: Reading, acts: Sequence[Act], key: str) -> str:
    """Whose acts these were, those of most acts first."""
    words = reading.words
    reading = reading.named(chart.names(f"Organization/{act.newest.organisation}" for act in acts))
    counts = Counter(who(reading, act.newest) for act in acts)
    named = [words("preview.who", who=name, n=n) for name, n in counts.most_common(MOST_NAMED)]
    more = words("preview.more", n=len(counts) - MOST_NAMED) if len(counts) > MOST_NAMED else ""
    return words(key, names=reading.join(named), more=more)


def rows_after(
    installation: Installation, chart: Chart, reading: Reading, consent: Json, purposes: Sequence[str]
) -> str:
    """By view how many rows are open to these purposes of secondary use now and how many would be, where that differs:
    診斷 12 → 0; and how many stay open in all."""
    rows = installation.lake.open_rows_of(chart.person, chart.access, purposes)
    whom = chart.store.whom(chart.access, chart.person)
    choosing = Choosing.between(installation.gate, whom, consent)
    asker = Asker("Practitioner/any", Role.ANALYST)
    words, said, left = reading.words, [], 0
    for name, count in rows.items():
        record_type = _type_of(name)
        facts = Facts(type=record_type, category=categories().get(record_type, "other"))
        ends = any(choosing.ends(asker, (purpose,), facts) for purpose in purposes)
        if not ends:
            left += count
        elif count:
            label = words(f"view_rows.{name}") if f"view_rows.{name}" in words else name
            said.append(words("preview.rows_of", name=label, before=count, after=0))
    key = "preview.rows_change" if said else "preview.rows_stay"
    return words(key, rows=reading.join(said), n=left)


def _type_of(view: str) -> str:
    """The record type that a view lists: medication_request, MedicationRequest."""
    return {"person": "Patient"}.get(view) or "".join(part.capitalize() for part in view.split("_"))


def _acts(chart: Chart, at: int) -> Iterator[Act]:
    """What others read of her in the past year."""
    looks = chart.store.looks(chart.access, chart.person, MOST)
    kept = [
        look
        for look in looks
        if look.at >= at - YEAR and look.purpose != Purpose.SELF and look.act not in OWN_LINE
    ]
    yield from grouped(kept)


def _would_end(chart: Chart, choosing: Choosing, act: Act) -> bool:
    """Whether any look of the act would have been refused."""
    return any(_look_ends(chart, choosing, look) for look in act.looks)


def _look_ends(chart: Chart, choosing: Choosing, look: Look) -> bool:
    if not _is_weighed(look):
        return False
    asker, purposes = _asked(chart, look)
    return any(
        choosing.ends(asker, purposes, Facts(type=name, category=categories().get(name, "other")))
        for name in look.types
    )


def _is_weighed(look: Look) -> bool:
    """Whether choices had a part in it: not in what was refused, nor in what stood on a legal basis or an emergency."""
    return (
        look.decision != "deny" and not look.basis and look.role in set(Role) and look.purpose in USUAL_CODES
    )


def _asked(chart: Chart, look: Look) -> tuple[Asker, tuple[str, ...]]:
    """Who looked and for which uses, as the receipt says it."""
    organisation = f"Organization/{look.organisation}" if look.organisation else None
    asker = Asker(f"Practitioner/{look.reader}", Role(look.role), organisation=organisation)
    purposes = tuple(chart.store.audit.receipt(look.receipt)["purposes"])
    return asker, purposes or (USUAL_CODES[Purpose(look.purpose)],)


def _own(chart: Chart) -> Iterator[Facts]:
    """Her records but for her choices, as a decision weighs them."""
    for version in everything(chart):
        if version.type != "Consent":
            by_rule = chart.store.rules_of(chart.access, version.type, version.id)
            resource = orjson.loads(version.body or b"{}")
            labels = {one.label for one in by_rule if one.label}
            yield facts_of(resource, labels | every_label() if EVERY in labels else labels)


class _Closing:
    """In which kinds of record something would be closed to whom; worked out once for each reader and use."""

    def __init__(self, chart: Chart, choosing: Choosing, own: Sequence[Facts]) -> None:
        self._chart, self._choosing, self._own = chart, choosing, own
        self._kinds: dict[tuple[Asker, tuple[str, ...]], set[str]] = {}

    def may_have_shown(self, look: Look) -> bool:
        """Whether a look read a kind in which something of hers would now be closed to this reader."""
        if not _is_weighed(look):
            return False
        asked = _asked(self._chart, look)
        if asked not in self._kinds:
            ended = (one.type for one in self._own if self._choosing.ends(*asked, one))
            self._kinds[asked] = set(ended)
        return not self._kinds[asked].isdisjoint(look.types)


def _closed(reading: Reading, choosing: Choosing, own: Sequence[Facts]) -> str:
    """Which of her records clinicians would see no more."""
    asker = Asker("Practitioner/any", Role.CLINICIAN, organisation="Organization/any")
    ended = (one.type for one in own if choosing.ends(asker, ("TREAT",), one))
    counts, words = Counter(kind(reading, name) for name in ended), reading.words
    named = [words("preview.records_of", kind=name, n=n) for name, n in counts.most_common()]
    key = "preview.records" if counts else "preview.no_records"
    return words(key, n=counts.total(), kinds=reading.join(named))
