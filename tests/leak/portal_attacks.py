"""Attacks on the pages and their files: by the restricted hospital, by a stranger, by an analyst, by nobody."""

import re

from leak.attacks import CLAIMS, SECONDARY, attack
from leak.kinds import GROUPS

CHART = ("clinic.patient", "clinic.timeline", "clinic.results", "clinic.notify")
FRAGMENT = {"hx-request": "true"}


@attack(
    ("clinic.patients",),
    "key",
    "spelling",
    "as-typed",
    "closed-part",
    "ruled-part",
    by=("other", "pharmacist"),
)
def by_looking_for_her(client, her):
    for text in (
        her.name,
        her.name[1:],
        her.number,
        her.number.lower(),
        her.chart,
        her.id,
        her.born,
        f"{her.name}%",
    ):
        yield client.get("/patients", params={"q": text})
        yield client.get("/patients", params={"q": text}, headers=FRAGMENT)
        yield client.get("/patients", params={"q": text, "lang": "en"})
    for text in (her.name, her.number, her.chart):
        for length in range(1, len(text)):
            yield client.get("/patients", params={"q": text[:length]}, headers=FRAGMENT)


@attack(("clinic.patients",), "pages", "error-text", "claim")
def by_turning_pages_of_patients(client, her):
    for page in ("x", her.id, "1", "-1"):
        yield client.get("/patients", params={"q": her.name[0], "page": page})
    for headers in CLAIMS:
        yield client.get("/patients", params={"q": her.number}, headers=headers)


@attack(
    (*CHART,),
    "status",
    "spelling",
    "closed-part",
    "ruled-part",
    "inside",
    "named-beside",
    "unlinked",
    by=("other", "pharmacist"),
)
def by_opening_her(client, her):
    for path in (
        *(f"/patients/{her.id}{part}" for part in ("", "/timeline", "/results", "/notify")),
        *(f"/patients/{her.id}/notify?case={name}" for kind, name in her.records if kind == "Condition"),
        f"/patients/{her.id.upper()}",
    ):
        for lang in ("zh-TW", "en"):
            yield client.get(path, params={"lang": lang})
        yield client.get(path, headers=FRAGMENT)
        yield client.get(f"{path}/")


@attack(("clinic.record", "fhir.read", "fhir.vread", "fhir.search"), "purpose", "status", by=("stranger",))
def by_a_stranger_opening_her_records(client, her):
    """A citizen, whose own record opens by the same addresses."""
    for kind, name in her.records:
        yield client.get(f"/records/{kind}/{name}")
        yield client.get(f"/fhir/{kind}/{name}")
        yield client.get(f"/fhir/{kind}/{name}/_history/1")
    yield client.get("/fhir/Observation", params={"patient": her.id, "_total": "accurate"})
    yield client.get("/fhir/Patient", params={"identifier": her.number})


@attack((*CHART, "clinic.record"), "unchanged", "error-text", "claim")
def by_opening_her_on_conditions(client, her):
    for path in (
        f"/patients/{her.id}",
        f"/patients/{her.id}/timeline",
        f"/patients/{her.id}/notify",
        "/records/{}/{}".format(*her.records[-1]),
    ):
        yield client.head(path)
        for headers in (
            {"if-none-match": "*"},
            {"if-modified-since": "Sat, 01 Jan 2050 00:00:00 GMT"},
            *CLAIMS,
        ):
            yield client.get(path, headers=headers)
        yield client.get(path, params={"page": her.id, "from": her.name, "as": her.number})


@attack(
    ("clinic.record",),
    "status",
    "spelling",
    "inside",
    "named-beside",
    "unlinked",
    "type",
    "version",
    "history",
    "closed-part",
    "ruled-part",
    by=("other", "pharmacist", "stranger"),
)
def by_opening_her_records(client, her):
    for kind, name in her.records:
        yield client.get(f"/records/{kind}/{name}")
    for reading in ("readable", "timeline", "table", "json"):
        for kind, name in (("Patient", her.id), her.records[-1]):
            yield client.get(f"/records/{kind}/{name}", params={"as": reading})
            yield client.get(f"/records/{kind}/{name}", params={"as": reading, "for": her.id})
    yield client.get(f"/records/Condition/{her.records[-1][1].upper()}")


