"""What ``check`` says about a GLPI: its clock and zone, what is there, what may not be read, fields that look useful.
Knows no canonical row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from connectors import OwnField
from connectors.glpi import high_level, words
from connectors.glpi.children import COSTS, LINKS, TASKS
from connectors.glpi.queries import Glpi
from connectors.glpi.settings import HIGH_LEVEL, GlpiSettings
from connectors.http import Http
from connectors.values import mapping, text_of, whole
from impact.model import SourceRefused

PROBLEM = "PROBLEM "
SKEW = timedelta(minutes=2)
FROM_PARENT = -2
"""What an entity is set to that takes a setting from the one above it."""
PARTS = {"change": "Change", "ticket": "Ticket"}
LOOKS_USEFUL = re.compile(
    r"risk|cost|budget|benefit|service|outcome|result|success|satisf|risque|co[uû]t|risiko|kosten|nutzen", re.IGNORECASE
)
"""What a field is called that may hold something of ours."""
READ = ("Group", "ITILCategory", "Entity", "Location", "RequestType", "TaskCategory")
"""Lists that are read beside changes and tickets."""


def tell(http: Http, settings: GlpiSettings) -> Iterator[str]:
    """What works, what is there, and what does not work (a sentence that begins with ``PROBLEM``)."""
    if settings.api == HIGH_LEVEL:
        yield from high_level.visible(http, settings)
        yield from _clock(http)
        return
    glpi = Glpi(http, settings)
    version = glpi.version
    yield f"signed in to GLPI{f' {version}' if version else ''}"
    yield from _clock(http)
    yield from _zone(glpi)
    yield from _records(glpi)
    yield from _lists(glpi)
    yield from _histories(glpi)
    yield from _scale(glpi)
    yield from _fields(glpi)


def _clock(http: Http) -> Iterator[str]:
    skew = http.clock_skew
    if skew is not None and abs(skew) > SKEW:
        minutes = round(skew.total_seconds() / 60)
        yield f"its clock is {abs(minutes)} minutes {'ahead of' if minutes > 0 else 'behind'} this machine's"


def _zone(glpi: Glpi) -> Iterator[str]:
    """Whether the server's own time, read in the configured zone, is now."""
    settings, written = glpi.settings, glpi.written_time
    if written is None:
        yield (
            f"{PROBLEM}GLPI writes times without a zone and does not tell its clock here: timezone = "
            f"{settings.timezone!r} cannot be compared with it."
        )
        return
    now = glpi.http.server_time or datetime.now(UTC)
    quarters = round((written - now) / timedelta(minutes=15))
    if quarters == 0:
        yield f"times are read in the zone {settings.timezone}, which fits the server's clock now"
        return
    local = written.astimezone(settings.zone).replace(tzinfo=None)
    yield (
        f"{PROBLEM}the server writes {local:%H:%M} where it is {now:%H:%M} UTC: timezone = {settings.timezone!r} is "
        f"wrong by {abs(quarters) / 4:g} hours. Set the zone of the GLPI server (or of the user that reads)."
    )


def _records(glpi: Glpi) -> Iterator[str]:
    for itemtype, name in (("Change", "changes"), ("Ticket", "tickets")):
        try:
            there, trash = glpi.count(itemtype), glpi.count(itemtype, trash=True)
        except SourceRefused:
            yield f"{PROBLEM}{name} may not be read: the profile lacks the right to see all {name}."
            continue
        yield f"{there or 0:,} {name}, and {trash or 0:,} in the trash, which count as cancelled"
    for table, name, why in (
        (TASKS.itemtype, "tasks of changes", "no milestones"),
        ("TicketSatisfaction", "surveys", "no satisfaction"),
        (COSTS.itemtype, "costs of changes", "no actual costs"),
        (LINKS.itemtype, "links between tickets and changes", "no change_ids"),
    ):
        yield _counted(glpi, table, name, why)
    if "project_tasks" in glpi.settings.milestones_from:
        yield _counted(glpi, "ProjectTask", "tasks of projects", "no milestones from projects")
        yield (
            "GLPI shows tasks of projects only to members of their teams, whatever the profile: where the number above "
            "is too small, put the user that reads into the team of each task"
        )


