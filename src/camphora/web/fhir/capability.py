"""The CapabilityStatement (https://hl7.org/fhir/R4/capabilitystatement.html), made from what is implemented."""

from __future__ import annotations

from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import orjson

from camphora import __version__
from camphora.errors import Lang
from camphora.fhir import definitions
from camphora.fhir.packages import package
from camphora.fhir.registry import Registry
from camphora.terminology.operations.capabilities import SERVER, features
from camphora.web.fhir import receipts, searchable
from camphora.web.fhir.interactions import NOT_KEPT
from camphora.web.fhir.negotiation import FHIR_JSON, FHIR_XML
from camphora.web.fhir.patching import PATCHES
from camphora.web.fhir.sweeps import COMPARTMENTS
from camphora.web.fhir.table import codes, offered, operations

RELEASED = "2026-11-21"
"""When this version was made."""
OPERATIONS = "http://hl7.org/fhir/OperationDefinition/"
BULK = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"
OWN = "https://camphora.tw/fhir/OperationDefinition/"
SYSTEM_OPERATIONS = {
    "versions": f"{OPERATIONS}-s-versions",
    "export": f"{BULK}export",
    "import": f"{OWN}import",
}
OF_GUIDES = {
    ("Patient", "export"): f"{BULK}patient-export",
    ("Group", "export"): f"{BULK}group-export",
    ("ValueSet", "batch-validate-code"): f"{OWN}ValueSet-batch-validate-code",
}
"""Operations that are defined outside R4: by Bulk Data Access 2.0.0, or by nobody but us."""
TWCORE = "tw.gov.mohw.twcore"
CODES = (*codes("instance"), *codes("type"))
INTERACTIONS = tuple(dict.fromkeys(code for code in CODES if code != "search-compartment"))
"""Of every type; a search in a compartment has no code of its own in R4."""
SYSTEM_INTERACTIONS = ("transaction", *codes("system"))

WORDS: dict[Lang, dict[str, str]] = {
    "zh-TW": {
        "title": "樟 Camphora 的 FHIR 介面",
        "description": "病歷依國際標準互通；每次查閱皆須查閱授權，並留下查閱存證。",
        "security": "除本聲明外，一律須登入或帶入存取權杖。法律與當事人的選擇是查詢的一部分；"
        "無權查閱的當事人，與不存在無異。",
        "receipts": "當事人以及代其行使權利之人，以 patient 查詢 AuditEvent，可得查閱存證（IHE BALP）；"
        "唯讀，另接受 _count。",
        "document": "R4 的全部互動，含條件式互動、PATCH、批次與交易；識別碼由伺服器指定，不得以更新方式新增。",
    },
    "en": {
        "title": "The FHIR API of Camphora",
        "description": "Records by international standards; every reading needs an Access and leaves a receipt.",
        "security": "All but this statement needs a sign-in or a token. Law and each person's choice are part of "
        "every query; a person who may not be seen is as one who does not exist.",
        "receipts": "A person, and who acts for her, gets the receipts of reading (IHE BALP) by AuditEvent with "
        "patient: read only, with _count.",
        "document": "All interactions of R4, with conditional ones, PATCH, batch and transaction; ids are the "
        "server's, and an update creates nothing.",
    },
}


def capability(
    base: str,
    started: datetime,
    lang: Lang,
    desk: tuple[str, ...] = (),
    registry: Registry | None = None,
) -> bytes:
    """The statement of this instance as JSON, in one language. `desk`: the operations that hang on what is served, as
    `ValueSet/$expand`, `*/$validate`, `$export`; `registry`: the search parameters beside R4's own
    (`Registry.bundled()` where none is given)."""
    words = WORDS[lang]
    statement = {
        "resourceType": "CapabilityStatement",
        "url": f"{base}/metadata",
        "version": __version__,
        "name": "Camphora",
        "title": words["title"],
        "status": "active",
        "experimental": False,
        "date": started.isoformat(timespec="seconds"),
        "publisher": "Camphora",
        "description": words["description"],
        "kind": "instance",
        "software": {"name": "Camphora", "version": __version__, "releaseDate": RELEASED},
        "implementation": {"description": words["title"], "url": base},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, FHIR_XML, "json", "xml"],
        "patchFormat": [*PATCHES],
        "implementationGuide": [_guide()],
    }
    if "ValueSet/$expand" in desk:
        statement |= {"extension": features(), "instantiates": [SERVER]}
    return orjson.dumps(statement)[:-1] + b',"rest":[%s]}' % _rest(lang, desk, registry or Registry.bundled())


@lru_cache(maxsize=8)
def _rest(lang: Lang, desk: tuple[str, ...], registry: Registry) -> bytes:
    """What is implemented: the large part of the statement, the same at every address."""
    words = WORDS[lang]
    rest = {
        "mode": "server",
        "documentation": words["document"],
        "security": {"cors": False, "description": words["security"]},
        "resource": [
            _resource(name, desk, registry, lang)
            | ({"documentation": words["receipts"]} if name == receipts.TYPE else {})
            for name in sorted(definitions.resource_types() - NOT_KEPT)
        ],
        "interaction": [{"code": code} for code in SYSTEM_INTERACTIONS],
        "searchParam": searchable.rows_of_all(registry, lang),
        "compartment": [f"http://hl7.org/fhir/CompartmentDefinition/{name.lower()}" for name in COMPARTMENTS],
        "operation": [
            {"name": code, "definition": SYSTEM_OPERATIONS[code]}
            for code in ("versions", *operations("system"))
            if offered(code, desk)
        ],
    }
    return orjson.dumps(rest)


def _resource(name: str, desk: tuple[str, ...], registry: Registry, lang: Lang) -> dict[str, Any]:
    own_profiles, own = profiles().get(name), _operations(name, desk)
    return {
        "type": name,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{name}",
        **({"supportedProfile": own_profiles} if own_profiles else {}),
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": False,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "searchInclude": searchable.includes(name, registry),
        "searchRevInclude": searchable.reverse_includes(name, registry),
        "searchParam": searchable.rows_of(name, registry, lang),
        **({"operation": own} if own else {}),
    }


def _operations(name: str, desk: tuple[str, ...]) -> list[dict[str, str]]:
    """The operations of a type, each with its definition."""
    found = [each.partition("/$")[::2] for each in desk if "/$" in each]
    own = [(kind, code) for code, kinds in operations().items() for kind in kinds]
    return [
        {"name": code, "definition": _definition(kind, code)}
        for kind, code in dict.fromkeys([*found, *own])
        if kind in {"*", name} and offered(code, desk)
    ]


def _definition(kind: str, code: str) -> str:
    own = f"{OPERATIONS}{'Resource' if kind == '*' else kind}-{code}"
    return OF_GUIDES.get((kind, code), own)


@cache
def profiles() -> dict[str, list[str]]:
    """The profiles of Taiwan Core on each resource type."""
    found: dict[str, list[str]] = {}
    for profile in package(TWCORE).definitions("StructureDefinition"):
        if profile["kind"] == "resource" and profile.get("derivation") == "constraint":
            found.setdefault(profile["type"], []).append(profile["url"])
    return found


def _guide() -> str:
    """The canonical address of Taiwan Core's guide, under the root that its profiles share."""
    first = next(package(TWCORE).definitions("StructureDefinition"))["url"]
    root = first.partition("/StructureDefinition/")[0]
    return f"{root}/ImplementationGuide/{TWCORE}|{package(TWCORE).version}"
