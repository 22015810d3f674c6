"""Daily facts: what every metric adds up to per day, service and team. Knows metrics and tables, no statistics.

Facts are kept in parts, one per creation month of the tickets or surveys they come from. Each part is marked with
the very data files and metric definitions it was summed from, so a part is summed again exactly when one of these is
no longer what it was: after a sync, a changed definition, or a run that died half way. Facts are additive: a day's
value is the sum over all its rows, also where two parts speak of the same day.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import duckdb
import pyarrow as pa

from impact.metrics import METRICS
from impact.storage.columns import stored_schema
from impact.storage.delta import DataFile, DeltaFolder
from impact.storage.engine import select_files, text, workbench, write_files
from impact.storage.upsert import MONTH

FACT_SCHEMA = pa.schema(
    [
        ("metric", pa.string()),
        ("day_on", pa.date32()),
        ("service_id", pa.string()),
        ("team_id", pa.string()),
        ("n", pa.int64()),
        ("total", pa.float64()),
        ("total_sq", pa.float64()),
    ]
)
PART = ("part", "made_from")

_OWN = ", ".join(f"response.{name}" for name in stored_schema("satisfaction_response").names if name != "service_id")
SURVEY = (
    f"SELECT {_OWN}, COALESCE(response.service_id, ticket.service_id) AS service_id, ticket.team_id AS team_id "
    "FROM satisfaction_response AS response LEFT JOIN ticket ON ticket.id = response.ticket_id"
)
"""satisfaction_response with service and team filled in from its ticket."""

Months = Mapping[str, list[DataFile]]


def refresh(facts: DeltaFolder, ticket: DeltaFolder, survey: DeltaFolder) -> bool:
    """Sum again the parts whose files changed; False (and no commit) when all are up to date."""
    with workbench() as database:
        tickets, surveys = _by_month(ticket), _by_month(survey)
        wanted = _wanted(tickets, surveys, _ticket_months(database, ticket, survey, surveys))
        stored: dict[str, list[DataFile]] = defaultdict(list)
        for file in facts.files():
            stored[dict(file.partition)["part"]].append(file)
        marks = {part: dict(files[0].partition)["made_from"] for part, files in stored.items()}
        stale = [part for part in wanted if marks.get(part) != wanted[part][1]]
        gone = [part for part in stored if part not in wanted]
        added: list[DataFile] = []
        for part in stale:
            months, mark = wanted[part]
            sums = _sums(part, ticket, [f for m in months for f in tickets[m]], survey, surveys)
            select = f"SELECT *, {text(part)} AS part, {text(mark)} AS made_from FROM ({sums}) ORDER BY metric, day_on"
            added += write_files(database, select, facts.root, partition_by=PART)
        removed = [file for part in (*stale, *gone) for file in stored.get(part, ())]
        if added or removed:
            facts.commit(added, removed)
        return bool(added or removed)


def _by_month(folder: DeltaFolder) -> Months:
    months: dict[str, list[DataFile]] = defaultdict(list)
    for file in folder.files():
        months[dict(file.partition)[MONTH]].append(file)
    return months


def _ticket_months(
    database: duckdb.DuckDBPyConnection, ticket: DeltaFolder, survey: DeltaFolder, surveys: Months
) -> Mapping[str, set[str]]:
    """For each month of surveys the months of the tickets that they name."""
    if not surveys or not ticket.files():
        return {}
    keys = pa.schema([("id", pa.string())]), pa.schema([("ticket_id", pa.string())])
    tickets = select_files(ticket.root, ticket.files(), keys[0], extra=[MONTH])
    answers = select_files(survey.root, survey.files(), keys[1], extra=[MONTH], where="ticket_id IS NOT NULL")
    named = defaultdict(set)
    for month, of_ticket in database.execute(
        f"SELECT DISTINCT answer.{MONTH}, ticket.{MONTH} FROM ({answers}) AS answer "
        f"JOIN ({tickets}) AS ticket ON answer.ticket_id = ticket.id"
    ).fetchall():
        named[month].add(of_ticket)
    return named


def _wanted(tickets: Months, surveys: Months, named: Mapping[str, set[str]]) -> Mapping[str, tuple[Sequence[str], str]]:
    """Every part there should be: the ticket months it reads, and the mark of its files and definitions."""
    wanted: dict[str, tuple[Sequence[str], str]] = {}
    for month in sorted(tickets):
        wanted[f"ticket-{month}"] = ((month,), _mark(tickets[month]))
    for month in sorted(surveys):
        months = tuple(sorted(named.get(month, ())))
        wanted[f"survey-{month}"] = (months, _mark(surveys[month], *(tickets[m] for m in months)))
    return wanted


def _mark(*files: Iterable[DataFile]) -> str:
    paths = sorted(file.path for group in files for file in group)
    said = "\n".join([*paths, *(f"{metric.name}: {metric.facts}" for metric in METRICS)])
    return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


def _sums(
    part: str, ticket: DeltaFolder, ticket_files: Sequence[DataFile], survey: DeltaFolder, surveys: Months
) -> str:
    """One SELECT with every metric that this part feeds."""
    of, month = part.split("-", 1)
    own = surveys[month] if of == "survey" else ()
    sums = " UNION ALL ".join(
        f"SELECT {text(metric.name)} AS metric, CAST(day_on AS DATE) AS day_on, service_id, team_id, "
        "CAST(n AS BIGINT) AS n, CAST(total AS DOUBLE) AS total, CAST(total_sq AS DOUBLE) AS total_sq "
        f"FROM ({metric.facts}) AS facts"
        for metric in METRICS
        if metric.table == of
    )
    return (
        f"WITH ticket AS ({select_files(ticket.root, ticket_files, stored_schema('ticket'))}), "
        f"satisfaction_response AS ({select_files(survey.root, own, stored_schema('satisfaction_response'))}), "
        f"survey AS ({SURVEY}) {sums}"
    )
