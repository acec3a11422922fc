"""Reads a FHIR package from its archive (`.tgz`, https://hl7.org/fhir/R4/packages.html and the NPM package
specification of HL7). Nothing is unpacked to disk and nothing of it is run."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from camphora.errors import CamphoraError, Invalid, NotFound, Place, TooLarge
from camphora.fhir import definitions, json
from camphora.fhir.packages.misshapen import Misshapen, misshapen
from camphora.fhir.packages.package import Package
from camphora.fhir.packages.shelf import Json, Shelf, pack

MOST_BYTES = 2 * 1024**3
"""Unpacked; the largest package that is published (value sets of the United States) has 1.1 GB."""
MOST_MEMBER_BYTES = 256 * 1024**2
MOST_JSON_BYTES = 64 * 1024**2
MOST_VALUES = 2_000_000
"""In one file; four times as many as HL7's largest has, the data elements of R4. An empty list takes three bytes in
a file, next to none in the archive, and sixty in memory."""
MOST_MEMBERS = 100_000
MOST_HEAD_BYTES = 1024**2
DEEPEST_FOLDER = 8
UNREAD_FOLDERS = frozenset({"other", "openapi", "xml", "rdf", "ttl"})
"""Folders of a package that hold no resources in JSON, by its specification or by custom."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,213}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}")
_R4 = re.compile(r"4\.0(\.[01])?$")
_PLAIN = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE})
_BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, OverflowError)

Progress = Callable[[int], None]
"""Called with the number of resources read."""


def read(source: str | Path | bytes, *, file: str = "", progress: Progress | None = None) -> Package:
    """The package in an archive, given as its path or its bytes; `file` is what errors call it.

    A definition whose structure cannot be understood is left out, and named in `Package.misshapen`.

    Raises `Invalid` or `TooLarge` with a code `packages-…` (or `fhir-json-…` for a file that is not JSON) that names
    the file in the archive, and `NotFound` (`packages-no-file`) where there is no archive."""
    if isinstance(source, bytes):
        return _read(io.BytesIO(source), file or "package.tgz", progress)
    path = Path(source)
    try:
        with path.open("rb") as opened:
            return _read(opened, file or path.name, progress)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NotFound("packages-no-file", file=file or path.name) from error


def _read(stream: IO[bytes], file: str, progress: Progress | None) -> Package:
    reading = _Reading(file)
    try:
        data = pack(reading.manifest, reading.lines(stream), fast=True, progress=progress)
    except CamphoraError:
        raise
    except _BROKEN as error:
        raise Invalid("packages-archive", place=Place(file=file), file=file) from error
    return Package(Shelf(data), reading.members, reading.misshapen)


class _Reading:
    """One pass over an archive."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.members: list[str] = []
        self.misshapen: list[Misshapen] = []
        self._package_json: Json | None = None

    def manifest(self) -> Json:
        if self._package_json is None:
            raise Invalid("packages-no-manifest", place=Place(file=self.file), file=self.file)
        return self._package_json

    def lines(self, stream: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
        """Each resource as one line of JSON, and whether it is an example; `manifest` afterwards."""
        unpacked = cast("IO[bytes]", _Bounded(cast("IO[bytes]", gzip.GzipFile(fileobj=stream)), self.file))
        with tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_Member) as archive:
            for number, member in enumerate(archive, 1):
                if number > MOST_MEMBERS:
                    raise TooLarge("packages-many", place=Place(file=self.file), most=MOST_MEMBERS)
                steps = self._steps(member)
                if member.isfile() and _read_here(steps):
                    body = cast("IO[bytes]", archive.extractfile(member)).read()
                    yield from self._resource(steps, body)
        while unpacked.read(1 << 16):  # the checksum stands at the end
            pass

    def _steps(self, member: tarfile.TarInfo) -> list[str]:
        """The member's path within `package`; refuses what could lie outside it and what is no plain file."""
        steps = [step for step in member.name.replace("\\", "/").split("/") if step not in {"", "."}]
        place = Place(file=f"{self.file}!{member.name[:200]}")
        if member.name.startswith(("/", "\\")) or ".." in steps or ":" in member.name:
            raise Invalid("packages-path", place=place)
        if not (member.isfile() or member.isdir()):
            raise Invalid("packages-link", place=place)
        inside = steps[1:] if steps[:1] == ["package"] else steps
        most = MOST_JSON_BYTES if _read_here(inside) else MOST_MEMBER_BYTES
        if len(steps) > DEEPEST_FOLDER or member.size > most:
            raise TooLarge("packages-member", place=place, most=most, deepest=DEEPEST_FOLDER)
        return inside

    def _resource(self, steps: list[str], body: bytes) -> Iterator[tuple[bytes, bool]]:
        member = "/".join(steps)
        place = f"{self.file}!{member}"
        _require_small(body, place)
        found = json.parse(body, file=place)
        if steps == ["package.json"]:
            self._package_json = _checked_manifest(found, place)
        elif isinstance(found.get("resourceType"), str):
            _require_r4(found, place)
            example = _is_example(steps, found["resourceType"])
            wrong = None if example else misshapen(found, place)
            if wrong:
                self.misshapen.append(wrong)
                return
            self.members.append(member)
            yield msgspec.json.format(body.removeprefix(b"\xef\xbb\xbf"), indent=-1), example


