"""Heads as others keep them: notes, witnesses, split views, cuts, and a key that changes."""

import base64
import hashlib
import shutil

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.leaves import receipt
from camphora.audit import Log, check_proof, is_vouched_for, verify
from camphora.audit.checkpoints import read_checkpoint, verifier_key
from camphora.audit.heads import public_key, public_keys
from camphora.audit.merkle import Tree, leaf_hash
from camphora.audit.witnesses import Addition, Witness, contradictions, read_addition
from camphora.cli import main
from camphora.errors import Conflict, Forbidden, Invalid


def _grown(log, count):
    """The log with so many receipts more, and its head with the proof from the size before."""
    old = len(log)
    log.extend([receipt(old + number) for number in range(count)])
    head = log.checkpoint()
    return Addition(old, tuple(log.consistency(old, head.size)) if old else (), head)


@pytest.fixture
def log(tmp_path):
    made = Log(tmp_path / "audit")
    yield made
    made.close()


def test_a_checkpoint_is_a_signed_note_as_c2sp_writes_it(log):
    head = _grown(log, 3).head
    lines = head.text().split("\n")
    public = log.first_key.public_bytes_raw()
    name = f"camphora/{public.hex()[:16]}"
    assert lines[:4] == [name, "3", base64.b64encode(head.root).decode(), ""]
    dash, signer, blob = lines[4].split(" ")
    key = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    assert (dash, signer, base64.b64decode(blob)[:4]) == ("\u2014", name, key)
    log.first_key.verify(base64.b64decode(blob)[4:], "\n".join([*lines[:3], ""]).encode())
    assert verifier_key(name, log.first_key).split("+", 2)[1] == key.hex()
    assert read_checkpoint(head.text()) == head


@pytest.mark.parametrize(
    "spoil",
    ["", "x", "a\n1\nAA==\n\n", "a\n01\n{root}\n\n\u2014 a AAAAAAAA\n", "a\n1\n{root}\n\n- a AAAAAAAA\n"],
)
def test_what_is_no_checkpoint_is_refused(spoil):
    with pytest.raises(Invalid, match="audit-not-a-checkpoint"):
        read_checkpoint(spoil.replace("{root}", base64.b64encode(bytes(32)).decode()))


def test_a_witness_follows_a_growing_log_and_signs_each_head(log, tmp_path):
    witness = Witness(tmp_path / "kept", "witness.example")
    for count in (1, 4, 20):
        asked = read_addition(_grown(log, count).text())
        taken = witness.take(asked, log.first_key)
        assert taken.is_signed_by(witness.public, "witness.example")
        assert not taken.is_signed_by(log.first_key, "witness.example")
    assert [head.size for head in witness.heads()] == [1, 5, 25]


def test_a_witness_refuses_a_rewritten_log_and_keeps_it_as_evidence(log, tmp_path):
    witness = Witness(tmp_path / "kept", "w")
    witness.take(_grown(log, 5), log.first_key)
    log.sync()
    shutil.copytree(tmp_path / "audit", tmp_path / "other")
    (tmp_path / "other" / "receipts.log").write_bytes(b"")
    (tmp_path / "other" / "heads.log").unlink()
    rewritten = Log(tmp_path / "other")
    rewritten.extend([receipt(number, act="search") for number in range(5)])
    second = Addition(5, tuple(_proof(rewritten, 5, 3)), rewritten.checkpoint())
    rewritten.close()
    with pytest.raises(Conflict, match="audit-split-view"):
        witness.take(second, log.first_key)
    assert [head.size for head in witness.heads()] == [5]
    assert len(list((tmp_path / "kept").glob("split-*.note"))) == 1


def _proof(log, old, more):
    log.extend([receipt(number) for number in range(more)])
    log.sync()
    return log.consistency(old, len(log))


def test_a_witness_takes_no_head_of_another_key_and_none_that_skips(log, tmp_path):
    witness = Witness(tmp_path / "kept", "w")
    with pytest.raises(Forbidden, match="audit-not-signed"):
        witness.take(_grown(log, 1), Ed25519PrivateKey.generate().public_key())
    witness.take(_grown(log, 1), log.first_key)
    _grown(log, 2)
    with pytest.raises(Invalid, match="audit-old-head"):
        witness.take(_grown(log, 2), log.first_key)


def _two_views(tmp_path):
    """Two logs with one key: what somebody would keep who shows different people different receipts."""
    first = Log(tmp_path / "a")
    first.close()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    views = [Log(tmp_path / name) for name in "ab"]
    views[0].extend([receipt(number) for number in range(6)])
    views[1].extend([receipt(number + (number == 2) * 100) for number in range(6)])
    return views


def test_split_views_and_rewritten_pasts_are_found_without_the_log(tmp_path):
    left, right = _two_views(tmp_path)
    one, two = Addition(0, (), left.checkpoint()), Addition(0, (), right.checkpoint())
    later = _grown(right, 4)
    found, _ = contradictions([one, two], [left.first_key])
    assert [each.kind for each in found] == ["split"]
    found, _ = contradictions([one, later], [left.first_key])
    assert [each.kind for each in found] == ["inconsistent"]
    assert contradictions([two, later], [left.first_key]) == ([], 0)
    assert contradictions([two, Addition(0, (), later.head)], [left.first_key]) == ([], 1)
    for view in (left, right):
        view.close()


