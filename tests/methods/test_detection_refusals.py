"""What the methods of detection may not be given is named: never an error of numpy's, never a warning."""

import inspect
from contextlib import suppress

import numpy as np
import pytest

from camphora.errors import CamphoraError, Invalid
from camphora.methods.detection import bayes, cusum, ears, ewma, farrington, glr, lasting, many, moving, rki

Y = np.random.default_rng(0).poisson(4, (2, 330)).astype(float)
METHODS = (
    *(bayes.bayes, rki.rki, cusum.cusum, ewma.ewma, moving.moving_percentile, glr.glr),
    *(ears.c1, ears.c2, ears.c3, farrington.flexible, farrington.classic),
)
VALUES = ("x", None, np.nan, np.inf, -1, 0, 1.5, True, 10**30, [1, 2], np.array([1, 2]), 1j, {}, 400)
COUNTS = {
    "nothing": [],
    "no series": np.zeros((0, 330)),
    "words": ["a"],
    "complex": Y * 1j,
    "masked": np.ma.masked_less(Y, 2),
    "negative": -Y - 1,
    "infinite": np.full((1, 330), np.inf),
    "all missing": np.full((1, 330), np.nan),
    "deep": np.zeros((2, 2, 330)),
    "large": Y * 1e40,
    "zeros": np.zeros((2, 330)),
    "short": Y[:, :3],
    "ragged": [[1, 2], [3]],
}


def settled(call):
    """A result, or an error of ours."""
    with suppress(CamphoraError):
        call()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
def test_any_value_is_settled(method):
    for counts in COUNTS.values():
        settled(lambda counts=counts: method(counts))
    for name in list(inspect.signature(method).parameters)[1:]:
        for value in VALUES:
            if name in {"population", "expected"}:
                more = {"alpha": 0.1, "last": 2} if name == "expected" else {}
                settled(lambda value=value, more=more: method(Y, value, **more))
            else:
                settled(lambda name=name, value=value: method(Y, **{name: value}))


@pytest.mark.filterwarnings("error")
def test_any_value_is_settled_of_many_series_too():
    p, parent = np.full((4, 3), 0.2), [-1, 0, 0, 1]
    for value in VALUES:
        settled(lambda value=value: many.signals(value, p, parent))
        settled(lambda value=value: many.signals(p, value, parent))
        settled(lambda value=value: many.signals(p, p, value))
        settled(lambda value=value: many.flat(value))
        for name in ("q", "silence", "louder", "budget", "apart"):
            settled(lambda name=name, value=value: many.signals(p, p, parent, **{name: value}))
        for name in ("weeks", "share"):
            settled(lambda name=name, value=value: lasting.lasting(Y, Y, Y + 1, **{name: value}))
        settled(lambda value=value: lasting.lasting(Y, value, 1.0))
        settled(lambda value=value: lasting.lasting(Y, Y, value))


def test_a_window_of_last_year_may_not_reach_into_now():
    for method in (bayes.bayes, rki.rki, moving.moving_percentile):
        with pytest.raises(Invalid, match="w"):
            method(Y, b=1, w=52)
