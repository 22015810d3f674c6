"""The business case in words: every row with its planned and its measured text, the break-even day, and what to beware
of.

Knows figures as they were found; decides nothing and adds up nothing.
"""

from __future__ import annotations

from impact.case_values import BreakEven, Case, Figure, NoBreakEven, Told, Unit, Unknown
from impact.register_totals import RealisedTotal
from impact.run_rate import Amount
from impact.words.case_inputs import money, settings_text
from impact.words.formats import SPACE, days, number, plural, when

Row = tuple[str, str, str]
"""Label, planned text, measured text."""
NONE = "–"
"""Nothing is planned, or can be measured, of this row."""
PLANNED, MEASURED = "Planned beforehand", "Recorded or measured"
ONLY_TICKETS = (
    "Measured is what reaches the service desk: tickets, and work lost to them. Time saved that never was a ticket is "
    "not in these figures."
)
GOES_ON = "Later months are taken to be like the measured weeks, in what was saved so far and in the break-even day."
WINNERS_CURSE = (
    "Changes that look best also had chance on their side, so a plain sum of measured benefits says too much. In these "
    "totals every effect is pulled towards the others as far as that goes."
)
NOT_ADDED = "Reported and modelled hours are two sources of one thing and are never added up for one change."
_STEPS = (1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1_000.0, 5_000.0, 10_000.0, 50_000.0, 100_000.0, 500_000.0)
_WORDS: dict[Unit, tuple[str, str]] = {
    "tickets": ("fewer tickets", "more tickets"),
    "hours": ("hours saved", "hours lost on top"),
    "money": ("saved", "lost on top"),
}


def case_rows(case: Case) -> tuple[Row, ...]:
    """The business case as a table; the same texts on screen, in the pack and in files."""
    return (
        ("Cost", told_text(case.planned_cost), told_text(case.actual_cost)),
        ("Tickets a month", NONE, told_text(case.tickets)),
        ("Hours of lost work a month", told_text(case.planned_hours), told_text(case.hours)),
        ("Money a month", told_text(case.planned_money), told_text(case.money)),
        ("Money since the rollout", NONE, told_text(case.money_so_far)),
        ("Paid for itself", planned_break_even(case), break_even_text(case.break_even)),
    )


def figures(case: Case) -> tuple[Told, ...]:
    """Every figure of the case, in the order in which they are opened to their inputs."""
    return (
        case.planned_cost, case.actual_cost, case.planned_hours, case.planned_money, case.tickets, case.handling,
        case.hours, case.lost_work, case.money, case.tickets_so_far, case.hours_so_far, case.money_so_far,
    )  # fmt: skip


def told_text(told: Told) -> str:
    """A figure with its range, or in a few words why there is none."""
    if isinstance(told, Unknown):
        return _SHORT[told.why] if told.why != "no_rate" else f"not set: {_settings(told)}"
    if told.kind in ("planned", "recorded"):
        return _plain(told)
    return saved_text(told.amount, told.unit, told.currency)


_SHORT = {
    "not_recorded": "not recorded",
    "not_live": "not rolled out yet",
    "cancelled": "cancelled",
    "rolled_back": "rolled back: nothing any more",
    "no_reading": "cannot tell",
    "no_minutes": "cannot tell",
    "no_part": "not set: [rates] lost_part_of_waiting",
}


def _settings(told: Unknown) -> str:
    return "[rates] " + " or ".join(told.missing)


def _plain(figure: Figure) -> str:
    if figure.unit == "money":
        return money(figure.value, figure.currency)
    return f"{number(figure.value)}{SPACE}{'hours' if figure.unit == 'hours' else 'tickets'}"


def saved_text(amount: Amount, unit: Unit, currency: str = "") -> str:
    """What is saved, or comes on top: about 90 fewer tickets (likely 58 to 120); between 50 more and 60 fewer
    tickets."""
    step = _step(amount)
    less, more = _WORDS[unit]
    if amount.low <= 0 <= amount.high:
        down, up = (_size(x, step, unit, currency) for x in (amount.low, amount.high))
        if unit == "tickets":
            return f"between {down} more and {up} {less}"
        first, second = ("hours lost on top", "hours saved") if unit == "hours" else (more, less)
        return f"between {down} {first} and {up} {second}"
    near, far = sorted((abs(amount.low), abs(amount.high)))
    word = less if amount.low > 0 else more
    likely = f"(likely {_size(near, step, unit, currency)} to {_size(far, step, unit, currency)})"
    return f"about {_size(amount.value, step, unit, currency)} {word} {likely}"


def _step(amount: Amount) -> float:
    """What a figure is rounded to: about an eighth of its likely range."""
    wide = (amount.high - amount.low) / 8
    return max((s for s in _STEPS if s <= wide), default=_STEPS[0])


def _size(value: float, step: float, unit: Unit, currency: str) -> str:
    """A size rounded to a step, finer where something would read as nothing."""
    size = abs(value)
    fit = next((s for s in (step, *reversed(_STEPS)) if s <= step and round(size / s)), None)
    text = number(round(size / fit) * fit) if fit else ("under 1" if size else "0")
    return f"{currency}{SPACE}{text}" if unit == "money" and currency else text


