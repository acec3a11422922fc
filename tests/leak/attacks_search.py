"""The attacks on the whole grammar of search: chains, `_has`, includes, any order, composites, lists, filters, full
text, places, value sets, hierarchies and estimated totals, each asked about her."""

from leak.attacks import ALL, facts, register

SECRET = "敘事祕密"
SEARCHES = {
    "total": (
        "Patient?_total=estimate&_count=1",
        "Condition?code={code}&_total=estimate",
        "Condition?patient.name={name}&_total=estimate",
        "Patient?_has:Condition:patient:code={code}&_total=estimate&_count=0",
    ),
    "chain": (
        "Condition?patient.identifier={number}&_total=accurate",
        "Condition?patient:Patient._id={id}&_summary=count",
        "Observation?encounter.subject:Patient.identifier={number}",
        "Observation?encounter.date={day}&_total=accurate",
        "Observation?performer:Patient.name={name}&_total=accurate",
        "Group?member:Patient.birthdate={born}",
        "List?item:Patient.name={name}",
        "List?subject:Patient._has:Condition:patient:code={code}",
        "Observation?patient.general-practitioner:missing=true&_summary=count",
        "Provenance?target:Observation.patient.name={name}",
    ),
    "reverse-chain": (
        "Patient?_has:Observation:performer:code=8480-6&_total=accurate",
        "Patient?_has:Group:member:_id=both",
        "Patient?_has:List:item:_id=listed&_summary=count",
        "Patient?_has:Encounter:patient:date={day}",
        "Organization?_has:Encounter:service-provider:patient.identifier={number}",
        "Organization?_has:Encounter:service-provider:date={day}&_summary=count",
        "Organization?_has:Encounter:service-provider:_has:Observation:encounter:code=4548-4",
        "Encounter?_has:Observation:encounter:_has:List:item:_id=listed",
        "Patient?_has:Consent:patient:status=active&_total=accurate",
    ),
    "include": (
        "List?_include=*&_count=200",
        "Group?_include=Group:member&_count=200",
        "Observation?_include=Observation:encounter&_include:iterate=Encounter:service-provider&_count=200",
        "Observation?_include=Observation:subject&_include:iterate=Patient:link&_count=200",
        "Observation?_id=bo-1&_include=Observation:subject:Patient",
        "Condition?code={code}&_include=Condition:patient",
    ),
    "reverse-include": (
        "Patient?_id={id}&_revinclude=*",
        "Patient?_id=bo&_revinclude=*",
        "Organization?_id=h1&_revinclude=*&_count=200",
        "Organization?_id=h1&_revinclude=Encounter:service-provider&_revinclude:iterate=Observation:encounter",
        "Patient?name={name}&_revinclude=Condition:patient",
        "Organization?_revinclude=Encounter:service-provider&_include:iterate=Encounter:patient",
    ),
    "composite": (
        "Observation?code-value-quantity=4548-4$6.5&_total=accurate",
        "Observation?code-value-quantity=4548-4$gt1||%25&patient={id}",
        "Observation?combo-code-value-quantity=4548-4$lt100&_summary=count",
        "DocumentReference?relationship=DocumentReference/ada-document$replaces",
    ),
    "filter": (
        "Condition?_filter=code eq {code}",
        "Condition?_filter=patient.identifier eq {number}",
        "Patient?_filter=identifier eq {number} or birthdate eq {born}",
        "Observation?_filter=not (subject re Patient/{id})&_summary=count",
        "Patient?_list=listed&_total=accurate",
        "Observation?_list=listed,both",
        "Condition?patient={id}&_list=$current-problems",
        "AllergyIntolerance?patient={id}&_list=$current-allergies&_total=accurate",
        "Patient/{id}/Condition?_list=$current-problems",
        "Condition?_text=" + SECRET,
        "Condition?_text=" + SECRET + "&_summary=count",
        "Composition?_content=" + SECRET,
        "Patient?_content={number}&_total=accurate",
        "Patient?_text={name}&_total=estimate",
        "Location?near=25.0|121.5|100|km&_has:Encounter:location:patient={id}",
        "Condition?code:in=http://hl7.org/fhir/ValueSet/administrative-gender&_summary=count",
        "Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender&_summary=count",
        "Patient?gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender&_total=accurate",
        "Patient?gender:not=male&_summary=count",
        "Condition?code:below=http://hl7.org/fhir/sid/icd-10-cm|{code}&_total=accurate",
        "Condition?code:text={code}&_total=accurate",
        "Encounter?part-of:below=Encounter/ada-visit&_total=accurate",
        "Encounter?part-of:above=Encounter/ada-part&_total=accurate",
        "Encounter?part-of.part-of:below=Encounter/ada-visit&_summary=count",
        "Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|NI|{number}",
    ),
    "several": (
        "Observation?patient=bo,{id}",
        "Observation?patient=bo,dan,{id},nobody&_summary=count",
        "Observation?subject=Patient/{id},Patient/bo&code=none",
        "Patient?_id=bo,{id}",
        "Patient?_id={id},nobody,nobody-else",
        "Patient?identifier=B223456780,{number},{chart}",
        "Patient?identifier={number},{chart}&_total=accurate",
        "Condition?patient.identifier=B223456780,{number}",
        "Condition?patient:Patient._id=bo&_filter=patient eq Patient/{id} or code eq I10",
        "Observation?_id=bo-1,{id}-last,{id}-value",
        "?_type=Condition,Observation&_id=bo-1,bo-2,{id}-last,{id}-shut,{id}-illness",
        "Condition?_filter=id eq {id}-shut or code eq I10",
        "Condition?_filter=patient.identifier eq {number} or code eq I10&_count=1",
        "Patient?_filter=identifier eq {number} or birthdate eq 1990-07-15",
        "Patient/bo/Observation?subject=Patient/{id}",
        "Patient?_has:Observation:patient:_id={id}-last,bo-1",
        "Patient?_list=listed&_id=bo,{id}",
        "Organization?_has:Patient:organization:_id=bo,{id}",
    ),
    "sort": (
        "Observation?_sort=patient,-date&_count=200",
        "Observation?_sort=-value-quantity&_count=200",
        "Observation?_sort=value-quantity&_count=2",
        "Observation?_sort=performer&_count=200",
        "Observation?_sort=encounter,code&_count=3",
        "Condition?_sort=code&_count=200",
        "Condition?_sort=-code&_count=2",
        "Patient?_sort=-identifier&_count=2",
        "Patient?_sort=family,-given&_count=200",
        "Patient?_sort=organization&_count=200",
        "List?_sort=item&_count=200",
        "Organization?_sort=name&_has:Encounter:service-provider:status=finished",
    ),
    "missing": (
        "Observation?encounter:missing=true&_total=accurate",
        "Observation?value-quantity:missing=false&_sort=-value-quantity&_summary=count",
        "Patient?_has:Observation:patient:encounter:missing=false&_total=accurate",
    ),
    "pages": (
        "Observation?_sort=code&_count=1",
        "Patient?_has:Observation:patient:code=8480-6&_count=1",
        "Observation?_include=Observation:subject&_count=1",
    ),
    "error-text": (
        "Observation?patient.name:exact={name}&_sort=near",
        "Patient?_list=$current-problems",
        "Condition?code:in=http://nowhere.test/{number}",
        "Condition?code:below=http://nowhere.test/{number}|1",
        "Patient?_include={name}",
        'Patient?_filter=name zz "{name}"',
    ),
}
"""More searches of each kind; see `attacks.SEARCHES`."""
AS = {"several": "filter"}
"""What is no kind of its own: she is named beside others, so that what she adds to a line of the log would show."""


