"""The attacks, by the read path that each tries. An attack is given a client and what is known of her, and asks.

Every declared path that reaches persons must have one: see test_leaks.py.
"""

ATTACKS = {}


def attack(*names, by="other"):
    """Register the function as an attack on the read paths of these names, by a clinician of the restricted hospital
    unless `by` names another account."""

    def register(function):
        for name in names:
            ATTACKS.setdefault(name, []).append((by, function))
        return function

    return register


SECONDARY = ("analyst", "officer", "manager")
"""Accounts that use data for another purpose: they ask questions and open no record."""


def attack_by_all(*names):
    """The same by the clinician and by each account of secondary use."""

    def register(function):
        for by in ("other", *SECONDARY):
            attack(*names, by=by)(function)
        return function

    return register


@attack_by_all("fhir.read", "fhir.vread", "fhir.history")
def by_address(client, her):
    for kind, name in her.records:
        yield client.get(f"/fhir/{kind}/{name}")
    for path in (f"Patient/{her.id}", "/".join(her.records[-1])):
        yield client.get(f"/fhir/{path}/_history/1")
        yield client.get(f"/fhir/{path}/_history")
        yield client.get(f"/fhir/{path}", headers={"if-none-match": 'W/"1"'})
        yield client.head(f"/fhir/{path}")


SEARCHES = (
    "Patient?_id={id}",
    "Patient?name={name}",
    "Patient?name:exact={name}",
    "Patient?name:contains={given}",
    "Patient?identifier={number}",
    "Patient?identifier=http://www.moi.gov.tw|{number}",
    "Patient?identifier={chart}",
    "Patient?birthdate={born}",
    "Patient?birthdate={born}&_summary=count",
    "Patient?_total=accurate&_count=5",
    "Patient?_summary=count",
    "Patient?_sort=birthdate&_count=200",
    "Patient?_sort=-birthdate&_count=200",
    "Patient?_sort=-_lastUpdated&_count=200&_elements=id",
    "Patient?_id={id},{id}&_total=accurate",
    "Patient?address-city=臺南市&_total=accurate&_count=0",
    "Patient?link=Patient/{id}",
    "Condition?patient={id}",
    "Condition?patient=Patient/{id}&_total=accurate",
    "Condition?subject=Patient/{id}&_summary=count",
    "Condition?code={code}&_total=accurate&_count=200",
    "Condition?code={code}&_summary=count",
    "Observation?patient={id}&_sort=-date",
    "Observation?subject=Patient/{id}&code=http://loinc.org|4548-4",
    "Observation?date={day}&_total=accurate",
    "Encounter?patient={id}&_total=accurate",
    "Encounter?date={day}&_total=accurate&_count=200",
    "Encounter?_summary=count",
    "MedicationRequest?patient={id}",
    "AllergyIntolerance?patient={id}",
    "RelatedPerson?patient={id}",
    "Immunization?patient={id}",
    "Consent?patient={id}",
    "Consent?_summary=count",
    "Patient?_page=x",
    "Patient?birthdate=ge{born}&_sort=birthdate&_count=3",
    "Patient?_has:Condition:patient:code={code}",
    "Condition?patient.name={name}",
    "Patient?general-practitioner:missing=true&_total=accurate&_count=0",
    "Observation?_elements=subject&_count=200&_sort=date",
    "Observation?patient:Patient={id}&_summary=count",
)


def _searches(her):
    facts = {
        "id": her.id,
        "name": her.name,
        "given": her.name[1:],
        "number": her.number,
        "chart": her.chart,
        "born": her.born,
        "code": her.code,
        "day": her.encounter_date,
    }
    return [search.format(**facts) for search in SEARCHES]


@attack_by_all("fhir.search")
def by_search(client, her):
    for search in _searches(her):
        for handling in ("lenient", "strict"):
            yield client.get(f"/fhir/{search}", headers={"prefer": f"handling={handling}"})


@attack_by_all("fhir.search")
def by_every_page(client, her):
    """All pages of everything, in steps that split around her."""
    for start in (
        "Patient?_count=7&_total=accurate",
        "Observation?_count=190&_sort=-date",
        "Encounter?_count=180",
    ):
        address = f"/fhir/{start}"
        while address:
            answer = client.get(address)
            yield answer
            links = [link["url"] for link in answer.json().get("link", []) if link["relation"] == "next"]
            address = links[0] if links else None


@attack_by_all("fhir.search-post")
def by_posted_search(client, her):
    for search in _searches(her):
        kind, _, pairs = search.partition("?")
        form = dict(pair.split("=", 1) for pair in pairs.split("&"))
        yield client.post(f"/fhir/{kind}/_search", data=form)


@attack_by_all("fhir.create")
def by_writing_about_her(client, her):
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "t"},
        "subject": {"reference": f"Patient/{her.id}"},
    }
    yield client.post("/fhir/Observation", json=observation)
    yield client.post("/fhir/Observation", json={**observation, "id": her.records[-1][1]})
    spelled = {**observation, "subject": {"reference": f"http://testserver/fhir/Patient/{her.id}"}}
    yield client.post("/fhir/Observation", json=spelled)
    identified = {"identifier": {"system": "http://www.moi.gov.tw", "value": her.number}}
    yield client.post("/fhir/Observation", json={**observation, "subject": identified})
    yield client.post(
        "/fhir/Observation", json=observation, headers={"if-none-exist": f"subject=Patient/{her.id}"}
    )


@attack_by_all("fhir.update", "fhir.delete")
def by_changing_her(client, her):
    patient = {"resourceType": "Patient", "id": her.id, "name": [{"text": "改名"}]}
    for match in ({}, {"if-match": 'W/"1"'}, {"if-match": 'W/"7"'}):
        yield client.put(f"/fhir/Patient/{her.id}", json=patient, headers=match)
        yield client.delete(f"/fhir/Patient/{her.id}", headers=match)
    kind, name = her.records[-1]
    yield client.delete(f"/fhir/{kind}/{name}")
    yield client.put(f"/fhir/Patient?identifier={her.number}", json=patient)
    yield client.delete(f"/fhir/Patient?identifier={her.number}")


@attack_by_all("fhir.bundle")
def by_bundles(client, her):
    gets = [{"request": {"method": "GET", "url": search}} for search in _searches(her)]
    gets += [{"request": {"method": "GET", "url": f"{kind}/{name}"}} for kind, name in her.records[:20]]
    for kind in ("batch", "transaction"):
        yield client.post("/fhir", json={"resourceType": "Bundle", "type": kind, "entry": gets[:40]})
        for change in (
            {"request": {"method": "DELETE", "url": f"Patient/{her.id}"}},
            {
                "request": {"method": "PUT", "url": f"Patient/{her.id}"},
                "resource": {"resourceType": "Patient", "id": her.id},
            },
            {
                "request": {"method": "POST", "url": "Observation"},
                "resource": {
                    "resourceType": "Observation",
                    "status": "final",
                    "code": {"text": "t"},
                    "subject": {"reference": f"Patient/{her.id}"},
                },
            },
        ):
            yield client.post("/fhir", json={"resourceType": "Bundle", "type": kind, "entry": [change]})
