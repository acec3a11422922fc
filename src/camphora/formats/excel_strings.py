"""A workbook read with little memory: its texts, which cells name by their number, are one run of bytes."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import IO, Any, cast

from openpyxl.reader.excel import ExcelReader
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

ENTRY, RUN, TEXT = (f"{{{SHEET_MAIN_NS}}}{name}" for name in ("si", "r", "t"))


class Strings:
    """Texts by number, in the order in which they were added."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    @classmethod
    def read(cls, stream: IO[bytes]) -> Strings:
        """The table of shared strings; what is read of it does not stay."""
        found = cls()
        events = iterparse(stream, events=("start", "end"))
        _, root = next(events)
        for event, node in events:
            if event == "end" and node.tag == ENTRY:
                found.add("".join(_texts(node)).replace("x005F_", ""))
                root.clear()
        return found

    def add(self, text: str) -> None:
        self._bytes += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self):
            raise IndexError(number)
        start, end = self._ends[number], self._ends[number + 1]
        return self._bytes[start:end].decode("utf-8", "surrogatepass")


def _texts(entry: Any) -> Iterator[str]:
    """The text of an entry, in one piece or in runs of several looks; how it is spoken is passed over."""
    for child in entry:
        for one in (child,) if child.tag == TEXT else child.iterfind(TEXT) if child.tag == RUN else ():
            yield one.text or ""


class Reader(ExcelReader):
    """As openpyxl's, with the texts of the workbook held in a tenth of the memory."""

    def read_strings(self) -> None:
        """The texts that cells name by their number."""
        part = self.package.find(SHARED_STRINGS)  # type: ignore[no-untyped-call]
        if part is not None:
            with self.archive.open(part.PartName[1:]) as stream:
                self.shared_strings = cast("list[str]", Strings.read(stream))
