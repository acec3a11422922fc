import re
import shutil
from datetime import date
from pathlib import Path

import orjson
import pytest
from starlette.testclient import TestClient

from builders import NOW
from camphora.fhir.search import parse_query
from camphora.gate import User
from camphora.installation import Installation
from camphora.policy import Purpose, Role
from camphora.policy.choices import TAIPEI, let_in
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.synth import Country, cast, population
from camphora.synth.workforce import foundation
from camphora.web.app import application
from camphora.web.citizen.download import everything
from camphora.web.reading import Chart
from camphora.web.reading.chart import parsed
from camphora.web.reading.plain import today

HOSTILE = "<script>alert(1)</script>"


class Browser(TestClient):
    """A signed-in browser of one person, in one language."""

    def __init__(self, world, name, lang):
        super().__init__(world.app, follow_redirects=True)
        self.store, identity = world.installation.store, world.installation.gate.identity
        session = identity.open_session(identity.user(name))
        self.csrf = session.csrf
        self.cookies.set("camphora_session", session.token)
        self.cookies.set("lang", lang)

    def get(self, path, **given):
        """The page, once the receipts that it left are kept."""
        answer = super().get(path, **given)
        self.store.settle()
        return answer

    def submit(self, path, **fields):
        return self.post(path, data={"csrf": self.csrf, **fields})

    def words(self, path):
        """What the page's main part says."""
        answer = self.get(path)
        assert answer.status_code == 200, path
        return spoken(answer.text)


def spoken(text):
    main = re.search(r"<main.*</main>", text, re.DOTALL)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


class World:
    """An installation with household 0 of the synthetic Taiwan, some others, and the accounts of the demo."""

    def __init__(self, folder: Path):
        self.installation = Installation.open(folder, make=True)
        self.app = application(self.installation)
        self.cast = cast(Country.load(), 1, 200)

    def write(self, *resources):
        self.installation.store.write(loading("test"), [Put(resource) for resource in resources])

    def browser(self, name, lang="zh-TW"):
        return Browser(self, name, lang)

    def access(self, name, purpose=Purpose.SELF):
        return self.installation.gate.access(self.installation.gate.identity.user(name).reader(), purpose)

    def one(self, record_type, *pairs):
        """One record of the citizen, as the loader sees it."""
        query = parse_query(record_type, [("patient", self.cast.citizen), *pairs], strict=True)
        return orjson.loads(self.installation.store.search(loading("test"), query).rows[0].body)

    def rows(self):
        """Everything about the citizen."""
        chart = Chart(self.installation.store, self.access("citizen"), self.cast.citizen)
        return parsed(everything(chart))

    def close(self):
        self.installation.close()


def fill(world):
    country = Country.load()
    world.write(*institutions(country, world.cast))
    for household in population(country, 40, 1, today()):
        world.write(*household.resources())
    agreed = let_in(world.cast.citizen, world.cast.daughter, date(2090, 1, 1), NOW.astimezone(TAIPEI))
    world.write({**agreed, "id": "agreed"}, hostile())
    for user in users(world.cast):
        world.installation.gate.identity.add_user(user, "correct horse battery")
    world.installation.lake.catch_up()


def institutions(country, characters):
    """The characters' own hospitals, their staff, and enough clinics for names to be found."""
    wanted = (characters.hospital, characters.other_hospital)
    for resource in foundation(country):
        if resource["resourceType"] == "Organization" or any(key[1:] in resource["id"] for key in wanted):
            yield resource


def hostile():
    return {
        "resourceType": "Patient", "id": "hostile", "name": [{"text": HOSTILE}], "birthDate": "1970-01-01",
        "identifier": [{"system": "http://www.moi.gov.tw", "value": "X100000000"}],
    }  # fmt: skip


def users(characters):
    return [
        User("citizen", "林美玉", Role.CITIZEN, person=characters.citizen),
        User("relative", "陳怡君", Role.CITIZEN, person=characters.daughter),
        User("father", "陳文雄", Role.CITIZEN, person=characters.citizen[:-1] + "2"),
        User("clinician", "何志華", Role.CLINICIAN, organisation=characters.hospital),
        User("other", "林淑芬", Role.CLINICIAN, organisation=characters.other_hospital),
        User("pharmacist", "王藥師", Role.PHARMACIST, organisation=characters.hospital),
        User("analyst", "分析員", Role.ANALYST),
        User("keeper", "管理者", Role.ADMINISTRATOR),
        User("hostile", HOSTILE, Role.CITIZEN, person="hostile"),
    ]


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """The folder of a filled world, closed, to be copied."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "demo").write_text("{}")
    world = World(folder)
    fill(world)
    world.close()
    return folder


@pytest.fixture(scope="module")
def world(filled, tmp_path_factory):
    """A world for tests that only read."""
    yield from copied(filled, tmp_path_factory.mktemp("world"))


@pytest.fixture
def fresh(filled, tmp_path):
    """A world for tests that change it."""
    yield from copied(filled, tmp_path)


def copied(filled, folder):
    shutil.copytree(filled, folder / "copy")
    world = World(folder / "copy")
    yield world
    world.close()
