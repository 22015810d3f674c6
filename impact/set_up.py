"""Connecting a source by answers: what to ask, the trial, and the section that is written. Knows no vendor, no terminal
and no page; secrets go into the file and nowhere else."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit

import connectors
from connectors import Connector
from impact.model import ImpactError, SettingsError
from impact.proposing import Proposal, proposals
from impact.trying import PROBLEM, Probe, probes

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
PRIVATE = 0o600
HEADING = "# Added by the guided set-up; docs/connectors/{kind}.md explains every key."


@dataclass(frozen=True)
class Question:
    """One setting to ask for. ``default`` is what an empty answer means; None where an answer is needed."""

    key: str
    help: str
    default: str | None = None
    secret: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of source. ``guide``: the page that explains how it is set up where questions do not suffice."""

    kind: str
    title: str
    guide: str = ""


@dataclass
class Trial:
    """A source that is tried before anything is written. ``steps`` does it; then the rest is known: whether the source
    answered, what each stream brought, and which own fields may mean what."""

    connector: Connector
    name: str
    values: Mapping[str, Any]
    works: bool = False
    told: list[str] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    proposals: tuple[Proposal, ...] = ()

    def steps(self) -> Iterator[str]:
        """Sign in, read one page of everything, look at own fields: sentences as they come; ``told`` keeps them."""
        for sentence in self._steps():
            self.told.append(sentence)
            yield sentence

    def _steps(self) -> Iterator[str]:
        try:
            own = connectors.read_settings(self.connector, self.name, self.values)
            http = self.connector.open(own)
            yield from self.connector.check(http, own)
            self.works = True
            for probe in probes(self.connector, http, own):
                self.probes.append(probe)
                yield probe.sentence
            self.proposals = self._proposals(http, own)
        except ImpactError as error:
            yield f"{PROBLEM} {error}"
        yield from self.connector.lacks

    def _proposals(self, http: Any, own: Any) -> tuple[Proposal, ...]:
        wanted = getattr(own, "FIELDS", None)
        if not isinstance(wanted, Mapping):
            return ()
        try:
            seen = list(self.connector.own_fields(http, own))
        except ImpactError:
            return ()  # the user that reads may not list fields; they can still be named by hand
        return proposals(seen, wanted, own.field)

    @property
    def records(self) -> int:
        """How many records the first sync reads, as far as the source says."""
        return sum(probe.total if probe.total is not None else probe.records for probe in self.probes)

    @property
    def seconds(self) -> float | None:
        """How long the first sync takes at most, from the pages of the trial; None where that is not known."""
        each = [probe.all_seconds for probe in self.probes]
        return None if not each or any(s is None for s in each) else sum(s for s in each if s is not None)


def kinds() -> tuple[Kind, ...]:
    """Every kind of source by title. One that cannot be loaded is left out; ``check`` says why."""
    found = []
    for kind in connectors.available():
        try:
            connector = connectors.load(kind)
        except SettingsError:
            continue
        found.append(Kind(kind, connector.title, connector.guide))
    return tuple(sorted(found, key=lambda k: k.title.casefold()))


def questions(kind: str) -> tuple[Question, ...]:
    """What to ask for a kind: what has no default, secrets, and what its settings mark. Raises SettingsError for an
    unknown kind."""
    asked = []
    for key in dataclasses.fields(connectors.load(kind).settings):
        needed = key.default is dataclasses.MISSING and key.default_factory is dataclasses.MISSING
        secret = bool(key.metadata.get("secret"))
        if key.name != "name" and (needed or secret or key.metadata.get("ask")):
            default = None if needed else _shown(key.default)
            asked.append(Question(key.name, str(key.metadata.get("help", "")), default, secret))
    return tuple(asked)


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    return ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def trial(kind: str, name: str, answers: Mapping[str, str]) -> Trial:
    """A source from answers (empty ones are left out). Raises SettingsError for an unknown kind."""
    return Trial(connectors.load(kind), name, values_of(kind, answers))


def values_of(kind: str, answers: Mapping[str, str]) -> dict[str, Any]:
    """The keys of a section: only what was answered and differs from the default; lists as lists, [] as none."""
    kept: dict[str, Any] = {}
    defaults = {question.key: question.default for question in questions(kind)}
    lists = {key.name for key in dataclasses.fields(connectors.load(kind).settings) if isinstance(key.default, tuple)}
    for key, answer in answers.items():
        text = answer.strip()
        if text and text != defaults.get(key):
            words = "" if text == "[]" else text
            kept[key] = [word.strip() for word in words.split(",") if word.strip()] if key in lists else text
    return kept


def check_name(name: str, taken: Mapping[str, Any]) -> None:
    """Raise SettingsError where a source cannot have this name."""
    if not NAME.fullmatch(name):
        raise SettingsError(
            f"The name {name!r} cannot be used. Take up to 40 small letters, digits and underscores, beginning with a "
            "letter, such as service_desk: it becomes part of every record's id."
        )
    if name in taken:
        raise SettingsError(f"There is a source {name!r} already. Choose another name, or change its section by hand.")


def section(kind: str, name: str, values: Mapping[str, Any], chosen: tuple[Proposal, ...] = ()) -> str:
    """The text of ``[sources.<name>]`` as it is written."""
    source = tomlkit.table()
    source.add("kind", kind)
    for key, value in values.items():
        source.add(key, value)
    parts: dict[str, Any] = {}
    for proposal in chosen:
        parts.setdefault(proposal.part, tomlkit.table()).add(proposal.field, proposal.name)
    if parts:
        fields = tomlkit.table(is_super_table=True)
        for part, table in parts.items():
            fields.add(part, table)
        source.add("fields", fields)
    sources = tomlkit.table(is_super_table=True)
    sources.add(name, source)
    document = tomlkit.document()
    document.add("sources", sources)
    return f"{HEADING.format(kind=kind)}\n{tomlkit.dumps(document)}"


def write(file: Path, text: str) -> None:
    """Append a section to the file of secrets, made readable for its owner only where it is new. The file as it was
    stays until the new one is complete. Raises SettingsError where that cannot be done; then nothing has changed."""
    target = file.resolve()
    draft = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        before = target.read_text(encoding="utf-8") if target.is_file() else ""
        after = f"{before.rstrip()}\n\n{text}" if before.strip() else text
        tomllib.loads(after)
        mode = stat.S_IMODE(target.stat().st_mode) if target.is_file() else PRIVATE
        target.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "w", encoding="utf-8") as out:
            out.write(after)
        draft.chmod(mode)
        draft.replace(target)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} would not be valid TOML any more ({error}), so nothing was written.") from None
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise SettingsError(f"{file} cannot be written ({error.strerror}), so nothing was changed.") from None
