"""Scenes of relatives and guardians: who was let in sees what was given, by somebody who could give it,
until its end."""

from datetime import date

from builders import NOW, observation, patient
from camphora.fhir.search import parse_query
from camphora.policy import Purpose, Request, admit, choices
from consented import REASON as WHY
from consented import consent
from leak import attacks as fhir
from leak import portal_attacks as portal
from leak.comparing import hold_no_secret, said
from leak.ground import ADA, OTHER
from leak.scenarios import MOTHER, reader, refused, scene, sees

UNTIL = date(2099, 1, 1)


def denying(person, relative):
    """What somebody says of a relative who is not to read for them."""
    actor = {
        "role": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}
            ]
        },
        "reference": {"reference": f"Patient/{relative}"},
    }
    family = {"system": WHY, "code": "FAMRQT"}
    return consent("x", person, {"type": "deny", "purpose": [family], "actor": [actor]})


@scene((*portal.RELATIVE, "clinic.record", "citizen.family"), "delegated", "status")
def who_was_let_in_and_is_denied_since_is_as_one_never_let_in(make):
    """By a second Consent beside the first, which still stands; and by a child who was too young to let anybody in."""
    world = make()
    world.write(
        patient("kid", "張小寶", f"{NOW.year - 9}-01-01", "A199999999"),
        observation("kid-1", "kid", "8480-6", "2026-01-01"),
    )
    gate, client = world.installation.gate, world.client("stranger")
    never = {
        path: said(client.get(path))
        for path in ("/family/never", "/family/never/timeline", "/records/Observation/never?for=never")
    }
    alone = said(client.get("/me/family"))

    def as_never(person, record):
        assert gate.letting_in(reader(world, "stranger")) == frozenset()
        assert said(client.get("/me/family")) == alone
        for path, answer in never.items():
            mine = path.replace("Observation/never", record).replace("never", person)
            assert said(client.get(mine))[0] == answer[0], mine

    world.choose("bo-lets-in", choices.let_in("bo", "dan", UNTIL, NOW))
    assert gate.letting_in(reader(world, "stranger")) == {"bo"}
    assert client.get("/family/bo").status_code == 200
    world.choose("bo-denies", denying("bo", "dan"))
    as_never("bo", "Observation/bo-1")
    world.remove("Consent", "bo-denies")
    assert client.get("/family/bo").status_code == 200
    world.remove("Consent", "bo-lets-in")
    world.choose("kid-lets-in", choices.let_in("kid", "dan", UNTIL, NOW))
    as_never("kid", "Observation/kid-1")


@scene(
    (
        *portal.RELATIVE,
        "clinic.record",
        *portal.CHART,
        *portal.FILES,
        *fhir.RECORD,
        "fhir.search",
        "fhir.search-post",
    ),
    "delegated",
    "cache",
    "old-token",
)
def a_relative_sees_nothing_after_the_end(make):
    """The session, the addresses and the programs' token of a relative who was let in, after she has ended it."""
    world, absent = make(), make(there=False)
    identity = world.installation.gate.identity
    session, token = (
        identity.open_session(identity.user("stranger")).token,
        identity.issue_token("stranger", "t", 9),
    )
    client, never = world.with_token(session), absent.client("stranger")
    letting = choices.let_in("ada", "dan", date(2099, 1, 1), NOW)
    world.choose("ada-lets-in", letting)
    pages = (
        "/family/ada",
        "/family/ada/timeline",
        "/records/Observation/ada-last?for=ada",
        "/records/Patient/ada?for=ada",
        "/records/Observation/ada-value?for=ada&as=timeline",
    )
    other = (
        "/me/download/record.json",
        "/me/download/record.csv",
        "/patients/ada",
        "/patients/ada/timeline",
        "/patients/ada/results",
        "/patients/ada/notify",
        "/records/Observation/ada-last",
        "/fhir/Patient/ada",
        "/fhir/Patient/ada/_history",
        "/fhir/Patient/ada/_history/1",
        "/fhir/Observation?patient=ada&_total=accurate",
        "/me/family",
    )
    for path in pages:
        assert client.get(path).status_code == 200, path
    assert client.get("/records/Consent/ada-restricts?for=ada").status_code in {403, 404}
    hold_no_secret([client.get(path) for path in other if path != "/me/family"], ADA)
    assert world.client("analyst").get("/family/ada").status_code == never.get("/family/ada").status_code
    for end in (lambda: world.choose("ada-lets-in", choices.ended(letting)), lambda: _lapse(world, letting)):
        world.choose("ada-lets-in", letting)
        assert client.get("/family/ada").status_code == 200
        end()
        for path in (*pages, *other):
            assert said(client.get(path)) == said(never.get(path)), path
        posted = [one.post("/fhir/Patient/_search", data={"_id": "ada"}) for one in (client, never)]
        assert said(posted[0]) == said(posted[1])
        bearer = world.anybody().get("/fhir/Patient/ada", headers={"authorization": f"Bearer {token}"})
        assert bearer.status_code == 404