@attack(("clinic.notify",), "status", "claim", "error-text", by=("other", "pharmacist", "stranger"))
def by_notifying_of_her(client, her):
    """Whoever is hidden cannot be notified of, whether the form is whole, at fault or sent for another's case."""
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/emergencies").text)
    whole = {
        "case": "0" * 16,
        "disease": "A90",
        "status": "confirmed",
        "visit": "AMB",
        "diagnosed": "2024-01-02",
    }
    for changes in ({"disease": her.number}, {"case": her.id}, {"diagnosed": her.born}, {"csrf": "x"}):
        data = {"csrf": token[1] if token else "", **whole, "onset": "2999-01-01", **changes}
        yield client.post(f"/patients/{her.id}/notify", data=data)
        yield client.post(f"/patients/{her.id}x/notify", data=data, headers=CLAIMS[0])


@attack(CHART, "type", "version", "history", by=("pharmacist", "stranger"))
def by_opening_what_is_beside_her(client, her):
    for kind in ("Patient", "Condition", "Consent"):
        yield client.get(f"/records/{kind}/{her.id}", params={"as": "timeline"})
    yield client.get(f"/patients/{her.id}/results")
    yield client.get(f"/patients/{her.id}/timeline", params={"page": "x"})
    yield client.get(f"/patients/{her.id}/_history")
    yield client.get(f"/patients/{her.id}/notify", params={"case": her.id})


@attack((*CHART, "clinic.record", "clinic.patients"), "purpose", by=(*SECONDARY, "administrator", "stranger"))
def by_opening_her_for_another_purpose(client, her):
    yield client.get("/patients", params={"q": her.number})
    for part in ("", "/timeline", "/results", "/notify"):
        yield client.get(f"/patients/{her.id}{part}")
    for kind, name in (her.records[0], her.records[-1]):
        yield client.get(f"/records/{kind}/{name}")


OWN_PAGES = (
    "/me",
    "/me/timeline",
    "/me/looked",
    "/me/choices",
    "/me/choices/stop",
    "/me/choices/restrict",
    "/me/choices/close",
    "/me/choices/end",
    "/me/family",
    "/me/family/let-in",
    "/me/download",
    "/me/download/record.json",
    "/me/download/record.csv",
    "/me/looked/events.json",
)
OWN, FILES, RELATIVE = GROUPS["own"], GROUPS["files"], GROUPS["relative"]
RECEIPTS = tuple(path for path in GROUPS["receipts"] if path.startswith("citizen."))


@attack((*OWN, *FILES, "citizen.looked"), "status", "error-text", by=("stranger",))
def by_a_stranger_on_her_own_pages(client, her):
    for path in OWN_PAGES:
        for name in ("person", "patient", "for"):
            yield client.get(path, params={name: her.id})
    for kind, name in her.records[:4]:
        yield client.get("/me/choices/end", params={"id": name, "consent": name, "type": kind})
    for name in ("choice-0", "ada-restricts", "cyd-closes"):
        yield client.get("/me/choices/end", params={"id": name, "consent": name})
    yield client.get("/me/family/let-in", params={"account": her.id, "until": her.number})
    yield client.get("/me/choices/restrict", params={"q": her.name, "organisation": her.id})


