"""The check of one code: its system and version, its place in the value set, its standing, and the name beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from camphora.terminology.operations import issues as remarks
from camphora.terminology.operations.canonicals import Canonical, choose, fits
from camphora.terminology.operations.clauses import Clause, Edition, Member, designations_of
from camphora.terminology.operations.composition import Composition
from camphora.terminology.operations.displays import Named, named
from camphora.terminology.operations.issues import Choices, Issue
from camphora.terminology.operations.languages import DEPRECATED, STATUS, Languages
from camphora.terminology.operations.options import Options
from camphora.terminology.systems import CodeSystem, Coding, Concept, Designation, Library

DEPRECATED_HERE = {DEPRECATED, STATUS}

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


@dataclass(frozen=True, slots=True)
class Subject:
    """What codes are checked against: a compiled value set, in the words of one request."""

    library: Library
    composition: Composition
    options: Options
    wish: Languages | None
    name: str


class Check:
    """The check of one code against a value set; what it finds goes into `answer`."""

    def __init__(self, subject: Subject, given: Coding, paths: Paths, answer: Validation) -> None:
        self.subject = subject
        self.composition = subject.composition
        self.library = subject.library
        self.options = subject.options
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
            self.outside(url)
            return False
        version = self.given.version or ""
        clauses = _distinct(self._meant(sources), version)
        held = [clause for clause in clauses if clause.edition(version).system is not None]
        for clause in held:
            self._fitting(clause, clause.edition(version))
        inside = self._inside() if held else None
        missing = self._unseen_excludes(url) if inside else [one for one in clauses if one not in held]
        for clause in missing:
            self._absent(clause, clause.edition(version))
        return None if missing else inside

    def _unseen_excludes(self, url: str) -> list[Clause]:
        """Excludes that may take the code away, by an edition that is not held."""
        return [
            clause
            for clause in self.composition.excludes
            if clause.url == url
            and clause.edition(self.given.version or "").system is None
            and (clause.codes is None or self.given.code in clause.codes)
        ]

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

    def _absent(self, clause: Clause, edition: Edition) -> None:
        """Remark that the edition of an include is not held."""
        given = self.given.version or ""
        self._unknown(clause.url, edition.wanted)
        self.answer.caused_by.append(str(Canonical(clause.url, edition.wanted)))
        if given and edition.wanted and given != edition.wanted:
            self._mismatch(clause, edition, edition.wanted)

    def _fitting(self, clause: Clause, edition: Edition) -> None:
        """Remark where the edition of an include is not the one that the code names or the request asks for."""
        version, given = edition.system.version if edition.system else "", self.given.version or ""
        required = clause.rules.check.get(clause.url, "")
        if not fits(required, version):
            facts = {"version": version, "system": clause.url, "required": required}
            self.say("terminology-version-refused", self.paths.version, **facts)
        if given and not fits(given, version):
            self._mismatch(clause, edition, version)
            if choose(self.library.versions(clause.url), given) is None:
                self._unknown(clause.url, given)
                self.answer.caused_by.append(str(Canonical(clause.url, given)))

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
        if versions:
            known = Choices(reversed(versions))
            self.say(
                "terminology-version-unknown", self.paths.system, system=url, version=version, versions=known
            )
        else:
            self.say("terminology-version-none", self.paths.system, system=url, version=version)

    def outside(self, url: str) -> None:
        """Remark on a code of whose system the value set has nothing."""
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
        facts = {"concept": self.given.code, "system": system.url, "version": system.version}
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
                self.say("terminology-code-not-active", self.paths.code, concept=self.given.code)
            return False
        member = self._best(members)
        self.answer.version = member.system.version
        self._describe(member.system, member.concept, member)
        if self.options.active_only and member.concept.inactive:
            self.say("terminology-code-not-active", self.paths.code, concept=self.given.code)
            return False
        if member.concept.abstract and self.options.abstract is False:
            facts = {"system": member.system.url, "concept": self.given.code}
            self.say("terminology-code-abstract", self.paths.code, **facts)
            return False
        return True

    def _perhaps(self, system: CodeSystem) -> bool:
        """Whether a code that a fragment lacks may be in: the value set takes all of the system, or lists the code."""
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
        newest = min(systems, key=self._rank) if len(systems) > 1 else next(iter(systems))
        meant = self.given if version in systems else self.given._replace(version=None)
        members = self.composition.hits(meant)
        if version and version not in systems:
            members = [item for item in members if item.system.version in systems]
        if len(members) > 1:
            members.sort(key=lambda item: self._rank(item.system.version))
        return systems[newest], members

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

    def _named(self, system: CodeSystem, concept: Concept, member: Member | None) -> Named:
        row = member.reference if member else None
        extra: list[Designation] = designations_of(row)
        if row and "display" in row:
            extra.insert(0, Designation(row["display"], self.composition.resource.get("language", "")))
        given = None if self.options.membership_only else self.given.display
        return named(
            system,
            concept,
            given,
            self.subject.wish,
            at=self.paths.display,
            extra=extra,
            lenient=self.options.lenient_display,
        )

    def _describe(self, system: CodeSystem, concept: Concept, member: Member | None) -> None:
        answer = self.answer
        if concept.code != self.given.code:
            answer.normalized = concept.code
            facts = {"concept": self.given.code, "correct": concept.code, "canonical": _canonical(system)}
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
            self.say("terminology-code-inactive", self.paths.root, concept=self.given.code, status=words)
        elif concept.status == "deprecated":
            self.say("terminology-code-deprecated", self.paths.code, concept=self.given.code)
        answer.status = concept.status if concept.status in STATUSES else ""
        if member and _deprecated_here(member.reference):
            facts = {"concept": self.given.code, "system": self.given.system, "value_set": self.subject.name}
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


def written(given: Coding) -> str:
    """A code as people write it in a sentence."""
    system = str(Canonical(given.system or "", given.version or "")) if given.system else ""
    return f"{system}#{given.code}" + (f" ('{given.display}')" if given.display else "")


def _absolute(url: str) -> bool:
    return ":" in url


def _canonical(system: CodeSystem) -> str:
    return str(Canonical(system.url, system.version))


def good(issues: Iterable[Issue]) -> bool:
    return all(issue.weight != "error" for issue in issues)
