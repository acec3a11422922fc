"""Primitives whose form is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from mutation.engine import Fault, Specimen, kind, put

WRONG: dict[str, tuple[object, ...]] = {
    "date": ("2024-13-01", "2023-02-29", "24-01-01", "2024/01/01", "2024-1-5", "113-01-01", "2024-03-01T00:00:00Z"),
    "dateTime": ("2024-02-30", "2024-03-01T08:00:00", "2024-03-01T8:00:00Z", "2024-03-01 08:00:00", "tomorrow",
                 "2024-03-01T24:61:00Z", "20240301"),
    "instant": ("2024-03-01", "2024-03-01T08:00Z", "2024-03-01T08:00:00", "2024-02-30T08:00:00Z"),
    "time": ("8:00:00", "24:00:00", "08:61:00", "08:00", "noon"),
    "uri": ("http://a b/c", " urn:x", "urn:x y"),
    "url": ("http://a b/c", "a b"),
    "canonical": ("http://a b/c", " urn:x"),
    "code": (" final", "final ", "two  spaces"),
    "id": ("a_b", "with space", "x" * 65, "王"),
    "base64Binary": ("a$b=", "abc", "ab=c"),
    "positiveInt": (0, -1, 1.5, 2**31),
    "unsignedInt": (-1, 1.5, 2**31),
    "integer": (1.5, 2**31, -(2**31) - 1),
    "decimal": ("1.5", "1,5"),
    "boolean": ("true", 1, 0),
}  # fmt: skip
FORMS = tuple(WRONG)


def _form(code: str):
    def made(specimen: Specimen) -> Iterator[Fault]:
        for node in specimen.nodes:
            if node.code == code and not str(node.keys[-1]).startswith("_"):
                for n, value in enumerate(WRONG[code]):
                    yield Fault((node.path,), put(node.keys, value), f"{node.element.path} {n}")

    made.__doc__ = f"A {code} of a form that R4 does not allow."
    return made


for _code in FORMS:
    kind(f"form-{_code}", 40)(_form(_code))


@kind("too-long", 4)
def too_long(specimen: Specimen) -> Iterator[Fault]:
    """A string of more than 1,048,576 characters."""
    for node in specimen.nodes:
        if node.code == "string" and not str(node.keys[-1]).startswith("_"):
            yield Fault((node.path,), put(node.keys, "x" * (1024 * 1024 + 1)))
