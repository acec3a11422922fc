"""`camphora gate`: standing, projects, bases."""

import io
import json
import socket
from shutil import copytree

import orjson
import pytest

from builders import NOW
from camphora.cli import main
from camphora.cli.beside import answering
from camphora.gate import Identity, User
from camphora.gate.bases import DAY, Bases
from camphora.gate.projects import Projects
from camphora.gate.state import State, now
from camphora.installation import Installation
from camphora.policy import Purpose, Role
from camphora.policy.choices import close_part, restrict


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """An installation with one patient, a clinician and an analyst, to be copied."""
    folder = tmp_path_factory.mktemp("loaded")
    path = folder / "a.ndjson"
    path.write_bytes(orjson.dumps({"resourceType": "Patient", "id": "ada", "gender": "female"}) + b"\n")
    main(["load", str(path), "--into", str(folder / "place"), "--lang", "en"])
    accounts = Identity(folder / "place" / "gate.sqlite")
    accounts.add_user(User("lin", "林醫師", Role.CLINICIAN, organisation="h1"), None)
    accounts.add_user(User("analyst", "分析員", Role.ANALYST), None)
    accounts.close()
    return folder / "place"


@pytest.fixture
def place(loaded, tmp_path):
    return copytree(loaded, tmp_path / "place")


