"""Write docs/reference from the code: commands, errors, the FHIR API, read paths, systems, tables, synthetic people.

    python tools/reference.py            write the pages
    python tools/reference.py --check    write nothing; name the pages that are not up to date, exit 1 if there are any

The pages are committed, so that they can be read and compared without building anything; a test holds them to the code.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from camphora.cli.parser import build
from camphora.errors import CamphoraError, Entry, Lang, catalogue
from camphora.fhir.search import RESULT_NAMES
from camphora.installation import Installation
from camphora.policy.paths import declared
from camphora.web.app import application
from camphora.web.fhir.capability import capability
from camphora.web.fhir.outcomes import STATUS
from reference_data import page, synthetic_page, systems_page, table, tables_page
from search_cases import cases_page
from vectors_page import vectors_page

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs/reference"
SOURCES = ROOT / "src/camphora"
LANGS: tuple[Lang, Lang] = ("zh-TW", "en")
KINDS = {
    "route": "網址 route",
    "command": "指令 command",
    "follower": "追隨程序 follower",
    "download": "下載 download",
}
REACHES = {"persons": "個人資料 persons", "tables": "資料表 tables", "nothing": "無 nothing"}


# Commands


def commands_page() -> str:
    trees = {lang: dict(commands(build(["--lang", lang])[0])) for lang in LANGS}
    parts = [f"`camphora --help`\n\n{_exit_codes()}"]
    parts += [_command(name, *(trees[lang][name] for lang in LANGS)) for name in trees["en"]]
    return page("指令", "Commands", "tools/reference.py, camphora.cli", *parts)


def commands(
    parser: argparse.ArgumentParser, name: str = "camphora"
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that runs, with its parser, in the order of the help."""
    branches = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    if not branches:
        yield name, parser
    for branch in branches:
        for verb, below in branch.choices.items():
            yield from commands(below, f"{name} {verb}")


def _command(name: str, zh: argparse.ArgumentParser, en: argparse.ArgumentParser) -> str:
    example = (zh.epilog or "").partition("\n")[2].strip()
    rows = [
        (
            f"`{_spelled(one)}`",
            _about(one),
            _about(other),
            "" if one.default in (None, False) else f"`{one.default}`",
        )
        for one, other in zip(_options(zh), _options(en), strict=True)
    ]
    options = table(("選項 option", "說明", "meaning", "預設 default"), rows) if rows else ""
    return f"## {name}\n\n{zh.description}\n\n{en.description}\n\n```sh\n{example}\n```\n\n{options}".rstrip()


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """What belongs to the command itself, without the options that all have."""
    return [one for one in parser._actions if one.default != argparse.SUPPRESS and one.dest != "help"]  # noqa: SLF001


def _spelled(option: argparse.Action) -> str:
    value = option.metavar if isinstance(option.metavar, str) else ""
    if not option.option_strings:
        return f"{value} …" if option.nargs == "+" else f"[{value}]" if option.nargs == "?" else value
    return f"{option.option_strings[-1]} {value}".strip()


def _about(option: argparse.Action) -> str:
    needed = "（必填 required）" if option.required and option.option_strings else ""
    return f"{option.help or ''}{needed}"


def _exit_codes() -> str:
    rows = [(str(one.exit_code), one.category, str(one.status)) for one in categories().values()]
    header = ("結束代碼 exit code", "類別 category", "HTTP")
    return table(header, [("0", "完成 done", "200"), *rows, ("130", "Ctrl-C", "")])


# Errors


def categories() -> dict[str, type[CamphoraError]]:
    """Each category's class by its name, in the order of exit codes."""
    found = [one for one in CamphoraError.__subclasses__() if "category" in vars(one)]
    return {one.__name__: one for one in sorted(found, key=lambda one: one.exit_code)}


def errors_page() -> str:
    known = raised()
    parts = ["錯誤訊息末尾方括號內即為代碼。The code stands in brackets at the end of each message."]
    for file in sorted((SOURCES / "errors").glob("*.toml")):
        codes = tomllib.loads(file.read_text("utf-8"))
        entries = [_error(code, catalogue()[code], known.get(code, [])) for code in codes]
        parts += [f"## {file.stem}", *entries]
    return page("錯誤", "Errors", "tools/reference.py, camphora.errors", *parts)


def _error(code: str, entry: Entry, classes: list[type[CamphoraError]]) -> str:
    said = [_many(f"{entry.text[lang]}<br>→ {entry.remedy[lang]}") for lang in LANGS]
    facts = " · ".join(
        f"{one.category}, HTTP {STATUS.get(code, one.status)}, exit {one.exit_code}" for one in classes
    )
    return "\n\n".join(
        [f"### {code}", *said, f"<small>{facts or '訊息，不是錯誤 a notice, not an error'}</small>"]
    )


def _many(sentence: str) -> str:
    """A sentence with the words that stand after most numbers."""
    return re.sub(r"\{\w+:[^{}|]*\|([^{}]*)\}", r"\1", sentence)


def raised() -> dict[str, list[type[CamphoraError]]]:
    """Every code with the classes it is raised as: those of the calls that name it; for a code handed on in a
    variable, those that its file, or else its folder, builds from one; for one made of a room and a reason, those
    that make it."""
    texts = {file: file.read_text("utf-8") for file in sorted(SOURCES.rglob("*.py"))}
    folders = {file.parent for file in texts}
    joined = ["\n".join(texts[file] for file in texts if file.parent == folder) for folder in sorted(folders)]
    named, by_file = _found(texts.values())
    _, by_folder = _found(joined)
    ways = (named, by_file, by_folder)
    return {
        code: _classes(next((way[code] for way in ways if way.get(code)), set()) or _by_reason(code))
        for code in catalogue()
    }


