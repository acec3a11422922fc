"""How a process is made ready to serve."""

import subprocess
import sys

SCRIPT = """
import resource
from camphora.cli.serving import allow_files
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
allow_files(1000)
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def limits(soft, hard):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(soft=soft, hard=hard)],
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(map(int, done.stdout.split()))


def test_as_many_files_may_be_open_as_connections_and_our_own_need():
    assert limits(1024, 4096) == (3048, 4096)


def test_no_more_than_the_system_lets_us():
    assert limits(1024, 2000) == (2000, 2000)


def test_what_is_wide_enough_stays():
    assert limits(4000, 4096) == (4000, 4096)
