"""The false-alarm rate on a real log without recorded changes; the figures that docs/estimates.md quotes."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from impact.estimate import Panel, Shape, placebo_rate

FIRST_ON, DAYS = date(2016, 2, 29), 96


@pytest.fixture(scope="module")
def log(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("log") / "log.csv"
    with zipfile.ZipFile(shared_data / "uci_incident_event_log" / "incident_event_log.zip") as archive:
        out.write_bytes(archive.read(archive.namelist()[0]))
    return out


def daily(log: Path, column: str) -> Panel:
    """Incidents opened per day by one column of the log, those values with 20 incidents or more."""
    with duckdb.connect() as db:
        rows = db.execute(
            f"""SELECT {column}, date_diff('day', DATE '2016-02-29', strptime(opened_at, '%d/%m/%Y %H:%M')::DATE) AS d,
            count(DISTINCT number) FROM read_csv('{log}', all_varchar = true) GROUP BY 1, 2 HAVING d < {DAYS}"""
        ).fetchall()
    names = sorted({row[0] for row in rows})
    total = np.zeros((len(names), DAYS))
    for name, day, count in rows:
        total[names.index(name), day] = count
    kept = total.sum(axis=1) >= 20
    total = total[kept]
    services = tuple(name for name, keep in zip(names, kept, strict=True) if keep)
    return Panel("tickets", "count", services, FIRST_ON, np.ones_like(total), total, np.zeros_like(total))


@pytest.mark.parametrize(
    ("column", "services", "percent"),
    [("assignment_group", 63, 6.0), ("location", 68, 5.7), ("subcategory", 101, 6.0), ("category", 30, 8.4)],
)
def test_placebo_rates_of_a_real_log_are_those_in_the_documentation(
    log: Path, column: str, services: int, percent: float
) -> None:
    panel = daily(log, column)
    rate = placebo_rate(panel, [], shape=Shape(14, 7))
    assert rate is not None
    assert rate.rate is not None
    assert len(panel.services) == services
    assert 100 * rate.rate == pytest.approx(percent, abs=0.5)
    assert rate.low is not None
    assert rate.low < 0.05
