"""What the data page says about sources, stored rows, links, rejected records and a running sync. Decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from impact.freshness import SHOWN_REJECTED, Holdings, Link, Missing, Orphan, Rejection, Stored
from impact.passes import StreamState
from impact.syncing import Ended, Moment
from impact.words.formats import UNKNOWN, at, listed, number, percent, plain, plural, when

Table = dict[str, list[str]]
"""Column title -> texts, all of one length. Texts from a source are made harmless for Markdown."""

OUTCOMES = {
    "ok": "Read in full",
    "failed": "Not read in full",
    "refused": "Refused",
    "running": "Being read",
}
TABLES = {
    "change": "Changes",
    "milestone": "Milestones",
    "ticket": "Tickets",
    "satisfaction_response": "Surveys sent",
    "service": "Services",
    "team": "Teams",
    "segment": "Groups of customers",
    "population": "Head counts",
    "change_service": "Services of changes",
    "change_segment": "Groups of changes",
}
DATED = {
    "change": "live",
    "milestone": "due",
    "ticket": "opened",
    "satisfaction_response": "answered, else sent",
}
LINKS = {
    "ticket_service": ("Tickets with a service", "The others count for no change."),
    "ticket_resolved": ("Resolved tickets with a day of resolution", "Without it, how long they took is unknown."),
    "ticket_channel": ("Tickets with a known channel", "The others are left out of the self-service share."),
    "ticket_change": ("Tickets that name a change whose record is here", "Shown only; no effect is counted from it."),
    "change_service": ("Changes with a service", "The others cannot be compared with anything."),
    "change_rollout": ("Closed changes with a rollout day", "Without one there is no before and after."),
    "change_milestone": ("Changes with milestones", "Without any, readiness and delay are unknown."),
    "answer_ticket": ("Survey answers with a ticket", "The others need a service of their own."),
    "answer_service": ("Survey answers with a service", "The others count for no change."),
    "survey_answered": ("Surveys answered", "The response rate; an unanswered survey is not a zero."),
}


STREAM_COLUMNS = (
    "Source", "Stream", "State", "Complete to", "Last read in full", "Read", "New", "Changed", "Unchanged", "Rejected",
    "Missing", "Took",
)  # fmt: skip


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    return {name: [row[place] for row in rows] for place, name in enumerate(columns)}


def streams(states: Sequence[StreamState], configured: Collection[str], zone: str) -> Table:
    """How far every stream was read. A source that is stored but no longer configured says so."""
    rows = []
    for s in states:
        source = s.source if not configured or s.source in configured else f"{s.source} (no longer configured)"
        counts = (number(n) for n in (s.read, s.new, s.changed, s.unchanged, s.rejected))
        missing = number(s.missing) if s.swept_at else "–"
        took = f"{number(s.seconds, 1)} s" if s.outcome != "running" else "–"
        complete = at(s.complete_at, zone) if s.complete_at else UNKNOWN
        told = (plain(source), plain(s.stream), OUTCOMES[s.outcome], complete, at(s.ok_at, zone))
        rows.append((*told, *counts, missing, took))
    return _table(STREAM_COLUMNS, rows)


def messages(states: Sequence[StreamState]) -> tuple[str, ...]:
    """What sources answered where they could not be read, and lists of theirs that could not be believed; the same
    answer of several streams once."""
    told: dict[tuple[str, str], list[str]] = {}
    for s in states:
        failed = s.message if s.outcome in ("failed", "refused") else ""
        for message in filter(None, (failed, s.note)):
            told.setdefault((s.source, message), []).append(s.stream)
    return tuple(f"{source} ({', '.join(names)}): {message}" for (source, message), names in told.items())


def stored(found: Sequence[Stored]) -> Table:
    """Rows and dates of every table."""
    rows = []
    for one in found:
        dates = f"{when(one.first_on)} to {when(one.last_on)}" if one.first_on else "–"
        rows.append((TABLES[one.table], number(one.rows), dates, DATED.get(one.table, "–")))
    return _table(("What", "Rows", "From and to", "Dated by the day"), rows)


def sent(held: Holdings) -> str:
    """How many of the surveys that are known as sent were answered. Some systems tell of answers only."""
    known, answers = held.link("survey_answered"), held.link("answer_ticket")
    if known is None:
        return "not known how many were sent" if answers else "none sent"
    every = answers is None or answers.total == known.linked
    return f"{percent(known.ratio)} of {number(known.total)} {'sent' if every else 'known as sent'}"


def links(found: Sequence[Link]) -> Table:
    """How much is linked, and what follows for the rest."""
    rows = []
    for one in found:
        name, meaning = LINKS[one.name]
        rows.append((name, percent(one.ratio), f"{number(one.linked)} of {number(one.total)}", meaning))
    return _table(("Link", "Share", "Count", "What it means"), rows)


def orphans(found: Sequence[Orphan]) -> str:
    """The changes that tickets name and no source delivers, in a sentence; empty where there are none."""
    if not found:
        return ""
    tickets = sum(one.tickets for one in found)
    most = ", ".join(f"{plain(one.change)} ({plural(one.tickets, 'ticket')})" for one in found[:5])
    verb = "names" if tickets == 1 else "name"
    lead = f"{plural(tickets, 'link')} from tickets {verb} {plural(len(found), 'change')} that no source delivers"
    return f"{lead}: {most}{' and others' if len(found) > 5 else ''}. They are kept and count for nothing."


def missing(found: Sequence[Missing], zone: str) -> str:
    """What sources no longer list, in a sentence; empty where they list everything."""
    if not found:
        return ""
    told = [
        f"{plural(one.rows, 'row')} of {plain(one.source)} in {TABLES[one.table]} since {at(one.since, zone)}"
        for one in found
    ]
    return (
        f"No longer at the source: {listed(told, most=len(told))}. They may be deleted or archived there; they are "
        "kept and counted, since what customers felt happened all the same."
    )


def reasons(found: Sequence[tuple[str, str, str, int]]) -> Table:
    """Where rejected records come from."""
    rows = [(plain(source), plain(stream), plain(column) or "–", number(n)) for source, stream, column, n in found]
    return _table(("Source", "Stream", "Column", "Records"), rows)


def rejected(found: Sequence[Rejection]) -> Table:
    """Rejected records with place, column, value and reason."""
    rows = [
        (plain(r.source), plain(r.place or r.key), plain(r.column or "–"), plain(r.value or "–"), plain(r.reason))
        for r in found
    ]
    return _table(("Source", "Where", "Column", "Value", "Reason"), rows)


def rejected_lead(count: int) -> str:
    """How many records were rejected, and how many of them are shown."""
    if not count:
        return "No record was rejected."
    shown = f" The latest {SHOWN_REJECTED} are shown; the file has all of them." if count > SHOWN_REJECTED else ""
    return f"{plural(count, 'record')} could not be read and {'counts' if count == 1 else 'count'} nowhere.{shown}"


def under_way(moment: Moment | None) -> str:
    """How far a running sync is."""
    if moment is None:
        return "Starting …"
    if not moment.source:
        return "Counting daily facts …"
    of = f" of {number(moment.total)}" if moment.total else ""
    left = f", about {plural(max(1, round(moment.left_seconds)), 'second')} left" if moment.left_seconds else ""
    pace = f", {number(moment.rate)} a second" if moment.rate and moment.rate >= 0.5 else ""
    return f"{moment.source}, {moment.stream}: {number(moment.read)}{of} read{pace}{left}"


def ended(how: Ended, states: Sequence[StreamState], zone: str) -> str:
    """How the last sync ended, with what it brought."""
    if how.code == 2:
        return f"The sync did not start, because a setting is wrong. {how.told}"
    if how.code not in (0, 1) or (how.code == 1 and not any(s.outcome in ("failed", "refused") for s in states)):
        return f"The sync did not finish. {how.told or 'What was stored stays; the next one goes on from there.'}"
    new, changed, refused = (sum(getattr(s, name) for s in states) for name in ("new", "changed", "rejected"))
    brought = f"{number(new)} new, {number(changed)} changed, {plural(refused, 'record')} rejected"
    if how.code == 1:
        return f"The sync ended {at(how.at, zone)}, but not every stream could be read: {brought}."
    return f"The sync ended {at(how.at, zone)}: {brought}."


def connect_sections(example: Path) -> tuple[tuple[str, str], ...]:
    """The sections of the example settings as (title, TOML to paste): the lines that are commented out, ready to use.
    Empty where the file is not there."""
    try:
        lines = example.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ()
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if line.startswith("# --- "):
            found.append((line.strip("# -"), []))
        elif found:
            found[-1][1].append(line[1:] if line.startswith("#") and not line.startswith("# ") else line)
    return tuple((title, "\n".join(body).strip()) for title, body in found)
