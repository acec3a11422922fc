"""Bad input is normal: whatever a method is given, it answers or refuses by name, and never breaks or warns."""

import inspect
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import camphora.methods
from camphora.errors import CamphoraError
from camphora.methods.resistance import breakpoints
from camphora.methods.scoring import hub

ROOM = Path(camphora.methods.__file__).parent
RANDOM = np.random.default_rng(1)
WEEKS = RANDOM.poisson(9, (2, 330)).astype(float)
DAYS = RANDOM.poisson(9, (2, 40)).astype(float)
TRIANGLE = np.where(np.add.outer(np.arange(12), np.arange(4)) > 11, np.nan, RANDOM.poisson(5, (12, 4)))
PLACES = RANDOM.uniform(0, 9, (6, 2))
SPATIAL = RANDOM.poisson(5, 6).astype(float)
CELLS = tuple([each] for each in (5.0, 90.0, 40.0, 9000.0))
THETA = (0.2, 0.1, 2.0, 4.0, 1 / 3)
INTERVAL = [0.0, 0.3, 0.4, 0.2, 0.1]
LEVELS = [0.25, 0.5, 0.75]
TASKS = hub.Tasks(("t",), ("a",), (1,), (0.25, 0.5, 0.75))
TABLE = hub.table([[[1.0, 2, 3]]], reference="2026-01-03", target="t", locations=["a"], tasks=TASKS)
FORECAST = {"origins": [60], "horizons": 2, "levels": LEVELS}
LONG = RANDOM.poisson(9, (2, 62)).astype(float)
UNCERTAIN = {
    "mean": 5.0,
    "mean_sd": 1.0,
    "mean_range": (3.0, 7.0),
    "sd": 2.0,
    "sd_sd": 0.5,
    "sd_range": (1.0, 3.0),
}
GOOD = {
    "weeks.week_of": ((["2026-01-04"],), {"system": "iso"}),
    "weeks.week_begins": ((["2026-01-04"],), {"system": "iso"}),
    "weeks.first_day": (([2026], [3]), {"system": "iso"}),
    "weeks.weeks_in": (([2026],), {"system": "iso"}),
    "weeks.labels": ((["2026-01-04"],), {"system": "iso"}),
    "weeks.of_labels": ((["2026-03"],), {"system": "iso"}),
    "weeks.weekly": (
        (["2026-01-04", "2026-01-06"], [3, 4]),
        {"system": "iso", "since": "2026-01-01", "until": "2026-01-20", "absent": "zero", "incomplete": "kept",
         "rows": "days"},
    ),
    "scan.kulldorff.spatial": (
        (SPATIAL, SPATIAL * 9, PLACES),
        {"model": "bernoulli", "most": 0.5, "replicates": 3, "seed": 1, "clusters": 2, "geographic": False},
    ),
    "scan.kulldorff.space_time": (
        (DAYS[:, :6].T, np.ones(6), PLACES),
        {"most": 0.5, "longest": 1, "alive": True, "replicates": 3, "seed": 1, "clusters": 2, "geographic": False},
    ),
    "scan.kulldorff.permutation": (
        (DAYS[:, :6].T, PLACES),
        {"most": 0.5, "longest": 1, "alive": True, "replicates": 3, "seed": 1, "clusters": 2, "geographic": False},
    ),
    "nowcast.triangle.triangle": (([0, 1, 2], [1, 1, 5]), {"now": 9, "first": 0, "longest": 3, "late": "last"}),
    "nowcast.lawless.lawless": (
        (TRIANGLE,), {"level": 0.9, "window": 5, "largest": 99.0, "like": "surveillance"}
    ),
    "nowcast.bayes.bayes": (
        (TRIANGLE,),
        {"prior_mean": 1.0, "prior_sd": 10.0, "discount": 0.8, "kappa": 0.1, "window": 5, "levels": LEVELS,
         "draws": 5, "seed": 1},
    ),
    "nowcast.conjugate.conjugate": (
        (TRIANGLE,),
        {"prior_mean": 5.0, "prior_sd": 4.0, "delays": "whole", "kappa": 0.1, "window": 5, "largest": 60,
         "levels": LEVELS},
    ),
    "reproduction.serial_interval.discretised": ((), {"mean": 5.0, "sd": 2.0, "days": 9}),
    "reproduction.serial_interval.given": ((), {"probability": INTERVAL}),
    "reproduction.cori.infectivity": ((DAYS, DAYS), {"serial_interval": INTERVAL}),
    "reproduction.cori.certain": (
        (DAYS, DAYS),
        {"mean": 5.0, "sd": 2.0, "starts": [1, 2], "ends": [8, 9], "window": 7, "prior_mean": 5.0, "prior_sd": 5.0,
         "first_imported": True, "serial_interval": None},
    ),
    "reproduction.cori.uncertain": (
        (DAYS, DAYS),
        {**UNCERTAIN, "samples": 3, "draws": 4, "seed": 1, "starts": None, "ends": None, "window": 7,
         "prior_mean": 5.0, "prior_sd": 5.0, "first_imported": True, "pairs": None},
    ),
    "reproduction.wallinga_teunis.cohort": (
        (DAYS, DAYS),
        {"serial_interval": INTERVAL, "window": 7, "simulations": 3, "seed": 1, "at_end": "none"},
    ),
    "reproduction.weekly.rebuilt": (
        (DAYS[:, :6],),
        {"serial_interval": INTERVAL, "days": 7, "window": 7, "rounds": 2, "prior_mean": 5.0, "prior_sd": 5.0},
    ),
    "forecasting.naive.flat": ((LONG,), FORECAST),
    "forecasting.naive.seasonal": ((LONG,), {**FORECAST, "period": 52}),
    "forecasting.smoothing.damped": ((LONG,), {**FORECAST, "groups": [0, 0]}),
    "forecasting.pooled.autoregression": (
        (LONG, np.zeros((64, 1))), {**FORECAST, "groups": [0, 0], "ridge": 0.01}
    ),
    "forecasting.ensemble.ensemble": (
        (LONG, np.zeros((64, 1))), {**FORECAST, "groups": [0, 0], "ridge": 0.01, "favour": 16.0}
    ),
    "forecasting.holidays.by_week": (
        (), {"start": "2026-01-04", "weeks": 9, "days": ["2026-02-17"], "before": 1, "after": 4}
    ),
    "scoring.scores.wis": (([2.0], [[1.0, 2, 3]]), {"levels": LEVELS}),
    "scoring.scores.pinball": (([2.0], [[1.0, 2, 3]]), {"levels": LEVELS}),
    "scoring.scores.interval": (([2.0], [1.0], [3.0]), {"alpha": 0.1}),
    "scoring.scores.crps_samples": (([2.0], [[1.0, 2, 3]]), {"estimator": "fair"}),
    "scoring.scores.crps_normal": (([2.0], [1.0], [3.0]), {}),
    "scoring.scores.crps_poisson": (([2.0], [1.0]), {}),
    "scoring.scores.crps_negative_binomial": (([2.0], [1.0], [3.0]), {}),
    "scoring.scores.log_normal_density": (([2.0], [1.0], [3.0]), {}),
    "scoring.scores.log_poisson": (([2.0], [1.0]), {}),
    "scoring.scores.log_negative_binomial": (([2.0], [1.0], [3.0]), {}),
    "scoring.calibration.coverage": (([2.0], [[1.0, 2, 3]]), {"levels": LEVELS}),
    "scoring.calibration.pit": (([0.2], [0.4]), {"bins": 5}),
    "scoring.calibration.pit_samples": (([2.0], [[1.0, 2, 3]]), {"bins": 5}),
    "scoring.comparison.pairwise": (([[1.0, 2], [2, 3]],), {"baseline": 0}),
    "scoring.hub.table": (
        ([[[1.0, 2, 3]]],), {"reference": "2026-01-03", "target": "t", "locations": ["a"], "tasks": TASKS}
    ),
    "scoring.hub.check": ((TABLE,), {"tasks": TASKS}),
    "scoring.hub.not_looked_at": ((TABLE,), {}),
    "scoring.hub.write": ((TABLE,), {"tasks": TASKS}),
    "scoring.hub.read": (("a,b\n1,2\n",), {}),
    "safety.disproportionality.prr": (CELLS, {"level": 0.95, "zero": "half", "yates": True}),
    "safety.disproportionality.ror": (CELLS, {"level": 0.95, "zero": "limit", "yates": True}),
    "safety.disproportionality.information_component": (([5.0], [2.0]), {"level": 0.95}),
    "safety.disproportionality.bcpnn": (CELLS, {"level": 0.95, "moments": "exact"}),
    "safety.pairs.count": (
        ([1, 1, 2], ["x", "y", "x"], [1, 2], ["p", "q"], [1, 2], ["m", "f"]), {"least": 1}
    ),
    "safety.shrinkage.ebgm": (([5.0], [2.0]), {"theta": THETA, "tail": 0.05}),
    "safety.shrinkage.fit": (
        ([5.0, 1, 2], [2.0, 1, 1], [1.0, 1, 2]),
        {"zeros": False, "method": "em", "truncation": "mixture", "start": THETA, "steps": 3, "tolerance": 1e-6},
    ),
    "safety.shrinkage.log_likelihood": (
        ([5.0, 1, 2], [2.0, 1, 1], [1.0, 1, 2]), {"theta": THETA, "zeros": False, "truncation": "component"}
    ),
    "safety.shrinkage.squash": (([5.0, 1, 1], [2.0, 1, 1]), {"bin_size": 2, "keep": 1, "upto": 10}),
    "safety.maxsprt.poisson_ratio": (([5.0], [2.0]), {}),
    "safety.maxsprt.binomial_ratio": (([5.0], [9.0]), {"controls": 2.0}),
    "safety.maxsprt.poisson_critical": (
        (), {"upper": 5.0, "alpha": 0.05, "least": 1, "first": 0.0, "looks": [1.0, 5.0]}
    ),
    "safety.maxsprt.poisson_performance": (
        (), {"upper": 5.0, "critical": 3.0, "risk": 2.0, "least": 1, "first": 0.0, "looks": [1.0, 5.0]}
    ),
    "safety.maxsprt.poisson_watch": (
        ([1.0, 5], [0.5, 2]), {"upper": 5.0, "alpha": 0.05, "least": 1, "first": 0.0, "looks": [1.0, 5.0]}
    ),
    "safety.maxsprt.binomial_critical": ((), {"upper": 9, "controls": 2.0, "alpha": 0.05, "least": 1}),
    "safety.maxsprt.binomial_performance": (
        (), {"upper": 9, "controls": 2.0, "critical": 2.0, "risk": 2.0, "least": 1}
    ),
    "resistance.first_isolates.first_isolates": (
        (["a", "a"], ["x", "x"], [1, 9], [["S"], ["R"]], ["u", "b"]),
        {"rule": "phenotype", "length": 30, "since": "last", "against": "kept", "differences": 1,
         "intermediate": 0.0},
    ),
    "resistance.first_isolates.grades": (([["S"], ["R"]],), {}),
    "resistance.antibiogram.antibiogram": (
        ([["S"], ["R"]], ["x", "x"]), {"of": "S", "interval": "wilson", "level": 0.95, "least": 30}
    ),
    "resistance.antibiogram.proportion_limits": (
        ([3.0], [9.0]), {"level": 0.95, "interval": "clopper-pearson"}
    ),
    "resistance.breakpoints.read": ((breakpoints.INVENTED,), {}),
    "resistance.breakpoints.interpret": (
        (["2", ">8"], ["Inventella exempli"] * 2, ["fictocillin"] * 2, ["", "urine"]),
        {"table": breakpoints.read(breakpoints.INVENTED), "guideline": "INVENTED", "on": "2026-01-04",
         "method": "mic"},
    ),
    "infection.rates.device_rate": (
        ([3.0], [900.0], [2000.0]), {"per": 1000.0, "level": 0.95, "interval": "mid-p"}
    ),
    "infection.rates.poisson_limits": (([3.0],), {"level": 0.95, "interval": "mid-p"}),
    "infection.sir.sir": (([3.0], [2.0]), {"level": 0.95, "interval": "exact", "least": 1.0}),
    "infection.sir.compare": (([3.0], [2.0], [5.0], [2.0]), {"level": 0.95}),
}  # fmt: skip
# What works on arrays that another function has checked, and is public for its neighbours alone.
INNER = {
    "weeks.Weekly", "safety.pairs.expected", "reproduction.weekly.growth", "reproduction.cori.pressure",
    "reproduction.serial_interval.checked", "reproduction.serial_interval.checked_moments",
    "reproduction.serial_interval.weights", "scoring.scores.checked_levels", "scan.search.cumulated",
    "scan.search.ratio", "scan.search.every", "scan.search.highest", "nowcast.triangle.hidden",
    "nowcast.triangle.checked", "nowcast.delays.hazards", "nowcast.delays.reported_by", "infection.rates.more",
    "infection.rates.limits", "infection.rates.alike", "infection.rates.cases",
    "forecasting.pooled.middles", "forecasting.smoothing.middles",
}  # fmt: skip
INNER_MODULES = {
    "forecasting.past",
    "forecasting.spread",
    "forecasting.forecast",
    "arguments",
    "made",
    "mass",
}
OTHERS = ("detection", "simulation")  # walked by their own tests
HOSTILE = [
    "abc", "", None, 1j, [1j], ["abc"], [None], [], [[]], np.nan, [np.nan], np.inf, [np.inf, -np.inf], -1, [-1], -1.5,
    0, 0.5, [0.5], True, [True], 1e300, [1e300], 1e30, [1e30], [1e12], 10**400, object(), {}, {"a": 1}, b"x",
    np.ones((2, 3, 4)), np.zeros((0, 3)), np.ma.array([1.0, 2], mask=[0, 1]), [[1], [1, 2]], [1, "a"],
    np.array(["2026-01-04"], "M8[D]"), [3, 2, 1], [1, 2],
]  # fmt: skip


