"""Which records a record points to by what it says, and what of their labels it bears for that.

A label follows a reference as it follows a code: `reasonReference` to a Condition says what `reasonCode` would. It does
not follow where a reference only says during which visit, or from which sample: what else was done at a visit says
nothing of the one diagnosis for which the visit is labelled (docs/rulings.md). Where words stand beside such a
reference they say what the visit says, and it is followed as any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from camphora.fhir import definitions
from camphora.fhir.references import parse_reference
from camphora.policy.admission import SHARED_TYPES
from camphora.policy.facts import OBSERVATION_VALUE
from camphora.policy.labels import Found
from camphora.policy.vocabulary import ACT_REASON, EVERY

STATING = frozenset({"Medication", "MedicationKnowledge", "Substance"})
"""Types about no patient that say what a record is of."""
WITH_WHAT = frozenset({"Device", "DeviceDefinition", "DeviceMetric", "Schedule", "Slot"})
"""With which instrument and in which slot: they are nobody's as a rule, so that no reader could look."""
UNFOLLOWED = (SHARED_TYPES - STATING) | WITH_WHAT | {"Patient", "Person", "RelatedPerson", "Group"}
"""Whom and where a record names: their labels are their own, and they bear nobody else's."""
VISITS = frozenset({"encounter", "context", "episodeOfCare", "partOf"})
"""Elements that say during which visit or episode."""
OF_VISITS = frozenset({"Encounter", "EpisodeOfCare"})
BARE = frozenset({"reference", "type", "identifier"})
"""What a reference may hold that only says which record is meant; a `display` is words."""
UNREAD = frozenset({"meta", "text", "subject", "patient"})
"""Properties of a resource in which no reference is looked for."""
USUAL = frozenset({"U", "L", "M", "N"})
"""Confidentiality up to the normal one: it says nothing that another record would have to bear."""
POINTS = "points:"
"""How the rule begins by which a label follows; behind it stands the record that bears it."""
UNSEEN = Found(EVERY, f"{POINTS}unseen")
"""What a record bears one of whose references its writer could not follow: whether the other is hidden or absent, what
it says may be of any kind, and nothing of it is looked up (docs/rulings.md)."""
Json = dict[str, Any]
_INNER = frozenset({dict, list})


_MAY_POINT = re.compile(
    rb'"reference"\s*:\s*"(?!#|urn:|https?:|(?:%s)/)'
    % b"|".join(sorted(each.encode() for each in UNFOLLOWED))
)
"""A reference to what may be followed, in JSON without escapes."""


_LOCAL = re.compile(
    rb'"reference"\s*:\s*"(([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?"'
)
_BY_NAME = VISITS | {"specimen"}
"""Elements by whose names it hangs whether a reference is followed."""
_NAMED = re.compile(rb'"(?:%s)"' % b"|".join(sorted(each.encode() for each in _BY_NAME)))


def _read(raw: bytes) -> Iterator[tuple[str, str]]:
    """The local references in bytes without escapes, each the type and the whole."""
    known = definitions.resource_types()
    for whole, kind in _LOCAL.findall(raw):
        if (named := kind.decode()) in known:
            yield named, whole.decode()


def targets_of(name: str, value: Any, raw: bytes | None = None) -> tuple[str, ...]:
    """The records, as `Type/id`, to which the value of a property points by what it says; each once. `raw`: the value's
    bytes, where they are at hand: to look at them costs nothing beside walking over the value."""
    if name in UNREAD or (name == "encounter" and _is_bare(value)):
        return ()
    if raw is not None and b"\\" not in raw:
        if not _MAY_POINT.search(raw):
            return ()
        if name not in _BY_NAME and not _NAMED.search(raw):
            return tuple(dict.fromkeys(target for kind, target in _read(raw) if kind not in UNFOLLOWED))
    return tuple(dict.fromkeys(_pointed(name, value)))


def targets_in(resource: Json) -> tuple[str, ...]:
    """The same of a whole resource, itself not among them."""
    if resource.get("resourceType") in UNFOLLOWED:
        return ()
    own = f"{resource.get('resourceType')}/{resource.get('id')}"
    found = (target for name, value in resource.items() for target in targets_of(name, value))
    return tuple(dict.fromkeys(target for target in found if target != own))


def _pointed(name: str, value: Any) -> Iterator[str]:
    stack = [(name, value)]
    while stack:
        name, item = stack.pop()
        if type(item) is list:
            stack += [(name, each) for each in item if type(each) in _INNER]
        elif type(item) is dict:
            text = item.get("reference")
            if type(text) is str and (target := _followed(name, text, bare=_is_bare(item))):
                yield target
            stack += [each for each in item.items() if type(each[1]) in _INNER]


def _is_bare(value: Any) -> bool:
    return type(value) is dict and value.keys() <= BARE


def _followed(name: str, text: str, *, bare: bool) -> str | None:
    found = parse_reference(text)
    if found.kind != "local" or found.type in UNFOLLOWED:
        return None
    says_where = (name in VISITS and found.type in OF_VISITS) or (name, found.type) == (
        "specimen",
        "Specimen",
    )
    return None if says_where and bare else found.local


def following(resource: Json, found: Iterable[Found]) -> frozenset[str]:
    """The labels that whoever points to a record bears too: those that came by rule, and those in meta.security that
    say how sensitive it is. Not the mark of a notifiable disease, which opens a record."""
    security = resource.get("meta", {}).get("security", ())
    own = (each["code"] for each in security if "code" in each and _weighs(each))
    return frozenset((*own, *(one.label for one in found if one.label)))


def _weighs(label: Json) -> bool:
    return label.get("system") not in {ACT_REASON, OBSERVATION_VALUE} and label["code"] not in USUAL
