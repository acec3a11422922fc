"""A system that watches 70 diseases in 22 counties over 15 years, made for figures: a folder, and rows by seed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from camphora.pages.counties import COUNTIES

NAME, TABLE, WATCH = "many_diseases", "notified", "notified"
DISEASES = [f"d{number:02d}" for number in range(70)]
FIRST_YEAR, YEARS = 2011, 15
PAGES = ("signals", "signal", "series", "forecasts", "scorecard", "public", "room", "bulletin", "method")
MODEL = Path(__file__).resolve().parents[1] / "src/camphora/systems/smart_epidemic_prevention"
SYSTEM = f"""name = "{NAME}"
kind = "application"
title.zh-TW = "七十種疾病"
title.en = "Seventy diseases"
summary.zh-TW = "供量測速度之虛構數列。"
summary.en = "Invented series, for figures of speed."
engines = ["watch"]
readers = ["public"]
records = []
purposes = ["open"]
basis.zh-TW = "虛構資料"
basis.en = "Invented data"
badge = "synthetic"
"""
COLUMN = """
[[columns]]
key = "{key}"
label.zh-TW = "{key}"
label.en = "{key}"
kind = "{kind}"
required = true
"""
DECLARED = f"""name = "{TABLE}"
title.zh-TW = "通報數"
title.en = "Notified cases"
key = ["year", "week", "disease", "county"]
whole = true
licence = "own"
source.zh-TW = "虛構"
source.en = "Invented"
as_of = 2025-12-20
readers = ["public"]
badge = "synthetic"
""" + "".join(
    COLUMN.format(key=key, kind=kind)
    for key, kind in (
        ("year", "integer"),
        ("week", "integer"),
        ("disease", "text"),
        ("county", "text"),
        ("cases", "integer"),
    )
)
WATCHED = f"""name = "{WATCH}"
title.zh-TW = "七十種疾病"
title.en = "Seventy diseases"
unit.zh-TW = "例"
unit.en = "cases"
table = "{TABLE}"
count = "cases"
area = "county"
group = "disease"
year = "year"
week = "week"
weeks = "cdc"
absent = "zero"
""" + "".join(f'\n[[groups]]\nkey = "{one}"\nlabel.zh-TW = "{one}"\nlabel.en = "{one}"\n' for one in DISEASES)
METHODS = ("detection.farrington.flexible", "detection.ears.c2", "detection.ewma.ewma")
WATCHED += "".join(
    f'\n[[methods]]\nname = "{one}"\nlabel.zh-TW = "{one}"\nlabel.en = "{one}"\n' for one in METHODS
)
WATCHED += "\n[budget]\nweekly = 20\n"
WATCHED += "\n[suppression]\nsilence = 2\nown = 0.01\nleast = 5\n"
WATCHED += "\n[told]\nroles = ['officer']\nareas = []\norganisations = []\n"


def make_folder(installation: Path) -> Path:
    """The system's folder in an installation; its pages are those of the first watching system."""
    home = installation / "systems" / NAME
    files = {
        "system.toml": SYSTEM,
        "README.md": f"# {NAME}\n",
        "demo.toml": 'people = 0\ntables = []\n\n[[links]]\nlabel.zh-TW = "訊號"\nlabel.en = "Signals"\n'
        f'href = "/systems/{NAME}"\n',
        f"tables/{TABLE}.toml": DECLARED,
        f"watch/{WATCH}.toml": WATCHED,
        "strings/zh-TW.toml": '[signals]\ntitle = "訊號"\n',
        "strings/en.toml": '[signals]\ntitle = "Signals"\n',
    }
    for page in PAGES:
        said = (MODEL / "pages" / f"{page}.toml").read_text("utf-8")
        said = said.replace('["ili", "enterovirus", "dengue_weekly"]', f'["{WATCH}"]')
        files[f"pages/{page}.toml"] = "\n".join(
            line
            for line in said.replace('default = "ili"', f'default = "{WATCH}"').splitlines()
            if not line.startswith("example")
        )
    shutil.rmtree(home, ignore_errors=True)
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, "utf-8")
    return home


def rows(seed: int = 1) -> Iterator[dict[str, Any]]:
    """Negative binomial weeks with a season, variance 1.5 times the mean; zeros are left out, as publishers do."""
    draw = np.random.default_rng(seed)
    level = np.exp(draw.normal(2.0, 2.0, len(DISEASES)))
    share = draw.dirichlet(np.full(len(COUNTIES), 3.0))
    for year in range(FIRST_YEAR, FIRST_YEAR + YEARS):
        for week in range(1, 53):
            season = np.exp(0.5 * np.cos(2 * np.pi * week / 52.18))
            mean = level[:, None] * share * season
            drawn = draw.negative_binomial(np.maximum(2 * mean, 1e-3), 2 / 3)
            for disease, county in zip(*np.nonzero(drawn), strict=True):
                yield {
                    "year": year,
                    "week": week,
                    "disease": DISEASES[disease],
                    "county": COUNTIES[county].code,
                    "cases": int(drawn[disease, county]),
                }
