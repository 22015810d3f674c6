"""How often the estimates of one panel raise a false alarm: its own measured rate, not the promised one.

Placebo rollouts are judged by a yardstick fitted on other services and other weeks, because on its own cells any
yardstick looks right. Two more rates look for what this cannot see: an organisation that became restless lately, and
changes that follow unusual weeks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from scipy.special import stdtr

from impact.estimation.panel import INTERVAL_LEVEL, SHAPES, Bools, Floats, Panel, Rollout, Shape
from impact.estimation.placebo import Placebos, days_per_reading, fit_spread, fit_tails, service_factor
from impact.estimation.questions import Study, study

STEP = 7
"""Placebo rollouts are counted every seventh day: each weekday pattern once."""
APART = 14
"""Placebo rollouts of one service this many days apart count as independent: on simulated panels the rates scatter like
those of one case in 7 to 11 days."""
CLASSES = (
    (0.0, 1.0, "under 1 a day"),
    (1.0, 5.0, "1 to 5 a day"),
    (5.0, 20.0, "5 to 20 a day"),
    (20.0, np.inf, "over 20 a day"),
)
ALL = "all"
LATELY_DAYS = 365
"""Days whose placebo rollouts count as lately; told only where the panel is at least half as long again."""
WEEK_BEFORE = Shape(35, 7)
"""The week before a rollout, read as if the change had gone live before it."""
LEAST_CHANGES = 10
"""With fewer changes than this, nothing is said about the weeks before them."""
NORMAL = 1.959964


@dataclass(frozen=True)
class PlaceboRate:
    """False alarms among placebo rollouts: their share with its 95 % interval, and the same by volume of the service.

    ``rate``, ``low`` and ``high`` are None without cases. Neighbouring placebo days share most of their windows:
    ``independent`` is how many independent cases these are worth, and the interval allows for it. ``volumes`` are
    tickets or observations a day by service. ``lately`` is the rate among the placebo rollouts of the last year,
    None in shorter panels; ``before`` the share of recorded changes whose last week before the rollout alone would
    have been called an effect, None with fewer than 10 changes.
    """

    label: str
    alarms: int
    cases: int
    rate: float | None
    low: float | None
    high: float | None
    classes: tuple[PlaceboRate, ...] = ()
    independent: float = 0.0
    volumes: Mapping[str, float] = field(default_factory=dict)
    lately: PlaceboRate | None = None
    before: PlaceboRate | None = None

    def class_of(self, services: Iterable[str]) -> str | None:
        """The volume class that most tickets or observations of these services come from; None where none is known."""
        totals: dict[str, float] = {}
        for name in services:
            if name in self.volumes:
                label = volume_class(self.volumes[name])
                totals[label] = totals.get(label, 0.0) + self.volumes[name]
        return max(totals, key=lambda label: totals[label]) if totals else None

    def of_class(self, label: str) -> PlaceboRate | None:
        """The rate of one volume class; None where it was not measured."""
        return next((one for one in self.classes if one.label == label), None)


def volume_class(volume: float) -> str:
    """The label of the class with this many tickets or observations a day."""
    return next(label for low, high, label in CLASSES if low <= volume < high)


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
    measured = _Measured(common, shape, _volumes(common))
    return measured.rates(*_crossed(placebo), lately=_lately(placebo, measured), before=_before(common))


def _crossed(placebo: Placebos) -> tuple[Bools, Bools]:
    """Alarms and judged cells, each judged by the opposite quarter of services and weeks."""
    judged = np.zeros(placebo.cells.size, dtype=np.bool_)
    alarm = np.zeros(placebo.cells.size, dtype=np.bool_)
    for half in (0, 1):
        for block in (0, 1):
            fit = placebo.clean & _half(placebo, half) & _block(placebo, block)
            test = _weekly(placebo) & _half(placebo, 1 - half) & _block(placebo, 1 - block)
            if fit.any() and test.any():
                alarm |= _alarms(placebo, fit, test)
                judged |= test
    return alarm, judged


def _lately(placebo: Placebos, measured: _Measured) -> PlaceboRate | None:
    """The last year judged by the yardstick of all years, learnt from the other half of the services."""
    days = placebo.cells.size[1]
    if days < 1.5 * LATELY_DAYS:
        return None
    late = (np.arange(days) >= days - LATELY_DAYS)[None, :]
    judged = np.zeros(placebo.cells.size, dtype=np.bool_)
    alarm = np.zeros(placebo.cells.size, dtype=np.bool_)
    for half in (0, 1):
        fit = placebo.clean & _half(placebo, half)
        test = _weekly(placebo) & _half(placebo, 1 - half) & late
        if fit.any() and test.any():
            alarm |= _alarms(placebo, fit, test)
            judged |= test
    return measured.rates(alarm, judged) if judged.any() else None


def _before(common: Study) -> PlaceboRate | None:
    """Recorded changes whose last week before the rollout stands out against the five weeks before that.

    Changes that follow unusual weeks seem to bring relief: what comes after is nearer to the usual level by itself.
    """
    line, shape = common.line, WEEK_BEFORE
    first = line.day - shape.reach - 1 - shape.pre
    last = common.panel.day_count - shape.pre - shape.reach
    rows = np.flatnonzero((line.service >= 0) & (first >= 0) & (first < last))
    if len({line.rollouts[i].change_id for i in rows.tolist()}) < LEAST_CHANGES:
        return None
    pool = common.pool(shape)
    if pool is None:
        return None
    placebo, s, at = pool.placebos, line.service[rows], first[rows]
    usable = placebo.clean[s, at]
    rows, s, at = rows[usable], s[usable], at[usable]
    changes = {line.rollouts[i].change_id for i in rows.tolist()}
    if len(changes) < LEAST_CHANGES:
        return None
    stretch, freedom = placebo.tails.of(placebo.cells.v[s, at])
    z = np.abs(placebo.g[s, at]) / (placebo.se[s, at] * stretch)
    alarms = int((2.0 * stdtr(freedom, -z) < 1.0 - INTERVAL_LEVEL).sum())
    return _rate(ALL, alarms, len(rows), independent=float(len(changes)))


def _half(placebo: Placebos, half: int) -> Bools:
    """Every other service; all of them where there is only one."""
    services = placebo.cells.size[0]
    return (np.arange(services) % 2 == half)[:, None] if services > 1 else np.ones((1, 1), dtype=np.bool_)


def _block(placebo: Placebos, block: int) -> Bools:
    """Every other stretch of days, each twice as long as the windows."""
    days = placebo.cells.size[1]
    length = min(2 * (placebo.cells.shape.pre + placebo.cells.shape.post), (days + 1) // 2)
    return np.asarray((np.arange(days) // length % 2 == block)[None, :])


def _weekly(placebo: Placebos) -> Bools:
    """Clean cells of every seventh day."""
    return np.asarray(placebo.clean & (np.arange(placebo.cells.size[1]) % STEP == 0)[None, :])


def _alarms(placebo: Placebos, fit: Bools, test: Bools) -> Bools:
    """Test cells called an effect by a yardstick learnt from the fit cells."""
    cells, g = placebo.cells, placebo.g
    reach = cells.shape.pre + cells.shape.post
    spread = fit_spread(g, cells.v, fit)
    factor = service_factor(g, spread, cells.v, clean=placebo.clean, reach=reach)
    z = np.abs(g) / np.sqrt(spread.expected(cells.v) * factor)
    independent = float(fit.sum()) / days_per_reading(cells.shape)
    stretch, freedom = fit_tails(z, cells.v, fit, independent=independent, most=cells.size[0] // 30).of(cells.v)
    return np.asarray(test & (2.0 * stdtr(freedom, -z / stretch) < 1.0 - INTERVAL_LEVEL))


def _volumes(common: Study) -> Floats:
    """Tickets or observations a day of every service, over its known days."""
    known = np.maximum(common.sums.known[:, -1], 1.0)
    tickets = common.panel.kind == "count"
    return np.asarray((common.sums.raw if tickets else common.sums.weight)[:, -1] / known)


@dataclass(frozen=True, eq=False)
class _Measured:
    """What turns alarms into rates: the panel, the shape read, and the volume of every service."""

    common: Study
    shape: Shape
    volume: Floats

    def rates(
        self, alarm: Bools, judged: Bools, *, lately: PlaceboRate | None = None, before: PlaceboRate | None = None
    ) -> PlaceboRate:
        """The rate over all services with those of its classes."""
        classes = []
        for low, high, label in CLASSES:
            rows = (self.volume >= low) & (self.volume < high)
            classes.append(self._of(label, alarm[rows], judged[rows]))
        volumes = dict(zip(self.common.panel.services, self.volume.tolist(), strict=True))
        whole = self._of(ALL, alarm, judged)
        return replace(whole, classes=tuple(classes), volumes=volumes, lately=lately, before=before)

    def _of(self, label: str, alarm: Bools, judged: Bools) -> PlaceboRate:
        cases = int(judged.sum())
        return _rate(label, int((alarm & judged).sum()), cases, independent=cases * STEP / max(APART, self.shape.post))


def _rate(label: str, alarms: int, cases: int, *, independent: float) -> PlaceboRate:
    """Rate with the interval of Wilson (1927) on as many cases as the overlapping windows are worth."""
    if not cases:
        return PlaceboRate(label, 0, 0, None, None, None)
    rate, worth = alarms / cases, max(1.0, independent)
    spread = NORMAL**2 / worth
    centre = (rate + spread / 2) / (1 + spread)
    reach = NORMAL * np.sqrt(rate * (1 - rate) / worth + spread / (4 * worth)) / (1 + spread)
    low, high = float(max(0.0, centre - reach)), float(min(1.0, centre + reach))
    return PlaceboRate(label, alarms, cases, rate, low, high, independent=worth)
