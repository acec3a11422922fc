import collections
import gzip
import io
import os
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from camphora.errors import Invalid, TooLarge
from camphora.formats import Limits, open_limited
from camphora.formats.limits import name_of

SMALL = Limits(packed=1000, unpacked=5000, ratio=10, free=500)


def zipped(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: zipped(a=data).getvalue()])
def test_plain_gzip_and_zip_give_the_same_bytes(pack):
    with open_limited(io.BytesIO(pack(b"abc" * 100)), SMALL) as stream:
        assert stream.read() == b"abc" * 100


def test_a_source_can_be_read_twice():
    source = io.BytesIO(gzip.compress(b"abc"))
    for _ in range(2):
        with open_limited(source) as stream:
            assert stream.read() == b"abc"


def test_a_body_beyond_the_limit_is_refused(tmp_path):
    path = tmp_path / "large.csv"
    path.write_bytes(b"x" * 1001)
    with pytest.raises(TooLarge) as error, open_limited(path, SMALL):
        pass
    assert (error.value.code, error.value.place.file) == ("formats-too-large", "large.csv")


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped(a=data).getvalue()])
def test_a_bomb_is_refused_with_little_in_memory(pack):
    bomb = io.BytesIO(pack(b"\0" * 200_000_000))
    tracemalloc.start()
    with open_limited(bomb) as stream, pytest.raises(TooLarge, match="formats-swells"):
        collections.deque(iter(lambda: stream.read(1 << 16), b""), maxlen=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_an_archive_cut_short_is_named_as_broken():
    with (
        pytest.raises(Invalid, match="formats-archive-broken"),
        open_limited(io.BytesIO(gzip.compress(b"abc" * 99)[:-9])) as stream,
    ):
        stream.read()


def test_an_archive_of_two_files_is_refused():
    with pytest.raises(Invalid, match="formats-archive-many"), open_limited(zipped(a=b"1", b=b"2")):
        pass


def test_a_name_that_is_not_utf8_is_shown_as_far_as_it_is():
    path = Path(os.fsdecode(b"a\xff.json"))
    assert name_of(path) == "a\ufffd.json"
