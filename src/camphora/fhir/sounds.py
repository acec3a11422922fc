"""How names sound, for the parameter `phonetic`: Soundex for words in Latin letters, other words as they are written.

Soundex as the National Archives of the United States describe it: https://www.archives.gov/research/census/soundex.
Characters have no sound of their own that one could read off them (docs/rulings.md).
"""

from __future__ import annotations

import re
from functools import lru_cache

from camphora.fhir.folding import fold

_DIGITS = {
    letter: digit
    for digit, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), start=1)
    for letter in letters
}
_WORDS = re.compile(r"[a-z']+|[^\W\d_a-z]+")
LENGTH = 4


def sounds(text: str) -> tuple[str, ...]:
    """The sound of each word, each once: of a Latin one its Soundex code in small letters, of others the word folded.

    >>> sounds("Wang Da-Ming")
    ('w520', 'd000', 'm520')
    """
    return _sounds(text) if len(text) <= 40 else _sounds.__wrapped__(text)


@lru_cache(maxsize=4096)
def _sounds(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_sound(word) for word in _WORDS.findall(fold(text)) if word.strip("'")))


def _sound(word: str) -> str:
    letters = word.replace("'", "")
    if not letters.isascii():
        return letters
    code, last = letters[0], _DIGITS.get(letters[0], 0)
    for letter in letters[1:]:
        digit = _DIGITS.get(letter, 0)
        if digit and digit != last:
            code += str(digit)
        # h and w do not part two letters of one sound, vowels do
        if letter not in "hw":
            last = digit
    return code[:LENGTH].ljust(LENGTH, "0")
