"""Series from open data and the answers of two R packages on them; data/watch/README.md says whence and under what
licence. What lies under `cc-by-sa` is share-alike and kept apart."""

import csv
import gzip
from functools import cache
from pathlib import Path

import numpy as np

HERE = Path(__file__).with_name("data") / "watch"


def rows(name):
    """The rows of a table as dicts of text: `rows("expected/ears")`."""
    with gzip.open(HERE / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def answers(name):
    """A table of expected answers with its share-alike part, as arrays by column; NA is NaN."""
    found = rows(f"expected/{name}")
    apart = HERE / "expected/cc-by-sa" / f"{name}.csv.gz"
    if apart.exists():
        found += rows(f"expected/cc-by-sa/{name}")
    return {column: _column([row[column] for row in found]) for column in found[0]}


@cache
def calls():
    """By (method, control): how R was called."""
    return {(row["method"], row["control_id"]): row["r_call"] for row in rows("expected/calls")}


@cache
def counts():
    """By series: its counts in order of `t`."""
    found = {}
    for name in (
        "weekly_ili",
        "weekly_enterovirus",
        "daily_dengue_2015",
        "weekly_synthetic",
        "cc-by-sa/weekly_dengue_national",
    ):
        for row in rows(f"inputs/{name}"):
            found.setdefault(row["series_id"], []).append((int(row["t"]), float(row["count"])))
    return {name: np.array([count for _, count in sorted(points)]) for name, points in found.items()}


def _column(texts):
    try:
        return np.array([np.nan if text == "NA" else float(text) for text in texts])
    except ValueError:
        return np.array(texts)
