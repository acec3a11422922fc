"""$validate-code: whether a code is in a value set or code system, and whether all else that was written is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from camphora.errors import Invalid, NotFound
from camphora.terminology.operations import issues as remarks
from camphora.terminology.operations.canonicals import Canonical, choose, fits
from camphora.terminology.operations.composition import (
    Clause,
    Composition,
    Edition,
    Member,
    compose,
    designations_of,
)
from camphora.terminology.operations.displays import named
from camphora.terminology.operations.expansion import BASE
from camphora.terminology.operations.issues import Choices, Issue
from camphora.terminology.operations.languages import STATUS, Languages, first_wish
from camphora.terminology.operations.options import DEFAULT, Options
from camphora.terminology.operations.resources import coding
from camphora.terminology.operations.standing import standings
from camphora.terminology.operations.supplements import named as supplements_named
from camphora.terminology.operations.supplements import supplemented
from camphora.terminology.systems import CodeSystem, Coding, Concept, Designation, Library

DEPRECATED_HERE = {BASE + "valueset-deprecated", STATUS}

STATUSES = {"retired", "deprecated", "withdrawn", "draft", "experimental"}
"""Words for a concept's status that are FHIR's; a system's own words are not part of the answer."""


@dataclass(slots=True)
class Validation:
    """The answer of $validate-code. `codeable_concept` is what was asked, if that was a CodeableConcept;
    `normalized` is the system's own spelling of the code, where it differs."""

    result: bool = True
    system: str | None = None
    version: str = ""
    code: str | None = None
    display: str | None = None
    normalized: str = ""
    inactive: bool = False
    status: str = ""
    issues: list[Issue] = field(default_factory=list)
    codeable_concept: Mapping[str, Any] | None = None
    unknown_systems: list[str] = field(default_factory=list)
    """Systems of the codes that are not held."""
    caused_by: list[str] = field(default_factory=list)
    """Canonicals of code systems that are not held and without which nothing can be said."""

    @property
    def message(self) -> str:
        return remarks.message(self.issues)


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the parts of a code stand in what was asked."""

    root: str
    code: str
    system: str
    version: str
    display: str

    @classmethod
    def under(cls, root: str) -> Paths:
        return cls(root, f"{root}.code", f"{root}.system", f"{root}.version", f"{root}.display")


PLAIN = Paths("code", "code", "system", "version", "display")
CODING = Paths.under("Coding")


def validate_code(
    library: Library,
    value_set: Mapping[str, Any],
    coding_: Coding,
    options: Options = DEFAULT,
    paths: Paths = CODING,
) -> Validation:
    """Whether one code is in a ValueSet resource. Raises as `checker` does."""
    return checker(library, value_set, options).coding(coding_, paths)


def validate_codeable_concept(
    library: Library, value_set: Mapping[str, Any], concept: Mapping[str, Any], options: Options = DEFAULT
) -> Validation:
    """Whether one of the codings of a CodeableConcept is in a ValueSet resource, and nothing in it is wrong."""
    return checker(library, value_set, options).codeable_concept(concept)


def checker(library: Library, value_set: Mapping[str, Any], options: Options = DEFAULT) -> Checker:
    """A value set ready to be asked about codes.

    Raises Invalid terminology-value-set-circular, terminology-filter…, terminology-display-language; NotFound
    terminology-supplement-unknown. That it imports what is not held is said in the answers.
    """
    missing: Issue | None = None
    composition: Composition | None = None
    try:
        composition = compose(library, value_set, options.rules, options.supplements)
    except NotFound as error:
        if not error.code.startswith("terminology-import"):
            raise
        name = str(Canonical(str(error.facts["canonical"]), str(error.facts.get("version", ""))))
        missing = Issue("terminology-value-set-unknown", "", {"canonical": name})
    return Checker(library, value_set, composition, options, missing)


class Checker:
    """Answers for one compiled value set and one set of options."""

    def __init__(
        self,
        library: Library,
        resource: Mapping[str, Any],
        composition: Composition | None,
        options: Options,
        missing: Issue | None = None,
    ) -> None:
        self.library = library
        self.resource = resource
        self.composition = composition
        self.options = options
        self.missing = missing
        own = composition.parameters.get("displayLanguage", "") if composition else ""
        language = resource.get("language", "")
        self.wish: Languages | None = first_wish(
            (options.display_language, options.accept_language, own, language)
        )
        self.name = str(Canonical(resource.get("url", ""), resource.get("version", ""))) or "(unidentified)"

    def coding(self, given: Coding, paths: Paths = CODING) -> Validation:
        """About one code."""
        answer = Validation(system=given.system, code=given.code)
        if self.missing:
            answer.result = False
            answer.issues.append(self.missing)
            return answer
        if given.system is None and self.options.infer_system:
            inferred = self._infer(given, answer, paths)
            if inferred is None:
                return answer
            given = given._replace(system=inferred)
            answer.system = inferred
        verdict = _One(self, given, paths, answer)
        inside = verdict.check()
        if inside is False:
            facts = {"code": _written(given), "value_set": self.name}
            answer.issues.insert(0, Issue("terminology-not-in-value-set", paths.code, facts))
        self._standing(answer, given.system)
        answer.result = _good(answer.issues)
        return answer

    def codeable_concept(self, concept: Mapping[str, Any]) -> Validation:
        """About a CodeableConcept as parsed JSON."""
        answer = Validation(codeable_concept=concept)
        if self.missing:
            answer.result = False
            answer.issues.append(self.missing)
            return answer
        states: list[bool | None] = []
        for at, item in enumerate(concept.get("coding", ())):
            states.append(self._one_of(coding(item), Paths.under(f"CodeableConcept.coding[{at}]"), answer))
        if True not in states and None not in states:
            facts = {"value_set": self.name}
            answer.issues.insert(0, Issue("terminology-no-coding-in-value-set", "", facts))
        self._standing(answer, answer.system)
        answer.result = _good(answer.issues)
        return answer

    def _one_of(self, given: Coding, paths: Paths, answer: Validation) -> bool | None:
        part = Validation(system=given.system, code=given.code)
        inside = _One(self, given, paths, part).check()
        if inside is False:
            facts = {"code": _written(given), "value_set": self.name}
            answer.issues.append(Issue("terminology-coding-not-in-value-set", paths.code, facts))
        elif inside and answer.code is None:
            answer.system, answer.version, answer.code = part.system, part.version, part.code
            answer.display, answer.inactive, answer.status = part.display, part.inactive, part.status
            answer.normalized = part.normalized
        answer.issues += part.issues
        answer.unknown_systems += part.unknown_systems
        answer.caused_by += part.caused_by
        return inside

    def _infer(self, given: Coding, answer: Validation, paths: Paths) -> str | None:
        """The one code system of the value set that has the code."""
        assert self.composition  # noqa: S101 - asked only where the value set is whole
        urls = [url for url in self.composition.systems() if self.composition.hits(Coding(url, given.code))]
        if len(urls) == 1:
            return urls[0]
        facts = {"code": given.code, "value_set": self.name, "systems": Choices(urls)}
        kind = "terminology-system-ambiguous" if urls else "terminology-system-not-inferred"
        outside = {"code": f"#{given.code}", "value_set": self.name}
        answer.issues = [
            Issue("terminology-not-in-value-set", paths.code, outside),
            Issue(kind, paths.code, facts),
        ]
        answer.result = False
        return None

    def _standing(self, answer: Validation, url: str | None) -> None:
        composition = self.composition
        if composition is None or url is None:
            return
        systems = [
            system
            for _, clause in composition.sources(url)
            if (system := clause.edition(answer.version).system)
        ]
        for word, kind, name in dict.fromkeys(standings(composition, systems)):
            answer.issues.append(
                Issue(f"terminology-resource-{word}", "", {"type": kind, "canonical": str(name)})
            )


class _One:
    """The check of one code against a value set; what it finds goes into `answer`."""

    def __init__(self, checker_: Checker, given: Coding, paths: Paths, answer: Validation) -> None:
        assert checker_.composition  # noqa: S101 - asked only where the value set is whole
        self.composition: Composition = checker_.composition
        self.checker = checker_
        self.library = checker_.library
        self.options = checker_.options
        self.given = given
        self.paths = paths
        self.answer = answer

    def say(self, code: str, at: str, /, **facts: object) -> None:
        self.answer.issues.append(Issue(code, at, facts))

    def check(self) -> bool | None:
        """Whether the code is in; None where that cannot be known."""
        url = self.given.system
        if not url:
            self.say("terminology-system-missing", self.paths.root)
            return False
        sources = [clause for _, clause in self.composition.sources(url)]
        if not sources:
            self._outside(url)
            return False
        clauses = self._meant(sources)
        if not self._editions(clauses):
            return None
        return self._inside()

    def _meant(self, sources: list[Clause]) -> list[Clause]:
        """Where the code names a version that one of the includes has, only those includes."""
        version = self.given.version
        if not version or len(sources) == 1:
            return sources
        same = [
            clause
            for clause in sources
            if (system := clause.edition(version).system) and system.version == version
        ]
        return same or sources

    def _editions(self, clauses: Sequence[Clause]) -> bool:
        """Remark on versions; False where none of the code systems is held."""
        held = False
        for clause in _distinct(clauses, self.given.version or ""):
            edition = clause.edition(self.given.version or "")
            held = self._edition(clause, edition) or held
        return held

    def _edition(self, clause: Clause, edition: Edition) -> bool:
        given = self.given.version or ""
        if edition.system is None:
            self._unknown(clause.url, edition.wanted)
            self.answer.caused_by.append(str(Canonical(clause.url, edition.wanted)))
            if given and edition.wanted and given != edition.wanted:
                self._mismatch(clause, edition, edition.wanted)
            return False
        required = clause.rules.check.get(clause.url, "")
        if not fits(required, edition.system.version):
            facts = {"version": edition.system.version, "system": clause.url, "required": required}
            self.say("terminology-version-refused", self.paths.version, **facts)
        if given and not fits(given, edition.system.version):
            self._mismatch(clause, edition, edition.system.version)
            if choose(self.library.versions(clause.url), given) is None:
                self._unknown(clause.url, given)
                self.answer.caused_by.append(str(Canonical(clause.url, given)))
        return True

    def _mismatch(self, clause: Clause, edition: Edition, version: str) -> None:
        facts = {"system": clause.url, "version": version, "given": self.given.version}
        if edition.rule:
            facts |= {"version": edition.wanted, "declared": clause.declared}
            self.say("terminology-version-mismatch-changed", self.paths.version, **facts)
        elif edition.wanted:
            self.say("terminology-version-mismatch", self.paths.version, **facts)
        else:
            self.say("terminology-version-mismatch-default", self.paths.version, **facts)

    def _unknown(self, url: str, version: str) -> None:
        if not version:
            self.say("terminology-system-unknown", self.paths.system, system=url)
            return
        versions = self.library.versions(url)
        facts = {"system": url, "version": version}
        if versions:
            facts |= {"versions": Choices(reversed(versions))}
            self.say("terminology-version-unknown", self.paths.system, **facts)
        else:
            self.say("terminology-version-none", self.paths.system, **facts)

    def _outside(self, url: str) -> None:
        """The value set has nothing of the code's system."""
        if self.library.value_set_versions(url) and not self.library.versions(url):
            self.say("terminology-system-value-set", self.paths.system, system=url)
            return
        if not _absolute(url):
            self.say("terminology-system-relative", self.paths.system)
        supplement = next((item for item in self.library.supplements(url) if item.url == url), None)
        if supplement is not None and not self.library.versions(url):
            name = str(Canonical(supplement.url, supplement.version))
            self.say("terminology-system-supplement", self.paths.system, canonical=name)
        elif not self.options.membership_only:
            self._known(self._of_library(url))

    def _of_library(self, url: str) -> CodeSystem | None:
        """The edition of a system that the code means, whatever the value set says."""
        version = choose(self.library.versions(url), self.given.version or "")
        system = None if version is None else self.library.code_system(url, version)
        if system is None:
            self._unknown(url, self.given.version or "")
            self.answer.unknown_systems.append(url)
        return system

    def _known(self, system: CodeSystem | None) -> Concept | None:
        """The concept in its system, with remarks on it; for a code that is not in the value set."""
        if system is None:
            return None
        concept = system.concept(self.given.code)
        self.answer.version = system.version
        if concept is None:
            self._unknown_code(system)
            return None
        self._describe(system, concept, None)
        return concept

    def _unknown_code(self, system: CodeSystem) -> None:
        facts = {"code": self.given.code, "system": system.url, "version": system.version}
        if system.content in ("fragment", "example"):
            self.say("terminology-code-not-in-fragment", self.paths.code, **facts)
        elif system.version:
            self.say("terminology-code-unknown", self.paths.code, **facts)
        else:
            self.say("terminology-code-unknown-unversioned", self.paths.code, **facts)

    def _inside(self) -> bool:
        system, members = self._members()
        if not members:
            if self.options.membership_only:
                return False
            concept = self._known(system)
            if concept is None:
                return self._perhaps(system)
            meant = self.given._replace(version=system.version)
            if concept.inactive and self.composition.hits(meant, inactive=True):
                self.say("terminology-code-not-active", self.paths.code, code=self.given.code)
            return False
        member = self._best(members)
        self.answer.version = member.system.version
        self._describe(member.system, member.concept, member)
        if self.options.active_only and member.concept.inactive:
            self.say("terminology-code-not-active", self.paths.code, code=self.given.code)
            return False
        if member.concept.abstract and self.options.abstract is False:
            facts = {"system": member.system.url, "code": self.given.code}
            self.say("terminology-code-abstract", self.paths.code, **facts)
            return False
        return True

    def _perhaps(self, system: CodeSystem) -> bool:
        """Whether a code that a fragment lacks may be in the value set: it takes all of the system, or lists the code."""
        if system.content not in ("fragment", "example"):
            return False
        clauses = [clause for _, clause in self.composition.sources(system.url) if not clause.filters]
        return any(clause.codes is None or self.given.code in clause.codes for clause in clauses)

    def _members(self) -> tuple[CodeSystem, list[Member]]:
        """(the newest edition that the value set uses, the concepts that the code means in the value set)."""
        version = self.given.version or ""
        clauses = [clause for _, clause in self.composition.sources(self.given.system or "")]
        editions = [clause.edition(version).system for clause in self._meant(clauses)]
        systems = {system.version: system for system in editions if system is not None}
        order = sorted(systems, key=lambda item: self._rank(item))
        meant = self.given if version in systems else self.given._replace(version=None)
        members = self.composition.hits(meant)
        if version and version not in systems:
            members = [item for item in members if item.system.version in systems]
        members.sort(key=lambda item: self._rank(item.system.version))
        return systems[order[0]], members

    def _rank(self, version: str) -> int:
        known = list(self.library.versions(self.given.system or ""))
        return known.index(version) if version in known else len(known)

    def _best(self, members: Sequence[Member]) -> Member:
        """Of several editions the newest in which the name given is right; else the newest."""
        if len(members) > 1 and self.given.display is not None:
            for member in members:
                if self._named(member.system, member.concept, member).issue is None:
                    return member
        return members[0]

    def _named(self, system: CodeSystem, concept: Concept, member: Member | None) -> Any:
        row = member.reference if member else None
        extra: list[Designation] = designations_of(row)
        if row and "display" in row:
            extra.insert(0, Designation(row["display"], self.checker.resource.get("language", "")))
        given = None if self.options.membership_only else self.given.display
        return named(
            system,
            concept,
            given,
            self.checker.wish,
            at=self.paths.display,
            extra=extra,
            lenient=self.options.lenient_display,
        )

    def _describe(self, system: CodeSystem, concept: Concept, member: Member | None) -> None:
        answer = self.answer
        if concept.code != self.given.code:
            answer.normalized = concept.code
            facts = {"code": self.given.code, "correct": concept.code, "canonical": _canonical(system)}
            self.say("terminology-code-case", self.paths.code, **facts)
        shown = self._named(system, concept, member)
        answer.display = shown.shown
        if shown.issue:
            answer.issues.append(shown.issue)
        self._status(concept, member)

    def _status(self, concept: Concept, member: Member | None) -> None:
        answer = self.answer
        if concept.inactive:
            answer.inactive = True
            words = (
                "inactive"
                if concept.status in ("", "inactive", "active")
                else f"{concept.status} and inactive"
            )
            self.say("terminology-code-inactive", self.paths.root, code=self.given.code, status=words)
        elif concept.status == "deprecated":
            self.say("terminology-code-deprecated", self.paths.code, code=self.given.code)
        answer.status = concept.status if concept.status in STATUSES else ""
        if member and _deprecated_here(member.reference):
            facts = {"code": self.given.code, "system": self.given.system, "value_set": self.checker.name}
            self.say("terminology-code-deprecated-here", self.paths.code, **facts)


