"""The guided set-up in a terminal: asks, tries, shows what was found, writes. Knows no vendor and no page."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impact import set_up
from impact.model import SettingsError
from impact.proposing import Proposal
from impact.set_up import Kind, Question, Trial
from impact.words import set_up_words

NO = ("n", "no", "nein", "non")


@dataclass(frozen=True)
class Terminal:
    """How a person is asked and told; tests give their own. ``secret`` shows nothing of what is typed."""

    ask: Callable[[str], str] = input
    secret: Callable[[str], str] = getpass.getpass
    tell: Callable[[str], None] = print


@dataclass(frozen=True)
class Given:
    """What the command line said already: the kind, the name, single answers by key."""

    kind: str | None = None
    name: str | None = None
    answers: Mapping[str, str] | None = None


def add_source(file: Path, taken: Mapping[str, Any], given: Given, terminal: Terminal) -> Trial | None:
    """Ask for a source, try it and append its section to ``file``; the trial it was written from, or None where nothing
    was written. Raises SettingsError for answers that cannot be (an unknown kind, a taken name), EOFError where nobody
    answers."""
    kind = _kind(given.kind, terminal)
    if kind.guide:
        terminal.tell(f"{kind.title}. {set_up_words.MAPPING} {kind.guide}")
        return None
    name = given.name or terminal.ask(f"Name of the source, part of every record's id [{kind.kind}]: ").strip()
    name = name or kind.kind
    set_up.check_name(name, taken)
    answers = _answers(kind.kind, given.answers or {}, terminal)
    while True:
        tried = set_up.trial(kind.kind, name, answers)
        terminal.tell(f"Trying {name} ({kind.title}); nothing is stored.")
        for sentence in tried.steps():
            terminal.tell(f"  {sentence}")
        if tried.works:
            break
        again = terminal.ask("It does not work yet. a: answer again, w: write it all the same, else: give up [a/w/-]: ")
        if again.strip().lower() == "w":
            break
        if again.strip().lower() != "a":
            terminal.tell("Nothing was written.")
            return None
        answers = _answers(kind.kind, {}, terminal, before=answers)
    chosen = tuple(proposal for proposal in tried.proposals if _agrees(proposal, terminal))
    set_up.write(file, set_up.section(kind.kind, name, tried.values, chosen))
    terminal.tell(f"Written: section [sources.{name}] in {file}. docs/connectors/{kind.kind}.md explains every key.")
    terminal.tell(set_up_words.about(tried))
    return tried


def _kind(wanted: str | None, terminal: Terminal) -> Kind:
    kinds = set_up.kinds()
    if wanted is None:
        for number, kind in enumerate(kinds, start=1):
            terminal.tell(f"  {number:2}  {kind.title} ({kind.kind})")
        wanted = terminal.ask("Which kind of system? Number or name: ").strip()
    by_word = {kind.kind: kind for kind in kinds} | {str(n): kind for n, kind in enumerate(kinds, start=1)}
    if wanted not in by_word:
        raise SettingsError(f"There is no kind {wanted!r}. Kinds: {', '.join(kind.kind for kind in kinds)}.")
    return by_word[wanted]


def _answers(
    kind: str, given: Mapping[str, str], terminal: Terminal, before: Mapping[str, str] | None = None
) -> dict[str, str]:
    """An answer to each question; those given are not asked. ``before``: what an empty answer means the second time."""
    asked = set_up.questions(kind)
    _check_given(given, asked)
    answers = dict(given)
    for question in asked:
        if question.key not in given:
            kept = (before or {}).get(question.key, "")
            answers[question.key] = _answer(question, kept, terminal) or kept
    return answers


def _check_given(given: Mapping[str, str], asked: tuple[Question, ...]) -> None:
    secret = next((q.key for q in asked if q.secret and q.key in given), None)
    if secret:
        raise SettingsError(
            f"--set {secret}=... would be seen by everybody on this machine. Leave it out: it is asked for, unseen."
        )


def _answer(question: Question, kept: str, terminal: Terminal) -> str:
    if question.secret:
        hint = "[as before]" if kept else "[none]"
        return terminal.secret(f"{question.key} – {question.help} {hint}: ").strip()
    shown = kept or question.default
    while True:
        said = terminal.ask(f"{question.key} – {question.help}{f' [{shown}]' if shown else ''}: ").strip()
        if said or shown is not None:
            return said
        terminal.tell(f"  {question.key} is needed.")


def _agrees(proposed: Proposal, terminal: Terminal) -> bool:
    return _yes(f"{set_up_words.proposal(proposed, markdown=False)}?", terminal)


def wants(question: str, terminal: Terminal) -> bool:
    """A yes or no, yes being the default; no where nobody can answer."""
    try:
        return _yes(question, terminal)
    except EOFError:
        return False


def _yes(question: str, terminal: Terminal) -> bool:
    return terminal.ask(f"{question} [Y/n]: ").strip().lower() not in NO
