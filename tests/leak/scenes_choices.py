"""Scenes of choices: one that is made, ended, made again or not yet holds from its moment on, for everything that was
handed out before it."""

import base64
from datetime import UTC, datetime, timedelta

from builders import NOW, patient
from camphora.policy import choices
from consented import consent, treating
from leak import attacks as fhir
from leak.comparing import hold_no_secret, said
from leak.ground import ADA, HOSPITAL, OTHER, choices_of_all
from leak.scenarios import (
    CLINIC,
    FHIR,
    READ,
    Kept,
    alike,
    exactly,
    figures,
    restricts,
    scene,
    sees,
)


@scene((*fhir.RECORD, *fhir.SEARCH, *CLINIC), "cache", "old-token")
def a_choice_holds_for_who_was_signed_in_before(make):
    """The very session that has just read her, asking again with all that it was given."""
    world, absent = make(chosen=False), make(there=False)
    client, never = world.client("other"), absent.client("other")
    before, _ = ([answer for ask in READ for answer in ask(one, ADA)] for one in (client, never))
    assert sum("ada" in answer.text for answer in before if answer.status_code == 200) > 20
    assert {answer.headers["cache-control"] for answer in before} == {"no-store"}
    for name, choice in choices_of_all(there=True):
        world.choose(name, choice)
    alike(Kept(world, client), Kept(absent, never), READ)


@scene(("fhir.read", "fhir.search", "fhir.bundle"), "old-token", "claim")
def a_choice_holds_for_tokens_issued_before(make):
    world = make(chosen=False)
    identity = world.installation.gate.identity
    bearer = {"authorization": f"Bearer {identity.issue_token('other', 't', 9)}"}
    client = world.anybody()
    assert client.get("/fhir/Patient/ada", headers=bearer).status_code == 200
    restricts(world)
    assert client.get("/fhir/Patient/ada", headers=bearer).status_code == 404
    found = client.get("/fhir/Patient?identifier=A123456789&_total=accurate", headers=bearer).json()
    assert found["total"] == 0
    identity.revoke_tokens("other")
    assert client.get("/fhir/Patient/bo", headers=bearer).status_code == 401


def crowd(world):
    """So many of her family name that a page of the finder does not hold them."""
    world.write(
        *(patient(f"w{number}", f"王{number:02}", "1960-01-01", f"W12345{number:04}") for number in range(23))
    )


@scene(("fhir.search", "fhir.search-post", "clinic.patients"), "cursor", "pages")
def a_cursor_does_not_carry_her_over_a_choice(make):
    """Tokens handed out while she was seen: whatever page comes next, she is on none. Ended, the same token goes on."""
    world, absent = make(chosen=False), make(there=False)
    for one in (world, absent):
        crowd(one)
    clients = [one.client("other") for one in (world, absent)]
    starts = (
        "/fhir/Patient?_count=3&_sort=-birthdate",
        "/fhir/Patient?_count=2&_sort=birthdate",
        "/fhir/Observation?_count=1&_sort=date",
        "/fhir/Observation?_count=1",
        "/fhir/Observation?patient=ada&_count=1",
        "/fhir/Condition?_count=1",
    )
    held = {start: _next(clients[0].get(start)) for start in starts}
    assert all(held.values())
    finder = clients[0].get("/patients", params={"q": "王"}).text
    more = finder.partition("page=")[2].partition('"')[0].replace("&amp;", "&")
    restricts(world)
    for start, first in held.items():
        address = first
        while address:
            answer = clients[0].get(address)
            assert answer.status_code in {200, 400}
            hold_no_secret([answer], ADA)
            assert '"ada' not in answer.text, start
            address = _next(answer)
    assert '"total":0' not in clients[0].get(held["/fhir/Observation?patient=ada&_count=1"]).text
    pages = [clients[0].get(f"/patients?q=王&page={more}").text, clients[0].get("/patients?q=王").text]
    assert not any(ADA.name in page for page in pages)
    assert said(clients[0].get("/patients?q=王")) == said(clients[1].get("/patients?q=王"))
    world.choose("later-restricts", choices.ended(choices.restrict("ada", OTHER, NOW)))
    address = held["/fhir/Observation?patient=ada&_count=1"]
    assert clients[0].get(address).status_code in {200, 400}


