"""The receipt log on disk: what it proves, and that no byte of it can change unseen."""

import os
from random import Random

import pytest

from camphora.audit import Log, Receipt, Verifier, commitment, verify, verify_inclusion, verifying
from camphora.audit.merkle import leaf_hash
from camphora.errors import Fault


def _receipt(number):
    nonce = f"{number:016x}"
    return Receipt(
        at=1_700_000_000_000 + number,
        reader="u1",
        name="林醫師",
        role="clinician",
        organisation="h1",
        purpose="care",
        act="read",
        types=("Patient",),
        persons=(commitment(b"salt", nonce),),
        nonce=nonce,
    )


def _filled(folder, count=5):
    log = Log(folder)
    for number in range(count):
        log.append(_receipt(number))
    log.close()
    return folder


def test_a_written_log_is_sound_and_goes_on_after_reopening(tmp_path):
    _filled(tmp_path)
    log = Log(tmp_path)
    assert log.append(_receipt(5)) == 5
    log.close()
    verdict = verify(tmp_path)
    assert verdict.sound
    assert (verdict.receipts, verdict.heads) == (6, 2)


def test_any_changed_byte_is_found(tmp_path):
    _filled(tmp_path, 3)
    for name in ("receipts.log", "heads.log", "heads.pub"):
        whole = (tmp_path / name).read_bytes()
        for position in range(len(whole)):
            broken = bytearray(whole)
            broken[position] ^= 0x01
            (tmp_path / name).write_bytes(bytes(broken))
            assert not verify(tmp_path).sound, (name, position)
        (tmp_path / name).write_bytes(whole)
    assert verify(tmp_path).sound


def test_a_proof_is_checked_with_nothing_but_the_line(tmp_path):
    _filled(tmp_path, 9)
    log = Log(tmp_path)
    proof = log.proof(4)
    path = [bytes.fromhex(node) for node in proof["path"]]
    leaf = leaf_hash(proof["entry"].encode())
    assert verify_inclusion(leaf, 4, proof["size"], path, bytes.fromhex(proof["root"]))
    log.close()


def test_a_line_cut_short_by_a_crash_is_cut_off_and_the_rest_stays(tmp_path):
    _filled(tmp_path, 3)
    with (tmp_path / "receipts.log").open("ab") as file:
        file.write(b'{"half')
    log = Log(tmp_path)
    assert len(log) == 3
    log.close()
    assert verify(tmp_path).sound


def test_a_log_shorter_than_its_head_is_refused(tmp_path):
    _filled(tmp_path, 3)
    path = tmp_path / "receipts.log"
    os.truncate(path, len(path.read_bytes().split(b"\n")[0]) + 1)
    with pytest.raises(Fault, match="audit-shorter-than-head"):
        Log(tmp_path)
    assert not verify(tmp_path).sound


def test_receipts_hold_no_patient_id(tmp_path):
    line = _receipt(1).line()
    assert b"Patient/" not in line
    assert commitment(b"salt", "n") != commitment(b"other", "n")


def _spoil(folder, chance, ends):
    """Change a log as no log changes itself, behind what was read before: a byte, a cut, a line that is no receipt."""
    name = chance.choice(sorted(ends))
    path = folder / name
    content, read = path.read_bytes(), ends[name]
    match chance.randrange(4):
        case 0 if read < len(content):
            at = chance.randrange(read, len(content))
            path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        case 1:
            path.write_bytes(content[: chance.randrange(len(content) + 1)])
        case 2:
            path.write_bytes(content + chance.choice([b"{}\n", b'"half', b"\n", b'{"head":{"size":1}}\n']))
        case 3:
            (folder / "heads.pub").write_text(chance.choice(["", "00" * 32]))
    return name, content


@pytest.mark.parametrize("seed", range(60))
def test_going_on_finds_what_the_whole_check_finds(tmp_path, seed):
    chance, number = Random(seed), 0
    written, verifier = Log(tmp_path), Verifier(tmp_path)
    for _ in range(12):
        for _ in range(chance.randrange(4)):
            number += 1
            written.append(_receipt(number))
        if chance.random() < 0.7:
            written.sync()
        assert verifier.verdict() == verify(tmp_path)
        if chance.random() < 0.3 and (tmp_path / "heads.log").exists():
            written.append(_receipt(0))
            written.sync()
            key = (tmp_path / "heads.pub").read_text()
            name, content = _spoil(tmp_path, chance, verifier._ends)
            assert verifier.verdict() == verify(tmp_path)
            (tmp_path / name).write_bytes(content)
            (tmp_path / "heads.pub").write_text(key)
            assert verifier.verdict() == verify(tmp_path)
    written.close()


def test_going_on_reads_only_what_was_added(tmp_path, monkeypatch):
    hashed = []
    monkeypatch.setattr(verifying, "leaf_hash", lambda line: hashed.append(line) or leaf_hash(line))
    _filled(tmp_path, 50)
    verifier = Verifier(tmp_path)
    assert verifier.verdict().receipts == 50
    written = Log(tmp_path)
    written.append(_receipt(51))
    written.close()
    hashed.clear()
    assert (verifier.verdict().receipts, verifier.verdict().sound, len(hashed)) == (51, True, 1)