def _counted(glpi: Glpi, itemtype: str, name: str, why: str) -> str:
    try:
        part = glpi.part(itemtype, 0, 0)
    except SourceRefused:
        return f"{PROBLEM}{name} ({itemtype}) may not be read: {why}. Give the profile the right to see them."
    return f"{part.total if part.total is not None else len(part.items):,} {name}"


def _lists(glpi: Glpi) -> Iterator[str]:
    types = glpi.settings.service_itemtypes if "item" in glpi.settings.services_from else ()
    for itemtype in (*READ, *types):
        try:
            part = glpi.part(itemtype, 0, 0)
        except SourceRefused:
            yield f"{PROBLEM}the list {itemtype} may not be read: names from it stay unknown."
            continue
        if itemtype in types:
            yield f"{part.total if part.total is not None else len(part.items):,} services of the type {itemtype}"


def _histories(glpi: Glpi) -> Iterator[str]:
    """Whether the history of a ticket may be read, tried on the first one."""
    if not glpi.settings.history:
        yield "histories are not read (history = false): first resolutions and reopenings are unknown"
        return
    for row in glpi.part("Ticket", 0, 0).items:
        try:
            glpi.part(f"Ticket/{row.get('id')}/Log", 0, 0)
        except SourceRefused:
            yield f"{PROBLEM}histories may not be read: reopenings are unknown. Give the profile the right to see logs."


def _scale(glpi: Glpi) -> Iterator[str]:
    """Whether entities ask on another scale than the settings say; newer versions tell it."""
    try:
        entities = list(glpi.table("Entity"))
    except SourceRefused:
        return
    own = [row for row in entities if whole(row.get("inquest_config")) not in (None, FROM_PARENT)]
    scales = {most for row in own if (most := whole(row.get("inquest_max_rate")))}
    if scales - {glpi.settings.csat_max}:
        yield (
            f"{PROBLEM}surveys go up to {', '.join(map(str, sorted(scales)))}, but csat_max is "
            f"{glpi.settings.csat_max:g}: answers are read wrongly unless GLPI tells them scaled to 5. Set csat_max."
        )


def _fields(glpi: Glpi) -> Iterator[str]:
    """Configured fields that do not exist, fields that look useful, and statuses that nobody knows."""
    settings = glpi.settings
    for part, itemtype in PARTS.items():
        sample = mapping(next(iter(glpi.part(itemtype, 0, 0).items), None))
        for canonical, name in settings.fields_of(part).items():
            if (
                name not in sample
                and glpi.option(itemtype, name) is None
                and canonical in settings.fields.get(part, {})
            ):
                yield f"{PROBLEM}fields.{part}.{canonical} = {name!r} is no column and no search option of {itemtype}."
        useful = [f"{about.label} ({about.name})" for about in _own(glpi, part) if LOOKS_USEFUL.search(about.label)]
        if useful:
            yield f"fields of a {part} that may hold something of use: {', '.join(sorted(useful)[:20])}"
    labels = {"change": words.CHANGE_STATUS, "ticket": words.TICKET_STATUS}
    for part, known in labels.items():
        status = text_of(mapping(next(iter(glpi.part(PARTS[part], 0, 0).items), None)).get("status"))
        if status and status not in known and status.lower() not in settings.words[f"{part}_status"]:
            yield f"{PROBLEM}the status {status!r} is not known; name it in values.{part}_status, else it is other."


def _own(glpi: Glpi, part: str) -> Iterator[OwnField]:
    """Search options of plugins: GLPI has no custom fields of its own before 11."""
    for number, about in glpi.options(PARTS[part]).items():
        if str(about.get("table", "")).startswith("glpi_plugin_"):
            yield OwnField(part, str(number), str(about.get("name")))


def own_fields(http: Http, settings: GlpiSettings) -> Iterator[OwnField]:
    """Fields that plugins added to changes and tickets."""
    if settings.api == HIGH_LEVEL:
        return
    glpi = Glpi(http, settings)
    for part in PARTS:
        yield from _own(glpi, part)
