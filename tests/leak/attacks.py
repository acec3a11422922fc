"""The attacks on the FHIR API. An attack is given a client and what is known of her, and asks.

Each is registered with the kinds that it is (`kinds.py`) and the read paths that it tries. Whatever it asks must be
answered alike by the world in which she hides and by the one in which she never was: see test_leaks.py.
"""

from dataclasses import dataclass

SECONDARY = ("analyst", "officer", "manager")
"""Accounts that use data for another purpose: they ask questions and open no record."""


@dataclass(frozen=True)
class Attack:
    """`ask(client, her)` yields answers; `by` names the account; `waits` for a path that is not there yet."""

    name: str
    by: str
    ask: object
    waits: bool = False

    def __str__(self):
        return f"{self.name}-{self.by}"


ATTACKS = {}
"""By (kind, path): the attacks."""


def register(ask, kinds, paths, by=("other",), name=None, *, waits=False):
    for account in by:
        attack = Attack(name or ask.__name__, account, ask, waits)
        for kind in kinds:
            for path in paths:
                ATTACKS.setdefault((kind, path), []).append(attack)


def attack(paths, *kinds, by=("other",), waits=False):
    """Register the function as these kinds of attack on these paths, by each of these accounts."""

    def registered(function):
        register(function, kinds, paths, by, waits=waits)
        return function

    return registered


def every_attack():
    """Each attack once, in order of name."""
    found = {one for several in ATTACKS.values() for one in several}
    return sorted(found, key=str)


ALL = ("other", "pharmacist", *SECONDARY)
RECORD = ("fhir.read", "fhir.vread", "fhir.history")
SEARCH = ("fhir.search", "fhir.search-post", "fhir.bundle")
WRITE = ("fhir.create", "fhir.update", "fhir.delete")

ABSENT = "nobody-of-this-name"


# One record by its address


@attack(
    RECORD,
    "status",
    "named-beside",
    "unlinked",
    "inside",
    "purpose",
    "type",
    "closed-part",
    "ruled-part",
    by=ALL,
)
def by_address(client, her):
    for kind, name in her.records:
        yield client.get(f"/fhir/{kind}/{name}")
    for kind in ("Patient", "Observation", "Consent", "Binary", "Group"):
        yield client.get(f"/fhir/{kind}/{her.records[-1][1]}")


@attack(RECORD, "version", "history", "label-later")
def by_version(client, her):
    for kind, name in her.records:
        yield client.get(f"/fhir/{kind}/{name}/_history")
        for version in (1, 2, 3):
            yield client.get(f"/fhir/{kind}/{name}/_history/{version}")
    kind, name = her.records[-1]
    for pairs in (
        "?_since=2020-01-01T00:00:00Z",
        "?_count=1",
        "?_summary=count",
        "?_elements=id",
        "?_list=listed",
    ):
        yield client.get(f"/fhir/{kind}/{name}/_history{pairs}")


@attack(RECORD, "unchanged", "status")
def by_what_one_holds_already(client, her):
    for kind, name in (*her.records[:2], *her.records[-2:]):
        for headers in (
            {"if-none-match": 'W/"1"'},
            {"if-none-match": 'W/"1", W/"2"'},
            {"if-none-match": "*"},
            {"if-modified-since": "Sat, 01 Jan 2050 00:00:00 GMT"},
            {"if-modified-since": "Sat, 01 Jan 2000 00:00:00 GMT"},
            {"if-match": 'W/"1"'},
            {"range": "bytes=0-10"},
        ):
            yield client.get(f"/fhir/{kind}/{name}", headers=headers)
        yield client.head(f"/fhir/{kind}/{name}")
        yield client.head(f"/fhir/{kind}/{name}/_history")
        yield client.head(f"/fhir/{kind}/{name}/_history/1")
        yield client.options(f"/fhir/{kind}/{name}")


@attack(RECORD, "elements")
def by_part(client, her):
    for kind, name in her.records[:3]:
        for pairs in (
            "_elements=id",
            "_elements=name,subject",
            "_summary=text",
            "_summary=true",
            "_summary=data",
        ):
            yield client.get(f"/fhir/{kind}/{name}?{pairs}")