def _deprecated_here(row: Mapping[str, Any] | None) -> bool:
    for item in (row or {}).get("extension", ()):
        value = item.get("valueBoolean", item.get("valueCode"))
        if item.get("url") in DEPRECATED_HERE and value in (True, "true", "deprecated", "withdrawn"):
            return True
    return False


def _distinct(clauses: Iterable[Clause], preferred: str) -> list[Clause]:
    """One clause for each edition; those of a system in several editions all count as one question."""
    found: dict[tuple[str, str], Clause] = {}
    for clause in clauses:
        edition = clause.edition(preferred)
        found.setdefault((edition.wanted, edition.system.version if edition.system else ""), clause)
    return list(found.values())


def _written(given: Coding) -> str:
    """A code as people write it in a sentence."""
    system = str(Canonical(given.system or "", given.version or "")) if given.system else ""
    return f"{system}#{given.code}" + (f" ('{given.display}')" if given.display else "")


def _absolute(url: str) -> bool:
    return ":" in url


def _canonical(system: CodeSystem) -> str:
    return str(Canonical(system.url, system.version))


def _good(issues: Iterable[Issue]) -> bool:
    return all(issue.weight != "error" for issue in issues)


def validate_in_system(
    library: Library, given: Coding, options: Options = DEFAULT, paths: Paths = CODING
) -> Validation:
    """Whether a code is in its code system (CodeSystem/$validate-code).

    Raises Invalid terminology-code-missing where no system is named, NotFound terminology-supplement-unknown.
    """
    if not given.system:
        raise Invalid("terminology-code-missing")
    url = given.system
    everything = {"resourceType": "ValueSet", "compose": {"include": [{"system": url}]}}
    composition = compose(library, everything, options.rules, options.supplements)
    asked = Checker(library, everything, composition, options)
    answer = Validation(system=url, code=given.code)
    one = _One(asked, given, paths, answer)
    if not library.versions(url):
        one._outside(url)  # noqa: SLF001 - the same check, without a value set
        answer.caused_by, answer.unknown_systems = answer.unknown_systems, []
    else:
        one.check()
    asked._standing(answer, url)  # noqa: SLF001
    answer.result = _good(answer.issues)
    return answer


__all__ = [
    "CODING",
    "PLAIN",
    "Checker",
    "Paths",
    "Validation",
    "checker",
    "supplemented",
    "supplements_named",
    "validate_code",
    "validate_codeable_concept",
    "validate_in_system",
]
