"""Which records of a Redmine are read for each stream, and what is put beside them. Knows no canonical row.

A record leaves here as a small payload: named fields only, configured custom fields only, no name of a person
outside the places that are hashed, and beside it what other requests told about it: its history and its links.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors import Page
from connectors.http import Http
from connectors.paging import ahead, portions
from connectors.redmine.history import histories
from connectors.redmine.queries import Filter, Item, Redmine, stamp
from connectors.redmine.records import Known, group_of, linked_ids, number_in, slim
from connectors.redmine.settings import RedmineSettings
from connectors.values import whole
from impact.model import SourceChanged, SourceRefused

Record = dict[str, Any]


@dataclass(frozen=True)
class Trackers:
    """Ids of the trackers that hold changes, tickets and child issues that are milestones."""

    changes: tuple[int, ...]
    tickets: tuple[int, ...]
    milestones: tuple[int, ...]


def read_teams(http: Http, settings: RedmineSettings, since: datetime | None) -> Iterator[Page]:
    """Groups and projects, as far as they are teams; there are few, so they are read in full every time."""
    redmine = Redmine(http, settings)
    begin = _begin(redmine)
    found: list[Record] = []
    if "group" in settings.teams_from:
        found += [{"id": f"group:{key}", "name": name} for key, name in groups_of(redmine).items()]
    if "project" in settings.teams_from:
        for project in chosen_projects(redmine):
            parent = (project.get("parent") or {}).get("id")
            record = {"id": f"project:{project.get('id')}", "name": project.get("name")}
            found.append(record | ({"parent": f"project:{parent}"} if parent else {}))
    yield Page(tuple(found), bookmark=begin, total=len(found))


def read_changes(http: Http, settings: RedmineSettings, since: datetime | None) -> Iterator[Page]:
    """Issues of the change trackers with their histories."""
    redmine = Redmine(http, settings)
    begin = _begin(redmine)
    trackers = tracker_ids(redmine)
    return ahead(_pass(redmine, "change", trackers.changes, since, begin)) if trackers.changes else iter(())


def read_tickets(http: Http, settings: RedmineSettings, since: datetime | None) -> Iterator[Page]:
    """Issues of the ticket trackers with their histories and their links to changes."""
    redmine = Redmine(http, settings)
    begin = _begin(redmine)
    trackers = tracker_ids(redmine)
    return ahead(_pass(redmine, "ticket", trackers.tickets, since, begin)) if trackers.tickets else iter(())


def read_milestones(http: Http, settings: RedmineSettings, since: datetime | None) -> Iterator[Page]:
    """Child issues of changes: all at first, later those that were updated and those of open changes; and the
    versions of changes, whose update touches no issue."""
    redmine = Redmine(http, settings)
    begin = _begin(redmine)
    if not tracker_ids(redmine).changes:
        return iter(())
    return ahead(_milestone_pages(redmine, since, begin))


def _milestone_pages(redmine: Redmine, since: datetime | None, begin: datetime) -> Generator[Page, None, None]:
    settings, trackers = redmine.settings, tracker_ids(redmine)
    known = look_up(redmine)
    where = in_projects(redmine)
    changes = {int(row["id"]): row for row in redmine.issues(_one_of("tracker_id", trackers.changes), *where)}
    if "children" in settings.milestones_from and trackers.milestones:
        kind = _one_of("tracker_id", trackers.milestones)
        asked: list[Filter] = [kind, ("parent_id", "*", ("",))]
        total = None
        for answer in redmine.by_update(asked, since or settings.start_at):
            total = total if total is not None else answer.total
            rows = [row for row in answer.items if number_in(row, "parent") in changes]
            yield Page(tuple(slim(row, settings, "milestone", known) for row in rows), total=total)
        due = [n for n, row in changes.items() if known.is_open(row) or (since and _updated(row, since))]
        for rows in portions(redmine.by_ids("parent_id", due, kind), settings.page_size):
            yield Page(tuple(slim(row, settings, "milestone", known) for row in rows))
    if "versions" in settings.milestones_from:
        yield from _version_pages(redmine, changes, known, since)
    yield Page((), bookmark=begin)


def ids_of_changes(http: Http, settings: RedmineSettings) -> Iterator[list[str]]:
    """The numbers of all changes that exist and are seen."""
    redmine = Redmine(http, settings)
    redmine.sign_in()
    yield from _ids(redmine, tracker_ids(redmine).changes)


def ids_of_tickets(http: Http, settings: RedmineSettings) -> Iterator[list[str]]:
    """The numbers of all tickets that exist and are seen."""
    redmine = Redmine(http, settings)
    redmine.sign_in()
    yield from _ids(redmine, tracker_ids(redmine).tickets)


def ids_of_milestones(http: Http, settings: RedmineSettings) -> Iterator[list[str]]:
    """The keys of all milestones that exist and are seen: children of changes, and versions of changes."""
    redmine = Redmine(http, settings)
    redmine.sign_in()
    trackers = tracker_ids(redmine)
    changes = {int(row["id"]): row for row in _issues_of(redmine, trackers.changes, *in_projects(redmine))}
    if "children" in settings.milestones_from:
        children = _issues_of(redmine, trackers.milestones, ("parent_id", "*", ("",)))
        for rows in portions(children, settings.page_size):
            yield [str(row["id"]) for row in rows if number_in(row, "parent") in changes]
    if "versions" in settings.milestones_from:
        yield [f"{number}-version" for number, row in changes.items() if number_in(row, "fixed_version") is not None]


def _ids(redmine: Redmine, trackers: Sequence[int]) -> Iterator[list[str]]:
    for rows in portions(_issues_of(redmine, trackers, *in_projects(redmine)), redmine.settings.page_size):
        yield [str(row["id"]) for row in rows]


def _issues_of(redmine: Redmine, trackers: Sequence[int], *where: Filter) -> Iterator[Item]:
    return redmine.numbered(_one_of("tracker_id", trackers), *where) if trackers else iter(())


def _version_pages(
    redmine: Redmine, changes: Mapping[int, Item], known: Known, since: datetime | None
) -> Iterator[Page]:
    """The version that a change is targeted at, once for each such change. Versions are few and their update touches
    no issue, so each is read in every pass; its issues only where they may have changed."""
    targeted: dict[int, list[int]] = {}
    for number, row in changes.items():
        version = number_in(row, "fixed_version")
        if version is not None:
            targeted.setdefault(version, []).append(number)
    for version, numbers in targeted.items():
        answer = redmine.http.get(f"versions/{version}.json", missing_ok=True)
        about = answer.get("version") if isinstance(answer, Mapping) else None
        if not isinstance(about, Mapping):
            continue
        old = since and about.get("status") == "closed" and not _updated(about, since)
        if old and since and not any(_updated(changes[number], since) for number in numbers):
            continue
        issues = [
            {
                "closed": not known.is_open(row),
                "closed_on": row.get("closed_on"),
                "done_ratio": row.get("done_ratio"),
                "estimated_hours": row.get("estimated_hours"),
            }
            for row in redmine.issues(("fixed_version_id", "=", (version,)))
        ]
        kept = {key: about.get(key) for key in ("name", "status", "due_date", "updated_on")} | {"id": str(version)}
        yield Page(tuple({"id": f"{n}-version", "change": str(n), "version": kept, "issues": issues} for n in numbers))


def _pass(
    redmine: Redmine, part: str, trackers: Sequence[int], since: datetime | None, begin: datetime
) -> Generator[Page, None, None]:
    """Pages of issues in the order of their updates, each with the bookmark it earns."""
    settings = redmine.settings
    known = look_up(redmine, groups=True)
    first = since.replace(microsecond=0) if since else settings.start_at
    latest, total = first, None
    where = [_one_of("tracker_id", trackers), *in_projects(redmine)]
    for answer in ahead(redmine.by_update(where, first)):
        _prove(answer.items, trackers)
        total = total if total is not None else answer.total
        latest = stamp(answer.items[-1]) or latest
        bookmark = max(first, latest - timedelta(minutes=settings.overlap_minutes))
        rows = enriched(redmine, answer.items, part, known)
        yield Page(tuple(rows), bookmark=bookmark, total=total)
    yield Page((), bookmark=max(begin, first), total=total or 0)


def enriched(redmine: Redmine, rows: Sequence[Item], part: str, known: Known) -> list[Record]:
    """Slim records of issues with their histories and, for tickets, their links to changes."""
    settings = redmine.settings
    told = histories(redmine, rows, part, known) if settings.history else {}
    links = _change_links(redmine, rows) if part == "ticket" else {}
    records = []
    for row in rows:
        number = int(row["id"])
        record = slim(row, settings, part, known)
        if number in told:
            record["history"] = told[number]
        if number in links:
            record["links"] = links[number]
        records.append(record)
    return records


def _change_links(redmine: Redmine, rows: Sequence[Item]) -> dict[int, Record]:
    """Ticket -> its parent and relations, as far as they are changes."""
    related = {int(row["id"]): linked_ids(row) for row in rows}
    numbers = sorted({other for pairs in related.values() for _, other in pairs})
    trackers = tracker_ids(redmine)
    if not numbers or not trackers.changes:
        return {}
    changes = {int(row["id"]) for row in redmine.by_ids("issue_id", numbers, _one_of("tracker_id", trackers.changes))}
    found: dict[int, Record] = {}
    steps = trackers.milestones if "children" in redmine.settings.milestones_from else ()
    for row in rows:
        number = int(row["id"])
        for kind, other in related[number]:
            if other in changes:
                is_step = kind == "parent" and number_in(row, "tracker") in steps
                found.setdefault(number, {}).setdefault("step_of" if is_step else kind, []).append(str(other))
    return found


def tracker_ids(redmine: Redmine) -> Trackers:
    """Ids of the configured trackers. Raises SourceRefused when a configured one is not seen."""
    settings = redmine.settings
    seen = {str(t.get("name")): whole(t.get("id")) for t in redmine.trackers()}
    all_ids = tuple(number for number in seen.values() if number is not None)
    by_word = {name.casefold(): number for name, number in seen.items() if number is not None}
    by_word |= {str(number): number for number in all_ids}

    def ids(names: Iterable[str]) -> tuple[int, ...]:
        for name in names:
            if str(name).strip().casefold() not in by_word:
                raise SourceRefused(
                    f"The tracker {name!r} is not seen in Redmine. It sees: {', '.join(seen) or 'none'}. Correct "
                    "change_trackers, ticket_trackers or milestone_trackers."
                )
        return tuple(by_word[str(name).strip().casefold()] for name in names)

    changes = ids(settings.change_trackers)
    tickets = ids(settings.ticket_trackers) or tuple(n for n in all_ids if n not in changes)
    others = ids(settings.milestone_trackers) or tuple(n for n in all_ids if n not in changes)
    return Trackers(changes, tickets, others)


def chosen_projects(redmine: Redmine) -> list[Item]:
    """The projects that are read: the configured ones with all below them, else all that are visible. Raises
    SourceRefused when a configured one is not seen."""
    projects = redmine.projects()
    wanted = [name.strip().casefold() for name in redmine.settings.projects]
    if not wanted:
        return list(projects)
    chosen: set[object] = set()
    for name in wanted:
        found = [p for p in projects if name in {str(p.get(key)).casefold() for key in ("id", "identifier", "name")}]
        if not found:
            raise SourceRefused(
                f"The project {name!r} is not seen in Redmine: it does not exist, is closed to the user that reads, or "
                f"is archived. It sees {len(projects)} projects; check names them."
            )
        chosen.update(p.get("id") for p in found)
    for _ in projects:  # as deep as they nest
        chosen.update(p.get("id") for p in projects if number_in(p, "parent") in chosen)
    return [p for p in projects if p.get("id") in chosen]


def in_projects(redmine: Redmine) -> list[Filter]:
    """The filter on the configured projects; none where all are read."""
    if not redmine.settings.projects:
        return []
    return [("project_id", "=", [p.get("id") for p in chosen_projects(redmine)])]


def look_up(redmine: Redmine, *, groups: bool = False) -> Known:
    """What the numbers in issues and histories stand for."""
    own = redmine.settings
    return Known(
        statuses={str(s.get("id")): (str(s.get("name")), bool(s.get("is_closed"))) for s in redmine.statuses()},
        groups=groups_of(redmine) if groups and "group" in own.teams_from else {},
        custom={str(f.get("id")): f for f in redmine.custom_fields() or ()},
    )


def groups_of(redmine: Redmine) -> dict[str, str]:
    """Id -> name of the groups: all for an administrator, else those that are members of a project."""
    found = redmine.groups()
    if found is None:
        found = tuple(g for p in chosen_projects(redmine) for g in redmine.member_groups(p.get("id")))
    return {str(g.get("id")): str(g.get("name")) for g in found if group_of(g)}


def _begin(redmine: Redmine) -> datetime:
    """Where the next pass may start when this one is through: now by the server's clock, less the overlap."""
    return redmine.sign_in() - timedelta(minutes=redmine.settings.overlap_minutes)


def _prove(rows: Iterable[Item], trackers: Sequence[int]) -> None:
    """Raises SourceChanged when an issue of a tracker comes that was not asked for."""
    for row in rows:
        if number_in(row, "tracker") not in trackers:
            raise SourceChanged("Redmine was asked for issues of some trackers and gave others. Nothing is read.")


def _one_of(field: str, values: Sequence[int]) -> Filter:
    return field, "=", values


def _updated(row: Item, since: datetime) -> bool:
    at = stamp(row)
    return at is None or at >= since
