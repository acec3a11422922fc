"""A name that stands twice is found however it, and what stands around it, is written."""

import json
import random

import pytest

from camphora.errors import Invalid
from camphora.fhir.distinct import require_distinct
from camphora.fhir.json import parse

TEXTS = ["a", '":', '\\":', '"', "\\", '\\\\":', 'x" :', "", "好", "\\u0022:"]


def has_twice(pairs_of):
    """By Python's own reader: whether some object has a name twice."""
    found = []

    def look(pairs):
        names = [name for name, _ in pairs]
        found.append(len(set(names)) < len(names))
        return dict(pairs)

    json.loads(pairs_of, object_pairs_hook=look)
    return any(found)


def said(text, chance):
    """A JSON string, some of its marks escaped as one may."""
    marks = {'"': ['\\"', "\\u0022"], "\\": ["\\\\", "\\u005c"], "a": ["a", "\\u0061"]}
    return f'"{"".join(chance.choice(marks.get(mark, [mark])) for mark in text)}"'


def made(chance, depth=0):
    if depth > 2 or chance.random() < 0.3:
        return said(chance.choice(TEXTS), chance)
    if chance.random() < 0.3:
        return "[" + ",".join(made(chance, depth + 1) for _ in range(chance.randint(0, 3))) + "]"
    gap = chance.choice(["", " ", "\n"])
    rows = [
        f"{said(chance.choice(TEXTS), chance)}{gap}:{made(chance, depth + 1)}"
        for _ in range(chance.randint(1, 3))
    ]
    return "{" + ",".join(rows) + "}"


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_texts_are_a_name_twice_is_found_and_nothing_else(seed):
    chance = random.Random(seed)
    seen = set()
    for _ in range(300):
        body = ('{"k":' + made(chance) + "}").encode()
        twice = has_twice(body)
        seen.add(twice)
        if twice:
            with pytest.raises(Invalid, match="web-fhir-twice"):
                require_distinct(body, parse(body))
        else:
            require_distinct(body, parse(body))
    assert seen == {True, False}


def test_numbers_of_any_length_are_no_hindrance():
    body = b'{"a":%s,"b":{"c":1}}' % (b"9" * 30)
    require_distinct(body, {"a": 10**30, "b": {"c": 1}})
    with pytest.raises(Invalid):
        require_distinct(b'{"a":%s,"a":1}' % (b"9" * 30), {"a": 10**30})
