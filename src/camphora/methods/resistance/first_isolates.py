"""First isolates: one patient's repeated cultures must not count as many patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from camphora.errors import Invalid
from camphora.methods.arguments import names, numbers, one_of, texts, within
from camphora.methods.compiling import njit
from camphora.methods.made import Made

RULES = ("isolate", "patient", "episode", "phenotype")
LETTERS = {"S": 1, "I": 2, "R": 3}


@dataclass(frozen=True, slots=True)
class First:
    """`kept`: whether the isolate counts; `episode`: the number (from 0) of the episode of its patient and organism.
    Both of shape (isolates,)."""

    kept: NDArray[np.bool_]
    episode: NDArray[np.int64]
    made: Made


def first_isolates(
    patients: ArrayLike,
    organisms: ArrayLike,
    days: ArrayLike,
    results: ArrayLike | None = None,
    specimens: ArrayLike | None = None,
    *,
    rule: str = "patient",
    length: float = 365,
    since: str = "start",
    against: str = "kept",
    differences: int = 1,
    intermediate: float = 0.0,
) -> First:
    """Which isolates count, by the definitions that CLSI M39 names (Hindler and Stelling 2007, Clinical Infectious
    Diseases 44:867-873): of each patient and organism,

    - `rule="patient"`: the first one ever (of the period that is given), irrespective of specimen and results;
    - "episode": the first of each episode of `length` days;
    - "phenotype": the first of each episode, and each later one of the episode whose `results` differ;
    - "isolate": all of them.

    `since="start"`: an episode begins when `length` days have gone since its predecessor began; "last": when the last
    isolate, whether it counted or not, is `length` days ago. Results differ where their points reach `differences`: S
    against R is 1 point, I against S or R `intermediate` points; a drug not tested in either is no difference.
    `against="kept"`: an isolate must differ from every isolate of the episode that counts; "previous": from the isolate
    before it. GLASS counts by specimen too: give `specimens`, which then part the isolates as organisms do, and
    "patient" over one period. JANIS: "phenotype" with `length=30`.

    `days`: day numbers (`date.toordinal()`), of shape (isolates,); on the same day the given order holds. `results`:
    text S, I, R or empty, of shape (isolates, drugs). An isolate without a day (NaN), a patient or an
    organism (None, NaN, empty) never counts, episode -1: it could be anybody's.
    Invalid `methods-shape`, `methods-choice`, `methods-range`, `methods-not-numbers`.
    """
    parameters: dict[str, Any] = {
        "rule": rule, "length": length, "since": since, "against": against, "differences": differences,
        "intermediate": intermediate,
    }  # fmt: skip
    _refuse(parameters)
    when = np.atleast_1d(numbers(days, "days"))
    if when.ndim != 1:
        raise Invalid("methods-shape", argument="days", wanted="(isolates,)", found=str(when.shape))
    keys = [_codes(patients, "patients", when), _codes(organisms, "organisms", when)]
    if specimens is not None:
        keys.append(_codes(specimens, "specimens", when))
    grades = _grades(results, when)
    order, change = _in_turn(keys, when)
    span = np.inf if rule == "patient" else float(length)
    kept, episode = _mark(
        change, when[order], grades[order], span, since == "last",
        rule == "phenotype", against == "previous", float(differences), float(intermediate),
    )  # fmt: skip
    all_kept, all_episodes = np.zeros(len(when), dtype=bool), np.full(len(when), -1, dtype=np.int64)
    all_kept[order], all_episodes[order] = kept | (rule == "isolate"), episode
    return First(all_kept, all_episodes, Made("resistance.first_isolates.first_isolates", 1, parameters))


def _refuse(p: dict[str, Any]) -> None:
    one_of(p["rule"], RULES, "rule")
    one_of(p["since"], ("start", "last"), "since")
    one_of(p["against"], ("kept", "previous"), "against")
    within(p["length"], 1, 1e9, "length")
    within(p["differences"], 0, 1e6, "differences")
    within(p["intermediate"], 0, 1e6, "intermediate")


def _in_turn(
    keys: list[NDArray[np.int64]], when: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The isolates that can count, by patient, organism and day, and where another patient or organism begins."""
    order = np.lexsort((np.arange(len(when)), when, *keys[::-1]))
    order = order[(np.isfinite(when) & (keys[0] >= 0) & (keys[1] >= 0))[order]]
    change = np.ones(len(order), dtype=bool)
    change[1:] = np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0)
    return order, change


