"""What is said about changes that meet, fall into a freeze or are coming. Knows no layout and decides nothing."""

from __future__ import annotations

from impact.collisions import AFTER, BEFORE, LEAST_ALIKE, MOST_NEAR, Alike, Collision, Frozen, Side, TooFew
from impact.words.formats import days, listed, number, plural, span, when

NEAREST = f"of each change at most the {MOST_NEAR} that follow it nearest"
PEOPLE_LATELY = (
    f"Past rollouts for the same people on different services are told for {BEFORE} days, those on one service always."
)


def side_name(side: Side) -> str:
    """A change's number and title."""
    return f"{side.number} {side.title}"


def where(found: Collision) -> str:
    """What both touch: services first, then groups of people."""
    parts = [listed(list(found.services), 3)] if found.services else []
    parts += [f"the same people: {listed(list(found.segments), 3)}"] if found.segments else []
    return "; ".join(parts)


def days_of(side: Side) -> str:
    """The day, or the days, of a rollout, and whether it is only planned."""
    text = span(side.on, side.to) if side.to > side.on else when(side.on)
    return text if side.live else f"{text}, planned"


def apart(found: Collision) -> str:
    """How far apart they are."""
    return "at the same time" if found.gap_days == 0 else f"{days(found.gap_days)} apart"


def meaning(found: Collision) -> str:
    """What it means for telling their effects apart, and what would help while one can still be moved."""
    first, second = found.first.number, found.second.number
    if not found.services:
        return (
            f"What these people feel of {first} is hard to tell from {second}; figures of the services are not mixed."
        )
    if found.closeness == "together":
        if found.coming:
            return (
                f"Their effects cannot be told apart unless {second} moves to {when(found.least_from)} or later; "
                f"from {when(found.alone_from)} on both have all their days."
            )
        return "Their effects cannot be told apart on these services; they are read as one."
    if found.closeness == "short":
        lasting = f"only {days(found.gap_days - 1)} after {first} can be compared, not {AFTER}"
        if found.coming:
            return f"Told apart less surely: {lasting}. From {when(found.alone_from)} on both have all their days."
        return f"Told apart less surely: {lasting}."
    return f"{first} lies in the {BEFORE} days before {second}: fewer days before {second} can be compared."


def sentence(found: Collision) -> str:
    """One collision as a sentence that stands alone."""
    meet = "meet" if found.coming else "met"
    on = f"on {listed(list(found.services), 3)}" if found.services else f"for {listed(list(found.segments), 3)}"
    within = "at the same time" if found.gap_days == 0 else f"within {days(found.gap_days)}"
    return f"{side_name(found.first)} and {side_name(found.second)} {meet} {on} {within}. {meaning(found)}"


def freeze_text(found: Frozen) -> str:
    """A rollout inside a freeze, as a sentence."""
    verb = "went live" if found.side.live else "is planned"
    on = f"from {span(found.side.on, found.side.to)}" if found.side.to > found.side.on else f"for {when(found.side.on)}"
    on = on if not found.side.live or found.side.to > found.side.on else f"on {when(found.side.on)}"
    freeze = found.freeze
    return f"{side_name(found.side)} {verb} {on}, inside {freeze.name} ({span(freeze.first_on, freeze.last_on)})."


def extra_text(found: Alike | TooFew) -> str:
    """What changes like it brought: 35 extra tickets (12 to 80)."""
    if isinstance(found, TooFew):
        return "cannot tell"
    return f"{_signed(found.median)} tickets ({_signed(found.low)} to {_signed(found.high)})"


def extra_basis(found: Alike | TooFew, kind: str) -> str:
    """What that rests on."""
    of = f"{kind} changes" if kind != "other" else "changes"
    if isinstance(found, TooFew):
        known = "no past change" if found.count == 0 else plural(found.count, "past change")
        return f"{known} like it with a known bump; {LEAST_ALIKE} are needed"
    basis = "on the same services" if found.basis == "service" else "of the same team"
    return f"middle, lowest and highest of {found.count} past {of} {basis}"


def _signed(value: float) -> str:
    text = number(value)
    return f"+{text}" if value > 0 and text != "0" else text
