from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache


class Pattern:
    def __init__(self, text: str) -> None:
        self.made = re.compile(text, re.DOTALL)

    def found_in(self, whole: str, spend: Callable[[int], None]) -> bool:
        return self.made.search(whole) is not None

    def fits(self, whole: str, spend: Callable[[int], None]) -> bool:
        return self.made.fullmatch(whole) is not None

    def replaced(self, whole: str, new: str, spend: Callable[[int], None]) -> str:
        return self.made.sub(new, whole)


@lru_cache(maxsize=256)
def compiled(text: str) -> Pattern:
    return Pattern(text)
