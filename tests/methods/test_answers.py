"""The answers that the methods are held to are there, whole."""

from methods.watch_answers import answers, calls, counts


def test_every_series_and_every_call_is_there():
    assert len(counts()) == 30
    assert {method for method, _ in calls()} >= {"earsC", "farringtonFlexible", "hhh4", "estimate_R"}
    assert len(answers("farrington_flexible")["t"]) == 29_640
