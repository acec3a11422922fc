"""What stands before every page and the API: headers, cookies, forms, hosts, rates and bounds."""

import asyncio
import gzip
import re
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import pytest
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from camphora.errors import Busy, Faults, Invalid, TooMany, catalogue, deadline
from camphora.gate import User
from camphora.gate.allowance import Allowance
from camphora.installation import Installation
from camphora.installation.secrecy import require_private
from camphora.installation.service import Bounds, Service
from camphora.policy import Policy, Role
from camphora.records.connections import Connections
from camphora.web.app import application
from camphora.web.front import LARGEST_FORM, LOOPBACK_NAMES, place_of
from camphora.web.site import COOKIE, DEVICE

PASSWORD = "camphor chest by the window"
HOST = "health.example.tw"
EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-permitted-cross-domain-policies": "none",
}
SAFE = {"GET", "HEAD"}


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secure") / "demo"
    folder.mkdir(mode=0o700)
    (folder / "demo").write_text("{}")
    opened = Installation.open(folder, make=True)
    for name, role in (("lin", Role.CLINICIAN), ("keeper", Role.ADMINISTRATOR), ("wu", Role.CLINICIAN)):
        opened.gate.identity.add_user(User(name, name, role, organisation="h1"), PASSWORD)
    opened.lake.catch_up()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(installation):
    return application(installation)


@pytest.fixture
def limited(installation, monkeypatch):
    """`limited(proxies, hosts, **limits)`: the application as it is served, with these settings. Time stands still for
    its rates, so that a slow machine sees what a quick one does."""
    monkeypatch.setitem(Allowance.__init__.__kwdefaults__, "clock", lambda: 1000.0)

    def made(proxies=(), hosts=frozenset(), **limits):
        text = f"proxies = {list(proxies)!r}\n[limits]\n" + "".join(
            f"{key} = {value}\n" for key, value in limits.items()
        )
        return application(installation, service=Service.read(text), hosts=hosts)

    return made


def browser(app, address="192.0.2.1", scheme="http", **cookies):
    made = TestClient(app, base_url=f"{scheme}://{HOST}", follow_redirects=False, client=(address, 50_000))
    for name, value in cookies.items():
        made.cookies.set(name, value, domain=HOST)
    return made


def signed_in(app, installation, name="lin", **given):
    session = installation.gate.identity.open_session(installation.gate.identity.user(name))
    prefix = "__Host-" if given.get("scheme") == "https" else ""
    made = browser(app, **given)
    made.cookies.set(prefix + COOKIE, session.token, domain=HOST)
    made.csrf = session.csrf
    return made


def walked(routes, before=""):
    """(address, method) of every route, its parameters filled with a word."""
    for route in routes:
        if isinstance(route, Mount):
            yield from walked(route.routes or [], before + route.path)
        elif isinstance(route, Route):
            address = before + re.sub(r"\{[^}]*\}", "x", route.path)
            yield from ((address, method) for method in sorted(route.methods or {"PATCH"}))


# Headers


def test_every_answer_of_every_route_bears_the_headers(app, installation):
    asked = [
        *walked(app.routes),
        ("/static/camphora.css", "GET"),
        ("/static/none.css", "GET"),
        ("/none", "GET"),
    ]
    assert len(asked) > 60
    for user in ("lin", "keeper"):
        one = signed_in(app, installation, user)
        for address, method in asked:
            answer = one.request(method, address)
            where = f"{method} {address} as {user}: {answer.status_code}"
            assert answer.status_code != 500, where
            for name, value in EVERYWHERE.items():
                assert answer.headers.get_list(name) == [value], where
            assert "camera=()" in answer.headers["permissions-policy"], where
            policy = answer.headers["content-security-policy"]
            assert "default-src 'self'" in policy, where
            assert "frame-ancestors 'none'" in policy, where
            assert "unsafe" not in policy, where
            kept = address == "/static/camphora.css"
            assert answer.headers.get_list("cache-control") == [
                "public, max-age=31536000, immutable" if kept else "no-store"
            ], where


