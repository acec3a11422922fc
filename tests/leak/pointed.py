"""Who closes a kind of record, and what points to such a record: a diagnosis, a result, a medicine."""

ICD, LOINC, ATC = "http://hl7.org/fhir/sid/icd-10-cm", "http://loinc.org", "http://www.whocc.no/atc"
HER = {"reference": "Patient/kim"}
DAY = "2026-05-05"
TOLD = "診所"
"""The word of what she shows."""


def of_kim(secret):
    """What is hidden: a diagnosis and a value by their codes, and what points to them or to a medicine, each with a
    `display` that tells."""

    def to(name):
        return {"reference": name, "display": secret}

    def about(kind, name, **said):
        return {"resourceType": kind, "id": name, "subject": HER, **said}

    def coded(system, code):
        return {"coding": [{"system": system, "code": code}]}

    hiv, value = to("Condition/kim-hiv"), to("Observation/kim-value")
    return (
        about("Condition", "kim-hiv", code=coded(ICD, "Z20.6"), note=[{"text": secret}]),
        about(
            "Observation",
            "kim-value",
            status="final",
            code=coded(LOINC, "20447-9"),
            effectiveDateTime=DAY,
            note=[{"text": secret}],
        ),
        about(
            "Encounter",
            "kim-visit",
            status="finished",
            diagnosis=[{"condition": hiv}],
            period={"start": DAY},
            **{"class": {"code": "AMB"}},
        ),
        about(
            "DiagnosticReport",
            "kim-report",
            status="final",
            code={"text": TOLD},
            result=[value],
            effectiveDateTime=DAY,
        ),
        about(
            "Observation",
            "kim-panel",
            status="final",
            code={"text": TOLD},
            hasMember=[value],
            effectiveDateTime=DAY,
        ),
        about(
            "MedicationRequest",
            "kim-reason",
            status="active",
            intent="order",
            medicationCodeableConcept={"text": TOLD},
            reasonReference=[hiv],
        ),
        about(
            "MedicationRequest",
            "kim-medicine",
            status="active",
            intent="order",
            medicationReference={"reference": "Medication/hiv-medicine", "display": secret},
        ),
        about(
            "Observation",
            "kim-in-words",
            status="final",
            code={"text": TOLD},
            encounter=to("Encounter/kim-visit"),
            effectiveDateTime=DAY,
        ),
        about("CarePlan", "kim-plan", status="active", intent="plan", addresses=[hiv]),
        about("Goal", "kim-goal", lifecycleStatus="active", description={"text": TOLD}, addresses=[hiv]),
        about("List", "kim-list", status="current", mode="working", entry=[{"item": hiv}]),
        about(
            "Composition",
            "kim-summary",
            status="final",
            type={"text": TOLD},
            date=DAY,
            author=[{"reference": "Practitioner/p1"}],
            title=TOLD,
            section=[{"entry": [to("DiagnosticReport/kim-report")]}],
        ),
        about(
            "DocumentReference",
            "kim-document",
            status="current",
            content=[{"attachment": {"title": TOLD}}],
            context={"related": [hiv]},
        ),
        about("ServiceRequest", "kim-order", status="active", intent="order", reasonReference=[hiv]),
        {
            "resourceType": "Task",
            "id": "kim-task",
            "status": "requested",
            "intent": "order",
            "focus": to("ServiceRequest/kim-order"),
            "for": HER,
        },
    )


SHOWN = (
    {
        "resourceType": "Medication",
        "id": "hiv-medicine",
        "code": {"coding": [{"system": ATC, "code": "J05AF01"}]},
    },
    {
        "resourceType": "Encounter",
        "id": "kim-open",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": HER,
        "period": {"start": "2026-05-06"},
    },
)
"""What stands in both worlds: the medicine is nobody's."""
