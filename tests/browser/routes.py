"""An example address for every GET route, by the person who opens it. `{name}` stands for what `facts` finds.

A route without an example here fails `test_pages.py`.
"""

FREQUENCIES = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medication-frequency-nhi-tw"

WATCHED = "/systems/smart_epidemic_prevention"

PAGES = {
    "": (
        f"{WATCHED}?week=2017-25", f"{WATCHED}/signal/ili-2017-25-09020-all", f"{WATCHED}/scorecard",
        f"{WATCHED}/series?watch=enterovirus&area=67000&week=2019-37", f"{WATCHED}/forecasts?area=67000&week=2017-25",
        f"{WATCHED}/public?week=2017-25", f"{WATCHED}/method", f"{WATCHED}/bulletin?week=2019-06",
        f"{WATCHED}/dengue?day=2015-08-20&area=67000340", f"{WATCHED}/dengue/warnings", f"{WATCHED}/room?week=2017-25",
        "/", "/search", "/search?q=臺南", "/patterns", "/systems", "/systems?q=護病&state=partly", "/systems/2",
        "/systems/183", "/systems/nurse_ratio?month=2024-03", "/systems/nurse_ratio/hospitals?level=醫學中心",
        "/systems/nurse_ratio/hospitals/0421040011", "/systems/nurse_ratio/counties", "/systems/nurse_ratio/method",
        "/open", "/open/population", "/open/population?county=67000",
        "/codes", "/codes?q=內科", f"/codes?system={FREQUENCIES}",
        f"/codes/concept?system={FREQUENCIES}&code=QD", "/about/sources",
        "/about/accessibility", "/about/privacy",
        "/vectors", "/vectors/purpose", "/vectors/ihe_pcf", "/uses?check=1", "/uses?purpose=secondary",
        "/sign-in", "/sign-in/as",
        "/implementers", "/implementers?q=observ", "/implementers/types/Patient", "/implementers/types/Observation",
    ),
    "citizen": (
        "/me", "/me/timeline", "/me/looked", "/me/looked?own=1", "/me/looked/{look}", "/me/choices",
        "/me/choices/stop", "/me/choices/restrict", "/me/choices/restrict?q=臺南",
        "/me/choices/restrict?organisation={hospital}", "/me/choices/close", "/me/choices/end?consent={consent}",
        "/me/choices/stop?part=1", "/me/choices/stop?category=diagnoses&purpose=HRESCH", "/me/choices/close?label=PSY",
        "/me/certificates", "/me/certificates/{certificate}",
        "/me/family", "/me/family/let-in?account=relative&until=2030-01-01", "/me/download",
        "/records/Encounter/{encounter}", "/records/Observation/{observation}?as=timeline",
    ),
    "relative": (
        "/family/{citizen}", "/family/{citizen}/timeline", "/records/Encounter/{encounter}?for={citizen}",
    ),
    "clinician": (
        "/emergency", "/bases", "/patients", "/patients?q=林", "/patients/{citizen}", "/patients/{citizen}/results",
        "/patients/{citizen}/timeline",
        "/patients/{citizen}/notify", "/records/Patient/{citizen}", "/records/Observation/{observation}",
        "/records/Observation/{observation}?as=timeline", "/records/Observation/{observation}?as=table",
        "/records/Observation/{observation}?as=json", "/records/MedicationRequest/{prescription}",
        "/records/Condition/{condition}",
        "/implementers/search/Patient", "/implementers/search/Observation?patient={citizen}&_count=3",
        "/implementers/search/Observation?code:missing=true&_count=2&as=json",
        "/implementers/search/Patient?_id={citizen}&as=xml", "/implementers/history/Condition/{condition}",
        "/implementers/history/Condition/{condition}?as=readable", "/implementers/history/Condition/{condition}?as=raw",
        "/implementers/validate",
    ),
    "analyst": (
        "/ask", "/ask?view=person", "/ask?view=condition&by=sex&then=birth", "/ask?view=encounter&by=county",
        "/ask?view=condition&use=GOV",
    ),
    "officer": (
        "/tasks", "/tasks/{work}", f"{WATCHED}?week=2017-25", f"{WATCHED}/room?week=2017-25",
        f"{WATCHED}/signal/ili-2017-25-67000-all",
        "/surveillance", "/surveillance?purpose=surveillance",
        "/surveillance/cases?disease=A90", "/surveillance/enter?purpose=surveillance",
        "/surveillance/cases?purpose=surveillance",
        "/surveillance/cases?purpose=surveillance&disease=A90&since=2026-01-01",
    ),
    "nation": ("/watches/ili/retune", "/watches/ili/retune?setting=weekly&value=10&week=2023-27", "/tasks"),
    "privacy": ("/privacy", "/privacy/readers/{reader}", "/privacy/known", "/emergencies", "/bases"),
    "keeper": (
        "/operation", "/emergencies", "/bases", "/gate/explain", "/persons/duplicates", "/persons/history",
        "/persons/pair?one={citizen}&other={daughter}",
        "/gate/explain?reader=clinician&purpose=TREAT&record=Condition/{condition}",
        "/gate/standings", "/gate/standings?account=officer",
    ),
}  # fmt: skip
"""Pages, each held to every demand that a page must meet."""

