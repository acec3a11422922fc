"""Settings of hhh4, nowcasts and reproduction numbers for `compare_r.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import gamma

from camphora.methods.nowcast.triangle import triangle
from camphora.methods.reproduction import serial_interval
from compare_r import Answer, Code, Setting, literal, pick, plain, span

Random = np.random.Generator
LEVELS = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
TABLE = (
    *("Quantile.0.025(R)", "Quantile.0.05(R)", "Quantile.0.25(R)", "Median(R)"),
    *("Quantile.0.75(R)", "Quantile.0.95(R)", "Quantile.0.975(R)"),
)
START = "2024-01-01"


def spreading(random: Random, units: int, times: int, frequency: int, weights: Any) -> Any:
    """Counts of an endemic season, their own past and, with weights, their neighbours'."""
    y = np.zeros((units, times))
    level = np.exp(random.uniform(np.log(0.7), np.log(30), units))
    season, own = random.uniform(0, 0.8), random.uniform(0.05, 0.6)
    size = random.uniform(1.5, 20)
    y[:, 0] = random.poisson(level)
    for t in range(1, times):
        mean = level * np.exp(season * np.sin(2 * np.pi * t / frequency)) + own * y[:, t - 1]
        if weights is not None:
            mean = mean + random.uniform(0.1, 0.3) * weights.T @ y[:, t - 1]
        y[:, t] = random.negative_binomial(size, size / (size + np.minimum(mean, 1e5)))
    return y


def _hhh4(random: Random) -> Setting:
    frequency, times = int(pick(random, 52, 52, 12, 26)), int(random.integers(90, 260))
    units = int(pick(random, 1, 1, 2, 3, 5))
    weights = None
    if units > 1 and random.uniform() < 0.6:
        weights = np.round(random.uniform(0, 1, (units, units)), 2) * (1 - np.eye(units))
    y = spreading(random, units, times, frequency, weights)
    family = (
        pick(random, "Poisson", "NegBin1", "NegBin1", "NegBinM")
        if units > 1
        else pick(random, "Poisson", "NegBin1")
    )
    parameters: dict[str, Any] = {
        "endemic": pick(random, "common", "unit") if units > 1 else "common", "trend": bool(random.integers(2)),
        "seasons": int(random.integers(0, 3)),
        "ar": pick(random, "none", "common", "common", "unit" if units > 1 else "common"),
        "family": family, "frequency": frequency, "like": "surveillance",
    }  # fmt: skip
    if parameters["ar"] == "common":
        parameters |= {"ar_trend": bool(random.uniform() < 0.15), "ar_seasons": int(random.uniform() < 0.2)}
    control: dict[str, Any] = {
        "end": {"f": _formula(parameters, "endemic", "trend", "seasons")},
        "family": family,
    }
    if parameters["ar"] != "none":
        control["ar"] = {"f": _formula(parameters, "ar", "ar_trend", "ar_seasons")}
    data: list[Any] = [y, None, None]
    if weights is not None:
        parameters["ne"] = pick(random, "common", "common", "unit")
        control["ne"] = {"f": _formula(parameters, "ne", "", ""), "weights": weights.T}
        data[1] = weights
    if random.uniform() < 0.4:
        offset = np.repeat(np.round(random.uniform(0.2, 3, (units, 1)), 2), times, axis=1)
        control["end"]["offset"] = offset
        data[2] = offset
    first = int(pick(random, 1, 1, int(random.integers(10, 40))))
    if first > 1:
        control["subset"] = span(first, times - 1)
        data[0] = y.copy()
        data[0][:, : first if parameters["ar"] == "none" and weights is None else first - 1] = np.nan
    if data[2] is None:
        data = data[:2] if data[1] is not None else data[:1]
    columns = {name: name for name in ("estimate", "se", "loglik", "aic", "bic", "nobs")}
    asked = f"endemic(series({literal(y)}, {frequency}), {literal(control)})"
    return Setting(asked, "detection.hhh4.hhh4", data, parameters, columns, held, {"estimate": "se"})


