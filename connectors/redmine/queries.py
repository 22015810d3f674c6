"""How a Redmine is asked: its lists, and how pages follow each other. Knows no canonical row."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.http import Http
from connectors.redmine.settings import RedmineSettings
from connectors.values import Unreadable, instant, whole
from impact.model import SourceChanged, SourceRefused

Item = Mapping[str, Any]
Place = tuple[datetime, int]
"""Where an issue stands in the order of updates: its update stamp (UTC), then its id."""
Params = Sequence[tuple[str, str]]
Filter = tuple[str, str, Sequence[object]]
"""Field, operator, values."""
ANY_STATUS: Filter = ("status_id", "*", ())
"""Without it only open issues are listed."""
IDS_AT_ONCE = 100
LONG_SILENCE = 1000
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Answer:
    """One page of a list. ``total``: how many there are, where the server says so."""

    items: tuple[Item, ...]
    total: int | None


class Redmine:
    """One Redmine, asked for lists. A wrong key is no error there: it shows what anybody may see, so signing in is
    proved first."""

    def __init__(self, http: Http, settings: RedmineSettings) -> None:
        self.http, self.settings = http, settings
        self._lists: dict[str, tuple[Item, ...] | None] = {}

    def sign_in(self) -> datetime:
        """Prove that the credentials are those of a user; the server's time. The answer, which holds the key, is not
        kept. Raises SourceRefused for wrong credentials or where the REST interface is off."""
        answer = self.http.get("users/current.json")
        if not isinstance(answer, dict) or not isinstance(answer.get("user"), dict):
            raise SourceChanged("users/current.json of Redmine came without a user. Is url its base address?")
        return self.http.server_time or datetime.now(UTC)

    def page(self, path: str, name: str, params: Params = (), *, offset: int = 0, limit: int | None = None) -> Answer:
        """One page of the list ``name`` at ``path``. Raises SourceChanged when the answer is no list."""
        limits = [("offset", str(offset)), ("limit", str(limit or self.settings.page_size))]
        answer = self.http.get(path, [*params, *limits])
        items = answer.get(name) if isinstance(answer, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise SourceChanged(f"The list {path} of Redmine came without {name}. Is url its base address?")
        return Answer(tuple(items), whole(answer.get("total_count")))

    def listed(self, path: str, name: str, params: Params = ()) -> Iterator[Item]:
        """Every item of a short list, each once, to its true end: nothing new, or a short page that ends the total."""
        seen: set[object] = set()
        offset = 0
        while True:
            answer = self.page(path, name, params, offset=offset)
            fresh = [item for item in answer.items if item.get("id") not in seen]
            seen.update(item.get("id") for item in fresh)
            yield from fresh
            offset += len(answer.items)
            short = len(answer.items) < self.settings.page_size
            if not fresh or (short and answer.total is not None and offset >= answer.total):
                return

    def trackers(self) -> tuple[Item, ...]:
        """All trackers of the site."""
        return self._once("trackers.json", "trackers") or ()

    def statuses(self) -> tuple[Item, ...]:
        """All statuses of the site, with ``is_closed``."""
        return self._once("issue_statuses.json", "issue_statuses") or ()

    def projects(self) -> tuple[Item, ...]:
        """The projects that the user sees."""
        return self._once("projects.json", "projects") or ()

    def custom_fields(self) -> tuple[Item, ...] | None:
        """All custom fields with their choices and defaults; None where only administrators may see them."""
        return self._once("custom_fields.json", "custom_fields", may_refuse=True)

    def groups(self) -> tuple[Item, ...] | None:
        """All groups; None where only administrators may see them."""
        return self._once("groups.json", "groups", may_refuse=True)

    def member_groups(self, project: object) -> tuple[Item, ...]:
        """The groups that are members of a project, as far as the user may see members."""
        members = self._once(f"projects/{project}/memberships.json", "memberships", may_refuse=True)
        return tuple(m["group"] for m in members or () if isinstance(m.get("group"), dict))

    def _once(self, path: str, name: str, *, may_refuse: bool = False) -> tuple[Item, ...] | None:
        """A short list, asked for once; None where the user may not read it and that is no error."""
        if path not in self._lists:
            try:
                self._lists[path] = tuple(self.listed(path, name))
            except SourceRefused:
                if not may_refuse:
                    raise
                self._lists[path] = None
        return self._lists[path]

    def by_update(self, where: Sequence[Filter], since: datetime) -> Generator[Answer, None, None]:
        """Issues updated since then, oldest update first, in pages of rows not given before.

        Each request begins at the update stamp of the last row before, so that issues which are updated meanwhile, and
        with that move to the end, push nothing out of sight. Where more share one second than fit on a page, the next
        begins inside it, with a row that is known, else it steps back. Raises SourceChanged when rows come that were
        not asked for, or in another order.
        """
        since = since.replace(microsecond=0)  # Redmine knows whole seconds, and its >= begins one earlier
        newest, known = since - SECOND, set[int]()  # the last second given, and what was given of it
        begins, offset, silent, looked_back = since, 0, 0, False
        while True:
            answer = self._since(where, begins, offset)
            places = [(stamp(row) or newest, whole(row.get("id")) or 0) for row in answer.items]
            self._judge(places, begins)
            if offset and (_fresh(places[0], newest, known) if places else not looked_back):
                offset, looked_back = max(0, offset - self.settings.page_size), not places
                silent = self._still(silent)
                continue
            fresh = []
            for row, place in zip(answer.items, places, strict=True):
                if _fresh(place, newest, known):
                    fresh.append(row)
                    newest, known = place[0], {place[1]} | (known if place[0] == newest else set())
            if fresh:
                yield Answer(tuple(fresh), answer.total)
                silent, looked_back = 0, False
            elif not places or (len(places) < self.settings.page_size and _reaches(offset + len(places), answer)):
                return
            silent = self._still(silent)
            begins, offset = (newest, 0) if newest > begins else (begins, offset + max(1, len(places) - 1))

    def _still(self, silent: int) -> int:
        if silent >= LONG_SILENCE:
            raise SourceChanged(f"Redmine says it has more issues, but gives none for {silent} requests.")
        return silent + 1

    def _since(self, where: Sequence[Filter], at: datetime, offset: int) -> Answer:
        updated: Filter = ("updated_on", ">=", (f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",))
        order = ("sort", "updated_on:asc,id:asc")
        include = ("include", "relations")
        return self.page(
            "issues.json", "issues", [*filtered(*where, ANY_STATUS, updated), order, include], offset=offset
        )

    def _judge(self, places: Sequence[Place], lowest: datetime) -> None:
        stamps = [place[0] for place in places]  # within a second, Redmine sorts by fractions that it does not show
        if stamps != sorted(stamps) or any(at < lowest - SECOND for at in stamps):
            raise SourceChanged(
                f"Redmine was asked for issues updated since {lowest:%Y-%m-%dT%H:%M:%SZ}, in that order, and gave "
                "others. Nothing can be synchronised safely from it."
            )

    def issues(self, *where: Filter) -> Iterator[Item]:
        """Every issue that fulfils ``where``, by id, each once."""
        yield from self.listed("issues.json", "issues", [*filtered(*where, ANY_STATUS), ("sort", "id:asc")])

    def numbered(self, *where: Filter) -> Iterator[Item]:
        """The same, whatever is added or deleted while pages are read: each begins behind the last number before it."""
        last = 0
        while True:
            behind: Filter = ("issue_id", ">=", (last + 1,))
            order = ("sort", "id:asc")
            rows = self.page("issues.json", "issues", [*filtered(*where, ANY_STATUS, behind), order]).items
            numbers = [whole(row.get("id")) or 0 for row in rows]
            if numbers != sorted(numbers) or min(numbers, default=last + 1) <= last:
                raise SourceChanged(f"Redmine was asked for issues from number {last + 1} on and gave others.")
            yield from rows
            if not rows:
                return
            last = numbers[-1]

    def by_ids(self, field: str, numbers: Sequence[int], *where: Filter) -> Iterator[Item]:
        """Issues whose ``field`` (issue_id, parent_id) is one of ``numbers``, as far as they are visible. Raises
        SourceChanged when others come."""
        for start in range(0, len(numbers), IDS_AT_ONCE):
            some = set(numbers[start : start + IDS_AT_ONCE])
            for row in self.issues((field, "=", (",".join(map(str, sorted(some))),)), *where):
                of = row.get("id") if field == "issue_id" else (row.get("parent") or {}).get("id")
                if whole(of) not in some:
                    raise SourceChanged(f"Redmine was asked for issues by {field} and gave others. Nothing is read.")
                yield row


def _fresh(place: Place, newest: datetime, known: set[int]) -> bool:
    """Whether a row was not given before: it is newer than the last second given, or of it and not among those."""
    return place[0] > newest or (place[0] == newest and place[1] not in known)


def _reaches(count: int, answer: Answer) -> bool:
    return answer.total is not None and count >= answer.total


def filtered(*filters: Filter) -> list[tuple[str, str]]:
    """Filters as parameters. The long form: it takes several projects and replaces the default filters."""
    params = []
    for field, operator, values in filters:
        params += [("f[]", field), (f"op[{field}]", operator)]
        params += [(f"v[{field}][]", str(value)) for value in values]
    return params


def stamp(row: Item) -> datetime | None:
    """When an issue was last updated; None when unknown."""
    try:
        return instant("updated_on", row.get("updated_on"))
    except Unreadable:
        return None
