"""Where a fault lies in XML that was sent: line and column of the element that its FHIRPath names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.parsers import expat

from camphora.fhir.xml.safe import hardened
from camphora.web.fhir.places import Wanted, names_of, way


def locate_all(body: bytes, paths: Sequence[str]) -> list[tuple[int, int]]:
    """Line and column, from 1, of the element of each path such as `Bundle.entry[3].resource`; of the one around it
    where it is not there. `body` has been read as FHIR XML before."""
    root = Wanted()
    ways = [way(root, path) for path in paths]
    _Search(root).through(body)
    spots = [next((step.spot for step in reversed(one) if step.spot is not None), 0) for one in ways]
    lines = _lines(body, spots)
    return [lines[spot] for spot in spots]


class _Search:
    """Follows the elements of a document, and the wanted steps that each of them is."""

    def __init__(self, root: Wanted) -> None:
        self.root = root
        self.inside: list[list[Wanted]] = []
        self.counts: list[dict[str, int]] = []
        self.parser = hardened(namespaces=False)
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def through(self, body: bytes) -> None:
        try:
            self.parser.Parse(body, True)
        except expat.ExpatError:
            return

    def _start(self, name: str, _: list[str]) -> None:
        spot = self.parser.CurrentByteIndex
        if not self.inside:
            self.root.spot = spot
            found = [self.root]
        elif name[:1].isupper():
            found = self.inside[-1]  # a resource is the element that holds it
        else:
            found = self._of(name, spot)
        self.inside.append(found)
        self.counts.append({})

    def _of(self, name: str, spot: int) -> list[Wanted]:
        number = self.counts[-1].get(name, 0)
        self.counts[-1][name] = number + 1
        around = self.inside[-1]
        named = [one.after[called] for one in around for called in names_of(name) if called in one.after]
        found = [*named, *(one.after[number] for one in named if number in one.after)]
        for one in found:
            one.spot = spot if one.spot is None else one.spot
        return [one for one in found if one.after]

    def _end(self, _: str) -> None:
        self.inside.pop()
        self.counts.pop()


def _lines(body: bytes, spots: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Line and column, from 1, of each byte that begins an element."""
    found: dict[int, tuple[int, int]] = {}
    line, before = 1, 0
    for spot in sorted(set(spots)):
        line += body.count(b"\n", before, spot)
        begin = body.rfind(b"\n", 0, spot) + 1
        found[spot] = (line, len(body[begin:spot].decode(errors="replace")) + 1)
        before = spot
    return found
