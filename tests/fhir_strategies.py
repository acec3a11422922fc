"""Hypothesis strategies that build resources of R4 from its definitions: right in structure, arbitrary in content.

    @given(resources())                    any type
    @given(resources("Observation"))       one type
    @given(elements("HumanName"))          one data type or path

Structure, cardinality, formats and required codes are right (`fhir.structure.check` finds nothing); invariants and
references are not looked at.
"""

import base64
import json as stdlib

from hypothesis import strategies as st

from camphora.fhir import definitions, json

XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
letters = st.characters(codec="utf-8", exclude_categories=["Cc", "Cn", "Cs"])
texts = st.text(letters, min_size=1, max_size=12) | st.sampled_from(
    ["王小明", "臺北市", "a\tb\nc", '<&">', "　"]
)
words = st.from_regex(r"[A-Za-z][A-Za-z0-9.-]{0,11}", fullmatch=True)
days = st.dates().map(str)
zones = st.sampled_from(["Z", "+08:00", "-05:30"])
instants = st.tuples(days, st.times().map(lambda t: t.isoformat("seconds")), zones).map(
    lambda p: f"{p[0]}T{p[1]}{p[2]}"
)
written = st.from_regex(r"-?(0|[1-9][0-9]{0,8})\.[0-9]{1,6}([eE][+-]?[0-9]{1,2})?", fullmatch=True)
narratives = st.sampled_from([
    f"<div {XHTML}>王</div>", f"<div {XHTML}><p class='a'>1 &lt; 2<br/></p> &#160;</div>", f"<div {XHTML}/>",
    f'<div {XHTML} xml:lang="zh-TW"><!-- c --><b>a\nb</b></div>',
])  # fmt: skip
PRIMITIVES = {
    "boolean": st.booleans(),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "unsignedInt": st.integers(0, 2**31 - 1),
    "positiveInt": st.integers(1, 2**31 - 1),
    "decimal": st.integers(-1_000, 1_000) | written.map(float),
    "string": texts,
    "markdown": texts,
    "code": words,
    "id": words,
    "uri": words.map("http://example.org/{}".format),
    "url": words.map("http://example.org/{}".format),
    "canonical": words.map("http://example.org/{}|1".format),
    "oid": st.integers(0, 99).map("urn:oid:1.2.{}".format),
    "uuid": st.uuids().map("urn:uuid:{}".format),
    "date": days | st.integers(1, 9999).map("{:04}".format),
    "dateTime": instants | days,
    "instant": instants,
    "time": st.times().map(lambda time: time.isoformat("seconds")),
    "base64Binary": st.binary(min_size=1, max_size=12).map(lambda data: base64.b64encode(data).decode()),
    "xhtml": narratives,
}
FEW = ("string", "boolean", "dateTime", "decimal", "code", "Coding", "Quantity", "Period")


def primitives(code, values=None):
    """Values of a primitive type, of a required value set where it lists its codes."""
    known = definitions.value_sets().get(values, {}) if code == "code" else {}
    codes = sorted(one for each in known.values() for one in each)
    return st.sampled_from(codes) if codes else PRIMITIVES[code]


@st.composite
def resources(draw, kind=None, depth=3, contained=True):
    """A resource of a type (any if None), `depth` levels of optional elements deep."""
    kind = kind or draw(st.sampled_from(sorted(definitions.resource_types())))
    return {"resourceType": kind, **draw(elements(kind, depth, contained))}


@st.composite
def elements(draw, owner, depth=2, contained=True):
    """The properties of a type or path: all required ones, and a few others."""
    if owner == "Extension":
        return draw(extensions())
    fields = [e for e in definitions.children(owner) if contained or e.name != "contained"]
    chosen = {e.path for e in fields if e.min}
    optional = [e.path for e in fields if not e.min]
    if depth > 0 and optional:
        chosen |= set(draw(st.lists(st.sampled_from(optional), max_size=3)))
    made = {}
    for element in fields:
        if element.path in chosen:
            made.update(draw(properties(element, depth - 1)))
    return made or ({"id": draw(words)} if owner not in definitions.resource_types() else {})


@st.composite
def extensions(draw):
    code = draw(st.sampled_from(FEW))
    value = draw(primitives(code) if code in PRIMITIVES else elements(code, 1))
    return {"url": draw(PRIMITIVES["uri"]), f"value{code[0].upper()}{code[1:]}": value}


@st.composite
def properties(draw, element, depth):
    """The one or two JSON properties of an element: its values, and what lies beside primitives."""
    names = element.properties
    name, code = (
        draw(st.sampled_from([one for one in names if one[1] in FEW] or names))
        if len(names) > 1
        else names[0]
    )
    size = draw(st.integers(1, 2)) if element.many else 1
    pairs = [draw(pair(element, code, depth)) for _ in range(size)]
    values, beside = [value for value, _ in pairs], [other for _, other in pairs]
    if not element.many:
        return {
            key: items[0] for key, items in ((name, values), ("_" + name, beside)) if items[0] is not None
        }
    return {
        key: items
        for key, items in ((name, values), ("_" + name, beside))
        if any(i is not None for i in items)
    }


@st.composite
def pair(draw, element, code, depth):
    """A value and what lies beside it, one of them None if not both."""
    if code == "Resource":
        return draw(resources("Patient", min(depth, 1), contained=False)), None
    if code not in PRIMITIVES:
        return draw(elements(element.content(code), depth)), None
    value = draw(primitives(code, element.values))
    plain = element.name in {"id", "url", "div"} or depth < 0 or draw(st.integers(0, 7))
    if plain:
        return value, None
    beside = draw(
        st.fixed_dictionaries(
            {"id": words}, optional={"extension": st.lists(extensions(), min_size=1, max_size=1)}
        )
    )
    return (value if element.min or draw(st.booleans()) else None), beside


def exact(resource):
    """The resource as it is read with `exact`: decimals as `Written`."""
    return json.parse(stdlib.dumps(resource).encode(), exact=True)
