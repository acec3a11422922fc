"""House checks beyond lint and types: error texts, translations, system folders, notices, and what may not be named.

Run by `make check`; `--write-notice` joins NOTICE.d into NOTICE.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = (".csv", ".gz", ".xz", ".tgz", ".zip", ".parquet", ".ods", ".xlsx", ".tsv", ".ndjson", ".js", ".woff2")
HEAD = """Camphora
Copyright 2026 the Camphora authors

This product carries the data below, each under its own licence.
One line per file: path, licence, source, what it is.

"""


def notice_rows() -> list[list[str]]:
    """Every line of NOTICE.d: path, licence, source, what it is."""
    rows = []
    for part in sorted((ROOT / "NOTICE.d").glob("*.tsv")):
        for line in part.read_text("utf-8").splitlines():
            if line.strip() and not line.startswith("#") and not line.startswith("path\t"):
                rows.append(line.split("\t"))
    return sorted(rows)


def notice_text() -> str:
    return HEAD + "".join("\t".join(row) + "\n" for row in notice_rows())


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        return listed.stdout.splitlines()
    return [str(path.relative_to(ROOT)) for path in (ROOT / "src").rglob("*") if path.is_file()]


def notice_faults() -> list[str]:
    """Data files without a line, lines without a file or a field, and a NOTICE that is not up to date."""
    patterns = [row[0] for row in notice_rows()]
    names = [name for name in tracked() if name.endswith(DATA) and not name.startswith(("NOTICE.d/", ".ci/"))]
    faults = [
        f"{name}: data without a line in NOTICE.d"
        for name in names
        if not any(Path(name).match(pattern) for pattern in patterns)
    ]
    faults += [
        f"NOTICE.d: {row[0]}: four fields wanted" for row in notice_rows() if len(row) != 4 or not all(row)
    ]
    faults += [f"NOTICE.d: {pattern}: no such file" for pattern in patterns if not list(ROOT.glob(pattern))]
    if (ROOT / "NOTICE").read_text("utf-8") != notice_text():
        faults.append("NOTICE: not up to date; run make notice")
    return faults


def error_faults() -> list[str]:
    """Codes raised without an entry, entries never raised, and texts whose facts differ between languages."""
    from camphora.errors import catalogue

    entries = catalogue()
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "src/camphora").rglob("*.py"))
    raised = set(
        re.findall(
            r"""(?:Invalid|Forbidden|NotFound|Conflict|TooLarge|Busy|Fault)\(\s*"([a-z0-9-]+)\"""", sources
        )
    )
    faults = [f"errors: {code}: raised, but not in the catalogue" for code in sorted(raised - entries.keys())]
    faults += [
        f"errors: {code}: in the catalogue, but never used" for code in entries if f'"{code}"' not in sources
    ]
    for code, entry in entries.items():
        for texts in (entry.text, entry.remedy):
            facts = {lang: set(re.findall(r"{(\w+)", texts[lang])) for lang in ("zh-TW", "en")}
            if facts["zh-TW"] != facts["en"] or not all(texts.values()):
                faults.append(f"errors: {code}: the languages name different facts, or one is empty")
    return faults


def naming_faults() -> list[str]:
    """Paths of a developer's machine in tracked text."""
    banned = re.compile(r"/work/|\.\./shared|/opt/pypi")
    faults = []
    for name in tracked():
        path = ROOT / name
        if (
            path.suffix in {".py", ".md", ".toml", ".sh", ".html", ".css", ".cfg"}
            and name != "tools/check.py"
        ):
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                if banned.search(line):
                    faults.append(f"{name}:{number}: names a path of somebody's machine")
    return faults


def main() -> int:
    if "--write-notice" in sys.argv:
        (ROOT / "NOTICE").write_text(notice_text(), "utf-8")
        return 0
    faults = [*notice_faults(), *error_faults(), *naming_faults()]
    print("\n".join(faults) or "house checks: no fault")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
