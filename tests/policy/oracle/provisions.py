"""Section 4, what a provision says: the way down a tree, and which ways match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from policy.oracle.criteria import CRITERIA, all_read
from policy.oracle.dates import Unreadable
from policy.oracle.values import Json

if TYPE_CHECKING:
    from policy.oracle.criteria import Question


@dataclass(frozen=True)
class Node:
    """One provision that matched: its sense, where it stands, how deep, what its chain states."""

    permits: bool
    path: str
    depth: int
    criteria: frozenset[str]
    names_project: bool


def root_sense(consent: Json) -> bool | None:
    root = consent.get("provision") or {}
    if "type" in root:
        return {"permit": True, "deny": False}.get(root["type"])
    codes = {coding.get("code") for coding in (consent.get("policyRule") or {}).get("coding", ())}
    if codes & {"OPTOUT", "OPTOUTE"}:
        return False
    return True if codes & {"OPTIN", "OPTINR"} else None


class Link(NamedTuple):
    """A provision on the way down from the root, with its sense."""

    provision: Json
    sense: bool | None


def matched(question: Question, consent: Json, *, for_permits: bool) -> list[Node]:
    """The provisions of one sense whose chain matches, in document order."""
    if not isinstance(consent.get("provision"), Mapping) and root_sense(consent) is None:
        return []
    root = told_plainly(consent.get("provision") or {}, consent, root_sense(consent))
    ways = list(ways_down([Link(root, root_sense(consent))], "provision"))
    found = (_node(question, way, path) for path, way in ways if way[-1].sense is for_permits)
    return [node for node in found if node and not (recorded_by_duty(question, node) and not for_permits)]


SPOILT = "(modified)"


def told_plainly(provision: Json, consent: Json, sense: bool | None) -> Json:
    """A provision in which everything stands in its place: what is contained is written out as identifiers, in what is
    no permit a contained team as its members too; what a modifier spoils is emptied, and a provision that it spoils
    states nothing but its sense."""
    inside = [told_plainly(one, consent, inner_sense(one, sense)) for one in provision.get("provision", ())]
    if provision.get("modifierExtension") or consent.get("modifierExtension"):
        kept = {name: provision[name] for name in ("type",) if name in provision}
        return {**kept, SPOILT: True, "provision": inside}
    plain = {**provision, "provision": inside}
    for name in ("actor", "data"):
        if isinstance(provision.get(name), list):
            said = provision[name]
            if name == "actor" and sense is not True:
                said = [each for one in said for each in with_members(one, consent.get("contained", ()))]
            plain[name] = [_in_place(one, consent) for one in said]
    return plain


def inner_sense(child: Json, around: bool | None) -> bool | None:
    """The sense of a provision inside another: its own, else the opposite."""
    opposite = None if around is None else not around
    return {"permit": True, "deny": False}.get(child["type"]) if child.get("type") else opposite


def with_members(actor: Json, contained: Sequence[Json]) -> list[Json]:
    """An actor; one that is a contained team is each of its members, and itself where it bears a number."""
    said = (actor.get("reference") or {}).get("reference")
    team = next((one for one in contained if said == "#" + one.get("id", "")), {})
    if team.get("modifierExtension") or actor.get("modifierExtension"):
        return [actor]
    if team.get("resourceType") == "CareTeam":
        listed = [(one, one.get("member")) for one in team.get("participant", ())]
    elif team.get("resourceType") == "Group":
        listed = [(one, one.get("entity")) for one in team.get("member", ())]
    else:
        listed = []
    members = [
        {**actor, "reference": {} if one.get("modifierExtension") else who or {}} for one, who in listed
    ]
    numbered = any(each.get("system") and each.get("value") for each in team.get("identifier", ()))
    return members + ([actor] if numbered or not members else [])


def _in_place(one: Json, consent: Json) -> Json:
    if one.get("modifierExtension"):
        return {**one, "reference": {}}
    reference = dict(one.get("reference") or {})
    given = [reference.get("identifier") or {}]
    for other in consent.get("contained", ()):
        if reference.get("reference") == "#" + other.get("id", "") and not other.get("modifierExtension"):
            given += other.get("identifier", ())
    reference["identifiers"] = [
        f"{each['system']}|{each['value']}" for each in given if each.get("system") and each.get("value")
    ]
    return {**one, "reference": reference}


def recorded_by_duty(question: Question, node: Node) -> bool:
    """A new record in care: a denial about records that does not state the action does not count."""
    duty = question.one.rules.settings["consents.recording"] and question.one.cls == "care"
    about = node.criteria & {"securityLabel", "class", "code", "dataPeriod", "data"}
    return bool(duty and question.asked.action == "collect" and about and "action" not in node.criteria)


def ways_down(way: list[Link], path: str) -> Iterator[tuple[str, list[Link]]]:
    """Every provision of a tree as the way that leads to it."""
    yield path, way
    provision, sense = way[-1]
    for index, child in enumerate(provision.get("provision", ())):
        yield from ways_down([*way, Link(child, inner_sense(child, sense))], f"{path}.provision[{index}]")


def _node(question: Question, way: list[Link], path: str) -> Node | None:
    """The last provision of a way, where all that is said on the way and is not said anew matches.

    What cannot be read makes a permit count for nothing and leaves a denial without that criterion.
    """
    permits = bool(way[-1].sense)
    said: list[dict[str, bool]] = []
    for provision, sense in way:
        direction = permits if sense is None else sense
        if permits and (SPOILT in provision or provision.get("type") not in (None, "permit", "deny")):
            return None
        answers: dict[str, bool] = {}
        for name in CRITERIA:
            if provision.get(name):
                try:
                    all_read(name, provision[name], permit=sense is True)
                    if name == "actor" and sense is not True and question.doubts(provision[name]):
                        if permits:
                            return None
                        answers[name] = True
                        continue
                    answers[name] = question.matches(name, provision[name], permit=direction)
                except Unreadable:
                    if permits:
                        return None
        said.append(answers)
    standing = [
        (way[number].provision, name, answer)
        for number, answers in enumerate(said)
        for name, answer in answers.items()
        if not _said_anew(way, said, number, name)
    ]
    if not all(answer for _, _, answer in standing):
        return None
    names_project = any(name == "purpose" and question.names_project(on) for on, name, _ in standing)
    if permits and question.one.cls in ("self", "family"):
        actors = [actor for on, name, _ in standing if name == "actor" for actor in on["actor"]]
        if not any(question.is_reader(actor) for actor in actors):
            return None
    criteria = frozenset(name for answers in said for name in answers)
    return Node(permits, path, len(way) - 1, criteria, names_project)


def _said_anew(way: list[Link], said: list[dict[str, bool]], number: int, name: str) -> bool:
    """Whether a provision further in says this criterion anew, with nothing of another sense between."""
    for further in range(number + 1, len(way)):
        if way[further].sense is None or way[further].sense is not way[number].sense:
            return False
        if name in said[further]:
            return True
    return False
