"""Fixed values and patterns hold for a number as it was written and as it was read."""

import pytest

from camphora.fhir.json import Written
from camphora.fhir.validation.matching import equal, fits


@pytest.mark.parametrize("value", [0.1, Written("0.1"), Written("0.10")])
def test_a_fixed_decimal_is_met_by_every_way_to_keep_it(value):
    assert equal(0.1)(value)
    assert fits({"value": 0.1})({"value": value, "unit": "mg"})


@pytest.mark.parametrize("value", [0.2, Written("0.11"), True, "0.1", None])
def test_another_value_does_not_meet_it(value):
    assert not equal(0.1)(value)