def test_templates_have_no_inline_script_style_or_handler():
    found = []
    for page in files("camphora.web").joinpath("templates").iterdir():
        text = page.read_text("utf-8")
        for inline in (
            r"<script(?![^>]*\bsrc=)",
            r"<style",
            r"\sstyle=",
            r"\son[a-z]+\s*=",
            r"javascript:",
            r"hx-on",
        ):
            found += [f"{page.name}: {match}" for match in re.findall(inline, text, re.IGNORECASE)]
    assert found == []


def test_pages_as_drawn_have_no_inline_script_or_style(app, installation):
    one, drawn = signed_in(app, installation, "keeper"), 0
    for address, method in walked(app.routes):
        if method != "GET":
            continue
        answer = one.get(address)
        if "text/html" in answer.headers.get("content-type", ""):
            drawn += 1
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=\"", answer.text), (
                address
            )
    assert drawn > 20


def test_strict_transport_is_said_over_tls_alone(app):
    assert (
        "max-age=31536000"
        in browser(app, scheme="https").get("/about/privacy").headers["strict-transport-security"]
    )
    assert "strict-transport-security" not in browser(app).get("/about/privacy").headers


# Cookies and sessions


def sign_in(client, name="lin", password=PASSWORD, **more):
    return client.post("/sign-in", data={"name": name, "password": password, **more})


def test_over_tls_cookies_are_bound_to_the_host_and_hidden_from_scripts(app):
    answer = sign_in(browser(app, scheme="https"))
    assert answer.status_code == 303
    cookies = {one.split("=")[0]: one for one in answer.headers.get_list("set-cookie")}
    assert set(cookies) == {f"__Host-{COOKIE}", f"__Host-{DEVICE}"}
    for cookie in cookies.values():
        assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


def test_over_tls_a_cookie_that_another_host_could_set_counts_for_nothing(app, installation):
    one = signed_in(app, installation, scheme="https")
    assert one.get("/patients").status_code == 200
    token = one.cookies.get(f"__Host-{COOKIE}")
    assert browser(app, scheme="https", **{COOKIE: token}).get("/patients").status_code == 303


def test_how_pages_look_is_remembered_securely_over_tls(app):
    assert "Secure" in browser(app, scheme="https").get("/sign-in?lang=en").headers["set-cookie"]


def test_signing_in_gives_a_new_session_and_ends_the_one_before(app, installation):
    one = signed_in(app, installation)
    before = one.cookies.get(COOKIE)
    answer = sign_in(one, csrf=one.csrf)
    assert answer.status_code == 303
    assert one.cookies.get(COOKIE) != before
    assert installation.gate.identity.session(before) is None


def test_a_session_that_an_attacker_chose_is_never_taken_up(app, installation):
    one = browser(app, **{COOKIE: "chosen-by-somebody-else"})
    sign_in(one)
    assert installation.gate.identity.session("chosen-by-somebody-else") is None
    assert one.cookies.get(COOKIE) != "chosen-by-somebody-else"


def test_a_new_password_ends_the_session_of_a_browser(app, installation):
    one = signed_in(app, installation, "wu")
    assert one.get("/patients").status_code == 200
    installation.gate.identity.set_password("wu", "another camphor chest")
    assert one.get("/patients").status_code == 303


def test_signing_out_takes_the_cookie_away_and_ends_the_session(app, installation):
    one = signed_in(app, installation, scheme="https")
    token = one.cookies.get(f"__Host-{COOKIE}")
    answer = one.post("/sign-out", data={"csrf": one.csrf})
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert "Secure" in answer.headers["set-cookie"]
    assert installation.gate.identity.session(token) is None


# Forms and redirects


def test_every_form_refuses_what_does_not_bear_its_token(app, installation):
    forms = [address for address, method in walked(app.routes) if method == "POST" and "/fhir" not in address]
    assert len(forms) >= 6
    one = signed_in(app, installation)
    for address in forms:
        for given in ({}, {"csrf": ""}, {"csrf": "a" * 32}, {"csrf": "é"}):
            assert one.post(address, data=given).status_code == 403, address
        stranger = browser(app).post(address, data={}, headers={"sec-fetch-site": "cross-site"})
        assert stranger.status_code == 403, address
        foreign = browser(app).post(address, data={}, headers={"origin": "https://elsewhere.example"})
        assert foreign.status_code == 403, address


