"""What is said of the customers of each group, for screen, pack and files alike: names, rows, who answered, what is
hidden and why there is nothing. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from impact.estimate import Estimate
from impact.group_values import GroupReading, GroupsOfChange
from impact.metrics import Metric
from impact.portfolio import ChangeView, Reading
from impact.verdict import Word
from impact.words.amounts import before_after, effect_text, expected_text, nouns_of, range_text
from impact.words.formats import days, listed, number, percent, plural, when
from impact.words.readings import why_none
from impact.words.sentences import word_label

NAMES: dict[str, tuple[str, str]] = {
    "location": ("Location", "locations"),
    "department": ("Department", "departments"),
    "role": ("Role", "roles"),
    "device": ("Device", "devices"),
    "tier": ("Tier", "tiers"),
    "other": ("Other group", "other groups"),
}
"""A dimension as a heading, and its groups."""
DIFFER = 0.05
"""Groups are said to differ where chance alone makes them so unlike less often than this."""
REFUSED = {
    "too_early": "its days are not over",
    "overlap": "other changes are too close",
    "too_little": "there is too little data",
    "no_data": "nothing is recorded",
}
EQUAL_LENGTHS = "Tickets and hours are drawn so that equal lengths are equal percentages."
NAMED = "Bold: named by the change."
NO_DIMENSIONS = (
    "No source delivers groups of customers, such as locations or departments. Which fields hold them is set for each "
    "source (docs/groups.md)."
)
HOW_TO_READ = (
    "○ before, ▲ ▼ ● after. The grey bar is where the group would likely be without the change, the tick in it what "
    "was expected: a mark outside of the bar is more than chance. Compared with the groups of services that were not "
    "changed, over the days of the change itself."
)
ANSWERS_HELP = "Response: surveys answered of those sent in the days after the rollout, with its likely range."


@dataclass(frozen=True)
class GroupRow:
    """One group and measure as it is told. ``hidden`` cells have no figure anywhere."""

    group: str
    named: bool
    metric: Metric
    before: str
    after: str
    unit: str
    expected: str
    effect: str
    range: str
    word: Word
    answer: str
    basis: str
    answered: str
    hidden: bool = False


def dimension_label(dimension: str) -> str:
    """A dimension as a heading: Location."""
    return NAMES.get(dimension, NAMES["other"])[0]


def dimension_groups(dimension: str) -> str:
    """The groups of a dimension: locations."""
    return NAMES.get(dimension, NAMES["other"])[1]


def group_rows(found: GroupsOfChange) -> tuple[GroupRow, ...]:
    """A row for each group and measure, groups in their order, then measures in theirs."""
    return tuple(_row(found, group, metric) for group in found.groups for metric in found.measures)


def _row(found: GroupsOfChange, group: GroupReading, metric: Metric) -> GroupRow:
    reading = group.readings.get(metric.name)
    told = answered_text(group) if metric.name in ("satisfaction", "csat") else ""
    if reading is None:
        few = few_text(metric, found.smallest)
        return GroupRow(
            group.name, group.named, metric, "–", "–", "", "–", "–", few, "no_data", "Hidden", "–", "", True
        )
    word = reading.verdict.word
    if not isinstance(reading.result, Estimate):
        why = why_none(reading)
        return GroupRow(group.name, group.named, metric, "–", "–", "", "–", "–", why, word, word_label(word), "–", told)
    before, after, unit = before_after(reading)
    return GroupRow(
        group.name, group.named, metric, before, after, unit, expected_text(reading),
        effect_text(reading), range_text(reading), word, word_label(word), basis(reading), told,
    )  # fmt: skip


def few_text(metric: Metric, smallest: int) -> str:
    """Why a cell of a group is hidden."""
    who = "people who answered" if metric.table == "survey" else "people"
    return f"fewer than {number(smallest)} {who}, or hidden to keep others so"


def basis(reading: Reading) -> str:
    """What a group's figure rests on: n before and after, and how many groups it is compared with."""
    result, nouns = reading.result, nouns_of(reading.metric)
    if not isinstance(result, Estimate):
        return ""
    counted = f"{plural(result.n_before, nouns.one, nouns.many)} before, {number(result.n_after)} after"
    if result.control_services == 0:
        return f"{counted}, compared with the weeks before only"
    return f"{counted}, compared with {plural(result.control_services, 'group')} of other services"


