"""The choices of a person that hold now, and how each is said in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from camphora.installation import Installation
from camphora.pages import Action
from camphora.pages.words import Words
from camphora.policy.choices import STOPPED, Allows, Closes, Effect, Hides, LetsIn, Ruled, is_stop, restricted
from camphora.policy.vocabulary import LABELS
from camphora.web.citizen.acting import Acting
from camphora.web.contexts import Choice
from camphora.web.reading import Chart, Json, Reading
from camphora.web.reading.titles import consent_title, honoured

HERE = "/me/choices"


@dataclass(frozen=True, slots=True)
class Held:
    """A choice that holds now: its Consent and one thing that it does."""

    consent: Json
    effect: Effect

    @property
    def end_href(self) -> str:
        return f"{HERE}/end?{urlencode({'consent': self.consent['id']})}"

    def does_as(self, other: Held) -> bool:
        """Whether both do the same: ending one alone would change nothing."""
        return replace(self.effect, since=0, until=None) == replace(other.effect, since=0, until=None)

    @property
    def performers(self) -> frozenset[str]:
        """Who gave it: what another gave is ended by itself."""
        return frozenset(str(each.get("reference", "")) for each in self.consent.get("performer", ()))

    @property
    def since(self) -> str:
        return str(self.consent.get("dateTime", ""))


def held(chart: Chart) -> list[Held]:
    """The person's choices that hold at this moment, the newest first; those that somebody gave who acts for them as if
    they were the person's own."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    found = chart.every("Consent", ("_sort", "-date"))
    acting = {stand.who for stand in chart.store.whom(chart.access, chart.person).stand_ins}
    pairs = [Held(consent, effect) for consent in found for effect in honoured(_as_own(consent, acting))]
    return [each for each in pairs if each.effect.since <= now and (each.effect.until or now + 1) > now]


def _as_own(consent: Json, acting: set[str]) -> Json:
    """What a Consent says, where those who gave it act for the person."""
    given = {str(each.get("reference", "")) for each in consent.get("performer", ())}
    return {**consent, "performer": []} if given and given <= acting else consent


def stops(choices: Sequence[Held]) -> list[Held]:
    return [each for each in choices if isinstance(each.effect, Hides) and each.effect.set_name == STOPPED]


def partial_stops(choices: Sequence[Held]) -> list[Held]:
    """Stops of a part of secondary use: a data category, a purpose, or both."""
    return [
        each
        for each in choices
        if isinstance(each.effect, Hides) and is_stop(each.effect.set_name) and each not in stops([each])
    ]


def agreements(choices: Sequence[Held]) -> dict[str, Held]:
    """By `project:ID`: what the person agreed to whatever else they stopped."""
    return {each.effect.set_name: each for each in choices if isinstance(each.effect, Allows)}


def project_id(set_name: str) -> str:
    return set_name.partition(":")[2]


def closed_records(choices: Sequence[Held]) -> dict[str, Held]:
    """By `Type/id`: records closed one by one."""
    found = {}
    for each in choices:
        data = each.consent.get("provision", {}).get("data", ())
        if isinstance(each.effect, Ruled) and len(data) == 1:
            found[str(data[0].get("reference", {}).get("reference", ""))] = each
    return found


def others(choices: Sequence[Held]) -> list[Held]:
    """Consents that came from elsewhere and say more than this page offers."""
    known = {id(each) for each in closed_records(choices).values()}
    return [each for each in choices if isinstance(each.effect, Ruled) and id(each) not in known]


def part_of(each: Held) -> tuple[str, str]:
    """The data category and the purpose of a partial stop; empty where it names none."""
    name = each.effect.set_name if isinstance(each.effect, Hides) else ""
    _, category, purpose = name.split(":", 2)
    return ("" if category == "*" else category), ("" if purpose == "*" else purpose)


def restrictions(choices: Sequence[Held]) -> dict[str, Held]:
    """By Organization id."""
    return {_institution(each): each for each in choices if _institution(each)}


def closings(choices: Sequence[Held]) -> dict[str, Held]:
    """By sensitivity label."""
    closed = [(each, each.effect.mask) for each in choices if isinstance(each.effect, Closes)]
    return {label: each for each, mask in closed for bit, label in enumerate(LABELS) if mask >> bit & 1}


def relatives(choices: Sequence[Held]) -> dict[str, Held]:
    """By the Patient id of who is let in."""
    return {each.effect.person: each for each in choices if isinstance(each.effect, LetsIn)}


def _institution(each: Held) -> str:
    name = each.effect.set_name if isinstance(each.effect, Hides) else ""
    return name.removeprefix("restricted:") if name == restricted(name.removeprefix("restricted:")) else ""


def summary(chart: Chart, reading: Reading, installation: Installation) -> list[Choice]:
    """The four choices in one line each, for the first page."""
    choices, words = held(chart), reading.words
    counts = {
        "restrict": len(restrictions(choices)), "close": len(closings(choices)), "family": len(relatives(choices)),
    }  # fmt: skip
    first = secondary(reading, choices, opened(installation, chart))
    lines = [Choice(first.name, first.text, first.state, first.effect, Action(words("choice.change"), HERE))]
    for key, count in counts.items():
        href = "/me/family" if key == "family" else HERE
        state = _closed_in_words(words, choices) if key == "close" else words(f"choice.{key}.count", n=count)
        lines.append(Choice(words(f"choice.{key}.name"), "", state, "", Action(words("choice.change"), href)))
    return lines