@attack(RECORD, "spelling", "error-text")
def by_another_spelling(client, her):
    for kind, name in (her.records[0], her.records[-1]):
        for spelled in (
            f"/fhir/{kind}/{name.upper()}",
            f"/fhir/{kind.lower()}/{name}",
            f"/fhir/{kind}/{name}/",
            f"/fhir//{kind}/{name}",
            f"/fhir/{kind}/%{ord(name[0]):02x}{name[1:]}",
            f"/fhir/{kind}/{name}%00",
            f"/fhir/{kind}/{name}%20",
            f"/fhir/./{kind}/{name}",
            f"/fhir/Patient/../{kind}/{name}",
            f"/fhir/{kind}/{name}/_history/x",
            f"/fhir/{kind}/{name}/_history/0",
            f"/fhir/{kind}/{name}/_history/99999999999999999999",
            f"/fhir/{kind}/{name}?_format=xml",
            f"/fhir/{kind}/{name}?_pretty=true",
            f"/fhir/{kind}?_id={name}",
        ):
            yield client.get(spelled)


CLAIMS = (
    {"x-purpose-of-use": "TREAT"},
    {"x-consent": "permit"},
    {"x-original-url": "/fhir/Patient/ada"},
    {"x-forwarded-host": "elsewhere", "x-forwarded-user": "welcome"},
    {"x-http-method-override": "DELETE"},
    {"authorization": "Bearer cam_wrong"},
    {"authorization": "Basic d2VsY29tZTp3ZWxjb21l"},
    {"cache-control": "only-if-cached"},
)


@attack(RECORD, "claim")
def by_claims(client, her):
    for headers in CLAIMS:
        yield client.get(f"/fhir/Patient/{her.id}", headers=headers)
        yield client.get("/fhir/{}/{}/_history".format(*her.records[-1]), headers=headers)
        yield client.get("/fhir/{}/{}/_history/1".format(*her.records[-1]), headers=headers)


# Searches