@pytest.fixture
def camphora(place, capsys):
    capsys.readouterr()

    def run(*arguments):
        code = main([*arguments, "--in", str(place)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_standing_is_set_by_kind_and_shown(camphora):
    code, out, _ = camphora("gate", "standing", "lin", "--area", "63000", "--area", "65000", "--json")
    assert code == 0
    assert json.loads(out)["area"] == ["63000", "65000"]
    camphora("gate", "standing", "lin", "--ward", "Location/w1", "--json")
    code, out, _ = camphora("gate", "standing", "lin", "--clear", "area", "--json")
    assert (json.loads(out)["area"], json.loads(out)["ward"]) == ([], ["Location/w1"])
    _, out, _ = camphora("gate", "standing", "lin", "--lang", "en")
    assert "no limit" in out
    assert "Location/w1" in out


def test_an_account_is_told_for_which_records_it_stands(camphora):
    camphora("gate", "standing", "lin", "--record", "Practitioner/p7", "--record", "PractitionerRole/r1")
    code, out, _ = camphora("gate", "standing", "lin", "--json")
    assert (code, json.loads(out)["record"]) == (0, ["Practitioner/p7", "PractitionerRole/r1"])
    camphora("gate", "standing", "lin", "--clear", "record")
    assert json.loads(camphora("gate", "standing", "lin", "--json")[1])["record"] == []


def test_another_account_of_the_same_name_has_nothing_of_what_was_removed(camphora, monkeypatch):
    camphora("gate", "standing", "lin", "--record", "Practitioner/p7", "--membership", "CareTeam/t")
    assert camphora("user", "remove", "lin")[0] == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("another-long-password\n"))
    assert camphora("user", "add", "lin", "--role", "analyst")[0] == 0
    kept = json.loads(camphora("gate", "standing", "lin", "--json")[1])
    assert (kept["record"], kept["membership"]) == ([], [])


def test_an_account_is_given_another_role_and_institution(camphora):
    def listed(name):
        rows = [json.loads(line) for line in camphora("user", "list", "--json")[1].splitlines()]
        return next(row for row in rows if row["name"] == name)

    assert camphora("user", "change", "lin", "--role", "analyst")[0] == 0
    row = listed("lin")
    assert (row["role"], row["organisation"]) == ("analyst", "h1")
    code, _, err = camphora("user", "change", "lin", "--organisation", "h9", "--lang", "en")
    assert (code, "cli-no-such-record" in err) == (2, True)
    assert camphora("user", "change", "lin", "--no-organisation")[0] == 0
    row = listed("lin")
    assert row["organisation"] is None
    code, _, err = camphora("user", "change", "lin", "--role", "clinician", "--lang", "en")
    assert (code, "cli-role-needs" in err) == (2, True)
    assert camphora("user", "change", "nobody", "--role", "analyst")[0] == 4


def test_standing_of_nobody_and_of_no_area_are_refused(camphora):
    assert camphora("gate", "standing", "nobody", "--area", "63000")[0] == 4
    code, _, err = camphora("gate", "standing", "lin", "--area", "Taipei", "--lang", "en")
    assert code == 2
    assert "gate-standing" in err


def project(*more):
    return (
        "gate", "project", "dm-1", "--title", "糖尿病照護研究", "--approver", "irb",
        "--since", "2020-01-01", "--until", "2099-12-31", *more,
    )  # fmt: skip


def test_a_project_is_registered_listed_and_ended(camphora, place):
    code, out, _ = camphora(*project("--member", "analyst"), "--json")
    assert code == 0
    assert json.loads(out)["purpose"] == "https://camphora.tw/project|dm-1"
    _, out, _ = camphora("gate", "projects", "--json")
    row = json.loads(out)
    assert (row["members"], row["since"], row["until"]) == ("analyst", "2020-01-01", "2099-12-31")
    state = State(place / "gate.sqlite")
    assert [each.id for each in Projects(state).of("analyst")] == ["dm-1"]
    camphora("gate", "end-project", "dm-1")
    assert Projects(state).of("analyst") == []
    state.close()


def test_a_project_that_cannot_be(camphora):
    assert camphora(*project("--member", "nobody"))[0] == 4
    assert camphora(*project("--since", "soon"))[0] == 2
    assert camphora("gate", "end-project", "dm-1")[0] == 4
    camphora(*project())
    assert camphora(*project())[0] == 5


def test_bases_are_listed_with_their_state(camphora, place):
    state = State(place / "gate.sqlite")
    bases = Bases(state)
    for _ in range(2):
        bases.apply(
            "officer",
            "b1",
            "依法辦理疫調",
            purposes=["PUBHLTH"],
            since=now(),
            until=now() + DAY,
            least_reason=4,
        )
    bases.decide(1, "privacy", approved=True)
    bases.use(1)
    state.close()
    _, out, _ = camphora("gate", "bases", "--lang", "en", "--json")
    rows = {row["no"]: (row["state"], row["uses"]) for row in map(json.loads, out.splitlines())}
    assert rows == {1: ("in force", 1), 2: ("waits for approval", 0)}


def test_without_an_installation_it_says_so(tmp_path, capsys):
    assert main(["gate", "projects", "--in", str(tmp_path)]) == 2
    assert "installation-none" in capsys.readouterr().err


@pytest.fixture
def explained(place, tmp_path):
    """A condition of ada, who closes HIV for care, and an administrator."""
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}
    condition = {
        "resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/ada"},
        "meta": {"security": [label]}, "code": {"text": "secret words"},
    }  # fmt: skip
    path = tmp_path / "b.ndjson"
    rows = [condition, {**close_part("ada", "HIV", NOW), "id": "k1"}]
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    main(["load", str(path), "--into", str(place), "--lang", "en"])
    accounts = Identity(place / "gate.sqlite")
    accounts.add_user(User("keeper", "管理者", Role.ADMINISTRATOR), None)
    accounts.close()
    return place


ASKED = ("gate", "explain", "--reader", "lin", "--purpose", "TREAT", "--record", "Condition/c1")


def test_a_decision_is_explained_and_leaves_a_receipt(explained, camphora):
    code, out, _ = camphora(*ASKED, "--json")
    assert code == 0
    told = json.loads(out)
    assert told["outcome"] == "deny"
    deciding = told["reasons"][-1]
    assert (deciding["code"], deciding["provision"]) == ("part-closed", "provision")
    assert deciding["consent"].endswith("k1")
    assert told["receipt"]["decision"] == "deny"
    assert "secret" not in out
    assert "HIV" not in out
    lines = (explained / "audit" / "receipts.log").read_bytes().splitlines()
    receipt = json.loads(lines[told["explained"]])
    assert (receipt["act"], receipt["reader"], receipt["purpose"]) == ("explain", "keeper", "operation")
    assert receipt["persons"]


