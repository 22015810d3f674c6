"""Panels, changes and holidays from csv and parquet files: which columns they have, and what is refused in them.

Knows nothing of estimates, nor of how results are written.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import holidays as holiday_calendars
import numpy as np
import pyarrow as pa

from impact.estimate import Panel, Rollout
from impact.model import SettingsError

PANEL_COLUMNS = ("metric", "kind", "service", "day", "n", "total", "total_sq")
CHANGES_COLUMNS = ("change_id", "service", "rollout_on")
LAST_DAY = "rollout_to"
"""Column that a file of changes may leave out."""
KINDS = ("count", "mean", "share")
LONGEST_DAYS = 36_525
"""A day further than a century from the middle one is a mistyped year."""
LONGEST_ROLLOUT = 1_096
"""A rollout of more than three years is a mistyped year."""


def read_changes(path: Path) -> list[Rollout]:
    """Rollouts from a csv or parquet file with change_id, service, rollout_on (ISO dates); repeated rows do no harm.

    The column rollout_to, which may be missing or empty, is the last day of a rollout that takes several.
    """
    with duckdb.connect(config={"threads": 1}) as db:
        load(db, path, CHANGES_COLUMNS, optional=(LAST_DAY,))
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
        db.execute(f"UPDATE rows SET {LAST_DAY} = nullif(trim({LAST_DAY}), '')")
        no_date = f"{LAST_DAY} IS NOT NULL AND try_cast({LAST_DAY} AS DATE) IS NULL"
        refuse(db, path, LAST_DAY, where=no_date, allowed="a date such as 2025-03-31, or nothing")
        days = f"date_diff('day', CAST(rollout_on AS DATE), CAST({LAST_DAY} AS DATE))"
        allowed = "rollout_on or a later day, within three years"
        refuse(db, path, LAST_DAY, where=f"{days} NOT BETWEEN 0 AND {LONGEST_ROLLOUT}", allowed=allowed)
        rows = db.execute(
            f"SELECT change_id, service, CAST(rollout_on AS DATE), CAST({LAST_DAY} AS DATE) FROM rows ORDER BY line"
        ).fetchall()
    return [Rollout(change, service, on, to) for change, service, on, to in rows]


def country_holidays(code: str, panels: Sequence[Panel]) -> frozenset[date]:
    """Public holidays of a country (DE) or a part of one (DE-BY) over the days of the panels.

    Raises SettingsError where there is no calendar for it.
    """
    country, _, part = code.strip().upper().partition("-")
    years = {day.year for panel in panels for day in (panel.first_on, panel.last_on)}
    span = range(min(years, default=2000), max(years, default=2000) + 1)
    try:
        return frozenset(holiday_calendars.country_holidays(country, subdiv=part or None, years=span))
    except NotImplementedError:
        raise SettingsError(
            f"--country is {code!r}, for which there is no holiday calendar; allowed are codes such as DE or DE-BY; "
            "give the days in a file with --holidays instead"
        ) from None


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
        check_span(db, path)
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
    needs = (
        ("n", "kind <> 'count'", "kind mean and share"),
        ("total", "true", "every kind"),
        ("total_sq", "kind = 'mean'", "kind mean"),
    )
    for column, wanted, whose in needs:
        filled = f"trim(coalesce({column}, '')) <> ''"
        refuse(db, path, column, where=f"{wanted} AND NOT ({filled})", allowed=f"a number; rows of {whose} need it")
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


def check_span(db: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse a day more than a century from the middle day of the file: a mistyped year, not data."""
    far = f"abs(day - (SELECT median(day) FROM facts)) > {LONGEST_DAYS}"
    refuse(db, path, "day", where=far, allowed="a day within 100 years of the others", table="facts")


def load(db: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[str], *, optional: Sequence[str] = ()) -> None:
    """Read a csv or parquet file as text into the table ``rows``, with line numbers; refuses missing columns.

    Optional columns that are missing are empty.
    """
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
        raise _unreadable(path, error) from error
    missing = [column for column in columns if column not in present]
    if missing:
        if len(present) == 1 and all(column in present[0] for column in columns):
            _refuse_uneven(path)
        raise SettingsError(
            f"{path}, line 1: column {missing[0]!r} is missing; found are {', '.join(present)}; "
            f"needed are {', '.join(columns)}"
        )
    texts = ", ".join(f'CAST("{column}" AS VARCHAR) AS {column}' for column in columns)
    for column in optional:
        texts += f', CAST("{column}" AS VARCHAR) AS {column}' if column in present else f", NULL::VARCHAR AS {column}"
    try:
        numbered = f"row_number() OVER () + {first - 1} AS line"
        db.execute(f"CREATE TEMP TABLE rows AS SELECT {numbered}, {texts} FROM {source}")
    except duckdb.Error as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: duckdb.Error) -> SettingsError:
    """What is wrong with a file that is no table, in words."""
    text = str(error)
    if "utf-8" in text.lower():
        return SettingsError(f"{path}: is not UTF-8 text; save it as UTF-8")
    return SettingsError(f"{path}: cannot be read as a table: {text.splitlines()[0]}")


def _refuse_uneven(path: Path) -> None:
    """Raise SettingsError for the first row that does not have as many values as the line of column names."""
    if path.suffix != ".csv":
        return
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file)
        width = len(next(lines, []))
        for row in lines:
            if row and len(row) != width:
                raise SettingsError(
                    f"{path}, line {lines.line_num}: {len(row)} values; allowed are {width}, one for each column; "
                    "put a value with a comma in double quotes"
                )


def refuse(
    db: duckdb.DuckDBPyConnection, path: Path, column: str, *, where: str, allowed: str, table: str = "rows"
) -> None:
    """Raise SettingsError for the first row that meets a condition."""
    found = db.execute(f"SELECT line, {column} FROM {table} WHERE {where} ORDER BY line LIMIT 1").fetchone()
    if found is not None:
        value = db.execute(f"SELECT {column} FROM rows WHERE line = ?", [found[0]]).fetchone()
        _refused(path, int(found[0]), column, value=value[0] if value else None, allowed=allowed)


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
