"""Settings of detection for `compare_r.py`: each draws a series and a control, and says how R and ours are called."""

from __future__ import annotations

from typing import Any

import numpy as np

from compare_r import Setting, counts, literal, pick, span

Random = np.random.Generator
BOUNDS = {"upper": "upper", "alarm": "alarm"}


def _frequency(random: Random) -> int:
    return int(pick(random, 52, 52, 12, 365))


def _years(frequency: int, years: float, more: int) -> int:
    return int(frequency * years) + more


def _ears(random: Random) -> Setting:
    y = counts(random, 60, 52)
    method = pick(random, "C1", "C2", "C3")
    baseline, alpha = (
        int(random.integers(3, 21)),
        pick(random, 0.001, 0.01, 0.025, 0.05, float(random.uniform(0.001, 0.3))),
    )
    sigma = pick(random, 0.0, 0.0, 0.5, 1.0, float(random.uniform(0, 5)))
    first = baseline + 5
    control = {
        "range": span(first, 59),
        "method": method,
        "baseline": baseline,
        "minSigma": sigma,
        "alpha": alpha,
    }
    parameters = {"alpha": alpha, "baseline": baseline, "min_sigma": sigma, "last": 60 - first}
    if method == "C3":
        parameters["like"] = "surveillance"
    asked = f"bounds(earsC(series({literal(y)}), {literal(control)}))"
    return Setting(asked, f"detection.ears.{method.lower()}", [y], parameters, BOUNDS)


def _classic(random: Random) -> Setting:
    frequency = int(pick(random, 52, 52, 52, 12))
    b, w = int(random.integers(1, 7)), int(random.integers(1, 6 if frequency == 52 else 3))
    last, times = 15, _years(frequency, b, w + 40)
    y = counts(random, times, frequency)
    given: dict[str, Any] = {
        "b": b, "w": w, "reweight": bool(pick(random, True, True, False)),
        "alpha": pick(random, 0.001, 0.01, 0.05, 0.1), "trend": bool(pick(random, True, True, False)),
        "limit54": pick(random, [5, 4], [5, 4], [0, 4], [1, 2], [20, 8]),
        "powertrans": pick(random, "2/3", "2/3", "1/2", "none"),
    }  # fmt: skip
    control = {"range": span(times - last, times - 1), **given}

    columns = {name: name for name in ("upper", "alarm", "trend", "below", "expected")}
    parameters = {**given, "last": last, "frequency": frequency, "like": "surveillance"}
    asked = f"classic(series({literal(y)}, {frequency}), {literal(control)})"
    return Setting(asked, "detection.farrington.classic", [y], parameters, columns)


def _flexible(random: Random) -> Setting:
    frequency = int(pick(random, 52, 52, 52, 12, 365))
    b = int(random.integers(1, 7)) if frequency < 365 else int(random.integers(1, 4))
    w = int(random.integers(0 if frequency == 12 else 1, {52: 6, 12: 2, 365: 15}[frequency]))
    periods = int(pick(random, 1, 1, int(random.integers(2, {52: 13, 12: 3, 365: 15}[frequency]))))
    last, times = (3 if frequency == 365 else 12), _years(frequency, b, w + 14)
    y = counts(random, times, frequency)
    people = (
        np.round(1e5 * np.exp(np.cumsum(random.normal(0, 0.01, times)))) if random.uniform() < 0.3 else None
    )
    given: dict[str, Any] = {
        "b": b, "w": w, "reweight": bool(pick(random, True, True, True, False)),
        "alpha": pick(random, 0.001, 0.01, 0.05, 0.1), "trend": bool(pick(random, True, True, False)),
        "limit54": pick(random, [5, 4], [5, 4], [0, 4], [1, 2], [20, 8]),
        "powertrans": pick(random, "2/3", "2/3", "1/2", "none"),
    }  # fmt: skip
    names = {
        "weightsThreshold": "weights_threshold", "pThresholdTrend": "p_threshold_trend",
        "noPeriods": "no_periods", "pastWeeksNotIncluded": "past_weeks_not_included",
        "thresholdMethod": "threshold_method",
    }  # fmt: skip
    more = {
        "weightsThreshold": pick(random, 1.0, 2.58, 2.58, float(random.uniform(0.5, 4))),
        "pThresholdTrend": pick(random, 0.05, 1, 1, 0.2), "noPeriods": periods,
        "pastWeeksNotIncluded": pick(random, None, int(random.integers(w, 27))) if frequency > 12 else None,
        "thresholdMethod": pick(random, "delta", "nbPlugin", "muan"),
    }  # fmt: skip
    control = {
        "range": span(times - last, times - 1), **given, **more, "glmWarnings": bool(pick(random, True, False)),
        "populationOffset": people is not None,
    }  # fmt: skip
    if control["pastWeeksNotIncluded"] is None:
        del control["pastWeeksNotIncluded"]

    columns = {name: name for name in ("upper", "alarm", "expected", "score", "p", "trend", "slope", "phi")}
    if more["thresholdMethod"] != "delta":  # R gives one there too, which no bound is made of
        columns["bound_mean"] = "bound_mean"
    parameters = {
        **given, **{names[key]: value for key, value in more.items()},
        "last": last, "frequency": frequency, "like": "surveillance",
    }  # fmt: skip
    exposed = "NULL" if people is None else literal(people)
    asked = f"flexible(series({literal(y)}, {frequency}, {exposed}), {literal(control)})"
    return Setting(
        asked, "detection.farrington.flexible", [y] if people is None else [y, people], parameters, columns
    )


