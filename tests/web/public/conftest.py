"""One small demo for all tests of the public pages: the bundled tables and 300 synthetic residents."""

import re
from datetime import date
from html import unescape
from importlib.resources import files
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from camphora.errors import CamphoraError
from camphora.gate import User
from camphora.installation import Installation
from camphora.policy import Role
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.synth import Country, population
from camphora.web import plans, public, questions, signing, systems
from camphora.web.app import Errors
from camphora.web.render import Renderer
from camphora.web.site import COOKIE, Site

LANGS = ("zh-TW", "en")


class Browser(TestClient):
    """A browser in one language, signed in as `user` where one is named."""

    def __init__(self, app, installation, lang="zh-TW", user=""):
        super().__init__(app, follow_redirects=False)
        self.cookies.set("lang", lang)
        if user:
            identity = installation.gate.identity
            self.cookies.set(COOKIE, identity.open_session(identity.user(user)).token)

    def said(self, path, status=200):
        """What the page's main part says, without markup."""
        answer = self.get(path)
        assert answer.status_code == status, answer.text
        main = re.search(r"<main.*?</main>", answer.text, re.DOTALL)[0]
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main)))


@pytest.fixture(scope="session")
def installation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("public") / "demo"
    folder.mkdir()
    (folder / "demo").write_text("{}")
    opened = Installation.open(folder, make=True)
    opened.load_tables()
    for household in population(Country.load(), 300, 1, date(2026, 11, 21)):
        opened.store.write(loading("test"), [Put(resource) for resource in household.resources()])
    for role in (Role.ANALYST, Role.ADMINISTRATOR, Role.CLINICIAN):
        opened.gate.identity.add_user(User(str(role), str(role), role, organisation="h1"), None)
    opened.lake.catch_up()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def app(installation):
    site = Site(installation, Renderer())
    parts = (signing, public, plans, systems, questions)
    routes = [route for part in parts for route in part.routes(site)]
    folder = Path(str(files("camphora.web"))) / "static"
    routes.append(Mount("/static", StaticFiles(directory=folder)))
    return Starlette(routes=routes, exception_handlers={CamphoraError: Errors(site).ours})


@pytest.fixture
def browser(app, installation):
    """`browser(lang, user)`: a new browser."""
    return lambda lang="zh-TW", user="": Browser(app, installation, lang, user)


@pytest.fixture(params=LANGS)
def reader(request, browser):
    """Anybody, in either language."""
    return browser(request.param)
