"""How an answer comes about, in plain words: the method, the marks, the limits, the measures and the false alarms."""

from __future__ import annotations

from collections.abc import Mapping

from impact.estimate import PlaceboRate
from impact.estimation.panel import INTERVAL_LEVEL, SHAPES
from impact.metrics import BY_NAME, METRICS, Metric
from impact.verdict import FALSE_DISCOVERY_RATE, Word
from impact.words.amounts import margin_text
from impact.words.formats import number, percent

Table = dict[str, list[str]]
"""Column title -> texts, all of one length."""

LEVEL = percent(INTERVAL_LEVEL)
ONE_SENTENCE = (
    "We compare the days after a change with the weeks before it, subtract what happened to all other services in the "
    f"same days, and call it an effect only if it is larger than {LEVEL} of the differences we get when we pretend a "
    "change happened on days when none did."
)
STEPS = (
    (
        "Before and after",
        f"The {SHAPES[0].post} days after the rollout are compared with the {SHAPES[0].pre} days before it, Mondays "
        "with Mondays, holidays with holidays. Where another change is close, fewer days are taken, or none.",
    ),
    (
        "What would have come anyway",
        "What happened to all services without a change in the same days is subtracted: a quiet summer or a bad week "
        "for everybody is not an effect.",
    ),
    (
        "What chance does",
        "The same is done for every service and every day on which nothing was changed. How far apart before and "
        "after lie there is what chance does in this very organisation.",
    ),
    (
        "The word",
        f"Only a difference larger than {LEVEL} of those counts. Because many changes are looked at, up to about "
        f"{percent(FALSE_DISCOVERY_RATE)} of the clear answers may still be false; a weaker one is called a hint.",
    ),
)  # fmt: skip
DRAWING = "A drawing, not data: what is subtracted, and what is left as the effect."
MARKS_TOLD: tuple[tuple[Word, str, str], ...] = (
    ("better", "Better", "The whole likely range is on the good side of zero, also among all changes looked at."),
    ("worse", "Worse", "The whole likely range is on the bad side of zero, also among all changes looked at."),
    (
        "leaning_better",
        "Leaning better, or worse",
        "A hint of an effect (hollow): among so many changes, chance alone can do that.",
    ),
    (
        "cannot_tell",
        "Cannot tell, too early, too little data",
        "The likely range has zero in it and reaches beyond what matters.",
    ),
    ("no_change", "No real change", "The whole likely range is smaller than what matters."),
    (
        "cannot_separate",
        "Cannot separate",
        "Another change on the same services is too close: no range, only the names of the changes.",
    ),
)
RANGE = (
    f"The bar is the **likely range** (a {LEVEL} interval). Effects inside it fit what was seen; those near the mark "
    f"fit better than those at the ends. Ranges made this way hold the true effect for about {LEVEL} of changes. Which "
    "ones nobody can know, so it is a statement about the method and not about one bar.",
    "**A bar across zero is not “no effect”.** It means that better and worse both fit: we cannot tell. "
    "“No real change” is said only when the whole bar is smaller than what matters.",
    "**The effect is measured against what was expected**, not against the value before: tickets may rise after a "
    "good change, if they rose more everywhere else.",
)
LIMITS = (
    "Tell two changes apart that went live within about a week of each other on one service.",
    "Know of anything that is not recorded and hit just this service on just this date: a campaign, a reorganisation, "
    "a new form. An answer means more than chance, not “because of the change”.",
    "See a change that touches all services at once: there is nothing left to compare with.",
    "Find small effects at ordinary volumes. About 10 % more or fewer tickets mostly stays “cannot tell”, and below "
    "about one ticket a day only a doubling shows.",
    "Find a rise as easily as a fall: short spikes, which have many reasons, go upwards.",
    "Promise anything when the organisation turns restless: what chance does is learnt from the past.",
)
PROMISED = 1.0 - INTERVAL_LEVEL
USUAL = (0.03, 0.08)
"""A single installation scatters about the promised rate; outside of this it is worth a word."""
FALSE_ALARMS = (
    "Every day on which nothing was changed is a test of this very installation: how often would a pretended change "
    "have been called an effect? The yardstick comes from other services and other weeks than those tested. "
    f"About {percent(PROMISED)} is what was promised."
)


def good(metric: Metric) -> str:
    """Which direction customers want, in the measure's own words."""
    if metric.log:
        return "shorter"
    return "fewer" if metric.better == "fewer" and metric.kind == "count" else (
        "lower" if metric.better == "fewer" else "higher"
    )  # fmt: skip


def definitions() -> Table:
    """Every measure: what it is, how it is counted, what is good, what matters, and what to beware of."""
    return {
        "Measure": [f"{m.label} ({m.unit})" for m in METRICS],
        "What it is": [m.help for m in METRICS],
        "How it is counted": [m.formula for m in METRICS],
        "Good is": [good(m) for m in METRICS],
        "Matters from": [margin_text(m) for m in METRICS],
        "Beware": [m.trap for m in METRICS],
    }


def false_alarms(rates: Mapping[str, PlaceboRate | None]) -> Table:
    """One row a measure: the rate with its likely range and the number of cases; why there is none."""
    rows = [(BY_NAME[name].label, *_rate(rate)) for name, rate in rates.items()]
    columns = ("Measure", "False alarms", "Likely range", "Pretended changes", "In words")
    return {column: [row[place] for row in rows] for place, column in enumerate(columns)}


def _rate(rate: PlaceboRate | None) -> tuple[str, str, str, str]:
    if rate is None or rate.rate is None or rate.low is None or rate.high is None:
        return "unknown", "–", "0", "Too few days without changes to tell."
    likely = f"{percent(rate.low, 1)} to {percent(rate.high, 1)}"
    return percent(rate.rate, 1), likely, number(rate.cases), judged(rate.rate)


def judged(rate: float) -> str:
    """What a rate means for the answers of its measure."""
    if rate > USUAL[1]:
        return "More than promised: read its clear answers as hints."
    if rate < USUAL[0]:
        return "Fewer than promised: its answers are cautious, and effects are missed more often."
    return "As promised."
