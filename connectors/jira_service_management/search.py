"""What both kinds of Jira answer to a search, and what an answer must prove. Knows no paging and no row."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from connectors.http import Answer
from connectors.jira_service_management.site import Item
from connectors.values import Unreadable, instant, items
from impact.model import SourceChanged

Histories = Mapping[str, Sequence[Item]]
"""Issue id -> entries of its history, as far as they were told."""


@dataclass(frozen=True)
class Query:
    """What is searched for: ``what`` in words, which fields are sent, of which fields the history, how many a page."""

    what: str
    jql: str
    fields: tuple[str, ...]
    size: int
    history: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """A page of issues, with their histories where they were wanted, and what the server says their number is.
    ``end``: the offset behind it, where pages have offsets."""

    issues: tuple[Item, ...]
    histories: Histories
    total: int | None = None
    end: int = 0


class Search(Protocol):
    """How one kind of Jira is searched."""

    def pages(self, query: Query, *, first: int = 0) -> Generator[Found, None, None]:
        """All issues in pages, in the order that the query says. ``first``: where pages have offsets, the first."""

    def count(self, jql: str) -> int | None:
        """How many issues there are; None where the Jira does not tell."""


def listed(answer: Answer, what: str) -> list[Item]:
    """The issues of an answer. Raises SourceChanged when it holds none, or tells of an error."""
    said = answer.data
    if answer.status == 400:
        raise SourceChanged(
            f"Jira does not accept the query for {what} (400). Does the user see the projects and issue types that are "
            "configured? check tells which there are."
        )
    if answer.status == 410:
        raise SourceChanged(
            "Jira has taken this way of searching away (410): it is Jira Cloud. Set deployment = 'cloud'."
        )
    found = said.get("issues") if isinstance(said, Mapping) else None
    if not isinstance(found, list) or len(items(found)) != len(found):
        raise SourceChanged("A search of Jira came without issues. Is url its base address?")
    return items(found)


def stamp(row: Mapping[str, Any], key: str = "updated") -> datetime | None:
    """When an issue was last updated; None when unknown."""
    try:
        return instant(key, row.get(key))
    except Unreadable:
        return None


def prove(rows: Iterable[Item], fits: Callable[[Item], bool], what: str) -> None:
    """Raises SourceChanged when an issue comes that was not asked for."""
    if not all(map(fits, rows)):
        raise SourceChanged(f"Jira was asked for {what} and gave others. Nothing can be read safely from it.")