def _window(random: Random, frequency: int) -> dict[str, Any]:
    b = int(random.integers(0, 5)) if frequency < 365 else int(random.integers(0, 3))
    w = int(random.integers(1, {52: 9, 12: 4, 365: 20}[frequency]))
    return {"b": b, "w": w, "actY": bool(random.integers(2)) if b else True}


def _bayes(random: Random) -> Setting:
    frequency = _frequency(random)
    window = _window(random, frequency)
    times = _years(frequency, window["b"], window["w"] + 30)
    y, alpha = (
        counts(random, times, frequency),
        pick(random, 0.01, 0.05, 0.1, float(random.uniform(0.001, 0.5))),
    )
    control = {"range": span(times - 20, times - 1), **window, "alpha": alpha}

    parameters = {"alpha": alpha, "b": window["b"], "w": window["w"], "current": window["actY"]}
    parameters |= {"frequency": frequency, "last": 20}
    asked = f"bounds(bayes(series({literal(y)}, {frequency}), {literal(control)}))"
    return Setting(asked, "detection.bayes.bayes", [y], parameters, BOUNDS)


def _rki(random: Random) -> Setting:
    frequency = _frequency(random)
    window = _window(random, frequency)
    times = _years(frequency, window["b"], window["w"] + 30)
    y = counts(random, times, frequency)
    control = {"range": span(times - 20, times - 1), **window}

    parameters = {"b": window["b"], "w": window["w"], "current": window["actY"]}
    parameters |= {"frequency": frequency, "last": 20}
    asked = f"bounds(rki(series({literal(y)}, {frequency}), {literal(control)}))"
    return Setting(asked, "detection.rki.rki", [y], parameters, BOUNDS)


def _cusum(random: Random) -> Setting:
    frequency = int(pick(random, 52, 52, 12, 365))
    times = _years(frequency, 2.5, 30)
    y = counts(random, times, frequency)
    mean: Any = pick(random, None, "glm", "glm", float(random.uniform(0.5, 30)))
    transform = pick(random, "standard", "rossi", "anscombe", "anscombe2nd", "pearsonNegBin", "none")
    k, h, alpha = float(random.uniform(0.2, 2)), float(random.uniform(0.5, 5)), float(random.uniform(0.01, 1))
    control = {
        "range": span(times - 30, times - 1),
        "k": k,
        "h": h,
        "m": mean,
        "trans": transform,
        "alpha": alpha,
    }

    parameters = {
        "k": k, "h": h, "mean": "mean" if mean is None else mean, "transform": transform, "alpha": alpha,
        "frequency": frequency, "last": 30, "like": "surveillance",
    }  # fmt: skip
    asked = f"cumulative(series({literal(y)}, {frequency}), {literal(control)})"
    return Setting(asked, "detection.cusum.cusum", [y], parameters, {**BOUNDS, "cusum": "cusum"})


def _glr(random: Random, poisson: bool) -> Setting:
    frequency = int(pick(random, 52, 52, 12))
    last, times = 25, _years(frequency, pick(random, 3, 5), 25)
    y = counts(random, times, frequency)
    alpha: Any = 0 if poisson else pick(random, None, None, 0, float(random.uniform(0.02, 1)))
    change = "intercept" if alpha == 0 else pick(random, "intercept", "intercept", "epi")  # see glr's `like`
    theta: Any = pick(random, None, None, float(random.uniform(0.1, 2)))
    falls = change == "intercept" and theta is None and random.uniform() < 0.3
    model: Any = {"S": int(random.integers(0, 3)), "trend": bool(random.integers(2))}
    if random.uniform() < 0.3:
        model["refit"] = True
    expected = None
    if random.uniform() < 0.3 and alpha is not None:
        expected = np.exp(random.normal(np.log(y.mean() + 0.2), 0.2, last))
    window = pick(random, -1, -1, int(random.integers(5, 30)))
    least = int(pick(random, 1, 1, 2, 4))
    limit = float(pick(random, 5.0, float(random.uniform(1, 8))))
    control = {
        "range": span(times - last, times - 1), "c.ARL": limit, "mu0": model if expected is None else expected,
        "Mtilde": least, "M": window, "change": change, "theta": theta, "dir": "dec" if falls else "inc",
        "ret": "value",
    }  # fmt: skip
    if not poisson:
        control["alpha"] = alpha

    parameters = {
        "limit": limit, "alpha": alpha, "theta": theta, "change": "epidemic" if change == "epi" else "intercept",
        "direction": "dec" if falls else "inc", "window": None if window < 0 else window, "least_window": least,
        "frequency": frequency, "last": last, "like": "surveillance",
    }  # fmt: skip
    if expected is None:
        parameters |= {"seasons": model["S"], "trend": model["trend"], "refit": model.get("refit", False)}
    columns = {"upper": "statistic", "alarm": "alarm", "mean": "mean", "alpha": "alpha"}
    asked = f"ratio(series({literal(y)}, {frequency}), {literal(control)}, {literal(poisson)})"
    return Setting(
        asked, "detection.glr.glr", [y] if expected is None else [y, expected], parameters, columns
    )


METHODS = {
    "EARS": _ears,
    "Farrington 1996": _classic,
    "Farrington flexible": _flexible,
    "Bayes": _bayes,
    "RKI": _rki,
    "CUSUM": _cusum,
    "GLR Poisson": lambda random: _glr(random, True),
    "GLR negative binomial": lambda random: _glr(random, False),
}
