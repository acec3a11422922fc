"""Files beside a piece of work: each a record of work of its own, which nothing changes, named by the Task beside it.

A file is kept whole in a Task of its own (`input.valueAttachment`), under an id of the same place: whoever may see the
work may see it, and nobody else, by the same law in the store. The Task that it is beside names it without its content,
so that the versions of the ledger stay small. What a file is, is read from its content and not from what is claimed.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from camphora.errors import Fault, Invalid, TooLarge
from camphora.policy import work as places
from camphora.records.prepare import instant
from camphora.work.tasks import Person, Work, coded, reference

MIB = 1024 * 1024
MOST = 2 * MIB
"""Bytes of one file."""
MANY = 20
"""Files beside one piece of work."""
LONGEST = 120
DIGEST = "https://camphora.tw/fhir/StructureDefinition/sha-256"
PLAIN = "text/plain"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BEGINNINGS = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
ENDINGS = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    SHEET: (".xlsx",),
    "text/csv": (".csv",),
    PLAIN: (".txt", ".md"),
}
"""How a file of each type ends; of other types none is taken."""
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class Attached:
    """A file as it was brought: its name made safe, its type by its content."""

    name: str
    kind: str
    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


class File(NamedTuple):
    """A file beside a piece of work: the id of its record, name, type, bytes and SHA-256."""

    id: str
    name: str
    kind: str
    size: int
    digest: str


def attached(name: str, content: bytes) -> Attached:
    """A file that may be kept. Raises TooLarge `work-file-large`, Invalid `work-file-empty` and `work-file-type` for
    what is not one of the types, or is another than its name says."""
    if len(content) > MOST:
        raise TooLarge("work-file-large", most=MOST // MIB)
    if not content:
        raise Invalid("work-file-empty")
    said = _UNFIT.sub(" ", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    stem, dot, ending = said.rpartition(".")
    kind = _kind(content, f".{ending.lower()}")
    if not dot or f".{ending.lower()}" not in ENDINGS.get(kind, ()):
        raise Invalid("work-file-type")
    return Attached(f"{stem.strip()[:LONGEST] or 'file'}.{ending}", kind, content)


def _kind(content: bytes, ending: str) -> str:
    for beginning, kind in BEGINNINGS.items():
        if content.startswith(beginning):
            return kind
    if content.startswith(b"PK\x03\x04"):
        return SHEET if _is_sheet(content) else ""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    if "\x00" in text:
        return ""
    return "text/csv" if ending == ".csv" else PLAIN


def _is_sheet(content: bytes) -> bool:
    """A workbook without macros; only the list of its parts is read."""
    try:
        names = set(zipfile.ZipFile(io.BytesIO(content)).namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    return "xl/workbook.xml" in names and not any("vbaProject" in name for name in names)


def record(file: Attached, work: Work, who: Person, at: int) -> dict[str, Any]:
    """The record that holds a file. Its id follows from the work and the content, so that the same file stands beside
    the same work once."""
    sha1 = hashlib.sha1(file.content, usedforsecurity=False).digest()  # what R4 says of Attachment.hash
    data = base64.b64encode(file.content).decode("ascii")
    return {
        "resourceType": "Task",
        "id": file_id(file, work),
        "status": "completed",
        "intent": "order",
        "code": coded("attachment"),
        "focus": {"reference": f"Task/{work.id}"},
        "authoredOn": instant(at),
        "requester": reference(who),
        "input": [_input({**_said(file), "hash": base64.b64encode(sha1).decode("ascii"), "data": data})],
    }


def file_id(file: Attached, work: Work) -> str:
    digest = hashlib.blake2b(f"{work.id}/{file.digest}".encode(), digest_size=12).hexdigest()
    return places.work_id(work.place, digest)


def named(file: Attached, record_id: str) -> dict[str, Any]:
    """What the Task says of a file that is beside it."""
    return _input({**_said(file), "url": f"Task/{record_id}"})


def _input(attachment: dict[str, Any]) -> dict[str, Any]:
    return {"type": coded("attachment"), "valueAttachment": attachment}


def _said(file: Attached) -> dict[str, Any]:
    return {
        "extension": [{"url": DIGEST, "valueString": file.digest}],
        "contentType": file.kind,
        "size": len(file.content),
        "title": file.name,
    }


def files_of(resource: Mapping[str, Any]) -> tuple[File, ...]:
    """The files that a Task names, in the order in which they came."""
    found = (each["valueAttachment"] for each in resource.get("input", ()) if "valueAttachment" in each)
    return tuple(_file(each, str(each["url"]).partition("/")[2]) for each in found if "url" in each)


def content_of(resource: Mapping[str, Any]) -> bytes:
    """The bytes of a file's record. Raises Fault `work-file-changed` where they are not those of its digest."""
    kept = resource["input"][0]["valueAttachment"]
    content = base64.b64decode(kept["data"])
    if hashlib.sha256(content).hexdigest() != _file(kept, "").digest:
        raise Fault("work-file-changed")
    return content


def _file(attachment: Mapping[str, Any], record_id: str) -> File:
    digests = (each["valueString"] for each in attachment.get("extension", ()) if each["url"] == DIGEST)
    return File(
        record_id,
        str(attachment["title"]),
        str(attachment["contentType"]),
        int(attachment["size"]),
        next(digests, ""),
    )
