"""House checks beyond lint and types: error texts, translations, system folders, notices, and what may not be named.

Run by `make check`; `--write-notice` joins NOTICE.d into NOTICE.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = (".csv", ".gz", ".xz", ".tgz", ".zip", ".parquet", ".ods", ".xlsx", ".tsv", ".ndjson", ".js", ".woff2")
OURS = {"src/camphora/notice.tsv", *(f"src/camphora/web/static/{name}.js" for name in ("camphora", "room"))}
"""Code and lists of our own that only look like data."""
HEAD = """Camphora
Copyright 2026 the Camphora authors

This product carries the data below, each under its own licence.
One line per file: path, licence, source, what it is.

"""


WORDS = {"zh", "en"}
"""Facts that are words of one language: each text takes its own."""


def notice_rows() -> list[list[str]]:
    """Every line of NOTICE.d: path, licence, source, what it is."""
    parts = sorted((ROOT / "NOTICE.d").glob("*.tsv"))
    lines = [line for part in parts for line in part.read_text("utf-8").splitlines()]
    return sorted(line.split("\t") for line in lines if line.strip() and not line.startswith(("#", "path\t")))


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
        if name not in OURS and not any(Path(name).match(pattern) for pattern in patterns)
    ]
    faults += [
        f"NOTICE.d: {row[0]}: four fields wanted" for row in notice_rows() if len(row) != 4 or not all(row)
    ]
    faults += [f"NOTICE.d: {pattern}: no such file" for pattern in patterns if not list(ROOT.glob(pattern))]
    for path, text in notice_files().items():
        if not path.exists() or path.read_text("utf-8") != text:
            faults.append(f"{path.name}: not up to date; run make notice")
    return faults


def notice_files() -> dict[Path, str]:
    """What `--write-notice` writes: NOTICE, and the rows of what the wheel carries, for the page of sources."""
    carried = [row for row in notice_rows() if row[0].startswith("src/camphora/")]
    packaged = "".join("\t".join([row[0].removeprefix("src/camphora/"), *row[1:]]) + "\n" for row in carried)
    return {ROOT / "NOTICE": notice_text(), ROOT / "src/camphora/notice.tsv": packaged}


def error_faults() -> list[str]:
    """Codes raised without an entry, entries never raised, and texts whose facts differ between languages."""
    from camphora.errors import catalogue

    entries = catalogue()
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "src/camphora").rglob("*.py"))
    raised = set(
        re.findall(
            r"""(?:Invalid|Forbidden|NotFound|Conflict|TooLarge|Busy|TooMany|Fault)\(\s*"([a-z0-9-]+)\"""",
            sources,
        )
    )
    faults = [f"errors: {code}: raised, but not in the catalogue" for code in sorted(raised - entries.keys())]
    by_reason = {f"gate-{reason}" for reason in re.findall(r'Reason\(\s*"([a-z-]+)"', sources)}
    unused = [code for code in entries if f'"{code}"' not in sources and code not in by_reason]
    faults += [f"errors: {code}: in the catalogue, but never used" for code in unused]
    for code, entry in entries.items():
        for texts in (entry.text, entry.remedy):
            facts = {lang: set(re.findall(r"(?<!{){(\w+)", texts[lang])) - WORDS for lang in ("zh-TW", "en")}
            if facts["zh-TW"] != facts["en"] or not all(texts.values()):
                faults.append(f"errors: {code}: the languages name different facts, or one is empty")
    return faults


def words_faults() -> list[str]:
    """Words that one language has and the other has not, or with other places."""
    from camphora.pages.words import missing

    pairs = [
        (ROOT / f"src/camphora/{room}/strings/zh-TW.toml", ROOT / f"src/camphora/{room}/strings/en.toml")
        for room in ("cli", "web")
    ]
    folder = ROOT / "src/camphora/web/words"
    names = {path.name for path in folder.glob("*/*.toml")}
    pairs += [(folder / "zh-TW" / name, folder / "en" / name) for name in sorted(names)]
    faults = []
    for zh, en in pairs:
        if not (zh.exists() and en.exists()):
            faults.append(f"{zh.name}: only in one language")
            continue
        found = missing(tomllib.loads(zh.read_text("utf-8")), tomllib.loads(en.read_text("utf-8")))
        faults += [f"{zh.relative_to(ROOT)}: {one}" for one in found]
    return faults + doubled_words(folder / "zh-TW")


def doubled_words(folder: Path) -> list[str]:
    """Keys of the handlers' words that two files give: one would silently cover the other."""
    from camphora.pages.words import flat

    owners: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.toml")):
        for key, _ in flat(tomllib.loads(path.read_text("utf-8"))):
            owners.setdefault(key, []).append(path.name)
    return [f"words: {key}: in {' and '.join(names)}" for key, names in owners.items() if len(names) > 1]


def system_faults() -> list[str]:
    """Every fault of every packaged system folder, and cases that do not hold."""
    from camphora.catalogue import Catalogue, check

    catalogue = Catalogue.scan()
    faults = [str(fault) for system in catalogue.systems.values() for fault in check(system.folder)]
    for name in catalogue.systems:
        faults += [
            f"{name}/{one.file}:{one.line}: {one.case}: {one.found}"
            for one in catalogue.test(name)
            if not one.holds
        ]
    return faults


def naming_faults() -> list[str]:
    """Paths of a developer's machine in tracked text."""
    banned = re.compile(r"""(?:^|[\s"'(`])(?:/(?:home|root|Users|work|opt|srv)/|\.\./shared)""")
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
        for path, text in notice_files().items():
            path.write_text(text, "utf-8")
        return 0
    faults = [*notice_faults(), *error_faults(), *naming_faults(), *words_faults(), *system_faults()]
    print("\n".join(faults) or "house checks: no fault")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