def answered_text(group: GroupReading) -> str:
    """Who answered: 31 of 120 surveys, 26 % (likely 19 % to 34 %); empty where that is not known."""
    asked = group.asked
    if asked is None or asked.rate is None:
        return ""
    low, high = percent(asked.low), percent(asked.high)
    sent = f"{number(asked.answered)} of {plural(asked.asked, 'survey')}"
    return f"{sent}, {percent(asked.rate)} (likely {low} to {high})"


def unlike_text(found: GroupsOfChange) -> str:
    """A plain warning where those who answered are not like those who had tickets; empty where they are."""
    told = [
        f"{group.name} opened {percent(asked.of_tickets)} of the tickets and gave {percent(asked.of_answers)} of the "
        "answers"
        for group in found.groups
        if (asked := group.asked) is not None and asked.unlike
    ]
    if not told:
        return ""
    who = f"Those who answered are not like those who had tickets: {listed(told, 3)}"
    return f"{who}. Read satisfaction group by group, not as a whole."


def hidden_text(found: GroupsOfChange) -> str:
    """How many groups are hidden, and why; empty where none is."""
    if not found.hidden:
        return ""
    _, many = NAMES.get(found.dimension, NAMES["other"])
    are = f"{plural(found.hidden, many.removesuffix('s'), many)} {'is' if found.hidden == 1 else 'are'} hidden"
    return f"{are} (fewer than {number(found.smallest)} people, or hidden so that those cannot be computed)."


def differ_text(found: GroupsOfChange) -> str:
    """Whether the groups felt different things; empty where fewer than two have a figure."""
    if not found.differ:
        return ""
    _, many = NAMES.get(found.dimension, NAMES["other"])
    apart = [m.label.lower() for m in found.measures if found.differ.get(m.name, 1.0) < DIFFER / len(found.differ)]
    if apart:
        return f"The {many} felt it differently in {listed(apart)}: more than chance would make them differ."
    return f"Whether the {many} felt it differently cannot be told: chance alone can make them differ this much."


def headline(found: GroupsOfChange) -> str:
    """Which groups are clearly worse or better off, and in what, in one sentence; or that none is."""
    parts = [part for word in ("worse", "better") if (part := _off(found, word))]
    if not parts:
        return f"No single {dimension_label(found.dimension).lower()} shown is clearly better or worse off."
    return f"{'; '.join(parts)}."


def _off(found: GroupsOfChange, word: Word) -> str:
    """The groups of which at least one measure has this word, each with its measures; empty where none has."""
    told = {
        group.name: listed([
            metric.label.lower()
            for metric in found.measures
            if (reading := group.readings.get(metric.name)) is not None and reading.verdict.word == word
        ])
        for group in found.groups
    }  # fmt: skip
    told = {name: measures for name, measures in told.items() if measures}
    if len(told) == len(found.groups) > 2 and len(set(told.values())) == 1:
        measures = next(iter(told.values()))
        return f"All {len(told)} {dimension_groups(found.dimension)} shown are clearly {word} off ({measures})"
    names = listed([f"{name} ({measures})" for name, measures in told.items()], 5)
    return f"{names} {'is' if len(told) == 1 else 'are'} clearly {word} off" if told else ""


def notes(found: GroupsOfChange) -> tuple[str, ...]:
    """What stands below the figures: differences between groups, who answered, what is hidden, what is not read."""
    return tuple(filter(None, (differ_text(found), unlike_text(found), hidden_text(found), unread_text(found))))


def unread_text(found: GroupsOfChange) -> str:
    """Which measures are not told by group, and why; empty where all are."""
    if not found.unread or not found.measures:
        return ""
    told = [f"{metric.label.lower()}: {REFUSED[why]}" for metric, why in found.unread]
    return f"Not told by group: {'; '.join(told)}."


def nothing_text(found: GroupsOfChange, change: ChangeView) -> str:
    """Why there are no groups to show; empty where there are."""
    one, many = NAMES.get(found.dimension, NAMES["other"])
    match found.state:
        case "not_rolled_out":
            planned = f", planned for {when(change.planned_on)}" if change.planned_on else ""
            return f"Not live{planned}: groups are told once the days after the rollout are over."
        case "no_groups":
            return f"No source delivers {many}. Which fields hold them is set for each source (docs/groups.md)."
        case "none_named":
            return f"No ticket of the services of this change names a {one.lower()}."
        case "one_group":
            return f"All tickets of this change come from one {one.lower()}: its figures are those of the change."
        case "all_hidden":
            few = f"fewer than {number(found.smallest)} people, or needed to keep others hidden"
            return f"Every {one.lower()} is hidden: {few}."
        case "not_read":
            return _not_read(found, change, many)
        case _:
            return ""


