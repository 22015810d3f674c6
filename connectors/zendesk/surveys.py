"""Which lists of answers to surveys are read, and what is kept of them. Knows no canonical row.

An account has the older ratings (good or bad) or the newer survey responses, seldom both. Answers come weeks after the
question, and do not touch the ticket: a window of days is read again in every pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from connectors import Page
from connectors.http import Http
from connectors.values import Unreadable, instant, items, text_of
from connectors.zendesk.queries import Item, Zendesk, prove
from connectors.zendesk.reading import SURVEY_LISTS
from connectors.zendesk.records import Record
from connectors.zendesk.settings import ZendeskSettings
from impact.model import SourceChanged

TICKET_ZRN = "zen:ticket:"


def systems_of(settings: ZendeskSettings) -> tuple[str, ...]:
    """The lists that the settings want: legacy, new, both or none; responses first."""
    return {"auto": ("new", "legacy"), "legacy": ("legacy",), "new": ("new",)}.get(settings.satisfaction, ())


def read_surveys(http: Http, settings: ZendeskSettings, since: datetime | None) -> Iterator[Page]:
    """Answers since then, and those of the last days again. A list that the account does not have is passed over
    where either may hold the answers; one that is named must be there. Responses come first: where one
    answers for a ticket, its rating is the same answer again."""
    zendesk = Zendesk(http, settings)
    wanted = [name for name in systems_of(settings) if zendesk.offers(*SURVEY_LISTS[name]) or named(settings)]
    now = zendesk.now()
    begin = min(since, now - timedelta(days=settings.survey_days)) if since else settings.start_at
    answered: set[str] = set()
    for system in wanted:
        for records in _pages(zendesk, system, max(begin, settings.start_at)):
            if system == "new":
                answered.update(ticket for record in records if record["answers"] for ticket in record["tickets"])
            else:
                records = tuple(record for record in records if text_of(record["ticket_id"]) not in answered)
            yield Page(records)
    reached = now - timedelta(minutes=settings.overlap_minutes)
    yield Page((), bookmark=max(reached, since) if since else reached)


def named(settings: ZendeskSettings) -> bool:
    """Whether the settings say which list holds the answers."""
    return settings.satisfaction in SURVEY_LISTS


def _pages(zendesk: Zendesk, system: str, begin: datetime) -> Iterator[tuple[Record, ...]]:
    path, name = SURVEY_LISTS[system]
    bound = str(int(begin.timestamp()))
    asked = [("start_time" if system == "legacy" else "filter[created_at_start]", bound)]
    slim = _rating if system == "legacy" else _response
    for rows in zendesk.pages(path, name, asked):
        if system == "legacy":
            prove(rows, begin)
        else:
            _prove_responses(rows, begin)
        yield tuple(map(slim, rows))


def _rating(row: Item) -> Record:
    kept = ("ticket_id", "score", "created_at", "updated_at")
    return {"id": text_of(row.get("id")), "system": "legacy"} | {key: row.get(key) for key in kept}


def _response(row: Item) -> Record:
    zrns = row.get("subject_zrns")
    named_zrns = [*(zrns if isinstance(zrns, list) else ()), *(s.get("zrn") for s in items(row.get("subjects")))]
    tickets = [z.removeprefix(TICKET_ZRN) for z in map(str, named_zrns) if z.startswith(TICKET_ZRN)]
    answers = [
        {"rating": answer.get("rating"), "created_at": answer.get("created_at")}
        for answer in items(row.get("answers"))
        if answer.get("rating") is not None
    ]
    return {
        "id": text_of(row.get("id")),
        "system": "new",
        "tickets": list(dict.fromkeys(tickets)),
        "created_at": row.get("created_at"),
        "updated_at": row.get("updated_at"),
        "expires_at": row.get("expires_at"),
        "answers": answers,
    }


def _prove_responses(rows: list[Item], begin: datetime) -> None:
    """Raises SourceChanged when responses come that are older than asked for, as far as they say when they began."""
    for row in rows:
        try:
            created = instant("created_at", row.get("created_at"))
        except Unreadable:
            continue
        if created and created < begin.replace(microsecond=0):
            raise SourceChanged(
                f"Zendesk was asked for survey responses since {begin:%Y-%m-%dT%H:%M:%SZ} and gave one of "
                f"{created:%Y-%m-%dT%H:%M:%SZ}. Nothing can be synchronised safely from it."
            )
