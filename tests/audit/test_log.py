"""The receipt log on disk: what it proves, and that no byte of it can change unseen."""

import os

import pytest

from camphora.audit import Log, Receipt, commitment, verify, verify_inclusion
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
