"""A line as small as a word, its last known value a dot."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from camphora.web.drawing.svg import EMPTY, runs, steps, tag

WIDTH, HEIGHT, EDGE = 112, 32, 5


def spark(values: Sequence[float | None], label: str, *, alert: bool = False) -> Markup:
    """The picture; equal values run along the middle. Nothing where no value is known."""
    known = [value for value in values if value is not None]
    if not known:
        return EMPTY
    points = _points(values, min(known), max(known))
    lines = [tag("polyline", points=steps(run), class_="line s1") for run in runs(points) if len(run) > 1]
    x, y = [point for point in points if point][-1]
    dot = tag("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=4, class_="question" if alert else "dot s1")
    box = f"0 0 {WIDTH} {HEIGHT}"
    return tag(
        "svg",
        tag("title", label),
        *lines,
        dot,
        viewBox=box,
        width=WIDTH,
        height=HEIGHT,
        role="img",
        class_="spark",
    )


def _points(values: Sequence[float | None], low: float, high: float) -> list[tuple[float, float] | None]:
    span, last = high - low, max(len(values) - 1, 1)
    points: list[tuple[float, float] | None] = []
    for k, value in enumerate(values):
        up = 0.5 if span == 0 or value is None else (value - low) / span
        place = (EDGE + k / last * (WIDTH - 2 * EDGE), HEIGHT - EDGE - up * (HEIGHT - 2 * EDGE))
        points.append(None if value is None else place)
    return points
