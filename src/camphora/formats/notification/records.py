"""The records that come of a notification: Encounter, Observation where there is one, and the Condition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from camphora.formats.line_list.resources import ASSERTED, HL7
from camphora.formats.notification.form import Form, Json, values

NUMBER = "https://camphora.tw/notification"
"""The system of the numbers of notifications."""


class Report(NamedTuple):
    """What an officer was told and entered: on which day, by whom, how it came; `recorder`: a reference to who
    entered it."""

    day: dt.date
    by: str
    way: str
    recorder: Json


class About(NamedTuple):
    """Of whom, under which id all its records stand, when it was written, and at which institution; `report`: where it
    was not notified by who diagnosed it, but reported."""

    patient: str
    id: str
    at: dt.datetime
    organisation: str | None = None
    report: Report | None = None


def records(form: Form, answers: Mapping[str, Any], about: About) -> list[Json]:
    """The records of answers that `check` found nothing wrong with, the Condition last. Each names the disease, so that
    what belongs to the notifiable diagnosis is seen with it."""
    found = values(answers)
    said = {each.part: found[each.link] for each in form.items if each.part and each.link in found}
    disease = _concept(said["disease"]["valueCoding"])
    encounter = _encounter(said, disease, about)
    observation = _observation(said, disease, about)
    beside = [each for each in (encounter, observation) if each]
    return [*beside, _condition(said, disease, about, beside)]


def _encounter(said: Mapping[str, Json], disease: Json, about: About) -> Json:
    coding = (
        _bare(said["visit"]["valueCoding"])
        if "visit" in said
        else {"system": f"{HL7}v3-ActCode", "code": "AMB"}
    )
    made: Json = {
        **_record("Encounter", about),
        "status": "unknown",
        "class": coding,
        "reasonCode": [disease],
        "period": {"start": said["diagnosed"]["valueDate"]},
    }
    if about.organisation:
        made["serviceProvider"] = {"reference": f"Organization/{about.organisation}"}
    return made


def _observation(said: Mapping[str, Json], disease: Json, about: About) -> Json | None:
    """What was tested; without a result it is registered and waits for it."""
    if not said.keys() & {"test", "sampled", "result"}:
        return None
    category = {"system": f"{HL7}observation-category", "code": "laboratory", "display": "Laboratory"}
    made: Json = {
        **_record("Observation", about),
        "status": "final" if "result" in said else "registered",
        "category": [{"coding": [category]}, disease],
        "code": {"text": said["test"]["valueString"] if "test" in said else f"{disease['text']}檢驗"},
        "encounter": {"reference": f"Encounter/{about.id}"},
    }
    if "sampled" in said:
        made["effectiveDateTime"] = said["sampled"]["valueDate"]
    if "result" in said:
        made["valueCodeableConcept"] = _concept(said["result"]["valueCoding"])
    return made


def _condition(said: Mapping[str, Json], disease: Json, about: About, beside: list[Json]) -> Json:
    usual = {"system": f"{HL7}condition-ver-status", "code": "unconfirmed"}
    status = _bare(said["status"]["valueCoding"]) if "status" in said else usual
    evidence = [f"Observation/{about.id}"] if len(beside) > 1 else []
    made: Json = {
        **_record("Condition", about),
        "identifier": [{"system": NUMBER, "value": about.id}],
        "extension": [{"url": ASSERTED, "valueDateTime": said["diagnosed"]["valueDate"]}],
        "clinicalStatus": {"coding": [{"system": f"{HL7}condition-clinical", "code": "active"}]},
        "verificationStatus": {"coding": [status]},
        "category": [
            {"coding": [{"system": f"{HL7}condition-category", "code": "encounter-diagnosis",
                         "display": "Encounter Diagnosis"}]}
        ],
        "code": disease,
        "encounter": {"reference": f"Encounter/{about.id}"},
        "recordedDate": about.at.date().isoformat(),
        "evidence": [
            {"detail": [{"reference": each} for each in (*evidence, f"QuestionnaireResponse/{about.id}")]}
        ],
    }  # fmt: skip
    if "onset" in said:
        made["onsetDateTime"] = said["onset"]["valueDate"]
    return {**made, **_reported(about)}


def _reported(about: About) -> Json:
    """Who reported the case, who entered it and how it came. The day on which it was reported is that of the law."""
    report = about.report
    if report is None:
        return {}
    return {
        "recordedDate": report.day.isoformat(),
        "recorder": report.recorder,
        "asserter": {"display": report.by},
        "note": [{"time": about.at.isoformat(timespec="seconds"), "text": report.way}],
    }


def _record(kind: str, about: About) -> Json:
    return {"resourceType": kind, "id": about.id, "subject": {"reference": f"Patient/{about.patient}"}}


def _concept(coding: Json) -> Json:
    return {"coding": [_bare(coding)], "text": coding.get("display", coding["code"])}


def _bare(coding: Json) -> Json:
    """Without the form's own word for it, which need not be the code system's."""
    return {key: coding[key] for key in ("system", "code") if key in coding}
