"""The log against those who would change it, clocks that go back, killed processes, power cuts, full disks."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from random import Random

import orjson
import pytest

from audit.leaves import receipt
from camphora.audit import Log, verify
from camphora.audit import log as logs
from camphora.audit.receipt import FIRST_FORM, commitment, fields_of, salt_of, salted_digest

SECOND = 1000


@pytest.fixture
def folder(tmp_path):
    log = Log(tmp_path)
    for number in range(40):
        log.append(receipt(number))
        if number % 9 == 0:
            log.sync()
    log.close()
    return tmp_path


def _lines(folder, name="receipts.log"):
    return (folder / name).read_bytes().split(b"\n")[:-1]


def _write(folder, lines, name="receipts.log"):
    (folder / name).write_bytes(b"".join(line + b"\n" for line in lines))


def test_a_signature_in_capitals_is_a_change_too(folder):
    path = folder / "heads.log"
    first, rest = path.read_bytes().split(b"\n", 1)
    signed = orjson.loads(first)
    signed["signature"] = signed["signature"].upper()
    path.write_bytes(orjson.dumps(signed) + b"\n" + rest)
    assert verify(folder).faults == ("heads.log: 1: signature does not match",)


def test_a_changed_receipt_is_named_once_with_how_many_heads_disagree_because_of_it(tmp_path):
    log = Log(tmp_path)
    for number in range(43):
        log.append(receipt(number))
        log.sync()
    log.close()
    lines = _lines(tmp_path)
    changed = orjson.loads(lines[12])
    _write(tmp_path, [*lines[:12], orjson.dumps({**changed, "name": "另一人"}), *lines[13:]])
    (fault,) = verify(tmp_path).found
    assert (fault.kind, fault.first, fault.last, fault.heads) == ("root", 12, 12, 30)
    _write(tmp_path, [*lines[:12], b"{}", *lines[13:]])
    (fault,) = verify(tmp_path).found
    assert (fault.kind, fault.first, fault.heads) == ("line", 12, 31)


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_anywhere_is_found(folder, seed):
    chance = Random(seed)
    path = folder / chance.choice(["receipts.log", "heads.log"])
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(content))
    assert not verify(folder).sound


@pytest.mark.parametrize("seed", range(20))
def test_lines_taken_away_swapped_added_or_said_twice_are_found(folder, seed):
    chance, lines = Random(seed), _lines(folder)
    place, other = chance.sample(range(len(lines)), 2)
    match seed % 4:
        case 0:
            del lines[place]
        case 1:
            lines[place], lines[other] = lines[other], lines[place]
        case 2:
            lines.insert(place, receipt(99).line())
        case 3:
            lines.insert(place, lines[place])
    _write(folder, lines)
    assert not verify(folder).sound


def test_a_head_of_another_key_a_head_left_out_and_a_swapped_head(folder, tmp_path):
    heads = _lines(folder, "heads.log")
    other = Log(tmp_path / "other")
    other.append(receipt(0))
    other.close()
    _write(folder, [*heads[:-1], _lines(tmp_path / "other", "heads.log")[0]], "heads.log")
    assert not verify(folder).sound
    _write(folder, heads[:-1], "heads.log")
    assert not verify(folder).sound
    _write(folder, [heads[1], heads[0], *heads[2:]], "heads.log")
    assert not verify(folder).sound


def test_a_log_cut_at_a_head_with_its_heads_is_whole_and_only_a_witness_knows(folder):
    heads = _lines(folder, "heads.log")
    size = orjson.loads(heads[1])["head"]["size"]
    _write(folder, _lines(folder)[:size])
    _write(folder, heads[:2], "heads.log")
    assert verify(folder).sound


def test_a_clock_that_goes_back_breaks_nothing(tmp_path, monkeypatch):
    log, clock = Log(tmp_path), [2_000_000_000]
    monkeypatch.setattr(logs.time, "time", lambda: clock[0])
    for step in (0, -3600, 10, -86_400):
        clock[0] += step
        log.append(receipt(0, at=clock[0] * SECOND))
        log.sync()
    log.close()
    monkeypatch.undo()
    heads = [orjson.loads(line)["head"] for line in _lines(tmp_path, "heads.log")]
    assert [head["at"] for head in heads] == sorted(head["at"] for head in heads)
    assert [head["size"] for head in heads] == [1, 2, 3, 4]
    assert verify(tmp_path).sound


def test_a_process_killed_under_load_loses_no_receipt_that_it_told(tmp_path):
    script = textwrap.dedent(
        """
        import os, sys, threading
        sys.path[:0] = sys.argv[2].split(":")
        from pathlib import Path
        from audit.leaves import receipt
        from camphora.audit import Log
        log = Log(Path(sys.argv[1]))
        def work(thread):
            for number in range(100000):
                os.write(1, b"%d\\n" % log.append(receipt(thread * 1000000 + number)))
        for thread in range(3):
            threading.Thread(target=work, args=(thread,), daemon=True).start()
        threading.Event().wait()
        """
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path, ":".join(sys.path)], stdout=subprocess.PIPE
    )
    told = [int(running.stdout.readline()) for _ in range(2000)]
    running.send_signal(signal.SIGKILL)
    told += [int(line) for line in running.communicate()[0].split(b"\n")[:-1]]
    log = Log(tmp_path)
    assert len(log) > max(told)
    assert log.receipt(max(told))["reader"] == "u1"
    log.close()
    assert verify(tmp_path).sound


@pytest.mark.parametrize(
    "torn", [b"", b'{"half', b"\0" * 300, b"\0" * 64 + b"\n", receipt(9).line()[:50] + b"\n"]
)
def test_a_power_cut_takes_no_more_than_what_was_not_synced(tmp_path, torn):
    log = Log(tmp_path)
    log.extend([receipt(number) for number in range(10)])
    log.sync()
    kept = (tmp_path / "receipts.log").read_bytes()
    log.extend([receipt(number) for number in range(10, 15)])
    log.close()
    heads = _lines(tmp_path, "heads.log")
    (tmp_path / "receipts.log").write_bytes(kept + torn)
    _write(tmp_path, heads[:1], "heads.log")
    again = Log(tmp_path)
    assert len(again) == 10
    assert again.append(receipt(77)) == 10
    again.close()
    assert verify(tmp_path).sound
    assert not torn or (tmp_path / "torn.log").read_bytes() == torn


def test_receipts_reach_the_disk_in_groups_by_themselves(tmp_path, monkeypatch):
    synced, real = [], os.fdatasync
    monkeypatch.setattr(logs.os, "fdatasync", lambda file: (synced.append(time.monotonic()), real(file))[1])
    log, begun = Log(tmp_path), time.monotonic()
    for number in range(50):
        log.append(receipt(number))
    while not synced and time.monotonic() < begun + 5:
        time.sleep(0.002)
    assert log.durable == 50 or len(synced) == 1
    assert len(synced) <= 3
    log.close()


def test_a_full_disk_leaves_whole_lines_and_care_has_its_kept_space(tmp_path, monkeypatch):
    log, real = Log(tmp_path), os.write
    log.append(receipt(0))

    def half(file, content):
        real(file, content[: len(content) // 2])
        return len(content) // 2

    monkeypatch.setattr(logs.os, "write", half)
    with pytest.raises(OSError, match=r"receipts\.log"):
        log.append(receipt(1))
    monkeypatch.undo()
    assert (tmp_path / "reserve").stat().st_size == logs.RESERVE
    assert log.give_way()
    assert not log.give_way()
    assert log.append(receipt(2)) == 1
    log.close()
    assert verify(tmp_path).sound


def test_a_failing_sync_is_tried_again(tmp_path, monkeypatch):
    log = Log(tmp_path)
    monkeypatch.setattr(logs, "REST", 0.01)
    failures, real = [], os.fdatasync

    def failing(file):
        if len(failures) < 3:
            failures.append(file)
            raise OSError(5, "disk")
        real(file)

    monkeypatch.setattr(logs.os, "fdatasync", failing)
    log.append(receipt(0))
    until = time.monotonic() + 5
    while log.durable < 1 and time.monotonic() < until:
        time.sleep(0.01)
    assert (len(failures), log.durable) == (3, 1)
    log.close()


def test_lines_of_the_first_form_stay_and_are_read(tmp_path):
    fields = fields_of(receipt(3).line())
    line = orjson.dumps({key: value for key, value in fields.items() if key not in FIRST_FORM})
    (tmp_path / "receipts.log").write_bytes(line + b"\n")
    log = Log(tmp_path)
    assert log.entry(0) == line
    assert (log.receipt(0)["decision"], log.receipt(0)["form"]) == ("permit", 1)
    assert log.receipt(0)["reader"] == "u1"
    log.append(receipt(4))
    log.close()
    assert verify(tmp_path).sound


KEY, NONCE = bytes(range(32)), "0011223344556677"


@pytest.mark.parametrize(
    ("form", "named", "salt", "result"),
    [
        (
            2, "06a8262a8e80f4c2b31d56a644b794b4",
            "c26a9caebbb9b4a9e2c3c88f61e91e921bd9b99a39c38734d5b268be68a5e89f",
            "f82dfa7f0d14c9313beebdb9341e1522",
        ),
        (
            3, "d9fb03cf63d942684a96d286d226ede3",
            "b56bb8aa074fad8cb02dffa42ab01ecd13e7b573fb028c684f7c1e54d31cff82",
            "1e4d7514cf912806f3f83f548dc76c70",
        ),
    ],
)  # fmt: skip
def test_the_digests_of_each_form_are_those_of_another_program(form, named, salt, result):
    """Made with `openssl mac`: HMAC with SHA-256, and BLAKE2BMAC with 16 and 32 bytes."""
    assert commitment(KEY[:16], NONCE, form=form) == named
    assert salt_of(KEY, NONCE, form).hex() == salt
    assert salted_digest(bytes.fromhex(salt), [b"answer", b"b"], form) == result


def test_a_line_says_nothing_that_can_be_guessed():
    nonce = "00" * 8
    digest = salted_digest(salt_of(b"secret", nonce), [b"answer"])
    assert digest != salted_digest(salt_of(b"other", nonce), [b"answer"])
    assert digest != salted_digest(nonce.encode(), [b"answer"])
    salt = salt_of(b"secret", nonce)
    assert salted_digest(salt, [b"ab", b"c"]) != salted_digest(salt, [b"a", b"bc"])
