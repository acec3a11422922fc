"""What a publisher checks of a guide as a whole, beyond each resource: that its addresses lead somewhere, that it
pins what is published in several versions, that its profiles have examples, and good practice.

These are warnings, and equal those that HL7's publisher counts (`package/other/validation-summary.json` of a
published guide); its extensible bindings are not asked there, see `PUBLISHING`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from camphora.fhir.packages import Guides
from camphora.fhir.primitives import Found
from camphora.fhir.validation.finding import Finding, findings
from camphora.fhir.validation.parts import BASE
from camphora.fhir.validation.policy import Policy

Json = dict[str, Any]
Node = tuple[str, Json]

PUBLISHING = Policy(
    rules=MappingProxyType({"validation-code-extensible": "off", "identifier": "off"}),
)
"""The policy that publishers follow: extensible bindings are left to the reader, numbers of identifiers too."""

_ADDRESS = re.compile(r"https?://\S+")
_EXAMPLES = ("example.org", "example.com", "acme.com", "acme.org")
_OWN_VERSIONS = "http://terminology.hl7.org/ValueSet/"
_TERMINOLOGIES = (
    "http://loinc.org",
    "http://snomed.info/",
    "http://unitsofmeasure.org",
    "http://terminology.hl7.org/",
)
"""Code systems published apart from any guide."""
_STRUCTURES = frozenset(
    {"StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap", "ImplementationGuide"}
)


class Guide:
    """The resources of one guide, and what they make of each other."""

    def __init__(self, resources: Iterable[Json], guides: Guides) -> None:
        self.resources = list(resources)
        self.guides = guides
        self._own = {str(row["url"]) for row in self.resources if row.get("url")}
        self._named = set(_named(self.resources))
        self._used = set(_used(self.resources))

    def check(self, resource: Json) -> list[Finding]:
        """What is to be said of one of its resources, in document order."""
        kind = str(resource.get("resourceType", ""))
        found = [fault for path, node in _nodes(resource) for fault in self._node(path, node)]
        found += _unpinned(resource, self.guides)
        found += self._unshown(resource)
        return findings(resource, kind, found)

    def _node(self, path: str, node: Json) -> Iterator[Found]:
        last = path.rpartition(".")[2].partition("[")[0]
        if last == "identifier" and not self._leads(node.get("system")):
            yield _warning(f"{path}.system", "validation-address", found=node["system"])
        if last == "property" and not self._leads(node.get("uri")):
            yield _warning(f"{path}.uri", "validation-address", found=node["uri"])
        if last in {"coding", "valueCoding"} and self._uncharted(node.get("system")):
            yield _warning(f"{path}.system", "validation-system-unknown", found=node["system"])
        if node.get("resourceType") == "Observation" and "performer" not in node:
            yield _warning(path, "validation-performer")

    def _leads(self, url: object) -> bool:
        """Whether an address leads to a definition, or is none, or belongs to an example."""
        if type(url) is not str or not _ADDRESS.fullmatch(url) or any(name in url for name in _EXAMPLES):
            return True
        if url.startswith(("http://hl7.org/fhir/sid/", *_TERMINOLOGIES)):
            return True
        return url in self._own or url in self._named or self.guides.find(url) is not None

    def _uncharted(self, system: object) -> bool:
        """Whether a code system is neither defined here nor one of those published apart."""
        return type(system) is str and ":" in system and not self._leads(system)

    def _unshown(self, resource: Json) -> Iterator[Found]:
        """A profile or extension that no example of the guide uses."""
        if (
            resource.get("resourceType") != "StructureDefinition"
            or resource.get("derivation") != "constraint"
        ):
            return
        if resource.get("url") not in self._used and resource.get("kind") != "logical":
            extension = resource.get("type") == "Extension"
            yield _warning("", "validation-extension-unused" if extension else "validation-profile-unused")


def _warning(path: str, code: str, **facts: object) -> Found:
    return Found(path, code, facts, "warning", "", "guide")


def _nodes(resource: Json) -> Iterator[Node]:
    """Every object of a resource with its path; iterative, whatever the depth."""
    stack: list[tuple[str, Any]] = [("", resource)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, Mapping):
            yield path, dict(node)
            stack.extend((f"{path}.{name}", value) for name, value in node.items())
        elif isinstance(node, list):
            stack.extend((f"{path}[{index}]", value) for index, value in enumerate(node))


def _unpinned(resource: Json, guides: Guides) -> Iterator[Found]:
    """References to a value set or an extension that HL7 publishes in several versions, without saying which."""
    for view in ("snapshot", "differential"):
        for number, row in enumerate((resource.get(view) or {}).get("element", ())):
            path = f".{view}.element[{number}]"
            values = str((row.get("binding") or {}).get("valueSet", ""))
            if values.startswith(_OWN_VERSIONS) and "|" not in values:
                yield _warning(f"{path}.binding.valueSet", "validation-unpinned", found=values)
            for place, url in _profiles(row):
                if _versioned_apart(url, guides):
                    yield _warning(f"{path}{place}", "validation-unpinned", found=url)


def _profiles(row: Json) -> Iterator[tuple[str, str]]:
    for number, kind in enumerate(row.get("type", ())):
        for index, url in enumerate(kind.get("profile", ())):
            yield f".type[{number}].profile[{index}]", str(url)


def _versioned_apart(url: str, guides: Guides) -> bool:
    """HL7's extensions are published with FHIR and, since, in a package of their own."""
    if not url.startswith(BASE) or "|" in url:
        return False
    found = guides.find(url)
    return found is not None and found.get("type") == "Extension"


def _named(resources: Iterable[Json]) -> Iterator[str]:
    for row in resources:
        if row.get("resourceType") == "NamingSystem":
            yield from (str(one.get("value")) for one in row.get("uniqueId", ()))


def _used(resources: Iterable[Json]) -> Iterator[str]:
    """The profiles and extensions that examples use."""
    for row in resources:
        if row.get("resourceType") in _STRUCTURES:
            continue
        for _, node in _nodes(row):
            yield from (str(url).partition("|")[0] for url in node.get("profile", ()) if isinstance(url, str))
            if isinstance(node.get("url"), str):
                yield node["url"]
