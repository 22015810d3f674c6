"""How an effect, its likely range and the level of a measure read; not which word they get.

Effects are rounded to what their range supports; an end that is not zero never reads as zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from impact.estimation.results import Estimate
from impact.metrics import Metric
from impact.portfolio import Reading
from impact.words.formats import MINUS, SPACE, UNKNOWN, duration, level, number, percent, plural

_MOST_PERCENT = 999.5
_STEPS = (10.0, 5.0, 1.0, 0.1, 0.01)


@dataclass(frozen=True)
class Nouns:
    """How a measure is spoken of: ``subject`` opens a sentence, ``one`` and ``many`` are what its n counts."""

    subject: str
    one: str
    many: str
    less: str
    more: str
    plural: bool = False


_NOUNS: dict[str, Nouns] = {
    "tickets": Nouns("Tickets", "ticket", "tickets", "fewer", "more", True),
    "incidents": Nouns("Incidents", "incident", "incidents", "fewer", "more", True),
    "requests": Nouns("Requests", "request", "requests", "fewer", "more", True),
    "time_to_resolve": Nouns("The time to resolve", "ticket", "tickets", "shorter", "longer"),
    "within_target": Nouns(
        "The share resolved within target", "ticket with a target", "tickets with a target", "lower", "higher"
    ),
    "first_assignment": Nouns(
        "The share solved by the first team", "resolved ticket", "resolved tickets", "lower", "higher"
    ),
    "reopened": Nouns("The share reopened", "resolved ticket", "resolved tickets", "lower", "higher"),
    "satisfaction": Nouns("Satisfaction", "answer", "answers", "lower", "higher"),
    "csat": Nouns("CSAT", "answer", "answers", "lower", "higher"),
    "nps": Nouns("The net promoter score", "answer", "answers", "lower", "higher"),
    "response_rate": Nouns("The response rate", "survey", "surveys", "lower", "higher"),
    "lost_time": Nouns("Lost time per ticket", "answer", "answers", "less", "more"),
    "self_service": Nouns(
        "The self-service share", "ticket with a known channel", "tickets with a known channel", "lower", "higher"
    ),
}


def nouns_of(metric: Metric) -> Nouns:
    return _NOUNS.get(metric.name, Nouns(metric.label, "observation", "observations", "lower", "higher"))


def inside_of(subject: str) -> str:
    """A subject inside a sentence: its first letter small, but for abbreviations."""
    return subject if subject[:2].isupper() else subject[:1].lower() + subject[1:]


def shown(metric: Metric, effect: float) -> float:
    """An effect in the unit it is shown in: percent of expected, points, or percentage points."""
    if metric.scale == "percent":
        return 100.0 * math.expm1(min(effect, 50.0))
    return 100.0 * effect if metric.scale == "share" else effect


@dataclass(frozen=True)
class Rounded:
    """An effect and its range in the unit shown, to be rounded to ``step``: as finely as the range supports."""

    low: float
    effect: float
    high: float
    step: float
    percent: bool
    unit: str = "point"

    def digits(self, value: float) -> tuple[float, int]:
        """A value rounded, and its digits: finer than the step where a value that is not zero would read as zero."""
        step = next((s for s in _STEPS if s <= self.step and round(value / s)), self.step)
        return round(value / step) * step, 2 if step == 0.01 else 1 if step == 0.1 else 0

    def amount(self, value: float) -> str:
        """A size without its sign: 22 %, 0.3 points; over 999 %, over 99 % at the ends of the scale."""
        rounded_value, digits = self.digits(value)
        if value and self.nothing(value):
            return f"under {_STEPS[-1]}{SPACE}{'%' if self.percent else self.unit + 's'}"
        if not self.percent:
            return points(abs(rounded_value), digits, self.unit)
        if value >= _MOST_PERCENT:
            return f"over 999{SPACE}%"
        if number(rounded_value, digits) == number(-100.0, digits):
            return f"over 99{SPACE}%"
        return f"{number(abs(rounded_value), digits)}{SPACE}%"

    def about(self) -> str:
        """The effect's size as a sentence says it: about 22 %; over 999 %."""
        amount = self.amount(self.effect)
        return amount if amount.startswith("over ") else f"about {amount}"

    def ends(self) -> str:
        """Both ends without their signs, the smaller first: between 17 % and 27 %; between 0.1 and 0.5 points."""
        near, far = sorted((self.low, self.high), key=abs)
        first, last = self.amount(near), self.amount(far)
        if first == last:
            return first if first.startswith("over ") else f"about {first}"
        return f"between {first if self.percent else first.rsplit(SPACE, 1)[0]} and {last}"

    def nothing(self, value: float) -> bool:
        """Whether a value is too close to zero for any step."""
        return not round(value / _STEPS[-1])


def points(value: float, digits: int = 0, unit: str = "point") -> str:
    """Points, on a rating or of percent, or minutes: 1 point, 0.3 points, 4 minutes."""
    text = number(value, digits)
    return f"{text}{SPACE}{unit if text == '1' else unit + 's'}"


