"""How often weighted sums of readings are large by chance: the same sums, made on placebo days of other services.

Knows no real change's effect.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from impact.estimation.contrasts import Contrasts, summed
from impact.estimation.panel import Bools, Floats, Ints
from impact.estimation.placebo import OVERLAP, tail
from impact.estimation.pooling import DRAW_SEED, Pooling

DRAWS = 12_000
"""Placebo readings drawn for one kind of sum; at least 600 and at most 2,000 sums."""
LEAST_DRAWS = 300
"""Fewer sums than this have no tails."""


def tails(pools: Sequence[Pooling], asked: Contrasts, *, usual: int) -> tuple[Floats, Floats] | None:
    """Stretch and degrees of freedom of Student's t for every question (C,); None when chance cannot be learnt.

    Single readings have the tails of readings like them. Sums of several have those of the same sums (windows,
    distances in days, unknown effects) moved to other days and other services without changes.
    """
    count, width = asked.size
    if width == 1:
        stretch, freedom = np.ones(count), np.ones(count)
        for k in np.unique(asked.shape).tolist():
            rows = np.flatnonzero(asked.shape[:, 0] == k)
            placebo = pools[k].placebos
            v = placebo.cells.v[asked.service[rows, 0], asked.at[rows, 0]]
            stretch[rows], freedom[rows] = placebo.tails.of(v)
        return stretch, freedom
    found = moved_tail(pools, asked, usual=usual)
    return None if found is None else (np.full(count, found[0]), np.full(count, found[1]))


def moved_tail(pools: Sequence[Pooling], asked: Contrasts, *, usual: int) -> tuple[float, float] | None:
    """Tails of sums of several readings, moved to placebo days; where too few days are without changes, to any days
    with enough data."""
    for name in ("clean", "telling"):
        cells = _cells(pools, name)
        drawn = moved(asked, cells)
        if drawn.size[0] >= LEAST_DRAWS:
            sums = summed(pools, drawn, usual=usual, placebo_days=True)
            z = np.abs(sums.effect)[sums.found] / np.sqrt(sums.variance[sums.found])
            shape = pools[usual].placebos.cells.shape
            services = int(cells.any(axis=(0, 2)).sum())
            independent = cells.shape[2] / (OVERLAP * (shape.pre + shape.post)) * max(1.0, services / drawn.size[1])
            return tail(z, independent)
    return None


def _cells(pools: Sequence[Pooling], name: str) -> Bools:
    """Cells (shapes, services, days) that may serve, False beyond the days of shorter shapes."""
    arrays = [pool.placebos.clean if name == "clean" else pool.placebos.cells.telling for pool in pools]
    out = np.zeros((len(arrays), len(arrays[0]), max(a.shape[1] for a in arrays)), dtype=np.bool_)
    for k, array in enumerate(arrays):
        out[k, :, : array.shape[1]] = array
    return out


def moved(asked: Contrasts, cells: Bools) -> Contrasts:
    """The sums moved to random days and services, readings of one service together; only those with all cells True.

    The same sums always move to the same places.
    """
    count, width = asked.size
    draws = int(np.clip(DRAWS // width, 600, 2_000))
    rng = np.random.default_rng([DRAW_SEED, width, int(asked.apart)])
    template = np.arange(draws) % count
    shape, old, at = asked.shape[template], asked.service[template], asked.at[template]
    room = cells.shape[2] - (at.max(axis=1) - at.min(axis=1))
    begin = (rng.random(draws) * np.maximum(room, 1)).astype(np.int64)
    at = at - at.min(axis=1, keepdims=True) + begin[:, None]
    service, good = _services(rng, shape, old, at=np.minimum(at, cells.shape[2] - 1), cells=cells)
    good &= room > 0
    first = _first_of_service(old)[good]
    service = service[good]
    return Contrasts(shape[good], service, at[good], asked.design[template][good], service[first], np.nonzero(first)[0])


def _services(rng: np.random.Generator, shape: Ints, old: Ints, *, at: Ints, cells: Bools) -> tuple[Ints, Bools]:
    """Random different services for those of each draw, and whether all of them have the cells needed."""
    draws, width = shape.shape
    services = cells.shape[1]
    taken = np.zeros((draws, services), dtype=np.bool_)
    out, good = np.zeros((draws, width), dtype=np.int64), np.ones(draws, dtype=np.bool_)
    rows, first = np.arange(draws), _first_of_service(old)
    for j in range(width):
        allowed = ~taken
        for other in range(j, width):
            same = old[:, other] == old[:, j]
            if same.any():
                allowed &= cells[shape[:, other], :, at[:, other]] | ~same[:, None]
        chosen = np.argmax(rng.random((draws, services)) + 2.0 * allowed, axis=1)
        fresh = first[:, j]
        good &= ~fresh | allowed[rows, chosen]
        earlier = np.argmax(old == old[:, j : j + 1], axis=1)
        out[:, j] = np.where(fresh, chosen, out[rows, earlier])
        taken[rows[fresh], chosen[fresh]] = True
    return out, good


def _first_of_service(service: Ints) -> Bools:
    """(C, M): the first reading of each service within its contrast."""
    same = service[:, :, None] == service[:, None, :]
    return np.asarray(np.argmax(same, axis=2) == np.arange(service.shape[1])[None, :])
