"""One measure of one change read in other ways, as rows of a table: over other days, and service by service.

Knows how each way is called; decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from impact.estimation.honesty import PlaceboRate
from impact.estimation.panel import SHAPES
from impact.estimation.results import Estimate, NotEstimable
from impact.portfolio import ChangeView, Reading, ServiceLink
from impact.verdict import Word
from impact.words.amounts import basis, before_after, effect_text, nouns_of, range_text
from impact.words.circumstances import reading_label, so_far
from impact.words.formats import days, number, percent, span, when
from impact.words.holds import PROMISED, class_text
from impact.words.sentences import bundle_text, decide_short, decide_text, leading_reading, word_label

PRELIMINARY_ASKED = "Preliminary: act or wait?"

_NO_FIGURE: dict[Word, str] = {
    "cannot_separate": "another change is too close",
    "no_data": "nothing recorded",
    "not_rolled_out": "not rolled out",
}

ASKED_OF_PEOPLE = ("satisfaction", "csat", "nps", "ces")
"""Measures that only those who answered a survey speak for."""
RESPONSE = "response_rate"
NO_COURSE = "No course of time is drawn: fewer than four weeks are known on both sides together."


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
    rows = [_way(reading_label(r.result.reading), r) for r in reading.others if r.result is not None]
    first = sum(r.result.reading == "first_days" for r in reading.others if r.result is not None)
    return (*rows[:first], _way(_planned(reading), reading, decides=True), *rows[first:])


def _planned(reading: Reading) -> str:
    name, result = reading_label("planned"), reading.result
    if not isinstance(result, Estimate):
        return name
    if result.look is not None:
        return f"{name}, {so_far(result)}: preliminary"
    usual = result.shape.post == SHAPES[0].post
    return f"{name if usual else f'{days(result.shape.post)} after the rollout'}: decides"


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


def together(change: ChangeView, reading: Reading) -> str:
    """What can be said of this change and those in its way as one; empty where nothing can."""
    return bundle_text(change, reading.bundle) if reading.bundle is not None else ""


def together_short(reading: Reading) -> str:
    """The same in a few words, for a card."""
    if reading.bundle is None or not isinstance(reading.bundle.result, Estimate):
        return ""
    word = word_label(reading.bundle.verdict.word).lower()
    return f"Read together: {word}, {effect_text(reading.bundle)}, {range_text(reading.bundle)}."


def early_reading(change: ChangeView) -> Reading | None:
    """The measure that carries the change's word, where that word is preliminary; else None."""
    leading = leading_reading(change)
    return leading if leading is not None and leading.preliminary else None


def so_far_text(change: ChangeView) -> str:
    """That the change's word is preliminary, and when the next look is; empty where it is not."""
    reading = early_reading(change)
    if reading is None or not isinstance(reading.result, Estimate):
        return ""
    on = reading.verdict.from_on
    return f"Preliminary, {so_far(reading.result)}{f'; next look {when(on)}' if on else ''}"


def rests_on(change: ChangeView, reading: Reading) -> str:
    """What an estimate rests on; beside what people were asked also which part of them answered, before and after."""
    told = basis(reading)
    if not told or reading.metric.name not in ASKED_OF_PEOPLE:
        return told
    response = change.reading(RESPONSE)
    if not isinstance(response.result, Estimate):
        return f"{told}; response rate unknown"
    before, after, unit = before_after(response)
    return f"{told}; {before} → {after} {unit} of those asked answered"


def asked(change: ChangeView, code: str) -> str:
    """The question to the room in a few words; while the answer is preliminary, whether to wait for the next look."""
    early = code in ("worse", "mixed") and early_reading(change) is not None
    return PRELIMINARY_ASKED if early else decide_short(code)


def asked_why(change: ChangeView) -> str:
    """Why the room is asked, with every question."""
    told = [decide_text(code, change).removesuffix(decide_short(code)) + asked(change, code) for code in change.decide]
    return " ".join(told)


def class_rate(reading: Reading, rate: PlaceboRate | None) -> str:
    """How often the method is wrong here for services like those of this reading; empty where that is not known."""
    if rate is None or not isinstance(reading.result, Estimate):
        return ""
    label = rate.class_of(reading.result.services)
    own = rate.of_class(label) if label is not None else None
    if label is None or own is None or own.rate is None or own.low is None or own.high is None:
        return ""
    return (
        f"Services with {class_text(reading.metric, label)} raised a false alarm on {percent(own.rate, 1)} of "
        f"{number(own.cases)} dates without a change (likely {percent(own.low)} to {percent(own.high)}); "
        f"promised are {PROMISED}."
    )


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
