"""The law of counts about their mean, Poisson or negative binomial, with its derivatives, compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from camphora.methods.arguments import Floats, Whole
from camphora.methods.compiling import njit
from camphora.methods.detection.baseline import digamma, trigamma

LARGE = 1e6  # a size from which Stirling's series serves better than the difference of two of its values
STEEPEST = 500.0  # an exponent beyond which a mean is as good as infinite


@njit(cache=True, error_model="numpy")
def log_law(y: Floats, mean: Floats, size: Floats) -> Floats:
    """The log probability of each count; size infinite: Poisson. What depends on the size alone is kept from one count
    to the next."""
    found = np.empty(len(y))
    last, of_size = np.nan, 0.0
    for i in range(len(y)):
        log_mean = np.log(mean[i]) if y[i] > 0 else 0.0
        if np.isinf(size[i]):
            found[i] = y[i] * log_mean - mean[i] - math.lgamma(y[i] + 1)
            continue
        k = size[i]
        if k != last:
            last, of_size = k, math.lgamma(k)
        both = np.log1p(mean[i] / k)
        found[i] = -k * both
        if y[i] > 0:
            found[i] += _risen(y[i], k, of_size) - math.lgamma(y[i] + 1)
            found[i] += y[i] * (log_mean - np.log(k) - both)
    return found


@njit(cache=True, error_model="numpy")
def _risen(y: float, k: float, of_size: float) -> float:
    """log gamma(y + k) - log gamma(k). The difference of two large numbers has no digits left where k is large."""
    if k < LARGE:
        return math.lgamma(y + k) - of_size
    both = k + y
    return float((both - 0.5) * np.log1p(y / k) + y * np.log(k) - y + 1 / (12 * both) - 1 / (12 * k))


class Counted(NamedTuple):
    """What is fitted, as arrays. `y`: the counts; `of_counts`: the sum of log y!; `unit_of`, `time_of` each;
    `columns`: of time, those of all parts beside each other; `spans`: of each part its first and last column, the first
    of its coefficients, and whether it has a level for each unit; `factors`: what each part is multiplied with, shape
    (parts, units, times); `sizes`: the last so many coefficients are log sizes, of all units or of each."""

    y: Floats
    of_counts: float
    unit_of: Whole
    time_of: Whole
    columns: Floats
    spans: Whole
    factors: Floats
    sizes: int


@njit(cache=True, error_model="numpy")
def means(data: Counted, fit: Floats) -> Floats:
    """The parts of the mean of each count, shape (parts, counts)."""
    found = np.empty((len(data.spans), len(data.y)))
    for part in range(len(data.spans)):
        first, last, begin, levels = data.spans[part]
        waves = _waves(data.columns, first, last, fit[begin:], levels == 0)
        for i in range(len(data.y)):
            unit, t = data.unit_of[i], data.time_of[i]
            rise = waves[t]
            if levels:
                rise = math.exp(min(rise + fit[begin + last - first + unit], STEEPEST))
            found[part, i] = data.factors[part, unit, t] * rise
    return found


@njit(cache=True, error_model="numpy")
def _waves(columns: Floats, first: int, last: int, beta: Floats, risen: bool) -> Floats:
    found = np.empty(len(columns))
    for t in range(len(columns)):
        wave = 0.0
        for column in range(first, last):
            wave += columns[t, column] * beta[column - first]
        found[t] = math.exp(min(wave, STEEPEST)) if risen else wave
    return found


@njit(cache=True, error_model="numpy")
def value(data: Counted, fit: Floats) -> float:
    """The log likelihood; minus infinity where a mean is none."""
    parts, size_of = means(data, fit), fit[len(fit) - data.sizes :]
    total, last, k, of_size = -data.of_counts, -1, np.inf, 0.0
    for i in range(len(data.y)):
        own = min(data.unit_of[i], data.sizes - 1)
        if own != last and own >= 0:
            last, k = own, math.exp(size_of[own])
            of_size = math.lgamma(k)
        mean = parts[:, i].sum()
        if not 0.0 < mean < np.inf:
            return -np.inf
        total += _probability(data.y[i], mean, k, of_size)
    return total


@njit(cache=True, error_model="numpy")
def _probability(y: float, mean: float, k: float, of_size: float) -> float:
    """The log probability of y, but for log y!."""
    log_mean = np.log(mean) if y > 0 else 0.0
    if np.isinf(k):
        return float(y * log_mean - mean)
    both = np.log1p(mean / k)
    found = -k * both
    if y > 0:
        found += _risen(y, k, of_size) + y * (log_mean - np.log(k) - both)
    return float(found)


@njit(cache=True, error_model="numpy")
def _slopes(y: float, m: float, k: float, of_size: tuple[float, float]) -> tuple[float, ...]:
    """The derivatives of the log probability: by the mean, twice by it, by the log of the size, by both, and twice by
    that. `of_size`: digamma and trigamma of the size."""
    if np.isinf(k):
        return y / m - 1, -y / (m * m), 0.0, 0.0, 0.0
    both = k + m
    by_mean = y / m - (y + k) / both
    by_mean_2 = -y / (m * m) + (y + k) / (both * both)
    slope = (m - y) / both - np.log1p(m / k)
    bend = m / (k * both) - (m - y) / (both * both)
    if y > 0:
        slope += digamma(y + k) - of_size[0]
        bend += trigamma(y + k) - of_size[1]
    return by_mean, by_mean_2, k * slope, k * (y - m) / (both * both), k * slope + k * k * bend


@njit(cache=True, error_model="numpy")
def derivatives(data: Counted, fit: Floats) -> tuple[float, Floats, Floats]:
    """The log likelihood, its gradient and its negated second derivatives."""
    y, unit_of, sizes = data.y, data.unit_of, len(fit) - data.sizes
    parts = means(data, fit)
    total = -data.of_counts
    gradient, bend = np.zeros(len(fit)), np.zeros((len(fit), len(fit)))
    own_columns, own_part = _places(data.spans)
    many = len(own_columns)
    rows, outer, places = np.empty(many), np.empty(many), np.empty(many, dtype=np.int64)
    small, across = np.zeros((many, many)), np.zeros(many)
    last, k, of_size, of_slopes = -1, np.inf, 0.0, (0.0, 0.0)
    for i in range(len(y)):
        own = min(unit_of[i], data.sizes - 1)
        if own != last and own >= 0:
            last, k = own, math.exp(fit[sizes + own])
            of_size, of_slopes = math.lgamma(k), (digamma(k), trigamma(k))
        mean = parts[:, i].sum()
        total += _probability(y[i], mean, k, of_size)
        by_mean, by_mean_2, by_size, by_both, by_size_2 = _slopes(y[i], mean, k, of_slopes)
        if i == 0 or unit_of[i] != unit_of[i - 1]:
            _placed(places, own_columns, own_part, data.spans, unit_of[i])
        for a in range(many):
            rows[a] = data.columns[data.time_of[i], own_columns[a]] if own_columns[a] >= 0 else 1.0
            outer[a] = rows[a] * parts[own_part[a], i]
            gradient[places[a]] += by_mean * outer[a]
            across[a] += by_both * outer[a]
        _bent(small, rows, outer, own_part, by_mean, by_mean_2)
        if own >= 0:
            gradient[sizes + own] += by_size
            bend[sizes + own, sizes + own] -= by_size_2
        if i == len(y) - 1 or unit_of[i + 1] != unit_of[i]:
            _spread_out(bend, small, across, places, sizes + own if own >= 0 else -1)
    return total, gradient, bend


@njit(cache=True, error_model="numpy")
def _bent(  # noqa: PLR0917 - compiled code takes no keywords
    small: Floats, rows: Floats, outer: Floats, own_part: Whole, by_mean: float, by_mean_2: float
) -> None:
    """The negated second derivatives by the coefficients of one unit, below the diagonal, of one count."""
    for a in range(len(rows)):
        steep, flat = by_mean_2 * outer[a], by_mean * outer[a]
        for b in range(a + 1):
            small[a, b] -= steep * outer[b] + (flat * rows[b] if own_part[b] == own_part[a] else 0.0)


@njit(cache=True, error_model="numpy")
def _places(spans: Whole) -> tuple[Whole, Whole]:
    """The columns that a count of any unit has, -1 for the level of its unit, and the part of each."""
    most = 0
    for part in range(len(spans)):
        most += spans[part, 1] - spans[part, 0] + spans[part, 3]
    own_columns, own_part = np.full(most, -1, dtype=np.int64), np.empty(most, dtype=np.int64)
    at = 0
    for part in range(len(spans)):
        for column in range(spans[part, 0], spans[part, 1]):
            own_columns[at], own_part[at] = column, part
            at += 1
        if spans[part, 3]:
            own_part[at] = part
            at += 1
    return own_columns, own_part


@njit(cache=True, error_model="numpy")
def _placed(places: Whole, own_columns: Whole, own_part: Whole, spans: Whole, unit: int) -> None:
    """Which coefficients these columns have in this unit."""
    for a in range(len(places)):
        first, last, begin, _ = spans[own_part[a]]
        places[a] = begin + (own_columns[a] - first if own_columns[a] >= 0 else last - first + unit)


@njit(cache=True, error_model="numpy")
def _spread_out(bend: Floats, small: Floats, across: Floats, places: Whole, own: int) -> None:
    """The sums of one unit go where its coefficients are; `own`: that of its size, -1 for none."""
    for a in range(len(places)):
        for b in range(a + 1):
            bend[places[a], places[b]] += small[a, b]
            if a != b:
                bend[places[b], places[a]] += small[a, b]
            small[a, b] = 0.0
        if own >= 0:
            bend[own, places[a]] -= across[a]
            bend[places[a], own] -= across[a]
        across[a] = 0.0
