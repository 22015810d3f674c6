"""What a Zendesk says about itself, in sentences: what is found, what is missing, which right lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

from connectors import OwnField
from connectors.http import Http
from connectors.values import items, mapping, text_of
from connectors.zendesk.queries import Export, Item, NotOffered, Zendesk
from connectors.zendesk.reading import (
    RECORDS,
    SURVEY_LISTS,
    beside_of,
    field_ids,
    included,
    look_up,
    records_of,
    titles_of,
)
from connectors.zendesk.records import CHANGE, MILESTONE, TICKET, Known, Record, slim
from connectors.zendesk.settings import ZendeskSettings
from connectors.zendesk.surveys import systems_of

SKEW_SECONDS = 120
PROBLEM = "PROBLEM "
LOOKED_BACK = timedelta(days=30)
PARTS = (CHANGE, MILESTONE, TICKET)
LOOKS_LIKE = (
    *("risk", "cost", "budget", "benefit", "saving", "service", "application", "system", "outcome", "result"),
    *("satisf", "csat", "change", "approv", "rollout", "planned", "sponsor", "location", "site", "department"),
)


def tell(http: Http, settings: ZendeskSettings) -> Iterator[str]:
    """Sign in and look around. Sentences about what does not work begin with PROBLEM; errors of signing in are
    raised."""
    zendesk = Zendesk(http, settings)
    fields = zendesk.listed("ticket_fields", "ticket_fields")
    if fields is None:
        yield f"{PROBLEM}the ticket fields cannot be listed: is this the user of an administrator?"
    else:
        yield "signed in to Zendesk"
    skew = http.clock_skew
    if skew is not None and abs(skew.total_seconds()) > SKEW_SECONDS:
        yield f"the server's clock is {skew.total_seconds():+.0f} s from this machine's; the server's is used"
    yield from _fields(fields or (), settings)
    groups = zendesk.listed("groups", "groups")
    if groups is None:
        yield f"{PROBLEM}groups cannot be listed: teams have no names."
    else:
        yield f"{len(groups)} groups: {', '.join(sorted(str(g.get('name')) for g in groups)[:30]) or 'none'}"
    yield from _statuses(zendesk)
    yield from _changes(zendesk)
    yield from _surveys(zendesk)
    yield from _tickets(zendesk)


def own_fields(http: Http, settings: ZendeskSettings) -> Iterator[OwnField]:
    """The ticket fields that this account made itself."""
    for field in Zendesk(http, settings).listed("ticket_fields", "ticket_fields") or ():
        if is_own(field) and field.get("active") is not False:
            for part in PARTS:
                yield OwnField(part, str(field.get("id")), str(field.get("title")))


def is_own(field: Item) -> bool:
    """Whether people made this field; those of Zendesk cannot be removed."""
    return field.get("removable") is not False


def _fields(fields: Iterable[Item], settings: ZendeskSettings) -> Iterator[str]:
    """The account's own ticket fields, those that look like ours, and configured ones that are not among them."""
    own = [field for field in fields if is_own(field)]
    told = [f"{text_of(f.get('title'))} ({f.get('id')})" for f in own]
    yield f"{len(own)} ticket fields: {', '.join(sorted(told)[:60]) or 'none'}"
    read = {n for part in PARTS for ids in field_ids(own, settings.fields_of(part)).values() for n in ids}
    unread = [f for f in own if str(f.get("id")) not in read]
    like = [f for f in unread if any(word in title for title in titles_of(f) for word in LOOKS_LIKE)]
    if like:
        named = ", ".join(sorted(f"{text_of(f.get('title'))} ({f.get('id')})" for f in like)[:30])
        yield f"not read, but they look as if they mattered (name them in fields if they do): {named}"
    listed = {str(f.get("id")) for f in fields} | {title for f in fields for title in titles_of(f)}
    for part in PARTS:
        if part == CHANGE and settings.changes_from == "custom_object":
            continue  # these name fields of the object
        for name, wanted in settings.fields.get(part, {}).items():
            if listed and str(wanted).strip() and str(wanted).strip().casefold() not in listed:
                yield f"{PROBLEM}fields.{part}.{name} = {wanted!r} is not among them."
    yield from _twice(own, settings)


def _twice(own: list[Item], settings: ZendeskSettings) -> Iterator[str]:
    found = {
        settings.field(part, name): len(ids)
        for part in PARTS
        for name, ids in field_ids(own, settings.fields_of(part)).items()
    }
    for title, times in found.items():
        if times > 1:
            yield f"{times} ticket fields are {title!r}: the first that is filled is read"


def _statuses(zendesk: Zendesk) -> Iterator[str]:
    """Custom statuses, and which of them only their category tells what they mean."""
    statuses = zendesk.listed("custom_statuses", "custom_statuses")
    if statuses is None:
        yield "custom statuses are not offered to this user: statuses are new, open, pending, hold, solved, closed"
        return
    words = zendesk.settings.words["ticket_status"]
    labels = {
        str(s.get("agent_label")): str(s.get("status_category")) for s in statuses if s.get("active") is not False
    }
    unknown = sorted(f"{label} ({category})" for label, category in labels.items() if label.lower() not in words)
    if unknown:
        yield (
            f"custom statuses whose words are not known count as their category: {', '.join(unknown)}; "
            "values.ticket_status and values.change_status may name them"
        )


