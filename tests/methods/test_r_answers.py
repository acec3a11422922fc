"""Settings drawn by `tools/compare_r.py` and what R answered: ours are the same under the named mode. No R is needed;
data/r/README.md says how they were made."""

import gzip
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from camphora.methods.made import function

STORED = Path(__file__).with_name("data") / "r" / "answers.jsonl.gz"
LOOSE = 10  # a standard error on the log scale beyond which a coefficient runs off until the search stops


def settings():
    rows = gzip.decompress(STORED.read_bytes()).decode().splitlines()
    return [json.loads(row) for row in rows]


SETTINGS = settings()
NUMBERED = [
    pytest.param(setting, id=f"{setting['name']}-{number}") for number, setting in enumerate(SETTINGS)
]


def given(values):
    return None if values is None else np.array(values, dtype=np.float64)


@pytest.mark.conformance
@pytest.mark.parametrize("setting", NUMBERED)
def test_r_answers_the_same(setting):
    found = function(setting["method"])(*map(given, setting["data"]), **setting["parameters"])
    theirs = {name: given(values) for name, values in setting["answers"].items()}
    for name, column in setting["columns"].items():
        ours = np.asarray(getattr(found, column), dtype=np.float64).ravel()
        scale = np.full(ours.shape, 1e-3)
        if setting["name"] == "hhh4" and name in {"estimate", "se"}:
            ours = ours if np.all(found.se < LOOSE) else np.full(ours.shape, np.nan)
            scale = np.maximum(np.nan_to_num(theirs["se"]), 1e-3)
        expected = np.nan_to_num(theirs[name]) if name == "alarm" else theirs[name]
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(expected), err_msg=name)
        known = ~np.isnan(expected)
        apart = np.abs(ours - expected)[known] / np.maximum(np.abs(expected), scale)[known]
        assert apart.max(initial=0.0) <= 1e-6, name


def test_every_method_that_follows_r_without_drawing_is_there():
    number = Counter(setting["name"] for setting in SETTINGS)
    assert set(number) == {
        *("EARS", "Farrington 1996", "Farrington flexible", "Bayes", "RKI", "CUSUM"),
        *("GLR Poisson", "GLR negative binomial", "hhh4", "Lawless", "Wallinga-Teunis"),
    }
    assert min(number.values()) >= 8