SEARCHES = {
    "total": (
        "Patient?_total=accurate&_count=5",
        "Patient?_id={id},{id}&_total=accurate",
        "Condition?code={code}&_total=accurate&_count=200",
        "Condition?patient=Patient/{id}&_total=accurate",
        "Observation?date={day}&_total=accurate",
        "Encounter?patient={id}&_total=accurate",
        "Encounter?date={day}&_total=accurate&_count=200",
        "MedicationRequest?_total=accurate",
        "Composition?_total=accurate",
    ),
    "count": (
        "Patient?_summary=count",
        "Patient?birthdate={born}&_summary=count",
        "Patient?identifier={number}&_summary=count",
        "Patient?address-city=臺南市&_total=accurate&_count=0",
        "Condition?subject=Patient/{id}&_summary=count",
        "Condition?code={code}&_summary=count",
        "Condition?_summary=count",
        "Encounter?_summary=count",
        "Observation?_summary=count",
        "Observation?patient:Patient={id}&_summary=count",
        "Consent?_summary=count",
        "DocumentReference?_count=0&_total=accurate",
    ),
    "key": (
        "Patient?_id={id}",
        "Patient?name={name}",
        "Patient?name:exact={name}",
        "Patient?name:contains={given}",
        "Patient?family={family}&given={given}",
        "Patient?identifier={number}",
        "Patient?identifier=http://www.moi.gov.tw|{number}",
        "Patient?identifier=http://www.moi.gov.tw|",
        "Patient?identifier={chart}",
        "Patient?birthdate={born}",
        "Patient?link=Patient/{id}",
    ),
    "about": (
        "Condition?patient={id}",
        "Condition?code={code}",
        "Observation?patient={id}&_sort=-date",
        "Observation?subject=Patient/{id}&code=http://loinc.org|4548-4",
        "Observation?performer=Patient/{id}",
        "MedicationRequest?patient={id}",
        "AllergyIntolerance?patient={id}",
        "RelatedPerson?patient={id}",
        "Immunization?patient={id}",
        "DocumentReference?patient={id}",
        "Composition?subject=Patient/{id}",
        "Consent?patient={id}",
        "Encounter?patient={id}",
        "Provenance?target=Patient/{id}",
        "AuditEvent?patient={id}",
    ),
    "named-beside": (
        "Group?member=Patient/{id}",
        "List?item=Patient/{id}",
        "List?patient=Patient/bo",
        "Observation?patient=bo&_total=accurate",
        "Observation?_count=200&_sort=date",
    ),
    "unlinked": (
        "Binary?_id={last}",
        "Group?_summary=count",
        "Binary?_summary=count",
        "Group?_total=accurate",
    ),
    "inside": (
        "Condition?_count=200",
        "MedicationRequest?_count=200",
        "DocumentReference?_count=200",
        "Composition?_count=200",
    ),
    "chain": (
        "Condition?patient.name={name}",
        "Condition?subject:Patient.identifier={number}",
        "Observation?patient.birthdate={born}&_summary=count",
        "Observation?encounter.patient=Patient/{id}",
        "Encounter?subject.name={name}&_total=accurate",
    ),
    "reverse-chain": (
        "Patient?_has:Condition:patient:code={code}",
        "Patient?_has:Observation:subject:code=4548-4&_total=accurate",
        "Encounter?_has:Observation:encounter:patient={id}",
        "Organization?_has:Encounter:service-provider:patient={id}",
    ),
    "include": (
        "Observation?patient={id}&_include=Observation:subject",
        "Observation?_include=Observation:performer&_count=200",
        "Encounter?_include=*&_count=200",
        "List?_include=List:item",
        "Observation?patient=bo&_include:iterate=Observation:performer",
    ),
    "reverse-include": (
        "Patient?_revinclude=Observation:subject&_count=200",
        "Organization?_revinclude=Encounter:service-provider",
        "Patient?_id=bo&_revinclude=List:subject",
    ),
    "composite": (
        "Observation?code-value-quantity=http://loinc.org|4548-4$gt1",
        "Observation?component-code-value-quantity=http://loinc.org|4548-4$gt1",
        "Observation?code-value-date=http://loinc.org|4548-4$ge2020",
    ),
    "filter": (
        'Patient?_filter=name co "{name}"',
        "Patient?_list=listed",
        "Patient?_text={name}",
        "Condition?_content={given}",
        "MedicationRequest?_contained=both",
        "Patient?_query=everybody",
        "Patient?_type=Observation",
    ),
    "sort": (
        "Patient?_sort=birthdate&_count=200",
        "Patient?_sort=-birthdate&_count=200",
        "Patient?_sort=name&_count=200",
        "Patient?_sort=-_lastUpdated&_count=200&_elements=id",
        "Patient?birthdate=ge{born}&_sort=birthdate&_count=3",
        "Observation?_sort=-date&_count=2",
        "Observation?_sort=date,-_lastUpdated,_id&_count=200",
        "Encounter?_sort=patient&_count=200",
    ),
    "missing": (
        "Patient?general-practitioner:missing=true&_total=accurate&_count=0",
        "Observation?performer:missing=false&_total=accurate",
        "Observation?encounter:missing=false&_summary=count",
        "Condition?encounter:missing=true&_summary=count",
    ),
    "elements": (
        "Observation?_elements=subject&_count=200&_sort=date",
        "Patient?_elements=id&_count=200",
        "Condition?_summary=text&_count=200",
        "Condition?_summary=data&_count=200",
        "DocumentReference?_summary=true",
    ),
    "pages": (
        "Patient?_page=x",
        "Patient?_count=1",
        "Patient?_count=2&_total=accurate",
        "Observation?_count=1&_sort=-date",
        "Condition?_count=1000",
    ),
    "spelling": (
        "Patient?_id=Patient/{id}",
        "Patient?identifier={lower}",
        "Patient?identifier=%20{number}",
        "Patient?identifier={number},{number}",
        "Observation?subject=http://testserver/fhir/Patient/{id}",
        "Observation?subject=https://elsewhere.example/Patient/{id}",
        "Observation?subject:identifier=http://www.moi.gov.tw|{number}",
        "Observation?subject:identifier={number}",
    ),
    "error-text": (
        "Patient?nothing={id}",
        "Patient?birthdate={name}",
        "Patient?_sort={name}",
        "Patient?_count={name}",
        "Observation?subject:Device={id}",
        "Condition?code={code}&_page={id}",
    ),
    "as-typed": (
        "Patient?name={start1}",
        "Patient?name={start2}",
        "Patient?name={start3}",
        "Patient?identifier={part}",
    ),
    "closed-part": (
        "Condition?patient={id}&_total=accurate",
        "Condition?_security=PSY",
        "Condition?_security=http://terminology.hl7.org/CodeSystem/v3-ActCode|PSY&_summary=count",
        "Observation?patient={id}&_total=accurate&_count=200",
    ),
    "ruled-part": (
        "Condition?patient={id}&code={code}&_total=accurate",
        "Observation?patient={id}&date=ge2000&_sort=-date&_total=accurate",
        "Encounter?patient={id}&_summary=count",
    ),
    "type": ("Consent?_count=200", "Consent?patient={id}&_total=accurate", "AuditEvent?_summary=count"),
    "code-use": ("Condition?code={code}&_summary=count", "Observation?code=4548-4&_total=accurate&_count=0"),
}


