"""Estimates from files to files: what the columns of PANEL, CHANGES and OUT are, and what is refused in them.

Works on any data, without a store. Knows nothing of how an effect is estimated or of which direction is good.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet

from impact.estimate import SHAPES, Estimate, NotEstimable, Panel, Rollout, Shape, estimate
from impact.estimation.results import NOT_TELLING, Reason
from impact.model import SettingsError

PANEL_COLUMNS = ("metric", "kind", "service", "day", "n", "total", "total_sq")
CHANGES_COLUMNS = ("change_id", "service", "rollout_on")
OUT_COLUMNS = (
    "change_id", "metric", "service", "estimate", "low", "high", "p_value", "q_value", "verdict", "reason",
    "smallest_detectable", "n_before", "n_after", "pre_days", "post_days",
)  # fmt: skip
KINDS = ("count", "mean", "share")
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
    per_service: bool = False,
) -> int:
    """Estimate every change on every metric of a panel file and write ``out``; returns 0, the exit code of success.

    With ``pre`` or ``post`` exactly that window is used, otherwise the largest one free of other changes. A metric's
    data end on the last day it has in the file. Raises SettingsError naming file, line, column and value when a
    file cannot be read, and writes nothing then.
    """
    shapes = asked_shapes(pre=pre, post=post, lead=lead)
    if out.suffix not in (".csv", ".parquet"):
        raise SettingsError(f"{out}: the result can be written as .csv or .parquet; give the file one of these endings")
    rollouts = read_changes(changes)
    free_days = read_holidays(holidays)
    results: list[Estimate | NotEstimable] = []
    for one in read_panel(panel):
        results += estimate(one, rollouts, shapes=shapes, holidays=free_days, per_service=per_service)
    results.sort(key=lambda r: (r.change_id, r.metric, r.service is not None, r.service or ""))
    write(results, out)
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
    reason = "; ".join(flag for flag in result.flags if flag != NOT_TELLING)
    if result.p_value < TEST_LEVEL:
        if result.q_value <= HEADLINE_RATE:
            return "increase" if result.effect > 0 else "decrease", reason
        return "hint", reason
    if NOT_TELLING in result.flags:
        wide = "only a very large effect would have been found"
        return "too little data", f"{wide}; {reason}" if reason else wide
    return "no effect seen", reason


def why_not(result: NotEstimable) -> str:
    """One sentence on what is in the way of an estimate."""
    if result.reason == "cannot_be_separated":
        if result.blocking:
            return f"in the same days on the same service: {', '.join(result.blocking)}"
        return "other changes on the same service leave no clean window"
    if result.reason == "too_early":
        return f"possible from {result.possible_from}: {result.have} of {result.needed} days after the rollout so far"
    if result.reason == "too_little_data":
        return f"{result.have} where {result.needed} are needed"
    if result.reason == "too_little_history":
        return f"{result.have} independent readings without changes where {result.needed} are needed"
    return f"{result.have} known days before the rollout where {result.needed} are needed, or none after it"


def read_changes(path: Path) -> list[Rollout]:
    """Rollouts from a csv or parquet file with change_id, service, rollout_on (ISO dates); repeated rows do no harm."""
    with duckdb.connect(config={"threads": 1}) as db:
        load(db, path, CHANGES_COLUMNS)
        for column in ("change_id", "service"):
            refuse(
                db,
                path,
                column,
                where=f"trim(coalesce({column}, '')) = ''",
                allowed="a name; fill it in or drop the row",
            )
        refuse(
            db, path, "rollout_on", where="try_cast(rollout_on AS DATE) IS NULL", allowed="a date such as 2025-03-31"
        )
        rows = db.execute("SELECT change_id, service, CAST(rollout_on AS DATE) FROM rows ORDER BY line").fetchall()
    return [Rollout(change, service, on) for change, service, on in rows]


def read_holidays(path: Path | None) -> frozenset[date]:
    """Days from a text file with one ISO date a line; empty lines and lines starting with # are skipped."""
    if path is None:
        return frozenset()
    days: set[date] = set()
    for number, line in enumerate(_text(path).splitlines(), start=1):
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        try:
            days.add(date.fromisoformat(word))
        except ValueError:
            _refused(path, number, "date", value=word, allowed="a date such as 2025-12-25, one a line")
    return frozenset(days)


