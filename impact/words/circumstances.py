"""Which reading of a change a sentence is about: first days, what lasts, four weeks, preliminary, together with others.

Knows how a reading came about, not what it found.
"""

from __future__ import annotations

from collections.abc import Collection

from impact.estimation.results import Estimate, ReadingName
from impact.portfolio import ChangeView, Reading
from impact.verdict import Verdict
from impact.words.amounts import rounded, shown
from impact.words.formats import MINUS, days, listed, number, when

READINGS: dict[ReadingName, str] = {
    "planned": "Two weeks after the rollout",
    "first_days": "The first days",
    "lasting": "What lasts",
    "late": "Four weeks after the rollout",
}
READINGS_TOLD: dict[ReadingName, str] = {
    "planned": "The days planned for the answer, usually 14 from the day after the rollout. The word comes from these.",
    "first_days": "The rollout day and the two after it, short spikes included: the bump that people feel at once.",
    "lasting": "14 days from the fourth day on, when the first bump is over.",
    "late": "28 days from the day after the rollout: surer, and later.",
}
LASTING_FROM = 4
"""The lasting reading of a rollout of one day begins this many days after it."""
OVERSTATED = (
    "The largest effects are usually overstated: among many changes, those that look largest also had chance on their "
    "side, so lists are ordered by what is likely to remain."
)


def reading_label(name: ReadingName) -> str:
    """The name of a reading as a heading."""
    return READINGS[name]


def numbers_of(change: ChangeView, ids: Collection[str]) -> str:
    """Other changes by their numbers: CHG-7 and CHG-9."""
    known = {n.change_id: n.number for n in change.neighbours}
    return listed([known.get(i, i.split(":", 2)[-1]) for i in ids if i != change.id])


def opening(change: ChangeView, result: Estimate) -> str:
    """How a sentence about a reading begins; empty for the planned reading of one change."""
    said = {
        "planned": "",
        "first_days": f"In the first {days(result.shape.post)}, ",
        "lasting": f"From day {number(result.shape.lead)} on, ",
        "late": f"Over {days(result.shape.post)}, ",
    }[result.reading]
    if result.method != "bundle" or not result.together:
        return said
    return f"Together with {numbers_of(change, result.together)}, {said[:1].lower()}{said[1:]}"


def so_far(result: Estimate) -> str:
    """How many days a preliminary reading has seen: after 7 days."""
    return f"after {days(result.look or result.shape.post)}"


def next_reading(verdict: Verdict) -> str:
    """When the next reading of a preliminary one is possible, as a sentence; empty where that is not known."""
    return f" The next reading is possible from {when(verdict.from_on)}." if verdict.from_on else ""


def preliminary(result: Estimate, verdict: Verdict) -> str:
    """That an effect was named before its last day; empty for a final reading."""
    return f" This is preliminary, {so_far(result)}.{next_reading(verdict)}" if result.look is not None else ""


WHICH_OF_THEM = "Which of these changes it was cannot be told."


def separated(change: ChangeView, result: Estimate) -> str:
    """From which overlapping changes an answer was separated; empty where there was none."""
    if result.method != "joint" or not result.together:
        return ""
    others = numbers_of(change, result.together)
    return (
        f"It overlaps with {others}: the days and services they do not share tell them apart, and the likely range is "
        "the wider for it."
    )


def gradual(result: Estimate) -> str:
    """That the rollout took several days; empty where it took one."""
    usual = {"first_days": 0, "lasting": LASTING_FROM}.get(result.reading, 1)
    took = result.shape.lead - usual + 1
    if took <= 1:
        return ""
    begin = when(result.post_from)
    return f"The rollout took about {days(took)}; the days compared begin on {begin}, after the last of them."


def shrunk_text(reading: Reading) -> str:
    """What is likely to remain of an effect in a list of the largest; empty where that is not known."""
    result = reading.result
    if not isinstance(result, Estimate) or result.shrunk is None:
        return ""
    r = rounded(reading.metric, result)
    kept = shown(reading.metric, result.shrunk)
    if r.nothing(kept):
        return "likely to remain: nothing"
    return f"likely to remain: {'+' if kept > 0 else MINUS}{r.amount(kept)}"


def opened(text: str) -> str:
    """A text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]
