"""The published check digits. Each function takes a value of the right form and says whether its digits agree.

National and resident numbers: the letter stands for two digits, the eleven digits have the weights
1,9,8,7,6,5,4,3,2,1,1, and the sum ends in 0 (內政部). Business numbers: weights 1,2,1,2,1,2,4,1, the digits of the
products are added, and the sum is a multiple of 5 (財政部, since April 2023; of 10 before).
"""

from __future__ import annotations

LETTERS = dict(zip("ABCDEFGHJKLMNPQRSTUVXYWZIO", range(10, 36), strict=True))
"""What a letter stands for: A 10, B 11 … I 34, O 35."""
_ZEROS = ord("0") * sum((8, 7, 6, 5, 4, 3, 2, 1, 1))
"""What nine digits weigh too much when they are taken as the bytes that they are."""
_START = {
    ord(case): two // 10 + 9 * (two % 10) - _ZEROS
    for letter, two in LETTERS.items()
    for case in (letter, letter.lower())
}
_SECOND = {
    ord(case): ord("0") + two % 10 for letter, two in LETTERS.items() for case in (letter, letter.lower())
}
_TWICE = {ord("0") + digit: sum(divmod(2 * digit, 10)) for digit in range(10)}
_FOURFOLD = {ord("0") + digit: sum(divmod(4 * digit, 10)) for digit in range(10)}


def national(value: str) -> bool:
    """For a letter and nine digits: national IDs and new resident numbers."""
    letter, a, b, c, d, e, f, g, h, last = value.encode()
    return (_START[letter] + 8 * a + 7 * b + 6 * c + 5 * d + 4 * e + 3 * f + 2 * g + h + last) % 10 == 0


def old_resident(value: str) -> bool:
    """For two letters and eight digits: of the second letter the last digit counts."""
    letter, second, b, c, d, e, f, g, h, last = value.encode()
    total = _START[letter] + 8 * _SECOND[second] + 7 * b + 6 * c + 5 * d + 4 * e + 3 * f + 2 * g + h + last
    return total % 10 == 0


def business(value: str) -> bool:
    """For eight digits. With 7 in the seventh place, its 10 may count as 1 or as 0."""
    a, b, c, d, e, f, g, h = value.encode()
    total = a + c + e + h - 4 * ord("0") + _TWICE[b] + _TWICE[d] + _TWICE[f] + _FOURFOLD[g]
    return total % 5 == 0 or (g == ord("7") and total % 5 == 4)
