"""How an installation is served to the network: its address, the proxies before it, and the limits of its use.

`service.toml` in the folder, every line of which may be left out:

    address = "https://health.example.tw"   # by which people reach it; other host names are refused
    proxies = ["127.0.0.1"]                 # networks from which X-Forwarded-For and -Proto are believed
    metrics = "operator"                    # who may ask /metrics: administrators, or "loopback" for this machine too
    workers = 1                             # processes that read, beside one that leads and alone writes (Linux);
                                            # of 1, one process does all

    [limits]                                # rates are counted in each process, connections and tries in all together
    reader_burst = 1000                     # requests at once of one signed-in reader, or of one token,
    reader_per_second = 200                 # and then so many each second
    place_burst = 300                       # the same of one network address of those who are not signed in
    place_per_second = 30
    sign_in_tries = 5                       # wrong passwords at once for one name from one address,
    sign_in_seconds = 12                    # and then one in so many seconds
    work_seconds = 30                       # a query that takes longer is ended
    body_seconds = 60                       # a body that takes longer to arrive is refused
    connections = 1000                      # open at once
    connections_per_place = 100             # of one network address that is no proxy
    bodies_mib = 1024                       # MiB of what is sent to the API and not answered yet, of all together

    [sessions]
    staff_idle_minutes = 15                 # without a request for so long, they end: of staff, who share machines
    citizen_idle_minutes = 30               # (NIST SP 800-63B: at most 15 at AAL3, 30 at AAL2), and of citizens
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from camphora.errors import Faults, Invalid, Place
from camphora.gate.allowance import Rate
from camphora.gate.identity import CITIZEN_MINUTES, SESSION_HOURS, STAFF_MINUTES, Idleness, Tries

FILE = "service.toml"
METRICS = ("operator", "loopback")
"""Who may ask for the figures of this server: administrators, or this machine itself as well."""
MOST = 1_000_000
MOST_WORKERS = 64
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits; the usual ones suit one small machine."""

    reader_burst: int = 1000
    reader_per_second: int = 200
    place_burst: int = 300
    place_per_second: int = 30
    sign_in_tries: int = 5
    sign_in_seconds: int = 12
    work_seconds: int = 30
    body_seconds: int = 60
    connections: int = 1000
    connections_per_place: int = 100
    bodies_mib: int = 1024

    @property
    def reader(self) -> Rate:
        return Rate(self.reader_burst, 1 / self.reader_per_second)

    @property
    def place(self) -> Rate:
        return Rate(self.place_burst, 1 / self.place_per_second)

    @property
    def tries(self) -> Tries:
        return Tries(name=Rate(self.sign_in_tries, float(self.sign_in_seconds)))


@dataclass(frozen=True, slots=True)
class Sessions:
    """How long a session lasts without a request."""

    staff_idle_minutes: int = STAFF_MINUTES
    citizen_idle_minutes: int = CITIZEN_MINUTES

    @property
    def idleness(self) -> Idleness:
        return Idleness(self.staff_idle_minutes, self.citizen_idle_minutes)


SECTIONS: dict[str, tuple[type[Bounds | Sessions], int]] = {
    "limits": (Bounds, MOST),
    "sessions": (Sessions, SESSION_HOURS * 60),
}
"""The sections of whole numbers, each with the largest that it takes."""


@dataclass(frozen=True, slots=True)
class Service:
    """The settings. `hosts`: the host names, with port where it is not the scheme's own, that are answered; empty
    where every name is."""

    address: str = ""
    proxies: tuple[Network, ...] = ()
    limits: Bounds = field(default_factory=Bounds)
    sessions: Sessions = field(default_factory=Sessions)
    metrics: str = "operator"
    workers: int = 1

    @staticmethod
    def of(folder: Path) -> Service:
        """The settings of a folder. Raises `Invalid` or `Faults`, which name what is wrong in the file."""
        file = folder / FILE
        return Service.read(file.read_text("utf-8")) if file.exists() else Service()

    @staticmethod
    def read(text: str) -> Service:
        try:
            said = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise Invalid("service-settings-toml", place=Place(file=FILE), reason=str(error)) from None
        faults = list(_faults(said))
        if faults:
            raise Faults(faults)
        proxies = tuple(ipaddress.ip_network(one) for one in said.get("proxies", ()))
        limits, sessions = said.get("limits", {}), said.get("sessions", {})
        metrics = said.get("metrics", "operator")
        address, workers = said.get("address", ""), said.get("workers", 1)
        return Service(address, proxies, Bounds(**limits), Sessions(**sessions), metrics, workers)

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({urlsplit(self.address).netloc.lower()}) if self.address else frozenset()

    def trusts(self, address: str) -> bool:
        """Whether this network address is a proxy of ours."""
        if not self.proxies:
            return False
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.proxies)


def _faults(said: Mapping[str, Any]) -> Iterator[Invalid]:
    known = ("address", "proxies", "metrics", "workers", *SECTIONS)
    yield from (_unknown(name, known) for name in said if name not in known)
    if not _is_address(said.get("address", "")):
        yield _wrong("address", "網址，例如 https://health.example.tw", "such as https://health.example.tw")
    proxies = said.get("proxies", [])
    if not isinstance(proxies, list) or not all(_is_network(one) for one in proxies):
        yield _wrong("proxies", '網路位址，例如 ["127.0.0.1"]', 'network addresses, such as ["127.0.0.1"]')
    if said.get("metrics", "operator") not in METRICS:
        yield _wrong("metrics", '"operator" 或 "loopback"', '"operator" or "loopback"')
    if not _is_whole(said.get("workers", 1), MOST_WORKERS):
        yield _not_whole("workers", MOST_WORKERS)
    for section, (kind, most) in SECTIONS.items():
        yield from _section_faults(
            said.get(section, {}), section, tuple(one.name for one in fields(kind)), most
        )


def _section_faults(given: object, section: str, known: tuple[str, ...], most: int) -> Iterator[Invalid]:
    if not isinstance(given, dict):
        yield _wrong(section, "一個區段", "a section")
        return
    for name, value in given.items():
        if name not in known:
            yield _unknown(f"{section}.{name}", known)
        elif not _is_whole(value, most):
            yield _not_whole(f"{section}.{name}", most)


def _is_whole(value: object, most: int) -> bool:
    return type(value) is int and 1 <= value <= most


def _not_whole(name: str, most: int) -> Invalid:
    return _wrong(name, f" 1 至 {most:,} 的整數", f"a whole number from 1 to {most:,}")


def _is_address(given: object) -> bool:
    if given == "":
        return True
    parts = urlsplit(given) if isinstance(given, str) else urlsplit("")
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.path in {"", "/"}


def _is_network(given: object) -> bool:
    try:
        ipaddress.ip_network(given)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return False
    return isinstance(given, str)


def _unknown(name: str, known: tuple[str, ...]) -> Invalid:
    place = Place(file=FILE)
    return Invalid("service-settings-unknown", place=place, name=name, known=", ".join(known))


def _wrong(name: str, zh: str, en: str) -> Invalid:
    return Invalid("service-settings-value", place=Place(file=FILE), name=name, zh=zh, en=en)
