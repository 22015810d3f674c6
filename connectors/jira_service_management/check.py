"""What a Jira says about itself, in sentences: what is found, what is missing, which right lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from connectors import OwnField
from connectors.http import Http
from connectors.jira_service_management.jql import all_of
from connectors.jira_service_management.reading import Jira
from connectors.jira_service_management.records import asked_fields
from connectors.jira_service_management.search import Query
from connectors.jira_service_management.settings import JiraSettings
from connectors.jira_service_management.site import Field, Item
from connectors.values import mapping, text_of
from impact.model import SourceChanged, SourceRefused

PROBLEM = "PROBLEM "
SKEW_SECONDS = 120
TELLING = re.compile(r"risk|impact|cost|benefit|service|outcome|satisf|csat|organi[sz]ation|rollout|go.?live", re.I)
PARTS = {"change": "change_types", "ticket": "ticket_types"}
NEWEST_FIRST = "updated DESC, key ASC"


def tell(http: Http, settings: JiraSettings) -> Iterator[str]:
    """Sign in and look around. Sentences about what does not work begin with PROBLEM; errors of signing in are
    raised."""
    jira = Jira(http, settings)
    jira.site.sign_in()
    yield f"signed in to Jira ({'Cloud' if settings.cloud else 'Data Center'})"
    skew = http.clock_skew
    if skew is not None and abs(skew.total_seconds()) > SKEW_SECONDS:
        yield f"the server's clock is {skew.total_seconds():+.0f} s from this machine's; the server's is used"
    if jira.site.zone:
        yield f"dates in queries are read in the time zone {jira.site.zone.key}"
    else:
        yield f"{PROBLEM}the time zone of the user is not known: set query_timezone, else a day more is read every time"
    for part, types in PARTS.items():
        if getattr(settings, types):
            try:
                yield from _issues(jira, part, types)
            except (SourceRefused, SourceChanged) as error:
                yield f"{PROBLEM}{part}s: {error}"
    yield from _milestones(jira)
    yield from _fields(jira)


def _issues(jira: Jira, part: str, types: str) -> Iterator[str]:
    names = jira.site.type_names(types)
    scope = jira.scope(names)
    count = jira.search.count(all_of(scope))
    told = "an unknown number of" if count is None else f"{count:,}"
    yield f"{told} {part}s, of the issue types {', '.join(names)}"
    fields = asked_fields(part, jira.settings, jira.known(part))
    found = next(jira.search.pages(Query(f"{part}s", all_of(scope, order=NEWEST_FIRST), fields, 50)), None)
    rows = found.issues if found else ()
    if not rows:
        yield (
            f"{PROBLEM}no {part}s are visible: there are none, or the user may not browse the project, or issue "
            "security hides them."
        )
    yield from _statuses(jira.settings, part, rows)


def _statuses(settings: JiraSettings, part: str, rows: Iterable[Item]) -> Iterator[str]:
    """Statuses in use whose meaning only follows from their category, or not at all."""
    words = settings.words[f"{part}_status"]
    used = {}
    for row in rows:
        status = mapping(mapping(row.get("fields")).get("status"))
        used[str(status.get("name"))] = text_of(mapping(status.get("statusCategory")).get("key"))
    for name, category in sorted(used.items()):
        if name.strip().lower() not in words:
            yield (
                f"{PROBLEM}the status {name!r} (category {category}) is not known; name it in values.{part}_status, "
                "else its category and the resolution decide."
            )


def _milestones(jira: Jira) -> Iterator[str]:
    if not jira.settings.change_types:
        return
    try:
        steps = jira.site.step_types()
    except SourceRefused as error:
        yield f"{PROBLEM}milestones: {error}"
        return
    kinds = f"children of changes of the types {', '.join(steps)}" if steps else ""
    versions = "fix versions of changes" if jira.settings.versions else ""
    yield f"milestones are: {' and '.join(filter(None, (kinds, versions))) or 'none'}"


def _fields(jira: Jira) -> Iterator[str]:
    """Which fields are read, which configured ones are not there, and which look as if they should be."""
    settings, used = jira.settings, set[str]()
    for part in settings.FIELDS:
        told = []
        for name, fields in jira.site.fields_for(part).items():
            used |= {field.id for field in fields}
            told += [f"{name} from {fields[0].name!r}"] if fields else []
            if not fields and settings.fields.get(part, {}).get(name):
                yield f"{PROBLEM}fields.{part}.{name} = {settings.field(part, name)!r} is no field of this Jira."
        yield f"fields of a {part}: {', '.join(told) or 'none of its own'}"
    if not jira.site.fields_for("ticket")["csat"]:
        yield "no field for satisfaction is visible: no answers to surveys are read"
    elif settings.csat_asked == "answered":
        yield "Jira does not tell who was asked and did not answer: there is no response rate"
    unused = [field for field in jira.site.fields if field.id not in used and TELLING.search(field.name)]
    if unused:
        shown = ", ".join(f"{field.name} ({field.id})" for field in islice(unused, 30))
        yield f"fields that are not read and may be of use: {shown}"


def own_fields(http: Http, settings: JiraSettings) -> Iterator[OwnField]:
    """The fields that a company made itself, for each part of ``fields``, and what they are read for as they are."""
    site = Jira(http, settings).site
    for part in settings.FIELDS:
        read_as = {field.id: name for name, fields in site.fields_for(part).items() for field in fields}
        for field in site.fields:
            if _is_own(field):
                yield OwnField(part, field.id, field.name, read_as.get(field.id, ""))


def _is_own(field: Field) -> bool:
    return field.id.startswith("customfield_")
