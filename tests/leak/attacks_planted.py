"""The attacks of a writer who plants a reference: by what becomes of a record of one's own nobody learns whether the
record to which it points is there, or what that bears. Tried on every way of writing, about a person who has closed no
part and about those who have closed some, and read back on every way of reading."""

from leak.attacks import ATTACKS, attack
from leak.attacks_bulk import made
from leak.ground import LOINC

WRITERS = ("fhir.create", "fhir.update", "fhir.patch", "fhir.patch-where", "fhir.update-where", "fhir.meta-add",
           "fhir.meta-delete", "fhir.delete-where", "fhir.delete")  # fmt: skip
READERS = ("fhir.read", "fhir.vread", "fhir.history", "fhir.meta", "fhir.search", "fhir.search-post", "fhir.bundle",
           "fhir.history-type", "fhir.history-all", "fhir.search-all", "fhir.compartment", "fhir.everything",
           "fhir.validate-record", "clinic.record", "clinic.patient", "clinic.timeline", "clinic.results")  # fmt: skip
PATCH = {"content-type": "application/json-patch+json"}
TAG = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "x"}]}}]}
FRESH = "urn:uuid:5a2f1d0e-7a51-4c1f-9a55-0d7f4f1f2c11"


def planted(about, *references, **said):
    """An observation of the writer's own that points to these records."""
    pointing = {"focus": [{"reference": each} for each in references]} if references else {}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{about}"},
        "effectiveDateTime": "2026-06-06",
        **pointing,
        **said,
    }


def decoys(her):
    """About whom a writer may plant: one who has closed nothing, and one who has closed what her record bears."""
    return ("bo", "cyd" if her.whole else her.id)


def aims(her):
    """A diagnosis of hers that is hidden, and one that never was."""
    diagnoses = [f"Condition/{name}" for kind, name in her.records if kind == "Condition"]
    return [diagnoses[0], "Condition/never"]


def read_back(client, answer):
    """A record that was written, as far as it is told where it lies."""
    name = answer.json().get("id") if answer.status_code == 201 else None
    if name is None:
        return
    for rest in ("", "/_history", "/_history/1", "/$meta", "/$validate"):
        yield client.get(f"/fhir/Observation/{name}{rest}")
    yield client.get(f"/fhir/Observation?_id={name}&_total=accurate")
    yield client.get(f"/records/Observation/{name}?as=table")


@attack((*WRITERS, *READERS), "planted")
def by_planting(client, her):
    for about in decoys(her):
        for aim in aims(her):
            answer = client.post("/fhir/Observation", json=planted(about, aim))
            yield answer
            yield from read_back(client, answer)


@attack((*WRITERS, *READERS), "planted")
def by_planting_later(client, her):
    """In a record that pointed nowhere: by each way of changing it."""
    for about in decoys(her):
        for number, aim in enumerate(aims(her)):
            tag = f"planted-{her.id}-{about}-{number}"
            named = {"identifier": [{"system": "urn:planted", "value": tag}]}
            plain, pointing = planted(about, **named), planted(about, aim, **named)
            add = [{"op": "add", "path": "/focus", "value": pointing["focus"]}]
            where = f"Observation?identifier=urn:planted|{tag}"
            for change in range(5):
                answer = client.post("/fhir/Observation", json=plain)
                yield answer
                at = f"/fhir/Observation/{answer.json()['id']}"
                body = {**pointing, "id": answer.json()["id"]}
                match change:
                    case 0:
                        yield client.put(at, json=body)
                    case 1:
                        yield client.patch(at, json=add, headers=PATCH)
                    case 2:
                        yield client.put(f"/fhir/{where}", json=pointing)
                    case 3:
                        yield client.patch(f"/fhir/{where}", json=add, headers=PATCH)
                    case _:
                        put = {"method": "PUT", "url": at.removeprefix("/fhir/")}
                        entry = {"request": put, "resource": body}
                        yield client.post(
                            "/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
                        )
                yield from read_back(client, answer)
                for operation in ("$meta-add", "$meta-delete"):
                    yield client.post(f"{at}/{operation}", json=TAG)
                yield client.put(at, json={**plain, "id": body["id"]})
                yield from read_back(client, answer)
                yield client.delete(f"/fhir/{where}")
                yield client.delete(at)


@attack(("fhir.bundle", "fhir.create"), "planted")
def by_planting_in_bundles(client, her):
    """Beside a record of one's own, and behind one that points on: a label follows over any number of steps."""
    for about in decoys(her):
        for aim in aims(her):
            entry = [
                {
                    "fullUrl": FRESH,
                    "resource": planted(about, aim),
                    "request": {"method": "POST", "url": "Observation"},
                },
                {"resource": planted("bo", FRESH), "request": {"method": "POST", "url": "Observation"}},
                {"resource": planted(about, FRESH), "request": {"method": "POST", "url": "Observation"}},
            ]
            for kind in ("batch", "transaction"):
                sent = entry[:1] if kind == "batch" else entry
                yield client.post("/fhir", json={"resourceType": "Bundle", "type": kind, "entry": sent})
            kind, _, name = aim.partition("/")
            sought = planted(about, f"{kind}?_id={name}")
            one = {"resource": sought, "request": {"method": "POST", "url": "Observation"}}
            yield client.post("/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": [one]})
        yield client.get(f"/fhir/Observation?patient={about}&code=8867-4&_count=200&_total=accurate")
        yield client.get(f"/patients/{about}")
        yield client.get(f"/patients/{about}/timeline")
        yield client.get(f"/fhir/Patient/{about}/Observation?_summary=count")
    yield client.get("/fhir/Observation/_history?_count=200")


@attack(("fhir.export", "fhir.export.status", "fhir.export.file", "fhir.create"), "planted")
def by_exporting_what_was_planted(client, her):
    for about in decoys(her):
        for aim in aims(her):
            yield client.post("/fhir/Observation", json=planted(about, aim))
        yield from made(client, f"Patient/$export?patient=Patient/{about}&_type=Observation")


@attack(("fhir.create", "clinic.record", "fhir.meta"), "planted")
def by_planting_in_other_elements(client, her):
    """Wherever a reference may stand: nested, by version, by the server's own address, in what is contained."""
    aim = aims(her)[0]
    own = str(client.base_url).rstrip("/") + f"/fhir/{aim}"
    inside = {"resourceType": "Observation", "id": "i", "status": "final", "code": {"text": "x"},
              "focus": [{"reference": aim}]}  # fmt: skip
    visit = next((f"Encounter/{name}" for kind, name in her.records if kind == "Encounter"), "Encounter/none")
    for about in decoys(her):
        for said in (
            {"focus": [{"reference": f"{aim}/_history/1"}]},
            {"focus": [{"reference": own}]},
            {"extension": [{"url": "urn:x", "valueReference": {"reference": aim}}]},
            {"contained": [inside], "focus": [{"reference": "#i"}]},
            {"encounter": {"reference": visit, "display": "x"}},
            {"encounter": {"reference": "Encounter/never", "display": "x"}},
            {"encounter": {"reference": visit}},
            {"basedOn": [{"reference": "ServiceRequest/never"}], "derivedFrom": [{"reference": aim}]},
        ):
            answer = client.post("/fhir/Observation", json=planted(about, **said))
            yield answer
            yield from read_back(client, answer)


PLANTED = sorted(
    {one for (kind, _), several in ATTACKS.items() if kind == "planted" for one in several}, key=str
)
