"""References and the resources inside a resource: what a reference may point to, and whether it is there.

Targets are sought among the contained resources, in the bundle, and through the `Resolver`. What cannot be reached
is noted as not checked, never judged. Source: https://hl7.org/fhir/R4/references.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camphora.fhir import definitions
from camphora.fhir.primitives import Found, wrong_type
from camphora.fhir.references import parse_reference
from camphora.fhir.validation.bundles import target_in_bundle
from camphora.fhir.validation.limits import address, said
from camphora.fhir.validation.parts import BASE, Part
from camphora.fhir.validation.scope import Check, Scope

if TYPE_CHECKING:
    from camphora.fhir.validation.compiler import Compiler

_ANY = BASE + "Resource"


class References:
    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler

    def inner(self, parts: tuple[Part, ...]) -> Check:
        """The check of a resource inside another: contained, in a bundle's entry or in Parameters."""
        contained = any(part.name == "contained" for part in parts)
        groups = [roots for part in parts for roots in self._asked(part)]

        def check(value: Any, scope: Scope) -> list[Found] | None:
            kind = value.get("resourceType") if type(value) is dict else None
            if type(kind) is not str or kind not in definitions.resource_types():
                return no_resource(value)
            own = [root for url in declared(value) if (root := self.compiler.library.root(url))]
            fitting = [[root for root in group if root.path == kind] for group in groups]
            if groups and not all(fitting):
                return [_wrong_kind(groups[fitting.index([])], kind)]
            alone = [group[0] for group in fitting if len(group) == 1]
            profiles = sorted(
                {*alone, *(root for root in own if root.path == kind)}, key=lambda root: root.profile
            )
            inside = Scope(value, scope.root if contained else None, scope, None, scope.tally)
            found = self.compiler.resource(kind, profiles)(value, inside)
            for group in fitting:
                if len(group) > 1:
                    found = [*(found or ()), *(self.compiler.any_of(group)(value, inside) or ())]
            if contained and "contained" in value:
                found = [*(found or ()), Found(".contained", "fhir-nested-contained", {})]
            return found or None

        return check

    def _asked(self, part: Part) -> list[list[Part]]:
        """The profiles of which a part wants a resource to have one."""
        rows = [url for row in part.types.values() for url in row.get("profile", ())]
        roots = [self.compiler.library.root(url) for url in rows]
        return [[root for root in roots if root]] if roots and all(roots) else []

    def checks(self, parts: tuple[Part, ...], code: str) -> list[Check]:
        """The checks of a Reference, or of a canonical, against the targets that each part allows."""
        if code == "canonical":
            return self._canonicals(parts)
        if code != "Reference":
            return []
        found: dict[tuple[str, ...], Check] = {}
        for part in parts:
            row = part.types.get("Reference", {})
            targets = tuple(row.get("targetProfile", ()))
            if (targets and targets != (_ANY,)) or row.get("aggregation"):
                found.setdefault(targets, self._target(part, targets, row.get("aggregation", [])))
        return list(found.values())

    def _canonicals(self, parts: tuple[Part, ...]) -> list[Check]:
        """A canonical that the guides can follow leads to a definition of an allowed type."""
        found: list[Check] = []
        for part in parts:
            targets = part.types.get("canonical", {}).get("targetProfile", ())
            kinds = {str(url).rpartition("/")[2] for url in targets}
            if kinds and "Resource" not in kinds:
                found.append(self._canonical(part, frozenset(kinds)))
        return found[:1]

    def _canonical(self, part: Part, kinds: frozenset[str]) -> Check:
        expected = ", ".join(sorted(kinds))
        right: set[str] = set()
        find = self.compiler.library.guides.find

        def check(value: Any, scope: Scope) -> list[Found] | None:
            if type(value) is not str or value in right:
                return None
            target = find(value)
            if target is None:
                scope.unknown("canonical", address(value))
            elif target.get("resourceType") not in kinds:
                return [
                    said(part, "", "validation-target", found=target.get("resourceType"), expected=expected)
                ]
            if scope.tally is None:
                if len(right) >= MOST_FOLLOWED:
                    right.clear()
                right.add(value)
            return None

        return check

    def _target(self, part: Part, targets: tuple[str, ...], aggregation: list[str]) -> Check:
        roots = {url: self.compiler.library.root(url) for url in targets}
        kinds = {root.path if root else url.rpartition("/")[2] for url, root in roots.items()}
        known = all(roots.values()) and targets and "Resource" not in kinds
        starts = tuple(f"{kind}/" for kind in kinds)
        expected = ", ".join(sorted(kinds))

        def check(value: Any, scope: Scope) -> list[Found] | None:
            if type(value) is not dict:
                return None
            text = value.get("reference")
            if type(text) is str and known:
                if not text.startswith(starts):
                    named = self._named(text, value)
                    if named and named not in kinds:
                        return [said(part, "", "validation-target", found=named, expected=expected)]
            elif text is None and known:
                named = str(value.get("type"))
                if named not in kinds and named in definitions.resource_types():
                    return [said(part, ".type", "validation-target", found=named, expected=expected)]
            around = scope.outer or self.compiler.resolver or scope.tally or aggregation
            if type(text) is str and (around or text[:1] == "#"):
                return self._follow(part, roots, aggregation, value, scope)
            return None

        return check

    @staticmethod
    def _named(text: str, value: dict[str, Any]) -> str:
        said_type = value.get("type")
        named = parse_reference(text).type
        return named or (
            said_type if type(said_type) is str and said_type in definitions.resource_types() else ""
        )

    def _follow(
        self,
        part: Part,
        roots: dict[str, Part | None],
        aggregation: list[str],
        value: dict[str, Any],
        scope: Scope,
    ) -> list[Found] | None:
        target, where = self.find(value["reference"], scope)
        if aggregation and where not in {*aggregation, ""}:
            expected = ", ".join(aggregation)
            return [said(part, "", "validation-aggregation", found=where, expected=expected)]
        if target is None:
            if where == "contained":
                return [said(part, "", "validation-contained-missing")]
            scope.unknown("reference", parse_reference(value["reference"]).type or "?")
            return None
        kind = target.get("resourceType")
        if kind not in definitions.resource_types():
            return None
        fitting = [root for root in roots.values() if root and root.path in {kind, "Resource"}]
        if not fitting and roots and all(roots.values()):
            expected = ", ".join(root.path for root in roots.values() if root)
            return [said(part, "", "validation-target", found=kind, expected=expected)]
        profiles = [root for root in fitting if not root.profile.startswith(BASE + root.path)]
        if not profiles or len(profiles) < len(fitting) or not isinstance(kind, str):
            return None
        return self._conforms(part, profiles, target, scope)

    def _conforms(
        self, part: Part, profiles: list[Part], target: dict[str, Any], scope: Scope
    ) -> list[Found] | None:
        """Whether the target fits one of the profiles; a circle of references is right so far."""
        key = (id(target), tuple(profiles))
        if key not in scope.seen and len(scope.seen) < MOST_FOLLOWED and scope.depth < DEEPEST_FOLLOWED:
            scope.seen[key] = True
            inside = Scope(target, None, scope.outer or scope, None)
            inside.depth = scope.depth + 1
            checks = (self.compiler.resource(root.path, (root,)) for root in profiles)
            scope.seen[key] = any(
                not any(fault.severity == "error" for fault in check(target, inside) or ())
                for check in checks
            )
        if scope.seen.get(key, True):
            return None
        names = ", ".join(root.profile for root in profiles)
        return [said(part, "", "validation-target-profile", profiles=names)]

    def find(self, text: str, scope: Scope) -> tuple[dict[str, Any] | None, str]:
        """What a reference points to and where that lies: contained, bundled, referenced; empty where unknown."""
        if text.startswith("#"):
            return contained_in(scope.root, text[1:]), "contained"
        at: Scope | None = scope
        while at is not None:
            found = target_in_bundle(text, at)
            if found is not None:
                return found, "bundled"
            at = at.outer
        found = self.compiler.resolver.resolve(text) if self.compiler.resolver else None
        return found, "referenced" if found is not None else ""

    def resolved(self, value: Any, scope: Scope) -> list[Any]:
        """The resource that a Reference, or a text, points to; empty where it cannot be reached."""
        text = value.get("reference") if type(value) is dict else value
        found = self.find(text, scope)[0] if type(text) is str else None
        return [] if found is None else [found]