ERRORS = {
    "": (
        f"{WATCHED}/signal/nothing",
        f"{WATCHED}?week=1999-01",
        "/nothing",
        "/systems/nothing",
        "/systems/nurse_ratio?month=1999-01",
        "/open/population?county=1",
    ),
    "citizen": ("/me/looked/999999", "/patients"),
    "clinician": (
        "/patients/nobody",
        "/records/Patient/nobody",
        "/ask",
        "/implementers/search/Patient?birthdate=x",
        "/implementers/history/Patient/nobody",
    ),
    "analyst": ("/ask?view=person&measure=mean",),
    "officer": ("/watches/ili/retune",),
}
"""Pages that say what is wrong, held to the same."""

FILES = {
    "": (
        "/health", "/health/live", "/health/ready", "/systems.csv", "/systems/nurse_ratio.csv?month=2024-03",
        f"{WATCHED}.csv?week=2017-25", f"{WATCHED}/public.xlsx?week=2017-25", f"{WATCHED}/method.json",
        f"{WATCHED}/bulletin.csv?week=2019-06", f"{WATCHED}/bulletin.csv?week=2019-06&area=67000",
        "/systems/nurse_ratio/hospitals.json?month=2024-03", "/open.json", "/open/population.xlsx",
        "/codes.csv?q=aspirin", "/codes.json?q=aspirin",
        "/vectors.csv", "/vectors/purpose.json", "/vectors/all.json", "/vectors/schema.json",
        "/vectors/rules.json", "/vectors/rules.schema.json",
        f"/codes/concept.csv?system={FREQUENCIES}&code=QD", "/about/sources.csv", "/uses.csv", "/uses/{use}.json",
        "/uses/checkpoint",
        "/fhir/metadata", "/fhir/openapi.json",
    ),
    "citizen": (
        "/me/looked/{look}/proof.json", "/me/looked/events.json",
        "/me/download/record.json", "/me/download/record.csv", "/me/certificates/{certificate}/proof.json",
    ),
    "clinician": (
        "/notification/questionnaire",
        "/fhir/Patient/{citizen}", "/fhir/Observation?patient={citizen}", "/fhir/Patient/{citizen}/_history",
        "/fhir/Patient/{citizen}/_history/1", "/fhir/$versions", "/fhir/_history?_count=3", "/fhir/Patient/_history",
        "/fhir/?_type=Patient,Encounter&_count=3", "/fhir/Patient/{citizen}/Observation",
        "/fhir/Patient/{citizen}/$everything?_count=5", "/fhir/Patient/{citizen}/$meta",
        "/fhir/Patient/{citizen}/$validate",
        f"/fhir/CodeSystem/$lookup?system={FREQUENCIES}&code=QD",
    ),
    "analyst": ("/ask.csv?view=condition&by=sex",),
    "officer": (
        "/surveillance/cases.csv?purpose=surveillance", "/surveillance/cases.xlsx?purpose=surveillance&disease=A90",
    ),
    "keeper": ("/operation.csv", "/metrics"),
}  # fmt: skip
"""What is taken away or read by programs."""


LATER = {
    "citizen": ("/fhir/$export", "/fhir/$export-job/x", "/fhir/$export-job/x/1"),
    "keeper": ("/fhir/$import-job/x", "/fhir/$import-job/x/bad"),
    "officer": (
        "/surveillance/Condition/x", "/surveillance/fhir/x", "/tasks/x/files/x",
    ),
}  # fmt: skip
"""Addresses of work that is answered later, which tests/web/fhir/test_export.py and test_import.py open, and of cases,
of which a demo may have none: tests/work/test_line_list_page.py opens them, and test_attachments.py the files."""


def listed(kinds):
    """(person, address) of each example."""
    return [(person, path) for person, paths in kinds.items() for path in paths]
