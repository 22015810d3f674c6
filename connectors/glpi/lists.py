"""The lists of a GLPI that are read in full or by age: teams, services, segments, milestones, surveys, ids. Knows no
canonical row."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import datetime, timedelta

from connectors import Page
from connectors.glpi import children, high_level
from connectors.glpi.children import Record
from connectors.glpi.queries import BLOCK, Glpi, stamp
from connectors.glpi.settings import HIGH_LEVEL, GlpiSettings
from connectors.http import Http
from connectors.paging import portions, side_by_side
from connectors.values import Unreadable, instant, plain, whole

GROUP = ("id", "name", "completename", "groups_id")
CATEGORY = ("id", "name", "completename", "itilcategories_id")
ITEM = ("id", "name")
SEGMENT = {
    "entity": ("Entity", ("id", "name", "completename", "entities_id")),
    "location": ("Location", ("id", "name", "completename", "locations_id")),
}
TASK = ("id", "changes_id", "state", "begin", "end", "date", "date_mod", "date_creation")
STEP = (
    *("id", "name", "projects_id", "plan_start_date", "plan_end_date", "real_start_date", "real_end_date"),
    *("percent_done", "is_milestone", "date_mod", "is_deleted"),
)
SURVEY = ("id", "tickets_id", "type", "date_begin", "date_answered", "satisfaction", "satisfaction_scaled_to_5")
TITLE = 120
OF_TICKET = ("itilcategories_id", "locations_id", "entities_id", "is_deleted")


def _full(glpi: Glpi, path: str, names: tuple[str, ...], **more: str) -> Iterator[Record]:
    for row in glpi.table(path):
        yield {name: row[name] for name in names if name in row} | more


def _whole(glpi: Glpi, records: Iterator[Record]) -> Iterator[Page]:
    """Pages of a stream that every pass reads in full."""
    begin = glpi.begin()
    for some in portions(records, glpi.settings.page_size):
        yield Page(tuple(some))
    yield Page((), bookmark=begin)


def fetch_teams(http: Http, settings: GlpiSettings, since: datetime | None) -> Iterator[Page]:
    """All groups."""
    if settings.api == HIGH_LEVEL:
        return high_level.read_list(http, settings, high_level.GROUPS)
    glpi = Glpi(http, settings)
    return _whole(glpi, _full(glpi, "Group", GROUP))


def fetch_services(http: Http, settings: GlpiSettings, since: datetime | None) -> Iterator[Page]:
    """ITIL categories, and items of the types that are services, as far as services are named by them."""
    if settings.api == HIGH_LEVEL:
        return high_level.read_list(http, settings, high_level.CATEGORIES)
    glpi = Glpi(http, settings)

    def records() -> Iterator[Record]:
        if "category" in settings.services_from:
            yield from _full(glpi, "ITILCategory", CATEGORY, kind="category")
        for itemtype in settings.service_itemtypes if "item" in settings.services_from else ():
            yield from _full(glpi, itemtype, ITEM, kind=itemtype)

    return _whole(glpi, records())


def fetch_segments(http: Http, settings: GlpiSettings, since: datetime | None) -> Iterator[Page]:
    """Entities and locations, as far as they are groups of customers."""
    if settings.api == HIGH_LEVEL:
        return high_level.read_list(http, settings, high_level.SEGMENTS)
    glpi = Glpi(http, settings)

    def records() -> Iterator[Record]:
        for kind in settings.segments_from:
            yield from _full(glpi, *SEGMENT[kind], kind=kind)

    return _whole(glpi, records())


def fetch_milestones(http: Http, settings: GlpiSettings, since: datetime | None) -> Iterator[Page]:
    """All tasks of the changes that are seen: a task has no update that its list could be filtered by."""
    glpi = Glpi(http, settings)
    return _whole(glpi, _milestones(glpi))


def _milestones(glpi: Glpi) -> Iterator[Record]:
    seen = {
        number
        for trash in (False, True)
        for found in glpi.found("Change", None, trash=trash)
        for number, _ in found.rows
    }
    if "tasks" in glpi.settings.milestones_from:
        kinds = children.names(glpi, "TaskCategory")
        for row in glpi.table("ChangeTask"):
            if whole(row.get("changes_id")) in seen:
                record: Record = {name: row.get(name) for name in TASK}
                yield record | {
                    "updated_at": stamp(row, glpi.settings),
                    "title": _short(row.get("content")),
                    "category": kinds.get(whole(row.get("taskcategories_id")) or 0),
                }
    if "project_tasks" in glpi.settings.milestones_from:
        yield from _project_tasks(glpi, seen)


def _short(text: object) -> str | None:
    """The beginning of a text that stands for a title, which tasks do not have."""
    return (plain(text) or "")[:TITLE].strip() or None


def _project_tasks(glpi: Glpi, seen: set[int]) -> Iterator[Record]:
    """Tasks of projects that a change is linked to, once for each such change."""
    changes: dict[int, list[int]] = {}
    for row in glpi.table("Itil_Project"):
        change, project = whole(row.get("items_id")), whole(row.get("projects_id"))
        if row.get("itemtype") == "Change" and project and change in seen:
            changes.setdefault(project, []).append(change or 0)
    states = children.names(glpi, "ProjectState") if changes else {}
    kinds = children.names(glpi, "ProjectTaskType") if changes else {}
    for row in glpi.table("ProjectTask") if changes else ():
        for change in changes.get(whole(row.get("projects_id")) or 0, ()):
            record: Record = {name: row.get(name) for name in STEP}
            state, kind = whole(row.get("projectstates_id")), whole(row.get("projecttasktypes_id"))
            told = {"id": f"{change}-project-{row.get('id')}", "changes_id": change, "project_task": row.get("id")}
            told["updated_at"] = stamp(row, glpi.settings)
            yield record | told | {"state": states.get(state or 0), "category": kinds.get(kind or 0)}


def fetch_surveys(http: Http, settings: GlpiSettings, since: datetime | None) -> Iterator[Page]:
    """Surveys, the latest first, back to ``survey_days`` before ``since``: an answer does not touch its ticket."""
    return _survey_pages(Glpi(http, settings), since)


def _survey_pages(glpi: Glpi, since: datetime | None) -> Generator[Page, None, None]:
    settings = glpi.settings
    begin = glpi.begin()
    oldest = since - timedelta(days=settings.survey_days) if since else None

    def blocks() -> Iterator[list[Record]]:
        for rows in glpi.listed("TicketSatisfaction", newest_first=True):
            records = [{name: row[name] for name in SURVEY if name in row} for row in rows]
            yield from portions(records, BLOCK)
            if oldest and all(_sent_before(record, oldest, settings) for record in records):
                return

    for some in side_by_side(lambda records: _with_tickets(glpi, records), blocks(), workers=settings.parallel):
        yield Page(tuple(some))
    yield Page((), bookmark=begin)


def _sent_before(record: Record, at: datetime, settings: GlpiSettings) -> bool:
    try:
        sent = instant("date_begin", record.get("date_begin"), settings.zone)
    except Unreadable:
        return False
    return sent is not None and sent < at


def _with_tickets(glpi: Glpi, records: list[Record]) -> list[Record]:
    """Surveys with what their tickets say of service and customers; a ticket that is gone or not seen says nothing."""
    numbers = {number for record in records if (number := whole(record.get("tickets_id")))}
    found = glpi.readable("Ticket", sorted(numbers))
    for record in records:
        ticket = found.get(whole(record.get("tickets_id")) or 0)
        if ticket:
            record["ticket"] = {name: ticket.get(name) for name in OF_TICKET}
    return records


# What exists now


def ticket_ids(http: Http, settings: GlpiSettings) -> Iterator[list[str]]:
    """Ids of all tickets, also of those in the trash."""
    return _ids(Glpi(http, settings), "Ticket")


def change_ids(http: Http, settings: GlpiSettings) -> Iterator[list[str]]:
    """Ids of all changes, also of those in the trash."""
    return _ids(Glpi(http, settings), "Change")


def milestone_ids(http: Http, settings: GlpiSettings) -> Iterator[list[str]]:
    """Ids of all milestones."""
    for some in portions(_milestones(Glpi(http, settings)), settings.page_size):
        yield [str(record["id"]) for record in some]


def survey_ids(http: Http, settings: GlpiSettings) -> Iterator[list[str]]:
    """Ids of all surveys."""
    for rows in Glpi(http, settings).listed("TicketSatisfaction", [("only_id", "true")]):
        yield [str(row.get("id")) for row in rows]


def _ids(glpi: Glpi, itemtype: str) -> Iterator[list[str]]:
    for trash in (False, True):
        for found in glpi.found(itemtype, None, trash=trash):
            yield [str(number) for number, _ in found.rows]