def test_a_decision_is_explained_beside_the_process_that_serves(explained, camphora):
    alone = json.loads(camphora(*ASKED, "--json")[1])
    installation = Installation.open(explained)
    try:
        code, _, err = camphora(*ASKED, "--json")
        assert (code, "installation-held" in err) == (7, True)
        with answering(installation):
            assert (explained / "asked.sock").stat().st_mode & 0o777 == 0o600
            code, out, _ = camphora(*ASKED, "--json")
            unknown = camphora(*ASKED[:3], "nobody", *ASKED[4:])
            text = camphora(*ASKED, "--lang", "en")
        receipt = installation.store.audit.receipt(json.loads(out)["explained"])
        assert not (explained / "asked.sock").exists()
    finally:
        installation.close()
    assert (code, unknown[0], text[0]) == (0, 4, 0)
    assert "gate-no-user" in unknown[2]
    assert "part-closed" in text[1]
    same = {key: value for key, value in json.loads(out).items() if key not in {"at", "explained"}}
    assert same == {key: value for key, value in alone.items() if key not in {"at", "explained"}}
    assert (receipt["act"], receipt["reader"], receipt["purpose"]) == ("explain", "keeper", "operation")
    assert receipt["persons"]


def test_a_socket_that_nobody_answers_any_more_is_passed_by(explained, camphora):
    installation = Installation.open(explained)
    with answering(installation):
        (explained / "asked.sock").rename(explained / "kept.sock")
    installation.close()
    (explained / "kept.sock").rename(explained / "asked.sock")
    assert camphora(*ASKED, "--json")[0] == 0
    installation = Installation.open(explained)
    with answering(installation):
        assert camphora(*ASKED, "--json")[0] == 0
    installation.close()


def test_what_is_no_question_is_not_answered_and_the_next_is(explained, camphora):
    installation = Installation.open(explained)
    with answering(installation):
        for said in (b"", b"no question\n", b"[]\n", b"{}\n"):
            with socket.socket(socket.AF_UNIX) as asking:
                asking.connect(str(explained / "asked.sock"))
                asking.sendall(said)
                asking.shutdown(socket.SHUT_WR)
                assert asking.recv(100) == b""
        assert camphora(*ASKED, "--json")[0] == 0
    installation.close()


def test_the_receipt_explained_is_the_one_that_a_reading_leaves(explained, camphora):
    from camphora.installation import Installation

    installation = Installation.open(explained)
    try:
        reader = installation.gate.identity.user("lin").reader()
        access = installation.gate.access(reader, Purpose.CARE)
        installation.store.read(access, "Patient", "ada")
        installation.store.settle()
        left = installation.store.audit.receipt(len(installation.store.audit) - 1)
        last = installation.store.last_change()
        assert left["choices"] == installation.store.mark(last)
    finally:
        installation.close()
    told = json.loads(camphora(*ASKED[:-1], "Patient/ada", "--json")[1])
    assert {key: left[key] for key in told["receipt"] if key != "ground"} == {
        key: value for key, value in told["receipt"].items() if key != "ground"
    }
    assert {each["version"] for each in told["sets"]} == {last}
    assert told["policy"].endswith(f" {left['policy']}")


def test_who_is_meant_is_explained_by_the_records_of_the_store(explained, camphora, tmp_path, capsys):
    above = {
        "resourceType": "Organization",
        "id": "h1",
        "name": "一",
        "partOf": {"reference": "Organization/h9"},
    }
    path = tmp_path / "c.ndjson"
    path.write_bytes(
        b"".join(orjson.dumps(row) + b"\n" for row in (above, {**restrict("ada", "h9", NOW), "id": "k2"}))
    )
    asked = (*ASKED[:-1], "Patient/ada", "--json")
    assert json.loads(camphora(*asked)[1])["outcome"] == "permit"
    assert main(["load", str(path), "--into", str(explained), "--lang", "en"]) == 0
    capsys.readouterr()
    told = json.loads(camphora(*asked)[1])
    assert (told["outcome"], told["reasons"][-1]["code"]) == ("deny", "restricted")
    assert "restricted:h9" in {each["name"] for each in told["sets"]}