def _found(texts: Iterable[str]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """By code: the classes of the calls that name it, and those that a text which holds it builds from a variable."""
    named: dict[str, set[str]] = {}
    loose: dict[str, set[str]] = {}
    for text in texts:
        tree = ast.parse(text)
        calls = [(name, code) for name, first in _built(tree) for code in _codes_in(first) or {""}]
        for name, code in calls:
            named.setdefault(code, set()).add(name)
        for code in _codes_in(tree):
            loose.setdefault(code, set()).update(name for name, said in calls if not said)
    return named, loose


def _classes(names: set[str]) -> list[type[CamphoraError]]:
    return [one for name, one in categories().items() if name in names]


def _built(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Every error that is built: its class and its first argument."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in categories()
            and node.args
        ):
            yield node.func.id, node.args[0]


def _codes_in(tree: ast.AST) -> set[str]:
    """The error codes that stand in a piece of code as text."""
    texts = {
        one.value for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }
    return texts & catalogue().keys()


def _by_reason(code: str) -> set[str]:
    """Classes of codes made as `Forbidden(f"gate-{reason}")`."""
    room = code.partition("-")[0]
    made = re.compile(rf'(\w+)\(\s*f"{room}-{{')
    return {name for file in (SOURCES / room).rglob("*.py") for name in made.findall(file.read_text("utf-8"))}


# The FHIR API and the read paths


def fhir_page(app: Starlette) -> str:
    statement = {
        lang: orjson.loads(capability("…", datetime(2026, 1, 1, tzinfo=UTC), lang)) for lang in LANGS
    }
    rest = {lang: statement[lang]["rest"][0] for lang in LANGS}
    rows = [
        (_verb(one), f"`{at}`", one.name) for at, one in routes(app.routes) if one.name.startswith("fhir.")
    ]
    said = [f"{rest[lang]['documentation']} {rest[lang]['security']['description']}" for lang in LANGS]
    shared = set.intersection(*(_codes(one) for one in rest["en"]["resource"]))
    facts = (
        f"FHIR {statement['en']['fhirVersion']} · {' '.join(f'`{one}`' for one in statement['en']['format'])}"
    )
    return page(
        "FHIR 介面",
        "The FHIR API",
        "tools/reference.py, GET /fhir/metadata",
        *said,
        facts,
        "## 操作 Interactions",
        table(("", "網址 address", "讀取路徑 read path"), rows),
        "## 查詢參數 Search parameters",
        f"各型別皆有 every type has {_listed(shared)}；結果參數 of the result {_listed(RESULT_NAMES)}",
        table(
            ("型別 type", "TW Core", "查詢參數 parameters"),
            [_type(one, shared) for one in rest["en"]["resource"]],
        ),
    )


def _codes(resource: dict[str, Any]) -> set[str]:
    return {one["name"] for one in resource["searchParam"]}


def _type(resource: dict[str, Any], shared: set[str]) -> tuple[str, str, str]:
    profiles = "、".join(one.rpartition("/")[2] for one in resource.get("supportedProfile", ()))
    return resource["type"], profiles, _listed(_codes(resource) - shared)


def _listed(names: Iterable[str]) -> str:
    return " ".join(f"`{one}`" for one in sorted(names))


def paths_page(app: Starlette) -> str:
    at: dict[str, list[str]] = {}
    for address, route in routes(app.routes):
        at.setdefault(route.name, []).append(f"{_verb(route)} `{address}`")
    rows = [
        (f"`{one.name}`", KINDS[one.kind], REACHES[one.reach], "<br>".join(at.get(one.name, [])))
        for one in declared()
    ]
    return page(
        "讀取路徑",
        "Read paths",
        "tools/reference.py, camphora.policy.paths",
        "資料可能離開系統的每一條路徑。「觸及」是最多能呈現的範圍；觸及個人資料者，都須通過洩漏測試（`tests/leak/`）。",
        "Every way by which data can leave. “Reach” is the most that it can show; all that reach persons are attacked "
        "in the leak suite, `tests/leak/`, and a test fails where one is missing.",
        table(("名稱 name", "種類 kind", "觸及 reach", "網址 address"), rows),
    )


def routes(found: Iterable[object], under: str = "") -> Iterator[tuple[str, Route]]:
    """Every route of the application with its whole address."""
    for route in found:
        if isinstance(route, Mount):
            yield from routes(route.routes, under + route.path)
        elif isinstance(route, Route):
            yield under + route.path, route


def _verb(route: Route) -> str:
    return "、".join(sorted((route.methods or {"*"}) - {"HEAD"}))


@contextmanager
def empty_application() -> Iterator[Starlette]:
    """The application over an installation without a person; making it declares every read path."""
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation.open(Path(folder), make=True)
        installation.demo = True
        try:
            yield application(installation)
        finally:
            installation.close()


# All pages


def pages() -> dict[Path, str]:
    """Every page of the reference by its file."""
    with empty_application() as app:
        made = {
            "commands": commands_page(),
            "errors": errors_page(),
            "fhir-api": fhir_page(app),
            "read-paths": paths_page(app),
            "systems": systems_page(),
            "synthetic-people": synthetic_page(),
            "tables": tables_page(),
            "decision-vectors": vectors_page(),
            "search-cases": cases_page(),
        }
    return {OUT / f"{name}.md": text for name, text in made.items()}


def stale() -> list[str]:
    """The pages that differ from what the code says now."""
    return [
        path.name for path, text in pages().items() if not path.exists() or path.read_text("utf-8") != text
    ]


def main() -> int:
    if "--check" in sys.argv:
        old = stale()
        print("\n".join(f"docs/reference/{name}: not up to date; run make docs" for name in old))
        return bool(old)
    OUT.mkdir(parents=True, exist_ok=True)
    for path, text in pages().items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