def filled(her, kind):
    return [search.format(**facts(her)) for search in SEARCHES[kind]]


def followed(client, address, most=4):
    """An answer and some of the pages after it."""
    while address and most:
        answer = client.get(address)
        yield answer
        links = answer.json().get("link", []) if answer.status_code == 200 else []
        address, most = next((link["url"] for link in links if link["relation"] == "next"), None), most - 1


def got(kind):
    def ask(client, her):
        for search in filled(her, kind):
            yield from followed(client, f"/fhir/{search}")

    return ask


def posted(kind):
    def ask(client, her):
        for search in filled(her, kind):
            record_type, _, pairs = search.partition("?")
            headers = {"content-type": "application/x-www-form-urlencoded"}
            yield client.post(f"/fhir/{record_type}/_search", content=pairs.encode(), headers=headers)

    return ask


def bundled(kind):
    def ask(client, her):
        gets = [{"request": {"method": "GET", "url": search}} for search in filled(her, kind)]
        yield client.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": gets})

    return ask


for _kind in SEARCHES:
    for _way, _path, _by in (
        (got, "fhir.search", ALL),
        (posted, "fhir.search-post", ("other",)),
        (bundled, "fhir.bundle", ("other",)),
    ):
        register(_way(_kind), (AS.get(_kind, _kind),), (_path,), _by, f"{_path}-whole-{_kind}")