def read_panel(path: Path) -> list[Panel]:
    """One Panel per metric of a csv or parquet file, sorted by metric.

    Days without a row are zero tickets for counts and no observations otherwise. Raises SettingsError for a missing
    column, a value that is not one, a metric with two kinds, or two rows for one metric, service and day.
    """
    with duckdb.connect(config={"threads": 1}) as db:
        load(db, path, PANEL_COLUMNS)
        check_panel(db, path)
        db.execute(
            "CREATE TEMP TABLE facts AS SELECT line, metric, kind, service, "
            "date_diff('day', DATE '1970-01-01', CAST(day AS DATE)) AS day, coalesce(CAST(n AS DOUBLE), 0) AS n, "
            "CAST(total AS DOUBLE) AS total, coalesce(CAST(total_sq AS DOUBLE), 0) AS total_sq FROM rows"
        )
        check_whole(db, path)
        metrics = db.execute("SELECT DISTINCT metric, kind FROM facts ORDER BY metric").fetchall()
        if not metrics:
            raise SettingsError(f"{path}: has no rows; give one row for each metric, service and day")
        return [panel_of(db, metric, kind) for metric, kind in metrics]


def panel_of(db: duckdb.DuckDBPyConnection, metric: str, kind: Any) -> Panel:
    """The panel of one metric from the checked table ``facts``."""
    found = db.execute("SELECT DISTINCT service FROM facts WHERE metric = ? ORDER BY service", [metric]).fetchall()
    services = tuple(sorted(row[0] for row in found))
    db.execute("CREATE OR REPLACE TEMP TABLE places (service VARCHAR, place INTEGER)")
    db.register("names", pa.table({"service": list(services), "place": list(range(len(services)))}))
    db.execute("INSERT INTO places SELECT service, place FROM names")
    columns = db.execute(
        "SELECT place, day, n, total, total_sq FROM facts JOIN places USING (service) WHERE metric = ?", [metric]
    ).fetchnumpy()
    place = np.asarray(columns["place"], dtype=np.int64)
    day = np.asarray(columns["day"], dtype=np.int64)
    first = int(day.min())
    arrays = []
    for name in ("n", "total", "total_sq"):
        values = np.zeros((len(services), int(day.max()) - first + 1))
        values[place, day - first] = np.asarray(columns[name], dtype=np.float64)
        arrays.append(values)
    n, total, total_sq = arrays
    first_on = date.fromordinal(date(1970, 1, 1).toordinal() + first)
    return Panel(metric, kind, services, first_on, n, total, total_sq)


