"""Invariants of R4, each broken alone: its key, the element that bears it, how it is broken, and what it names."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from mutation.engine import Fault, Specimen, kind
from mutation.tree import Json, at

UCUM = "http://unitsofmeasure.org"
TERMS = "http://terminology.hl7.org/CodeSystem/"
QUOTA = 8
Edit = Callable[[Json], object]


class Rule(NamedTuple):
    """`named` are the elements inside its bearer at which a report is right too; the bearer always is."""

    key: str
    bearer: str
    edit: Edit
    named: tuple[str, ...] = ()
    when: Callable[[Json], object] = bool


def become(value: Json) -> Edit:
    """The bearer becomes this value."""

    def edit(node: Json) -> None:
        node.clear()
        node.update(copy.deepcopy(value))

    return edit


def given(drop: str = "", **values: Any) -> Edit:
    """These elements are set, and those named (by the start of their JSON names) are taken out."""

    def edit(node: Json) -> None:
        gone = tuple(drop.split())
        for name in [name for name in node if gone and name.removeprefix("_").startswith(gone)]:
            del node[name]
        node.update(copy.deepcopy(values))

    return edit


def has(*starts: str) -> Callable[[Json], bool]:
    """Whether the bearer has elements whose JSON names begin so."""
    return lambda node: all(any(name.startswith(start) for name in node) for start in starts)


def coded(system: str, code: str) -> Json:
    return {"coding": [{"system": TERMS + system, "code": code}]}


def same_code(node: Json) -> None:
    node.setdefault("component", []).append({"code": copy.deepcopy(node["code"]), "valueString": "x"})


def again(name: str) -> Edit:
    """The first item of a list once more, at its end."""
    return lambda node: node[name].append(copy.deepcopy(node[name][0]))


CHOICE = {"linkId": "camphora", "type": "choice", "text": "x"}
OPTIONS = [{"valueString": "a"}, {"valueString": "b"}]
ASKED = {"question": "1", "operator": "exists", "answerBoolean": True}
REPEAT = {"frequency": 1, "period": 1, "periodUnit": "d"}

DATA_TYPES = (
    Rule("per-1", "Period", become({"start": "2030-01-01", "end": "2020-01-01"}), ("start", "end")),
    Rule("qty-3", "Quantity", become({"value": 3, "code": "mg"}), ("code", "system")),
    Rule("att-1", "Attachment", become({"data": "YWJj"}), ("contentType", "data")),
    Rule("cpt-2", "ContactPoint", become({"value": "1"}), ("system", "value")),
    Rule("rng-2", "Range", become({"low": {"value": 5}, "high": {"value": 1}}), ("low", "high")),
    Rule("rat-1", "Ratio", become({"numerator": {"value": 1}}), ("numerator", "denominator")),
    Rule("age-1", "Age", become({"value": 3}), ("code", "value")),
    Rule("drt-1", "Duration", become({"system": UCUM, "code": "h"}), ("code", "value")),
    Rule("exp-1", "Expression", become({"language": "text/fhirpath"}), ("expression", "reference")),
    Rule("trd-3", "TriggerDefinition", become({"type": "named-event"}), ("type", "name")),
    Rule("tim-1", "Timing.repeat", become({"duration": 1}), ("duration", "durationUnit")),
    Rule("tim-2", "Timing.repeat", become({"period": 1}), ("period", "periodUnit")),
    Rule("tim-4", "Timing.repeat", become({"duration": -1, "durationUnit": "h"}), ("duration",)),
    Rule("tim-5", "Timing.repeat", become({"period": -1, "periodUnit": "d"}), ("period",)),
    Rule("tim-6", "Timing.repeat", become({"periodMax": 2}), ("periodMax", "period")),
    Rule("tim-7", "Timing.repeat", become({"durationMax": 2}), ("durationMax", "duration")),
    Rule("tim-8", "Timing.repeat", become({"countMax": 2}), ("countMax", "count")),
    Rule("tim-9", "Timing.repeat", become(REPEAT | {"offset": 5}), ("offset", "when")),
    Rule(
        "tim-10",
        "Timing.repeat",
        become(REPEAT | {"timeOfDay": ["08:00:00"], "when": ["MORN"]}),
        ("timeOfDay", "when"),
    ),
)
RECORDS = (
    Rule(
        "obs-3", "Observation.referenceRange", become({"age": {"low": {"value": 1}}}), ("low", "high", "text")
    ),
    Rule(
        "obs-6",
        "Observation",
        given(dataAbsentReason={"text": "x"}),
        ("dataAbsentReason", "value"),
        has("value"),
    ),
    Rule(
        "obs-7",
        "Observation",
        same_code,
        ("component", "value", "code"),
        lambda node: has("value")(node) and "coding" in node.get("code", {}),
    ),
    Rule("pat-1", "Patient.contact", become({"gender": "male"})),
    Rule(
        "con-4",
        "Condition",
        given("abatement", abatementString="x", clinicalStatus=coded("condition-clinical", "active")),
        ("abatement", "clinicalStatus"),
    ),
    Rule(
        "con-5",
        "Condition",
        given(verificationStatus=coded("condition-ver-status", "entered-in-error")),
        ("verificationStatus", "clinicalStatus"),
        has("clinicalStatus"),
    ),
    Rule(
        "ait-1",
        "AllergyIntolerance",
        given("clinicalStatus"),
        ("verificationStatus", "clinicalStatus"),
        has("clinicalStatus"),
    ),
    Rule(
        "ait-2",
        "AllergyIntolerance",
        given(verificationStatus=coded("allergyintolerance-verification", "entered-in-error")),
        ("verificationStatus", "clinicalStatus"),
        has("clinicalStatus"),
    ),
    Rule("org-1", "Organization", given("name identifier", alias=["x"]), ("name", "identifier")),
    Rule("org-2", "Organization.address", given(use="home"), ("use",)),
    Rule("org-3", "Organization.telecom", given(use="home"), ("use",)),
    Rule("cmp-1", "Composition.section", become({"title": "x"}), ("text", "entry", "section")),
    Rule(
        "cmp-2",
        "Composition.section",
        given("section", emptyReason={"text": "x"}, entry=[{"display": "x"}]),
        ("emptyReason", "entry"),
    ),
    Rule(
        "qrs-1",
        "QuestionnaireResponse.item",
        given(item=[{"linkId": "x"}], answer=[{"valueString": "x"}]),
        ("item", "answer"),
    ),
    Rule(
        "imm-1", "Immunization.education", become({"publicationDate": "2024"}), ("documentType", "reference")
    ),
    Rule(
        "mdd-1",
        "MedicationDispense",
        given(whenPrepared="2030-01-01", whenHandedOver="2020-01-01"),
        ("whenPrepared", "whenHandedOver"),
    ),
    Rule(
        "cpl-3",
        "CarePlan.activity",
        become({"detail": {"status": "scheduled"}, "reference": {"reference": "Task/1"}}),
        ("detail", "reference"),
    ),
    Rule("gol-1", "Goal.target", become({"detailString": "x"}), ("detail", "measure")),
    Rule("fhs-1", "FamilyMemberHistory", given("age born", ageString="x", bornString="x"), ("age", "born")),
    Rule("fhs-2", "FamilyMemberHistory", given("age", estimatedAge=True), ("age", "estimatedAge")),
    Rule(
        "grp-1",
        "Group",
        given(actual=False, member=[{"entity": {"reference": "Patient/1"}}]),
        ("member", "actual"),
    ),
    Rule("lst-1", "List", given(emptyReason={"text": "x"}), ("emptyReason", "entry"), has("entry")),
    Rule(
        "lst-2",
        "List",
        given(mode="working", entry=[{"deleted": True, "item": {"display": "x"}}]),
        ("mode", "entry", "entry[0]", "entry[0].deleted"),
    ),
    Rule(
        "lst-3",
        "List",
        given(mode="snapshot", entry=[{"date": "2024", "item": {"display": "x"}}]),
        ("mode", "entry", "entry[0]", "entry[0].date"),
    ),
    Rule(
        "ras-2", "RiskAssessment.prediction", given("probability", probabilityDecimal=150), ("probability",)
    ),
    Rule(
        "inv-1",
        "Task",
        given(authoredOn="2030-01-01", lastModified="2020-01-01"),
        ("authoredOn", "lastModified"),
    ),
    Rule("app-1", "Appointment.participant", given("type actor"), ("type", "actor")),
    Rule(
        "app-2",
        "Appointment",
        given("end requestedPeriod", start="2024-03-01T08:00:00Z", status="booked"),
        ("start", "end"),
    ),
    Rule("app-3", "Appointment", given("start end", status="booked"), ("start", "end", "status")),
    Rule(
        "app-4",
        "Appointment",
        given(status="booked", cancelationReason={"text": "x"}),
        ("status", "cancelationReason"),
        has("start", "end"),
    ),
    Rule("apr-1", "AppointmentResponse", given("participantType actor"), ("participantType", "actor")),
    Rule("prr-1", "ServiceRequest", given("code", orderDetail=[{"text": "x"}]), ("orderDetail", "code")),
    Rule("ppc-1", "Consent", given("policy"), ("policy", "policyRule")),
    Rule("sev-1", "AuditEvent.entity", given(name="x", query="eA=="), ("name", "query")),
    Rule("lnk-1", "Linkage", lambda node: node["item"].__delitem__(slice(1, None)), ("item",), has("item")),
    Rule(
        "inv-1",
        "Parameters.parameter",
        become({"name": "x", "valueString": "a", "part": [{"name": "y", "valueString": "b"}]}),
        ("value", "part"),
    ),
)
DEFINITIONS = (
    Rule(
        "que-1",
        "Questionnaire.item",
        become({"linkId": "camphora", "type": "group", "text": "x"}),
        ("type", "item"),
    ),
    Rule("que-2", "Questionnaire", again("item"), ("item",), has("item")),
    Rule(
        "que-3",
        "Questionnaire.item",
        become({"linkId": "camphora", "type": "display", "code": [{"code": "x"}]}),
        ("type", "code"),
    ),
    Rule(
        "que-4",
        "Questionnaire.item",
        become(CHOICE | {"answerOption": OPTIONS, "answerValueSet": "urn:x"}),
        ("answerOption", "answerValueSet"),
    ),
    Rule(
        "que-5",
        "Questionnaire.item",
        become(CHOICE | {"type": "boolean", "answerOption": OPTIONS}),
        ("type", "answerOption"),
    ),
    Rule(
        "que-6",
        "Questionnaire.item",
        become({"linkId": "camphora", "type": "display", "required": True}),
        ("type", "required"),
    ),
    Rule(
        "que-7",
        "Questionnaire.item.enableWhen",
        given("answer", operator="exists", answerString="x"),
        ("operator", "answer"),
    ),
    Rule(
        "que-8",
        "Questionnaire.item",
        become({"linkId": "camphora", "type": "display", "initial": [{"valueString": "x"}]}),
        ("type", "initial"),
    ),
    Rule(
        "que-9",
        "Questionnaire.item",
        become({"linkId": "camphora", "type": "display", "readOnly": True}),
        ("type", "readOnly"),
    ),
    Rule(
        "que-10",
        "Questionnaire.item",
        become({"linkId": "camphora", "type": "date", "maxLength": 3}),
        ("type", "maxLength"),
    ),
    Rule(
        "que-11",
        "Questionnaire.item",
        become(CHOICE | {"answerOption": OPTIONS, "initial": [{"valueString": "a"}]}),
        ("answerOption", "initial"),
    ),
    Rule(
        "que-12",
        "Questionnaire.item",
        become({"linkId": "camphora", "type": "string", "enableWhen": [ASKED, ASKED, ASKED]}),
        ("enableWhen", "enableBehavior"),
    ),
    Rule(
        "que-13",
        "Questionnaire.item",
        become(
            {"linkId": "camphora", "type": "string", "initial": [{"valueString": "a"}, {"valueString": "b"}]}
        ),
        ("initial", "repeats"),
    ),
    Rule("vsd-1", "ValueSet.compose.include", become({"version": "1"}), ("system", "valueSet", "version")),
    Rule(
        "vsd-2",
        "ValueSet.compose.include",
        become({"valueSet": ["urn:x"], "concept": [{"code": "x"}]}),
        ("system", "concept"),
    ),
    Rule(
        "vsd-3",
        "ValueSet.compose.include",
        become(
            {
                "system": "urn:x",
                "concept": [{"code": "x"}],
                "filter": [{"property": "x", "op": "=", "value": "x"}],
            }
        ),
        ("concept", "filter"),
    ),
    Rule("csd-1", "CodeSystem", again("concept"), ("concept",), has("concept")),
    Rule("spd-1", "SearchParameter", given("xpathUsage", xpath="f:x"), ("xpath", "xpathUsage")),
    Rule("cpb-1", "CapabilityStatement", given("rest messaging document"), ("rest", "messaging", "document")),
    Rule(
        "nsd-2",
        "NamingSystem",
        given(uniqueId=[{"type": "oid", "value": str(n), "preferred": True} for n in (1, 2)]),
        ("uniqueId",),
    ),
)
RULES = DATA_TYPES + RECORDS + DEFINITIONS


def _faults(rule: Rule) -> Callable[[Specimen], Iterator[Fault]]:
    def made(specimen: Specimen) -> Iterator[Fault]:
        for path, keys, value in bearers(specimen, rule.bearer):
            if rule.when(value) and "contained" not in keys:
                places = (path, *(f"{path}.{name}" for name in rule.named))
                yield Fault(places, _broken(rule, keys), f"{path} {rule.key}")

    return made


def bearers(specimen: Specimen, name: str) -> Iterator[tuple[str, tuple[Any, ...], Json]]:
    """The resource, or the nodes that have this type or path."""
    if specimen.kind == name:
        yield specimen.kind, (), specimen.resource
    for node in specimen.nodes:
        if name in {node.code, node.element.path, node.inner} and isinstance(node.value, dict):
            yield node.path, node.keys, node.value


def _broken(rule: Rule, keys: tuple[Any, ...]) -> Callable[[Json], object]:
    def change(resource: Json) -> None:
        rule.edit(at(resource, keys))

    return change


for _rule in RULES:
    kind(f"{_rule.key} {_rule.bearer.partition('.')[0]}", QUOTA)(_faults(_rule))
