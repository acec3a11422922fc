"""The XHTML that a narrative may hold (https://hl7.org/fhir/R4/narrative.html#xhtml)."""

from __future__ import annotations

import re
from html.entities import name2codepoint
from xml.etree import ElementTree as ET

NAMESPACE = "{http://www.w3.org/1999/xhtml}"
ELEMENTS = frozenset(
    (  # noqa: SIM905 - one word after the other reads best
        "div p br span b i em strong small big tt sub sup dfn code samp kbd var cite abbr acronym address "
        "blockquote q pre h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption colgroup col thead tfoot tbody tr "
        "th td hr a img map area bdo ins del"
    ).split()
)
ATTRIBUTES = frozenset(
    (  # noqa: SIM905 - one word after the other reads best
        "title style class id lang dir accesskey tabindex span width align valign char charoff abbr axis "
        "headers scope rowspan colspan summary frame rules border cellspacing cellpadding cite href name src "
        "alt longdesc height usemap ismap shape coords nohref charset type hreflang rel rev datetime start "
        "compact value nowrap {http://www.w3.org/XML/1998/namespace}lang "
        "{http://www.w3.org/XML/1998/namespace}space"
    ).split()
)
_ENTITY = re.compile(r"&(\w+);")
_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})


def allowed(text: str) -> bool:
    """Whether it is one `div` of allowed elements and attributes that shows something."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text or "<?xml-" in text:
        return False
    try:
        top = ET.fromstring(_ENTITY.sub(_numbered, text))  # noqa: S314 - without a DTD there are no entities
    except (ET.ParseError, ValueError, RecursionError):
        return False
    return top.tag == f"{NAMESPACE}div" and all(map(_fits, top.iter())) and _shows(top)


def _numbered(found: re.Match[str]) -> str:
    name = found[1]
    return found[0] if name in _XML or name not in name2codepoint else f"&#{name2codepoint[name]};"


def _fits(element: ET.Element) -> bool:
    if not isinstance(element.tag, str) or not element.tag.startswith(NAMESPACE):
        return False
    return element.tag.removeprefix(NAMESPACE) in ELEMENTS and ATTRIBUTES.issuperset(element.attrib)


def _shows(top: ET.Element) -> bool:
    return any(text.strip() for text in top.itertext()) or top.find(f".//{NAMESPACE}img") is not None
