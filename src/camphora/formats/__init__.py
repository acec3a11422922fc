"""What people bring, turned into text, rows and typed values; every fault located and curable.

One file per format. A source is a path or a seekable binary stream; nothing here reads more of it than a limit
allows, and no error repeats what stood in a cell: only its shape (`shape("A123") == "A999"`).
"""

from camphora.formats.csv_rows import Row, csv_rows
from camphora.formats.declaration import TableDeclaration, base_tables
from camphora.formats.encoding import decode, open_text, sniff
from camphora.formats.limits import Limits, Source, open_limited
from camphora.formats.shape import shape

__all__ = [
    "Limits",
    "Row",
    "Source",
    "TableDeclaration",
    "base_tables",
    "csv_rows",
    "decode",
    "open_limited",
    "open_text",
    "shape",
    "sniff",
]
