"""References between resources: what a reference says, and rewriting them when a bundle is taken in.

Source: https://hl7.org/fhir/R4/references.html and http.html#trules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import orjson

from camphora.fhir import definitions

_LOCAL = re.compile(
    r"(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?"
)
_IN_JSON = re.compile(rb'(?<!\\)"reference"\s*:\s*("(?:[^"\\]|\\.)*")')


class Reference(NamedTuple):
    """A reference taken apart. `type` and `id` are empty where the text does not say them."""

    kind: Literal["local", "absolute", "urn", "contained", "other"]
    type: str
    id: str
    version: str
    text: str

    @property
    def local(self) -> str:
        """`Type/id` without the version."""
        return f"{self.type}/{self.id}"


def parse_reference(text: str, base: str = "") -> Reference:
    """What a reference's text says; an absolute one under `base` (this server's own address) is local.

    Never fails: text that fits none of FHIR's forms is of kind `other`.
    """
    own = text.removeprefix(base.rstrip("/") + "/") if base else text
    if text.startswith("#"):
        return Reference("contained", "", text[1:], "", text)
    if text.startswith("urn:"):
        return Reference("urn", "", "", "", text)
    kind: Literal["local", "absolute"] = "absolute" if "://" in own else "local"
    tail = "/".join(own.split("/")[-4 if "/_history/" in own else -2 :])
    found = _LOCAL.fullmatch(tail if kind == "absolute" else own)
    if found and found["type"] in definitions.resource_types():
        return Reference(kind, found["type"], found["id"], found["version"] or "", own)
    return Reference("absolute" if kind == "absolute" else "other", "", "", "", own)


def references(node: Any) -> Iterator[dict[str, Any]]:
    """Every element of a parsed resource that holds a literal `reference`, wherever it lies."""
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if isinstance(item.get("reference"), str):
                yield item
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def rewrite(body: bytes, address: Callable[[str], str | None] | Mapping[str, str]) -> bytes:
    """`body` with each literal reference that `address` knows replaced; all other bytes stay as they were.

    `address` is a mapping or a function from old text to new (None: leave). Only the property `reference` is
    touched, never a string that happens to look alike.
    """
    if isinstance(address, Mapping) and not address:
        return body
    look = address.get if isinstance(address, Mapping) else address

    def replaced(found: re.Match[bytes]) -> bytes:
        new = look(orjson.loads(found[1]))
        return found[0] if new is None else found[0][: found.start(1) - found.start()] + orjson.dumps(new)

    return _IN_JSON.sub(replaced, body)


def relative(body: bytes, base: str) -> bytes:
    """`body` with absolute references under `base`, this server's own address, made relative.

    To be done before a resource is kept: a patient named by our own full address is our patient.
    """
    if b"\\" not in body and base.rstrip("/").encode() not in body:
        return body  # where nothing is escaped, an address that is there stands there as it is

    def own(text: str) -> str | None:
        found = parse_reference(text, base)
        return found.text if found.kind == "local" and found.text != text else None

    return rewrite(body, own)
