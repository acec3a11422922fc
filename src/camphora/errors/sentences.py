"""Sentences with numbers in them: `{n} {n:fault|faults}` says one word for 1 and the other for every other number, so
that a sentence may hold several counts."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter


class _Filling(Formatter):
    def format_field(self, value: object, format_spec: str) -> str:
        one, bar, other = format_spec.partition("|")
        if bar:
            return one if str(value) == "1" else other
        return str(super().format_field(value, format_spec))


_FILLING = _Filling()


def filled(sentence: str, facts: Mapping[str, object]) -> str:
    """The sentence with its places filled. Raises KeyError, by name, for a place that no fact fills."""
    if ":" in sentence and "|" in sentence:
        return _FILLING.vformat(sentence, (), facts)
    return sentence.format(**facts)
