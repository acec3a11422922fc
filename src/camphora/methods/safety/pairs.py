"""Counts of pairs of drug and event from report tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from camphora.errors import Invalid
from camphora.methods.arguments import Floats, kind, names, whole
from camphora.methods.made import Made

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """One row per pair that was reported. `a`: reports with drug and event; `b`: with the drug, without the event;
    `c`: with the event, without the drug; `d`: with neither, each of shape (strata, pairs); `expected`: of shape
    (pairs,), summed over the strata."""

    drug: NDArray[Any]
    event: NDArray[Any]
    strata: NDArray[Any]
    a: Floats
    b: Floats
    c: Floats
    d: Floats
    expected: Floats
    made: Made

    @property
    def n(self) -> Floats:
        """Reports of the pair, over all strata."""
        return np.asarray(self.a.sum(axis=0))


def count(  # noqa: PLR0917 - two tables and one more, each with its key
    drug_reports: ArrayLike,
    drugs: ArrayLike,
    event_reports: ArrayLike,
    events: ArrayLike,
    strata_reports: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    *,
    least: int = 1,
) -> Pairs:
    """The four cells of every pair that is reported at least `least` times, and what would be expected were drug and
    event independent within each stratum: E = sum over strata of (reports with the drug) x (reports with the event) /
    (reports), DuMouchel (1999), The American Statistician 53(3):177-190.

    Given as two tables of rows: `drug_reports[i]` names the report in which `drugs[i]` stands, `event_reports[j]` the
    one in which `events[j]` stands; ids and names may be numbers or text. A drug or event that stands twice in one
    report counts once. The reports are all those that stand in either table. `strata_reports`, `strata`: the stratum
    of each report (age band, sex, year); a report that it does not name is in no stratum and is left out; a report
    named twice is in the last. Pairs come sorted by drug, then event; without any there are no rows. Invalid
    `methods-shape`, `methods-range`.
    """
    least = whole(least, 1, 10**9, "least")
    ids, (drug_at, event_at) = _numbered(drug_reports, event_reports)
    drug_names, drug_of = _columns(drugs, drug_at, "drugs")
    event_names, event_of = _columns(events, event_at, "events")
    found_strata, stratum = _strata(ids, strata_reports, strata)
    with_drug = _incidence(drug_at, drug_of, len(ids), len(drug_names))
    with_event = _incidence(event_at, event_of, len(ids), len(event_names))
    parts = [np.flatnonzero(stratum == number) for number in range(len(found_strata))]
    inside = np.flatnonzero(stratum >= 0)
    found = (with_drug[inside].T @ with_event[inside]).tocoo()
    kept = found.data >= least
    order = np.lexsort((found.col[kept], found.row[kept]))
    rows, columns = found.row[kept][order], found.col[kept][order]
    cells = [_cells(with_drug[part], with_event[part], rows, columns) for part in parts]
    a, b, c, d = (
        np.array([cell[each] for cell in cells]).reshape(len(parts), len(rows)) for each in range(4)
    )
    made = Made("safety.pairs.count", 1, {"least": least})
    return Pairs(drug_names[rows], event_names[columns], found_strata, a, b, c, d, expected(a, b, c, d), made)


def expected(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """Expected reports of each pair under independence within strata; cells of shape (strata, pairs) or (pairs,). A
    stratum without reports adds 0."""
    a, b, c, d = (np.atleast_2d(each) for each in (a, b, c, d))
    total = a + b + c + d
    with np.errstate(invalid="ignore", divide="ignore"):
        each = np.where(total > 0, (a + b) * (a + c) / total, 0.0)
    return np.asarray(each.sum(axis=0))


def _numbered(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[Any], tuple[Ints, Ints]]:
    one, two = names(first, "drug_reports"), names(second, "event_reports")
    if len({kind(each) for each in (one, two) if each.size}) > 1:
        raise Invalid("methods-names", argument="event_reports")
    ids, at = np.unique(np.concatenate([one, two]), return_inverse=True)
    return ids, (at[: len(one)], at[len(one) :])


def _columns(given: ArrayLike, at: Ints, name: str) -> tuple[NDArray[Any], Ints]:
    found, of = np.unique(names(given, name, at.shape), return_inverse=True)
    return found, of


def _strata(
    ids: NDArray[Any], reports: ArrayLike | None, strata: ArrayLike | None
) -> tuple[NDArray[Any], Ints]:
    if reports is None or strata is None:
        return np.array(["all"]), np.zeros(len(ids), dtype=np.int64)
    given = names(reports, "strata_reports")
    if given.size and ids.size and kind(given) != kind(ids):
        raise Invalid("methods-names", argument="strata_reports")
    known_strata, of = _columns(strata, np.zeros(given.shape, dtype=np.int64), "strata")
    if not ids.size:
        return known_strata, np.zeros(0, dtype=np.int64)
    at = np.minimum(np.searchsorted(ids, given), len(ids) - 1)
    known = ids[at] == given
    stratum = np.full(len(ids), -1, dtype=np.int64)
    stratum[at[known]] = of[known]
    return known_strata, stratum


def _incidence(rows: Ints, columns: Ints, height: int, width: int) -> Any:
    found = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(height, width))
    found.sum_duplicates()
    found.data[:] = 1.0
    return found


def _cells(with_drug: Any, with_event: Any, rows: Ints, columns: Ints) -> tuple[Floats, ...]:
    if not rows.size:  # scipy gives a sparse array for no places, of no use as numbers
        return (np.zeros(0),) * 4
    both = np.asarray((with_drug.T @ with_event).tocsr()[rows, columns]).ravel()
    drug = np.asarray(with_drug.sum(axis=0)).ravel()[rows]
    event = np.asarray(with_event.sum(axis=0)).ravel()[columns]
    return both, drug - both, event - both, with_drug.shape[0] - drug - event + both
