"""What one organisation chooses about its measures: which are goals, which only raise an alarm, what size matters.

Knows the measures and the section [metrics] of the settings; judges nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from impact.metrics import BY_NAME, METRICS, Metric
from impact.model import SettingsError

KEYS = ("goal", "guardrail", "matters")


def chosen(section: Mapping[str, Any]) -> tuple[Metric, ...]:
    """All measures with the roles and margins of a section [metrics]; those not named keep their own.

    ``goal`` and ``guardrail`` are lists of names (or one text with commas), ``matters`` names the smallest effect
    worth a decision: 0.05 for 5 % or 5 percentage points, points on a rating. Raises SettingsError naming the key.
    """
    for key in section:
        if key not in KEYS:
            raise SettingsError(f"[metrics] has an unknown key {key!r}. Known keys: {', '.join(KEYS)}.")
    goals, guardrails = (_names(section.get(key, ()), key) for key in KEYS[:2])
    both = sorted(set(goals) & set(guardrails))
    if both:
        raise SettingsError(f"[metrics] names {both[0]!r} as goal and as guardrail. Leave it in one of them.")
    margins = _margins(section.get("matters", {}))
    return tuple(
        replace(
            metric,
            role="goal" if metric.name in goals else "guardrail" if metric.name in guardrails else metric.role,
            matters=margins.get(metric.name, metric.matters),
            set_here=metric.name in margins,
        )
        for metric in METRICS
    )


def _names(value: Any, key: str) -> tuple[str, ...]:
    names = [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else list(value)
    for name in names:
        _known(name, f"[metrics] {key}")
    return tuple(names)


def _margins(value: Any) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise SettingsError(
            f"[metrics] matters = {value!r} is not a table. Write [metrics.matters] and tickets = 0.05."
        )
    return {name: _margin(name, size) for name, size in value.items()}


def _margin(name: str, value: Any) -> float:
    _known(name, "[metrics.matters]")
    try:
        size = float(value)
    except (TypeError, ValueError):
        size = math.nan
    if not (math.isfinite(size) and size > 0):
        raise SettingsError(
            f"[metrics.matters] {name} = {value!r} is not a size above 0. Use 0.05 for 5 % or 5 points of a share."
        )
    return size


def _known(name: Any, where: str) -> None:
    if name not in BY_NAME:
        raise SettingsError(f"{where} names {name!r}, which is no measure. Measures: {', '.join(BY_NAME)}.")