def _changes(zendesk: Zendesk) -> Iterator[str]:
    settings = zendesk.settings
    if settings.changes_from in ("", "form"):
        forms = zendesk.listed("ticket_forms", "ticket_forms")
        names = ", ".join(f"{form.get('name')} ({form.get('id')})" for form in forms or ())
        yield f"ticket forms: {names or ('none' if forms is not None else 'not offered to this user')}"
    if not settings.changes_from:
        yield f"{PROBLEM}changes_from is empty: no change and no milestone is read. Say what a change is."
    if settings.changes_from == "custom_object":
        yield _object(zendesk, settings.change_object)
    elif settings.changes_from and not settings.field("change", "status"):
        yield (
            "a solved change counts as done unless its outcome, a custom status or a tag says that it was refused or "
            "taken back (values.change_status); fields.change.status may name a field of yours instead"
        )
    if settings.changes_from and not settings.rollout_from_plan and not _dated(zendesk):
        undated = settings.changes_from == "custom_object" or not settings.rollout_from_solved
        yield (
            "no field tells when a change went live (fields.change.rollout_start_at): "
            + ("it stays unknown" if undated else "one that is done counts from the moment it was solved")
        )


def _dated(zendesk: Zendesk) -> bool:
    """Whether a field tells when changes went live; which fields a custom object has, is told with it."""
    own = zendesk.settings.field(CHANGE, "rollout_start_at")
    if zendesk.settings.changes_from == "custom_object":
        return bool(own)
    return bool(field_ids(zendesk.listed("ticket_fields", "ticket_fields") or (), {CHANGE: own}))


def _object(zendesk: Zendesk, key: str) -> str:
    """Which fields the first records of a custom object fill."""
    try:
        first: list[Item] = next(iter(zendesk.pages(records_of(key), RECORDS)), [])
    except NotOffered:
        return f"{PROBLEM}there is no custom object {key!r} for this user: correct change_object, or its permissions."
    keys = sorted({name for row in first for name in mapping(row.get("custom_object_fields"))})
    return f"fields of the custom object {key}: {', '.join(keys) or 'none seen'}"


def _surveys(zendesk: Zendesk) -> Iterator[str]:
    settings = zendesk.settings
    filled: dict[str, bool] = {}
    for system in systems_of(settings):
        path, name = SURVEY_LISTS[system]
        try:
            rows = next(iter(zendesk.pages(path, name)), [])
        except NotOffered:
            if settings.satisfaction != "auto":
                yield f"{PROBLEM}satisfaction = {system!r}, but {path} is not offered to this user."
            else:
                yield f"{path} is not offered to this user"
            continue
        filled[system] = bool(rows)
        yield f"{path}: {len(rows)} on the first page"
    if all(filled.values()) and len(filled) > 1:
        yield (
            "both kinds of answers are there: a rating is left out where a response answers for its ticket. Ratings "
            "are best or worst, responses also between: legacy_instrument = 'thumbs' keeps ratings out of satisfaction"
        )
    if settings.satisfaction == "auto" and not filled:
        yield (
            f"{PROBLEM}neither list of answers is offered (they are for administrators): the rating on each ticket is "
            "read instead, which has no date of its own."
        )


def _tickets(zendesk: Zendesk) -> Iterator[str]:
    """What one page of the latest tickets shows: words that are not known, and what did not come with them."""
    settings = zendesk.settings
    count = zendesk.ticket_count()
    if count is not None:
        yield f"{count:,} tickets"
    known = look_up(zendesk)
    begin = max(settings.start_at, zendesk.now() - LOOKED_BACK)
    export = next(islice(zendesk.tickets(begin, None, ",".join(included(settings))), 1))
    if not export.tickets:
        yield "no ticket changed in the last 30 days"
        return
    records = [slim(row, settings, known, beside_of(export)) for row in export.tickets]
    roles = Counter(str(record["role"]) for record in records)
    told = ", ".join(
        f"{roles[role]} {name}" for role, name in zip(PARTS, ("changes", "milestones", "tickets"), strict=True)
    )
    yield f"of the first {len(records)} that changed in the last 30 days: {told}"
    if not any(record["metrics"] for record in records):
        yield f"{PROBLEM}no metric sets came with the tickets: first answers, solutions and reopenings stay unknown."
    yield from _beside(export, settings)
    yield from _unknown_words(records, settings)
    yield from _unfilled(records, known)


def _beside(export: Export, settings: ZendeskSettings) -> Iterator[str]:
    for name in included(settings)[1:]:
        if not items(export.data.get(name)):
            yield f"{PROBLEM}no {name} came with the tickets: groups of customers from their fields stay unknown."


def _unknown_words(records: list[Record], settings: ZendeskSettings) -> Iterator[str]:
    for name, part in (("channel", "channel"), ("priority", "priority"), ("type", "ticket_kind")):
        used = {str(r[name]) for r in records if r.get(name) and r["role"] == TICKET}
        if unknown := sorted(word for word in used if word.lower() not in settings.words[part]):
            yield f"words for {name} that count as other: {', '.join(unknown[:20])} (values.{part} may name them)"


def _unfilled(records: list[Record], known: Known) -> Iterator[str]:
    """Fields that are read and that none of these records fills."""
    for role in PARTS:
        mine = [record for record in records if record["role"] == role]
        filled = {
            name for record in mine for name in (*record["fields"], *(["sponsor"] if "sponsor" in record else ()))
        }
        empty = sorted(set(known.fields[role]) - filled - {"change"})
        if mine and empty:
            yield f"of a {role}, these are not filled in any of them: {', '.join(empty)}"
