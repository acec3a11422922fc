"""Receipts as FHIR R4 AuditEvents by the patterns of IHE BALP (Basic Audit Log Patterns): Read, Query, and the
authorisation decision.

What a receipt does not know is said to be unknown, by the extension for absent data: which client asked over which
address, and the very records (their ids are in no receipt). A query has no parameters, which could be clinical content.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
TERMS = "http://terminology.hl7.org/CodeSystem"
REST = "http://hl7.org/fhir/restful-interaction"
AUTHZ = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType"
OURS = "https://camphora.tw"
READS: Mapping[str, tuple[str, ...]] = {
    "read": ("read",),
    "vread": ("vread",),
    "history": ("vread", "history-instance"),
}
"""Acts that read records by their address, and the interactions of which each consists; all others are questions."""
UNKNOWN: Json = {
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    ]
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the receipts are kept: the log's name, and the address at which the server answers."""

    log: str
    address: str


def audit_events(number: int, receipt: Mapping[str, Any], place: Place, patient: str | None) -> list[Json]:
    """The events of one receipt: what was done, and where something beside the role decided, how it was decided.

    `patient`: the Patient id to be named, for those who may know whom the receipt concerns; None leaves it out."""
    done = _read(receipt) if receipt["act"] in READS else _query(receipt, place)
    events = [_event(number, receipt, place, patient, done)]
    if receipt["decision"] != "permit" and patient is not None and receipt["organisation"]:
        events.append(_decision(number, receipt, place, patient))
    return events


def _read(receipt: Mapping[str, Any]) -> Json:
    kinds = ", ".join(receipt["types"])
    data = {
        "what": {"type": receipt["types"][0], "display": kinds} if receipt["types"] else UNKNOWN,
        "type": _coding(f"{TERMS}/audit-entity-type", "2", "System Object"),
        "role": _coding(f"{TERMS}/object-role", "4", "Domain Resource"),
    }
    return {
        "name": "Read",
        "action": "R",
        "subtype": [_coding(REST, code) for code in READS[receipt["act"]]],
        "agents": ("110152", "110153"),
        "entity": data,
    }


def _query(receipt: Mapping[str, Any], place: Place) -> Json:
    asked = f"GET {place.address}/{','.join(receipt['types'])}"
    query = {
        "type": _coding(f"{TERMS}/audit-entity-type", "2", "System Object"),
        "role": _coding(f"{TERMS}/object-role", "24", "Query"),
        "description": f"{receipt['act']}: {', '.join(receipt['types'])}",
        "query": base64.b64encode(asked.encode()).decode(),
    }
    code = "search-type" if receipt["act"] == "search" else "search-system"
    return {
        "name": "Query",
        "action": "E",
        "subtype": [_coding(REST, code)],
        "agents": ("110153", "110152"),
        "entity": query,
    }


def _event(number: int, receipt: Mapping[str, Any], place: Place, patient: str | None, done: Json) -> Json:
    client, server = done["agents"]
    denied = receipt["decision"] == "deny"
    event = _base(f"receipt-{number}", receipt, place, done["subtype"])
    if not denied:
        event["meta"] = {"profile": [f"{BALP}.{'Patient' if patient else ''}{done['name']}"]}
    event |= {
        "type": _coding(f"{TERMS}/audit-event-type", "rest", "Restful Operation"),
        "action": done["action"],
        "agent": [
            _agent(_coding(DCM, client), UNKNOWN, network=UNKNOWN),
            _agent(_coding(DCM, server), _log(place), network={"address": place.address, "type": "5"}),
            _user(receipt),
        ],
        "entity": [*_patient(patient), done["entity"], _leaf(number, receipt, place)],
    }
    return event