def test_an_earlier_moment_says_that_choices_are_those_of_now(explained, camphora):
    said = camphora(*ASKED, "--at", "2020-01-01T00:00:00+08:00", "--lang", "zh-TW")[1]
    assert "以現在的為準" in said
    assert json.loads(camphora(*ASKED, "--json")[1])["choices_as_of"] == "now"


@pytest.mark.parametrize(("lang", "word"), [("zh-TW", "不准許"), ("en", "refused")])
def test_an_explanation_is_said_in_words(explained, camphora, lang, word):
    code, out, err = camphora(*ASKED, "--lang", lang)
    assert code == 0
    assert word in out
    assert "part-closed" in out
    assert err.strip()


def test_the_moment_and_the_role_are_weighed(explained, camphora):
    told = json.loads(camphora(*ASKED, "--at", "2020-01-01T00:00:00+08:00", "--json")[1])
    assert told["at"] == 1577808000000
    assert (
        json.loads(camphora(*ASKED, "--json", "--reader", "analyst")[1])["reasons"][-1]["code"]
        == "role-lacks-purpose"
    )


@pytest.mark.parametrize(
    ("more", "code"),
    [(("--reader", "nobody"), 4), (("--record", "Condition/none"), 4), (("--record", "c1"), 2),
     (("--purpose", "NONE"), 2), (("--at", "soon"), 2), (("--by", "lin"), 4)],
)  # fmt: skip
def test_what_cannot_be_explained_is_refused(explained, camphora, more, code):
    assert camphora(*ASKED, *more)[0] == code


def test_the_policy_is_shown_with_values_defaults_and_reasons(camphora, place):
    (place / "policy.toml").write_text('[parameters]\n"ages.own_act" = 12\n', "utf-8")
    code, out, _ = camphora("gate", "policy", "--json")
    assert code == 0
    rows = {row["name"]: row for row in json.loads(out)["parameters"]}
    assert (rows["ages.own_act"]["value"], rows["ages.own_act"]["default"]) == ("12", "14")
    assert all(row["why"]["zh-TW"] and row["why"]["en"] for row in rows.values())
    for lang, word in (("zh-TW", "預設值"), ("en", "Default")):
        code, out, _ = camphora("gate", "policy", "--lang", lang)
        assert code == 0
        assert word in out


def test_a_wrong_policy_is_told_with_every_fault(camphora, place):
    (place / "policy.toml").write_text('[parameters]\n"ages.own_act" = "x"\n"ages.own" = 3\n', "utf-8")
    code, _, err = camphora("gate", "policy", "--lang", "en")
    assert code == 2
    assert "policy.toml:2" in err
    assert "policy.toml:3" in err


def test_a_receipt_explained_on_a_basis_before_choices_is_an_override(explained, camphora):
    installation = Installation.open(explained)
    gate = installation.gate
    gate.identity.add_user(User("duty", "承辦", Role.OFFICER), None)
    gate.standings.set("duty", "organisation-kind", ["government"])
    claim = gate.bases.apply(
        "duty",
        "statutory-duty",
        "依法執行法定職務",
        purposes=["GOV"],
        since=now(),
        until=now() + DAY,
        least_reason=4,
    )
    gate.bases.decide(claim.no, "privacy", approved=True)
    installation.close()
    asked = ("gate", "explain", "--reader", "duty", "--purpose", "GOV", "--record", "Condition/c1", "--json")
    told = {
        name: json.loads(camphora(*asked, *more)[1])
        for name, more in (("basis", ("--basis", "1")), ("bare", ()))
    }
    assert told["basis"]["reasons"][-1]["code"] == "legal-basis"
    assert told["basis"]["receipt"]["decision"] == "override"
    assert told["bare"]["receipt"]["decision"] == "permit"