def check_panel(db: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse values that are not what their column promises."""
    for column in ("metric", "service"):
        refuse(
            db, path, column, where=f"trim(coalesce({column}, '')) = ''", allowed="a name; fill it in or drop the row"
        )
    refuse(
        db,
        path,
        "kind",
        where="coalesce(kind, '') NOT IN ('count', 'mean', 'share')",
        allowed=f"one of {', '.join(KINDS)}",
    )
    refuse(db, path, "day", where="try_cast(day AS DATE) IS NULL", allowed="a date such as 2025-03-31")
    for column, wanted in (("n", "kind <> 'count'"), ("total", "true"), ("total_sq", "kind = 'mean'")):
        filled = f"trim(coalesce({column}, '')) <> ''"
        refuse(
            db,
            path,
            column,
            where=f"{wanted} AND NOT ({filled})",
            allowed=f"a number; needed for this kind of {path.suffix} row",
        )
        bad = f"{filled} AND NOT coalesce(isfinite(try_cast({column} AS DOUBLE)), false)"
        refuse(db, path, column, where=bad, allowed="a finite number with a decimal point")
        db.execute(f"UPDATE rows SET {column} = NULL WHERE NOT ({filled})")
    refuse(db, path, "n", where="CAST(n AS DOUBLE) < 0", allowed="0 or more")
    refuse(
        db,
        path,
        "total",
        where="kind <> 'mean' AND CAST(total AS DOUBLE) < 0",
        allowed="0 or more for counts and shares",
    )


def check_whole(db: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse rows that contradict themselves or each other."""
    rules = (
        ("total", "kind = 'share' AND total > n", "at most n, the number of trials"),
        ("total", "kind = 'mean' AND n = 0 AND total <> 0", "0 where n is 0"),
        (
            "total_sq",
            "kind = 'mean' AND n > 0 AND total_sq < total * total / n * (1 - 1e-6) - 1e-9",
            "at least total x total / n, being the sum of the squares of the observations",
        ),
    )
    for column, condition, allowed in rules:
        refuse(db, path, column, where=condition, allowed=allowed, table="facts")
    twice = "line IN (SELECT max(line) FROM facts GROUP BY metric, service, day HAVING count(*) > 1)"
    refuse(db, path, "day", where=twice, allowed="one row for each metric, service and day; add the rows up first")
    kinds = "metric IN (SELECT metric FROM facts GROUP BY metric HAVING count(DISTINCT kind) > 1)"
    refuse(db, path, "kind", where=kinds, allowed="the same kind in all rows of a metric")


def load(db: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[str]) -> None:
    """Read a csv or parquet file as text into the table ``rows``, with line numbers; refuses missing columns."""
    if not path.is_file():
        raise SettingsError(f"{path}: there is no such file; give the path of a .csv or .parquet file")
    name = str(path).replace("'", "''")
    if path.suffix == ".parquet":
        source, first = f"read_parquet('{name}')", 1
    elif path.suffix == ".csv" or path.name.endswith(".csv.gz"):
        source, first = f"read_csv('{name}', header = true, all_varchar = true, strict_mode = true)", 2
    else:
        raise SettingsError(f"{path}: the ending is {path.suffix!r}; allowed are .csv and .parquet")
    try:
        present = [row[0] for row in db.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    except duckdb.Error as error:
        raise SettingsError(f"{path}: cannot be read as a table: {str(error).splitlines()[0]}") from error
    missing = [column for column in columns if column not in present]
    if missing:
        raise SettingsError(
            f"{path}, line 1: column {missing[0]!r} is missing; found are {', '.join(present)}; "
            f"needed are {', '.join(columns)}"
        )
    texts = ", ".join(f'CAST("{column}" AS VARCHAR) AS {column}' for column in columns)
    try:
        numbered = f"row_number() OVER () + {first - 1} AS line"
        db.execute(f"CREATE TEMP TABLE rows AS SELECT {numbered}, {texts} FROM {source}")
    except duckdb.Error as error:
        raise SettingsError(f"{path}: cannot be read as a table: {str(error).splitlines()[0]}") from error


def refuse(
    db: duckdb.DuckDBPyConnection, path: Path, column: str, *, where: str, allowed: str, table: str = "rows"
) -> None:
    """Raise SettingsError for the first row that meets a condition."""
    found = db.execute(f"SELECT line, {column} FROM {table} WHERE {where} ORDER BY line LIMIT 1").fetchone()
    if found is not None:
        value = db.execute(f"SELECT {column} FROM rows WHERE line = ?", [found[0]]).fetchone()
        _refused(path, int(found[0]), column, value=value[0] if value else None, allowed=allowed)


def write(results: Sequence[Estimate | NotEstimable], out: Path) -> None:
    """Write results as csv or parquet; what is not known is empty."""
    rows = [_row(result) for result in results]
    text, whole = pa.string(), pa.int64()
    types = dict.fromkeys(OUT_COLUMNS, pa.float64())
    types |= dict.fromkeys(("change_id", "metric", "service", "verdict", "reason"), text)
    types |= dict.fromkeys(("n_before", "n_after", "pre_days", "post_days"), whole)
    schema = pa.schema([(name, types[name]) for name in OUT_COLUMNS])
    table = pa.Table.from_pylist(rows, schema=schema)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix == ".csv":
            with out.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, OUT_COLUMNS)
                writer.writeheader()
                writer.writerows(rows)
        else:
            pyarrow.parquet.write_table(table, out)
    except OSError as error:
        raise SettingsError(f"{out}: cannot be written: {error.strerror or error}; choose another place") from error


def _row(result: Estimate | NotEstimable) -> dict[str, Any]:
    word, reason = verdict(result)
    row: dict[str, Any] = {
        "change_id": result.change_id, "metric": result.metric, "service": result.service, "verdict": word,
        "reason": reason or None, "smallest_detectable": result.smallest_detectable,
        "n_before": result.n_before, "n_after": result.n_after,
    }  # fmt: skip
    if result.shape is not None:
        row |= {"pre_days": result.shape.pre, "post_days": result.shape.post}
    if isinstance(result, Estimate):
        row |= {"estimate": result.effect, "low": result.low, "high": result.high}
        row |= {"p_value": result.p_value, "q_value": result.q_value}
    return row


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}; check the path") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text; save it as UTF-8") from error


def _refused(path: Path, line: int, column: str, *, value: object, allowed: str) -> NoReturn:
    shown = "empty" if value is None or value == "" else repr(str(value)[:60])
    raise SettingsError(f"{path}, line {line}, column {column}: {shown}; allowed is {allowed}")
