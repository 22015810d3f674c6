"""How often the method is wrong on this installation's own dates, in words: rates, their ranges, and the holds."""

from __future__ import annotations

from collections.abc import Mapping

from impact.estimation.honesty import PlaceboRate
from impact.estimation.panel import INTERVAL_LEVEL
from impact.holds import LEAST, MOST, PRECISE, Hold, class_hold, holds
from impact.metrics import BY_NAME
from impact.words.formats import number, percent
from impact.words.holds import class_text, hold_text

Table = dict[str, list[str]]
"""Column title -> texts, all of one length."""

PROMISED = percent(1.0 - INTERVAL_LEVEL)
LIMITS = f"{100 * LEAST:.0f} to {percent(MOST)}"
UNKNOWN_RATE = "Too few days without changes to tell; the answers stand."
FALSE_ALARMS = (
    "Every day on which nothing was changed is a test of this very installation: how often would a pretended change "
    "have been called an effect? The yardstick comes from other services and other weeks than those tested. "
    f"About {PROMISED} is what was promised. Neighbouring pretended changes share most of their days, so they are "
    "worth fewer independent ones, and the likely range is as wide as those make it. **Last year** is the rate among "
    "the pretended changes of the last twelve months, **week before** how often the week before a real change looked "
    "like an effect by itself."
)
RULE = (
    f"**When answers are put on hold.** With a rate outside of {LIMITS}, the answers for services of that size are on "
    f"hold. A rate counts as it stands where it rests on {number(PRECISE)} independent cases or more; with fewer, it "
    "scatters widely by chance alone, and only a likely range that lies wholly outside counts. The same goes for too "
    "many false alarms in the last year (the organisation became restless) and for changes that follow unusual weeks "
    "(what comes after returns to the usual by itself). Where a rate cannot be measured, nothing is put on hold."
)
NONE_HELD = "No answer is on hold: no rate here is outside of what was promised by more than chance can do."


def held(rates: Mapping[str, PlaceboRate | None]) -> tuple[str, ...]:
    """Every hold of the installation in a sentence; none where all answers stand."""
    return tuple(f"{BY_NAME[name].label} on hold: {hold_text(BY_NAME[name], hold)}." for name, hold in holds(rates))


def false_alarms(rates: Mapping[str, PlaceboRate | None]) -> Table:
    """One row a measure: its rate with the likely range and the number of cases, the last year, the weeks before
    changes; why there is none."""
    rows = [(BY_NAME[name].label, *_whole(rate)) for name, rate in rates.items()]
    columns = ("Measure", "False alarms", "Likely range", "Pretended changes", "Last year", "Week before", "In words")
    return {column: [row[place] for row in rows] for place, column in enumerate(columns)}


def by_class(rates: Mapping[str, PlaceboRate | None]) -> Table:
    """Below each measure a row for every volume class that has pretended changes."""
    rows: list[tuple[str, ...]] = []
    for name, rate in rates.items():
        metric = BY_NAME[name]
        for one in rate.classes if rate is not None else ():
            if one.cases and rate is not None:
                late = rate.lately.of_class(one.label) if rate.lately is not None else None
                told = judged(one, class_hold(rate, one.label))
                rows.append((metric.label, class_text(metric, one.label), *_figures(one), _percent(late), told))
    columns = (
        "Measure", "Services with", "False alarms", "Likely range", "Pretended changes", "Last year", "In words"
    )  # fmt: skip
    return {column: [row[place] for row in rows] for place, column in enumerate(columns)}


def _whole(rate: PlaceboRate | None) -> tuple[str, ...]:
    if rate is None or rate.rate is None:
        return "unknown", "–", "0", "–", "–", UNKNOWN_RATE
    found = [hold for one in rate.classes if one.cases and (hold := class_hold(rate, one.label)) is not None]
    everywhere = next((hold for hold in found if hold.whole), None)
    some = " Some volumes are on hold, see below." if found and everywhere is None else ""
    return *_figures(rate), _percent(rate.lately), _percent(rate.before), f"{judged(rate, everywhere)}{some}"


def _figures(rate: PlaceboRate) -> tuple[str, str, str]:
    likely = f"{percent(rate.low, 1)} to {percent(rate.high, 1)}"
    return percent(rate.rate, 1), likely, f"{number(rate.cases)}, worth {number(rate.independent)}"


def _percent(rate: PlaceboRate | None) -> str:
    return "–" if rate is None or rate.rate is None else percent(rate.rate, 1)


_HELD = {
    "many": "On hold: more than promised.",
    "few": "On hold: fewer than promised, so ranges are wider than they need to be.",
    "lately": "On hold: more than promised in the last year.",
    "before": "On hold: changes follow unusual weeks.",
}


def judged(rate: PlaceboRate, hold: Hold | None = None) -> str:
    """What a rate means for the answers it stands for; ``hold`` is what puts them on hold."""
    if hold is not None:
        return _HELD[hold.cause]
    if rate.rate is None or LEAST <= rate.rate <= MOST:
        return "As promised."
    return f"{'More' if rate.rate > MOST else 'Fewer'} than promised, but so few cases scatter that far."
