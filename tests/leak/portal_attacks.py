"""Attacks on the pages and their files: by the restricted hospital, by a stranger, by an analyst."""

from leak.attacks import attack


@attack("clinic.patients")
def by_looking_for_her(client, her):
    for text in (
        her.name,
        her.name[0],
        her.name[1:],
        her.number,
        her.number.lower(),
        her.chart,
        her.id,
        her.born,
    ):
        yield client.get("/patients", params={"q": text})
        yield client.get("/patients", params={"q": text}, headers={"hx-request": "true"})
        yield client.get("/patients", params={"q": text, "lang": "en"})


@attack("clinic.patient", "clinic.timeline", "clinic.results")
def by_opening_her(client, her):
    for path in (
        *(f"/patients/{her.id}{part}" for part in ("", "/timeline", "/results")),
        f"/patients/{her.id.upper()}",
    ):
        for lang in ("zh-TW", "en"):
            yield client.get(path, params={"lang": lang})
        yield client.get(path, headers={"hx-request": "true"})


@attack("clinic.record")
def by_opening_her_records(client, her):
    for kind, name in her.records:
        yield client.get(f"/records/{kind}/{name}")
    for reading in ("readable", "timeline", "table", "json"):
        for kind, name in (("Patient", her.id), her.records[-1]):
            yield client.get(f"/records/{kind}/{name}", params={"as": reading})


@attack("clinic.record", by="stranger")
def by_a_stranger_opening_her_records(client, her):
    for kind, name in her.records[:30]:
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
)


@attack(
    "citizen.record",
    "citizen.timeline",
    "citizen.looked",
    "citizen.choices",
    "citizen.stop",
    "citizen.restrict",
    "citizen.close",
    "citizen.end",
    "citizen.family",
    "citizen.let-in",
    "citizen.download",
    "citizen.bundle",
    "citizen.csv",
    "lake.open_rows_of",
    by="stranger",
)
def by_a_stranger_on_her_own_pages(client, her):
    for path in OWN_PAGES:
        for name in ("person", "patient", "id", "subject"):
            yield client.get(path, params={name: her.id})
    for kind, name in her.records[:4]:
        yield client.get("/me/choices/end", params={"id": name, "consent": name, "type": kind})
    for name in ("choice-0", "choice-1"):
        yield client.get("/me/choices/end", params={"id": name, "consent": name})


@attack("citizen.relative", "citizen.relative.timeline", by="stranger")
def by_pretending_to_be_her_relative(client, her):
    for path in (f"/family/{her.id}", f"/family/{her.id}/timeline"):
        yield client.get(path)
        yield client.get(path, headers={"hx-request": "true"})


@attack("citizen.receipt", "citizen.proof", by="stranger")
def by_asking_for_receipts_of_others(client, her):
    """Receipt 0 is of a doctor who read somebody else; what the stranger may open concerns only themselves."""
    for number in range(12):
        for path in (f"/me/looked/{number}", f"/me/looked/{number}/proof.json"):
            answer = client.get(path)
            assert number > 0 or answer.status_code == 404
            if answer.status_code != 200:
                yield answer


QUESTIONS = (
    {"view": "person", "measure": "persons"},
    {"view": "person", "measure": "persons", "by": "county"},
    {"view": "person", "measure": "persons", "by": "sex"},
    {"view": "condition", "measure": "persons", "by": "sex", "code": "I10"},
    {"view": "condition", "measure": "rows", "by": "county"},
    {"view": "observation", "measure": "rows"},
)


@attack("ask", "ask.download", "lake.ask", by="analyst")
def by_asking_what_she_would_change(client, her):
    for question in QUESTIONS:
        yield client.get("/ask", params=question)
        for form in ("csv", "json"):
            yield client.get(f"/ask.{form}", params=question)
    yield client.get("/ask", params={"view": "condition", "measure": "persons", "code": her.code})
    yield client.get(
        "/ask", params={"view": "person", "measure": "persons", "since": her.born, "until": her.born}
    )