def held(found: Any, _: Answer) -> dict[str, Any]:
    """Without the coefficients where the data leave one of them to run off."""
    loose = not np.all(found.se < 10)
    numbers = {name: plain(getattr(found, name)) for name in ("loglik", "aic", "bic", "nobs")}
    return {
        "estimate": np.where(loose, np.nan, found.estimate),
        "se": np.where(loose, np.nan, found.se),
        **numbers,
    }


def _formula(p: dict[str, Any], level: str, trend: str, seasons: str) -> Code:
    text = {"common": "~ 1", "unit": "~ -1 + fe(1, unitSpecific = TRUE)", "none": "~ -1"}[p[level]]
    if p.get(trend):
        text += " + t"
    if not p.get(seasons):
        return Code(text)
    return Code(f"addSeason2formula({text}, S = {p[seasons]}, period = {p['frequency']})")


def _list(random: Random, longest: int) -> tuple[Any, Any, int]:
    days = int(random.integers(longest + 5, 90))
    number = int(random.integers(60, 1500))
    onset = random.integers(0, days, number)
    report = onset + random.negative_binomial(random.uniform(1, 4), random.uniform(0.25, 0.7), number)
    onset = np.concatenate([onset, [0, days - 1]])  # both ends are there, so that R's range is ours
    return onset, np.concatenate([report, [0, days - 1]]), days - 1


def _delayed(
    cases: tuple[Any, Any, int], longest: int, method: str, window: Any, control: dict[str, Any]
) -> str:
    onset, report, now = cases
    begin = f'as.Date("{START}")'
    table = f"data.frame(onset = {begin} + {literal(onset)}, report = {begin} + {literal(report)})"
    control = {**control, "dRange": Code(f"{begin} + c(0, {now})"), "score": False, "predPMF": False}
    last = f"{begin} + {now}"
    return f"delayed({table}, {last}, {literal(method)}, {longest}, {literal(window)}, {literal(control)})"


def _lawless(random: Random) -> Setting:
    longest = int(random.integers(4, 18))
    onset, report, now = _list(random, longest)
    level = pick(random, 0.95, 0.9, 0.5)
    window = pick(random, None, None, int(random.integers(longest + 1, now + 1)) if now > longest else None)
    most = int(pick(random, 300, 1000))
    asked = _delayed(
        (onset, report, now), longest, "lawless", window, {"alpha": 1 - level, "N.tInf.max": most}
    )
    given = triangle(onset, report, now=now, first=0, longest=longest).counts
    if window is not None:  # R's window is of days of onset
        given = given[-window - 1 :]
    parameters = {"level": level, "largest": most, "like": "surveillance"}
    columns = {name: name for name in ("reported", "estimate", "lower", "upper")}
    return Setting(asked, "nowcast.lawless.lawless", [given], parameters, columns)


def _conjugate(random: Random) -> Setting:
    """R draws the delays: its numbers are to lie between ours of levels that as many draws leave open."""
    longest = int(random.integers(4, 12))
    onset, report, now = _list(random, longest)
    method, kappa = pick(random, "bayes.trunc", "bayes.notrunc"), pick(random, 0.1, 0.1, 0.5, 1.0)
    prior: dict[str, Any] = _gamma(random)
    if random.uniform() < 0.2:
        prior = {"prior": "poisson", "prior_mean": float(random.uniform(3, 40))}
    control = {"N.tInf.prior": _prior(prior), "N.tInf.max": 250, "gd.prior.kappa": kappa, "nSamples": 1000}
    asked = _delayed((onset, report, now), longest, method, None, control)
    levels = [0.008, 0.025, 0.045, 0.43, 0.5, 0.57, 0.955, 0.975, 0.992]
    parameters = {
        **prior,
        "delays": "truncated" if method == "bayes.trunc" else "whole",
        "kappa": kappa,
        "largest": 250,
        "levels": levels,
    }

    def told(found: Any, _: Answer) -> dict[str, Any]:
        bands = {"lower": (0, 2), "estimate": (3, 5), "upper": (6, 8)}
        made: dict[str, Any] = {
            name: tuple(plain(found.quantiles[0][:, each]) for each in ends) for name, ends in bands.items()
        }
        return {"reported": plain(found.reported), **made}

    return Setting(
        asked,
        "nowcast.conjugate.conjugate",
        [triangle(onset, report, now=now, first=0, longest=longest).counts],
        parameters,
        {},
        told,
    )


