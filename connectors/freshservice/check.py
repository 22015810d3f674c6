"""What a Freshservice says about itself, in sentences: what is found, what is missing, which right lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.freshservice.account import NONE, Form, Workspace, all_workspaces, custom_fields, form, workspaces
from connectors.freshservice.approvals import NUMBERED_OTHERWISE, approvals
from connectors.freshservice.catalogue import service_type_ids
from connectors.freshservice.lists import NEWEST_FIRST, Item, Lists, told
from connectors.freshservice.reading import STATS, TRASH
from connectors.freshservice.settings import FreshserviceSettings
from connectors.freshservice.words import CLOSED
from connectors.http import Http
from connectors.values import mapping, text_of
from impact.model import SourceError, SourceRefused

SKEW_SECONDS = 120
PROBLEM = "PROBLEM "
LOOKED_FOR = {
    "service": r"service|product|application|system",
    "outcome": r"outcome|result|success|closure|post.?impl",
    "rollout_start_at": r"actual.?start|live|deployed|release.?date|go.?live",
    "planned_cost": r"cost|budget|effort",
    "expected_benefit_money": r"benefit|saving|value",
    "risk": r"\brisk",
    "satisfaction": r"satisf|csat|rating|feedback",
}
"""What a custom field may hold, by what its name or label looks like."""


def tell(http: Http, settings: FreshserviceSettings) -> Iterator[str]:
    """Sign in and look around. Sentences about what does not work begin with PROBLEM; errors of signing in are
    raised."""
    places = workspaces(http, settings)
    yield "signed in to Freshservice"
    skew = http.clock_skew
    if skew is not None and abs(skew.total_seconds()) > SKEW_SECONDS:
        yield f"the server's clock is {skew.total_seconds():+.0f} s from this machine's; the server's is used"
    if [name.lower() for name in settings.workspaces] != [NONE]:
        names = [f"{one.name} ({one.key})" for one in all_workspaces(http, settings)]
        read = [one.name for one in places if one.key]
        yield f"workspaces: {', '.join(names) or 'none'}; read: {', '.join(read) or 'the only one'}"
    for part in ("change", "ticket"):
        for place in places:
            yield from _guarded(f"{part}s", _part(http, settings, part, place))
    if settings.service_types:
        yield from _guarded("services", _services(http, settings))
    if settings.surveys:
        yield (
            "answers to surveys are asked for ticket by ticket: one request for each that was resolved or closed in "
            f"the last {settings.survey_days} days, in every pass (survey_hours makes that rarer)"
        )


def _guarded(stream: str, sentences: Iterator[str]) -> Iterator[str]:
    """The same sentences; a stream that is refused is told, and the others go on."""
    try:
        yield from sentences
    except SourceRefused:
        yield f"{PROBLEM}{stream} are refused: the agent lacks the right, or the plan does not have them."
    except SourceError as error:
        yield f"{PROBLEM}{stream}: {error}"


def _part(http: Http, settings: FreshserviceSettings, part: str, place: Workspace) -> Iterator[str]:
    lists, known = Lists(http, settings), form(http, part, place)
    where = f" in {place.name or place.key}" if place.key else ""
    if not known.seen:
        yield (
            f"{PROBLEM}the fields of {part}s{where} cannot be read: numbers keep their built-in meaning, and statuses "
            "of your own count as other"
        )
    asked = (STATS, ("updated_since", told(settings.start_at)), *NEWEST_FIRST)
    rows, more = next(lists.pages(place.listing(f"{part}s", f"{part}s", *asked)), ([], False))
    yield f"{part}s{where} updated since {settings.start}: {len(rows)}{' or more' if more else ''}"
    if not rows:
        yield f"{PROBLEM}no {part}s{where} are visible: there are none, or the scope of the agent leaves them out."
    yield from _words(rows, settings, part, known)
    yield from _fields(rows, settings, part, known)
    if part == "change":
        yield from _approvals(rows, settings, known)
    elif settings.reopenings:
        yield from _reopenings(rows)
    if rows and not any(mapping(row.get("stats")) for row in rows):
        yield f"{PROBLEM}{part}s come without stats: dates of resolution, closing or rollout stay unknown."
    if settings.deletions:
        plain = {row.get("id") for row in rows}
        for name, word in TRASH[part]:
            trash, _ = next(
                lists.pages(place.listing(f"{part}s", f"{part}s", asked[1], (name, word), optional=True)), ([], False)
            )
            if any(row.get(word) is False or row.get("id") in plain for row in trash):
                yield f"{PROBLEM}{part}s cannot be asked for {word} ones: those that are deleted stay as last read."


def _words(rows: list[Item], settings: FreshserviceSettings, part: str, known: Form) -> Iterator[str]:
    """Statuses that this account has or uses and whose meaning is not known."""
    labels = dict(known.labels.get("status", {}))
    for row in rows:
        value = text_of(row.get("status"))
        if value:
            labels.setdefault(value, value)
    for value, label in labels.items():
        if settings.meaning(f"{part}_status", label, value) is None:
            yield (
                f"{PROBLEM}the status {label!r} ({value}) of {part}s is not known; name it in values.{part}_status, "
                "else it counts as other."
            )


def _fields(rows: list[Item], settings: FreshserviceSettings, part: str, known: Form) -> Iterator[str]:
    own = dict.fromkeys(name for row in rows for name in custom_fields(row))
    yield f"custom fields of a {part}: {', '.join(sorted(own)) or 'none is seen'}"
    for canonical, pattern in LOOKED_FOR.items():
        found = [name for name in own if re.search(pattern, f"{name} {known.titles.get(name, '')}", re.IGNORECASE)]
        if found and (canonical == "satisfaction" or not settings.fields.get(part, {}).get(canonical)):
            yield f"fields that look like {canonical.replace('_', ' ')}: {', '.join(sorted(found))}"
    there = {*own, *known.titles, *(name for row in rows for name in row)}
    for canonical, wanted in settings.fields.get(part, {}).items():
        if wanted and rows and known.name(wanted) not in there:
            yield f"{PROBLEM}fields.{part}.{canonical} = {wanted!r} is not among the fields of {part}s."


def _approvals(rows: list[Item], settings: FreshserviceSettings, known: Form) -> Iterator[str]:
    """How the approvals of closed changes are understood, and when they were never released."""
    closed = [row for row in rows if text_of(row.get("status")) == CLOSED]
    counted, refused = approvals(rows, settings, known)
    if closed:
        told_counts = ", ".join(f"{value}: {count}" for value, count in sorted(counted.items()))
        yield f"approval status of {len(closed)} closed changes ({told_counts}); {refused} count as cancelled"
    if refused > len(closed) / 2:
        yield f"{PROBLEM}{NUMBERED_OTHERWISE}"
    unreleased = sum(not mapping(row.get("stats")).get("pending_release_at") for row in closed)
    if unreleased and not settings.field("change", "rollout_start_at"):
        yield f"{unreleased} of them were never Pending Release: no start of a rollout (fields.change.rollout_start_at)"


def _reopenings(rows: list[Item]) -> Iterator[str]:
    """Whether the stats say of nearly every ticket that it was reopened, which cannot be meant."""
    again = sum(bool(mapping(row.get("stats")).get("opened_at")) for row in rows)
    if len(rows) >= 10 and again > len(rows) / 2:
        yield (
            f"{PROBLEM}{again} of {len(rows)} tickets have opened_at in their stats: it seems not to be the latest "
            "reopening here. Set reopenings = false."
        )


def _services(http: Http, settings: FreshserviceSettings) -> Iterator[str]:
    kinds = service_type_ids(Lists(http, settings))
    if not kinds:
        names = ", ".join(settings.service_types)
        yield f"{PROBLEM}no asset type {names} is visible: services are those that changes and tickets name."
    else:
        yield f"{len(kinds)} asset types are services: {', '.join(settings.service_types)} and those below"