def unit_of(metric: Metric) -> str:
    """What an effect that is no percentage counts: a point or a minute."""
    return "minute" if metric.scale == "minutes" else "point"


def rounded(metric: Metric, result: Estimate) -> Rounded:
    low, effect, high = (shown(metric, x) for x in (result.low, result.effect, result.high))
    limits = (100.0, 40.0, 3.0, 0.3, 0.0)
    step = next(step for step, limit in zip(_STEPS, limits, strict=True) if high - low >= limit)
    return Rounded(low, effect, high, step, metric.scale == "percent", unit_of(metric))


def effect_text(reading: Reading) -> str:
    """The effect alone, to stand beside its range: −22 %, +0.3 points; empty where there is none."""
    if not isinstance(reading.result, Estimate):
        return ""
    r = rounded(reading.metric, reading.result)
    amount = r.amount(r.effect)
    if r.nothing(r.effect):
        return amount
    sign = "+" if r.effect > 0 else MINUS
    return f"over {sign}{amount.removeprefix('over ')}" if amount.startswith("over ") else f"{sign}{amount}"


def range_text(reading: Reading) -> str:
    """The likely range with its direction: likely between 17 % and 27 % fewer; empty where there is none."""
    if not isinstance(reading.result, Estimate):
        return ""
    return f"likely {between(rounded(reading.metric, reading.result), nouns_of(reading.metric))}"


def between(r: Rounded, nouns: Nouns) -> str:
    """The range with its direction: between 4 % fewer and 9 % more."""
    if r.low > 0 or r.high < 0:
        return f"{r.ends()} {nouns.more if r.low > 0 else nouns.less}"
    if r.nothing(r.low) and r.nothing(r.high):
        return "no different"
    if r.nothing(r.low) or r.nothing(r.high):
        end = r.high if r.nothing(r.low) else r.low
        return f"between no difference and {r.amount(end)} {nouns.more if end > 0 else nouns.less}"
    return f"between {r.amount(r.low)} {nouns.less} and {r.amount(r.high)} {nouns.more}"


def size_text(metric: Metric, size: float) -> str:
    """An effect's size on the effect's scale, up or down: 9 %; +146 % or −59 % where the two differ; 0.2 points."""
    if metric.scale != "percent":
        value = abs(shown(metric, size))
        digits = 0 if value >= 9.5 or value.is_integer() else 1 if value >= 0.095 else 2
        return points(value, digits, unit_of(metric))
    up, down = shown(metric, abs(size)), -shown(metric, -abs(size))
    if number(up) == number(down):
        return f"{number(up)}{SPACE}%"
    more = f"over +999{SPACE}%" if up >= _MOST_PERCENT else f"+{number(up)}{SPACE}%"
    return f"{more} or {MINUS}{number(min(down, 99))}{SPACE}%"


def margin_text(metric: Metric) -> str:
    """The smallest effect that matters for this measure: 5 %, 3 points."""
    if metric.scale == "percent":
        return percent(metric.matters)
    value = 100 * metric.matters if metric.scale == "share" else metric.matters
    return points(value, 0 if round(value, 6).is_integer() else 1, unit_of(metric))


def basis(reading: Reading) -> str:
    """What an estimate rests on: n before and after and the comparison; empty where there is none. Over several
    services the effect is a weighted mean, which before and after added up need not show."""
    result, nouns = reading.result, nouns_of(reading.metric)
    if not isinstance(result, Estimate):
        return ""
    counted = f"{plural(result.n_before, nouns.one, nouns.many)} before, {number(result.n_after)} after"
    several = len(result.services)
    pooled = f", on {several} services, the surer ones counting more" if several > 1 else ""
    return f"{counted}{pooled}, {compared_with(result)}"


def compared_with(result: Estimate) -> str:
    if result.control_services == 0:
        return "compared with the weeks before only"
    return f"compared with {plural(result.control_services, 'other service')}"


def before_after(reading: Reading) -> tuple[str, str, str]:
    """The level before, the level after and their unit; unknown where there is no estimate."""
    result = reading.result
    if not isinstance(result, Estimate):
        return UNKNOWN, UNKNOWN, reading.metric.unit
    before, unit = _level(reading.metric, result.before, result.before)
    return before, _level(reading.metric, result.after, result.before)[0], unit


def expected_text(reading: Reading) -> str:
    """The level after that was expected without the change, with its unit; empty where there is no estimate."""
    result = reading.result
    if not isinstance(result, Estimate):
        return ""
    value, unit = _level(reading.metric, result.expected_after, result.before)
    return f"{value}{SPACE}{unit}"


def _level(metric: Metric, value: float, like: float) -> tuple[str, str]:
    if metric.log:
        return duration(math.exp(value), like=math.exp(like))
    if metric.kind == "share":
        return number(100.0 * value, 1), "%"
    if metric.scale == "points":
        return number(value, 2 if metric.unit == "points of 5" else 0), metric.unit.split(" -")[0]
    return level(value, like=like), metric.unit