def _lapse(world, letting):
    world.choose(
        "ada-lets-in", {**letting, "provision": {**letting["provision"], "period": {"end": "2026-01-01"}}}
    )


@scene((*portal.RELATIVE, "clinic.record"), "delegated", "purpose")
def a_relative_of_one_is_none_of_another(make):
    world = make()
    world.choose("bo-lets-in", choices.let_in("bo", "dan", date(2099, 1, 1), NOW))
    client = world.client("stranger")
    assert client.get("/family/bo").status_code == 200
    for path in (
        "/family/ada",
        "/records/Observation/ada-last?for=bo",
        "/records/Observation/ada-last?for=ada",
        "/records/Patient/ada?for=bo",
    ):
        answer = client.get(path)
        assert answer.status_code in {403, 404}, path
        hold_no_secret([answer], ADA)


@scene((*portal.RELATIVE, "clinic.record"), "delegated", "type")
def a_relative_let_in_for_one_kind_reads_only_that(make):
    world = make()
    letting = choices.let_in("ada", "dan", date(2099, 1, 1), NOW)
    kind = [{"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}]
    world.choose("ada-lets-in", {**letting, "provision": {**letting["provision"], "class": kind}})
    asked = Request(reader(world, "stranger"), Purpose.SELF, person="ada", lets_in=frozenset({"ada"}))
    access, store = admit(asked).access, world.installation.store
    assert store.read(access, "Observation", "ada-last").id == "ada-last"
    for kind, name in (("Condition", "ada-illness"), ("Encounter", "ada-visit"), ("Observation", "bo-1")):
        codes = {refused(lambda k=kind, n=each: store.read(access, k, n)) for each in (name, "zed")}
        assert len(codes) == 1
        assert "" not in codes
    found = [
        store.search(access, parse_query(kind, [("patient", "ada")], strict=True)).rows
        for kind in ("Condition", "Encounter", "Observation")
    ]
    assert [len(each) for each in found] == [0, 0, 2]


# Minors


@scene((*portal.RELATIVE, "clinic.record"), "delegated", "old-token", "cache")
def a_guardian_reads_nothing_from_majority_on(make):
    """Whose session is as old as the child was; and what the guardian restricted for a child stands when it has grown
    up."""
    world, year = make(), NOW.year
    world.write(patient("kid", "張小寶", f"{year - 9}-01-01", "A199999999"), MOTHER)
    world.write(observation("kid-1", "kid", "8480-6", f"{year - 1}-01-01"))
    client = world.client("stranger")
    pages = ("/family/kid", "/family/kid/timeline", "/records/Observation/kid-1?for=kid")
    assert [client.get(path).status_code for path in pages] == [200, 200, 200]
    gate = world.installation.gate
    access = gate.access(reader(world, "stranger"), Purpose.SELF, person="kid")
    assert (access.ground, access.may_write("Consent")) == ("guardian", True)
    world.write(patient("kid", "張小寶", f"{year - 19}-01-01", "A199999999"))
    for path in pages:
        answer, never = client.get(path), client.get(path.replace("kid", "never"))
        assert answer.status_code == never.status_code != 200, path
        assert "張小寶" not in answer.text
    assert sees(world, path="/fhir/Observation/kid-1")
    then = choices.restrict("kid", OTHER, NOW.replace(year=year - 5))
    world.choose("kid-restricts", choices.given_by(then, "Patient/dan"))
    assert not sees(world, path="/fhir/Observation/kid-1")
