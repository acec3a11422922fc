"""TLS by the nginx of `deploy/nginx.conf`, with a certificate of its own and only its ports and files changed."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from web.serving import NAME, NUMBER, PASSWORD, ROOT, made, served

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
HOST = "health.example.tw"
pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx: apt-get install nginx-light, or make nginx")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def certificate(folder):
    """A certificate for the host, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    (folder / "tls.crt").write_bytes(signed.public_bytes(pem))
    (folder / "tls.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def configuration(folder, port, plain, secure):
    """The documented configuration with these ports and files; what it says stays as it stands."""
    text = (ROOT / "deploy/nginx.conf").read_text("utf-8")
    changes = (
        ("listen 80;", f"listen 127.0.0.1:{plain};"), ("listen 443 ", f"listen 127.0.0.1:{secure} "),
        ("http://127.0.0.1:8080", f"http://127.0.0.1:{port}"), ("/etc/camphora/", f"{folder}/"),
        ("/var/log/nginx/", f"{folder}/"),
    )  # fmt: skip
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    kept = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""
    head = f"{user}daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/start.log crit;\nevents {{}}\n"
    (folder / "nginx.conf").write_text(f"{head}http {{\n{kept}{text}\n}}\n")


class Site:
    def __init__(self, folder, plain, secure, port, token):
        self.folder, self.plain, self.secure, self.port, self.token = folder, plain, secure, port, token
        self.trust = ssl.create_default_context(cafile=str(folder / "tls.crt"))

    def browser(self, **headers):
        """Over TLS, its certificate checked."""
        return Secure(self, headers)


class Secure(httpx.Client):
    def __init__(self, site, headers):
        transport = httpx.HTTPTransport(verify=site.trust)
        super().__init__(base_url=f"https://{HOST}:{site.secure}", headers=headers, transport=transport)
        self.site = site

    def send(self, request, **given):
        """To loopback, under the host's name."""
        request.url = request.url.copy_with(host="127.0.0.1")
        request.headers["host"] = HOST
        request.extensions = {**request.extensions, "sni_hostname": HOST}
        return super().send(request, **given)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    token = made(
        folder / "place",
        f'address = "https://{HOST}"\nproxies = ["127.0.0.1"]\n[limits]\nplace_burst = 200\n',
    )
    certificate(folder)
    plain, secure = free_port(), free_port()
    with served(folder / "place", folder / "said") as port:
        configuration(folder, port, plain, secure)
        process = subprocess.Popen([NGINX, "-e", str(folder / "start.log"), "-c", str(folder / "nginx.conf")])
        try:
            await_port(secure, process, folder / "start.log")
            yield Site(folder, plain, secure, port, token)
        finally:
            process.terminate()
            process.wait(30)


def await_port(port, process, log):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def test_https_works_and_says_that_it_must_be_used(site):
    answer = site.browser().get("/sign-in")
    assert answer.status_code == 200
    assert "max-age=31536000" in answer.headers["strict-transport-security"]
    assert "nginx/" not in answer.headers.get("server", "")
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]


def test_plain_http_leads_to_https_under_the_configured_name(site):
    answer = httpx.get(
        f"http://127.0.0.1:{site.plain}/patients?q=a",
        headers={"host": "elsewhere.example"},
        follow_redirects=False,
    )
    assert answer.status_code == 308
    assert answer.headers["location"] == f"https://{HOST}/patients?q=a"


def test_cookies_over_tls_are_secure_and_carry_a_session(site):
    with site.browser() as one:
        answer = one.post("/sign-in", data={"name": "lin", "password": PASSWORD})
        assert answer.status_code == 303
        cookies = answer.headers.get_list("set-cookie")
        assert cookies
        assert all(cookie.startswith("__Host-") and "; Secure" in cookie for cookie in cookies)
        token = cookies[0].partition(";")[0]
        assert one.get("/patients", headers={"cookie": token}).status_code == 200


def test_the_api_names_itself_by_its_own_address(site):
    found = site.browser(authorization=f"Bearer {site.token}").get("/fhir/Patient").json()
    assert found["link"][0]["url"].startswith(f"https://{HOST}/fhir/")


def test_old_protocols_are_not_spoken(site):
    old = ssl.create_default_context(cafile=str(site.folder / "tls.crt"))
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", site.secure)) as one, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(one, server_hostname=HOST)


def test_other_names_get_no_handshake(site):
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", site.secure)) as one, pytest.raises((ssl.SSLError, OSError)):
        trusting.wrap_socket(one, server_hostname="elsewhere.example")


def test_what_a_stranger_says_of_forwarding_is_overwritten(site):
    """Five wrong passwords, each under another forwarded address, are five from one place."""
    with site.browser() as one:
        codes = [
            one.post(
                "/sign-in", data={"name": "nobody", "password": f"guess number {n}"},
                headers={"x-forwarded-for": f"203.0.113.{n}", "x-forwarded-proto": "http"},
            )
            for n in range(6)
        ]  # fmt: skip
    assert [answer.status_code for answer in codes] == [403] * 5 + [429]
    assert all("strict-transport-security" in answer.headers for answer in codes)


def test_a_body_beyond_the_limit_is_refused(site):
    headers = {"content-type": "application/fhir+json", "authorization": f"Bearer {site.token}"}
    with site.browser() as one:
        beyond_nginx = one.post("/fhir/Observation", content=b" " * (65 * 1024 * 1024), headers=headers)
        beyond_ours = one.post("/fhir/Observation", content=b" " * (17 * 1024 * 1024), headers=headers)
    assert beyond_nginx.status_code == 413
    assert (beyond_ours.status_code, beyond_ours.json()["resourceType"]) == (413, "OperationOutcome")


def test_no_web_socket_is_spoken(site):
    headers = {
        "connection": "Upgrade", "upgrade": "websocket", "sec-websocket-key": "eA==", "sec-websocket-version": "13",
    }  # fmt: skip
    assert site.browser().get("/health", headers=headers).status_code == 200


def test_nginx_writes_down_doors_and_nobodys_name(site):
    log, until = site.folder / "camphora.log", time.monotonic() + 30
    before = len(log.read_text().splitlines())
    with site.browser(authorization=f"Bearer {site.token}") as one:
        assert one.get("/fhir/Patient", params={"identifier": NUMBER, "name": NAME}).status_code == 200
        assert one.get("/fhir/Patient/p-secret-1").status_code == 200
        one.get(f"/{NUMBER}")
    while len((written := log.read_text()).splitlines()) < before + 3 and time.monotonic() < until:
        time.sleep(0.05)
    assert " GET /fhir 200 " in written
    told = written + (site.folder / "camphora.error.log").read_text() + (site.folder / "said").read_text()
    for secret in (NUMBER, "p-secret-1", NAME, site.token, "A123", "%E6"):
        assert secret not in told
