import resource
import shutil

import pytest
from hypothesis import HealthCheck, settings

from builders import people
from camphora.policy.internal import loading
from camphora.records import Put, SQLiteStore

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ("quic", "gpu", "background-networking", "component-update", "sync", "first-run")

# How long an example takes is the machine's affair: no test fails for it.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

TOGETHER = ("tests/leak/", "browser", "wheel")
"""What goes to one process whole, not only file by file: these share a world, the demo and the wheel."""

LONGEST = (
    "tests/leak/",
    "tests/browser/",
    "tests/docs/test_examples",
    "tests/cli/",
    "tests/wheel/",
    "tests/web/",
)

OPEN_FILES = 8192
"""Every store that a test process keeps open has a connection in each thread that read it."""


def pytest_configure():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def pytest_itemcollected(item):
    """Browser tests are skipped, with a line that says what to do, where there is no browser."""
    if item.get_closest_marker("browser") or "browser" in item.path.parts:
        item.add_marker(pytest.mark.browser)
        if CHROMIUM is None:
            item.add_marker(pytest.mark.skip(reason="no Chromium: apt-get install chromium fonts-noto-cjk"))


def pytest_collection_modifyitems(items):
    """What takes longest is begun first, so that no process is left alone with it at the end."""
    items.sort(
        key=lambda item: next((at for at, name in enumerate(LONGEST) if name in item.nodeid), len(LONGEST))
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With `--dist loadgroup` tests of one file go to one process, since they share what is dear to make.

    By path, since pytest-xdist 3.8 loses its own groups under pytest 9.2 (pytest-dev/pytest-xdist issue 1386)."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            path = nodeid.partition("::")[0]
            return next((name for name in TOGETHER if name in path), path)

    config.option.loadscopereorder = False
    return Together(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, one for all browser tests."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as play:
        arguments = ["--no-sandbox", *(f"--disable-{what}" for what in QUIET)]
        opened = play.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def store(tmp_path):
    opened = SQLiteStore(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture
def loaded(store):
    """Two persons seen at two hospitals, some observations, one sensitive condition."""
    store.write(loading("test"), [Put(resource) for resource in people()])
    return store
