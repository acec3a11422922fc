"""Tails of counts beside their sums with 60 digits."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy.stats import nbinom

from camphora.methods.detection import tails


def summed(count, mean, phi):
    with localcontext() as precise:
        precise.prec = 60
        m, size = Decimal(mean), Decimal(mean) / (Decimal(phi) - 1)
        chance = m / (size + m)
        term, total, k = (size * (size / (size + m)).ln()).exp(), Decimal(0), 0
        while k <= max(count, mean) or term > total * Decimal("1e-20"):
            total += term if k >= count else 0
            term *= (size + k) / (k + 1) * chance
            k += 1
        return float(total)


@pytest.mark.parametrize("mean", [0.5, 20.0, 900.0])
@pytest.mark.parametrize("excess", [1e-12, 1e-9, 1e-6, 1e-3, 0.5, 3.0])
def test_upper_tails_keep_their_digits_however_near_to_poisson(mean, excess):
    phi = 1 + excess
    for count in {max(1, int(mean + z * (phi * mean) ** 0.5)) for z in (-2, 0, 3, 9)}:
        found = tails.at_least(np.array([float(count)]), np.array([mean]), np.array([phi]))[0]
        assert found == pytest.approx(summed(count, mean, phi), rel=1e-11)


def test_far_tails_do_not_leave_the_sum():
    """Beyond the width up to which terms are added one by one the incomplete beta function takes over."""
    mean, phi = 5e6, 1 + 1e-9
    near, far = (
        tails.at_least(np.array([mean + 3000.0]), np.array([each]), np.array([phi]))[0]
        for each in (mean, mean)
    )
    size = mean / (phi - 1)
    assert near == far == pytest.approx(nbinom.sf(mean + 2999, size, 1 / phi), rel=1e-4)