def test_another_site_cannot_write_by_the_api_with_a_readers_cookie(app, installation):
    one = signed_in(app, installation)
    for method, address in (
        ("POST", "/fhir/Observation"),
        ("PUT", "/fhir/Observation/x"),
        ("DELETE", "/fhir/Observation/x"),
    ):
        answer = one.request(
            method, address, headers={"sec-fetch-site": "cross-site", "content-type": "application/fhir+json"}
        )
        assert answer.status_code == 403, method
        assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_token_in_an_address_or_a_form_opens_nothing(app, installation):
    token = installation.gate.identity.issue_token("lin", "nightly", 1)
    assert browser(app).get(f"/fhir/Patient?access_token={token}").status_code == 401
    form = browser(app).post("/fhir/Patient/_search", data={"access_token": token})
    assert form.status_code == 401
    assert browser(app).get("/fhir/Patient", headers={"authorization": f"Bearer {token}"}).status_code == 200


ELSEWHERE = (
    "https://elsewhere.example/", "//elsewhere.example", "///elsewhere.example", "/\\elsewhere.example",
    "\\\\elsewhere.example", "/\t/elsewhere.example", "\t//elsewhere.example", "/\n/elsewhere.example",
    "javascript:alert(1)", "http:elsewhere.example", " https://elsewhere.example", "/me\r\nset-cookie: a=b",
    "@elsewhere.example", "elsewhere.example",
)  # fmt: skip


@pytest.mark.parametrize("following", ELSEWHERE)
def test_signing_in_leads_nowhere_else(app, following):
    answer = sign_in(browser(app), next=following)
    assert answer.status_code == 303
    location = answer.headers["location"]
    assert re.match(r"/(?![/\\])[\x21-\x7e]*\Z", location), location
    assert "a=b" not in answer.headers.get("set-cookie", "")


def test_the_way_to_sign_in_carries_the_address_and_nothing_more(app):
    assert (
        browser(app)
        .get("/patients/x%26next=elsewhere?next=//elsewhere")
        .headers["location"]
        .startswith("/sign-in?next=%2Fpatients%2Fx%26next%3Delsewhere")
    )


# Hosts and proxies


def test_other_host_names_are_refused_in_words(limited):
    app = limited(hosts=frozenset({HOST}))
    assert browser(app).get("/sign-in").status_code == 200
    for poisoned in (
        "elsewhere.example",
        f"{HOST}.elsewhere.example",
        f"{HOST}:8888",
        "localhost",
        f"elsewhere@{HOST}",
    ):
        answer = browser(app).get("/sign-in", headers={"host": poisoned, "accept-language": "en"})
        assert answer.status_code == 421, poisoned
        assert "host name" in answer.text
        assert poisoned not in answer.text
    refused = browser(app).get("/fhir/metadata", headers={"host": "elsewhere.example"})
    assert (refused.status_code, refused.json()["resourceType"]) == (421, "OperationOutcome")
    assert browser(app).get("/health", headers={"host": "10.0.0.3"}).status_code == 200


def test_of_this_machine_every_port_is_answered(limited):
    app = limited(hosts=LOOPBACK_NAMES)
    for host in ("localhost", "127.0.0.1:8080", "[::1]:8080"):
        assert browser(app).get("/sign-in", headers={"host": host}).status_code == 200
    assert browser(app).get("/sign-in", headers={"host": "rebound.example"}).status_code == 421


def test_a_forwarded_host_is_believed_of_nobody(limited):
    app = limited(proxies=["192.0.2.1"])
    given = browser(app).get(
        "/fhir/metadata",
        headers={"x-forwarded-host": "elsewhere.example", "forwarded": "host=elsewhere.example"},
    )
    assert given.status_code == 200
    assert "elsewhere" not in given.text