def facts(her):
    """What searches and questions are filled with."""
    return {
        "id": her.id,
        "name": her.name,
        "family": her.name[0],
        "given": her.name[1:],
        "number": her.number,
        "lower": her.number.lower(),
        "part": her.number[:5],
        "chart": her.chart,
        "born": her.born,
        "code": her.code,
        "day": her.encounter_date,
        "last": her.records[-1][1],
        **{f"start{length}": her.name[:length] for length in (1, 2, 3)},
    }


def filled(her, kind):
    return [search.format(**facts(her)) for search in SEARCHES[kind]]


def _got(kind):
    def ask(client, her):
        for search in filled(her, kind):
            for handling in ("lenient", "strict"):
                yield client.get(f"/fhir/{search}", headers={"prefer": f"handling={handling}"})

    return ask


def _posted(kind):
    def ask(client, her):
        for search in filled(her, kind):
            record_type, _, pairs = search.partition("?")
            form = dict(pair.split("=", 1) for pair in pairs.split("&"))
            yield client.post(f"/fhir/{record_type}/_search", data=form)

    return ask


def _bundled(kind):
    def ask(client, her):
        gets = [{"request": {"method": "GET", "url": search}} for search in filled(her, kind)]
        for bundle in ("batch", "transaction"):
            yield client.post("/fhir", json={"resourceType": "Bundle", "type": bundle, "entry": gets})

    return ask


for _kind in SEARCHES:
    for _way, _path, _by in (
        (_got, "fhir.search", ALL),
        (_posted, "fhir.search-post", ("other",)),
        (_bundled, "fhir.bundle", ("other",)),
    ):
        register(_way(_kind), (_kind,), (_path,), _by, f"{_path}-{_kind}")


@attack(("fhir.search-post", "fhir.bundle"), "purpose", by=SECONDARY)
@attack(("fhir.search",), "purpose", by=SECONDARY)
def by_search_for_another_purpose(client, her):
    for search in (*filled(her, "key")[:4], *filled(her, "about")[:4]):
        record_type, _, pairs = search.partition("?")
        form = dict(pair.split("=", 1) for pair in pairs.split("&"))
        yield client.get(f"/fhir/{search}")
        yield client.post(f"/fhir/{record_type}/_search", data=form)
        for bundle in ("batch", "transaction"):
            gets = [{"request": {"method": "GET", "url": search}}]
            yield client.post("/fhir", json={"resourceType": "Bundle", "type": bundle, "entry": gets})


@attack(("fhir.search", "fhir.search-post", "fhir.bundle"), "claim")
def by_search_with_claims(client, her):
    for headers in CLAIMS:
        yield client.get(f"/fhir/Patient?identifier={her.number}&_total=accurate", headers=headers)
        yield client.post("/fhir/Patient/_search", data={"identifier": her.number}, headers=headers)
        gets = [{"request": {"method": "GET", "url": f"Patient?identifier={her.number}"}}]
        yield client.post(
            "/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": gets}, headers=headers
        )


@attack(("fhir.search", "fhir.search-post"), "pages", "sort")
def by_every_page(client, her):
    """All pages of everything, in steps that split around her."""
    for start in (
        "Patient?_count=7&_total=accurate",
        "Patient?_count=1&_sort=birthdate",
        "Observation?_count=190&_sort=-date",
        "Observation?_count=2&patient=bo",
        "Encounter?_count=180",
    ):
        address, turned = f"/fhir/{start}", 0
        while address and turned < 60:
            answer = client.get(address)
            yield answer
            links = [link["url"] for link in answer.json().get("link", []) if link["relation"] == "next"]
            address, turned = (links[0] if links else None), turned + 1