@attack(
    (*OWN, *FILES, *RECEIPTS, *RELATIVE),
    "claim",
    "purpose",
    by=("stranger", "other", "analyst", "administrator"),
)
def by_others_on_her_own_pages(client, her):
    for headers in (*CLAIMS[:2], CLAIMS[3], {"x-person": her.id}):
        for path in (
            *OWN_PAGES[:2],
            "/me/looked",
            "/me/looked/1",
            "/me/looked/1/proof.json",
            f"/family/{her.id}",
        ):
            yield client.get(path, params={"person": her.id}, headers=headers)
    for path in OWN_PAGES[2:]:
        yield client.get(path, params={"person": her.id})


@attack(RELATIVE, "status", by=("stranger", "other", "analyst"))
def by_pretending_to_be_her_relative(client, her):
    for path in (f"/family/{her.id}", f"/family/{her.id}/timeline", f"/family/{her.id.upper()}"):
        yield client.get(path)
        yield client.get(path, headers=FRAGMENT)
        yield client.head(path)


@attack(RECEIPTS[1:], "status", "receipt", "error-text", by=("stranger",))
@attack(RECEIPTS[:1], "receipt", by=("stranger",))
def by_asking_for_receipts_of_others(client, her):
    """What the stranger may open concerns only themselves; how many receipts there are says nothing of her."""
    for number in (*range(40), 999_999):
        for path in (f"/me/looked/{number}", f"/me/looked/{number}/proof.json"):
            answer = client.get(path)
            if answer.status_code != 200:
                yield answer


@attack(
    (
        *CHART,
        "clinic.record",
        "clinic.patients",
        *OWN,
        *FILES,
        *RELATIVE,
        *RECEIPTS,
        "ask",
        "ask.download",
        "lake.ask",
    ),
    "nobody",
    by=("nobody",),
)
def by_nobody_on_pages(client, her):
    for path in (
        "/patients",
        f"/patients/{her.id}",
        f"/patients/{her.id}/timeline",
        f"/patients/{her.id}/results",
        f"/patients/{her.id}/notify",
        *(f"/records/{kind}/{name}" for kind, name in her.records[:4]),
        *OWN_PAGES,
        f"/family/{her.id}",
        f"/family/{her.id}/timeline",
        "/me/looked/1",
        "/me/looked/1/proof.json",
        "/ask?view=person",
        "/ask.csv?view=person",
    ):
        yield client.get(path, params={"q": her.name} if path == "/patients" else None)


QUESTIONS = (
    {"view": "person", "measure": "persons"},
    {"view": "person", "measure": "persons", "by": "county"},
    {"view": "person", "measure": "persons", "by": "sex"},
    {"view": "condition", "measure": "persons", "by": "sex", "code": "I10"},
    {"view": "condition", "measure": "rows", "by": "county"},
    {"view": "observation", "measure": "rows"},
)


@attack(("ask", "ask.download", "lake.ask"), "aggregate", "stopped", "claim", by=("analyst", "officer"))
def by_asking_what_she_would_change(client, her):
    for question in QUESTIONS:
        yield client.get("/ask", params=question)
        for form in ("csv", "json"):
            yield client.get(f"/ask.{form}", params=question)
    yield client.get("/ask", params={"view": "condition", "measure": "persons", "code": her.code})
    yield client.get(
        "/ask", params={"view": "person", "measure": "persons", "since": her.born, "until": her.born}
    )
    yield client.get(
        "/ask", params={"view": "person", "measure": "persons", "county": her.id}, headers=CLAIMS[0]
    )


@attack(("ask", "ask.download", "lake.ask"), "error-text", by=("analyst",))
def by_asking_what_cannot_be_answered(client, her):
    for pairs in (
        {"view": her.id},
        {"view": "person", "measure": her.name},
        {"view": "person", "by": her.number},
        {"view": "condition", "code": her.code, "since": her.name},
        {"view": "person", "patient": her.id},
    ):
        yield client.get("/ask", params=pairs)
        yield client.get("/ask.json", params=pairs)


