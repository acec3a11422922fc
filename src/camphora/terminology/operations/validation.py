"""$validate-code: whether a code is in a value set or code system, and whether all else that was written is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from camphora.errors import Invalid, NotFound
from camphora.terminology.operations.canonicals import Canonical
from camphora.terminology.operations.checking import CODING, Check, Paths, Subject, Validation, good, written
from camphora.terminology.operations.clauses import Clause
from camphora.terminology.operations.compiling import compose
from camphora.terminology.operations.composition import Composition
from camphora.terminology.operations.issues import Choices, Issue
from camphora.terminology.operations.languages import Languages, first_wish
from camphora.terminology.operations.options import DEFAULT, Options
from camphora.terminology.operations.resources import coding
from camphora.terminology.operations.standing import standings
from camphora.terminology.systems import CodeSystem, Coding, Library

MOST_SYSTEMS, MOST_CODES = 1_000, 65_536
"""For so many systems and codes of requests a checker remembers what it found; then it begins anew."""
NOT_HELD = {"terminology-import-unknown", "terminology-import-pinned-unknown"}
"""A value set imports another that is not held."""


def validate_code(
    library: Library,
    value_set: Mapping[str, Any],
    given: Coding,
    options: Options = DEFAULT,
    paths: Paths = CODING,
) -> Validation:
    """Whether one code is in a ValueSet resource. Raises as `checker` does; for many codes keep a checker."""
    return checker(library, value_set, options).coding(given, paths)


def validate_in_system(
    library: Library, given: Coding, options: Options = DEFAULT, paths: Paths = CODING
) -> Validation:
    """Whether a code is in its code system (CodeSystem/$validate-code).

    Raises Invalid terminology-code-missing where no system is named, NotFound terminology-supplement-unknown.
    """
    if not given.system:
        raise Invalid("terminology-code-missing")
    everything = {"resourceType": "ValueSet", "compose": {"include": [{"system": given.system}]}}
    return checker(library, everything, options).in_system(given, paths)


def checker(library: Library, value_set: Mapping[str, Any], options: Options = DEFAULT) -> Checker:
    """A value set ready to be asked about codes. It keeps to the library's content as it is now.

    Raises Invalid terminology-value-set-circular, terminology-filter…, terminology-display-language; NotFound
    terminology-supplement-unknown. That it imports what is not held is said in the answers.
    """
    try:
        composition = compose(library, value_set, options.rules, options.supplements)
    except NotFound as error:
        if error.code not in NOT_HELD:
            raise
        name = str(Canonical(str(error.facts["canonical"]), str(error.facts.get("version", ""))))
        without = compose(library, {**value_set, "compose": {}}, options.rules)
        missing = Issue("terminology-value-set-unknown", "", {"canonical": name})
        return Checker(library, without, options, missing)
    return Checker(library, composition, options)


class Checker:
    """Answers for one compiled value set and one set of options; `missing` is why it can answer nothing."""

    def __init__(
        self, library: Library, composition: Composition, options: Options, missing: Issue | None = None
    ) -> None:
        self.missing = missing
        self.composition = composition
        self.options = options
        own = composition.parameters.get("displayLanguage", "")
        language = composition.resource.get("language", "")
        wish = first_wish((options.display_language, options.accept_language, own, language))
        self.subject = Subject(library, composition, options, wish, composition.name)
        self._plain: dict[str, tuple[CodeSystem, Clause] | None] = {}
        self._standings: dict[tuple[str, str], Sequence[Issue]] = {}
        self._known: dict[tuple[str, str], tuple[str, str | None]] = {}

    @property
    def wish(self) -> Languages | None:
        return self.subject.wish

    def coding(self, given: Coding, paths: Paths = CODING) -> Validation:
        """About one code."""
        return self._at_once(given) or self._in_full(given, paths)

    def _at_once(self, given: Coding) -> Validation | None:
        """The answer for a code of which there is nothing to remark, the usual case; else None."""
        url, code, version, display = given
        if url is None or version is not None:
            return None
        found = self._known.get((url, code)) or self._remembered(url, code)
        if found is None or (display is not None and display != found[1]):
            return None
        return Validation(True, url, found[0], code, found[1])

    def _remembered(self, url: str, code: str) -> tuple[str, str | None] | None:
        """(version, display) of a code that is in the value set and gives no cause to remark."""
        if url not in self._plain:
            self._plain[url] = self._plain_source(url)
        source = self._plain[url]
        if source is None:
            return None
        system, clause = source
        concept = system.concept(code)
        if (
            concept is None
            or concept.code != code
            or concept.inactive
            or concept.status in ("deprecated", "withdrawn")
            or concept.abstract
            or (clause.codes is not None and (clause.codes.get(code) or {}).keys() != {"code"})
            or not self.composition.has(system, concept)
        ):
            return None
        if len(self._known) >= MOST_CODES:
            self._known.clear()
        found = self._known[(url, code)] = (system.version, concept.display)
        return found

    def _plain_source(self, url: str) -> tuple[CodeSystem, Clause] | None:
        """The edition of a system, if there is one only and nothing to remark on it, and no language is asked for."""
        sources = self.composition.sources(url)
        if self.missing or self.wish or len(sources) != 1 or len(self._plain) > MOST_SYSTEMS:
            return None
        if any(one.url == url and one.edition().system is None for one in self.composition.excludes):
            return None
        clause = sources[0][1]
        system = clause.edition().system
        if system is None or url in clause.rules.check or any(standings(self.composition, [system])):
            return None
        return system, clause

    def _in_full(self, given: Coding, paths: Paths) -> Validation:
        answer = Validation(system=given.system, code=given.code)
        if self.missing:
            return self._nothing(answer)
        if given.system is None and self.options.infer_system:
            inferred = self._infer(given, answer, paths)
            if inferred is None:
                return answer
            given = given._replace(system=inferred)
            answer.system = inferred
        if Check(self.subject, given, paths, answer).check() is False:
            facts = {"concept": written(given), "value_set": self.subject.name}
            answer.issues.insert(0, Issue("terminology-not-in-value-set", paths.code, facts))
        return self._closed(answer, given.system)

    def in_system(self, given: Coding, paths: Paths = CODING) -> Validation:
        """About one code of the value set of a whole system: that it is not in is said of the system alone."""
        answer = Validation(system=given.system, code=given.code)
        check = Check(self.subject, given, paths, answer)
        if self.subject.library.versions(given.system or ""):
            check.check()
        else:
            check.outside(given.system or "")
            answer.caused_by, answer.unknown_systems = answer.unknown_systems, []
        return self._closed(answer, given.system)

    def codeable_concept(self, concept: Mapping[str, Any]) -> Validation:
        """About a CodeableConcept as parsed JSON."""
        answer = Validation(codeable_concept=concept)
        if self.missing:
            return self._nothing(answer)
        states = [
            self._one_of(coding(item), Paths.under(f"CodeableConcept.coding[{at}]"), answer)
            for at, item in enumerate(concept.get("coding", ()))
        ]
        if True not in states and None not in states:
            facts = {"value_set": self.subject.name}
            answer.issues.insert(0, Issue("terminology-no-coding-in-value-set", "", facts))
        return self._closed(answer, answer.system)

    def _one_of(self, given: Coding, paths: Paths, answer: Validation) -> bool | None:
        part = Validation(system=given.system, code=given.code)
        inside = Check(self.subject, given, paths, part).check()
        if inside is False:
            facts = {"concept": written(given), "value_set": self.subject.name}
            answer.issues.append(Issue("terminology-coding-not-in-value-set", paths.code, facts))
        elif inside and answer.code is None:
            answer.system, answer.version, answer.code = part.system, part.version, part.code
            answer.display, answer.inactive, answer.status = part.display, part.inactive, part.status
            answer.normalized = part.normalized
        answer.issues += part.issues
        answer.unknown_systems += part.unknown_systems
        answer.caused_by += part.caused_by
        return inside

    def _nothing(self, answer: Validation) -> Validation:
        answer.result = False
        answer.issues += [self.missing] if self.missing else []
        return answer

    def _closed(self, answer: Validation, url: str | None) -> Validation:
        """The answer with remarks on the standing of what was drawn on, and its verdict."""
        if url is not None:
            answer.issues += self._standing(url, answer.version)
        answer.result = good(answer.issues)
        return answer

    def _standing(self, url: str, version: str) -> Sequence[Issue]:
        """Remarks on the editions of a system that the value set draws on for a version, and on the value sets."""
        found = self._standings.get((url, version))
        if found is None:
            editions = (clause.edition(version).system for _, clause in self.composition.sources(url))
            systems = [system for system in editions if system is not None]
            found = tuple(
                Issue(f"terminology-resource-{word}", "", {"type": kind, "canonical": str(name)})
                for word, kind, name in dict.fromkeys(standings(self.composition, systems))
            )
            if len(self._standings) < MOST_SYSTEMS:
                self._standings[(url, version)] = found
        return found

    def _infer(self, given: Coding, answer: Validation, paths: Paths) -> str | None:
        """The one code system of the value set that has the code."""
        urls = [url for url in self.composition.systems() if self.composition.hits(Coding(url, given.code))]
        if len(urls) == 1:
            return urls[0]
        name = self.subject.name
        facts: dict[str, object] = {"concept": given.code, "value_set": name, "systems": Choices(urls)}
        kind = "terminology-system-ambiguous" if urls else "terminology-system-not-inferred"
        outside = {"concept": f"#{given.code}", "value_set": name}
        answer.issues = [
            Issue("terminology-not-in-value-set", paths.code, outside),
            Issue(kind, paths.code, facts),
        ]
        answer.result = False
        return None
