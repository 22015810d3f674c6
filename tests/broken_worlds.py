"""Panels in which the yardstick of chance no longer fits: a year that turned restless, changes triggered by spikes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from impact.estimate import Panel, Rollout
from tests.worlds.noise import remembering


def as_it_was(rng: np.random.Generator, panel: Panel, rollouts: list[Rollout]) -> tuple[Panel, list[Rollout]]:
    return panel, rollouts


def restless(rng: np.random.Generator, panel: Panel, rollouts: list[Rollout]) -> tuple[Panel, list[Rollout]]:
    """In the last year every service moves by 70 % for weeks, where before it kept its level."""
    moved = np.zeros(panel.total.shape)
    moved[:, -365:] = 0.7 * remembering(rng, len(panel.services), 365, memory=0.93, sd=np.sqrt(1 - 0.93**2))
    return replace(panel, total=rng.poisson(panel.total * np.exp(moved)).astype(np.float64)), rollouts


def triggered(rng: np.random.Generator, panel: Panel, rollouts: list[Rollout]) -> tuple[Panel, list[Rollout]]:
    """Every other service gets its only change right after its most unusual week."""
    sums = np.cumsum(panel.total, axis=1)
    week, before = sums[:, 56:-20] - sums[:, 49:-27], (sums[:, 49:-27] - sums[:, 7:-69]) / 6
    days = 57 + np.argmax((week - before) / np.sqrt(before + 1.0), axis=1)
    names = panel.services[::2]
    return panel, [Rollout(f"c{name}", name, panel.on(int(day))) for name, day in zip(names, days[::2], strict=True)]