class _Member(tarfile.TarInfo):
    """A member whose long name and other words about it are bounded: tarfile reads them whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Member:
        made = super().frombuf(buf, encoding, errors)
        if made.type not in _PLAIN and made.size > MOST_HEAD_BYTES:
            raise tarfile.ReadError
        return made


class _Bounded:
    """Reads as much as a package may hold, and no more."""

    def __init__(self, inner: IO[bytes], file: str) -> None:
        self._inner, self._file, self._left = inner, file, MOST_BYTES

    def read(self, size: int) -> bytes:
        found = self._inner.read(size)
        self._left -= len(found)
        if self._left < 0:
            raise TooLarge("packages-bytes", place=Place(file=self._file), most=MOST_BYTES)
        return found


def _read_here(steps: list[str]) -> bool:
    """Whether a file of this path is read: JSON, neither hidden (`.index.json`) nor in a folder of another form."""
    return bool(
        steps
        and steps[-1].lower().endswith(".json")
        and not any(step.startswith(".") for step in steps)
        and UNREAD_FOLDERS.isdisjoint(steps[:-1])
        and (len(steps) == 1 or steps[-1] != "package.json")
    )


def _require_small(body: bytes, place: str) -> None:
    """Refuses what would fill the memory once it is parsed; counted by the signs that stand between values."""
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise TooLarge("packages-values", place=Place(file=place), most=MOST_VALUES)


def _checked_manifest(found: Json, place: str) -> Json:
    name, version = found.get("name"), found.get("version")
    if not (isinstance(name, str) and _NAME.fullmatch(name) and ".." not in name):
        raise Invalid("packages-name", place=Place(file=place))
    if not (isinstance(version, str) and _VERSION.fullmatch(version) and ".." not in version):
        raise Invalid("packages-version", place=Place(file=place), name=name)
    versions = found.get("fhirVersions", found.get("fhir-version-list"))
    if isinstance(versions, list) and versions and not any(_R4.match(str(one)) for one in versions):
        raise Invalid("packages-not-r4", place=Place(file=place), found=", ".join(map(str, versions))[:60])
    said = {key: found.get(key) for key in ("license", "title", "canonical", "description", "type")}
    asked = found.get("dependencies")
    needs = asked if isinstance(asked, dict) else {}
    text = {key: value for key, value in said.items() if isinstance(value, str) and value}
    return text | {
        "name": name,
        "version": version,
        "dependencies": {key: value for key, value in needs.items() if isinstance(value, str)},
    }


def _require_r4(resource: Json, place: str) -> None:
    """A structure definition of another release of FHIR is refused."""
    version = resource.get("fhirVersion") if resource["resourceType"] == "StructureDefinition" else None
    if isinstance(version, str) and not _R4.match(version):
        raise Invalid("packages-not-r4", place=Place(file=place), found=version[:20])


def _is_example(steps: list[str], resource_type: Any) -> bool:
    return steps[0] in {"example", "examples"} or resource_type not in _definitional()


@cache
def _definitional() -> frozenset[str]:
    """The types whose instances define something: those with a canonical address, and NamingSystem."""
    addressed = {
        name
        for name in definitions.resource_types()
        if any(e.name == "url" and e.types == ("uri",) for e in definitions.children(name))
    }
    return frozenset(addressed | {"NamingSystem"})
