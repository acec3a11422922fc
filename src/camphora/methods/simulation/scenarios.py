"""The 42 weekly scenarios of Noufaily et al. (2013), and the recipe of the project's own synthetic series."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from camphora.methods.arguments import whole


@dataclass(frozen=True, slots=True)
class Scenario:
    """log mu(t) = theta + beta t + sum over j = 1..m of [gamma1 cos(2 pi j t/52) + gamma2 sin(2 pi j t/52)], t in weeks
    from 1; counts with mean mu and variance phi mu (Poisson where phi is 1)."""

    theta: float
    beta: float
    gamma1: float
    gamma2: float
    phi: float
    m: int

    def plain(self) -> dict[str, Any]:
        return asdict(self)


SETS = (
    (0.1, 0.0025, 0.6, 0.6, 1.5),
    (-2.0, 0.005, 0.1, 0.3, 2.0),
    (1.5, 0.003, 0.2, -0.4, 1.0),
    (0.5, 0.002, 0.5, 0.5, 5.0),
    (2.5, 0.001, 1.0, 0.1, 3.0),
    (3.75, 0.001, 0.1, -0.1, 1.1),
    (5.0, 0.0001, 0.05, 0.01, 1.2),
)
"""theta, beta, gamma1, gamma2, phi of seven kinds of infection; each without and with its trend, with no, one and two
waves a year: 42 in all."""


def scenario(number: int) -> Scenario:
    """Scenario 1 to 42 of Noufaily et al. (2013), Statistics in Medicine 32:1206-1222, table of section 3.1. Numbers
    run through waves (m = 0, 1, 2), then trend (without, with), then the seven sets. Invalid `methods-range`."""
    at = whole(number, 1, 42, "number") - 1
    theta, beta, gamma1, gamma2, phi = SETS[at // 6]
    m = at % 3
    waves = (gamma1, gamma2) if m else (0.0, 0.0)
    return Scenario(theta, beta if at % 6 >= 3 else 0.0, *waves, phi, m)


SCENARIOS = tuple(scenario(number) for number in range(1, 43))
