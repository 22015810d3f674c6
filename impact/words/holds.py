"""Why answers are on hold, in words: the measured false-alarm rate beside the promised one. Decides nothing."""

from __future__ import annotations

from impact.estimation.panel import INTERVAL_LEVEL
from impact.holds import Hold
from impact.metrics import Metric
from impact.words.amounts import inside_of, nouns_of
from impact.words.formats import number, percent, plural

PROMISED = f"about {percent(1.0 - INTERVAL_LEVEL)}"


def hold_text(metric: Metric, hold: Hold) -> str:
    """Why the answers of a measure are on hold, as the end of a sentence that begins with On hold."""
    rate, measured = hold.rate, percent(hold.rate.rate, 1)
    if hold.cause == "before":
        return (
            f"the last week before {number(rate.alarms)} of {plural(rate.cases, 'rollout')} looked like an effect on "
            f"{inside_of(nouns_of(metric).subject)} by itself ({measured}, where chance makes it {PROMISED}). "
            "After an unusual week figures return to the usual by themselves, and that would be taken for the change"
        )
    where = "for all services" if hold.whole else f"for services with {class_text(metric, rate.label)}"
    when = " in the last year" if hold.cause == "lately" else ""
    only = "only " if hold.cause == "few" else ""
    told = (
        f"{where} this method raised {only}{measured} false alarms here{when} on {number(rate.cases)} dates without "
        f"changes; promised are {PROMISED}"
    )
    return f"{told}, so its likely ranges are wider than they need to be" if hold.cause == "few" else told


def class_text(metric: Metric, label: str) -> str:
    """A volume class with what is counted: under 1 ticket a day, 5 to 20 answers a day."""
    nouns = nouns_of(metric)
    amount = label.removesuffix(" a day")
    return f"{amount} {nouns.one if amount == 'under 1' else nouns.many} a day"
