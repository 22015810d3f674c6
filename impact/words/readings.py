"""One measure of one change read in other ways, as rows of a table: over other days, and service by service.

Knows how each way is called; decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from impact.estimation.readings import LOOKS
from impact.estimation.results import Estimate, NotEstimable
from impact.portfolio import ChangeView, Reading, ServiceLink
from impact.verdict import Word
from impact.words.amounts import effect_text, nouns_of, range_text
from impact.words.formats import SPACE, days, span, when
from impact.words.sentences import word_label

WAYS = {
    "first_days": f"First 3{SPACE}days, spikes and all",
    "lasting": f"2{SPACE}weeks, once the first days are over",
    "late": f"4{SPACE}weeks",
}
_NO_FIGURE: dict[Word, str] = {
    "cannot_separate": "another change is too close",
    "no_data": "nothing recorded",
    "not_rolled_out": "not rolled out",
}


@dataclass(frozen=True)
class Way:
    """A row: what was read, the effect, its range or why there is none, and the word. ``decides`` marks the reading
    that the verdict rests on."""

    name: str
    effect: str
    range: str
    word: Word
    decides: bool = False


def ways(reading: Reading) -> tuple[Way, ...]:
    """The same measure over other days, in the order of the days; empty where no way has a figure."""
    mine = (reading, *reading.others)
    if not reading.others or not any(isinstance(r.result, Estimate) for r in mine):
        return ()
    rows = [_way(WAYS[r.result.reading], r) for r in reading.others if r.result is not None]
    first = sum(r.result.reading == "first_days" for r in reading.others if r.result is not None)
    return (*rows[:first], _way(_planned(reading), reading, decides=True), *rows[first:])


def _planned(reading: Reading) -> str:
    result = reading.result
    if not isinstance(result, Estimate):
        return "The planned days: these decide"
    if result.look is not None:
        return f"First {unbroken_days(result.look)} so far: preliminary"
    weeks = {7: f"1{SPACE}week", 14: f"2{SPACE}weeks"}
    return f"{weeks.get(result.shape.post, unbroken_days(result.shape.post))}: these decide"


def unbroken_days(count: int) -> str:
    """A number of days that stays on one line."""
    return days(count).replace(" ", SPACE)


def by_service(change: ChangeView, reading: Reading) -> tuple[tuple[str, Way], ...]:
    """For a change on several services: each one's day of rollout, and its own figures; else empty."""
    known = {link.id: link for link in change.services}
    rows = []
    for own in reading.services:
        service = own.result.service if own.result is not None else None
        if service is not None:
            link = known.get(service)
            name = link.name if link is not None else service.split(":", 2)[-1]
            rows.append((rolled_out(link), _way(name, own)))
    return tuple(rows)


def rolled_out(link: ServiceLink | None) -> str:
    """The day, or the days, on which a service met the change."""
    if link is None or link.rollout_on is None:
        return "unknown"
    return span(link.rollout_on, link.rollout_to) if link.rollout_to else when(link.rollout_on)


def together(reading: Reading) -> str:
    """What can be said of this change and those in its way as one; empty where nothing can."""
    bundle = reading.bundle
    if bundle is None or not isinstance(bundle.result, Estimate):
        return ""
    what = f"{effect_text(bundle)}, {range_text(bundle)}"
    return f"Read together, as one change: {word_label(bundle.verdict.word).lower()}, {what}."


def alone_from(reading: Reading) -> str:
    """From when on an answer for this change alone is possible; that waiting does not help, where it does not."""
    if reading.verdict.word != "cannot_separate":
        return ""
    if reading.verdict.from_on is not None:
        return f"An answer for this change alone is possible from {when(reading.verdict.from_on)}."
    return "Waiting does not help: the days around both rollouts stay the same."


def next_look(reading: Reading) -> date | None:
    """The next day on which a preliminary reading is made again, or is final; None for any other reading."""
    result = reading.result
    if not isinstance(result, Estimate) or result.look is None:
        return None
    later = [look for look in LOOKS if look > (result.look or 0) and look < (result.final_days or 0)]
    first = result.post_to + timedelta(days=later[0] - result.look + 1) if later else result.final_from
    return first + timedelta(days=reading.metric.matures_days) if first is not None else None


def _way(name: str, reading: Reading, *, decides: bool = False) -> Way:
    word = reading.verdict.word
    if isinstance(reading.result, Estimate):
        told = range_text(reading).removeprefix("likely ")
        return Way(name, effect_text(reading), told, word, decides)
    return Way(name, "–", why_none(reading), word, decides)


def why_none(reading: Reading) -> str:
    """Why a reading has no figure, in a few words."""
    verdict = reading.verdict
    if verdict.from_on is not None:
        return f"possible from {when(verdict.from_on)}"
    if verdict.word == "too_little":
        result = reading.result
        few = isinstance(result, NotEstimable) and result.reason == "too_little_data"
        return f"too few {nouns_of(reading.metric).many}" if few else "too little history without changes"
    return _NO_FIGURE.get(verdict.word, "no figure")