def test_forwarded_addresses_are_believed_of_our_proxies_alone(limited):
    app = limited(proxies=["192.0.2.1"], place_burst=1, place_per_second=1)
    ours, stranger = browser(app, "192.0.2.1"), browser(app, "198.51.100.9")
    said = [ours.get("/health", headers={"x-forwarded-for": f"203.0.113.{n}"}).status_code for n in range(5)]
    assert said == [200] * 5, "each is counted for itself"
    spoofed = [
        stranger.get("/health", headers={"x-forwarded-for": f"203.0.114.{n}"}).status_code for n in range(3)
    ]
    assert spoofed == [200, 429, 429], "a stranger is who he is"
    chosen = [
        ours.get("/health", headers={"x-forwarded-for": f"8.8.8.{n}, 203.0.115.1"}).status_code
        for n in range(3)
    ]
    assert chosen == [200, 429, 429], "what stands before the proxy's own word is the stranger's"
    assert ours.get("/health", headers={"x-forwarded-for": "203.0.116.1, 192.0.2.1"}).status_code == 200


def test_the_scheme_is_believed_of_our_proxies_alone(limited):
    app, header = limited(proxies=["192.0.2.0/24"]), {"x-forwarded-proto": "https"}
    assert "strict-transport-security" in browser(app, "192.0.2.1").get("/sign-in", headers=header).headers
    assert (
        "strict-transport-security"
        not in browser(app, "198.51.100.9").get("/sign-in", headers=header).headers
    )
    assert (
        "strict-transport-security"
        not in browser(app, "192.0.2.1").get("/sign-in", headers={"x-forwarded-proto": "wss"}).headers
    )


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"), ("::ffff:192.0.2.1", "192.0.2.1"), ("unix", "unix"),
    ],
)  # fmt: skip
def test_a_place_is_an_address_or_what_one_subscriber_holds(address, place):
    assert place_of({"client": (address, 1)}) == place


# Rates


