"""The circles that a scan looks through: around each place, as far as a share of the population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camphora.errors import Invalid
from camphora.methods.arguments import Floats

EARTH = 6371.0088  # mean radius in km


@dataclass(frozen=True, slots=True)
class Circles:
    """`order`: for each centre all places by distance, ties by their position, shape (places, places); `ends`: whether
    a circle may end at that place (not between two at one distance, not beyond the share); `distance`: of each."""

    order: NDArray[np.int64]
    ends: NDArray[np.bool_]
    distance: Floats

    @classmethod
    def around(cls, places: Floats, population: Floats, *, most: float, geographic: bool) -> Circles:
        """Circles that hold at most the share `most` of the population; a place that alone has more is no circle."""
        if places.ndim != 2 or places.shape != (len(population), 2):
            wanted = str((len(population), 2))
            raise Invalid("methods-shape", argument="places", wanted=wanted, found=str(places.shape))
        if np.isnan(places).any():
            raise Invalid("methods-not-numbers", argument="places")
        apart = (
            _chords(places) if geographic else np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
        )
        order = np.argsort(apart, axis=1, kind="stable")
        distance = np.take_along_axis(apart, order, axis=1)
        within = np.cumsum(population[order], axis=1) <= most * population.sum() * (1 + 1e-12)
        nearer = np.diff(distance, axis=1) > 1e-9 * np.maximum(distance[:, 1:], 1e-300)
        last = np.concatenate([nearer, np.ones((len(places), 1), dtype=np.bool_)], axis=1)
        return cls(order, within & last, distance)


def _chords(places: Floats) -> Floats:
    """Great-circle distance in km from latitude and longitude in degrees."""
    latitude, longitude = np.radians(places).T
    around = np.cos(latitude)
    at = np.stack([around * np.cos(longitude), around * np.sin(longitude), np.sin(latitude)], axis=1)
    chord = np.linalg.norm(at[:, None] - at[None], axis=2)
    answer: Floats = 2 * EARTH * np.arcsin(np.minimum(chord / 2, 1))
    return answer