class Within:
    """The `Resolver` of a scope, for FHIRPath."""

    def __init__(self, references: References, scope: Scope) -> None:
        self._references, self._scope = references, scope

    def resolve(self, reference: str) -> dict[str, Any] | None:
        return self._references.find(reference, self._scope)[0]


DEEPEST_FOLLOWED = 6
"""So long is a chain of references that is followed from one resource."""
MOST_FOLLOWED = 2_000
"""So many references of one resource are followed into their targets."""


def contained_in(root: Any, name: str) -> dict[str, Any] | None:
    """The contained resource of this id; the container itself for an empty one."""
    if not name:
        return root if type(root) is dict else None
    inner = root.get("contained") if type(root) is dict else None
    for one in inner if type(inner) is list else ():
        if type(one) is dict and one.get("id") == name:
            return one
    return None


def declared(resource: dict[str, Any]) -> list[str]:
    """The profiles that a resource says it fits."""
    meta = resource.get("meta")
    profiles = meta.get("profile") if type(meta) is dict else None
    return [url for url in profiles if type(url) is str] if type(profiles) is list else []


def no_resource(value: Any) -> list[Found]:
    """What is said where a resource should stand."""
    if type(value) is not dict:
        return wrong_type(value, "object")
    code = "fhir-resource-type" if "resourceType" in value else "fhir-no-resource-type"
    return [Found("", code, {})]


def _wrong_kind(roots: list[Part], kind: str) -> Found:
    expected = ", ".join(sorted({root.path for root in roots}))
    return said(roots[0], "", "validation-target", found=kind, expected=expected)