def grades(results: ArrayLike) -> NDArray[np.int8]:
    """S, I, R as 1, 2, 3, anything empty as 0. Invalid `methods-choice`."""
    try:
        text = np.asarray(results)
    except (TypeError, ValueError):
        raise Invalid("methods-choice", argument="results", known="S、I、R") from None
    if text.dtype.kind not in "USO":
        raise Invalid("methods-choice", argument="results", known="S、I、R")
    text = text.astype(str)
    found = np.zeros(text.shape, dtype=np.int8)
    for letter, grade in LETTERS.items():
        found[text == letter] = grade
    if np.any((found == 0) & (text != "") & (text != "None") & (text != "nan")):
        raise Invalid("methods-choice", argument="results", known="S、I、R")
    return found


def _grades(results: ArrayLike | None, when: NDArray[Any]) -> NDArray[np.int8]:
    if results is None:
        return np.zeros((len(when), 0), dtype=np.int8)
    found = grades(results)
    if found.ndim != 2 or found.shape[0] != len(when):
        raise Invalid(
            "methods-shape", argument="results", wanted=f"({len(when)}, drugs)", found=str(found.shape)
        )
    return found


def _codes(given: ArrayLike, name: str, when: NDArray[Any]) -> NDArray[np.int64]:
    array = texts(given, name, when.shape)
    known = _known(array)
    found = np.full(array.shape, -1, dtype=np.int64)
    if known.any():
        found[known] = np.unique(names(array[known], name), return_inverse=True)[1]
    return found


def _known(names: NDArray[Any]) -> NDArray[np.bool_]:
    """Which names are given: not None, NaN or empty."""
    if names.dtype.kind == "O":
        return np.array([each is not None and each != "" and each == each for each in names], dtype=bool)  # noqa: PLR0124 - NaN
    if names.dtype.kind == "f":
        return np.asarray(~np.isnan(names), dtype=bool)
    if names.dtype.kind in "US":
        return np.asarray(names != "", dtype=bool)
    return np.ones(names.shape, dtype=bool)


@njit(cache=True)
def _mark(  # noqa: PLR0917 - compiled code takes no keywords; pragma: no cover
    change: NDArray[np.bool_],
    days: NDArray[np.float64],
    results: NDArray[np.int8],
    length: float,
    rolling: bool,
    compared: bool,
    previous: bool,
    differences: float,
    intermediate: float,
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Over isolates in order of patient, organism and day."""
    size = len(days)
    kept, episode = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.int64)
    begun, opened = 0.0, 0
    for at in range(size):
        new = change[at]
        if new:
            episode[at] = 0
        else:
            episode[at] = episode[at - 1]
            if days[at] - (days[at - 1] if rolling else begun) >= length:
                new = True
                episode[at] += 1
        if new:
            begun, opened = days[at], at
            kept[at] = True
        elif compared and previous:
            kept[at] = _differ(results, at, at - 1, differences, intermediate)
        elif compared:
            kept[at] = True
            for earlier in range(opened, at):
                if kept[earlier] and not _differ(results, at, earlier, differences, intermediate):
                    kept[at] = False
                    break
    return kept, episode


@njit(cache=True)
def _differ(results: NDArray[np.int8], one: int, two: int, differences: float, intermediate: float) -> bool:
    points = 0.0
    for drug in range(results.shape[1]):
        a, b = results[one, drug], results[two, drug]
        if min(a, b) > 0 and a != b:
            points += 1.0 if max(a, b) == 3 and min(a, b) == 1 else intermediate
    return bool(points >= differences)
