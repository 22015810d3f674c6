"""How one Jira is asked for its lists: fields, types, statuses, versions, and who asks. Knows no search and no row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.http import Http
from connectors.jira_service_management.settings import CHANGE_TYPES, TICKET_TYPES, JiraSettings
from connectors.values import items, mapping, text_of
from impact.model import SourceChanged, SourceRefused

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Field:
    """A field of a Jira. ``kind``: the key of its type, the same in every language."""

    id: str
    name: str
    kind: str

    @property
    def clause(self) -> str:
        """Its name in queries."""
        return f"cf[{self.id.rpartition('_')[2]}]" if self.id.startswith("customfield_") else self.id

    def answers_to(self, wanted: str) -> bool:
        """Whether this is the field that a setting names: by id, by name in any case, or by (the end of) its kind."""
        return wanted in (self.id, self.kind, self.kind.rpartition(":")[2]) or (
            wanted.casefold() == self.name.strip().casefold()
        )


class Site:
    """One Jira, asked for lists, each once."""

    def __init__(self, http: Http, settings: JiraSettings) -> None:
        self.http, self.settings = http, settings
        self.rest = f"rest/api/{3 if settings.cloud else 2}"

    def sign_in(self) -> datetime:
        """Prove that the credentials are those of a user (a search without any shows what anybody may see); the
        server's time."""
        _ = self._me
        return self.http.server_time or datetime.now(UTC)

    @cached_property
    def _me(self) -> Item:
        answer = self.http.ask(f"{self.rest}/myself", accept=(404,))
        if answer.status == 404 or not isinstance(answer.data, Mapping) or not _is_user(answer.data):
            other = "data_center" if self.settings.cloud else "cloud"
            raise SourceChanged(
                f"{self.rest}/myself of Jira came without a user. Is url its base address? If this is no Jira "
                f"{'Cloud' if self.settings.cloud else 'Data Center'}, set deployment = {other!r}."
            )
        return {"timeZone": answer.data.get("timeZone")}  # nothing else of it is needed, and it names a person

    @cached_property
    def zone(self) -> ZoneInfo | None:
        """The zone in which dates in queries are read; None where the Jira does not tell."""
        named = self.settings.query_timezone or text_of(self._me.get("timeZone"))
        try:
            return ZoneInfo(named) if named else None
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """All fields that the user may see."""
        return tuple(
            Field(
                str(field.get("id")), str(field.get("name")), text_of(mapping(field.get("schema")).get("custom")) or ""
            )
            for field in self._listed(f"{self.rest}/field")
        )

    def fields_for(self, part: str) -> dict[str, tuple[Field, ...]]:
        """Canonical field -> the fields that may hold it, the preferred one first; several may share a name."""
        found = {}
        for name in self.settings.FIELDS[part]:
            wanted = self.settings.candidates(part, name)
            fields = [field for one in wanted for field in self.fields if field.answers_to(one)]
            found[name] = tuple(dict.fromkeys(fields))
        return found

    @cached_property
    def types(self) -> tuple[Item, ...]:
        """All issue types that the user may see."""
        return self._listed(f"{self.rest}/issuetype")

    @cached_property
    def categories(self) -> dict[str, str]:
        """Status, by id and by name in lower case -> its category: new, indeterminate or done."""
        found: dict[str, str] = {}
        for status in self._listed(f"{self.rest}/status"):
            category = text_of(mapping(status.get("statusCategory")).get("key"))
            for word in (text_of(status.get("id")), (text_of(status.get("name")) or "").lower()):
                if word and category:
                    found.setdefault(word, category)
        return found

    def versions(self, project: str) -> tuple[Item, ...]:
        """All versions of a project; none where it is not seen any more."""
        answer = self.http.get(f"{self.rest}/project/{project}/versions", missing_ok=True)
        return tuple(items(answer))

    def type_names(self, setting: str) -> tuple[str, ...]:
        """The configured types of ``change_types``, ``ticket_types`` or ``milestone_types`` as queries name them: ids
        stay ids. Raises SourceRefused when none, or one that was named in the settings, is seen."""
        wanted: tuple[str, ...] = getattr(self.settings, setting)
        seen = {str(t.get("name")).strip().casefold(): str(t.get("name")) for t in self.types}
        ids = {str(t.get("id")) for t in self.types}
        found, missing = [], []
        for word in map(str.strip, wanted):
            name = word if word in ids else seen.get(word.casefold())
            found.append(name) if name else missing.append(word)
        if not found or (missing and wanted not in (CHANGE_TYPES, TICKET_TYPES)):
            raise SourceRefused(
                f"The issue type {missing[0]!r} of {setting} is not seen in Jira. It sees: "
                f"{', '.join(sorted(set(seen.values()))) or 'none'}. Correct {setting}."
            )
        return tuple(dict.fromkeys(found))

    def step_types(self) -> tuple[str, ...]:
        """The types whose issues are milestones where they belong to a change; may be none."""
        if self.settings.milestone_types:
            return self.type_names("milestone_types")
        return tuple(dict.fromkeys(str(t.get("name")) for t in self.types if t.get("subtask") is True))

    def _listed(self, path: str) -> tuple[Item, ...]:
        answer = self.http.get(path)
        if not isinstance(answer, list):
            raise SourceChanged(f"The list {path} of Jira came as {type(answer).__name__}. Is url its base address?")
        return tuple(items(answer))


def is_of(kind: object, types: Iterable[str]) -> bool:
    """Whether the issue type of an issue, as the issue shows it, is one of these names or ids."""
    named = {(text_of(mapping(kind).get(key)) or "").casefold() for key in ("id", "name")} - {""}
    return bool(named & {word.casefold() for word in types})


def _is_user(answer: Item) -> bool:
    return any(text_of(answer.get(key)) for key in ("accountId", "key", "name"))
