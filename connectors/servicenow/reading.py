"""Which tables of a ServiceNow are read for each stream, and what is put beside their records. Knows no canonical row.

A record leaves here as a small payload: named fields only, raw values, empty ones left out, no name of a person outside
the places that are hashed, and beside it what other tables told about it: labels of choices, groups of customers,
further services, service levels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from connectors import Page
from connectors.http import Http
from connectors.paging import portions
from connectors.servicenow.instance import Instance
from connectors.servicenow.keyset import Part, by_update
from connectors.servicenow.labels import Labels, fields_of, read_labels
from connectors.servicenow.passes import run_pass
from connectors.servicenow.queries import ID, UPDATED, Item, Where, stamped
from connectors.servicenow.records import fields_asked, first_set, keeper, some
from connectors.servicenow.settings import PROJECT_TASK, ServiceNowSettings

CHANGE, TASK = "change_request", "change_task"
MOST_IDS = 10_000
Enrich = Callable[[Sequence[Item]], list[Item]]


def read_teams(http: Http, settings: ServiceNowSettings, since: datetime | None) -> Iterator[Page]:
    """Groups of users."""
    return run_pass(Instance(http, settings), lambda instance: [Part("sys_user_group", ("name", "parent"))], since)


def read_services(http: Http, settings: ServiceNowSettings, since: datetime | None) -> Iterator[Page]:
    """Services and their offerings, which are a class of services."""

    def parts(instance: Instance) -> list[Part]:
        table, names = "cmdb_ci_service", ("criticality", "team", "parent")
        fields = ("name", *(path for name in names for path in settings.paths(table, "service", name)))
        return [Part(table, fields, enrich=_labelled(instance, "service", table))]

    return run_pass(Instance(http, settings), parts, since)


def read_changes(http: Http, settings: ServiceNowSettings, since: datetime | None) -> Iterator[Page]:
    """Change requests with the services that other tables say they affect; those that such a table names anew come
    again, since their own stamp does not tell of it."""

    def parts(instance: Instance) -> list[Part]:
        beside = [pair for one in settings.affected_from if instance.may_read((pair := one.split("."))[0])]
        keep, labelled = keeper(settings, "change", CHANGE), _labelled(instance, "change", CHANGE)

        def enrich(rows: Sequence[Item]) -> list[Item]:
            affected: dict[str, list[Item]] = {}
            for table, field in beside:
                named = instance.beside(table, "task", _ids(rows), _of_item(field))
                for key, found in named.items():
                    affected.setdefault(key, []).extend(_affected(row, field) for row in found if row.get(field))
            records = keep(labelled(rows))
            return [record | some("affected", affected.get(str(record[ID]))) for record in records]

        return [Part(CHANGE, ("approval", *fields_asked(settings, "change", CHANGE)), enrich=enrich)]

    def again(instance: Instance, parts: Sequence[Part]) -> Iterator[list[Item]]:
        begin = stamped(since or settings.start_at)
        for table in dict.fromkeys(one.split(".")[0] for one in settings.affected_from):
            if instance.may_read(table):
                links = Part(table, ("task",), (Where("task.sys_class_name", "=", CHANGE),))
                for rows in by_update(instance, links, begin):
                    yield from _by_ids(instance, parts[0], (str(row.get("task")) for row in rows))

    return run_pass(Instance(http, settings), parts, since, again=again)


def read_milestones(http: Http, settings: ServiceNowSettings, since: datetime | None) -> Iterator[Page]:
    """Tasks of changes, and milestones of projects where the settings name them. Those of open changes come again."""
    return run_pass(Instance(http, settings), _milestone_parts, since, again=_of_open_changes)


def resume_milestones(http: Http, settings: ServiceNowSettings, since: datetime | None, cursor: str) -> Iterator[Page]:
    """The same from where a pass broke off."""
    return run_pass(Instance(http, settings), _milestone_parts, since, again=_of_open_changes, cursor=cursor)


def _milestone_parts(instance: Instance) -> list[Part]:
    settings = instance.settings
    tables = {TASK: (), PROJECT_TASK: (Where("milestone", "=", "true"),)}
    if not settings.project_change:
        del tables[PROJECT_TASK]

    def part(table: str, where: tuple[Where, ...]) -> Part:
        labelled = _labelled(instance, "milestone", table)
        change = settings.paths(table, "milestone", "change")
        also = ("number", "closed_at", *(("parent",) if table == TASK else ()))

        def enrich(rows: Sequence[Item]) -> list[Item]:
            named = (first_set(row, (*change, "parent")) for row in rows)
            records = zip(labelled(rows), named, strict=True)
            return [record | {"table": table} | some("change", key) for record, key in records]

        fields = fields_asked(settings, "milestone", table)
        return Part(table, (*fields, *also), where, enrich)

    return [part(table, where) for table, where in tables.items()]


def _of_open_changes(instance: Instance, parts: Sequence[Part]) -> Iterator[list[Item]]:
    part, change = parts[0], instance.settings.field("milestone", "change")
    active = Where(f"{change}.active", "=", "true")
    found = instance.listed(part.table, (*part.fields, UPDATED), active) if change else ()
    for rows in portions(found, instance.settings.page_size):
        yield part.enrich([{name: value for name, value in row.items() if name != active.field} for row in rows])


def read_tickets(http: Http, settings: ServiceNowSettings, since: datetime | None) -> Iterator[Page]:
    """Records of the tables of tickets, one table after the other, with their service levels."""
    return run_pass(Instance(http, settings), _ticket_parts, since)


def resume_tickets(http: Http, settings: ServiceNowSettings, since: datetime | None, cursor: str) -> Iterator[Page]:
    """The same from where a pass broke off."""
    return run_pass(Instance(http, settings), _ticket_parts, since, cursor=cursor)


def _ticket_parts(instance: Instance) -> list[Part]:
    settings = instance.settings
    levels = settings.sla and instance.may_read("task_sla")
    labels = read_labels(instance, "ticket", settings.ticket_tables)

    def part(table: str) -> Part:
        keep, named = keeper(settings, "ticket", table), fields_of(settings, "ticket", table)

        def enrich(rows: Sequence[Item]) -> list[Item]:
            told = service_levels(instance, rows) if levels else {}
            records = keep([row | some("labels", labels.of(row, table, named)) for row in rows])
            classed = [{"sys_class_name": table} | record | {"table": table} for record in records]
            return [record | some("sla", told.get(str(record[ID]))) for record in classed]

        fields = ("sys_class_name", "sys_created_on", *fields_asked(settings, "ticket", table))
        return Part(table, fields, enrich=enrich)

    return [part(table) for table in settings.ticket_tables]


def service_levels(instance: Instance, rows: Sequence[Item]) -> dict[str, list[Item]]:
    """What task_sla says of tickets, by ticket."""
    fields = {
        "sla.target": "target",
        "sla.type": "type",
        "stage": "stage",
        "has_breached": "breached",
        "end_time": "end_time",
    }
    found = instance.beside("task_sla", "task", _ids(rows), fields)
    return {
        task: [{ours: level[theirs] for theirs, ours in fields.items() if theirs in level} for level in levels]
        for task, levels in found.items()
    }


def sweep(*tables: str) -> Callable[[Http, ServiceNowSettings], Iterator[list[str]]]:
    """A reader of the ids of all records of tables; without any, of the tables of tickets."""

    def ids(http: Http, settings: ServiceNowSettings) -> Iterator[list[str]]:
        instance = Instance(http, settings)
        chosen = (*tables, *((PROJECT_TASK,) if TASK in tables and settings.project_change else ()))
        for table in chosen or settings.ticket_tables:
            rows = instance.listed(table, (), limit=min(MOST_IDS, 10 * settings.page_size))
            yield from portions((str(row[ID]) for row in rows), settings.page_size)
        instance.prove_whole()

    return ids


def _by_ids(instance: Instance, part: Part, ids: Iterable[str]) -> Iterator[list[Item]]:
    """Records of a table by their ids."""
    found = instance.beside(part.table, ID, ids, (*part.fields, UPDATED)).values()
    for rows in portions((row for each in found for row in each), instance.settings.page_size):
        yield part.enrich(rows)


def _labelled(instance: Instance, part: str, table: str) -> Enrich:
    """What puts the labels of choices beside records."""
    labels: Labels = read_labels(instance, part, (table,))
    fields = fields_of(instance.settings, part, table)
    return lambda rows: [row | some("labels", labels.of(row, table, fields)) for row in rows]


def _of_item(field: str) -> tuple[str, ...]:
    return field, f"{field}.name", f"{field}.sys_class_name"


def _affected(row: Item, field: str) -> Item:
    words = {"id": row.get(field), "name": row.get(f"{field}.name"), "class": row.get(f"{field}.sys_class_name")}
    return {key: value for key, value in words.items() if value}


def _ids(rows: Iterable[Item]) -> list[str]:
    return [str(row[ID]) for row in rows]
