"""What an account has: its workspaces, the labels of its numbers, the names of its fields. Knows no record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from connectors import OwnField
from connectors.freshservice.lists import Item, Listing, Lists
from connectors.freshservice.settings import FreshserviceSettings
from connectors.http import Http
from connectors.values import items, text_of
from impact.model import SourceRefused

NONE = "none"
"""In ``workspaces``: the account has none, so they are not asked for."""
FORMS: Mapping[str, str] = {"change": "change_form_fields", "ticket": "ticket_form_fields"}


@dataclass(frozen=True)
class Workspace:
    """One workspace; ``key`` is empty in an account that has one only, where nothing needs to be asked for."""

    key: str = ""
    name: str = ""

    def listing(self, path: str, key: str, *params: tuple[str, str], optional: bool = False) -> Listing:
        """A list of this workspace."""
        own = [("workspace_id", self.key)] if self.key else []
        return Listing(path, key, [*own, *params], optional)


@dataclass(frozen=True)
class Form:
    """The fields of a kind of record. ``labels``: field name -> number -> label; ``titles``: field name -> what people
    see."""

    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def seen(self) -> bool:
        """Whether the agent may see the fields at all."""
        return bool(self.titles)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        by_title = {title.lower(): name for name, title in reversed(list(self.titles.items()))}
        return by_title | {name.lower(): name for name in self.titles}

    def label(self, name: str, value: object) -> str | None:
        """What this account calls the number of a field."""
        return self.labels.get(name, {}).get(str(value))

    def name(self, wanted: str) -> str:
        """The name of a field that is given by name or label."""
        return self._names.get(wanted.strip().lower(), wanted)


def workspaces(http: Http, settings: FreshserviceSettings) -> list[Workspace]:
    """The workspaces that are read. Raises SourceRefused when a configured one is not seen."""
    wanted = [name.strip().lower() for name in settings.workspaces]
    if wanted == [NONE]:
        return [Workspace()]
    found = all_workspaces(http, settings)
    for name in wanted:
        if name not in {word for one in found for word in (one.key, one.name.lower())}:
            seen = ", ".join(f"{one.name} ({one.key})" for one in found) or "none"
            raise SourceRefused(f"The workspace {name!r} is not seen in Freshservice. It sees: {seen}.")
    chosen = [one for one in found if one.key in wanted or one.name.lower() in wanted]
    return chosen or (found if len(found) > 1 else [Workspace()])


def all_workspaces(http: Http, settings: FreshserviceSettings) -> list[Workspace]:
    """Every workspace that the agent may see; none where the account knows no workspaces. A refusal is no proof that
    there are none: without the list only the primary one would be read."""
    listing = Listing("workspaces", "workspaces", optional=True)
    return [
        Workspace(key, text_of(row.get("name")) or "")
        for rows, _ in Lists(http, settings).pages(listing)
        for row in rows
        if (key := text_of(row.get("id")))
    ]


def form(http: Http, part: str, workspace: Workspace) -> Form:
    """The fields of changes or tickets in a workspace; an empty form where the agent may not see it."""
    asked = [("workspace_id", workspace.key)] if workspace.key else []
    answer = http.ask(FORMS[part], asked, missing_ok=True, accept=(403,))
    found = answer.data if answer.status == 200 and isinstance(answer.data, Mapping) else {}
    fields = next((items(value) for value in found.values() if isinstance(value, list)), [])
    named = [(name, about) for about in fields if (name := text_of(about.get("name")))]
    return Form(
        labels={name: _labels(about.get("choices")) for name, about in named},
        titles={name: text_of(about.get("label")) or name for name, about in named},
    )


def _labels(choices: object) -> dict[str, str]:
    """Number -> label, from a list of ``{id, value}`` or an object of them."""
    pairs: list[tuple[Any, Any]] = [(one.get("id"), one.get("value")) for one in items(choices)]
    if isinstance(choices, Mapping):
        pairs = [(key, value[0] if isinstance(value, list) and value else value) for key, value in choices.items()]
    return {str(key): label for key, value in pairs if key is not None and (label := text_of(value))}


def own_fields(http: Http, settings: FreshserviceSettings) -> Iterator[OwnField]:
    """The fields of changes and tickets that a set-up may propose, each once."""
    for part in FORMS:
        found: dict[str, str] = {}
        for workspace in workspaces(http, settings):
            found |= form(http, part, workspace).titles
        yield from (OwnField(part, name, title) for name, title in found.items())


def custom_fields(row: Item) -> Mapping[str, Any]:
    """The custom fields of a record, by name."""
    found = row.get("custom_fields")
    return found if isinstance(found, Mapping) else {}
