"""Which issues of a Jira are read for each stream, and where the next pass begins. Knows no canonical row."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors import Page
from connectors.http import Http
from connectors.jira_service_management.cloud import CloudSearch
from connectors.jira_service_management.data_center import DataCenterSearch
from connectors.jira_service_management.jql import BY_CREATION, BY_UPDATE, all_of, any_of, begin_of, one_of, since
from connectors.jira_service_management.records import Known, asked_fields, slim
from connectors.jira_service_management.search import Found, Query, Search, prove, stamp
from connectors.jira_service_management.settings import JiraSettings
from connectors.jira_service_management.site import Item, Site, is_of
from connectors.jira_service_management.versions import version_keys, version_records
from connectors.paging import ahead, portions
from connectors.values import mapping, text_of

IDS_AT_ONCE = 1000


class Jira:
    """One Jira while one pass is made over it."""

    def __init__(self, http: Http, settings: JiraSettings) -> None:
        self.site, self.settings = Site(http, settings), settings
        self.search: Search = CloudSearch(self.site) if settings.cloud else DataCenterSearch(self.site)

    def begin(self) -> datetime:
        """Where the next pass may start when this one is through: now by the server's clock, less the overlap."""
        return self.site.sign_in() - self.overlap

    @property
    def overlap(self) -> timedelta:
        """How far passes reach into each other."""
        return timedelta(minutes=self.settings.overlap_minutes)

    def scope(self, types: Iterable[str], projects: Sequence[str] = ()) -> str:
        """The condition for issues of these types in the projects that are read."""
        projects = self.settings.projects or projects
        return " AND ".join(filter(None, [one_of("project", projects) if projects else "", one_of("issuetype", types)]))

    def known(self, part: str) -> Known:
        """What records are made small with."""
        categories = self.site.categories if self.settings.history else {}
        return Known(self.site.fields_for(part), categories, self.settings.change_types)

    def every(self, what: str, where: str, *fields: str) -> Iterator[Item]:
        """All issues that fulfil a condition, with few fields."""
        for found in self.search.pages(Query(what, all_of(where), fields or ("id",), IDS_AT_ONCE)):
            yield from found.issues


@dataclass(frozen=True)
class _Start:
    """Where a pass begins: the words for it in queries, the earliest stamp that may come, how many issues were read
    before a break (pages have offsets), and the bookmark that the whole pass earns."""

    literal: str
    bound: datetime
    begin: datetime
    first: int = 0

    def cursor(self, offset: int) -> str:
        """Where to go on after a break."""
        return json.dumps({"from": self.literal, "begin": self.begin.isoformat(), "offset": offset})

    def resumed(self, cursor: str | None, page_size: int) -> _Start:
        """The same, from a cursor on, if it belongs to it; a page earlier, as issues may have vanished since."""
        try:
            told = json.loads(cursor or "")
            if told["from"] == self.literal:
                begin = datetime.fromisoformat(told["begin"])
                offset = max(0, int(told["offset"]) - page_size)
                return _Start(self.literal, self.bound, min(begin, self.begin), offset)
        except (ValueError, LookupError, TypeError):
            pass
        return self


def read_changes(http: Http, settings: JiraSettings, at: datetime | None, cursor: str | None = None) -> Iterator[Page]:
    """Issues of the change types with their histories."""
    jira = Jira(http, settings)
    start = _start(jira, at, cursor)
    types = jira.site.type_names("change_types")
    return ahead(_pass(jira, "change", jira.scope(types), types, start, at))


def read_tickets(http: Http, settings: JiraSettings, at: datetime | None, cursor: str | None = None) -> Iterator[Page]:
    """Issues of the ticket types with their histories, their links to changes and their answers to the survey."""
    jira = Jira(http, settings)
    start = _start(jira, at, cursor)
    types = jira.site.type_names("ticket_types")
    return ahead(_pass(jira, "ticket", jira.scope(types), types, start, at, last=_late_answers))


def read_milestones(
    http: Http, settings: JiraSettings, at: datetime | None, cursor: str | None = None
) -> Iterator[Page]:
    """Children of changes that were updated, and all versions of changes, whose update touches no issue."""
    jira = Jira(http, settings)
    start = _start(jira, at, cursor)
    return ahead(_milestones(jira, start, at))


def _start(jira: Jira, at: datetime | None, cursor: str | None) -> _Start:
    begin = jira.begin()
    literal, bound = begin_of(at or jira.settings.start_at, jira.site.zone)
    return _Start(literal, bound, begin).resumed(cursor, jira.settings.page_size)


def _pass(
    jira: Jira,
    part: str,
    scope: str,
    types: Sequence[str],
    start: _Start,
    at: datetime | None,
    *,
    keep: Callable[[Item], bool] = lambda row: True,
    last: Callable[..., Iterator[Page]] = lambda *args: iter(()),
) -> Generator[Page, None, None]:
    """Pages of issues. In Cloud they come in the order of their updates, and a page earns the bookmark of its latest;
    where pages have offsets, they come in the order of their creation, which no update changes, and bear a cursor."""
    settings, known = jira.settings, jira.known(part)
    order = BY_UPDATE if settings.cloud else BY_CREATION
    jql = all_of(scope, since("updated", start.literal), order=order)
    history = known.history_fields() if settings.history and part != "milestone" else ()
    query = Query(f"{part}s", jql, asked_fields(part, settings, known), settings.page_size, history)
    total = jira.search.count(jql)
    first = at or settings.start_at
    latest, seen = start.bound if settings.cloud else None, set[str]()
    for found in jira.search.pages(query, first=start.first):
        stamps = list(filter(None, map(_updated, found.issues)))
        prove(found.issues, lambda row: is_of(mapping(row.get("fields")).get("issuetype"), types), f"{part}s")
        prove(found.issues, lambda row: _is_new(row, start.bound), f"{part}s updated since {start.literal}")
        records = [slim(row, part, settings, known, _log(found, row)) for row in found.issues if keep(row)]
        seen |= {str(row.get("id")) for row in found.issues} if at else set()
        latest = _latest(latest, stamps)
        bookmark = max(first, latest - jira.overlap) if latest else None
        yield Page(
            tuple(records),
            bookmark=bookmark,
            total=total,
            cursor=None if settings.cloud else start.cursor(found.end),
        )
    yield from last(jira, query, scope, known, seen, at)
    yield Page((), bookmark=max(start.begin, first), total=total)