def opened(installation: Installation, chart: Chart) -> dict[str, int]:
    """How many of the person's rows are open to secondary use now, by view: exact, for that person alone."""
    return dict(installation.lake.open_rows_of(chart.person, chart.access))


def part_name(reading: Reading, category: str, purpose: str) -> str:
    """A part of secondary use in words: 診斷 × 研究."""
    words = reading.words
    named = words(f"data_category.{category}") if category else words("choice.part.every_category")
    known = f"use.{purpose.rpartition('|')[2]}"
    said = words(known) if known in words else purpose or words("choice.part.every_purpose")
    return words("choice.part.pair", category=named, purpose=said)


def secondary(reading: Reading, choices: Sequence[Held], rows: dict[str, int]) -> Choice:
    """The choice about secondary use, with exactly how many rows are open to it."""
    words, stopped = reading.words, stops(choices)
    if stopped:
        state, action = words("choice.stop.stopped"), Action(words("choice.stop.resume"), stopped[0].end_href)
        since = words("choice.since", date=reading.when(stopped[0].since))
    else:
        state, since = words("choice.stop.partly" if partial_stops(choices) else "choice.stop.open"), ""
        action = Action(words("choice.stop.do"), f"{HERE}/stop")
    effect = since + words("choice.stop.rows", n=sum(rows.values()))
    return Choice(words("choice.stop.name"), words("choice.stop.text"), state, effect, action)


def rows_in_words(reading: Reading, rows: dict[str, int]) -> str:
    """Open rows by view: 就診 0、檢驗 0."""
    words = reading.words
    named = {
        words(f"view_rows.{name}") if f"view_rows.{name}" in words else name: n for name, n in rows.items()
    }
    return reading.join(f"{name} {n:,}" for name, n in named.items())


def ending(choice: Held) -> str:
    """The name of ending this choice."""
    match choice.effect:
        case LetsIn():
            return "end"
        case Allows():
            return "withdraw"
        case Closes() | Ruled():
            return "open"
    return "lift" if _institution(choice) else "resume"


def lines(reading: Reading, choices: Sequence[Held], rows: dict[str, int], by: Acting) -> list[Choice]:
    """Every choice that holds, each with its way back, and those that can be made."""
    words = reading.words
    first = secondary(reading, choices, rows)
    detail = words("choice.stop.detail", rows=rows_in_words(reading, rows)) if rows else ""
    part = Action(words("choice.part.do"), by.href(f"{HERE}/stop", part="1"))
    more = () if stops(choices) else (part,)
    action = replace(first.action, href=by.href(first.action.href)) if by.for_another else first.action
    lines = [Choice(first.name, first.text, first.state, first.effect + detail, action, more)]
    for each in partial_stops(choices):
        name = words("choice.part.name", part=part_name(reading, *part_of(each)))
        lines.append(_held_line(reading, "stop", name, each, by))
    for project, each in agreements(choices).items():
        named = reading.names.get(project, project_id(project))
        name = words("choice.agree.name", project=named)
        lines.append(_held_line(reading, "agree", name, each, by))
    for key, each in restrictions(choices).items():
        name = reading.names.get(f"Organization/{key}", consent_title(reading, each.consent))
        lines.append(_held_line(reading, "restrict", name, each, by))
    for label, each in closings(choices).items():
        name = words(f"label.{label}") if f"label.{label}" in words else words("choice.close.name")
        lines.append(_held_line(reading, "close", name, each, by))
    for record, each in closed_records(choices).items():
        name = words("choice.record.name", title=reading.names.get(record, record))
        lines.append(_held_line(reading, "close", name, each, by))
    lines += [
        _held_line(reading, "other", consent_title(reading, each.consent), each, by)
        for each in others(choices)
    ]
    closing = Action(words("choice.close.do"), by.href(f"{HERE}/close"))
    state = _closed_in_words(words, choices)
    lines.append(Choice(words("choice.close.name"), words("choice.close.text"), state, "", closing))
    if by.for_another:
        return lines
    state = words("choice.family.count", n=len(relatives(choices)))
    family = Action(words("choice.change"), "/me/family")
    lines.append(Choice(words("choice.family.name"), words("choice.family.text"), state, "", family))
    return lines


def _closed_in_words(words: Words, choices: Sequence[Held]) -> str:
    """How many parts are closed, and how many single records."""
    parts, records = len(closings(choices)), len(closed_records(choices))
    return words("choice.close.count", n=parts) + (
        words("choice.close.records", n=records) if records else ""
    )


def _held_line(reading: Reading, kind: str, name: str, each: Held, by: Acting) -> Choice:
    words = reading.words
    since = words("choice.since", date=reading.when(each.since)) + given_in_words(reading, each.consent, by)
    action = Action(
        words(f"choice.button.{ending(each)}"), by.href(f"{HERE}/end", consent=str(each.consent["id"]))
    )
    return Choice(name, "", words(f"choice.{kind}.held"), since, action)


def given_in_words(reading: Reading, consent: Json, by: Acting) -> str:
    """By whom a choice was made, where that was not the person."""
    own = f"Patient/{by.chart.person}"
    given = [str(each.get("reference", "")) for each in consent.get("performer", ())]
    return "" if not given or own in given else reading.words("choice.given_by")
