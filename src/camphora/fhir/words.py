"""The words of a resource for full text search: `_text` asks the narrative, `_content` everything that is said in it.

Source: https://hl7.org/fhir/R4/search.html#content. Made on demand, not with the index values.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from xml.parsers import expat

from camphora.errors import Invalid
from camphora.fhir import definitions
from camphora.fhir.folding import fold
from camphora.fhir.xml.safe import hardened

LONGEST = 200_000
"""Characters of a narrative, and of a resource's whole text, that are kept."""
SAYING = frozenset({"string", "markdown", "code"})
"""The primitives that say something to a reader; addresses, ids, dates, numbers and data are searched as such."""
INLINE = frozenset(
    (  # noqa: SIM905 - one word after the other reads best
        "span b i em strong small big tt sub sup dfn code samp kbd var cite abbr acronym a bdo ins del q"
    ).split()
)
"""Elements of XHTML that part no words."""
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_TAG = re.compile(r"<[^<>]*>")
_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})


def words(resource: dict[str, Any]) -> dict[str, str]:
    """Folded text by parameter: `_text` that of the narrative, `_content` that of all strings, markdown, codes and
    narratives, contained resources and extensions among them, each once and one on a line."""
    div = resource.get("text", {}).get("div", "")
    return {"_text": fold(narrative(div)), "_content": _content(resource)}


def narrative(div: str) -> str:
    """A narrative as plain text: without tags and comments, entities as characters."""
    text = div[:LONGEST]
    if "<" not in text and "&" not in text:
        return text
    parser, found = hardened(namespaces=False), list[str]()

    def tag(name: str, *_: Any) -> None:
        if name not in INLINE:
            found.append(" ")

    parser.StartElementHandler = tag
    parser.EndElementHandler = tag
    parser.CharacterDataHandler = found.append
    try:
        parser.Parse(_ENTITY.sub(_numbered, div).encode(), True)
    except (expat.ExpatError, Invalid, UnicodeEncodeError):
        return html.unescape(_TAG.sub(" ", text))
    return "".join(found)[:LONGEST]


def _numbered(found: re.Match[str]) -> str:
    meant = html.unescape(found[0])
    return found[0] if found[1] in _XML or meant == found[0] else "".join(f"&#{ord(each)};" for each in meant)


def _content(resource: dict[str, Any]) -> str:
    said = _said(resource, resource["resourceType"])
    content = "\n".join(dict.fromkeys(filter(None, map(fold, dict.fromkeys(said)))))
    if len(content) + max(map(len, said), default=0) <= LONGEST:
        return content
    return "\n".join(_distinct(said))


def _distinct(said: list[str]) -> Iterator[str]:
    """Each text once, folded, as long as there is room."""
    seen: set[str] = set()
    left = LONGEST
    for text in said:
        folded = fold(text[:left])
        if folded and folded not in seen:
            seen.add(folded)
            yield folded
            left -= len(folded)
            if left <= 0:
                return


@cache
def telling(resource_type: str) -> frozenset[str]:
    """The properties of a resource type whose own value, a string, says something to a reader."""
    return frozenset(name for name, code in _fields(resource_type).items() if code in SAYING)


def said_in(resource_type: str, name: str, value: Any) -> list[str]:
    """Every text that one property of a resource says, as it came, in the order of the JSON."""
    return _said({name: value}, resource_type)


def _said(value: dict[str, Any], owner: str) -> list[str]:
    """Every text inside an element of a type or path, in the order of the JSON; never by recursion."""
    found: list[str] = []
    stack = [(value, owner)]
    while stack:
        value, owner = stack.pop()
        inner: list[tuple[dict[str, Any], str]] = []
        fields = _fields(owner)
        for key, item in value.items():
            code = fields.get(key)
            if code is None:
                continue
            kind = type(item)
            if kind is str and code in SAYING:
                found.append(item)
                continue
            for each in item if kind is list else (item,):
                if type(each) is dict:
                    inner.append((each, each.get("resourceType", "") if code == "Resource" else code))
                elif code == "xhtml":
                    found.append(narrative(each))
                elif code in SAYING and each is not None:
                    found.append(each)
        if inner:
            inner.reverse()
            stack += inner
    return found


@cache
def _fields(owner: str) -> dict[str, str]:
    """By property the type or path of what lies there; of primitives those that say something, and beside each the
    object of its extensions."""
    found: dict[str, str] = {}
    types = definitions.types()
    for element in definitions.children(owner) if owner.partition(".")[0] in types else ():
        for name, code in element.properties:
            kind = types[code].kind if code in types else "complex"
            if kind != "primitive":
                found[name] = element.content(code)
            else:
                found[f"_{name}"] = "Element"
                if code in SAYING or code == "xhtml":
                    found[name] = code
    return found
