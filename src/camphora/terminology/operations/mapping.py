"""A ConceptMap resource, of R4 or R5, held in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from camphora.terminology.operations.canonicals import Canonical
from camphora.terminology.systems import Coding, Mapped

RELATIONSHIPS = {
    "relatedto": "related-to", "equivalent": "equivalent", "equal": "equivalent",
    "wider": "source-is-narrower-than-target", "subsumes": "source-is-narrower-than-target",
    "narrower": "source-is-broader-than-target", "specializes": "source-is-broader-than-target",
    "inexact": "related-to", "unmatched": "not-related-to", "disjoint": "not-related-to",
}  # fmt: skip
"""From R4 (ConceptMap…equivalence, said of the target) to R5 (relationship, said of the source)."""
EQUIVALENCES = {
    "related-to": "relatedto", "equivalent": "equivalent", "not-related-to": "disjoint",
    "source-is-narrower-than-target": "wider", "source-is-broader-than-target": "narrower",
}  # fmt: skip
CONVERSES = {
    "source-is-narrower-than-target": "source-is-broader-than-target",
    "source-is-broader-than-target": "source-is-narrower-than-target",
}
UNMAPPED_RELATIONSHIP = "related-to"


class ResourceConceptMap:
    """The groups of a ConceptMap, indexed by source and, when first asked backward, by target."""

    def __init__(self, resource: Mapping[str, Any]) -> None:
        self.about: Mapping[str, Any] = {key: item for key, item in resource.items() if key != "group"}
        self.url: str = resource.get("url", "")
        self.version: str = resource.get("version", "")
        self._groups: Sequence[Mapping[str, Any]] = resource.get("group", ())
        self.systems = [(row.get("source", ""), row.get("target", "")) for row in self._groups]
        self._origin = str(Canonical(self.url, self.version))
        self._forward: dict[tuple[str, str], list[Mapped]] = {}
        self._backward: dict[tuple[str, str], list[Mapped]] = {}
        for group in self._groups:
            self._read(group)

    def _read(self, group: Mapping[str, Any]) -> None:
        source, target = _url(group.get("source", "")), _url(group.get("target", ""))
        for element in group.get("element", ()):
            here = Coding(source, element.get("code", ""), None, element.get("display"))
            for item in element.get("target", ()):
                there = Coding(target, item.get("code", ""), None, item.get("display"))
                mapped = Mapped(
                    here,
                    there,
                    _relationship(item),
                    self._origin,
                    item.get("comment", ""),
                    _extras(item.get("product", ())),
                    _extras(item.get("dependsOn", ())),
                )
                self._forward.setdefault((source, here.code), []).append(mapped)
                self._backward.setdefault((target, there.code), []).append(mapped)

    def forward(self, system: str, code: str) -> Sequence[Mapped]:
        """Targets of a code; where it has none, what the group says of unmapped codes."""
        found = self._forward.get((system, code))
        return found if found is not None else self._unmapped(system, code)

    def backward(self, system: str, code: str) -> Sequence[Mapped]:
        """Sources of a code, each with the relationship as the map writes it."""
        return self._backward.get((system, code), ())

    def _unmapped(self, system: str, code: str) -> list[Mapped]:
        found = []
        for group in self._groups:
            rule = group.get("unmapped")
            if rule and _url(group.get("source", "")) == system:
                target = _url(group.get("target", ""))
                own = rule.get("mode") in ("use-source-code", "provided")
                if own or rule.get("mode") == "fixed":
                    there = Coding(target, code if own else rule.get("code", ""), None, rule.get("display"))
                    relation = "equivalent" if own else rule.get("relationship", UNMAPPED_RELATIONSHIP)
                    found.append(Mapped(Coding(system, code), there, relation, self._origin))
        return found


def _url(text: str) -> str:
    return text.partition("|")[0]


def _relationship(item: Mapping[str, Any]) -> str:
    if "relationship" in item:
        return str(item["relationship"])
    return RELATIONSHIPS.get(item.get("equivalence", ""), UNMAPPED_RELATIONSHIP)


def _extras(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, Coding], ...]:
    """dependsOn and product: (attribute, coding), R4 (property, system, value) or R5 (attribute, valueCoding …)."""
    found = []
    for row in rows:
        name = row.get("property") or row.get("attribute") or ""
        value = row.get("valueCoding")
        code = value or {"system": row.get("system"), "code": row.get("value", row.get("valueCode", ""))}
        found.append((name, Coding(code.get("system"), code.get("code", ""), None, code.get("display"))))
    return tuple(found)
