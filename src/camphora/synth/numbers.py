"""Numbers of the right form that belong to nobody.

A national ID is a letter (county of birth), 1 or 2 (sex), seven digits and a check digit; a resident number
has 8 or 9 in place of the sex digit. The check digit given here is always wrong, so no invented person
bears a living person's number (reference: Ministry of the Interior's published checksum, weights
1,9,8,7,6,5,4,3,2,1,1). Telephone numbers begin with 0000, which no subscriber in Taiwan has.
"""

from __future__ import annotations

LETTER_VALUES = dict(zip("ABCDEFGHJKLMNPQRSTUVXYWZIO", range(10, 36), strict=True))
LETTER_OF_COUNTY = {
    "臺北市": "A", "臺中市": "B", "基隆市": "C", "臺南市": "D", "高雄市": "E", "新北市": "F",
    "宜蘭縣": "G", "桃園市": "H", "嘉義市": "I", "新竹縣": "J", "苗栗縣": "K", "南投縣": "M",
    "彰化縣": "N", "新竹市": "O", "雲林縣": "P", "嘉義縣": "Q", "屏東縣": "T", "花蓮縣": "U",
    "臺東縣": "V", "金門縣": "W", "澎湖縣": "X", "連江縣": "Z",
}  # fmt: skip
_START = {letter: value // 10 + 9 * (value % 10) for letter, value in LETTER_VALUES.items()}
_SPREAD = 7_368_787
"""Coprime to ten: multiplying by it walks through all seven-digit numbers before one repeats."""
_OFFSET = 1_234_567


def check_digit(nine: str) -> int:
    """The right check digit for a letter and eight digits."""
    total = _START[nine[0]] + sum(
        weight * int(digit) for weight, digit in zip(range(8, 0, -1), nine[1:], strict=True)
    )
    return -total % 10


def _wrongly_checked(nine: str, serial: int) -> str:
    return nine + str((check_digit(nine) + 1 + serial % 9) % 10)


def national_id(county: str, sex: str, serial: int) -> str:
    """An ID for the `serial`-th person; distinct for ten million serials in a row."""
    return _wrongly_checked(
        f"{LETTER_OF_COUNTY[county]}{1 if sex == 'm' else 2}{(serial + _OFFSET) * _SPREAD % 10_000_000:07d}",
        serial,
    )


def resident_number(county: str, sex: str, serial: int, group: int) -> str:
    """A resident number; `group` is its third character: 0 to 6 foreign, 9 from the mainland."""
    return _wrongly_checked(
        f"{LETTER_OF_COUNTY[county]}{8 if sex == 'm' else 9}{group}{(serial + _OFFSET) * _SPREAD % 1_000_000:06d}",
        serial,
    )


def mobile(serial: int) -> str:
    """A telephone number that cannot be dialled."""
    digits = (serial + _OFFSET) * _SPREAD % 1_000_000
    return f"0000-{digits // 1000:03d}-{digits % 1000:03d}"