@attack(("fhir.search",), "code-use", by=("other", "nobody", "analyst"))
def by_use_of_codes(client, her):
    """The pages and operations about codes count no record."""
    for path in (
        f"/codes?q={her.code}",
        f"/codes.csv?q={her.code}",
        f"/codes.json?q={her.code}",
        f"/codes/concept?system=http://hl7.org/fhir/sid/icd-10-cm&code={her.code}",
        f"/search?q={her.name}",
        f"/fhir/CodeSystem/$lookup?system=http://hl7.org/fhir/sid/icd-10-cm&code={her.code}",
        f"/fhir/ValueSet/$expand?url=http://hl7.org/fhir/sid/icd-10-cm&filter={her.code}",
        "/fhir/metadata",
        "/health",
    ):
        yield client.get(path)


@attack(("fhir.create",), "validate")
def by_validating(client, her):
    for subject in ({"reference": f"Patient/{her.id}"}, {"identifier": {"value": her.number}}):
        body = {"resourceType": "Observation", "status": "final", "code": {"text": "t"}, "subject": subject}
        yield client.post("/fhir/Observation/$validate", json=body)
        yield client.post("/fhir/Observation/$validate", json={**body, "id": her.records[-1][1]})


URGENT = ("clinic.emergency", "emergencies")
REASON = "昏迷送醫，需查過敏與用藥"


@attack(URGENT, "status", "error-text", "emergency", by=("other",))
def by_declaring_for_what_is_almost_her(client, her):
    """Nobody's whole number: the answer is that of any other wrong number."""
    yield client.get("/emergency", params={"identifier": her.number})
    yield client.get("/emergencies", params={"q": her.number})
    for typed in (her.number[:-1], her.name, her.id, f"{her.number}0", f"Patient/{her.id}"):
        form = {"csrf": client.csrf, "identifier": typed, "reason": REASON}
        yield client.post("/emergency", data=form)
    yield client.post("/emergency", data={"csrf": client.csrf, "identifier": her.number, "reason": "急"})


@attack(URGENT, "purpose", "claim", by=("pharmacist", "stranger", "analyst", "officer"))
def by_declaring_without_the_right_to(client, her):
    for path in ("/emergency", "/emergencies"):
        yield client.get(path, headers=CLAIMS[0])
    form = {"csrf": client.csrf, "identifier": her.number, "reason": REASON}
    yield client.post("/emergency", data=form)
    yield client.post("/emergency/end", data={**form, "number": "1"})


@attack(URGENT, "nobody", by=("nobody",))
def by_nobody_declaring(client, her):
    for path in ("/emergency", "/emergencies"):
        yield client.get(path)
    yield client.post("/emergency", data={"identifier": her.number, "reason": REASON})


DUTIES = (
    "gate.explain",
    "privacy",
    "privacy.reader",
    "privacy.known",
    "persons.duplicates",
    "persons.pair",
    "persons.history",
)


@attack(
    DUTIES,
    "purpose",
    "claim",
    "status",
    "error-text",
    by=("other", "pharmacist", "stranger", "analyst", "officer"),
)
def by_looking_over_the_privacy_officers_shoulder(client, her):
    registrar = (
        "/persons/duplicates",
        f"/persons/pair?one={her.id}&other=bo",
        f"/persons/history?person={her.id}",
    )
    for path in (
        "/privacy",
        f"/privacy/readers/{her.id}",
        "/privacy/readers/welcome",
        "/privacy/known",
        *registrar,
    ):
        for headers in ({}, CLAIMS[0], CLAIMS[3]):
            yield client.get(path, params={"q": her.number, "person": her.id}, headers=headers)


CASES = (
    *("surveillance", "surveillance.case", "surveillance.lines", "surveillance.fhir"),
    *("surveillance.lines.download", "surveillance.enter"),
)
SIGNAL = "ili-2019-05-tw-all"
ON_DUTY = {"purpose": "surveillance"}