def _latest(before: datetime | None, stamps: Sequence[datetime]) -> datetime | None:
    """The latest stamp, as long as all came in their order; None from the first that did not."""
    if before is None or list(stamps) != sorted(stamps) or (stamps and stamps[0] < before):
        return None
    return max([before, *stamps])


def _log(found: Found, row: Item) -> Sequence[Item] | None:
    return found.histories.get(str(row.get("id")))


def _is_new(row: Item, bound: datetime) -> bool:
    updated = _updated(row)
    return updated is None or updated >= bound


def _updated(row: Item) -> datetime | None:
    return stamp(mapping(row.get("fields")))


def _late_answers(
    jira: Jira, query: Query, scope: str, known: Known, seen: set[str], at: datetime | None
) -> Iterator[Page]:
    """In later passes: tickets whose customer answered lately, which may not touch the ticket's stamp."""
    settings = jira.settings
    answered = known.fields.get("csat_at", ())
    if at is None or not answered or not settings.survey_days:
        return
    literal, _ = begin_of(jira.site.sign_in() - timedelta(days=settings.survey_days), jira.site.zone)
    where = any_of(since(field.clause, literal) for field in answered)
    what = "late answers to surveys (survey_days = 0 leaves them out)"
    jql = all_of(scope, where)
    for found in jira.search.pages(Query(what, jql, query.fields, query.size, query.history)):
        rows = [row for row in found.issues if str(row.get("id")) not in seen]
        yield Page(tuple(slim(row, "ticket", settings, known, _log(found, row)) for row in rows))


def _milestones(jira: Jira, start: _Start, at: datetime | None) -> Generator[Page, None, None]:
    changes, steps = jira.site.type_names("change_types"), jira.site.step_types()
    scope = jira.scope(changes)
    projects: tuple[str, ...] = ()
    if at is None and steps and not jira.settings.projects:  # not all sub-tasks of all projects there are
        projects = tuple(dict.fromkeys(filter(None, map(_project, jira.every("changes", scope, "project")))))
        steps = steps if projects else ()
    if jira.settings.versions:
        records = version_records(jira.site, jira.every("versions of changes", _with_version(scope), *VERSIONED))
        for some in portions(records, jira.settings.page_size):
            yield Page(tuple(some))
    if steps:
        of_change = _is_step_of(changes)
        yield from _pass(jira, "milestone", jira.scope(steps, projects), steps, start, at, keep=of_change)
    else:
        yield Page((), bookmark=max(start.begin, at or jira.settings.start_at))


VERSIONED = ("fixVersions", "project")


def _with_version(scope: str) -> str:
    return f"{scope} AND fixVersion is not EMPTY"


def _project(row: Item) -> str | None:
    return text_of(mapping(mapping(row.get("fields")).get("project")).get("key"))


def _is_step_of(changes: Sequence[str]) -> Callable[[Item], bool]:
    def is_step(row: Item) -> bool:
        parent = mapping(mapping(row.get("fields")).get("parent"))
        return is_of(mapping(parent.get("fields")).get("issuetype"), changes)

    return is_step


def change_ids(http: Http, settings: JiraSettings) -> Iterator[Iterable[str]]:
    """The ids of all changes that exist."""
    return _ids(Jira(http, settings), "change_types", "changes")


def ticket_ids(http: Http, settings: JiraSettings) -> Iterator[Iterable[str]]:
    """The ids of all tickets that exist."""
    return _ids(Jira(http, settings), "ticket_types", "tickets")


def milestone_ids(http: Http, settings: JiraSettings) -> Iterator[Iterable[str]]:
    """The ids of all children and versions of changes that exist."""
    jira = Jira(http, settings)
    jira.site.sign_in()
    changes, steps = jira.site.type_names("change_types"), jira.site.step_types()
    if steps:
        of_change = _is_step_of(changes)
        rows = jira.every("milestones", jira.scope(steps), "parent")
        yield from portions((str(row.get("id")) for row in rows if of_change(row)), IDS_AT_ONCE)
    if settings.versions:
        rows = jira.every("versions of changes", _with_version(jira.scope(changes)), *VERSIONED)
        yield from portions((key for row in rows for key in version_keys(row)), IDS_AT_ONCE)


def _ids(jira: Jira, types: str, what: str) -> Iterator[Iterable[str]]:
    jira.site.sign_in()
    rows = jira.every(what, jira.scope(jira.site.type_names(types)))
    yield from portions((str(row.get("id")) for row in rows), IDS_AT_ONCE)


def updated_at(payload: Mapping[str, object]) -> datetime | None:
    """When an issue was last updated; None for versions, which have no such date."""
    return stamp(payload)