def _next(answer):
    links = answer.json().get("link", []) if answer.status_code == 200 else []
    return next((link["url"] for link in links if link["relation"] == "next"), None)


@scene(("fhir.search",), "cursor", "error-text", "claim")
def a_cursor_serves_only_whom_it_was_given(make):
    """A page of the hospital that may see her, carried to the one that may not; and to another question."""
    world = make()
    address = _next(world.client("welcome").get("/fhir/Observation?patient=ada&_count=1"))
    assert address
    for by in ("other", "pharmacist", "stranger", "analyst"):
        answer = world.client(by).get(address)
        assert answer.status_code in {400, 403}
        assert "ada-" not in answer.text
    carried = address.replace("patient=ada", "patient=bo")
    assert world.client("welcome").get(carried).status_code == 400
    token = address.partition("_page=")[2].partition("&")[0].partition(".")[2]
    body = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert b"[" not in body[:1]
    assert b"ada" not in body


# Choices that end, come back, or are not yet


@scene((*fhir.RECORD, "fhir.search", "fhir.search-post", "fhir.bundle", *CLINIC), "ended-choice")
def an_ended_choice_may_be_made_again(make):
    """Ended, deleted, written to another institution, and made again under the same name."""
    world, absent = make(), make(there=False)
    consent = choices.restrict("ada", OTHER, NOW)
    world.choose("ada-restricts", choices.ended(consent))
    assert sees(world)
    world.choose("ada-restricts", consent)
    alike(world, absent, READ)
    world.remove("Consent", "ada-restricts")
    assert sees(world)
    world.choose("ada-restricts", consent)
    alike(world, absent, READ[:4])
    restricts(world, "ada-restricts", HOSPITAL)
    assert sees(world)
    assert not sees(world, "welcome")
    world.choose("ada-restricts", consent)
    restricts(world, "twice")
    world.remove("Consent", "twice")
    assert not sees(world), "one of two equal choices ended, the other holds"
    assert sees(world, "welcome")


@scene((*fhir.RECORD, "fhir.search", "fhir.search-post", *CLINIC[:-1]), "clock")
def a_choice_holds_in_its_period_alone(make):
    world, absent = make(), make(there=False)
    now = datetime.now(UTC)

    def during(start=None, end=None):
        consent = choices.restrict("ada", OTHER, NOW)
        period = {"start": start and start.isoformat(), "end": end and end.isoformat()}
        consent["provision"]["period"] = {key: value for key, value in period.items() if value}
        world.choose("ada-restricts", consent)

    during(start=now + timedelta(days=1))
    assert sees(world)
    during(end=now - timedelta(days=1))
    assert sees(world)
    during(start=now - timedelta(seconds=1), end=now + timedelta(hours=1))
    alike(world, absent, READ[:4])
    during(start=now - timedelta(days=1))
    alike(world, absent, READ)
    closing = choices.close_part("cyd", "PSY", NOW)
    closing["provision"]["period"] = {"end": (now - timedelta(days=1)).isoformat()}
    world.choose("cyd-closes", closing)
    assert sees(world, path="/fhir/Condition/cyd-shut")
    closing["provision"]["period"] = {"start": (now + timedelta(days=1)).isoformat()}
    world.choose("cyd-closes", closing)
    assert sees(world, path="/fhir/Condition/cyd-shut")


@scene((*FHIR, *CLINIC, "lake.ask"), "ended-choice", "cache")
def a_choice_that_was_anothers_weighs_for_whom_it_is(make):
    """A load that finds a Consent to be somebody else's moves it: it no longer holds for the first, at once."""
    world = exactly(make(chosen=False))
    world.choose("moved", consent("x", "dan", treating()))
    assert sees(world)
    assert not sees(world, path="/fhir/Condition/dan-1")
    world.choose("moved", consent("x", "ada", treating()))
    assert not sees(world)
    assert sees(world, path="/fhir/Condition/dan-1")
    found = [figures(world)]
    for person in ("dan", "bo", "dan"):
        world.choose("stops", choices.stop_secondary_use(person, NOW))
        found.append(figures(world))
    open_to_all, without_dan, without_bo, again = found
    assert again == without_dan
    assert len({str(each) for each in (open_to_all, without_dan, without_bo)}) == 3
