"""A log whose private key is gone, or another's: refused until the operator says so; then a break that anybody sees.

And heads that are chained, so that none can be taken out."""

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.leaves import receipt
from camphora.audit import Log, check_proof, is_vouched_for, verify
from camphora.audit.heads import public_key, public_keys, signed_heads
from camphora.audit.keys import begin_after_loss
from camphora.cli import main
from camphora.errors import Conflict, Fault, Invalid
from camphora.installation import Installation


def _written(folder, count):
    log = Log(folder)
    for number in range(count):
        log.append(receipt(number))
        log.sync()
    proof = log.proof(0) if len(log) else {}
    log.close()
    return proof


def _lines(folder):
    return (folder / "heads.log").read_bytes().splitlines(keepends=True)


def test_a_lost_key_is_refused_and_nothing_is_written(tmp_path):
    _written(tmp_path, 2)
    (tmp_path / "heads.key").unlink()
    before = _lines(tmp_path)
    with pytest.raises(Fault, match="audit-key-lost"):
        Log(tmp_path)
    assert not (tmp_path / "heads.key").exists()
    assert _lines(tmp_path) == before


@pytest.mark.parametrize("content", [b"", b"short"])
def test_a_key_that_cannot_be_read_is_lost(tmp_path, content):
    _written(tmp_path, 1)
    (tmp_path / "heads.key").write_bytes(content)
    with pytest.raises(Fault, match="audit-key-lost"):
        Log(tmp_path)


@pytest.mark.parametrize("other", ["heads.log", "heads.pub"])
def test_a_lost_key_is_refused_where_the_public_one_or_heads_alone_are_left(tmp_path, other):
    _written(tmp_path, 1)
    for name in ("heads.key", other):
        (tmp_path / name).unlink()
        with pytest.raises(Fault, match="audit-key-lost"):
            Log(tmp_path)


def test_a_key_of_another_log_is_refused(tmp_path):
    _written(tmp_path, 1)
    (tmp_path / "heads.key").write_bytes(Ed25519PrivateKey.generate().private_bytes_raw())
    with pytest.raises(Fault, match="audit-key-other"):
        Log(tmp_path)


def test_an_older_key_put_back_after_a_change_of_key_is_refused(tmp_path):
    _written(tmp_path, 1)
    old = (tmp_path / "heads.key").read_bytes()
    log = Log(tmp_path)
    log.rotate()
    log.close()
    (tmp_path / "heads.key").write_bytes(old)
    with pytest.raises(Fault, match="audit-key-other"):
        Log(tmp_path)


def test_a_loss_that_is_declared_leaves_a_break_that_verify_names(tmp_path):
    old_proof, first = _written(tmp_path, 2), public_key(tmp_path)
    (tmp_path / "heads.key").unlink()
    new = begin_after_loss(tmp_path)
    proof = _written(tmp_path, 1)

    assert public_key(tmp_path) == first
    assert [key.public_bytes_raw().hex() for key in public_keys(tmp_path)] == [old_proof["key"], new]
    verdict = verify(tmp_path)
    assert (verdict.sound, verdict.receipts) == (True, 3)
    assert [(each.receipts, each.key) for each in verdict.losses] == [(2, new)]

    theirs = verify(tmp_path, [first])
    assert [each.kind for each in theirs.found] == ["lost"]
    assert new in theirs.faults[0]
    assert verify(tmp_path, public_keys(tmp_path)).sound

    assert check_proof(old_proof)
    assert check_proof(proof)
    assert proof["key"] == new
    assert not is_vouched_for(proof, first)


def test_a_certificate_of_before_the_loss_still_stands_under_the_first_key(tmp_path):
    """Under the first head that covers it, whatever came later."""
    _written(tmp_path, 2)
    log = Log(tmp_path)
    log.rotate()
    log.append(receipt(2))
    before = [log.proof(number, first=True) for number in range(3)]
    log.close()
    (tmp_path / "heads.key").unlink()
    begin_after_loss(tmp_path)
    log = Log(tmp_path)
    log.append(receipt(3))
    after = [log.proof(number, first=True) for number in range(4)]
    log.rotate()
    log.append(receipt(4))
    assert check_proof(log.proof(4))
    log.close()
    assert after[:3] == before
    assert all(check_proof(proof) for proof in after)
    first = public_key(tmp_path)
    assert [is_vouched_for(proof, first) for proof in after] == [True, True, True, False]


def test_a_loss_may_come_before_anything_was_signed_and_twice(tmp_path):
    Log(tmp_path).close()
    for _ in range(2):
        (tmp_path / "heads.key").unlink()
        begin_after_loss(tmp_path)
        _written(tmp_path, 1)
    verdict = verify(tmp_path)
    assert (verdict.sound, len(verdict.losses)) == (True, 2)


