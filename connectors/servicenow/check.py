"""What a ServiceNow says about itself, in sentences: what is found, what is missing, which right lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from connectors import OwnField
from connectors.http import Http
from connectors.servicenow.instance import Instance
from connectors.servicenow.labels import Labels, fields_of, read_labels
from connectors.servicenow.parts import Reader
from connectors.servicenow.queries import ID, UPDATED, Item, NoRight, NoTable, Query, Where
from connectors.servicenow.settings import ServiceNowSettings
from connectors.servicenow.survey_reading import SENT, read_questions
from connectors.servicenow.surveys import counted
from connectors.values import items, mapping
from impact.model import SourceChanged, SourceRefused

SKEW_SECONDS = 120
PROBLEM = "PROBLEM "
NEWEST = 100
LIKE_OURS = re.compile(
    r"risk|cost|budget|benefit|saving|service|outcome|success|require|satisf|csat|nps|rating|survey|live|rollout"
)


def tell(http: Http, settings: ServiceNowSettings) -> Iterator[str]:
    """Sign in and look around. Sentences about what does not work begin with PROBLEM; where nobody can sign in, that is
    raised."""
    instance = Instance(http, settings)
    seen = list(_seen(instance, "changes", "change_request"))
    yield "signed in"
    yield from seen
    skew = http.clock_skew
    if skew is not None and abs(skew.total_seconds()) > SKEW_SECONDS:
        yield f"the server's clock is {skew.total_seconds():+.0f} s from this machine's; the server's is used"
    yield from _zone(instance)
    tables = (("milestones", "change_task"), *(("tickets", table) for table in settings.ticket_tables))
    for name, table in (*tables, ("services", "cmdb_ci_service"), ("teams", "sys_user_group")):
        yield from _seen(instance, name, table)
    yield from _beside(instance)
    yield from _words(instance)
    yield from _surveys(instance)
    yield from _own(http, settings)
    yield from _recorded(instance)


def own_fields(http: Http, settings: ServiceNowSettings) -> Iterator[OwnField]:
    """Fields that the company added (u_...), as its newest records show them."""
    parts = {"change_request": "change", "change_task": "milestone", settings.ticket_tables[0]: "ticket"}
    for table, part in parts.items():
        yield from (OwnField(part, name, name.removeprefix("u_").replace("_", " ")) for name in _added(http, table))


def _zone(instance: Instance) -> Iterator[str]:
    """Whether times in conditions are read in UTC."""
    table = "change_request" if instance.may_read("change_request") else "sys_user_group"
    for row in instance.page(table, Query(((),), newest_first=True), (), limit=1).rows:
        same = (Where(ID, "=", str(row.get(ID))), Where(UPDATED, "=", str(row.get(UPDATED))))
        if not instance.page(table, Query((same,)), (), limit=1).rows:
            yield f"{PROBLEM}times in conditions are not read in UTC: set the time zone of the user that reads to GMT."


def _seen(instance: Instance, name: str, table: str) -> Iterator[str]:
    try:
        count = instance.count(table)
    except (NoRight, NoTable) as error:
        yield f"{PROBLEM}{name}: {error}"
    else:
        yield f"{name}: {_told(count, table)}"


def _beside(instance: Instance) -> Iterator[str]:
    settings = instance.settings
    wanted = {"sys_choice": "labels of states and risks are not known, and a risk of 2 or 3 stays unknown"}
    wanted |= {one.split(".")[0]: "services that a change affects are not known" for one in settings.affected_from}
    if settings.sla:
        wanted["task_sla"] = "first responses, and whether a ticket was solved in time, are not known"
    wanted["asmt_metric_result"] = "answers to surveys are not known"
    wanted["asmt_metric"] = "the scales of questions that nobody answered are not known (csat_min, csat_max)"
    for table, lost in wanted.items():
        if not instance.may_read(table):
            yield f"{PROBLEM}{table} cannot be read: {lost}."


def _words(instance: Instance) -> Iterator[str]:
    """States and other words of the newest records whose meaning is not known."""
    settings = instance.settings
    asked = [
        ("change", "change_request", {"status": "change_status", "risk": "change_risk", "kind": "change_kind"}),
        ("milestone", "change_task", {"status": "milestone_status"}),
        *(("ticket", t, {"status": "ticket_status", "channel": "channel"}) for t in settings.ticket_tables),
    ]
    for part, table, names in asked:
        fields = fields_of(settings, part, table)
        try:
            rows = instance.page(table, Query(((),), newest_first=True), fields, limit=NEWEST).rows
            labels = read_labels(instance, part, (table,))
        except (NoRight, NoTable):
            continue
        yield from _unknown(settings, part, table, names, rows=rows, labels=labels)


def _unknown(
    settings: ServiceNowSettings,
    part: str,
    table: str,
    names: Mapping[str, str],
    *,
    rows: Sequence[Item],
    labels: Labels,
) -> Iterator[str]:
    told = set[str]()
    for row in rows:
        read = Reader(row | {"labels": labels.of(row, table, fields_of(settings, part, table))}, settings, part, table)
        for name, words in names.items():
            value = read(name)
            if value is not None and read.meaning(name, words, "?") == "?":
                told.add(
                    f"the {name} {read.word(name)!r} ({value}) of {table} is not known; name it in values.{words}."
                )
    yield from (f"{PROBLEM}{text}" for text in sorted(told))


def _surveys(instance: Instance) -> Iterator[str]:
    try:
        count = instance.count(SENT)
    except (NoRight, NoTable) as error:
        yield f"{PROBLEM}surveys: {error}"
        return
    yield f"surveys: {_told(count, SENT)}, other assessments included"
    for questions in read_questions(instance).values():
        chosen = {question.key for question in counted(questions, instance.settings)}
        names = [str(q.get("name") or q["id"]) for q in questions if q["id"] in chosen]
        if names:
            yield f"a survey whose score is that of: {', '.join(repr(name) for name in sorted(names))}"
        else:
            others = ", ".join(f"{q.get('name') or q['id']!s} ({q.get('datatype', '?')})" for q in questions)
            yield f"a survey without a score, unless survey_questions names one of: {others}"


def _own(http: Http, settings: ServiceNowSettings) -> Iterator[str]:
    for table in dict.fromkeys(("change_request", *settings.ticket_tables)):
        names = _added(http, table)
        like = [name for name in names if LIKE_OURS.search(name)]
        if names:
            yield f"own fields of {table}: {', '.join(names)}"
        if like:
            yield f"of these, fields may want to name: {', '.join(like)}"
    yield from _not_there(http, settings)


def _not_there(http: Http, settings: ServiceNowSettings) -> Iterator[str]:
    """Configured own fields that the newest record does not have."""
    for part, table in (("change", "change_request"), ("ticket", settings.ticket_tables[0])):
        names = _added(http, table)
        wanted = {f"fields.{part}.{name}": str(own) for name, own in settings.fields.get(part, {}).items()}
        for key, own in wanted.items():
            if names and own.startswith("u_") and own.split(".")[0] not in names:
                yield f"{PROBLEM}{key} = {own!r} is not a field of {table}."


def _recorded(instance: Instance) -> Iterator[str]:
    if instance.recorded:
        yield "what answers is a recording, which says the same whatever is asked: it is read whole and sorted out here"
    try:
        instance.prove_whole()
    except SourceChanged as error:
        yield f"{PROBLEM}{error}"


def _added(http: Http, table: str) -> list[str]:
    """Names of the fields of the newest record that begin with u_; its values are not kept."""
    query = {"sysparm_query": "ORDERBYDESCsys_updated_on", "sysparm_limit": "1", "sysparm_no_count": "true"}
    try:
        rows: Iterable[Mapping[str, object]] = items(mapping(http.get(f"api/now/table/{table}", query)).get("result"))
    except (SourceRefused, SourceChanged):
        return []
    return sorted({name for row in rows for name in row if name.startswith("u_")})


def _told(count: int | None, table: str) -> str:
    if count == 0:
        return f"no record of {table} is visible: there is none, or the right to read them lacks"
    return f"{'an unknown number of' if count is None else f'{count:,}'} records of {table}"
