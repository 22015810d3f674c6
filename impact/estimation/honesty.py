"""How often the estimates of one panel raise a false alarm: its own measured rate, not the promised one.

Placebo rollouts are judged by a yardstick fitted on other services and other weeks, because on its own cells any
yardstick looks right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.special import stdtr

from impact.estimation.panel import INTERVAL_LEVEL, SHAPES, Bools, Floats, Panel, Rollout, Shape
from impact.estimation.placebo import OVERLAP, Placebos, fit_spread, fit_tails, service_factor
from impact.estimation.questions import Study, study

STEP = 7
"""Placebo rollouts are counted every seventh day: each weekday pattern once."""
CLASSES = (
    (0.0, 1.0, "under 1 a day"),
    (1.0, 5.0, "1 to 5 a day"),
    (5.0, 20.0, "5 to 20 a day"),
    (20.0, np.inf, "over 20 a day"),
)
NORMAL = 1.959964


@dataclass(frozen=True)
class PlaceboRate:
    """False alarms among placebo rollouts: their share with its 95 % interval, and the same by volume of the service.

    The interval allows for neighbouring placebo days sharing most of their windows. ``rate``, ``low`` and ``high``
    are None without cases.
    """

    label: str
    alarms: int
    cases: int
    rate: float | None
    low: float | None
    high: float | None
    classes: tuple[PlaceboRate, ...] = ()


def placebo_rate(
    panel: Panel,
    rollouts: Sequence[Rollout],
    *,
    shape: Shape = SHAPES[0],
    holidays: frozenset[date] = frozenset(),
    until: date | None = None,
) -> PlaceboRate | None:
    """Share of placebo rollouts that would have been called an effect at p < 0.05; None when too few can be made.

    Services are halved, weeks are cut into alternating blocks: every placebo is judged with spread and tails learnt
    from the other half of the services in the other blocks. Only days without recorded changes take part.
    """
    common = study(panel, rollouts, shapes=(shape,), holidays=holidays, until=until)
    pool = common.pool(shape)
    if pool is None:
        return None
    placebo = pool.placebos
    judged = np.zeros(placebo.cells.size, dtype=np.bool_)
    alarm = np.zeros(placebo.cells.size, dtype=np.bool_)
    for half in (0, 1):
        for block in (0, 1):
            fit = _quarter(placebo, half, block)
            test = _quarter(placebo, 1 - half, 1 - block)
            if fit.any() and test.any():
                alarm |= _alarms(placebo, fit, test)
                judged |= test
    judged[:, np.arange(judged.shape[1]) % STEP != 0] = False
    return _rates(common, shape, alarm & judged, judged)


def _quarter(placebo: Placebos, half: int, block: int) -> Bools:
    """Placebo cells of every other service in every other block of days."""
    services, days = placebo.cells.size
    length = min(2 * (placebo.cells.shape.pre + placebo.cells.shape.post), (days + 1) // 2)
    mine = (np.arange(services) % 2 == half)[:, None] if services > 1 else np.ones((1, 1), dtype=np.bool_)
    return np.asarray(placebo.clean & mine & (np.arange(days) // length % 2 == block)[None, :])


def _alarms(placebo: Placebos, fit: Bools, test: Bools) -> Bools:
    """Test cells called an effect by a yardstick learnt from the fit cells."""
    cells, g = placebo.cells, placebo.g
    reach = cells.shape.pre + cells.shape.post
    spread = fit_spread(g, cells.v, fit)
    factor = service_factor(g, spread, cells.v, clean=placebo.clean, reach=reach)
    z = np.abs(g) / np.sqrt(spread.expected(cells.v) * factor)
    independent = float(fit.sum()) / (OVERLAP * reach)
    stretch, freedom = fit_tails(z, cells.v, fit, independent=independent, most=cells.size[0] // 30).of(cells.v)
    return np.asarray(test & (2.0 * stdtr(freedom, -z / stretch) < 1.0 - INTERVAL_LEVEL))


def _rates(common: Study, shape: Shape, alarm: Bools, judged: Bools) -> PlaceboRate:
    known = np.maximum(common.sums.known[:, -1], 1.0)
    tickets = common.panel.kind == "count"
    volume: Floats = (common.sums.raw if tickets else common.sums.weight)[:, -1] / known
    classes = []
    for low, high, label in CLASSES:
        rows = (volume >= low) & (volume < high)
        classes.append(_rate(label, int(alarm[rows].sum()), int(judged[rows].sum()), shape=shape))
    return _rate("all", int(alarm.sum()), int(judged.sum()), shape=shape, classes=tuple(classes))


def _rate(label: str, alarms: int, cases: int, *, shape: Shape, classes: tuple[PlaceboRate, ...] = ()) -> PlaceboRate:
    """Rate with Wilson's interval on as many cases as the overlapping windows are worth."""
    if not cases:
        return PlaceboRate(label, 0, 0, None, None, None, classes)
    rate = alarms / cases
    worth = max(1.0, cases * min(1.0, STEP / (OVERLAP * (shape.pre + shape.post))))
    spread = NORMAL**2 / worth
    centre = (rate + spread / 2) / (1 + spread)
    reach = NORMAL * np.sqrt(rate * (1 - rate) / worth + spread / (4 * worth)) / (1 + spread)
    return PlaceboRate(
        label, alarms, cases, rate, float(max(0.0, centre - reach)), float(min(1.0, centre + reach)), classes
    )