def public():
    """Every function of the room that is not private, by its place."""
    for file in sorted(ROOM.rglob("*.py")):
        place = ".".join(file.relative_to(ROOM).with_suffix("").parts)
        if file.stem == "__init__" or place in INNER_MODULES or place.startswith(OTHERS):
            continue
        module = import_module(f"camphora.methods.{place}")
        for name, found in vars(module).items():
            own = inspect.isroutine(found) or hasattr(found, "py_func")
            own = own and getattr(found, "__module__", "") == module.__name__
            if own and not name.startswith("_") and f"{place}.{name}" not in INNER:
                yield f"{place}.{name}"


def call(name):
    place, _, last = name.rpartition(".")
    return getattr(import_module(f"camphora.methods.{place}"), last)


def test_every_method_is_walked():
    assert sorted(public()) == sorted(GOOD)


@pytest.mark.parametrize("name", GOOD)
def test_every_parameter_is_given_in_the_good_call_and_it_is_made_again(name):
    data, chosen = GOOD[name]
    taken = inspect.signature(call(name)).parameters.values()
    assert set(chosen) == {each.name for each in taken if each.kind is each.KEYWORD_ONLY}
    found = call(name)(*data, **chosen)
    if hasattr(found, "made"):
        again = found.made.again(*data)
        for part in found.__dataclass_fields__:
            one, two = getattr(found, part), getattr(again, part)
            np.testing.assert_equal(one, two)


@pytest.mark.parametrize("name", GOOD)
def test_bad_input_is_answered_or_refused_by_name(name):
    data, chosen = GOOD[name]
    broken = []
    tried = [(place, bad) for place in [*range(len(data)), *chosen] for bad in HOSTILE]
    for place, bad in tried:
        given, asked = list(data), dict(chosen)
        if isinstance(place, int):
            given[place] = bad
        else:
            asked[place] = bad
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                call(name)(*given, **asked)
        except CamphoraError:
            pass
        except Exception as error:  # noqa: BLE001 - that there is none is what is tested
            broken.append(f"{place}={bad!r:.40}: {type(error).__name__} {error!s:.60}")
    assert not broken, "\n".join(broken)
