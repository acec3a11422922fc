"""What a search of a type may name, for the CapabilityStatement: taken from what the search grammar reads by."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

from camphora.errors import Lang
from camphora.fhir import definitions
from camphora.fhir.extract import extract
from camphora.fhir.registry import Registry
from camphora.fhir.search import EVERYWHERE, UNDECLARED, common, parameters
from camphora.web.fhir.interactions import is_kept

Row = dict[str, str]

TYPES: Row = {"name": "_type", "type": "token"}
"""Which types a search of several is of."""
WORDS: dict[Lang, dict[str, str]] = {
    "zh-TW": {
        "_list": "List 資源所列之資料",
        "_has": "有他筆資料參考之資料：_has:型別:參數:條件",
        "_filter": "以運算式查詢",
        "_type": "所查詢之型別",
    },
    "en": {
        "_list": "what a List names",
        "_has": "what others name: _has:Type:parameter:condition",
        "_filter": "a search as an expression",
        "_type": "the types that are searched",
    },
}


def rows_of(name: str, registry: Registry, lang: Lang) -> list[Row]:
    """The search parameters of a type, each with its definition where R4, a guide or the store has one."""
    known = extract(name, registry).parameters
    own = ((code, kind) for code, kind in EVERYWHERE.items() if code in known)
    found = [*own, *((code, known[code].type) for code in parameters(name, registry))]
    declared = [{"name": code, "definition": known[code].url, "type": kind} for code, kind in found]
    return [*declared, *_undeclared(lang)]


def rows_of_all(registry: Registry, lang: Lang) -> list[Row]:
    """The search parameters that all types have in common: those of a search of several types."""
    shared = common(tuple(sorted(definitions.resource_types())), registry)
    patient = extract("Patient", registry).parameters
    found = [*EVERYWHERE.items(), *((code, each.kind) for code, each in shared.items())]
    declared = [{"name": code, "definition": patient[code].url, "type": kind} for code, kind in found]
    return [*declared, *_undeclared(lang), TYPES | {"documentation": WORDS[lang]["_type"]}]


def _undeclared(lang: Lang) -> list[Row]:
    return [
        {"name": code, "type": kind, "documentation": WORDS[lang][code]} for code, kind in UNDECLARED.items()
    ]


def includes(name: str, registry: Registry) -> list[str]:
    """The values of `_include` that bring what a type's records name."""
    own = [f"{name}:{code}" for code in _references(name, registry)]
    return ["*", *([f"{name}:*", *own] if own else ())]


def reverse_includes(name: str, registry: Registry) -> list[str]:
    """The values of `_revinclude` that bring what names a type's records."""
    return ["*", *_naming(registry).get(name, ())]


@lru_cache(maxsize=8)
def _naming(registry: Registry) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for source in filter(is_kept, sorted(definitions.resource_types())):
        for code, targets in _references(source, registry).items():
            for target in targets:
                found[target].append(f"{source}:{code}")
    return found


def _references(name: str, registry: Registry) -> dict[str, tuple[str, ...]]:
    """The reference parameters of a type with the types that each may name."""
    known = parameters(name, registry)
    return {code: each.targets for code, each in known.items() if each.kind == "reference"}
