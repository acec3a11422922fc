"""The places where the converged fit lies further from R's answers than their README says, each fitted again by R's own
kind of step on a dense design: to where R stopped, and on from there."""

# ruff: noqa: PLR0917 - a regression has so many parts

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from camphora.methods.detection import farrington, quasi_poisson
from methods.test_farrington import CONTROLS, FLEXIBLE_COLUMNS, alike, pairs
from methods.watch_answers import answers

README = {"expected": 7e-6, "upperbound": 2e-5, "phi": 6e-5}
NONE = 1e-3  # a mean below: that part of the year had no case


@dataclass(frozen=True)
class Place:
    """One week of one control where `quantity` lies `away` from R's, and `names` what was fitted."""

    control: str
    series: str
    row: int
    quantity: str
    ours: float
    theirs: float
    counts: np.ndarray
    first: str | None
    trend: bool

    @property
    def away(self):
        return abs(self.ours / self.theirs - 1)


@dataclass(frozen=True)
class Fit:
    """`eta`, `mean` of the references; `score`: the largest component of the score equations, in shares of the cases;
    `behind`: how far the weights of the dispersion are from those of these means; the rest as `Farrington` has it."""

    eta: np.ndarray
    mean: np.ndarray
    expected: float
    phi: float
    upper: float
    score: float
    behind: float


def beyond():
    """Every place beyond the README's limits, weeks of a part of the year without a case apart."""
    table = answers("farrington_flexible")
    for control, settings in CONTROLS.items():
        for names, series, first in alike(table, control):
            dated = {"first": first} if control.endswith("dates") else {}
            found = farrington.flexible(
                series, last=104, like="surveillance", stopping="converged", **settings, **dated
            )
            mean = found.expected if np.isnan(found.bound_mean).all() else found.bound_mean
            columns = {name: FLEXIBLE_COLUMNS[name] for name in README}
            for at, (what, ours, theirs) in enumerate(pairs(table, control, names, found, columns)):
                row, name = at // len(columns), what.split()[-1]
                with np.errstate(invalid="ignore", divide="ignore"):
                    away = np.abs(ours / theirs - 1)
                for t in np.flatnonzero((away > README[name]) & ~(mean[row] < NONE) & (theirs > 0)):
                    yield Place(
                        control, names[row], int(found.at[t]), name, float(ours[t]), float(theirs[t]),
                        series[row], dated.get("first"), bool(found.trend[row, t]),
                    )  # fmt: skip


def whole_bound(place):
    """Whether the bound is a quantile in whole numbers, of which the last place before an edge tells nothing."""
    return (
        place.quantity == "upperbound" and CONTROLS[place.control].get("threshold_method", "delta") != "delta"
    )


def fitted(place):
    """(R's stop, from there on by the same steps to the end, ours): three fits of one week, each with the larger score
    of its two regressions, before and after re-weighting."""
    settings = {"b": 5, "w": 3, "no_periods": 1, "threshold_method": "delta", "alpha": 0.05, "powertrans": "2/3",
                "reweight": True, "weights_threshold": 2.58, **CONTROLS[place.control]}  # fmt: skip
    y, t, x = _design(place, settings)
    stop = _twice(y, x, settings, None)
    onwards = _twice(y, x, settings, stop)
    ours = [_ours(y, t, x, place, settings, reweight) for reweight in {False, settings["reweight"]}]
    return tuple(replace(fits[-1], score=max(each.score for each in fits)) for fits in (stop, onwards, ours))


def _design(place, settings):
    left_out = settings.get("past_weeks_not_included")
    at = np.array([place.row])
    like = farrington._references(
        at, b=settings["b"], w=settings["w"], no_periods=settings["no_periods"],
        left_out=settings["w"] if left_out is None else left_out, frequency=52, first=place.first, days=7,
    )[0]  # fmt: skip
    known = ~np.isnan(place.counts[like.rows])
    rows, period = like.rows[known], like.period[known]
    t = (rows - place.row).astype(float)
    columns = [(period == each).astype(float) for each in np.unique(period)]
    x = np.stack(columns + ([t / np.abs(t).max()] if place.trend else []), axis=1)
    return place.counts[rows], t, x


