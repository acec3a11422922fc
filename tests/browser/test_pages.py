"""Every page of the site, as each person who may open it, in both languages: open to all, light, quiet."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from starlette.routing import Match, Mount

from browser.conftest import wait_until_made
from browser.routes import ERRORS, FILES, LATER, PAGES, WATCHED, listed
from camphora.installation import Installation
from camphora.web.app import application

SCRIPT, WHOLE = 60_000, 250_000
"""Bytes, decompressed, of the scripts of a page and of everything that it loads."""
DEMANDS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
WEIGHTS = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .map(one => [one.initiatorType, one.decodedBodySize])"""
POLICY = """() => document.addEventListener('securitypolicyviolation',
    event => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))"""
CONTRAST = "() => axe.run({runOnly: ['color-contrast'], resultTypes: ['violations']})"


@pytest.fixture(scope="module")
def tabs(chromium, demo, sessions):
    """`tabs(person, lang)`: one page for each, with what it said to the console."""
    kept = {}

    def of(person, lang):
        if (person, lang) not in kept:
            context = chromium.new_context(base_url=demo, locale=lang, storage_state=sessions(person))
            context.add_init_script(f"({POLICY})()")
            page, said = context.new_page(), []
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            kept[person, lang] = page, said
        return kept[person, lang]

    yield of
    for page, _ in kept.values():
        page.context.close()


@pytest.fixture(scope="module")
def facts(chromium, demo, sessions, characters):
    """What stands for the names in the examples: ids of the citizen's records, of a look at her and of a use."""
    asked = {}
    for person in ("clinician", "citizen", "analyst", "officer"):
        context = chromium.new_context(base_url=demo, storage_state=sessions(person))
        asked[person] = context.new_page()

    def first(person, path, mark, within="main"):
        page = asked[person]
        page.goto(path)
        return page.locator(f"{within} a[href*='{mark}']").first.get_attribute("href").partition(mark)[2]

    def record(kind):
        found = asked["clinician"].request.get(f"/fhir/{kind}?patient={characters.citizen}&_count=1")
        return found.json()["entry"][0]["resource"]["id"]

    def certificate():
        """Of a choice that changes nothing which another test looks at."""
        page = asked["citizen"]
        page.goto("/me/choices/stop?category=genetic&purpose=TRAIN")
        page.locator("main form button").first.click()
        return first("citizen", "/me/certificates", "/me/certificates/")

    def taken():
        """A signal of the officer's county, taken from its own page."""
        page = asked["officer"]
        page.goto(f"{WATCHED}/signal/ili-2017-25-67000-all")
        page.locator("main form[action='/tasks/take'] button").first.click()
        return page.url.partition("/tasks/")[2].partition("?")[0]

    asked["analyst"].goto("/ask?view=person")
    asked["clinician"].request.get("/fhir/Patient?_count=50")  # persons who were never treated there: unusual
    found = {
        "reader": "clinician",
        "certificate": certificate(),
        "citizen": characters.citizen,
        "daughter": characters.daughter,
        "hospital": characters.hospital,
        "encounter": record("Encounter"),
        "observation": record("Observation"),
        "prescription": record("MedicationRequest"),
        "condition": record("Condition"),
        "look": first("citizen", "/me/looked", "/me/looked/", "#looks"),
        "consent": first("citizen", "/me/family", "?consent="),
        "work": taken(),
        "use": first("analyst", "/uses?purpose=secondary", "/uses/").removesuffix(".json"),
    }
    yield found
    for page in asked.values():
        page.context.close()


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
@pytest.mark.parametrize(("person", "path"), listed(PAGES) + listed(ERRORS))
def test_a_page_is_open_to_everybody_light_and_quiet(tabs, facts, person, path, lang):
    page, said = tabs(person, lang)
    said.clear()
    page.set_viewport_size({"width": 1200, "height": 900})
    page.emulate_media(color_scheme="light")
    wait_until_made(page, path.format(**facts))
    answer = page.goto(path.format(**facts))
    faults = {
        "status": [] if (answer.status < 400) == ((person, path) in listed(PAGES)) else [answer.status],
        "language": [] if page.locator("html").get_attribute("lang").endswith(lang[-2:]) else [lang],
        "weight": over(page.evaluate(WEIGHTS)),
        "axe": violations(Axe().run(page, options=DEMANDS).response),
        "dark": dark(page) if lang == "zh-TW" else [],
        "width": narrow(page),
        "said": [text for text in said if answer.status < 400 or "status of" not in text],
    }
    assert {name: found for name, found in faults.items() if found} == {}


def violations(answer):
    return [(each["id"], [node["html"][:160] for node in each["nodes"][:3]]) for each in answer["violations"]]


def over(weights):
    """What is too heavy: (kind, bytes)."""
    scripts = sum(size for kind, size in weights if kind == "script")
    whole = sum(size for _, size in weights)
    assert min(scripts, whole) > 0
    return [
        (kind, size)
        for kind, size, most in (("script", scripts, SCRIPT), ("all", whole, WHOLE))
        if size > most
    ]


def dark(page):
    page.emulate_media(color_scheme="dark")
    return violations(page.evaluate(CONTRAST))


def narrow(page):
    """How wide the page is on a screen of 320 px, where it is wider."""
    page.set_viewport_size({"width": 320, "height": 800})
    wide = page.evaluate("document.documentElement.scrollWidth")
    return [wide] if wide > 320 else []


@pytest.mark.parametrize(("person", "path"), listed(FILES))
def test_a_file_comes_whole_and_guarded(tabs, facts, person, path):
    page, _ = tabs(person, "zh-TW")
    answer = page.request.get(path.format(**facts))
    assert answer.ok, answer.text()
    assert answer.body()
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    opened = Installation.open(tmp_path_factory.mktemp("empty") / "kept", make=True)
    opened.demo = True
    yield opened
    opened.close()


def test_every_route_that_can_be_read_has_an_example(installation):
    example = dict.fromkeys(
        (
            "citizen",
            "encounter",
            "observation",
            "prescription",
            "condition",
            "hospital",
            "reader",
            "daughter",
            "work",
        ),
        "x",
    )
    numbers = dict.fromkeys(("look", "use", "consent", "certificate"), 1)
    every = listed(PAGES) + listed(FILES) + listed(LATER)
    paths = [path.format(**example, **numbers).partition("?")[0] for _, path in every]
    routes = list(readable(application(installation).routes))
    reached = {matched(routes, path) for path in paths}
    assert {name for name, _ in routes} - reached == set()


def readable(routes, under=""):
    """(name, route) of every GET route, those of the API after its name."""
    for route in routes:
        if isinstance(route, Mount):
            yield from ((name, (route, inner)) for name, inner in readable(route.routes or (), route.name))
        elif "GET" in (getattr(route, "methods", None) or ()):
            yield route.name, route


def matched(routes, path):
    """The name of the first route that takes an address."""
    for name, route in routes:
        mount, inner = route if isinstance(route, tuple) else (None, route)
        inside = path.removeprefix(mount.path) if mount else path
        scope = {"type": "http", "method": "GET", "path": inside, "root_path": ""}
        if (mount is None or path.startswith(f"{mount.path}/")) and inner.matches(scope)[0] is Match.FULL:
            return name
    return ""


def test_every_page_of_every_system_has_an_example(installation):
    reached = [path.partition("?")[0] for _, path in listed(PAGES)]
    for name, system in installation.catalogue.systems.items():
        for page in system.pages:
            address = f"/systems/{name}/{page.path}".rstrip("/")
            shape = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(address)))
            assert any(shape.fullmatch(path) for path in reached), address
