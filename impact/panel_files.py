"""Estimates from files to files: which columns and words the result has.

Works on any data, without a store. Knows nothing of how files are read, how an effect is estimated or of which
direction is good.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from impact.estimate import READINGS, SHAPES, Estimate, NotEstimable, ReadingName, Shape, estimate
from impact.estimation.results import NOT_TELLING, Reason
from impact.estimation.windows import LEAST_TICKETS
from impact.model import SettingsError
from impact.panel_reading import country_holidays, read_changes, read_holidays, read_panel

OUT_COLUMNS = (
    "change_id", "metric", "service", "estimate", "low", "high", "p_value", "q_value", "verdict", "reason",
    "smallest_detectable", "n_before", "n_after", "pre_days", "post_days", "reading",
)  # fmt: skip
BUNDLE_COLUMNS = ("method", "together")
"""Columns that follow when bundles are asked for."""
HEADLINE_RATE = 0.10
"""Effects are named outright only while at most one in ten of those named is expected to be none."""
TEST_LEVEL = 0.05
WORDS: dict[Reason, str] = {
    "cannot_be_separated": "cannot be separated",
    "too_early": "too early",
    "too_little_data": "too little data",
    "too_little_history": "too little history",
    "no_data": "no data",
}


def run(
    panel: Path,
    changes: Path,
    out: Path,
    *,
    pre: int | None = None,
    post: int | None = None,
    lead: int | None = None,
    holidays: Path | None = None,
    country: str | None = None,
    per_service: bool = False,
    readings: str = "planned",
    bundles: bool = False,
) -> int:
    """Estimate every change on every metric of a panel file and write ``out``; returns 0, the exit code of success.

    With ``pre`` or ``post`` exactly that window is used for the planned reading, otherwise the most precise one free
    of other changes. ``readings`` are names with commas between them, ``country`` is the code whose public holidays
    count where no file of ``holidays`` is given; ``bundles`` adds rows and columns. A metric's data end on the last
    day it has in the file. Raises SettingsError naming file, line, column and value when a file cannot be read, and
    writes nothing then.
    """
    if country and holidays is not None:
        raise SettingsError(f"--country is {country!r} and --holidays is {holidays}; allowed is one of them")
    shapes, names = asked_shapes(pre=pre, post=post, lead=lead), asked_readings(readings)
    if out.suffix not in (".csv", ".parquet"):
        raise SettingsError(f"{out}: the result can be written as .csv or .parquet; give the file one of these endings")
    rollouts = read_changes(changes)
    panels = read_panel(panel)
    free_days = country_holidays(country, panels) if country else read_holidays(holidays)
    results: list[Estimate | NotEstimable] = []
    for one in panels:
        results += estimate(
            one, rollouts, shapes=shapes, holidays=free_days, per_service=per_service, readings=names, bundles=bundles
        )
    results.sort(key=lambda r: (r.change_id, r.metric))
    asked: dict[str, set[str]] = {}
    for rollout in rollouts:
        asked.setdefault(rollout.change_id, set()).add(rollout.service)
    columns = (*OUT_COLUMNS, *BUNDLE_COLUMNS) if bundles else OUT_COLUMNS
    write(results, out, services={change: len(names) for change, names in asked.items()}, columns=columns)
    return 0


def asked_shapes(*, pre: int | None, post: int | None, lead: int | None) -> tuple[Shape, ...]:
    """Window shapes to try; one only when days before or after are given. Raises SettingsError for impossible days."""
    for name, value, least in (("--pre", pre, 1), ("--post", post, 1), ("--lead", lead, 0)):
        if value is not None and value < least:
            raise SettingsError(f"{name} is {value}; allowed are whole days from {least} on")
    if pre is None and post is None:
        return tuple(dataclasses.replace(shape, lead=1 if lead is None else lead) for shape in SHAPES)
    whole = SHAPES[0]
    return (Shape(pre or whole.pre, post or whole.post, whole.lead if lead is None else lead),)


def asked_readings(text: str) -> tuple[ReadingName, ...]:
    """Readings named in a text with commas between them, each once. Raises SettingsError for unknown ones."""
    names = [word for word in (part.strip() for part in text.split(",")) if word]
    unknown = [name for name in names if name not in READINGS]
    if unknown or not names:
        shown = repr(unknown[0]) if unknown else "empty"
        raise SettingsError(f"--readings is {shown}; allowed are {', '.join(READINGS)}, with commas between them")
    return tuple(name for name in READINGS if name in names)


def verdict(result: Estimate | NotEstimable) -> tuple[str, str]:
    """Verdict and reason of one result, without knowing which direction is good.

    * increase, decrease: p < 0.05 and, among all changes of the metric, a false-discovery rate of at most 10 %
    * hint: p < 0.05 only
    * no effect seen: otherwise; with the smallest effect that would have been found beside it
    * too little data: too few tickets or observations, or not even a very large effect would have been found
    * cannot be separated: another change on the same service in the same days
    * too early: the days after the rollout are not complete yet
    * too little history: too few days without changes to know what chance does
    * no data: the panel has nothing for this service around this day
    """
    if isinstance(result, NotEstimable):
        return WORDS[result.reason], why_not(result)
    reason = "; ".join(
        [*preliminary(result), *with_others(result), *(flag for flag in result.flags if flag != NOT_TELLING)]
    )
    if result.p_value < TEST_LEVEL:
        if result.q_value <= HEADLINE_RATE:
            return "increase" if result.effect > 0 else "decrease", reason
        return "hint", reason
    if NOT_TELLING in result.flags:
        wide = "only a very large effect would have been found"
        return "too little data", f"{wide}; {reason}" if reason else wide
    return "no effect seen", reason


def preliminary(result: Estimate) -> list[str]:
    """What is said of a reading made before its last day."""
    if result.look is None:
        return []
    days = f"{result.look} of {result.final_days} days"
    return [
        f"preliminary after {days}: the bar is {result.multiplier:.1f} times as high; final from {result.final_from}"
    ]


def with_others(result: Estimate) -> list[str]:
    """Which other changes a reading was separated from, or holds too."""
    names = ", ".join(result.together)
    if result.method == "joint":
        return [f"separated from {names} by other windows and services" if names else "separated from other changes"]
    return [f"together with {names}: what all of them did"] if result.method == "bundle" else []


def why_not(result: NotEstimable) -> str:
    """One sentence on what is in the way of an estimate."""
    if result.reason == "cannot_be_separated":
        names = f"in the same days on the same service: {', '.join(result.blocking)}"
        cause = names if result.blocking else "other changes on the same service leave no clean window"
        when = f"possible from {result.possible_from}" if result.possible_from else "more days will not change that"
        return f"{cause}; {when}"
    if result.reason == "too_early":
        return f"possible from {result.possible_from}: {result.have} of {result.needed} days after the rollout so far"
    if result.reason == "too_little_data":
        if result.needed == LEAST_TICKETS:
            return f"{result.have} tickets before and after together, where {result.needed} are needed"
        return f"{result.have} observations on the thinner side, where {result.needed} are needed on each"
    if result.reason == "too_little_history":
        return f"{result.have} of the {result.needed} independent stretches without changes that tell what chance does"
    if result.have is None or result.needed is None:
        return "the panel has no such service for this metric"
    if result.n_before is not None:
        return "no observations in the days before and after the rollout"
    if result.have < result.needed:
        return f"{result.have} known days before the rollout where {result.needed} are needed"
    return "too few known days before or after the rollout"


def write(
    results: Sequence[Estimate | NotEstimable], out: Path, *, services: Mapping[str, int], columns: Sequence[str]
) -> None:
    """Write results as csv or parquet; what is not known is empty. ``services`` is how many each change touches."""
    rows = [_row(result, services=services.get(result.change_id, 0)) for result in results]
    text, whole = pa.string(), pa.int64()
    types = dict.fromkeys(columns, pa.float64())
    types |= dict.fromkeys(("change_id", "metric", "service", "verdict", "reason", "reading", *BUNDLE_COLUMNS), text)
    types |= dict.fromkeys(("n_before", "n_after", "pre_days", "post_days"), whole)
    schema = pa.schema([(name, types[name]) for name in columns])
    table = pa.Table.from_pylist(rows, schema=schema)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix == ".csv":
            with out.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, columns, extrasaction="ignore")
                writer.writeheader()
                writer.writerows(rows)
        else:
            pyarrow.parquet.write_table(table, out)
    except OSError as error:
        raise SettingsError(f"{out}: cannot be written: {error.strerror or error}; choose another place") from error


def _row(result: Estimate | NotEstimable, *, services: int) -> dict[str, Any]:
    word, reason = verdict(result)
    if isinstance(result, Estimate) and result.service is None and len(result.services) < services:
        part = f"read from {len(result.services)} of {services} services"
        reason = f"{reason}; {part}" if reason else part
    row: dict[str, Any] = {
        "change_id": result.change_id, "metric": result.metric, "service": result.service, "verdict": word,
        "reason": reason or None, "smallest_detectable": result.smallest_detectable,
        "n_before": result.n_before, "n_after": result.n_after, "reading": result.reading,
    }  # fmt: skip
    if result.shape is not None:
        row |= {"pre_days": result.shape.pre, "post_days": result.shape.post}
    if isinstance(result, Estimate):
        row |= {"estimate": result.effect, "low": result.low, "high": result.high}
        row |= {"p_value": result.p_value, "q_value": result.q_value}
        row |= {"method": result.method, "together": ", ".join(result.together) or None}
    return row
