"""What the bump after a change cost, in words: extra tickets, the worst day, back to normal, lost hours and money.

Knows amounts as they were found; decides nothing and adds up nothing. Reported and modelled hours keep their names.
"""

from __future__ import annotations

from collections.abc import Mapping

from impact.bump_cost import BumpCost, Lost, Money
from impact.estimation.bump import WATCHED, WEEK, Bump
from impact.estimation.results import NotEstimable
from impact.words.formats import SPACE, day_month, days, level, listed, number, percent, plural, unbroken, when

Amounts = tuple[float, float, float]
"""A figure and the low and high end of its likely range."""

_PERIODS = {28: "the four weeks", 21: "the three weeks", 14: "the two weeks", 7: "the week"}
_STEPS = (1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1_000.0, 5_000.0, 10_000.0, 50_000.0, 100_000.0)
SOURCES = {"reported": "reported by colleagues", "modelled": "modelled from time to resolve"}
RATES_HELP = {
    "currency": "the currency",
    "per_ticket": "what a ticket costs",
    "per_lost_hour": "what an hour of lost work costs",
    "lost_part_of_waiting": "which part of the wait for a solution is lost to work",
}


def cost_lines(cost: BumpCost, numbers: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Everything to be said of a change's bump, a sentence or two a line. ``numbers`` are what people call changes."""
    if isinstance(cost.bump, NotEstimable):
        return (refusal_text(cost.bump, numbers or {}),)
    lines = [bump_text(cost.bump)]
    if cost.lost is not None:
        lines.append(lost_text(cost.lost))
    if cost.handling is not None:
        lines.append(money_text("Handling the tickets", cost.handling))
    if cost.lost_money is not None:
        lines.append(money_text("The lost work", cost.lost_money))
    if cost.missing:
        lines.append(missing_text(cost.missing))
    return tuple(lines)


def cost_rows(cost: BumpCost) -> tuple[tuple[str, str], ...]:
    """The same as a table: what, and how much with its likely range; empty where nothing can be told."""
    if isinstance(cost.bump, NotEstimable):
        return ()
    bump = cost.bump
    rows = [(f"Extra tickets in {_PERIODS[bump.days]}", _figure((bump.extra, bump.low, bump.high), "tickets"))]
    if bump.worst is not None and _rose(bump):
        rows.append(("Worst day", f"{when(bump.worst.on)}: {_against(bump)}"))
    rows.append(("Back to normal", _normal(bump).removeprefix("back to normal ") or "was never out of the ordinary"))
    if cost.lost is not None:
        label = "Extra hours lost" if cost.lost.source == "reported" else "Extra hours of waiting"
        rows.append((f"{label}, {SOURCES[cost.lost.source]}", _figure(cost.lost.hours, "hours")))
    for label, money in (("Cost of handling", cost.handling), ("Cost of lost work", cost.lost_money)):
        if money is not None:
            rows.append((label, _money_figure(money)))
    return tuple(rows)


def bump_text(bump: Bump) -> str:
    """Extra tickets, the worst day and the days back to normal, as one sentence, or that there was no bump."""
    amounts = (bump.extra, bump.low, bump.high)
    if bump.high < 0:
        return f"No bump: {_sum(amounts, 'tickets')} than expected in {_after(bump)} {_likely(amounts)}."
    if not _rose(bump):
        return (
            f"No bump that can be told from the usual ups and downs: {_after(bump)} brought "
            f"{_ends(amounts)} tickets than expected."
        )
    parts = [_capital(f"{_sum(amounts, 'tickets')} than expected in {_after(bump)} {_likely(amounts)}")]
    if bump.worst is not None:
        parts.append(f"worst on {unbroken(day_month(bump.worst.on))} with {_against(bump)}")
    parts.append(_normal(bump) or "spread thinly, so that no week was out of the ordinary")
    return f"{'; '.join(parts)}."


def lost_text(lost: Lost) -> str:
    """Hours lost, or waited, with where the figure comes from."""
    what = "hours of work lost" if lost.source == "reported" else "hours of waiting for a solution"
    low, high = lost.hours[1:]
    if low <= 0 <= high:
        return f"No clear change in {what}: {_ends(lost.hours)} than expected ({SOURCES[lost.source]})."
    text = _capital(f"{_sum(lost.hours, what)} than expected {_likely(lost.hours)}")
    if lost.source == "modelled" and lost.at_work is not None:
        return f"{text}, {SOURCES['modelled']}; {percent(lost.at_work)} of it are counted as lost work."
    return f"{text}, {SOURCES[lost.source]}."


def money_text(what: str, money: Money) -> str:
    """What something cost on top, or saved, with its likely range."""
    amounts = (money.amount, money.low, money.high)
    if money.low <= 0 <= money.high:
        return f"{what} cost {_ends(amounts, money.currency)} than expected."
    first, near, far = (_amount(x, _step(amounts), money.currency) for x in _positive(amounts))
    return f"{what} {'cost' if money.low > 0 else 'saved'} about {first} (likely {near} to {far})."


def missing_text(names: tuple[str, ...]) -> str:
    """Which settings would show money."""
    said = listed([f"{RATES_HELP[name]} (`{name}`)" for name in names])
    return f"To see this in money, say in the section `[rates]` of the settings {said}."


def refusal_text(found: NotEstimable, numbers: Mapping[str, str]) -> str:
    """Why extra tickets cannot be told, and from when on they can."""
    if found.reason == "too_early":
        return (
            f"The first week after the rollout is not over: extra tickets can be told from {when(found.possible_from)}."
        )
    if found.reason == "cannot_be_separated":
        others = listed([numbers.get(name, name) for name in found.blocking]) or "another rollout of the same change"
        return f"Extra tickets cannot be told apart from those of {others}: too near on the same service."
    if found.reason == "too_little_data":
        few = f"{plural(found.have or 0, 'ticket')} before the rollout, and at least {number(found.needed)} are needed"
        return f"Too few tickets to say how many were to be expected: {few}."
    if found.reason == "too_little_history":
        return "Too few weeks without any change to say how far tickets usually stray from what is expected."
    return "No tickets are known in the weeks around the rollout."


def _rose(bump: Bump) -> bool:
    """Whether there is a bump to speak of: a clear total, or a week out of the ordinary."""
    return bump.low > 0 or bump.normal_after != 0


def _normal(bump: Bump) -> str:
    """When it was over; empty for a bump that never was out of the ordinary."""
    if bump.normal_after is not None:
        return f"back to normal after {days(bump.normal_after)}" if bump.normal_after else ""
    if bump.ended_by == "data":
        return f"not back to normal yet after {days(bump.watched)}"
    if bump.ended_by == "change":
        return f"not back to normal when another change followed after {days(bump.watched)}"
    return f"not back to normal within {WATCHED // WEEK} weeks: this lasts"


def _against(bump: Bump) -> str:
    worst = bump.worst
    return "" if worst is None else f"{number(worst.observed)} against {level(worst.expected, like=100.0)}"


def _after(bump: Bump) -> str:
    return f"{_PERIODS[bump.days]} after the rollout"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _positive(amounts: Amounts) -> Amounts:
    """Sizes without their sign, the smaller end first."""
    near, far = sorted((abs(amounts[1]), abs(amounts[2])))
    return abs(amounts[0]), near, far


def _step(amounts: Amounts) -> float:
    """What a figure is rounded to: about an eighth of its likely range."""
    wide = (amounts[2] - amounts[1]) / 8
    return max((s for s in _STEPS if s <= wide), default=_STEPS[0])


def _amount(value: float, step: float, currency: str = "") -> str:
    """A size rounded to a step, finer where something would read as nothing."""
    fit = next((s for s in (step, *reversed(_STEPS)) if s <= step and round(value / s)), None)
    text = number(round(value / fit) * fit) if fit else ("under 1" if value else "0")
    return f"{currency}{SPACE}{text}" if currency else text


def _sum(amounts: Amounts, what: str) -> str:
    """About 140 more tickets."""
    size = _amount(abs(amounts[0]), _step(amounts))
    word = "more" if amounts[0] > 0 else "fewer"
    head, _, tail = what.partition(" ")
    noun = head.removesuffix("s") if size in ("1", "under 1") else head
    about = size if size.startswith("under") else f"about {size}"
    return f"{about} {word} {noun}{' ' if tail else ''}{tail}"


def _likely(amounts: Amounts) -> str:
    """(likely 90 to 190), or with both directions where the range has both."""
    if amounts[1] <= 0 <= amounts[2]:
        return f"(likely {_ends(amounts)})"
    step = _step(amounts)
    _, near, far = _positive(amounts)
    return f"(likely {_amount(near, step)} to {_amount(far, step)})"


def _ends(amounts: Amounts, currency: str | None = None) -> str:
    """Between 20 fewer and 40 more; with a currency (it may be empty) between 20 less and 40 more."""
    step, less = _step(amounts), "fewer" if currency is None else "less"
    low, high = (_amount(abs(end), step, currency or "") for end in amounts[1:])
    return f"between {low} {less} and {high} more"


def _figure(amounts: Amounts, what: str) -> str:
    """A figure with its range for a table."""
    if amounts[1] <= 0 <= amounts[2]:
        return _ends(amounts)
    return f"{_sum(amounts, what)} {_likely(amounts)}"


def _money_figure(money: Money) -> str:
    amounts = (money.amount, money.low, money.high)
    if money.low <= 0 <= money.high:
        return _ends(amounts, money.currency)
    first, near, far = (_amount(x, _step(amounts), money.currency) for x in _positive(amounts))
    return f"about {first}{' saved' if money.high < 0 else ''} (likely {near} to {far})"
