"""The command line: help, languages, exit codes, JSON, and each thing that can go wrong in one line."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
from shutil import copytree

import orjson
import pytest

from camphora.cli import main
from camphora.cli.parser import build
from camphora.gate import Identity, User
from camphora.policy import Role


def _run(capsys, *arguments):
    try:
        code = main(list(arguments))
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """An installation with one patient, to be copied."""
    folder = tmp_path_factory.mktemp("loaded")
    path = folder / "a.ndjson"
    path.write_bytes(orjson.dumps({"resourceType": "Patient", "id": "ada", "gender": "female"}) + b"\n")
    main(["load", str(path), "--into", str(folder / "place"), "--lang", "en"])
    return folder / "place"


@pytest.fixture
def place(loaded, tmp_path, capsys):
    copytree(loaded, tmp_path / "place")
    capsys.readouterr()
    return tmp_path / "place"


def _leaves(parser, words=()):
    below = [
        action
        for action in parser._actions
        if hasattr(action, "choices") and isinstance(action.choices, dict)
    ]
    if not below:
        yield words
    for action in below:
        for name, inner in action.choices.items():
            yield from _leaves(inner, (*words, name))


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_every_command_has_help_with_an_example(capsys, lang):
    parser, _ = build(["--lang", lang])
    for words in _leaves(parser):
        code, out, _ = _run(capsys, *words, "--help", "--lang", lang)
        assert code == 0
        assert f"camphora {words[0]}" in out
        assert ("範例" if lang == "zh-TW" else "example") in out


def test_without_a_command_the_help_is_shown(capsys):
    code, out, _ = _run(capsys, "--lang", "en")
    assert code == 0
    assert "exit codes" in out


@pytest.mark.parametrize(
    "words", [["demo", "--people", "abc"], ["lode"], ["user", "add"], ["load"], ["demo", "--nope"]]
)
def test_a_wrong_use_is_said_with_a_remedy(capsys, words):
    code, _, err = _run(capsys, *words, "--lang", "zh-TW")
    assert code == 2
    assert "cli-usage" in err
    assert "--help" in err


def test_loading_says_what_became_of_the_file_as_json(capsys, tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"resourceType":"Patient","id":"a"}\n{"resourceType":"Patient","birthDate":"x"}\n')
    code, out, err = _run(
        capsys, "load", str(path), "--into", str(tmp_path / "p"), "--bad", str(tmp_path), "--json"
    )
    fields = json.loads(out)
    assert code == 2
    assert (fields["read"], fields["written"], fields["faults"]) == (2, 1, 1)
    fault = json.loads(err.splitlines()[0])
    assert "a.ndjson:2" in fault["place"]
    assert fault["remedy"]


def test_a_dry_run_needs_no_installation_and_makes_none(capsys, tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"resourceType":"Patient","id":"a"}\n')
    code, out, _ = _run(capsys, "load", str(path), "--into", str(tmp_path / "p"), "--dry-run", "--json")
    assert (code, json.loads(out)["written"]) == (0, 1)
    assert not (tmp_path / "p").exists()


def test_an_empty_file_is_never_a_success(capsys, tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_bytes(b"\n\n")
    code, out, _ = _run(capsys, "load", str(path), "--into", str(tmp_path / "p"), "--lang", "en")
    assert code == 2
    assert "holds no data" in out


def test_a_folder_that_is_no_installation_is_one_line_and_no_traceback(capsys, tmp_path):
    for words in (["serve"], ["backup"], ["audit", "verify"]):
        rest = [str(tmp_path / "to")] if words == ["backup"] else []
        code, _, err = _run(capsys, *words, str(tmp_path), *rest, "--lang", "en")
        assert code == 2
        assert "installation-none" in err
        assert "Traceback" not in err


def test_a_taken_port_is_said_in_one_line(capsys, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, _, err = _run(capsys, "demo", "--port", port, "--no-browser", "--lang", "zh-TW")
    assert code == 7
    assert f"連接埠 {port} 已被使用" in err


def test_a_folder_that_cannot_be_written_is_said_in_one_line(capsys):
    code, _, err = _run(capsys, "demo", "--keep", "/proc/camphora", "--port", "0", "--lang", "en")
    assert code == 7
    assert "installation-read-only" in err
    assert "Traceback" not in err


def test_accounts_and_tokens(capsys, place, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("a long enough password\n"))
    code, _, _ = _run(
        capsys, "user", "add", "lin", "--role", "citizen", "--person", "ada", "--in", str(place)
    )
    assert code == 0
    code, out, _ = _run(capsys, "user", "list", "--in", str(place), "--json")
    assert json.loads(out)["name"] == "lin"
    code, out, _ = _run(capsys, "token", "issue", "lin", "--in", str(place), "--lang", "en")
    assert out.startswith("cam_")
    code, _, err = _run(capsys, "token", "issue", "nobody", "--in", str(place), "--lang", "en")
    assert code == 4
    assert "gate-no-user" in err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--role", "clinician"], "cli-role-needs"),
        (["--role", "citizen"], "cli-role-needs"),
        (["--role", "clinician", "--organisation", "nosuch"], "cli-no-such-record"),
        (["--role", "citizen", "--person", "nosuch"], "cli-no-such-record"),
    ],
)
def test_an_account_is_linked_to_what_is_there(capsys, place, words, code):
    exit_code, _, err = _run(capsys, "user", "add", "lin", *words, "--in", str(place), "--lang", "en")
    assert exit_code == 2
    assert code in err


def test_a_demo_is_not_mixed_with_files_of_others(capsys, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    code, _, err = _run(
        capsys, "demo", "--keep", str(tmp_path), "--port", "0", "--no-browser", "--lang", "en"
    )
    assert code == 5
    assert "installation-foreign-folder" in err


def test_the_log_is_verified_and_a_changed_byte_found(capsys, place):
    code, out, _ = _run(capsys, "audit", "verify", str(place), "--json")
    assert (code, json.loads(out)["sound"]) == (0, True)
    (place / "audit" / "receipts.log").write_bytes(b"{}\n")
    code, out, err = _run(capsys, "audit", "verify", str(place), "--lang", "en")
    assert code == 2
    assert "receipt 0 (line 1 of receipts.log)" in err
    _, _, err = _run(capsys, "audit", "verify", str(place), "--lang", "zh-TW")
    assert "第 0 號查閱存證（receipts.log 第 1 行）已非查閱存證" in err


def test_a_proof_is_checked_offline(capsys, tmp_path):
    from camphora.audit import Log, Receipt

    log = Log(tmp_path / "audit")
    for number in range(5):
        log.append(Receipt(number, "u", "n", "clinician", "h", "care", "read", ("Patient",), nonce="n"))
    proof = log.proof(3)
    log.close()
    file = tmp_path / "proof.json"
    file.write_bytes(orjson.dumps(proof))
    assert _run(capsys, "audit", "check", str(file))[0] == 0
    file.write_bytes(orjson.dumps({**proof, "entry": proof["entry"].replace("read", "took")}))
    assert _run(capsys, "audit", "check", str(file))[0] == 2
    file.write_bytes(b"[]")
    code, _, err = _run(capsys, "audit", "check", str(file), "--lang", "en")
    assert code == 2
    assert "cli-not-a-proof" in err
    _, _, err = _run(capsys, "audit", "check", str(tmp_path / "missing.json"), "--lang", "en")
    assert "there is no file missing.json" in err


def test_the_life_of_a_system_folder(capsys, tmp_path):
    assert _run(capsys, "system", "new", "flu_watch", "--in", str(tmp_path))[0] == 0
    assert _run(capsys, "system", "check", "flu_watch", "--in", str(tmp_path), "--lang", "en")[0] == 0
    code, out, _ = _run(capsys, "system", "test", "flu_watch", "--in", str(tmp_path), "--json")
    assert code == 0
    assert json.loads(out)["passed"] > 0
    assert _run(capsys, "system", "demo", "flu_watch", "--in", str(tmp_path))[0] == 0
    code, out, _ = _run(capsys, "system", "list", "--in", str(tmp_path), "--json")
    assert {"flu_watch", "nurse_ratio"} <= {json.loads(line)["name"] for line in out.splitlines()}


def test_no_color_and_the_locale_are_kept():
    environment = {**os.environ, "NO_COLOR": "1", "LC_ALL": "en_US.UTF-8"}
    command = [sys.executable, "-m", "camphora", "serve", "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2
    assert "holds no installation" in done.stderr
    assert "\x1b[" not in done.stderr


def test_a_real_installation_is_not_opened_as_a_demo(capsys, place):
    code, _, err = _run(capsys, "demo", "--keep", str(place), "--port", "0", "--no-browser", "--lang", "en")
    assert code == 5
    assert "installation-not-a-demo" in err


@pytest.mark.parametrize(
    ("host", "settings", "warned"),
    [
        ("0.0.0.0", "", True),
        ("0.0.0.0", 'address = "https://a.example.tw"\n', False),
        ("127.0.0.1", "", False),
    ],
)
def test_serving_the_network_without_an_address_is_warned_of(place, capsys, host, settings, warned):
    """The port is none, so that nothing is opened."""
    (place / "service.toml").write_text(settings)
    assert main(["serve", str(place), "--host", host, "--port", "70000", "--lang", "en"]) == 2
    (place / "service.toml").unlink()
    assert ("names no address" in capsys.readouterr().err) == warned


def test_serving_a_demo_ends_the_sessions_that_nobody_signed_in_for(place):
    identity = Identity(place / "gate.sqlite")
    identity.add_user(User("persona", "persona", Role.ANALYST), None)
    token = identity.open_session(identity.user("persona")).token
    command = [sys.executable, "-m", "camphora", "serve", str(place), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert json.loads(serving.stdout.readline())["ready"]
        found = identity.session(token)
        serving.send_signal(signal.SIGINT)
    identity.close()
    assert found is None
    assert serving.returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lode"], "不能是 lode，可用的有 demo"),
        (["load"], "缺少 FILE, --into"),
        (["user", "list", "--nope"], "沒有 --nope 這個選項或參數"),
        (["demo", "--people", "abc"], "--people 的值 abc 不正確"),
        (["demo", "--people"], "--people 後面須有一個值"),
        (["demo", "--no-browser=1"], "--no-browser 後面不接值"),
        (["demo", "--p", "1"], "可能是 --people, --port"),
        (["validate"], "缺少 FILE"),
    ],
)
def test_a_wrong_use_is_said_in_the_readers_language(capsys, words, said):
    code, _, err = _run(capsys, *words, "--lang", "zh-TW")
    assert (code, said in err) == (2, True), err


def test_a_load_that_is_passed_over_ends_as_its_faults_do_and_a_bundle_says_it_was_left_out(capsys, tmp_path):
    person = {"resourceType": "Patient", "id": "a"}
    path = tmp_path / "a.ndjson"
    path.write_text(json.dumps(person) + "\n" + json.dumps({**person, "id": "b", "colour": "red"}) + "\n")
    given = ["--into", str(tmp_path / "p"), "--bad", str(tmp_path), "--lang", "en"]
    assert _run(capsys, "load", str(path), *given)[0] == 2
    code, out, _ = _run(capsys, "load", str(path), "--resume", *given)
    assert (code, "it had 1 fault then, and that row is not written" in out) == (2, True)
    entries = [{"resource": person}, {"resource": {**person, "id": "b", "colour": "red"}}]
    path = tmp_path / "b.json"
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    code, out, _ = _run(capsys, "load", str(path), *given)
    assert (code, "all 2 were left out" in out, "b-bad.json" in out) == (2, True, True)


def test_what_a_load_only_warns_of_is_counted(capsys, tmp_path):
    path = tmp_path / "a.ndjson"
    rows = [{"resourceType": "Patient", "id": f"p{n}"} for n in range(5)]
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    _, out, _ = _run(capsys, "load", str(path), "--into", str(tmp_path / "p"), "--lang", "en")
    warned = (
        "warning validation-advice: 5 places (a.ndjson:1 Patient; a.ndjson:2 Patient; a.ndjson:3 Patient and"
    )
    assert warned in out
    _, out, _ = _run(capsys, "load", str(path), "--into", str(tmp_path / "p"), "--json")
    assert [(one["code"], one["n"]) for one in json.loads(out)["warnings"]] == [("validation-advice", 5)]


def test_a_load_says_which_search_parameters_declare_nothing(capsys, tmp_path):
    row = {
        "resourceType": "SearchParameter", "id": "a", "url": "https://example.org/a", "name": "S", "status": "active",
        "description": "-", "code": "status", "base": ["Observation"], "type": "token",
        "expression": "Observation.status",
    }  # fmt: skip
    path = tmp_path / "a.ndjson"
    path.write_text(
        json.dumps(row) + "\n" + json.dumps({**row, "id": "b", "url": "u:b", "type": "string"}) + "\n"
    )
    given = [str(path), "--into", str(tmp_path / "p"), "--bad", str(tmp_path)]
    code, out, _ = _run(capsys, "load", *given, "--lang", "en")
    assert code == 0
    same = "1 search parameter kept as records that declare nothing, as parameters of the same codes and types were"
    assert f"{same} there (a.ndjson:1 SearchParameter.code)" in out
    assert "warning: 1 search parameter kept" in out
    assert "1 個查詢參數照存而不另宣告" in _run(capsys, "load", *given, "--lang", "zh-TW")[1]
