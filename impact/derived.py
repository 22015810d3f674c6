"""Tables that are computed rather than stored, as rows for a file: every estimate with its word, and the false alarms.

The figures are those of the pages: the same answers, the same rounding in the columns that end in ``_text``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from impact import wording
from impact.estimate import Estimate, PlaceboRate
from impact.holds import class_hold
from impact.metrics import BY_NAME
from impact.portfolio import ChangeView, Portfolio, Reading
from impact.words.amounts import shown

FALSE_ALARMS = pa.schema(
    [
        ("metric", pa.string()),
        ("volume_class", pa.string()),
        ("period", pa.string()),
        ("cases", pa.int64()),
        ("independent_cases", pa.float64()),
        ("alarms", pa.int64()),
        ("rate", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("on_hold", pa.bool_()),
        ("on_hold_because", pa.string()),
        ("data_version", pa.string()),
    ]
)
"""``period``: all dates without changes, the last year of them, or the week before every rollout."""

ESTIMATES = pa.schema(
    [
        *((name, pa.string()) for name in ("change_id", "number", "title", "metric", "reading", "method", "service")),
        *((name, pa.string()) for name in ("word", "reason", "reasons", "sentence", "unit")),
        *((name, pa.float64()) for name in ("effect", "low", "high", "smallest_detectable", "p_value", "q_value")),
        *((name, pa.float64()) for name in ("effect_in_unit", "low_in_unit", "high_in_unit", "shrunk_in_unit")),
        ("effect_text", pa.string()),
        ("range_text", pa.string()),
        *((name, pa.float64()) for name in ("before", "after", "expected_after")),
        *((name, pa.int64()) for name in ("n_before", "n_after", "comparison_services", "look")),
        *((name, pa.date32()) for name in ("pre_from", "pre_to", "post_from", "post_to", "possible_from")),
        *((name, pa.string()) for name in ("in_the_way", "read_with", "services", "flags", "data_version")),
    ]
)
"""Effects on the natural scale (log ratios for counts and durations) and in the unit shown (%, points, minutes)."""
TABLES = ("estimates", "false_alarms")
"""What can be had."""


def table(name: str, portfolio: Portfolio, *, version: str) -> pa.Table:
    """One of ``TABLES`` at a version of the data."""
    if name == "false_alarms":
        return pa.Table.from_pylist(list(_false_alarms(portfolio.rates, version)), FALSE_ALARMS)
    return pa.Table.from_pylist(list(_estimates(portfolio, version)), ESTIMATES)


def _false_alarms(rates: Mapping[str, PlaceboRate | None], version: str) -> Iterator[dict[str, Any]]:
    for name, rate in rates.items():
        if rate is None:
            yield {"metric": name, "volume_class": "all", "period": "all", "cases": 0, "alarms": 0, "on_hold": False,
                   "data_version": version}  # fmt: skip
            continue
        for period, found in (("all", rate), ("last year", rate.lately), ("week before", rate.before)):
            for one in (found, *found.classes) if found is not None else ():
                yield _rate_row(name, period, one, rate) | {"data_version": version}


def _rate_row(name: str, period: str, one: PlaceboRate, whole: PlaceboRate) -> dict[str, Any]:
    held = class_hold(whole, one.label)
    if one.label == "all":
        found = (class_hold(whole, part.label) for part in whole.classes if part.cases)
        held = next((hold for hold in found if hold is not None and hold.whole), None)
    because = "" if held is None else wording.hold_text(BY_NAME[name], held)
    return {
        "metric": name,
        "volume_class": one.label,
        "period": period,
        "cases": one.cases,
        "independent_cases": one.independent,
        "alarms": one.alarms,
        "rate": one.rate,
        "low": one.low,
        "high": one.high,
        "on_hold": held is not None,
        "on_hold_because": because,
    }


def _estimates(portfolio: Portfolio, version: str) -> Iterator[dict[str, Any]]:
    for change in portfolio.changes:
        for reading in change.readings:
            bundle = (reading.bundle,) if reading.bundle is not None else ()
            for own in (reading, *reading.others, *bundle, *reading.services):
                yield _reading_row(change, own) | {"data_version": version}


def _reading_row(change: ChangeView, reading: Reading) -> dict[str, Any]:
    verdict, result = reading.verdict, reading.result
    row: dict[str, Any] = {
        "change_id": change.id,
        "number": change.number,
        "title": change.title,
        "metric": reading.metric.name,
        "reading": "planned" if result is None else result.reading,
        "service": None if result is None else result.service,
        "word": verdict.word,
        "reason": verdict.reason,
        "reasons": " ".join(verdict.reasons or (verdict.reason,)),
        "sentence": wording.sentence(change, reading),
        "possible_from": verdict.from_on,
        "in_the_way": " ".join(verdict.blocking),
    }
    return row | (_figures(reading, result) if isinstance(result, Estimate) else {})


_SAME = (
    "method", "effect", "low", "high", "smallest_detectable", "p_value", "q_value", "before", "after",
    "expected_after", "n_before", "n_after", "look", "pre_from", "pre_to", "post_from", "post_to",
)  # fmt: skip
"""Columns named like the field of the estimate they hold."""


def _figures(reading: Reading, result: Estimate) -> dict[str, Any]:
    metric = reading.metric
    ends = {"effect": result.effect, "low": result.low, "high": result.high, "shrunk": result.shrunk}
    units = {"percent": "%", "minutes": "minutes"}
    return {
        **{name: getattr(result, name) for name in _SAME},
        **{f"{name}_in_unit": None if value is None else shown(metric, value) for name, value in ends.items()},
        "unit": units.get(metric.scale, "points"),
        "effect_text": wording.effect_text(reading),
        "range_text": wording.range_text(reading),
        "comparison_services": result.control_services,
        "read_with": " ".join(result.together),
        "services": " ".join(result.services),
        "flags": "; ".join(result.flags),
    }