def _gamma(random: Random) -> dict[str, Any]:
    mean = float(random.uniform(3, 30))
    return {
        "prior": "negative binomial",
        "prior_mean": mean,
        "prior_sd": float(np.sqrt(mean * random.uniform(2, 30))),
    }


def _prior(given: dict[str, Any]) -> Code:
    if given["prior"] == "poisson":
        return Code(f'structure("pois", lambda = {given["prior_mean"]!r})')
    return Code(
        f'structure("poisgamma", mean.lambda = {given["prior_mean"]!r}, var.lambda = {given["prior_sd"] ** 2!r})'
    )


def _epidemic(random: Random) -> Any:
    times = int(random.integers(30, 150))
    level, growth = random.uniform(1, 60), random.normal(0, 0.02)
    mean = level * np.exp(np.clip(growth * np.arange(times), -3, 3))
    y = random.negative_binomial(5, 5 / (5 + mean)).astype(np.float64)
    y[0] = max(1.0, y[0])
    return y


def _sliding(random: Random, times: int) -> tuple[list[int], list[int]]:
    width = int(random.integers(1, 15))
    first = np.arange(1, times - width + 1, int(pick(random, 1, 1, 7)))
    if random.uniform() < 0.2:  # windows of several widths
        last = np.minimum(first + random.integers(0, 12, len(first)), times - 1)
        last = np.maximum.accumulate(last)
    else:
        last = first + width - 1
    return first.tolist(), last.tolist()


def _interval(random: Random, times: int) -> tuple[str, dict[str, Any], dict[str, Any]]:
    mean = float(random.uniform(2, 15))
    sd = float(random.uniform(0.3, 0.9) * mean)
    if random.integers(2):
        return "parametric_si", {"mean_si": mean, "std_si": sd}, {"mean": mean, "sd": sd}
    weight = serial_interval.discretised(
        mean=mean, sd=sd, days=int(pick(random, 60, times - 1, 20))
    ).probability
    weight = np.round(weight / weight.sum(), 12)
    weight /= weight.sum()
    return "non_parametric_si", {"si_distr": weight}, {"serial_interval": weight.tolist()}


def _cori(random: Random) -> Setting:
    y = _epidemic(random)
    starts, ends = _sliding(random, len(y))
    method, config, ours = _interval(random, len(y))
    prior = {"mean_prior": float(random.uniform(1, 6)), "std_prior": float(random.uniform(0.5, 6))}
    if random.integers(2):
        prior = {"mean_prior": 5.0, "std_prior": 5.0}
    parameters = {
        **ours,
        "starts": starts,
        "ends": ends,
        "prior_mean": prior["mean_prior"],
        "prior_sd": prior["std_prior"],
    }
    data, incidence = [y], literal(y)
    if random.uniform() < 0.3:
        came = random.poisson(2, len(y)).astype(np.float64)
        data, incidence = [y, came], f"data.frame(local = {literal(y)}, imported = {literal(came)})"
        data[0][0] = 0  # R wants the first day's cases to have come
        came[0] = max(1.0, came[0])
        incidence = f"data.frame(local = {literal(y)}, imported = {literal(came)})"
    control = {**config, **prior, "t_start": _from_one(starts), "t_end": _from_one(ends)}
    asked = f"windows(estimate_R({incidence}, method = {literal(method)}, config = make_config({literal(control)})))"

    def told(found: Any, _: Answer) -> dict[str, Any]:
        made = {"Mean(R)": plain(found.mean), "Std(R)": plain(found.sd)}
        return made | {name: plain(found.quantiles[0][:, n]) for n, name in enumerate(TABLE)}

    return Setting(asked, "reproduction.cori.certain", data, parameters, {}, told)


