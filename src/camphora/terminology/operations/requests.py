"""The operations as FHIR asks for them: a Parameters resource in, a resource out.

    answer = Desk(library).ask("ValueSet/$expand", parameters, accept_language="zh-TW")

Resources sent along as `tx-resource` are laid over the library for the one request. Web and command line use this.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from camphora.errors import CamphoraError, Invalid, Lang
from camphora.terminology.operations import as_fhir
from camphora.terminology.operations.canonicals import VersionRules, by_url
from camphora.terminology.operations.checking import CODING, PLAIN, Validation
from camphora.terminology.operations.expansion import expand, requested
from camphora.terminology.operations.lookup import lookup, subsumes
from camphora.terminology.operations.options import EXPANSION_LIMIT, Options
from camphora.terminology.operations.resources import Layered, ResourceLibrary, coding
from camphora.terminology.operations.shapes import shaped
from camphora.terminology.operations.translation import Question, translate
from camphora.terminology.operations.validation import Checker, checker, validate_in_system
from camphora.terminology.systems import Coding, Library

Json = dict[str, Any]
CHECKERS = 256
"""So many compiled value sets are kept ready."""


class Given:
    """The parameters of a request by name. A later layer of parameters (a profile, a batch) fills what is missing."""

    def __init__(self, *layers: Mapping[str, Any]) -> None:
        self._values: dict[str, list[Any]] = {}
        for layer in layers:
            found: dict[str, list[Any]] = {}
            for item in layer.get("parameter", ()):
                found.setdefault(item.get("name", ""), []).append(_value(item))
            for name, values in found.items():
                self._values.setdefault(name, values)

    @property
    def names(self) -> Sequence[str]:
        return tuple(self._values)

    def all(self, *names: str) -> list[Any]:
        return [value for name in names for value in self._values.get(name, ()) if value is not None]

    def one(self, *names: str) -> Any:
        return next(iter(self.all(*names)), None)

    def text(self, *names: str) -> str:
        return next(iter(self.texts(*names)), "")

    def texts(self, *names: str) -> tuple[str, ...]:
        """Raises Invalid terminology-parameter where a value is no text."""
        for value in self.all(*names):
            if not isinstance(value, str):
                raise Invalid("terminology-parameter", name=names[0], kind="string")
        return tuple(self.all(*names))

    def flag(self, name: str) -> bool | None:
        value = self.one(name)
        if value is None or isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return bool(value == "true")
        raise Invalid("terminology-parameter", name=name, kind="boolean")

    def number(self, name: str) -> int | None:
        value = self.one(name)
        if value is None:
            return None
        try:
            number = int(str(value))
        except ValueError:
            raise Invalid("terminology-parameter", name=name, kind="integer") from None
        if number < 0:
            raise Invalid("terminology-parameter", name=name, kind="integer")
        return number


def _value(item: Mapping[str, Any]) -> Any:
    return next((each for key, each in item.items() if key.startswith("value")), item.get("resource"))


def options(given: Given, accept_language: str = "", limit: int = EXPANSION_LIMIT) -> Options:
    """The options of a request. Raises Invalid terminology-parameter."""
    return Options(
        active_only=given.flag("activeOnly"),
        include_designations=given.flag("includeDesignations"),
        include_definition=given.flag("includeDefinition"),
        exclude_nested=given.flag("excludeNested"),
        count=given.number("count"),
        offset=given.number("offset"),
        text=given.text("filter"),
        display_language=given.text("displayLanguage"),
        accept_language=accept_language,
        designations=given.texts("designation"),
        properties=given.texts("property"),
        supplements=given.texts("useSupplement"),
        exclude_systems=given.texts("exclude-system"),
        rules=VersionRules(
            by_url(given.texts("force-system-version")),
            by_url(given.texts("system-version")),
            by_url(given.texts("check-system-version")),
            by_url(given.texts("default-valueset-version")),
        ),
        membership_only=bool(given.flag("valueset-membership-only")),
        lenient_display=bool(given.flag("lenient-display-validation")),
        infer_system=bool(given.flag("inferSystem")),
        abstract=given.flag("abstract"),
        limit=limit,
    )


class Request(NamedTuple):
    """A request read: `library` holds what was sent along, over what is held."""

    given: Given
    options: Options
    library: Library
    lang: Lang


class Desk:
    """Answers requests over one library; `release` is the FHIR release of the answers. Threads may share it."""

    def __init__(self, library: Library, *, release: as_fhir.Release = "R4") -> None:
        self.library = library
        self.release = release
        self._ready = lru_cache(CHECKERS)(self._compiled)
        self._operations: dict[str, Callable[[Request], Json]] = {
            "ValueSet/$expand": self._expand,
            "ValueSet/$validate-code": self._validate,
            "ValueSet/$batch-validate-code": self._batch,
            "CodeSystem/$validate-code": self._validate_in_system,
            "CodeSystem/$lookup": self._lookup,
            "CodeSystem/$subsumes": self._subsumes,
            "ConceptMap/$translate": self._translate,
        }

    @property
    def operations(self) -> Sequence[str]:
        """What `ask` answers."""
        return tuple(self._operations)

    def ask(
        self,
        operation: str,
        *layers: Mapping[str, Any],
        accept_language: str = "",
        lang: Lang = "en",
        limit: int = EXPANSION_LIMIT,
    ) -> Json:
        """The answer to a request (`ValueSet/$expand`, Parameters); what the first layer does not say is taken from
        the next. `lang` is the language of remarks. Raises CamphoraErrors; `as_fhir.outcome_of` puts them in FHIR's
        form."""
        given = Given(*(shaped(layer, "Parameters") for layer in layers))
        sent = [_sent(item) for item in given.all("tx-resource")]
        library = Layered(ResourceLibrary(sent), self.library) if sent else self.library
        return self._operations[operation](
            Request(given, options(given, accept_language, limit), library, lang)
        )

    def _value_set(self, request: Request) -> Mapping[str, Any]:
        sent = request.given.one("valueSet")
        if isinstance(sent, Mapping):
            found: Mapping[str, Any] = shaped(sent, "ValueSet")
            return found
        url = request.given.text("url", "context")
        if not url:
            raise Invalid("terminology-value-set-missing")
        return requested(request.library, url, request.given.text("valueSetVersion"), request.options)

    def _expand(self, request: Request) -> Json:
        answer = expand(request.library, self._value_set(request), request.options)
        return as_fhir.expansion(answer, self.release)

    def _validate(self, request: Request) -> Json:
        value_set = self._value_set(request)
        if request.library is self.library and not isinstance(request.given.one("valueSet"), Mapping):
            url, version = value_set.get("url", ""), value_set.get("version", "")
            ready = self._ready(self.library.state, url, version, request.options)
        else:
            ready = checker(request.library, value_set, request.options)
        return as_fhir.validation(_asked(ready, request.given), request.lang)

    def _compiled(self, state: Hashable, url: str, version: str, options_: Options) -> Checker:  # noqa: ARG002
        """The checker of a value set that is held; `state` is part of what is remembered."""
        return checker(self.library, requested(self.library, url, version, options_), options_)

    def _batch(self, request: Request) -> Json:
        """Each question is answered alone: what the batch says holds where the question does not say otherwise."""
        outer = {
            "parameter": [
                {"name": name, "value": value}
                for name in request.given.names
                if name not in ("validation", "tx-resource")
                for value in request.given.all(name)
            ]
        }
        return as_fhir.batch(
            self._one_of_batch(item, outer, request) for item in request.given.all("validation")
        )

    def _one_of_batch(self, item: Mapping[str, Any], outer: Json, request: Request) -> Json:
        try:
            given = Given(shaped(item, "Parameters"), outer)
            wanted = options(given, request.options.accept_language, request.options.limit)
            return self._validate(request._replace(given=given, options=wanted))
        except CamphoraError as error:
            found = as_fhir.outcome_of(error, request.lang)
            if found is None:
                raise
            return found

    def _validate_in_system(self, request: Request) -> Json:
        given, library = request.given, request.library
        sent = given.one("codeSystem")
        if isinstance(sent, Mapping):
            library = Layered(ResourceLibrary([shaped(sent, "CodeSystem")]), library)
        url = given.text("url", "system") or (sent.get("url", "") if isinstance(sent, Mapping) else "")
        code, paths = _coding(given), CODING
        if code is None:
            paths = PLAIN
            code = Coding(
                url, given.text("code"), given.text("version") or None, given.text("display") or None
            )
        if not code.code:
            raise Invalid("terminology-code-missing")
        answer = validate_in_system(library, code._replace(system=code.system or url), request.options, paths)
        return as_fhir.validation(answer, request.lang)

    def _lookup(self, request: Request) -> Json:
        given = request.given
        code = _coding(given) or Coding(
            given.text("system"), given.text("code"), given.text("version") or None
        )
        if not code.code or not code.system:
            raise Invalid("terminology-code-missing")
        return as_fhir.found(lookup(request.library, code, request.options))

    def _subsumes(self, request: Request) -> Json:
        given = request.given
        system, version = given.text("system"), given.text("version") or None
        pair = []
        for side in ("A", "B"):
            found = _coding(given, f"coding{side}") or Coding(system, given.text(f"code{side}"), version)
            if not found.code or not found.system:
                raise Invalid("terminology-code-missing")
            pair.append(found)
        return as_fhir.subsumption(subsumes(request.library, pair[0], pair[1], request.options.rules))

    def _translate(self, request: Request) -> Json:
        return as_fhir.translation(translate(request.library, question(request.given)), self.release)


def _sent(item: Any) -> Mapping[str, Any]:
    """A resource sent along; one of a kind that says nothing about codes is not looked into."""
    kind = item.get("resourceType") if isinstance(item, Mapping) else None
    found: Mapping[str, Any] = shaped(
        item, kind if kind in ("CodeSystem", "ValueSet", "ConceptMap") else "Parameters"
    )
    return found


def _coding(given: Given, *names: str) -> Coding | None:
    sent = given.one(*(names or ("coding",)))
    return None if sent is None else coding(shaped(sent, "Coding"))


def _asked(ready: Checker, given: Given) -> Validation:
    """The question that a request puts: a CodeableConcept, a Coding, or a code with its system (or to be inferred)."""
    concept = given.one("codeableConcept")
    if concept is not None:
        return ready.codeable_concept(shaped(concept, "CodeableConcept"))
    code = _coding(given)
    if code is not None:
        return ready.coding(code, CODING)
    plain = given.text("code")
    if not plain or not (given.text("system") or ready.options.infer_system):
        raise Invalid("terminology-code-missing")
    version = given.text("systemVersion") or None
    return ready.coding(
        Coding(given.text("system") or None, plain, version, given.text("display") or None), PLAIN
    )


def question(given: Given) -> Question:
    """What $translate is asked, in R4's words or R5's. Raises Invalid terminology-code-missing."""
    backward = given.flag("reverse") is True
    system, version = given.text("system", "sourceSystem"), given.text("version") or None
    code = given.text("code", "sourceCode")
    source = Coding(system, code, version) if code else None
    source = _coding(given, "coding", "sourceCoding") or source
    concept = given.one("codeableConcept", "sourceCodeableConcept")
    if concept is not None:
        rows = shaped(concept, "CodeableConcept").get("coding", ())
        source = coding(rows[0]) if rows else source
    target = (
        Coding(given.text("targetSystem"), given.text("targetCode")) if given.text("targetCode") else None
    )
    target = _coding(given, "targetCoding") or target
    if backward and source:
        source, target = None, source
    if source is None and target is None:
        raise Invalid("terminology-code-missing")
    return Question(
        source=source,
        target=target,
        source_system=given.text("sourceSystem")
        if not backward
        else given.text("targetsystem", "targetSystem"),
        target_system=given.text("targetsystem", "targetSystem") if not backward else system,
        source_scope=given.text("source", "sourceScope")
        if not backward
        else given.text("target", "targetScope"),
        target_scope=given.text("target", "targetScope")
        if not backward
        else given.text("source", "sourceScope"),
        map=given.text("url"),
    )
