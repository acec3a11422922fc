"""Notes of whom receipts name: lines that a killed process leaves, in a file that grows and is found again."""

import os
import signal
import subprocess
import sys

import pytest

from camphora.records.noting import ROOM, Notes


@pytest.fixture
def path(tmp_path):
    return tmp_path / "looks.pending"


def test_lines_are_there_in_their_order_and_after_a_clean_end(path):
    notes = Notes(path)
    assert notes.read() == b""
    notes.add(b"1 aa 1 7 .\n")
    notes.add(b"2 bb 0 .\n")
    assert notes.read() == b"1 aa 1 7 .\n2 bb 0 .\n"
    notes.close()
    again = Notes(path)
    again.add(b"3 cc 0 .\n")
    assert again.read() == b"1 aa 1 7 .\n2 bb 0 .\n3 cc 0 .\n"
    again.close()


def test_a_killed_process_leaves_its_lines(path):
    program = (
        "import os, signal, sys; from pathlib import Path; from camphora.records.noting import Notes\n"
        "notes = Notes(Path(sys.argv[1])); notes.add(b'1 aa 1 7 .\\n')\n"
        "notes.add(b'x' * 400_000); notes.clear(); notes.add(b'2 bb 1 8 .\\n')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    kept = Notes(path)
    assert kept.read() == b"2 bb 1 8 .\n"
    kept.close()


def test_what_is_forgotten_stays_forgotten(path):
    notes = Notes(path)
    for size in (10, 1000, 3):
        notes.add(b"y" * size)
        notes.clear()
        assert notes.read() == b""
    notes.close()
    assert Notes(path).read() == b""


def test_the_file_grows_where_the_lines_need_it(path):
    notes, lines = Notes(path), [b"%d " % number * 50_000 for number in range(8)]
    for line in lines:
        notes.add(line)
    assert notes.read() == b"".join(lines)
    assert path.stat().st_size > len(b"".join(lines)) > ROOM
    notes.close()


def test_lines_of_before_this_form_are_found(path):
    path.write_bytes(b"1 aa 1 7 .\n2 bb")
    notes = Notes(path)
    assert notes.read() == b"1 aa 1 7 .\n2 bb"
    notes.add(b"\n3 cc 0 .\n")
    assert notes.read() == b"1 aa 1 7 .\n2 bb\n3 cc 0 .\n"
    notes.close()


def test_behind_the_last_line_nothing_old_comes_up_again(path):
    """As a process leaves it that was killed while it forgot."""
    path.write_bytes(b"\0\0\0old .\n" + bytes(100))
    notes = Notes(path)
    notes.add(b"ab\n")
    assert notes.read() == b"ab\n"
    notes.close()
    again = Notes(path)
    assert again.read() == b"ab\n"
    again.close()


def test_a_full_disk_is_told_before_anything_is_kept(path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    notes = Notes(path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "posix_fallocate", full)
        with pytest.raises(OSError, match="No space"):
            notes.add(b"1 aa 0 .\n")
    assert notes.read() == b""
    notes.add(b"1 aa 0 .\n")
    assert notes.read() == b"1 aa 0 .\n"
    notes.close()