def _from_one(days: list[int]) -> Code:
    return Code(f"c({', '.join(str(day + 1) for day in days)})")


def _uncertain(random: Random) -> Setting:
    """R draws pairs and values: ours is the exact mixture of R's own pairs, and a band for the values."""
    y = _epidemic(random) + 5
    starts, ends = _sliding(random, len(y))
    mean, sd, n1, n2 = float(random.uniform(3, 10)), float(random.uniform(1, 3)), 60, 100
    control = {
        "mean_si": mean, "std_mean_si": 0.8, "min_mean_si": mean - 1.5, "max_mean_si": mean + 1.5,
        "std_si": sd, "std_std_si": 0.3, "min_std_si": sd - 0.6, "max_std_si": sd + 0.6, "n1": n1, "n2": n2,
        "seed": int(random.integers(1, 1000)), "t_start": _from_one(starts), "t_end": _from_one(ends),
    }  # fmt: skip
    asked = f'mixture(estimate_R({literal(y)}, method = "uncertain_si", config = make_config({literal(control)})))'
    parameters = {"pairs": None, "starts": starts, "ends": ends}

    def told(_: Any, answer: Answer) -> dict[str, Any]:
        from camphora.methods.reproduction.cori import uncertain

        pairs = np.stack([answer["pair_mean"], answer["pair_sd"]], axis=1)
        found = uncertain(y, pairs=pairs.tolist(), starts=starts, ends=ends)
        draws = n1 * n2
        middle, spread = plain(found.mean), plain(found.sd)
        shape, scale = (middle / spread) ** 2, spread**2 / middle
        made: dict[str, Any] = {"Mean(R)": _band(middle, 5 * spread / np.sqrt(draws) + 0.002 * middle)}
        for n, (name, level) in enumerate(zip(TABLE, LEVELS, strict=True)):
            at = plain(found.quantiles[0][:, n])
            density = gamma.pdf(at, shape, scale=scale)
            made[name] = _band(at, 5 * np.sqrt(level * (1 - level) / draws) / density + 0.002 * at)
        return made

    return Setting(asked, "reproduction.cori.uncertain", [y], {**parameters, "pairs": [[mean, sd]]}, {}, told)


def _band(middle: Any, wide: Any) -> tuple[Any, Any]:
    return middle - wide, middle + wide


def _cohort(random: Random) -> Setting:
    y = _epidemic(random)
    width = int(random.integers(1, 15))
    first = np.arange(1, len(y) - width + 1)
    method, config, ours = _interval(random, len(y))
    control = {
        **config,
        "t_start": _from_one(first.tolist()),
        "t_end": _from_one((first + width - 1).tolist()),
        "n_sim": 0,
    }
    asked = f"wallinga_teunis({literal(y)}, method = {literal(method)}, config = {literal(control)})"
    asked = f"cohorts({asked}, {literal(first + 1)})"
    if "mean" in ours:
        weight = serial_interval.discretised(mean=ours["mean"], sd=ours["sd"], days=len(y) - 1).probability
        ours = {"serial_interval": weight.tolist()}
    return Setting(
        asked, "reproduction.wallinga_teunis.cohort", [y], {**ours, "window": width}, {"Mean(R)": "mean"}
    )


METHODS = {
    "hhh4": _hhh4,
    "Lawless": _lawless,
    "nowcast in closed form": _conjugate,
    "Cori's Rt, certain": _cori,
    "Cori's Rt, uncertain": _uncertain,
    "Wallinga-Teunis": _cohort,
}