def planned_break_even(case: Case) -> str:
    """How long the change was planned to take to pay for itself; a dash without both figures."""
    cost, month = case.planned_cost, case.planned_money
    if isinstance(cost, Unknown) or isinstance(month, Unknown) or month.value <= 0:
        return NONE
    return f"after {plural(cost.value / month.value, 'month')}"


def break_even_text(told: BreakEven | NoBreakEven) -> str:
    """The day a change has paid for itself with its range, or why there is none."""
    if isinstance(told, NoBreakEven):
        if told.lacks == "cost":
            return "unknown: no cost is recorded"
        return told_text(told.because)
    if told.on is None:
        if told.earliest is None:
            return "not at this rate"
        return f"not at this rate; at the best end of the range from {when(told.earliest)}"
    if told.earliest == told.on == told.latest:
        return f"by {when(told.on)}"
    about = f"about {when(told.on)}"
    if told.earliest is None:
        return about
    if told.latest is None:
        return f"{about} (likely not before {when(told.earliest)}; at the worst end of the range never)"
    return f"{about} (likely {when(told.earliest)} to {when(told.latest)})"


def break_even_sentence(case: Case) -> str:
    """The same as a sentence, which says whether that day is over."""
    told = case.break_even
    if isinstance(told, NoBreakEven):
        if told.lacks == "cost":
            return "Whether it has paid for itself is unknown: no cost is recorded."
        return f"Whether it has paid for itself is unknown. {told.because.text}"
    spent = f"its {'actual' if told.cost.kind == 'recorded' else 'planned'} cost of {_plain(told.cost)}"
    if told.on is None:
        return f"At the measured rate it does not bring back {spent}{_best(told)}."
    if told.latest is not None and told.latest <= case.today:
        return f"It has brought back {spent}, {break_even_text(told)}."
    if told.on <= case.today:
        return f"It has probably brought back {spent}, {break_even_text(told)}."
    return f"At the measured rate it brings back {spent} {break_even_text(told)}."


def _best(told: BreakEven) -> str:
    return f"; at the best end of the range from {when(told.earliest)}" if told.earliest else ""


NOT_THE_BUMP = (
    "A month is the rate of the measured weeks; what the bump cost counts its own days as they were, so the two differ."
)


def change_label(told: Figure) -> str:
    """The name of a figure beside a text that says itself whether it is more or less."""
    return told.label.replace(" avoided", "").replace(" saved", "")


def case_notes(case: Case) -> tuple[str, ...]:
    """What to know about these figures: what they leave out and what they rest on."""
    if case.monthly is None:
        return ()
    found = [ONLY_TICKETS, NOT_THE_BUMP]
    if isinstance(case.break_even, BreakEven):
        where = f" Recorded amounts are taken to be in {case.currency}." if case.currency else ""
        found.append(f"{GOES_ON}{where}")
    missing = [t.missing for t in (case.handling, case.hours, case.lost_work) if isinstance(t, Unknown)]
    names = tuple(dict.fromkeys(name for one in missing for name in one))
    if names:
        found.append(settings_text(names))
    return tuple(found)


def why_none(case: Case) -> str:
    """Why nothing is measured, as a sentence; empty where something is."""
    return case.tickets.text if isinstance(case.tickets, Unknown) else ""


def opened(told: Figure) -> dict[str, list[str]]:
    """What a figure is made of, as a table."""
    return {
        "Made of": [part.label for part in told.inputs],
        "Value": [part.value for part in told.inputs],
        "Where from": [part.origin for part in told.inputs],
    }


def break_even_opened(told: BreakEven) -> dict[str, list[str]]:
    """What the break-even day is made of, as a table."""
    return {
        "Made of": [part.label for part in told.inputs],
        "Value": [part.value for part in told.inputs],
        "Where from": [part.origin for part in told.inputs],
    }


def total_rows(total: RealisedTotal) -> tuple[tuple[str, str], ...]:
    """What all changes save a month together; empty where nothing can be told."""
    rows: list[tuple[str, str]] = []
    parts: tuple[tuple[str, Amount | None, Unit], ...] = (
        ("Tickets a month", total.tickets, "tickets"),
        ("Hours of lost work a month", total.hours, "hours"),
        ("Money a month", total.money, "money"),
    )
    for label, amount, unit in parts:
        if amount is not None:
            rows.append((label, saved_text(amount, unit, total.currency)))
    return tuple(rows)


def total_text(total: RealisedTotal) -> str:
    """Which changes are in the totals, and how far they are from a plain sum."""
    if total.tickets is None:
        return (
            f"What all changes save together cannot be told: {plural(total.counted, 'change')} of "
            f"{number(total.live)} live ones have a final figure of their tickets."
        )
    of = f"{plural(total.live, 'live change')} that {'was' if total.live == 1 else 'were'} not rolled back"
    told = f"In these totals are {number(total.counted)} of {of}. {WINNERS_CURSE}"
    if total.plain_money is None or total.money is None:
        return told
    plain = money(abs(round(total.plain_money, -2)), total.currency)
    word = "saved" if total.plain_money > 0 else "lost on top"
    return f"{told} The plain sum would have been {plain} {word} a month."


def counted_text(case: Case) -> str:
    """Up to which day savings are counted; empty where none are."""
    if case.counted_to is None:
        return ""
    behind = (case.today - case.counted_to).days
    return f"Counted up to {when(case.counted_to)}, {days(behind)} ago." if behind > 1 else (
        f"Counted up to {when(case.counted_to)}."
    )  # fmt: skip