# Writing


def observation_of(her, **more):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "t"},
        "subject": {"reference": f"Patient/{her.id}"},
        **more,
    }


@attack(("fhir.create",), "write-about", "status", "error-text", "closed-part", "ruled-part", by=ALL)
def by_writing_about_her(client, her):
    yield client.post("/fhir/Observation", json=observation_of(her))
    yield client.post("/fhir/Observation", json=observation_of(her, id=her.records[-1][1]))
    for said in ("minimal", "representation", "OperationOutcome"):
        yield client.post("/fhir/Observation", json=observation_of(her), headers={"prefer": f"return={said}"})
    yield client.post(
        "/fhir/Encounter",
        json={
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"code": "AMB"},
            "subject": {"reference": f"Patient/{her.id}"},
        },
    )


@attack(("fhir.create",), "spelling", "write-about")
def by_writing_about_her_spelled_otherwise(client, her):
    for subject in (
        {"reference": f"http://testserver/fhir/Patient/{her.id}"},
        {"reference": f"Patient/{her.id}/_history/1"},
        {"reference": her.id},
        {"identifier": {"system": "http://www.moi.gov.tw", "value": her.number}},
        {"reference": "#p"},
    ):
        yield client.post("/fhir/Observation", json=observation_of(her, subject=subject))


@attack(("fhir.create",), "conditional-write")
def by_writing_where_none_exists(client, her):
    for condition in (f"subject=Patient/{her.id}", f"identifier={her.number}", "code=F32.9"):
        headers = {"if-none-exist": condition}
        yield client.post("/fhir/Observation", json=observation_of(her), headers=headers)


@attack(("fhir.create", "fhir.update", "fhir.delete"), "claim")
def by_writing_with_claims(client, her):
    for headers in CLAIMS:
        yield client.put(
            f"/fhir/Patient/{her.id}x", json={"resourceType": "Patient", "id": f"{her.id}x"}, headers=headers
        )
        yield client.delete("/fhir/{}/{}".format(*her.records[-1]), headers=headers)
        if her.whole:
            yield client.post("/fhir/Observation", json=observation_of(her), headers=headers)


@attack(("fhir.update", "fhir.delete"), "overwrite", "status", "error-text", "write-about", by=ALL)
@attack(("fhir.create",), "overwrite")
def by_changing_her(client, her):
    kind, name = her.records[-1]
    for kind, name in (her.records[0], her.records[-1]):
        body = observation_of(her, id=name) if kind != "Patient" else {"resourceType": "Patient", "id": name}
        if kind not in {"Observation", "Patient"}:
            body = {**body, "resourceType": kind}
        yield client.put(f"/fhir/{kind}/{name}", json=body)
        yield client.post(f"/fhir/{kind}/{name}", json=body)
        yield client.delete(f"/fhir/{kind}/{name}")
    yield client.put("/fhir/Observation/bo-1", json=observation_of(her, id="bo-1"))
    yield client.put(f"/fhir/{kind}/{name}", json=observation_of(her, id="another"))


@attack(("fhir.update", "fhir.delete"), "conditional-write", "closed-part", "ruled-part")
def by_changing_her_on_conditions(client, her):
    for kind, name in (*her.records[:1], *her.records[-2:]):
        body = {"resourceType": "Patient", "id": name} if kind == "Patient" else observation_of(her, id=name)
        for version in ('W/"1"', 'W/"2"', 'W/"7"', "*"):
            yield client.put(f"/fhir/{kind}/{name}", json=body, headers={"if-match": version})
            yield client.delete(f"/fhir/{kind}/{name}", headers={"if-match": version})
    patient = {"resourceType": "Patient", "id": her.id, "name": [{"text": "改名"}]}
    yield client.put(f"/fhir/Patient?identifier={her.number}", json=patient)
    yield client.delete(f"/fhir/Patient?identifier={her.number}")
    yield client.delete(f"/fhir/Observation?subject=Patient/{her.id}")


