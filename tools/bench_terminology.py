"""Figures of terminology: codes checked, expansions, opening and building the file. `tools/bench.py` prints them.

`python tools/bench_terminology.py` runs them alone.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import line, timed
from camphora.terminology import Terminology
from camphora.terminology.operations.expansion import expand
from camphora.terminology.operations.options import Options
from camphora.terminology.stored_library import Holdings
from camphora.terminology.terms import HeldTerms

TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/"
FACILITY_SET = TWCORE + "ValueSet/organization-identifier-tw"
DRUGS, DRUG_SET = TWCORE + "CodeSystem/medication-nhi-tw", TWCORE + "ValueSet/medication-nhi-tw"
PAGE = 20
DRUG_TEXTS, FACILITY_TEXTS = ("注射", "panadol", "tablets", "500 mg"), ("診所", "內科", "聯合醫院")
COLD = """
import sys, time
from pathlib import Path
start = time.perf_counter()
from camphora.terminology import Terminology
imported = time.perf_counter()
terms = Terminology.open(Path(sys.argv[1]))
terms.lookup(sys.argv[2], "A022224100")
print(time.perf_counter() - imported, imported - start)
"""


def terminology_figures() -> Iterator[dict[str, Any]]:
    """Validate-code, $expand with a text, search, cold open, size and build of the bundled terminology."""
    folder = Path(tempfile.mkdtemp(prefix="camphora-bench-"))
    try:
        path = folder / "terminology.sqlite"
        start = time.perf_counter()
        terms = Terminology.build(path)
        yield line("terminology build", time.perf_counter() - start, "s", concepts=_concepts(terms))
        terms.close()
        yield line("terminology size", path.stat().st_size / 1e6, "MB")
        yield from _cold(path)
        terms = Terminology.open(path)
        yield from _validate(terms)
        yield from _expand(terms)
        yield from _search(terms)
        terms.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _concepts(terms: Terminology) -> int:
    return sum(edition.count for edition in terms.systems())


def _cold(path: Path) -> Iterator[dict[str, Any]]:
    """A process of its own: the file opened and one code looked up."""
    taken = []
    for _ in range(5):
        answer = subprocess.run(
            [sys.executable, "-c", COLD, str(path), DRUGS], capture_output=True, check=True, text=True
        )
        taken.append(float(answer.stdout.split()[0]))
    yield line("terminology open and first look-up", min(taken) * 1000, "ms", taken)


def _validate(terms: Terminology) -> Iterator[dict[str, Any]]:
    """Every drug item in random order, first asked and asked again; no code twice in a round."""
    held = HeldTerms.over(terms)
    codes = [row[0] for row in terms.readers.rows("SELECT code FROM concept WHERE edition = 1")]
    random.Random(1).shuffle(codes)
    held.contains(DRUG_SET, DRUGS, "none")
    for name in ("first", "again"):
        start = time.perf_counter()
        right = sum(held.contains(DRUG_SET, DRUGS, code) is True for code in codes)
        taken = (time.perf_counter() - start) / len(codes) * 1e6
        yield line("terminology validate-code", taken, "µs", asked=name, codes=len(codes), right=right)
    start = time.perf_counter()
    for code in codes:
        held.knows(DRUGS, code)
    taken = (time.perf_counter() - start) / len(codes) * 1e6
    yield line("terminology code of a system", taken, "µs", codes=len(codes))


def _expand(terms: Terminology) -> Iterator[dict[str, Any]]:
    """The first page of the 45,036 drug items, and of the 36,420 facilities, with a text filter."""
    library = Holdings.of(terms)
    asked = [(DRUG_SET, text) for text in DRUG_TEXTS] + [(FACILITY_SET, text) for text in FACILITY_TEXTS]
    for url, text in asked:
        value_set = library.value_set(url)
        assert value_set is not None
        options = Options(text=text, count=PAGE, offset=0)
        taken = timed(lambda value_set=value_set, options=options: expand(library, value_set, options), 12)
        (system,) = (library.code_system(one["system"]) for one in value_set["compose"]["include"])
        hits = system.count(text=text) if system else None
        typical = sorted(taken)[len(taken) // 2] * 1000
        yield line(
            "terminology expand", typical, "ms", taken, of=len(system or ()), text=text, hits=hits, page=PAGE
        )


def _search(terms: Terminology) -> Iterator[dict[str, Any]]:
    """A search over every system's newest edition, best first."""
    for text in ("內科", "診所", "panadol", "台北 聯合醫院"):
        taken = timed(lambda text=text: terms.search(text), 12)
        yield line("terminology search", sorted(taken)[6] * 1000, "ms", taken, text=text)


if __name__ == "__main__":
    for figure in terminology_figures():
        print(json.dumps(figure, ensure_ascii=False), flush=True)
