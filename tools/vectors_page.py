"""The manual's page of decision vectors; tools/reference.py writes it beside the others."""

from __future__ import annotations

from camphora.errors import Lang
from camphora.policy import vectors
from camphora.policy.vectors.telling import told
from reference_data import page, table

LANGS: tuple[Lang, Lang] = ("zh-TW", "en")
HEADER = (
    "編號 id",
    "說明 title",
    "誰查閱、為何 asked",
    "當事人與同意書 whom",
    "紀錄 facts",
    "結果 expected",
    "理由 reasons",
)
INTRODUCTION = """\
輸入、應得之結果與理由，依面向列表。規則見[決定的規則](../explanation/decision.md)；
同樣的資料以 JSON 置於 `/vectors/all.json`，格式定義置於 `/vectors/schema.json`，
判斷所需之規則資料置於 `/vectors/rules.json`。人物與紀錄均為虛構。
未載明者：當事人為 Patient/chen（1980-05-17 生），所問時刻為 2026-03-10 09:00，紀錄為 2025-06-01 者。

What goes in, what must come out and why, by dimension. The rules stand in
[Rules of a decision](../explanation/decision.md); the same data are JSON at `/vectors/all.json`, their format at
`/vectors/schema.json`, what an evaluator needs beside them at
`/vectors/rules.json`. Persons and records are invented; where it is not said, the person is
Patient/chen (born 1980-05-17), the moment 2026-03-10 09:00, the record of 2025-06-01. Each row is written by hand;
ours is held to them by `tests/policy/test_vectors.py`, and so is an evaluator written apart from it. Written for this
project (CC0-1.0); the Consents of IHE PCF are by IHE International (CC-BY-4.0), the cases named after LEAP are our own
words and data."""


def vectors_page() -> str:
    """docs/reference/decision-vectors.md."""
    dimensions = vectors.dimensions()
    rows, many = len(vectors.vectors()), len(dimensions)
    count = f"{rows} 則、{many} 面向。{rows} vectors, {many} dimensions."
    parts = [_dimension(dimension) for dimension in dimensions]
    return page(
        "決定範例",
        "Decision vectors",
        "tools/vectors_page.py, policy/vectors/*.json",
        INTRODUCTION,
        count,
        *parts,
    )


def _dimension(dimension: vectors.Json) -> str:
    title = " ".join(dimension["title"][lang] for lang in LANGS)
    return f"## {title}\n\n{table(HEADER, [_row(vector) for vector in dimension['vectors']])}"


def _row(vector: vectors.Json) -> tuple[str, ...]:
    zh, en = (told(vector, lang) for lang in LANGS)
    rule = "\n".join(filter(None, (zh.record, zh.policy)))
    return (
        zh.id,
        f"{zh.title}\n{en.title}",
        zh.asked,
        zh.whom,
        rule,
        zh.expected,
        f"{zh.reasons}\n{zh.source}",
    )