@attack(("fhir.update", "fhir.delete"), "spelling")
def by_changing_her_spelled_otherwise(client, her):
    kind, name = her.records[-1]
    for spelled in (f"{kind}/{name.upper()}", f"{kind}/{name}/", f"{kind}/%{ord(name[0]):02x}{name[1:]}"):
        yield client.delete(f"/fhir/{spelled}")
        yield client.put(f"/fhir/{spelled}", json=observation_of(her, id=name))


@attack(("fhir.create", "fhir.update", "fhir.delete"), "purpose", by=SECONDARY)
def by_writing_for_another_purpose(client, her):
    yield client.post("/fhir/Observation", json=observation_of(her))
    yield client.put("/fhir/Observation/ada-last", json=observation_of(her, id="ada-last"))
    yield client.delete("/fhir/Observation/ada-last")


# Bundles


@attack(
    ("fhir.bundle",),
    "status",
    "version",
    "history",
    "unchanged",
    "elements",
    "spelling",
    "closed-part",
    "ruled-part",
    by=ALL,
)
def by_reading_in_bundles(client, her):
    urls = [f"{kind}/{name}" for kind, name in her.records[:20]]
    urls += [f"{url}/_history" for url in urls[:4]] + [f"{url}/_history/1" for url in urls[:4]]
    urls += [f"{urls[0]}?_elements=id", f"Patient/{her.id.upper()}"]
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    entries += [{"request": {"method": "GET", "url": urls[0], "ifNoneMatch": 'W/"1"'}}]
    yield client.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": entries})
    for entry in entries[-6:]:
        yield client.post("/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": [entry]})


@attack(("fhir.bundle",), "write-about", "overwrite", "conditional-write", "error-text", by=ALL)
def by_writing_in_bundles(client, her):
    new = observation_of(her)
    made = {"fullUrl": "urn:uuid:4a1bd0ee-0c37-4ba6-bd6e-b0a49ba51a01", "resource": new}
    name = her.records[-1][1]
    for kind in ("batch", "transaction"):
        for changes in (
            [{"request": {"method": "DELETE", "url": f"Observation/{name}"}}],
            [{"request": {"method": "DELETE", "url": f"Observation/{name}", "ifMatch": 'W/"1"'}}],
            [{"request": {"method": "DELETE", "url": f"Patient?identifier={her.number}"}}],
            [{"request": {"method": "PUT", "url": f"Observation/{name}"}, "resource": {**new, "id": name}}],
            [
                {
                    **made,
                    "request": {"method": "POST", "url": "Observation", "ifNoneExist": f"subject={her.id}"},
                }
            ],
            [{**made, "request": {"method": "POST", "url": "Observation"}}],
            [
                {**made, "request": {"method": "POST", "url": "Observation"}},
                {
                    "request": {
                        "method": "GET",
                        "url": f"Observation?subject=Patient/{her.id}&_total=accurate",
                    }
                },
                {"request": {"method": "GET", "url": "Patient?_total=accurate"}},
            ],
        ):
            yield client.post("/fhir", json={"resourceType": "Bundle", "type": kind, "entry": changes})


@attack(
    ("fhir.bundle",), "type", "purpose", "inside", "named-beside", "unlinked", by=(*SECONDARY, "pharmacist")
)
def by_types_in_bundles(client, her):
    urls = [f"{kind}/{name}" for kind, name in her.records] + [
        f"Consent?patient={her.id}",
        "Group?_summary=count",
    ]
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    yield client.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": entries})


# Nobody signed in


@attack((*RECORD, *SEARCH, *WRITE), "nobody", by=("nobody",))
def by_nobody(client, her):
    kind, name = her.records[-1]
    yield client.get(f"/fhir/{kind}/{name}")
    yield client.get(f"/fhir/{kind}/{name}/_history")
    yield client.get(f"/fhir/{kind}/{name}/_history/1")
    yield client.get(f"/fhir/Patient?identifier={her.number}")
    yield client.post("/fhir/Patient/_search", data={"identifier": her.number})
    yield client.post("/fhir/Observation", json=observation_of(her))
    yield client.put(f"/fhir/{kind}/{name}", json=observation_of(her, id=name))
    yield client.delete(f"/fhir/{kind}/{name}")
    gets = [{"request": {"method": "GET", "url": f"Patient?identifier={her.number}"}}]
    yield client.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": gets})
