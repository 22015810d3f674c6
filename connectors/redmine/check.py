"""What a Redmine says about itself, in sentences: what is found, what is missing, which right lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from connectors import OwnField
from connectors.http import Http
from connectors.redmine.queries import ANY_STATUS, Filter, Item, Redmine, filtered
from connectors.redmine.reading import chosen_projects, groups_of, in_projects, tracker_ids
from connectors.redmine.settings import FIELDS, RedmineSettings
from connectors.values import items

SKEW_SECONDS = 120
PROBLEM = "PROBLEM "


def tell(http: Http, settings: RedmineSettings) -> Iterator[str]:
    """Sign in and look around. Sentences about what does not work begin with PROBLEM; errors of signing in are
    raised."""
    redmine = Redmine(http, settings)
    redmine.sign_in()
    yield "signed in to Redmine"
    skew = http.clock_skew
    if skew is not None and abs(skew.total_seconds()) > SKEW_SECONDS:
        yield f"the server's clock is {skew.total_seconds():+.0f} s from this machine's; the server's is used"
    projects = [str(p.get("name")) for p in chosen_projects(redmine)]
    yield f"{len(projects)} projects are read: {', '.join(sorted(projects)[:30])}"
    trackers = tracker_ids(redmine)
    names = {t.get("id"): str(t.get("name")) for t in redmine.trackers()}
    yield f"trackers: {', '.join(names.values()) or 'none'}"
    if not trackers.changes:
        yield f"{PROBLEM}change_trackers is empty: no change and no milestone is read. Name those that hold changes."
    yield from _teams(redmine)
    yield from _survey(redmine)
    yield from _issues(redmine, "change", trackers.changes, "changes")
    yield from _issues(redmine, "ticket", trackers.tickets, "tickets")
    if trackers.changes and "children" in settings.milestones_from:
        asked: tuple[Filter, ...] = (("tracker_id", "=", trackers.milestones), ("parent_id", "*", ("",)))
        page = redmine.page("issues.json", "issues", filtered(*asked, *in_projects(redmine), ANY_STATUS))
        yield f"{_count(page.total)} child issues, of which those of changes become milestones"
        yield from _fields_of("milestone", page.items, settings)
        yield from _statuses(redmine, "milestone", page.items)


def _teams(redmine: Redmine) -> Iterator[str]:
    if "group" not in redmine.settings.teams_from:
        return
    all_groups = redmine.groups()
    groups = groups_of(redmine)
    seen = "all" if all_groups is not None else "members of projects (only administrators may list all)"
    yield f"{len(groups)} groups are visible, {seen}: {', '.join(sorted(groups.values())[:30]) or 'none'}"
    if not groups:
        yield "an issue that is assigned to a group shows no team, because no group is visible"


def _survey(redmine: Redmine) -> Iterator[str]:
    """Whether the satisfaction field has a score before anybody answers."""
    wanted = redmine.settings.field("ticket", "csat")
    fields = redmine.custom_fields()
    if fields is None:
        yield (
            "definitions of custom fields cannot be read (only administrators may): fields of the format key/value "
            "list show numbers, and whether the satisfaction field has a default score is not known (csat_default)"
        )
        return
    for about in fields:
        if wanted and wanted.casefold() in (str(about.get("id")), str(about.get("name")).casefold()):
            default = about.get("default_value")
            if default not in (None, ""):
                yield (
                    f"{PROBLEM}the satisfaction field {wanted!r} has the default {default!r}: it is taken for an "
                    "answer only where the history shows that somebody gave it. Better take it away in Redmine."
                )


def _issues(redmine: Redmine, part: str, trackers: tuple[int, ...], name: str) -> Iterator[str]:
    if not trackers:
        return
    where = [("tracker_id", "=", trackers), *in_projects(redmine)]
    newest = [*filtered(*where, ANY_STATUS), ("sort", "id:desc")]
    page = redmine.page("issues.json", "issues", newest)
    yield f"{_count(page.total)} {name}"
    if not page.items:
        yield f"{PROBLEM}no {name} are visible: either there are none, or the right to view issues lacks."
    yield from _fields_of(part, page.items, redmine.settings)
    ended = redmine.page("issues.json", "issues", [*filtered(*where, ("status_id", "c", ("",))), ("sort", "id:desc")])
    yield from _statuses(redmine, part, (*page.items, *ended.items))


def _statuses(redmine: Redmine, part: str, rows: Iterable[Item]) -> Iterator[str]:
    """Statuses in use whose meaning is not known, or is another than Redmine's own."""
    words = redmine.settings.words[f"{part}_status"]
    used = {str((row.get("status") or {}).get("name")) for row in rows if isinstance(row.get("status"), Mapping)}
    closed = {str(s.get("name")): bool(s.get("is_closed")) for s in redmine.statuses()}
    for status in sorted(used):
        meaning = words.get(status.strip().lower())
        guess = "closed or open as Redmine has it" if part == "ticket" else "other"
        if meaning is None:
            told = f"the status {status!r} is not known; name it in values.{part}_status, else it counts as {guess}."
            yield PROBLEM + told
        elif closed.get(status) and meaning in ("open", "waiting", "planned", "running"):
            yield f"{PROBLEM}the status {status!r} is closed in Redmine, but values.{part}_status has it as {meaning}."


def _fields_of(part: str, rows: Iterable[Item], settings: RedmineSettings) -> Iterator[str]:
    """Which custom fields the newest records have, and which configured ones are not among them."""
    found = _custom(rows)
    told = ", ".join(f"{name} ({number})" for number, name in sorted(found.items(), key=lambda f: f[1]))
    yield f"custom fields of a {part}: {told or 'none is visible'}"
    names = {name.strip().casefold() for name in found.values()}
    for name in FIELDS[part]:
        wanted = settings.field(part, name)
        if name in settings.fields.get(part, {}) and wanted and wanted not in found and wanted.casefold() not in names:
            yield f"{PROBLEM}fields.{part}.{name} = {wanted!r} is not among them."


def _custom(rows: Iterable[Item]) -> dict[str, str]:
    """Id -> name of the custom fields that issues have."""
    fields = (custom for row in rows for custom in items(row.get("custom_fields")))
    return {str(custom.get("id")): str(custom.get("name")) for custom in fields}


def own_fields(http: Http, settings: RedmineSettings) -> Iterator[OwnField]:
    """The custom fields of the newest issues of each part."""
    redmine = Redmine(http, settings)
    trackers = tracker_ids(redmine)
    parts = {"change": trackers.changes, "milestone": trackers.milestones, "ticket": trackers.tickets}
    for part, numbers in parts.items():
        where = [("tracker_id", "=", numbers), *in_projects(redmine)]
        if numbers:
            newest = redmine.page("issues.json", "issues", [*filtered(*where, ANY_STATUS), ("sort", "id:desc")])
            for name in _custom(newest.items).values():
                yield OwnField(part, name, name)


def _count(total: int | None) -> str:
    return "an unknown number of" if total is None else f"{total:,}"
