"""The 22 counties and cities: code of the Ministry of the Interior, official names, ISO 3166-2 letters, tile.

Names are written with 臺, as the Local Government Act does; others' files write 台, so join by code. The tile is
the place (column, row) in a grid of squares that keeps neighbours near one another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from camphora.errors import Lang


class County(NamedTuple):
    code: str
    zh: str
    en: str
    letters: str
    tile: tuple[int, int]

    def name(self, lang: Lang) -> str:
        return self.zh if lang == "zh-TW" else self.en

    def short(self, lang: Lang) -> str:
        """What fits a small square: 臺北, or the three ISO letters. 新竹 and 嘉義 keep 市 and 縣."""
        if lang == "en":
            return self.letters
        return self.zh if self.zh[:2] in ("新竹", "嘉義") else self.zh[:2]


COUNTIES = (
    County("09007", "連江縣", "Lienchiang County", "LIE", (1, 1)),
    County("09020", "金門縣", "Kinmen County", "KIN", (1, 3)),
    County("10016", "澎湖縣", "Penghu County", "PEN", (1, 5)),
    County("10017", "基隆市", "Keelung City", "KEE", (5, 1)),
    County("63000", "臺北市", "Taipei City", "TPE", (4, 1)),
    County("65000", "新北市", "New Taipei City", "NWT", (4, 2)),
    County("68000", "桃園市", "Taoyuan City", "TAO", (3, 2)),
    County("10018", "新竹市", "Hsinchu City", "HSZ", (2, 3)),
    County("10004", "新竹縣", "Hsinchu County", "HSQ", (3, 3)),
    County("10005", "苗栗縣", "Miaoli County", "MIA", (3, 4)),
    County("66000", "臺中市", "Taichung City", "TXG", (3, 5)),
    County("10007", "彰化縣", "Changhua County", "CHA", (2, 5)),
    County("10008", "南投縣", "Nantou County", "NAN", (3, 6)),
    County("10009", "雲林縣", "Yunlin County", "YUN", (2, 6)),
    County("10020", "嘉義市", "Chiayi City", "CYI", (3, 7)),
    County("10010", "嘉義縣", "Chiayi County", "CYQ", (2, 7)),
    County("67000", "臺南市", "Tainan City", "TNN", (2, 8)),
    County("64000", "高雄市", "Kaohsiung City", "KHH", (3, 8)),
    County("10013", "屏東縣", "Pingtung County", "PIF", (3, 9)),
    County("10002", "宜蘭縣", "Yilan County", "ILA", (5, 2)),
    County("10015", "花蓮縣", "Hualien County", "HUA", (4, 5)),
    County("10014", "臺東縣", "Taitung County", "TTT", (4, 7)),
)
BY_CODE = {county.code: county for county in COUNTIES}

_BESIDE: Mapping[str, Sequence[str]] = {
    "65000": ("10017", "63000", "68000", "10002"),
    "68000": ("10004", "10002"),
    "10004": ("10018", "10005", "66000", "10002"),
    "10005": ("10018", "66000"),
    "66000": ("10007", "10008", "10002", "10015"),
    "10007": ("10008", "10009"),
    "10008": ("10009", "10010", "64000", "10015"),
    "10010": ("10009", "10020", "67000", "64000"),
    "64000": ("67000", "10013", "10015", "10014"),
    "10014": ("10013", "10015"),
    "10002": ("10015",),
}
"""Each border of two counties once, by the outlines that maps are drawn from; three counties of islands have none."""


def neighbours(code: str) -> list[str]:
    """The counties that share a border with one, in the order of all."""
    return [
        one.code for one in COUNTIES if one.code in _BESIDE.get(code, ()) or code in _BESIDE.get(one.code, ())
    ]