def _twice(y, x, settings, before):
    """Both fits; from R's first values to R's stop, or from its stops on to the end."""
    last = before is not None
    omega = np.ones(len(y))
    found = []
    for step in range(2 if settings["reweight"] else 1):
        if step:
            omega = _omega(y, x, found[0], settings)
        start = before[step].eta if last else np.log(y + 0.1)
        found.append(_stepped(y, x, omega, start, settings, last))
    return found


def _stepped(y, x, omega, eta, settings, last):
    """Fisher scoring; `last`: until eta stands still, else until the deviance changes by 1e-8 of itself plus 0.1."""
    mean = np.exp(eta)
    before = _deviance(y, mean, omega)
    for _ in range(500 if last else 25):
        weight = omega * mean
        beta = np.linalg.lstsq(
            x * np.sqrt(weight)[:, None], np.sqrt(weight) * (eta + (y - mean) / mean), rcond=None
        )[0]
        moved, eta = np.abs(x @ beta - eta).max(), x @ beta
        mean = np.exp(eta)
        after = _deviance(y, mean, omega)
        if (moved < 1e-13) if last else (abs(after - before) / (abs(after) + 0.1) < 1e-8):
            break
        before = after
    return _told(y, x, omega, weight, eta, settings)


def _deviance(y, mean, omega):
    return 2 * np.sum(omega * (special.xlogy(y, y / mean) - (y - mean)))


def _told(y, x, omega, weight, eta, settings):
    """`weight`: those of the last step, as R's dispersion has them."""
    mean, df = np.exp(eta), len(y) - x.shape[1]
    raw = np.sum(weight * ((y - mean) / mean) ** 2) / df
    phi = max(raw, 1.0)
    spread = np.sum(omega * ((y - mean) / mean) ** 2) / df if settings["reweight"] else raw
    beta = np.linalg.lstsq(x, eta, rcond=None)[0]
    expected = float(np.exp(beta[0]))
    covariance = np.linalg.inv((x * weight[:, None]).T @ x)
    se = np.sqrt(spread * covariance[0, 0])
    power = farrington.POWERS[settings["powertrans"]]
    scale = power * expected ** (power - 1) * np.sqrt(phi * expected + (expected * se) ** 2)
    upper = max(0.0, expected**power - special.ndtri(settings["alpha"]) * scale) ** (1 / power)
    score = np.abs(x.T @ (omega * (y - mean))).max() / np.sum(omega * y)
    behind = np.abs(weight / (omega * mean) - 1).max()
    return Fit(eta, mean, expected, phi, upper, score, behind)


def _omega(y, x, fit, settings):
    """R weighs by the leverages and the dispersion of the fit before."""
    weight = fit.mean
    covariance = np.linalg.inv((x * weight[:, None]).T @ x)
    leverage = weight * np.einsum("ij,jk,ik->i", x, covariance, x)
    s = 1.5 * (y ** (2 / 3) * fit.mean ** (-1 / 6) - np.sqrt(fit.mean)) / np.sqrt(fit.phi * (1 - leverage))
    omega = np.where(s > settings["weights_threshold"], s**-2.0, 1.0)
    return omega * len(y) / omega.sum()


def _ours(y, t, x, place, settings, reweight):
    """What the compiled fit leaves: its own means and weights."""
    period = x[:, : x.shape[1] - place.trend].argmax(axis=1)
    work, sums = np.empty((5, len(y))), np.empty((5, int(period.max()) + 1))
    out = np.empty(len(quasi_poisson.FIELDS))
    quasi_poisson._series(
        y, np.zeros(len(y)), t, period, len(y), 0.0, place.trend, reweight,
        float(settings["weights_threshold"]), np.full(len(y) + 1, -1.0), False, False, False, True, work, sums, out,
    )  # fmt: skip
    omega, mean, weight = work[0], work[1], work[2]
    return _told(y, x, omega, weight, np.log(mean), {**settings, "reweight": reweight})