def test_a_loss_is_declared_only_where_the_key_is_gone(tmp_path):
    _written(tmp_path, 1)
    before = _lines(tmp_path)
    with pytest.raises(Conflict, match="audit-key-not-lost"):
        begin_after_loss(tmp_path)
    assert _lines(tmp_path) == before


def test_a_loss_cannot_be_declared_without_the_first_public_key(tmp_path):
    _written(tmp_path, 1)
    for name in ("heads.key", "heads.pub"):
        (tmp_path / name).unlink()
    with pytest.raises(Fault, match="audit-no-first-key"):
        begin_after_loss(tmp_path)


def test_a_crash_while_a_loss_is_declared_is_gone_on_with(tmp_path):
    _written(tmp_path, 1)
    (tmp_path / "heads.key").unlink()
    begin_after_loss(tmp_path)
    (tmp_path / "heads.key").rename(tmp_path / "heads.key.next")
    _written(tmp_path, 1)
    assert verify(tmp_path).sound


def test_a_break_that_names_another_key_than_the_one_before_is_no_break(tmp_path):
    _written(tmp_path, 1)
    (tmp_path / "heads.key").unlink()
    begin_after_loss(tmp_path)
    *lines, last = _lines(tmp_path)
    changed = orjson.loads(last)
    changed["head"]["lost"] = "00" * 32
    (tmp_path / "heads.log").write_bytes(b"".join([*lines, orjson.dumps(changed), b"\n"]))
    assert [each.kind for each in verify(tmp_path).found] == ["signature"]


def test_heads_are_chained_and_one_taken_out_is_found(tmp_path):
    _written(tmp_path, 4)
    whole = _lines(tmp_path)
    assert len(whole) == 4
    for out in range(3):
        (tmp_path / "heads.log").write_bytes(b"".join(whole[:out] + whole[out + 1 :]))
        assert [(each.kind, each.first) for each in verify(tmp_path).found] == [("gap", out + 1)]
    (tmp_path / "heads.log").write_bytes(b"".join([whole[0], whole[2], whole[1], whole[3]]))
    assert "gap" in {each.kind for each in verify(tmp_path).found}
    (tmp_path / "heads.log").write_bytes(b"".join([*whole[:2], *whole[1:]]))
    assert [each.kind for each in verify(tmp_path).found] == ["gap"]


def test_heads_of_before_the_chain_are_taken_and_none_may_follow_that_leaves_it(tmp_path):
    """An older version signed heads that do not name the one before."""
    from camphora.audit.heads import signed_head

    _written(tmp_path, 3)
    key = Ed25519PrivateKey.from_private_bytes((tmp_path / "heads.key").read_bytes())

    def bare(signed):
        body = {name: value for name, value in signed["head"].items() if name != "before"}
        return orjson.dumps(signed_head(key, body)) + b"\n"

    heads = list(signed_heads(tmp_path / "heads.log"))
    (tmp_path / "heads.log").write_bytes(b"".join(map(bare, heads)))
    assert verify(tmp_path).sound
    _written(tmp_path, 1)
    assert verify(tmp_path).sound
    log = Log(tmp_path)
    log.append(receipt(9))
    log.close()
    lines = _lines(tmp_path)
    (tmp_path / "heads.log").write_bytes(b"".join([*lines[:-1], bare(orjson.loads(lines[-1]))]))
    assert [each.kind for each in verify(tmp_path).found] == ["gap"]


def test_commands_refuse_a_lost_key_and_declare_it(tmp_path, capsys):
    place = tmp_path / "place"
    Installation.open(place, make=True).close()
    (place / "audit" / "heads.key").unlink()
    first = (place / "audit" / "heads.pub").read_text()
    assert main(["--lang", "en", "audit", "rotate-key", str(place)]) == Fault.exit_code
    said = capsys.readouterr().err
    assert "audit/heads.key" in said
    assert "--lost" in said

    assert main(["--lang", "en", "audit", "rotate-key", str(place), "--lost"]) == 0
    new = (place / "audit" / "heads.pub").read_text().split("\n")[1]
    assert new in capsys.readouterr().out
    assert main(["--lang", "en", "audit", "verify", str(place)]) == 0
    assert new in capsys.readouterr().err
    assert main(["--lang", "en", "audit", "verify", str(place), "--key", first]) == Invalid.exit_code
    assert main(["--lang", "en", "audit", "verify", str(place), "--key", first, "--key", new]) == 0
    assert main(["--lang", "en", "audit", "rotate-key", str(place), "--lost"]) == Conflict.exit_code
    Installation.open(place).close()
