"""Fading sums against the filter of scipy that defines them."""

import numpy as np
from scipy.signal import lfilter

from impact.estimation.fading import fading


def test_fading_sums_are_those_of_a_recursive_filter_whatever_a_service_is_like() -> None:
    rng = np.random.default_rng(20_261_129)
    value, weight = rng.normal(size=(9, 700)), rng.integers(0, 2, size=(9, 700)).astype(float)
    found = fading(value, weight, np.geomspace(0.01, 2_000, 9))
    assert np.unique(found.keep).size > 4, "busy and quiet services fade differently"
    for service, keep in enumerate(found.keep):
        for told, days, part in (
            (found.value, value, keep),
            (found.weight, weight, keep),
            (found.square, weight, keep**2),
        ):
            expected = lfilter([1.0], [1.0, -part], days[service])
            assert told[service, 0] == 0.0
            np.testing.assert_allclose(told[service, 1:], expected, rtol=1e-12, atol=1e-12)


def test_a_panel_without_days_has_nothing_to_sum() -> None:
    found = fading(np.zeros((2, 0)), np.zeros((2, 0)), np.array([1.0, 1.0]))
    assert found.value.tolist() == found.weight.tolist() == found.square.tolist() == [[0.0], [0.0]]
