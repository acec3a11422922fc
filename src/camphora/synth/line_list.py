"""A line list of notifiable cases that nobody has: invented persons with numbers of the right form and a wrong check
digit, in real townships, with columns as a county's health bureau names them.

    table = line_list(seed=1, cases=40, last=date(2026, 11, 14))     # column → cell, row by row

The season, the shares and the delays are assumptions of ours, of the order of published figures.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from camphora.fhir.taiwan.places import Town, towns
from camphora.synth.names import han_name, surname
from camphora.synth.numbers import mobile, national_id

COLUMNS = (
    "通報單編號", "姓名", "身分證字號", "性別", "出生日期", "聯絡電話", "居住縣市", "居住鄉鎮市區", "居住村里",
    "疾病名稱", "發病日", "診斷日", "通報日", "通報院所", "是否住院", "檢驗項目", "檢驗結果", "研判結果", "備註",
)  # fmt: skip
DISEASES = (("登革熱", 70), ("屈公病", 8), ("恙蟲病", 10), ("急性病毒性A型肝炎", 12))
RESULTS = (("陽性", "確定", 62), ("陰性", "排除", 28), ("檢驗中", "疑似", 10))
HOSPITALS = ("樟樹醫院（示範）", "楠木醫院（示範）", "茄苳診所（示範）")
SERIAL = 9_000_000
"""Numbers of these persons begin behind those of the synthetic population."""


def line_list(*, seed: int, cases: int, last: date, county: str = "臺南市") -> list[dict[str, str]]:
    """So many rows whose onsets lie in the sixty days up to `last`, the earlier ones fewer, in order of notification.
    The same arguments give the same rows."""
    rng = Random(f"line list {seed}")
    made = [_row(rng, SERIAL + seed * 10_000 + number, last, county) for number in range(cases)]
    made.sort(key=lambda row: row["通報日"])
    return [{**row, "通報單編號": f"D{last.year}{number:06d}"} for number, row in enumerate(made, 1)]


def _row(rng: Random, serial: int, last: date, county: str) -> dict[str, str]:
    sex, age = rng.choice("mf"), min(int(rng.triangular(0, 95, 48)), 95)
    born = last - timedelta(days=age * 365 + rng.randrange(365))
    town: Town = rng.choice(towns()[county])
    onset = last - timedelta(days=60 - int(rng.triangular(0, 60, 52)))
    diagnosed = min(onset + timedelta(days=rng.choice((1, 2, 2, 3, 3, 4, 6))), last)
    result, judged, _ = rng.choices(RESULTS, [share for *_, share in RESULTS])[0]
    disease, _ = rng.choices(DISEASES, [share for _, share in DISEASES])[0]
    cells = (
        "", han_name(rng, surname(rng), sex, born.year).text, national_id(county, sex, serial),
        "男" if sex == "m" else "女", _roc(born), mobile(serial), county, town.name, rng.choice(town.villages),
        disease, _roc(onset), _roc(diagnosed), _roc(min(diagnosed + timedelta(days=rng.choice((0, 0, 1))), last)),
        rng.choice(HOSPITALS), rng.choice("是否否"), f"{disease}檢驗", result, judged, "示範資料",
    )  # fmt: skip
    return dict(zip(COLUMNS, cells, strict=True))


def _roc(day: date) -> str:
    return f"{day.year - 1911:03d}/{day.month:02d}/{day.day:02d}"
