"""What needs a request for each change or ticket: the steps of changes and the answers to surveys. Knows no canonical
row."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from typing import Any

from connectors import Page
from connectors.freshservice.account import Form, Workspace, form, workspaces
from connectors.freshservice.lists import Item, Listing, Lists, Walk, stamp, stamp_of, told
from connectors.freshservice.marks import BETWEEN
from connectors.freshservice.reading import Pass, begin_of, walks
from connectors.freshservice.records import Record, answer_of, slim
from connectors.freshservice.settings import FreshserviceSettings
from connectors.freshservice.words import CLOSED, SOLVED
from connectors.http import Http
from connectors.paging import portions, side_by_side
from connectors.values import mapping, text_of, whole

PORTION = 50
"""Changes whose steps, and tickets whose answers, make a page: where a pass that breaks off goes on."""
ALL_ASKED = "all asked "
"""How a cursor begins that tells when every ticket of the last ``survey_days`` was asked."""
ENDED = ("done", "rolled_back", "cancelled")


def read_milestones(http: Http, settings: FreshserviceSettings, since: datetime | None) -> Iterator[Page]:
    """Steps of every open change, and of those that were updated."""
    return resume_milestones(http, settings, since, "")


def resume_milestones(
    http: Http, settings: FreshserviceSettings, since: datetime | None, cursor: str
) -> Iterator[Page]:
    """The same behind the change that the cursor names."""
    due = sorted(dict(_due(http, settings, since)).items())
    begin = begin_of(http, settings)
    done, _, told_begin = cursor.partition(BETWEEN)
    reached, begun = whole(done), stamp_of(told_begin)
    if reached is not None and begun is not None:
        due = [pair for pair in due if pair[0] > reached]
        begin = min(begin, begun) if begin else begun
    return _milestones(http, settings, due, begin)


def _due(http: Http, settings: FreshserviceSettings, since: datetime | None) -> Iterator[tuple[int, Form]]:
    """(number, fields) of the changes whose steps are read."""
    lists = Lists(http, settings)
    for place in workspaces(http, settings):
        known = form(http, "change", place)
        for rows in Walk(lists, place.listing("changes", "changes"), settings.start_at).portions():
            for row in rows:
                number, at = whole(row.get("id")), stamp(row)
                fresh = since is None or at is None or at >= since
                if number is not None and (fresh or is_open(row, settings, known)):
                    yield number, known


def is_open(row: Item, settings: FreshserviceSettings, known: Form) -> bool:
    """Whether steps of a change may still move: it is not closed. One that waits for its review is open."""
    status = text_of(row.get("status")) or ""
    number = whole(status)
    if status == CLOSED:
        return False
    own = number is not None and number > int(CLOSED)
    return not (own and settings.meaning("change_status", known.label("status", status), status) in ENDED)


def _milestones(
    http: Http, settings: FreshserviceSettings, due: list[tuple[int, Form]], begin: datetime | None
) -> Generator[Page, None, None]:
    lists = Lists(http, settings)

    def steps(pair: tuple[int, Form]) -> list[Record]:
        number, known = pair
        listing = Listing(f"changes/{number}/tasks", "tasks", optional=True)  # deleted meanwhile: no steps
        found = [row for rows, _ in lists.pages(listing) for row in rows]
        return [slim(row, "milestone", settings, known) | {"change": str(number)} for row in found]

    for some in portions(due, PORTION):
        records = [record for found in side_by_side(steps, some, workers=settings.parallel) for record in found]
        cursor = f"{some[-1][0]}{BETWEEN}{told(begin)}" if begin else None
        yield Page(tuple(records), cursor=cursor)
    yield Page((), bookmark=begin)


def read_surveys(http: Http, settings: FreshserviceSettings, since: datetime | None) -> Iterator[Page]:
    """The answers to the surveys of tickets that were resolved or closed in the last ``survey_days`` before the last
    pass, and since."""
    return resume_surveys(http, settings, since, "")


def resume_surveys(http: Http, settings: FreshserviceSettings, since: datetime | None, cursor: str) -> Iterator[Page]:
    """The same: after a break where it stopped, or told by the last pass when all those tickets were asked last."""
    places = workspaces(http, settings)
    forms = [form(http, "ticket", place) for place in places]
    begin = begin_of(http, settings)
    last = stamp_of(cursor.removeprefix(ALL_ASKED)) if cursor.startswith(ALL_ASKED) else None
    everything = not (since and last and begin and begin - last < timedelta(hours=settings.survey_hours))
    back = timedelta(days=settings.survey_days if everything else 0)
    first = max(settings.start_at, since - back) if since else settings.start_at
    this = Pass(http, settings, "ticket", first, begin)
    return _surveys(this, places, forms, cursor, begin if everything else last)


def _surveys(
    this: Pass, places: list[Workspace], forms: list[Form], cursor: str, all_asked: datetime | None
) -> Generator[Page, None, None]:
    begin = this.begin

    def ask(row: Item) -> Any:
        return this.http.get(f"tickets/{row.get('id')}/csat_response", missing_ok=True)

    for mark, walk in walks(this, places, cursor):
        begin = mark.begin
        for rows in walk.portions():
            solved = [row for row in rows if solved_since(row, this.since)]
            answers = side_by_side(ask, solved, workers=this.settings.parallel)
            records = tuple(
                slim(row, "ticket", this.settings, forms[mark.number]) | {"answer": answer_of(answer)}
                for row, answer in zip(solved, answers, strict=True)
            )
            yield Page(records, cursor=mark.text(places, walk.newest) if walk.sure else None)
    told_next = this.settings.survey_hours and all_asked
    yield Page((), bookmark=begin, cursor=f"{ALL_ASKED}{told(told_next)}" if told_next else None)


def solved_since(row: Item, first: datetime) -> bool:
    """Whether a ticket was resolved or closed since then. One that is solved and does not say when counts; one in trash
    does not."""
    if row.get("deleted") is True or row.get("spam") is True:
        return False
    stats = mapping(row.get("stats"))
    known = [at for at in (stamp_of(stats.get(key)) for key in ("resolved_at", "closed_at")) if at]
    return max(known) >= first if known else text_of(row.get("status")) in SOLVED