def _not_read(found: GroupsOfChange, change: ChangeView, many: str) -> str:
    reasons = {why for _, why in found.unread}
    if "too_early" in reasons:
        later = [on for metric, _ in found.unread if (on := _final_on(change.reading(metric.name))) is not None]
        from_on = f", from {when(min(later))} on" if later else ""
        return f"Too early: {many} are told when the planned days are over{from_on}, never while they still grow."
    if "overlap" in reasons:
        return f"Other changes on the same services are too close: what each did is not told apart for {many}."
    if "too_little" in reasons:
        return f"There is too little data on the whole change, so none on its {many}."
    return f"Nothing is recorded on the services of this change, so nothing on its {many}."


def _final_on(reading: Reading) -> date | None:
    """The day from which a measure is told by group: that of its last reading, with the days its figures mature."""
    result = reading.result
    if isinstance(result, Estimate) and result.final_from is not None:
        return result.final_from + timedelta(days=reading.metric.matures_days)
    return reading.verdict.from_on


@dataclass(frozen=True)
class WholeRow:
    """A measure of the whole change, as it stands beside its groups; ``range`` says why where there is no figure."""

    measure: str
    course: str
    effect: str
    range: str
    word: Word


def whole_rows(change: ChangeView) -> tuple[WholeRow, ...]:
    """Self-service share and lost time per ticket of the whole change, as far as any source delivers them."""
    rows = []
    for name in ("self_service", "lost_time"):
        reading = change.reading(name)
        label, word = reading.metric.label, reading.verdict.word
        if isinstance(reading.result, Estimate):
            before, after, unit = before_after(reading)
            course = f"{before} → {after} {unit}; {expected_text(reading)} expected"
            rows.append(WholeRow(label, course, effect_text(reading), range_text(reading), word))
        elif reading.result is not None:
            rows.append(WholeRow(label, "–", "–", why_none(reading), word))
    return tuple(rows)


def alt_text(found: GroupsOfChange, change: ChangeView) -> str:
    """What the chart shows, for those who cannot see it."""
    _, many = NAMES.get(found.dimension, NAMES["other"])
    shown = f"{len(found.groups)} {many if len(found.groups) > 1 else many.removesuffix('s')}"
    measures = listed([m.label.lower() for m in found.measures], 9)
    return f"Before and after {change.title} in {shown}: {measures}. {headline(found)} The table below says the same."


def caption(found: GroupsOfChange) -> str:
    """How to read the chart."""
    named = NAMED if any(group.named for group in found.groups) else ""
    answers = ANSWERS_HELP if any(group.asked is not None for group in found.groups) else ""
    return " ".join(filter(None, (HOW_TO_READ, EQUAL_LENGTHS, named, answers)))


def span_text(found: GroupsOfChange) -> str:
    """Over which days the groups are read; empty where no group has a figure."""
    for group in found.groups:
        for reading in group.readings.values():
            if reading is not None and isinstance(reading.result, Estimate):
                result = reading.result
                before, after = days(result.shape.pre), days(result.shape.post)
                return f"Compared: {before} before the rollout with {after} from {when(result.post_from)} on."
    return ""


def group_table(found: GroupsOfChange) -> dict[str, list[str]]:
    """The same as columns of text, for a table and for a file; groups that are hidden are counted, never listed."""
    names = ("Group", "Measure", "Answer", "Before and after", "Effect", "Likely range", "Who answered", "Based on")
    table: dict[str, list[str]] = {name: [] for name in names}
    for row in group_rows(found):
        told = (
            f"{row.group} (named by the change)" if row.named else row.group,
            row.metric.label,
            row.answer,
            "–" if row.before == "–" else f"{row.before} → {row.after} {row.unit}; {row.expected} expected",
            row.effect,
            row.range,
            row.answered or "–",
            row.basis,
        )
        for column, text in zip(table.values(), told, strict=True):
            column.append(text)
    return table
