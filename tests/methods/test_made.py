"""How a result was made can be written down, read back, and made again."""

import json

import numpy as np
import pytest

from camphora.errors import Conflict, Invalid
from camphora.methods import Made
from camphora.methods.detection import ears, farrington
from camphora.methods.made import function

SERIES = np.random.default_rng(1).poisson(4, (3, 330)).astype(float)


@pytest.mark.parametrize(
    "result",
    [
        ears.c1(SERIES, alpha=0.01),
        ears.c3(SERIES, like="surveillance", last=5),
        farrington.flexible(SERIES, limit54=(3, 2), last=2, **farrington.IMPROVED),
        farrington.classic(SERIES, first="2019-01-06"),
    ],
)
def test_a_result_survives_json_and_is_made_again(result):
    made = Made(**json.loads(json.dumps(result.made.plain())))
    assert made.plain() == result.made.plain()
    again = made.again(SERIES)
    assert type(again) is type(result)
    np.testing.assert_array_equal(again.upper, result.upper)
    np.testing.assert_array_equal(again.alarm, result.alarm)


def test_another_version_is_not_taken_for_the_same():
    with pytest.raises(Conflict) as found:
        Made("detection.ears.c1", 0, {}).again(SERIES)
    assert found.value.code == "methods-other-version"


@pytest.mark.parametrize(
    "name",
    ["", "c1", "detection.ears.c9", "detection.nothing.c1", "detection.ears._bounds", "detection.ears.special",
     "detection.ears.GAP", "os.system", "..errors.Invalid", "detection.ears.c1()"],
)  # fmt: skip
def test_nothing_but_a_method_is_called(name):
    with pytest.raises(Invalid) as found:
        function(name)
    assert found.value.code == "methods-unknown"


def test_a_method_is_found_by_its_place():
    assert function("detection.ears.c1") is ears.c1


def test_what_numpy_gave_is_plain_too():
    made = Made("detection.ears.c1", 1, {"last": np.int64(3), "z": np.float32(0.5), "ids": np.array([1, 2])})
    assert json.loads(json.dumps(made.plain()))["parameters"] == {"last": 3, "z": 0.5, "ids": [1, 2]}
