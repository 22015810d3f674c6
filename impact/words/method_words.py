"""How an answer comes about, in plain words: the method, its readings, the marks, the limits and the measures."""

from __future__ import annotations

from collections.abc import Sequence

from impact.estimation.panel import INTERVAL_LEVEL, SHAPES
from impact.metrics import METRICS, Metric
from impact.verdict import FALSE_DISCOVERY_RATE, LOOKS, Word
from impact.words.amounts import margin_text
from impact.words.circumstances import READINGS, READINGS_TOLD
from impact.words.formats import percent

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
        f"The {SHAPES[0].post} days after the rollout are compared with the weeks before it, Mondays with Mondays, "
        "holidays with holidays; how many weeks is what makes the answer surest, and older days count less. A rollout "
        "over several days is read after its last one. Where another change is close, fewer days are taken.",
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
CASES = (
    (
        "Early looks",
        "Before its days are complete, a change is looked at on fixed days after the rollout: "
        f"{', '.join(map(str, LOOKS[:4]))}. Looking often finds more by chance, so the bar is higher then: an "
        "effect beyond it is named as preliminary; else it is too early, and the day of the next look is said.",
    ),
    (
        "Changes close to each other",
        "First, days free of other changes are looked for. Where there are none, changes that differ in dates or in "
        "services are separated by what they do not share. Where that is not possible either, they are read together, "
        "and which of them it was stays open.",
    ),
    (
        "Changes nearly everywhere",
        "Where a change touches more than a fifth of all services, few untouched ones are left to compare with, and "
        "where fewer than eight are left, only the weeks before: the ranges are wider, and the answer says so.",
    ),
    (
        "The largest in a list",
        "Among many changes, the largest effects are usually overstated: chance was on their side too. Lists of the "
        "largest are ordered by what would be expected to remain.",
    ),
    (
        "Goals and guardrails",
        "A goal can make a change better or worse. A guardrail, such as reopened tickets, can only raise an alarm.",
    ),
    (
        "Groups of customers",
        "Each location, department, role or device is compared with the same groups of services that were not changed. "
        "Groups of too few people are shown nowhere, and no other figure lets them be computed.",
    ),
    (
        "Expected beforehand",
        "What somebody stated before the rollout is frozen then and judged by the measured range: met when all of it "
        "is good enough, missed when none of it is, else it cannot be told.",
    ),
    (
        "The business case",
        "Planned figures were typed beforehand, measured ones are effects times the rates in the settings, with their "
        "likely range. Measured is what reaches the service desk: time saved elsewhere is not in it.",
    ),
    (
        "What was decided",
        "A decision keeps the figures that were seen. It settles a question until its review, or until something gets "
        "worse; then the question is asked again.",
    ),
)
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
        "on_hold",
        "On hold",
        "The method is wrong more or less often here than promised: the answer is held back, see below.",
    ),
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
    "Tell two changes apart that went live within a few days of each other on the same services.",
    "Know of anything that is not recorded and hit just this service on just this date: a campaign, a reorganisation, "
    "a new form. An answer means more than chance, not “because of the change”.",
    "See a change that touches all services at once: there is nothing left to compare with.",
    "Find small effects at ordinary volumes. About 10 % more or fewer tickets mostly stays “cannot tell”, and below "
    "about one ticket a day only a doubling shows.",
    "Find a rise as easily as a fall: short spikes, which have many reasons, go upwards.",
    "Promise anything when the organisation turns restless: what chance does is learnt from the past. Answers are put "
    "on hold once the last year shows it.",
)


def readings() -> Table:
    """The ways in which every measure is read."""
    return {"Reading": [READINGS[name] for name in READINGS_TOLD], "Which days": list(READINGS_TOLD.values())}


def good(metric: Metric) -> str:
    """Which direction customers want, in the measure's own words."""
    if metric.log:
        return "shorter"
    return "fewer" if metric.better == "fewer" and metric.kind == "count" else (
        "lower" if metric.better == "fewer" else "higher"
    )  # fmt: skip


def role(metric: Metric) -> str:
    """What a measure can do to the word of a change."""
    return "Guardrail: can only raise an alarm" if metric.role == "guardrail" else "Goal"


def definitions(metrics: Sequence[Metric] = METRICS) -> Table:
    """Every measure: what it is, how it is counted, what is good, what matters here, and what to beware of."""
    own = ", set for this organisation"
    return {
        "Measure": [f"{m.label} ({m.unit})" for m in metrics],
        "What it is": [m.help for m in metrics],
        "How it is counted": [m.formula for m in metrics],
        "Good is": [good(m) for m in metrics],
        "Role": [role(m) for m in metrics],
        "Matters from": [f"{margin_text(m)}{own if m.set_here else ''}" for m in metrics],
        "Beware": [m.trap for m in metrics],
    }
