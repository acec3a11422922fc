"""Write the decision vectors from their rows: one JSON file for each dimension.

    PYTHONPATH=src:tools python tools/write_vectors.py [--check]

The rows in tools/vector_rows say input and expected result, written by hand from docs/explanation/decision.md; this
program decides nothing. `--check` writes nothing and fails where a file is not what its rows say.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from vector_rows import asking, bases, grounds, persons, saying

OUT = Path(__file__).resolve().parent.parent / "src/camphora/policy/vectors"


def documents() -> Iterator[tuple[Path, str]]:
    """Each file with what it holds: a vector on a line, so that a change shows as the line that changed."""
    for part in (asking, saying, persons, grounds, bases):
        for build in part.DIMENSIONS:
            document = build().document()
            vectors = document.pop("vectors")
            head = json.dumps(document, ensure_ascii=False)[:-1]
            rows = ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors)
            yield OUT / f"{document['dimension']}.json", f'{head}, "vectors": [\n{rows}\n]}}\n'


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the decision vectors from their rows.")
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = [path.name for path, text in documents() if not path.is_file() or path.read_text("utf-8") != text]
    if not check:
        for path, text in documents():
            path.write_text(text, "utf-8")
    print(f"{len(list(documents()))} files, {'stale' if check else 'written'}: {', '.join(stale) or 'none'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