@attack(
    CASES,
    "status",
    "spelling",
    "error-text",
    "purpose",
    "claim",
    "pages",
    by=("officer", "other", "pharmacist", "stranger", "analyst", "manager", "administrator"),
)
def by_looking_for_her_among_cases(client, her):
    """She has nothing that must be notified: to an officer she is nobody's case, and to others the door is shut."""
    for params in (
        {},
        ON_DUTY,
        {**ON_DUTY, "page": her.id},
        {**ON_DUTY, "q": her.number},
        {"purpose": "care"},
    ):
        yield client.get("/surveillance", params=params)
        yield client.get("/surveillance/cases", params=params)
        yield client.get("/surveillance/cases.csv", params=params)
    for more in (
        {"disease": "A90"},
        {"disease": her.id},
        {"since": her.id},
        {"signal": SIGNAL},
        {"signal": her.id},
    ):
        yield client.get("/surveillance/cases", params={**ON_DUTY, **more})
        yield client.get("/surveillance/cases.csv", params={**ON_DUTY, **more})
    for headers in CLAIMS:
        yield client.get("/surveillance", params=ON_DUTY, headers=headers)
        yield client.get("/surveillance/cases", params=ON_DUTY, headers=headers)
        yield client.get("/surveillance/cases.csv", params=ON_DUTY, headers=headers)
    for kind, name in (*her.records, ("Condition", her.id), ("Condition", her.records[-1][1].upper())):
        for params in ({}, ON_DUTY, {**ON_DUTY, "basis": "1"}, {"purpose": "secondary"}):
            yield client.get(f"/surveillance/{kind}/{name}", params=params)
            yield client.get(f"/surveillance/fhir/{name}", params=params)
        yield client.get(f"/surveillance/{kind}/{name}/", params=ON_DUTY, headers=FRAGMENT)
    yield from _entering(client, her)


def _entering(client, her):
    """A case of hers is entered with one fault each time: whoever she is, the fault alone is told."""
    for params in ({}, ON_DUTY, {"purpose": "care"}, {**ON_DUTY, "case": her.id}):
        yield client.get("/surveillance/enter", params=params)
    yield client.get("/surveillance/enter", params=ON_DUTY, headers=CLAIMS[0])
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/emergencies").text)
    whole = {"csrf": token[1] if token else "", "case": "0" * 16, **ON_DUTY, "disease": "A90"}
    person = {"p-name": her.name, "p-sex": "female", "p-birth_date": her.born, "p-national_id": her.number}
    report = {"p-town": "臺北市中正區", "p-reporter": "x", "p-way": "paper", "p-notified": "2024-01-03"}
    for fault in (
        {"onset": "2999-01-01"},
        {"diagnosed": ""},
        {"p-town": her.name},
        {"p-notified": "2024-01-01"},
        {"p-national_id": her.id},
        {"case": her.id},
        {"csrf": "x"},
    ):
        data = {**whole, **person, **report, "diagnosed": "2024-01-02", "status": "confirmed", **fault}
        yield client.post("/surveillance/enter", data=data)


@attack(CASES, "nobody", by=("nobody",))
def by_nobody_among_cases(client, her):
    for params in ({}, ON_DUTY):
        yield client.get("/surveillance", params=params)
        yield client.get("/surveillance/{}/{}".format(*her.records[0]), params=params)
        yield client.get("/surveillance/cases", params=params)
        yield client.get("/surveillance/cases.csv", params=params)
        yield client.get(f"/surveillance/fhir/{her.records[0][1]}", params=params)
        yield client.get("/surveillance/enter", params=params)


@attack(DUTIES, "nobody", by=("nobody",))
def by_nobody_on_pages_of_duties(client, her):
    for path in (
        "/privacy",
        f"/privacy/readers/{her.id}",
        "/privacy/known",
        "/persons/duplicates",
        f"/persons/pair?one={her.id}&other=bo",
        f"/persons/history?person={her.id}",
        f"/gate/explain?record=Patient/{her.id}",
    ):
        yield client.get(path)
