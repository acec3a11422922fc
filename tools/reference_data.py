"""The pages of the reference that are drawn from declared data: systems, tables, code systems, synthetic people."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from camphora.catalogue import Catalogue, System, clauses
from camphora.catalogue.folder import (
    DEMO_KEYS,
    LINK_KEYS,
    PAGE_KEYS,
    PARAMETER_KEYS,
    SERVES_KEYS,
    SYSTEM_KEYS,
)
from camphora.engines.watch.declaration import (
    BUDGET_KEYS,
    GROUP_KEYS,
    METHOD_KEYS,
    SUPPRESSION_KEYS,
    TOLD_KEYS,
    WATCH_KEYS,
)
from camphora.formats.declaration import COLUMN_KEYS, TABLE_KEYS, TableDeclaration
from camphora.formats.toml_lines import Key
from camphora.rules import Rule

SOURCES = Path(__file__).resolve().parent.parent / "src/camphora"
STATES = {"works": "可使用 works", "partly": "部分可用 partly", "planned": "規劃中 planned"}
BADGES = {"open": "真實開放資料 open", "example": "公開範例 example", "synthetic": "合成資料 synthetic"}
MOST_CASES = 40
PEOPLE = (
    ("illnesses", "慢性病", "Lasting illnesses", ("icd",)),
    ("acute", "急性病", "Passing illnesses", ("icd",)),
    ("admissions", "住院", "Admissions", ("icd",)),
    ("procedures", "處置", "Procedures", ("fee",)),
    ("measurements", "量測與檢驗", "Measurements", ("loinc", "unit")),
    ("ingredients", "用藥成分", "Medicines", ("atc", "zh_use", "en_use")),
    ("vaccines", "預防接種", "Immunisations", ("cvx", "doses_months")),
    ("screenings", "篩檢", "Screenings", ("loinc", "from", "to", "years")),
    ("allergens", "過敏", "Allergies", ("code", "reaction_zh", "reaction_en")),
)
"""Files of `synth/data`: their heading, and the columns shown beside both names."""
PEOPLE_SAID = """\
合成民眾依真實之鄉鎮市區、性別、年齡人口抽出（104 年 11 月，推至 115 年 11 月），在真實的醫事機構就醫；
人、姓名、病歷皆為虛構。身分證號形式正確而檢查碼錯誤，不會是任何在世者的號碼。
每筆資源標有 `urn:camphora:data-kind|synthetic`。
疾病、檢驗、用藥與就醫之頻率為本專案之假設，不得據以推論真實的人。

Residents are drawn from the real table of township, sex and age (November 2015, carried to November 2026) and are
seen at real facilities; persons, names and records are invented, and every ID has the right form with a wrong check
digit, so that it is nobody's. Each resource bears the tag `urn:camphora:data-kind|synthetic`. Frequencies of illness,
tests and medicines are assumptions of ours: they say nothing about real people. The names are our own plain words.

