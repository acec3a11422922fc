"""Bad input is normal: whatever a method is given, it answers or refuses by name, and never breaks or warns."""

import inspect
import json
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import camphora.methods
from camphora.errors import CamphoraError
from camphora.methods import Made
from camphora.methods.resistance import breakpoints
from camphora.methods.scoring import hub
from camphora.methods.simulation import nation, outbreaks

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
SIMULATED = outbreaks.noufaily(scenarios=[1], replicates=2, weeks=60, evaluated=10, baseline=40)
NATION = {
    "sets": [1], "counties": 2, "townships": 4, "share": 0.5, "wide": 1, "weeks": 60, "evaluated": 10,
    "times": [5.0], "seed": 1,
}  # fmt: skip
COURSE = {"level": 5.0, "ratio": 2.0, "trend": 1, "season": 0, "times": 5.0}
REFERENCE = {"b": 2, "w": 2, "current": True, "frequency": 52, "last": 3}
EARLY = {"baseline": 7, "min_sigma": 0.0, "last": 5}
FARRINGTON = {
    "last": 2, "b": 3, "w": 3, "reweight": True, "alpha": 0.05, "trend": True, "limit54": (5, 4),
    "powertrans": "2/3", "frequency": 52, "first": None, "days": 7, "stopping": None, "like": None,
}  # fmt: skip
ENDEMIC = {
    "endemic": "common", "trend": False, "seasons": 1, "ar": "common", "ar_trend": False, "ar_seasons": 0,
    "ne": "none", "ne_trend": False, "ne_seasons": 0, "family": "NegBin1",
}  # fmt: skip
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
    "detection.bayes.bayes": ((WEEKS,), {**REFERENCE, "alpha": 0.05}),
    "detection.rki.rki": ((WEEKS,), REFERENCE),
    "detection.cusum.cusum": (
        (WEEKS,),
        {"k": 1.0, "h": 2.0, "mean": "glm", "transform": "rossi", "alpha": 0.1, "reset": True, "frequency": 52,
         "last": 9, "like": None},
    ),
    "detection.ears.c1": ((DAYS,), {**EARLY, "alpha": 0.001}),
    "detection.ears.c2": ((DAYS,), {**EARLY, "alpha": 0.001}),
    "detection.ears.c3": ((DAYS,), {**EARLY, "alpha": 0.025, "like": None}),
    "detection.ewma.ewma": (
        (DAYS,), {"weight": 0.4, "limit": 3.0, "baseline": 28, "guard": 2, "least_spread": 0.5, "last": 5}
    ),
    "detection.moving.moving_percentile": (
        (WEEKS,),
        {"percentile": 80, "b": 3, "w": 2, "over": 1, "least": 1, "frequency": 52, "last": 5},
    ),
    "detection.farrington.classic": ((WEEKS,), FARRINGTON),
    "detection.farrington.flexible": (
        (WEEKS, WEEKS + 100),
        {**FARRINGTON, "no_periods": 4, "past_weeks_not_included": 26, "weights_threshold": 2.58,
         "p_threshold_trend": 0.05, "threshold_method": "nbPlugin", "fit_all": False},
    ),
    "detection.glr.glr": (
        (WEEKS[:, :120], np.full((2, 9), 9.0)),
        {"limit": 5.0, "alpha": 0.1, "theta": None, "change": "intercept", "direction": "inc", "window": 5,
         "least_window": 1, "seasons": 1, "trend": True, "refit": False, "cases": True, "frequency": 52, "last": 9,
         "like": None},
    ),
    "detection.hhh4.hhh4": (
        (LONG, [[0.0, 1], [1, 0]], np.ones(62)),
        {**ENDEMIC, "ne": "common", "frequency": 26, "units": ["a", "b"], "start": None, "like": None},
    ),
    "detection.hhh4.one_step": (
        (LONG, [[0.0, 1], [1, 0]], np.ones(62)),
        {**ENDEMIC, "ne": "common", "frequency": 26, "units": None, "start": None, "like": None, "last": 2,
         "refit": True},
    ),
    "detection.lasting.lasting": ((DAYS, DAYS, DAYS + 1), {"weeks": 2, "share": 0.8}),
    "detection.many.flat": (([0.2, 0.01],), {"q": 0.05, "method": "by"}),
    "detection.many.tree": (([0.2, 0.01, 0.3], [-1, 0, 0]), {"q": 0.05}),
    "detection.many.signals": (
        ([[0.2], [0.01], [0.3]], [[1.0], [3], [2]], [-1, 0, 0], [[0, 1], [0, 0], [1, 0]]),
        {"q": 0.05, "silence": 2, "louder": 2.0, "budget": 2, "apart": True, "own": 0.9},
    ),
    "simulation.scenarios.scenario": ((8,), {}),
    "simulation.outbreaks.noufaily": (
        (),
        {"scenarios": [1, 8], "replicates": 2, "weeks": 60, "evaluated": 10, "baseline": 40, "past": 2,
         "past_times": [2.0, 3], "current": 1, "current_times": [5.0], "seed": 1},
    ),
    "simulation.outbreaks.recipe": (
        (), {"series": [COURSE], "weeks": 60, "evaluated": 10, "past": 2, "current": 1, "seed": 1}
    ),
    "simulation.nation.nation": ((), NATION),
    "simulation.nation.found_by": ((nation.nation(**NATION), np.ones((7, 10), bool)), {}),
    "simulation.evaluation.run": (
        (SIMULATED, lambda counts, last: counts[:, -last:] / 9), {"threshold": 1.0}
    ),
    "simulation.evaluation.performance": ((SIMULATED, np.ones((2, 10))), {"threshold": 1.0}),
    "simulation.evaluation.at_budget": (
        (SIMULATED, np.ones((2, 10))), {"budget": 1, "threshold": None}
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
        {"prior": "negative binomial", "prior_mean": 5.0, "prior_sd": 4.0, "delays": "whole", "kappa": 0.1,
         "window": 5, "largest": 60, "levels": LEVELS},
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
    "scoring.scores.crps_quantiles": (([2.0], [[1.0, 2, 3]]), {"levels": LEVELS}),
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
    "forecasting.pooled.middles", "forecasting.smoothing.middles", "detection.bayes.predictive_quantile",
    "detection.many.in_order", "detection.moving.percentiles", "detection.moving.sums_over",
    "simulation.evaluation.highest",
    "simulation.outbreaks.negative_binomial", "simulation.outbreaks.times_of",
}  # fmt: skip
INNER_MODULES = {
    "forecasting.past",
    "forecasting.spread",
    "forecasting.forecast",
    "arguments",
    "compiling",
    "made",
    "scoring.passes",
    "detection.baseline",
    "detection.bounds",
    "detection.hhh4_law",
    "detection.hhh4_model",
    "detection.hhh4_port",
    "detection.hhh4_search",
    "detection.likelihood_ratios",
    "detection.quasi_poisson",
    "detection.reference_weeks",
    "detection.tails",
    "resistance.exact",
    "mass",
}
# Public functions whose result has no `made`, each with the reason.
CALENDAR = "a plain function of the calendar: two short arguments say all"
UNMADE = {
    **dict.fromkeys(
        (
            "weeks.week_of",
            "weeks.week_begins",
            "weeks.first_day",
            "weeks.weeks_in",
            "weeks.labels",
            "weeks.of_labels",
        ),
        CALENDAR,
    ),
    "simulation.scenarios.scenario": "a row of a published table",
    "scoring.hub.check": "what is wrong with a table, row by row; of none nothing is left to be told",
    "scoring.hub.not_looked_at": "rows of a table by their number",
    "scoring.hub.write": "the text of a table, and no number is made",
    "scoring.hub.read": "the table of a text, and no number is made",
    "resistance.first_isolates.grades": "letters as the numbers that stand for them",
    "resistance.breakpoints.read": "the table of a text, and no number is made",
}
# Results whose `made` names another method, with the reason that `again` needs other data.
MADE_AS = {
    "simulation.evaluation.run": "simulation.evaluation.performance",  # a detector is code and cannot be written down
}
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
        if file.stem == "__init__" or place in INNER_MODULES:
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
    named = {each.name for each in taken if each.kind is each.KEYWORD_ONLY}
    if any(each.kind is each.VAR_KEYWORD for each in taken):
        assert set(chosen) >= named
    else:
        assert set(chosen) == named
    found = call(name)(*data, **chosen)
    assert hasattr(found, "made") == (name not in UNMADE), "a method's result says how it was made"
    if name in UNMADE:
        return
    assert found.made.method == MADE_AS.get(name, name)
    assert set(found.made.parameters) == set(chosen)
    if name in MADE_AS:
        return
    for made in (found.made, Made(**json.loads(json.dumps(found.made.plain())))):
        same(made.again(*data), found)


def same(one, two):
    assert type(one) is type(two)
    if isinstance(one, list):
        assert one == two
        assert one.made == two.made
        return
    for part in one.__dataclass_fields__:
        if part != "made":
            np.testing.assert_equal(plain(getattr(one, part)), plain(getattr(two, part)))
    assert one.made.plain() == two.made.plain()


def plain(value):
    """Tables and reports within a result are compared by what they hold."""
    if isinstance(value, tuple) and value and hasattr(value[0], "__dataclass_fields__"):
        return [plain(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {part: plain(getattr(value, part)) for part in value.__dataclass_fields__}
    return value


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