def test_the_log_in_hand_shows_what_was_cut_or_changed(tmp_path):
    left, right = _two_views(tmp_path)
    kept = [Addition(0, (), left.checkpoint()), _grown(left, 3)]
    tree = Tree()
    for number in range(len(right)):
        tree.append(leaf_hash(right.entry(number)))
    found, _ = contradictions(kept, [left.first_key], tree)
    assert sorted(each.kind for each in found) == ["changed", "cut"]
    assert contradictions(kept, [], tree)[0][0].kind == "unsigned"
    for view in (left, right):
        view.close()


def test_old_heads_and_proofs_hold_after_the_key_changed(tmp_path):
    log = Log(tmp_path / "audit")
    log.append(receipt(0))
    before = log.proof(0)
    new = log.rotate()
    log.append(receipt(1))
    after = log.proof(1)
    log.close()
    assert check_proof(before)
    assert check_proof(after)
    assert not check_proof({**after, "rotations": []})
    assert after["rotations"][0]["head"]["next"] == new
    again = Log(tmp_path / "audit")
    again.append(receipt(2))
    again.close()
    verdict = verify(tmp_path / "audit", public_keys(tmp_path / "audit"))
    assert (verdict.sound, verdict.receipts) == (True, 3)


def test_a_proof_holds_between_the_change_of_key_and_the_next_receipt(tmp_path):
    """The newest head is the one that names the new key: the old one signed it."""
    log = Log(tmp_path / "audit")
    log.append(receipt(0))
    log.rotate()
    between = [log.proof(0)]
    log.close()
    again = Log(tmp_path / "audit")
    between.append(again.proof(0))
    again.rotate()
    between.append(again.proof(0))
    again.close()
    assert [check_proof(proof) for proof in between] == [True, True, True]
    first = public_key(tmp_path / "audit")
    assert all(is_vouched_for(proof, first) for proof in between)
    assert [len(proof["rotations"]) for proof in between] == [0, 0, 1]


def test_a_forged_change_of_key_is_found(tmp_path):
    log = Log(tmp_path)
    log.append(receipt(0))
    log.rotate()
    log.append(receipt(1))
    log.close()
    lines = (tmp_path / "heads.log").read_bytes().split(b"\n")
    rotation = next(number for number, line in enumerate(lines) if b'"next"' in line)
    forged = orjson.loads(lines[rotation])
    forged["head"]["next"] = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    lines[rotation] = orjson.dumps(forged)
    (tmp_path / "heads.log").write_bytes(b"\n".join(lines))
    assert not verify(tmp_path).sound


def test_a_crash_while_the_key_changes_leaves_one_key_in_use(tmp_path):
    log = Log(tmp_path)
    log.append(receipt(0))
    log.rotate()
    log.close()
    (tmp_path / "heads.key").rename(tmp_path / "heads.key.next")
    (tmp_path / "heads.key").write_bytes(Ed25519PrivateKey.generate().private_bytes_raw())
    again = Log(tmp_path)
    again.append(receipt(1))
    again.close()
    assert verify(tmp_path).sound


def test_the_commands_export_witness_and_compare(tmp_path, capsys):
    log = Log(tmp_path / "place" / "audit")
    log.append(receipt(0))
    log.sync()
    folder, kept = str(tmp_path / "place"), str(tmp_path / "kept")
    key = str(tmp_path / "place" / "audit" / "heads.pub")
    note = tmp_path / "head.txt"
    for old in ("0", "1"):
        assert main(["audit", "heads", folder, "--old", old]) == 0
        note.write_text(capsys.readouterr().out, "utf-8")
        assert main(["audit", "witness", kept, str(note), "--key", key]) == 0
        capsys.readouterr()
        log.append(receipt(1))
        log.sync()
    notes = [str(path) for path in sorted((tmp_path / "kept").glob("*.checkpoint"))]
    assert main(["audit", "check-heads", *notes, "--log", folder]) == 0
    log.close()
    (tmp_path / "place" / "audit" / "receipts.log").write_bytes(b"")
    assert main(["audit", "check-heads", *notes, "--log", folder, "--key", key]) == 2
    assert main(["audit", "verify", folder, "--key", "00" * 31]) == 2


def test_a_copy_without_the_private_key_exports_no_head_and_gets_no_key(tmp_path, capsys):
    """An auditor's copy: what was signed there would be signed by another key than the log's."""
    log = Log(tmp_path / "audit")
    log.append(receipt(0))
    log.close()
    (tmp_path / "audit" / "heads.key").unlink()
    assert main(["audit", "heads", str(tmp_path)]) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert "audit-no-key" in said.err
    assert not (tmp_path / "audit" / "heads.key").exists()
    assert main(["audit", "verify", str(tmp_path)]) == 0
