"""What an iTop says about itself, in sentences: what is found, what is missing, which right lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from connectors import OwnField
from connectors.http import Http
from connectors.itop.beside import CI_LINKS, CI_SERVICES, HISTORY, TARGETS, history_size
from connectors.itop.queries import BadQuery, Itop, NoRight
from connectors.itop.reading import UNSTAMPED, WORK_ORDER, shapes_of, stamp_of
from connectors.itop.settings import ItopSettings
from connectors.itop.times import literal
from connectors.values import text_of
from impact.model import SourceChanged, SourceRefused

PROBLEM = "PROBLEM "
SKEW_SECONDS = 120
SLACK = timedelta(minutes=5)
LOOK_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=30), timedelta(days=36_500))
STANDARD = frozenset(
    word
    for line in (
        "acceptance_comment acceptance_date agent approbation_date approval_comment approval_date approver",
        "archive archive_date assignment_date caller category change child_changes child_incidents child_requests",
        "close_date contacts creation_date cumulatedpending description end_date escalation_flag escalation_reason",
        "fallback fallback_plan finalclass friendlyname functionalcis id impact knownerrors last_pending_date",
        "last_update log manager manager_group name obsolescence obsolescence_date operational_status org",
        "origin outage parent parent_change parent_incident parent_problem parent_request pending_reason",
        "priority private_log public_log reason ref related_incident related_incidents related_problem",
        "related_problems related_request related_requests request_type requestor resolution_code",
        "resolution_date service service_details servicesubcategory sla_tto_over sla_tto_passed sla_ttr_over",
        "sla_ttr_passed solution start_date status supervisor supervisor_group team ticket time_spent title",
        "tto tto_escalation_deadline ttr ttr_escalation_deadline urgency user_comment user_satisfaction",
        "workorders",
    )
    for word in line.split()
)
"""Codes of the standard data model, without what stands for the same (``_id``, ``_name``, ...)."""
SAME = re.compile(r"_(id|name|ref|email|list|flag|friendlyname|finalclass_recall|obsolescence_flag|id_.*)$")


def tell(http: Http, settings: ItopSettings) -> Iterator[str]:
    """Sign in and look around. Sentences about what does not work begin with PROBLEM; errors of signing in are
    raised."""
    itop = Itop(http, settings)
    version = text_of(itop.ask({"operation": "list_operations"}, "its operations").get("version"))
    yield f"signed in to iTop (web service {version or 'of unknown version'})"
    skew = http.clock_skew
    if skew is not None and abs(skew.total_seconds()) > SKEW_SECONDS:
        yield f"the server's clock is {skew.total_seconds():+.0f} s from this machine's"
    yield (
        f"times are read as those of {settings.timezone} (timezone), in the form {settings.date_format} (date_format); "
        "iTop tells neither"
    )
    for part, kinds in (("change", settings.change_classes), ("ticket", settings.ticket_classes)):
        if not kinds:
            yield f"{part}_classes is empty: no {part} is read"
            continue
        try:
            yield from _part(itop, part, kinds)
        except (SourceRefused, SourceChanged) as error:
            yield f"{PROBLEM}{error}"
    yield from _milestones(itop)
    yield from _history(itop)
    yield from _beside(itop)


def own_fields(http: Http, settings: ItopSettings) -> Iterator[OwnField]:
    """Fields that are no part of the standard data model, as one object of each class shows them."""
    itop = Itop(http, settings)
    parts = {"change": settings.change_classes, "milestone": (WORK_ORDER,), "ticket": settings.ticket_classes}
    for part, kinds in parts.items():
        codes = {code for kind in kinds for code in _codes(itop, kind)}
        for code in sorted(codes):
            yield OwnField(part, code, code.replace("_", " "))


def _codes(itop: Itop, kind: str) -> list[str]:
    try:
        found = itop.get(kind, fields=("*+",), limit=1).items
    except (BadQuery, NoRight):
        return []
    return [code for item in found for code in item.fields if not {code, SAME.sub("", code)} & STANDARD]


def _part(itop: Itop, part: str, kinds: Iterable[str]) -> Iterator[str]:
    settings = itop.settings
    shapes = shapes_of(itop, part, kinds)
    for kind in kinds:
        if kind not in shapes:
            yield f"there is no class {kind} in this iTop, so it is passed over ({part}_classes)"
    totals: dict[str, int | None] = {}
    for kind, fields in shapes.items():
        totals[kind] = itop.get(kind, limit=1).count
        yield f"{_count(totals[kind])} objects of the class {kind} are visible"
        yield from _fields(settings, part, kind, fields)
        yield from _zone(itop, kind)
        yield from _statuses(itop, part, kind)
        without = itop.counted(kind, UNSTAMPED)
        if without:
            yield f"{without} of the class {kind} have no last_update; they are read by full passes only"
        if own := sorted(set(_codes(itop, kind))):
            yield f"fields of your own in the class {kind}, for fields.{part}: {', '.join(own)}"
    if not any(totals.values()):
        yield f"{PROBLEM}no {part} is visible: either there is none, or the user may not see the organizations."
    if part == "ticket":
        yield from _survey(itop, shapes)


def _fields(settings: ItopSettings, part: str, kind: str, fields: Iterable[str]) -> Iterator[str]:
    has = set(fields)
    missing = {name: code for name, code in settings.fields_of(part).items() if code not in has}
    for name in settings.fields.get(part, {}):
        if name in missing:
            yield f"{PROBLEM}fields.{part}.{name} = {missing.pop(name)!r} is no field of the class {kind}."
    if part == "ticket":
        missing.pop("kind", None)  # its class says enough
    if missing:
        yield f"the class {kind} has no {', '.join(missing.values())}; what they would tell stays unknown"


def _zone(itop: Itop, kind: str) -> Iterator[str]:
    """What the newest update says about the time zone: one in the future proves that it is wrong."""
    limit = itop.settings.list_size
    now, zone = itop.http.server_time or datetime.now(UTC), itop.settings.zone

    def since(at: datetime) -> str:
        return f"last_update >= {literal(at.astimezone(zone).replace(tzinfo=None))}"

    ahead = itop.counted(kind, since(now + SLACK))
    if ahead:
        yield (
            f"{PROBLEM}{ahead} of the class {kind} were updated in the future if the server is in "
            f"{itop.settings.timezone}. Set timezone to the one in iTop's configuration file."
        )
        return
    for back in LOOK_BACK:
        where = since(max(now - back, itop.settings.start_at))
        if itop.counted(kind, where):
            stamps = [
                stamp_of(item, itop.settings) for item in itop.get(kind, where, ("id", "last_update"), limit).items
            ]
            newest = max((at for at in stamps if at), default=None)
            if newest:
                shown = newest.astimezone(zone)
                yield (
                    f"the newest update of the class {kind} is {shown:%Y-%m-%d %H:%M:%S} in iTop, read as "
                    f"{newest:%Y-%m-%dT%H:%M:%SZ}; the server's clock says {now:%Y-%m-%dT%H:%M:%SZ}"
                )
            return


def _statuses(itop: Itop, part: str, kind: str) -> Iterator[str]:
    known = sorted(word for word in itop.settings.words[f"{part}_status"] if re.fullmatch(r"[\w -]+", word))
    where = f"status NOT IN ({','.join(f'{chr(39)}{word}{chr(39)}' for word in known)})"
    try:
        found = itop.get(kind, where, ("id", "status"), limit=100).items
    except BadQuery:
        return
    for status in sorted({str(item.fields.get("status")) for item in found} - set(known)):
        yield f"{PROBLEM}the status {status!r} is not known; name it in values.{part}_status, else it counts as other."


def _survey(itop: Itop, shapes: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    code = itop.settings.field("ticket", "csat")
    for kind, fields in shapes.items():
        if code in fields:
            closed = itop.counted(kind, "status = 'closed'")
            chosen = itop.counted(kind, f"status = 'closed' AND {code} != '1'")
            yield (
                f"{_count(closed)} closed of the class {kind}, {_count(chosen)} with another satisfaction than 1; "
                "those with 1 count as answered only with a comment, or where the history shows that 1 was chosen"
            )


def _milestones(itop: Itop) -> Iterator[str]:
    try:
        fields = itop.shape(WORK_ORDER, ("id", "ticket_id", "status"), itop.settings.fields_of("milestone").values())
        if fields is None:
            yield f"there is no class {WORK_ORDER} in this iTop: no milestones"
            return
        for kind in itop.settings.change_classes:
            where = f"{WORK_ORDER} AS w JOIN {kind} AS c ON w.ticket_id = c.id"
            yield f"{_count(itop.counted(where))} work orders of the class {kind} become milestones"
        yield from _fields(itop.settings, "milestone", WORK_ORDER, fields)
    except (SourceRefused, SourceChanged) as error:
        yield f"{PROBLEM}{error}"


def _history(itop: Itop) -> Iterator[str]:
    settings = itop.settings
    size = history_size(itop) if settings.history else 0
    if size:
        yield "the history of status, team and satisfaction is readable"
        return
    why = "history = false"
    if settings.history:
        why = f"the user {'may not read' if size is None else 'sees no object of'} the class {HISTORY}"
    if settings.rollout_from == "history":
        yield (
            f"{PROBLEM}no change gets rollout dates, because {why}. Give the user a profile that may read and "
            "bulk-read it (Administrator may), or set rollout_from: 'plan' takes the planned dates for the actual "
            "ones, 'close' the closing date, 'field' a field of yours."
        )
    yield f"reopenings, moves between teams, first resolutions and ends of work orders stay unknown, because {why}"


def _beside(itop: Itop) -> Iterator[str]:
    wanted = {
        "Team": "no team has a name",
        "Service": "no service has a name",
        "Organization": "no department has a name",
        "Location": "no location has a name",
        "Person": "the locations of customers stay unknown",
        CI_LINKS: "the configuration items of changes stay unknown",
        CI_SERVICES: "configuration items are not linked with the services they are part of",
    }
    for kind, loss in wanted.items():
        try:
            yield f"{_count(itop.get(kind, limit=1).count)} objects of the class {kind} are visible"
        except NoRight:
            yield f"{PROBLEM}the class {kind} may not be read by this user: {loss}."
        except BadQuery:
            yield f"there is no class {kind} in this iTop: {loss}"
    targets = itop.counted(TARGETS, "metric = 'ttr'")
    if targets == 0:
        yield "no target for the time to resolve is defined (class SLT), so whether tickets met theirs stays unknown"


def _count(total: int | None) -> str:
    return "an unknown number of" if total is None else f"{total:,}"