相同的人數與種子產生相同的人。The same number and seed make the same people: `camphora demo --people 1000 --seed 1`."""


def page(zh: str, en: str, source: str, *parts: str) -> str:
    """A page with its heading, who wrote it, and its parts."""
    note = f"本頁由程式產生，請勿手改。Written by the program ({source}); do not edit."
    return "\n\n".join([f"# {zh} {en}", f"<small>{note}</small>", *(part for part in parts if part)]) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; bars and line ends inside cells are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", "<br>")


def both(texts: Mapping[str, str]) -> str:
    return "<br>".join(texts[lang] for lang in ("zh-TW", "en") if texts.get(lang))


# Systems


def systems_page() -> str:
    catalogue = Catalogue.scan()
    counts = table(
        ("狀態 state", "項數 clauses"), [(STATES[state], n) for state, n in catalogue.counts().items()]
    )
    return page(
        "系統",
        "Systems",
        "tools/reference_data.py, camphora.catalogue",
        f"兩份計畫共 {sum(catalogue.counts().values())} 項；狀態由系統資料夾算出。"
        "The plans' systems; states are computed from the folders.",
        counts,
        *(_system(system) for system in catalogue.available()),
        "## 檔案的鍵 Keys of the files",
        *_declared_keys(),
    )


def _system(system: System) -> str:
    facts = table(
        ("", ""),
        [
            ("狀態 state", STATES[system.state]),
            ("資料 data", BADGES[system.badge]),
            ("讀者 readers", "、".join(system.readers)),
            ("目的 purposes", "、".join(system.purposes)),
            ("紀錄 records", "、".join(system.records)),
            ("法律依據 legal basis", both(system.basis)),
        ],
    )
    head = [
        f"## {system.title['zh-TW']} {system.title['en']}",
        f"`{system.name}`",
        both(system.summary),
        facts,
    ]
    parts = [*head, _clauses(system), _pages(system), _figures(list(system.rules)), *_cases(system)]
    return "\n\n".join(part for part in parts if part)


def _clauses(system: System) -> str:
    rows = [
        (
            one.id,
            f"{clauses()[one.id].zh}<br>{clauses()[one.id].en}",
            STATES[one.state],
            both(one.works),
            both(one.missing),
        )
        for one in system.serves
    ]
    return (
        table(("項次 clause", "計畫所稱 the plan's name", "狀態 state", "現有 works", "尚缺 missing"), rows)
        if rows
        else ""
    )


def _pages(system: System) -> str:
    own = [
        (f"`/systems/{system.name}{'/' if one.path else ''}{one.path}`", both(one.title))
        for one in system.pages
    ]
    return table(
        ("網址 address", "頁面 page"), [*own, *((f"`{one.href}`", both(one.label)) for one in system.links)]
    )


def _figures(rules: list[Rule]) -> str:
    rows = [
        (
            rule.name,
            "、".join(rule.strata.values()),
            f"{rule.value} {rule.unit}",
            f"{rule.valid_from} – {rule.valid_to or ''}",
            f"{rule.source} {rule.source_date or ''}",
        )
        for rule in rules
    ]
    header = ("法定基準 figure", "分層 stratum", "數值 value", "施行期間 in force", "來源 source")
    return f"### {rules[0].name}\n\n{table(header, rows)}" if rows else ""


def _cases(system: System) -> Iterator[str]:
    """Each rule as its small table of cases, as `camphora system test` runs them."""
    for file in sorted((system.folder / "tests").glob("*.csv")):
        header, *rows = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
        function = system.function(file.name.removesuffix(".csv"))
        said = " ".join((function.__doc__ or "").partition("\n\n")[0].split())
        more = f"\n\n（另 {len(rows) - MOST_CASES} 列 more）" if len(rows) > MOST_CASES else ""
        yield f"### {file.name}\n\n{said}\n\n{table(header, rows[:MOST_CASES])}{more}"


def _declared_keys() -> Iterator[str]:
    files = (
        ("system.toml", SYSTEM_KEYS),
        ("system.toml [[serves]]", SERVES_KEYS),
        ("[[links]]", LINK_KEYS),
        ("pages/*.toml", PAGE_KEYS),
        ("pages/*.toml [[parameters]]", PARAMETER_KEYS),
        ("tables/*.toml", TABLE_KEYS),
        ("tables/*.toml [[columns]]", COLUMN_KEYS),
        ("watch/*.toml", WATCH_KEYS),
        ("watch/*.toml [[groups]]", GROUP_KEYS),
        ("watch/*.toml [[methods]]", METHOD_KEYS),
        ("watch/*.toml [budget]", BUDGET_KEYS),
        ("watch/*.toml [suppression]", SUPPRESSION_KEYS),
        ("watch/*.toml [told]", TOLD_KEYS),
        ("demo.toml", DEMO_KEYS),
    )
    for name, keys in files:
        rows = [
            (f"`{key}`", one.kind, "必填 yes" if one.required else "", _allowed(one), one.means)
            for key, one in keys.items()
        ]
        yield f"### {name}\n\n" + table(
            ("鍵 key", "種類 kind", "必填 required", "可用 allowed", "意義 meaning"), rows
        )


def _allowed(key: Key) -> str:
    return "、".join(f"`{one}`" for one in key.choices) or (f"`{key.pattern}`" if key.pattern else "")


# Tables and code systems


def tables_page() -> str:
    parts = [_table(one) for one in Catalogue.scan().tables().values()]
    return page(
        "資料表與代碼系統",
        "Tables and code systems",
        "tools/reference_data.py, tables/*.toml",
        "下載與 `camphora load` 用相同的欄名。Downloads and `camphora load` use the same column names.",
        *parts,
        "## 代碼系統 Code systems",
        _code_systems(),
    )


def _table(declared: TableDeclaration) -> str:
    facts = table(
        ("", ""),
        [
            ("來源 source", both(declared.source)),
            ("授權 licence", declared.licence),
            ("資料截至 data as of", declared.as_of),
            ("鍵 key", "、".join(declared.key)),
            ("讀者 readers", "、".join(declared.readers)),
            ("資料 data", BADGES[declared.badge]),
            ("說明 note", both(declared.note)),
        ],
    )
    columns = [
        (
            f"`{one.key}`",
            one.header if one.header != one.key else "",
            both(one.label),
            one.kind,
            both(one.unit),
            both(one.empty),
        )
        for one in declared.columns
    ]
    header = (
        "欄 column",
        "來源欄名 in the source",
        "名稱 label",
        "種類 kind",
        "單位 unit",
        "空白的意義 an empty cell",
    )
    title = f"## {declared.name}\n\n{declared.title['zh-TW']} {declared.title['en']}"
    return f"{title}\n\n{facts}\n\n{table(header, columns)}"


def _code_systems() -> str:
    editions = tomllib.loads((SOURCES / "terminology/data/editions.toml").read_text("utf-8"))["editions"]
    rows = [
        (
            f"{one['zh']}<br>{one['en']}",
            one["version"],
            one["count"],
            one["licence"],
            one["source"],
            f"`{one['url']}`",
        )
        for one in editions
    ]
    return table(
        ("名稱 name", "版本 version", "筆數 codes", "授權 licence", "來源 source", "網址 canonical"), rows
    )


# Synthetic people


def synthetic_page() -> str:
    return page(
        "合成民眾",
        "Synthetic people",
        "tools/reference_data.py, src/camphora/synth/data",
        PEOPLE_SAID,
        *(_people(*one) for one in PEOPLE),
    )


def _people(file: str, zh: str, en: str, columns: Sequence[str]) -> str:
    rows = list(csv.DictReader((SOURCES / f"synth/data/{file}.csv").read_text("utf-8").splitlines()))
    shown = [(row["zh"], row["en"], *(row[column] for column in columns)) for row in rows]
    return f"## {zh} {en}\n\n{table(('名稱', 'name', *columns), shown)}"
