"""The command that makes a pack: finds the data and the meeting, or opens one, and has the files written.

Knows arguments as values; no parser and no exit codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from impact.demo import is_current
from impact.frozen_figures import figures_of
from impact.meetings import open_meeting
from impact.model import SettingsError
from impact.opening import Opening, Place
from impact.pack import making
from impact.pack.content import FORMS, Pack, Tell
from impact.pack.gathering import Recorded, Seen, content_of
from impact.portfolio import Portfolio
from impact.records import Decision
from impact.settings import Settings
from impact.settled import settle
from impact.showing import Showing
from impact.state import State
from impact.words.formats import plural


@dataclass(frozen=True)
class Wanted:
    """What is asked for. ``team`` is a team's id or name, None for the whole portfolio."""

    day: date
    out: Path
    team: str | None = None
    forms: tuple[str, ...] = FORMS
    demo: bool = False


def forms_of(text: str) -> tuple[str, ...]:
    """The forms in a list with commas, each once, in the usual order. Raises SettingsError for an unknown one."""
    asked = {part.strip().lower() for part in text.split(",") if part.strip()}
    if not asked or asked - set(FORMS):
        unknown = ", ".join(sorted(asked - set(FORMS))) or "nothing"
        raise SettingsError(f"--forms has {unknown}. Write some of {', '.join(FORMS)} with commas between.")
    return tuple(form for form in FORMS if form in asked)


def run(wanted: Wanted, settings: Settings, tell: Tell) -> tuple[Pack, dict[str, Path]]:
    """Make the pack of the meeting of that day. Raises ImpactError with a sentence where something is in the way."""
    opening = Opening()
    place = _place(opening, settings, demo=wanted.demo)
    tell("Reading what is shown", 0.02)
    answers = opening.answers(place)
    state = opening.state(place)
    portfolio = settle(answers.portfolio, state.decisions(), answers.portfolio.today)
    team = _team(portfolio, wanted.team)
    every_days = place.settings.meetings.every_days
    meeting = open_meeting(state, portfolio, wanted.day, every_days=every_days, team_id=team)
    dossier = replace(opening.dossier(answers, place.settings), portfolio=portfolio)
    states, version = tuple(place.store.state()), answers.snapshot.version
    seen = Seen(portfolio, Showing(dossier, state), states, place.is_demo, version)
    content = content_of(seen, meeting, recorded(state), lambda text, ratio: tell(text, 0.05 + 0.4 * ratio))
    pack = making.freeze(state, content)
    making.remembered(state, meeting, pack)
    return pack, making.files(pack, wanted.out, wanted.forms, tell)


def recorded(state: State) -> Recorded:
    """What people recorded, with what was seen when each decision was taken."""

    def seen_then(decision: Decision):  # type: ignore[no-untyped-def]
        frozen = state.frozen(decision.frozen_id) if decision.frozen_id else None
        return figures_of(frozen.content, decision.change_id) if frozen else None

    return Recorded(state.decisions(), state.meetings(), seen_then)


def _place(opening: Opening, settings: Settings, *, demo: bool) -> Place:
    """The real data, or with ``demo`` the demo organisation's. Raises SettingsError where they are not there yet."""
    place = opening.place(settings)
    if demo and not place.is_demo:
        place = opening.demo_place(settings)
    if demo and not is_current(place.home, opening.today(place.reporting)):
        raise SettingsError(f"The demo in {place.home} is not there as of today. Run python -m impact demo first.")
    if not demo and place.is_demo:
        raise SettingsError(f"Nothing is stored in {settings.home}. Run python -m impact sync first, or add --demo.")
    if place.store.is_empty():
        raise SettingsError(
            f"Nothing is stored in {place.home}. Run python -m impact {'demo' if demo else 'sync'} first."
        )
    return place


def _team(portfolio: Portfolio, asked: str | None) -> str | None:
    if asked is None:
        return None
    found = [id for id, name in portfolio.teams if asked in (id, name)]
    if not found:
        known = ", ".join(name for _, name in portfolio.teams) or "none"
        raise SettingsError(f"There is no team {asked!r}. Teams: {known}.")
    return found[0]


def told(pack: Pack, files: dict[str, Path]) -> Sequence[str]:
    """What to print when it is done."""
    content = pack.content
    changes = plural(len(content.pages), "change")
    first = f"{content.title}: {changes}, data version {content.data_version}, pack {pack.frozen_id}"
    link = [f"  {pack.link}"] if pack.link else []
    return [first, *(f"  {path}" for path in files.values()), *link]