def _decision(number: int, receipt: Mapping[str, Any], place: Place, patient: str) -> Json:
    event = _base(f"decision-{number}", receipt, place, [_coding(AUTHZ, "AuthZ-Consent")])
    event["meta"] = {"profile": [f"{BALP}.AuthZconsent"]}
    choices = {"system": f"{OURS}/choices-version", "value": receipt["choices"] or "none"}
    organisation = {"reference": f"Organization/{receipt['organisation']}"}
    event |= {
        "type": _coding(DCM, "110113", "Security Alert"),
        "action": "E",
        "agent": [
            _agent(_coding(DCM, "110150", "Application"), UNKNOWN, network=UNKNOWN),
            _user(receipt),
            _agent(_coding(f"{TERMS}/v3-RoleClass", "PROV", "healthcare provider"), organisation),
            _agent(_coding(f"{TERMS}/extra-security-role-type", "authserver"), _log(place)),
        ],
        "entity": [
            *_patient(patient),
            {
                "type": _coding("http://hl7.org/fhir/resource-types", "Consent"),
                "what": {"identifier": choices},
            },
        ],
    }
    return event


def _base(name: str, receipt: Mapping[str, Any], place: Place, subtype: Sequence[Json]) -> Json:
    denied = receipt["decision"] == "deny"
    event: Json = {
        "resourceType": "AuditEvent",
        "id": name,
        "subtype": list(subtype),
        "recorded": _instant(receipt["at"]),
        "outcome": "8" if denied else "0",
        "purposeOfEvent": _purposes(receipt),
        "source": {
            "observer": _log(place),
            "type": [_coding(f"{TERMS}/security-source-type", "4", "Application Server")],
        },
    }
    if receipt["decision"] != "permit":
        event["outcomeDesc"] = receipt["decision"]
    return event


def _agent(kind: Json, who: Json, *, network: Json | None = None) -> Json:
    agent = {"type": {"coding": [kind]}, "who": who, "requestor": False}
    return agent if network is None else {**agent, "network": network}


def _user(receipt: Mapping[str, Any]) -> Json:
    user: Json = {
        "type": {"coding": [_coding(f"{TERMS}/v3-ParticipationType", "IRCP", "information recipient")]},
        "role": [{"coding": [_coding(f"{OURS}/role", receipt["role"])]}],
        "who": {"identifier": {"system": f"{OURS}/reader", "value": receipt["reader"]}},
        "requestor": True,
        "purposeOfUse": _purposes(receipt),
    }
    if receipt["name"]:
        user["name"] = receipt["name"]
    if receipt["basis"]:
        user["policy"] = [f"{OURS}/basis/{receipt['basis']}"]
    return user


def _purposes(receipt: Mapping[str, Any]) -> list[Json]:
    """The codes that were asked for; of an old receipt what it says of its purpose."""
    codes = receipt["purposes"] or [f"{OURS}/purpose|{receipt['purpose']}"]
    pairs = [code.rpartition("|") for code in codes]
    return [{"coding": [_coding(system or f"{TERMS}/v3-ActReason", code)]} for system, _, code in pairs]


def _patient(patient: str | None) -> list[Json]:
    if patient is None:
        return []
    return [
        {
            "what": {"reference": f"Patient/{patient}"},
            "type": _coding(f"{TERMS}/audit-entity-type", "1", "Person"),
            "role": _coding(f"{TERMS}/object-role", "1", "Patient"),
        }
    ]


def _leaf(number: int, receipt: Mapping[str, Any], place: Place) -> Json:
    """The receipt itself, by which the event can be proven."""
    told = ("decision", "ground", "policy", "choices", "result")
    return {
        "what": {"identifier": {"system": f"{OURS}/log/{place.log}", "value": str(number)}},
        "type": _coding(f"{TERMS}/audit-entity-type", "4", "Other"),
        "detail": [
            {"type": key, "valueString": str(receipt[key])} for key in told if receipt[key] not in {None, ""}
        ],
    }


def _log(place: Place) -> Json:
    return {"identifier": {"system": f"{OURS}/log", "value": place.log}}


def _coding(system: str, code: str, display: str = "") -> Json:
    coding = {"system": system, "code": code}
    return {**coding, "display": display} if display else coding


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