def test_a_stranger_at_the_same_address_cannot_use_up_what_belongs_to_a_reader(limited, installation):
    app = limited(place_burst=3, place_per_second=1)
    stranger, reader = browser(app), signed_in(app, installation)
    assert [stranger.get("/health").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert [reader.get("/health").status_code for _ in range(20)] == [200] * 20
    assert browser(app, "192.0.2.2").get("/health").status_code == 200


def test_a_forged_cookie_or_token_counts_for_its_address(limited):
    app = limited(place_burst=3, place_per_second=1)
    said = [browser(app, **{COOKIE: f"forged{n}"}).get("/health").status_code for n in range(3)]
    said += [
        browser(app).get("/health", headers={"authorization": f"Bearer cam_{n}"}).status_code
        for n in range(2)
    ]
    assert said == [200, 200, 200, 429, 429]


def test_one_reader_has_one_allowance_in_however_many_sessions(limited, installation):
    app = limited(reader_burst=3, reader_per_second=1)
    said = [signed_in(app, installation).get("/health").status_code for _ in range(5)]
    assert said == [200, 200, 200, 429, 429]
    assert signed_in(app, installation, "keeper").get("/health").status_code == 200
    token = {"authorization": f"Bearer {installation.gate.identity.issue_token('lin', 'nightly', 1)}"}
    assert browser(app).get("/health", headers=token).status_code == 200, "a program has its own"


@pytest.mark.parametrize(("lang", "words"), [("zh-TW", "過於頻繁"), ("en", "too many requests")])
def test_too_often_is_429_with_retry_after_in_both_languages(limited, lang, words):
    app = limited(place_burst=1, place_per_second=1)
    one = browser(app, lang=lang)
    one.get("/health")
    page = one.get("/about/privacy")
    assert page.status_code == 429
    assert 1 <= int(page.headers["retry-after"]) <= 2
    assert words in page.text
    outcome = one.get("/fhir/metadata", headers={"accept-language": lang})
    assert outcome.status_code == 429
    assert outcome.headers["content-type"].startswith("application/fhir+json")
    assert outcome.headers["retry-after"]
    (issue,) = outcome.json()["issue"]
    assert issue["code"] == "throttled"
    assert words in issue["details"]["text"]


@pytest.mark.parametrize(
    ("lang", "words"), [("zh-TW", "登入失敗次數過多"), ("en", "too many failed attempts")]
)
def test_guessing_is_429_on_the_page_and_the_owner_still_gets_in(limited, lang, words):
    app = limited()
    owner = browser(app, "192.0.2.50")
    assert sign_in(owner, "keeper").status_code == 303
    owner.cookies.delete(COOKIE)
    guesser = browser(app, "192.0.2.50", lang=lang)
    answers = [sign_in(guesser, "keeper", f"guess number {n}") for n in range(6)]
    assert [one.status_code for one in answers] == [403] * 5 + [429]
    assert words in answers[-1].text
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert sign_in(owner, "keeper").status_code == 303, "from the same address, by a known device"
    assert sign_in(browser(app, "203.0.113.77"), "keeper").status_code == 303, "and from elsewhere"


# Bounds


def test_a_form_has_a_largest_size_and_a_largest_number_of_fields(limited):
    app = limited()
    large = browser(app).post("/sign-in", data={"name": "a" * (LARGEST_FORM + 1)})
    assert large.status_code == 413
    many = browser(app).post("/sign-in", data={f"f{n}": "1" for n in range(2_000)})
    assert many.status_code in {303, 400, 403, 413}
    files = browser(app).post("/sign-in", files={"a": b"x" * 100})
    assert files.status_code in {400, 403}


def test_a_body_that_swells_is_refused_before_it_is_in_memory(limited, installation):
    one = signed_in(limited(), installation)
    bomb = gzip.compress(b" " * 200_000_000, 9)
    assert len(bomb) < 300_000
    answer = one.post(
        "/fhir/Observation", content=bomb,
        headers={"content-type": "application/fhir+json", "content-encoding": "gzip"},
    )  # fmt: skip
    assert answer.status_code == 413
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "deep", ["[" * 200_000, '{"a":' * 200_000, '{"resourceType":"Observation","extension":' + "[" * 5_000]
)
def test_json_that_is_too_deep_is_refused_in_words(limited, installation, deep):
    one = signed_in(limited(), installation)
    answer = one.post("/fhir/Observation", content=deep, headers={"content-type": "application/fhir+json"})
    assert answer.status_code in {400, 422}
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "query",
    [
        "&".join(["code=a"] * 51),
        "&".join(["code=a"] * 5_000),
        "code=" + ",".join("a" * 201),
        "_sort=" + ",".join(["date"] * 11),
    ],
)
def test_a_search_with_too_many_clauses_is_refused(limited, installation, query):
    one = signed_in(limited(), installation)
    answer = one.post(
        "/fhir/Observation/_search",
        content=query,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("path", ["/sign-in", "/fhir/Observation"])
def test_a_body_that_comes_too_slowly_is_ended(limited, installation, path):
    app = limited(body_seconds=1)
    session = installation.gate.identity.open_session(installation.gate.identity.user("lin"))
    sent = []

    async def receive():
        if not receive.begun:
            receive.begun = True
            return {"type": "http.request", "body": b"n", "more_body": True}
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    receive.begun = False
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "scheme": "http", "root_path": "", "http_version": "1.1", "client": ("192.0.2.1", 1), "server": (HOST, 80),
        "headers": [
            (b"host", HOST.encode()), (b"cookie", f"{COOKIE}={session.token}".encode()),
            (b"content-type", b"application/fhir+json" if "fhir" in path else b"application/x-www-form-urlencoded"),
        ],
    }  # fmt: skip
    _in_a_loop_of_its_own(asyncio.wait_for(app(scope, receive, send), 10))
    assert sent[0]["status"] == 408


