"""Elements of SVG as safe text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from markupsafe import Markup, escape

EMPTY = Markup("")


def tag(name: str, *content: str, **attributes: object) -> Markup:
    """One element. `class_` is class, `font_size` is font-size; an attribute of None is left out; text is escaped."""
    written = "".join(
        f' {_attribute(key)}="{escape(str(value))}"' for key, value in attributes.items() if value is not None
    )
    inner = "".join(part if type(part) is Markup else escape(part) for part in content)
    return Markup(f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>")  # noqa: S704


def _attribute(key: str) -> str:
    if key in ("viewBox", "preserveAspectRatio"):
        return key
    return key.rstrip("_").replace("_", "-")


def share(value: float) -> str:
    """A place across, as a percentage."""
    return f"{value * 100:.4g}%"


def runs(points: Iterable[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """The unbroken stretches between gaps."""
    return [[p for p in group if p] for known, group in groupby(points, lambda p: p is not None) if known]


def steps(points: Iterable[tuple[float, float]]) -> str:
    """Points of a polyline, a tenth of a unit exact."""
    return " ".join(f"{x:.5g},{y:.5g}" for x, y in points)


def ems(text: str) -> float:
    """Width of a text in units of its own size: a full-width sign is one, others a little over a half."""
    return sum(1.0 if ord(sign) > 0x2E7F else 0.58 for sign in text)