def _in_a_loop_of_its_own(work):
    """Run to the end in a thread: a browser's tests may have left a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


COUNTING = (
    "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a LIMIT 1000000000) SELECT count(*) FROM a"
)


def test_a_query_that_hangs_is_ended_and_the_connection_lives_on(tmp_path):
    connections = Connections(tmp_path / "a.sqlite", Policy.taiwan())
    reader = connections.reader()
    with deadline.within(0.2), pytest.raises(Busy, match="service-time-over"):
        list(reader.execute(COUNTING))
    assert list(reader.execute("SELECT 1")) == [(1,)]
    connections.close()


def test_a_question_of_the_lake_that_hangs_is_ended(installation):
    engine = installation.lake._engine
    with deadline.within(0.3), pytest.raises(Busy, match="service-time-over"), engine.asking() as cursor:
        cursor.execute(
            "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3"
        ).fetchall()
    with deadline.within(5), engine.asking() as cursor:
        assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def test_an_inner_time_never_outlives_an_outer_one():
    with deadline.within(0.05), deadline.within(60):
        assert deadline.remaining() < 1
    assert deadline.remaining() is None


@pytest.mark.parametrize("path", ["/fhir/Observation?_summary=count", "/records/Observation/x"])
def test_a_request_whose_query_hangs_is_answered_503_in_its_own_form(
    limited, installation, monkeypatch, path
):
    app = limited(work_seconds=1)

    def hanging(self, *_, **__):
        return list(self._connections.reader().execute(COUNTING))

    for asked in ("search", "read"):
        monkeypatch.setattr(type(installation.store), asked, hanging)
    answer = signed_in(app, installation).get(path)
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert ("timeout" in answer.text) == path.startswith("/fhir")


# Settings and keys


def test_settings_are_usual_where_there_is_no_file_and_read_where_there_is(tmp_path):
    assert Service.of(tmp_path) == Service()
    (tmp_path / "service.toml").write_text(
        'address = "https://health.example.tw"\nproxies = ["127.0.0.1", "10.0.0.0/8", "::1"]\n'
        "[limits]\nplace_burst = 7\n"
    )
    made = Service.of(tmp_path)
    assert made.hosts == {"health.example.tw"}
    assert (made.limits.place_burst, made.limits.reader_burst) == (7, Bounds().reader_burst)
    assert made.trusts("10.20.30.40")
    assert not made.trusts("192.0.2.1")
    assert not made.trusts("not an address")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("address = ", "service-settings-toml"), ("adress = 'x'", "service-settings-unknown"),
        ("address = 'health.example.tw'", "service-settings-value"), ("address = 3", "service-settings-value"),
        ("proxies = '127.0.0.1'", "service-settings-value"), ("proxies = ['*']", "service-settings-value"),
        ("workers = 0", "service-settings-value"), ("workers = '2'", "service-settings-value"),
        ("proxies = [1]", "service-settings-value"), ("limits = 3", "service-settings-value"),
        ("[limits]\nplace_burst = 0", "service-settings-value"),
        ("[limits]\nplace_burst = true", "service-settings-value"),
        ("[limits]\nbursts = 3", "service-settings-unknown"),
    ],
)  # fmt: skip
def test_wrong_settings_are_named(text, code):
    with pytest.raises(Invalid) as found:
        Service.read(text)
    assert found.value.code == code
    assert "service.toml" in str(found.value)
    assert all(found.value.text(lang) and found.value.remedy(lang) for lang in ("zh-TW", "en"))


def test_several_wrong_settings_are_told_at_once():
    with pytest.raises(Faults) as found:
        Service.read("a = 1\nb = 2")
    assert len(found.value.faults) == 2


@pytest.mark.parametrize("name", ["secret.key", "audit/heads.key"])
def test_a_key_that_others_may_read_is_not_served(tmp_path, name):
    folder = tmp_path / "place"
    Installation.open(folder, make=True).close()
    require_private(folder)
    for mode in (0o640, 0o604, 0o660):
        (folder / name).chmod(mode)
        with pytest.raises(Invalid, match="installation-key-open"):
            require_private(folder)


def test_a_database_is_open_to_others_only_where_the_folder_is(tmp_path):
    folder = tmp_path / "place"
    Installation.open(folder, make=True).close()
    (folder / "records.sqlite").chmod(0o644)
    require_private(folder)
    folder.chmod(0o755)
    with pytest.raises(Invalid, match="installation-key-open"):
        require_private(folder)


def test_too_many_is_a_kind_of_busy_with_its_own_status():
    assert TooMany("web-too-often", seconds=3).status == 429
    assert isinstance(TooMany("web-too-often", seconds=3), Busy)
    assert "web-too-often" in catalogue()
