"""What stands on screen, word for word: every text is kept in tests/golden/wording.txt and reviewed as a difference.

After a wanted change of words: ``python -m tests.test_wording`` writes the file anew.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from impact import wording
from impact.estimation.panel import Shape
from impact.estimation.results import BROAD, CHANGED_COMPARISON, NO_COMPARISON, NOT_TELLING, SPIKES, Reason
from impact.metrics import METRICS
from impact.passes import StreamState
from impact.portfolio import Portfolio, Readiness, Reading
from impact.verdict import Verdict, Word, overall
from tests.samples import MAIL, VPN, WIFI, change, estimated, milestone, reading, refused, silent

GOLDEN = Path(__file__).with_name("golden") / "wording.txt"
TODAY = date(2026, 9, 25)
FORBIDDEN = re.compile(
    r"significan|p-value|\bCI\b|baseline|regress|treatment|caused|confidence|correlat|\bnan\b|None|\binf\b", re.I
)
Line = tuple[str, str]


def clear(metric: str) -> Reading:
    """A clear rise of the measure, in its own unit."""
    if metric in ("tickets", "incidents", "requests", "time_to_resolve"):
        return reading(estimated(metric, math.log(1.14), math.log(1.08), math.log(1.20), **_levels(metric)))
    if metric == "nps":
        return reading(estimated(metric, 12.0, 4.0, 20.0, smallest_detectable=11.0, **_levels(metric)))
    if metric == "satisfaction":
        return reading(estimated(metric, 0.31, 0.12, 0.5, **_levels(metric)))
    if metric == "lost_time":
        return reading(estimated(metric, 14.2, 6.1, 22.3, smallest_detectable=11.0, **_levels(metric)))
    return reading(estimated(metric, 0.061, 0.034, 0.088, **_levels(metric)))


def _levels(metric: str) -> dict[str, float]:
    if metric == "time_to_resolve":
        return {"before": math.log(384), "after": math.log(430), "expected_after": math.log(377)}
    if metric == "nps":
        return {"before": 32.4, "after": 41.0, "expected_after": 29.0}
    if metric == "satisfaction":
        return {"before": 3.824, "after": 4.1, "expected_after": 3.79}
    if metric == "lost_time":
        return {"before": 41.0, "after": 57.2, "expected_after": 43.0}
    if metric in ("tickets", "incidents", "requests"):
        return {}
    return {"before": 0.1234, "after": 0.18, "expected_after": 0.119}


def formats() -> Iterator[Line]:
    for value in (0.0, -0.0, -0.004, 7, -3.46, 24918, 1e15, -1e15, None, math.nan, math.inf):
        yield f"number {value}", wording.number(value)
    for value in (-0.04, -3.46, 1234.56):
        yield f"number {value} to one digit", wording.number(value, 1)
    for value in (0.0, 0.0004, 0.354, 1.0, 41.23, 99.96, 1234.5, -2.5, None):
        yield f"level {value}", wording.level(value)
    for value in (0.0, 0.001, 0.005, 0.12, 0.994, 0.9999, 1.0, None, math.nan):
        yield f"percent {value}", wording.percent(value)
    yield "percent 0.0512 to one digit", wording.percent(0.0512, 1)
    for value in (0.2, 1, 40, 89.4, 90, 384, 7200, None):
        yield f"hours of {value} minutes", " ".join(wording.duration(value)).strip()
    for count in (0, 1, 2, 1234):
        yield f"days {count}", wording.days(count)
    yield "plural 2 box", wording.plural(2, "box", "boxes")
    yield "when", wording.when(date(2026, 9, 7))
    yield "when unknown", wording.when(None)
    yield "span in a month", wording.span(date(2026, 9, 8), date(2026, 9, 21))
    yield "span in a year", wording.span(date(2026, 7, 27), date(2026, 9, 6))
    yield "span over a year's end", wording.span(date(2025, 12, 27), date(2026, 1, 6))
    yield "span of a day", wording.span(date(2026, 9, 8), date(2026, 9, 8))
    yield "instant in Berlin", wording.at(datetime(2026, 11, 23, 8, 40, tzinfo=UTC), "Europe/Berlin")
    yield "instant unknown", wording.at(None)
    for items in ((), ("A",), ("A", "B"), ("A", "B", "C", "D"), ("A", "B", "C", "D", "E")):
        yield f"listed {len(items)}", wording.listed(items)


def words() -> Iterator[Line]:
    for word in get_args(Word):
        yield f"label of {word}", wording.word_label(word)
        yield f"cell of {word}", wording.strip_text(Verdict(word, "x"))
        yield f"headline of {word}", wording.headline(change(word))


def measures() -> Iterator[Line]:
    for metric in METRICS:
        found = clear(metric.name)
        yield f"{metric.name} effect", wording.effect_text(found)
        yield f"{metric.name} range", wording.range_text(found)
        yield f"{metric.name} sentence", wording.sentence(change(), found)
        yield f"{metric.name} basis", wording.basis(found)
        yield f"{metric.name} before, after, unit", " | ".join(wording.before_after(found))
        yield f"{metric.name} expected", wording.expected_text(found)
        yield f"{metric.name} margin", wording.margin_text(metric)
        yield f"{metric.name} not delivered", wording.sentence(change(), silent(metric.name, "no_data", "no_facts"))


def answers() -> Iterator[Line]:
    """Each kind of answer that has a range behind it."""
    cases = {
        "fell": estimated("tickets", math.log(0.78), math.log(0.73), math.log(0.83)),
        "hint": estimated("tickets", math.log(0.88), math.log(0.79), math.log(0.98), p_value=0.03, q_value=0.4),
        "hint of more": estimated("reopened", 0.024, 0.004, 0.044, p_value=0.03, q_value=0.4),
        "wide": estimated("tickets", math.log(1.02), math.log(0.91), math.log(1.12)),
        "wide hours": estimated("time_to_resolve", 0.05, -0.1, 0.2),
        "inside the margin": estimated("tickets", 0.004, -0.02, 0.03),
        "inside the margin, clear of zero": estimated("tickets", 0.012, 0.003, 0.021),
        "coarse": estimated("tickets", 0.1, -0.8, 1.0, smallest_detectable=0.9),
        "coarse rating": estimated("satisfaction", 0.1, -1.2, 1.4, smallest_detectable=1.4),
        "coarse share": estimated("reopened", 0.1, -0.2, 0.4, smallest_detectable=0.3),
        "exactly nothing": estimated("tickets", 0.0, -0.2, 0.2),
        "huge": estimated("tickets", 6.0, 3.0, 7.0),
        "vanished": estimated("tickets", -6.0, -7.0, -0.4),
        "narrow": estimated("tickets", 0.0612, 0.0601, 0.0623),
        "an end next to zero": estimated("tickets", math.log(1.3), math.log(1.003), math.log(1.7)),
        "one point": estimated("reopened", 0.03, 0.01, 0.05),
        "clear by less than any digit": estimated("satisfaction", 0.4, 0.002, 0.8, p_value=0.03, q_value=0.4),
        "ends closer to zero than any digit": estimated("satisfaction", 0.15, -0.00001, 0.3),
    }
    for name, result in cases.items():
        found = reading(result)
        yield f"{name}: word", wording.word_label(found.verdict.word)
        yield f"{name}: effect", wording.effect_text(found)
        yield f"{name}: range", wording.range_text(found)
        yield f"{name}: sentence", wording.sentence(change(), found)


def no_answers() -> Iterator[Line]:
    """Each reason why there is no range."""
    near = change("cannot_separate", neighbours=(WIFI,))
    early = refused("reopened", "too_early", needed=7, have=3, possible_from=date(2026, 10, 1))
    cases = {
        "too early": (change(), reading(early)),
        "too early, no date": (change(), reading(refused("tickets", "too_early", needed=7, have=3))),
        "overlap": (near, reading(refused("tickets", "cannot_be_separated", blocking=(WIFI.change_id,)))),
        "overlap of several": (
            near,
            reading(refused("tickets", "cannot_be_separated", blocking=(WIFI.change_id, "itsm:change:12"))),
        ),
        "overlap with itself": (
            near,
            reading(refused("tickets", "cannot_be_separated", blocking=("itsm:change:1",))),
        ),
        "few tickets": (change(), reading(refused("tickets", "too_little_data", needed=10, have=4))),
        "few answers": (change(), reading(refused("satisfaction", "too_little_data", needed=5, have=1))),
        "few answers, counted": (
            change(),
            reading(refused("satisfaction", "too_little_data", needed=5, have=3, n_before=9, n_after=3)),
        ),
        "few answers on each of many services": (
            change(),
            reading(refused("satisfaction", "too_little_data", needed=5, have=4, n_before=80, n_after=30)),
        ),
        "few tickets, counted": (
            change(),
            reading(refused("tickets", "too_little_data", needed=10, have=3, n_before=2, n_after=1)),
        ),
        "few tickets on each of many services": (
            change(),
            reading(refused("tickets", "too_little_data", needed=10, have=9, n_before=8, n_after=9)),
        ),
        "few, unknown how many": (change(), reading(refused("satisfaction", "too_little_data"))),
        "little history": (change(), reading(refused("tickets", "too_little_history", needed=6, have=2))),
        "nothing recorded": (change(), reading(refused("nps", "no_data", needed=42, have=0))),
        "no source": (change(), silent("nps", "no_data", "no_facts")),
        "no service": (change(), silent("tickets", "no_data", "no_service")),
        "nothing for the service": (change(), silent("satisfaction", "no_data", "no_facts_for_service")),
        "planned": (
            change(status="planned", rollout_on=None),
            silent("tickets", "not_rolled_out", "not_rolled_out"),
        ),
    }
    for name, (view, found) in cases.items():
        yield f"{name}: word", wording.word_label(found.verdict.word)
        yield f"{name}: cell", wording.strip_text(found.verdict)
        yield f"{name}: sentence", wording.sentence(view, found)
        yield f"{name}: reasons", " / ".join(wording.reasons(view, found))
        for row in wording.why(found):
            yield f"{name}: {row[0]}", row[1]


def headlines() -> Iterator[Line]:
    worse, better = clear("tickets"), clear("satisfaction")
    early = reading(refused("reopened", "too_early", possible_from=date(2026, 10, 1)))
    yield "worse", wording.headline(change("worse", worse, better))
    yield "better", wording.headline(change("better", better, early))
    yield "mixed", wording.headline(change("mixed", better, worse))
    yield "too early", wording.headline(change("too_early", early))
    undated_early = reading(refused("tickets", "too_early"))
    yield "too early, no date", wording.headline(change("too_early", undated_early))
    hint = reading(estimated("tickets", math.log(0.88), math.log(0.79), math.log(0.98), p_value=0.03, q_value=0.4))
    yield "hint", wording.headline(change("leaning_better", hint))
    wide = reading(estimated("tickets", math.log(1.02), math.log(0.91), math.log(1.12)))
    yield "cannot tell", wording.headline(change("cannot_tell", wide))
    flat = reading(estimated("tickets", 0.004, -0.02, 0.03))
    yield "no real change", wording.headline(change("no_change", flat))
    overlap = reading(refused("tickets", "cannot_be_separated", blocking=(WIFI.change_id,)))
    yield "overlap", wording.headline(change("cannot_separate", overlap, neighbours=(WIFI,)))
    coarse = reading(estimated("tickets", 0.1, -0.8, 1.0, smallest_detectable=0.9))
    yield "too little, coarse", wording.headline(change("too_little", coarse))
    few = reading(refused("tickets", "too_little_data", needed=10, have=4))
    yield "too little", wording.headline(change("too_little", few))
    yield "no data", wording.headline(change("no_data", silent("tickets", "no_data", "no_service")))
    yield "planned", wording.headline(change("not_rolled_out", status="planned", rollout_on=None))
    undated = change("not_rolled_out", status="planned", rollout_on=None, planned_on=None)
    yield "planned without a date", wording.headline(undated)
    yield "cancelled", wording.headline(change("not_rolled_out", status="cancelled", rollout_on=None))
    yield "worse, rolled back", wording.headline(change("worse", clear("tickets"), status="rolled_back"))
    yield "mixed, rolled back", wording.felt(change("mixed", status="rolled_back"))
    yield "too little, rolled back", wording.felt(change("too_little", status="rolled_back"))
    yield "done on an unknown day", wording.headline(change("not_rolled_out", status="done", rollout_on=None))


def standings() -> Iterator[Line]:
    for status in ("done", "rolled_back"):
        yield f"{status}, live", wording.stands(change(status=status))
        yield f"{status}, no day", wording.stands(change(status=status, rollout_on=None))
    yield "failed", wording.stands(change(outcome="failed"))
    for status in ("planned", "cancelled"):
        yield status, wording.stands(change(status=status, rollout_on=None))
        yield f"{status}, no day", wording.stands(change(status=status, rollout_on=None, planned_on=None))


def decisions() -> Iterator[Line]:
    late = milestone("Train", slip_days=35)
    view = change("worse", clear("tickets"), milestones=(late,), business=Readiness(0.6, 3, 5, ("Train",)))
    for code in ("worse", "failed", "overdue", "rollout_overdue", "not_ready"):
        yield f"{code}, short", wording.decide_short(code)
        yield code, wording.decide_text(code, view)
    yield "mixed", wording.decide_text("mixed", replace(view, word="mixed"))
    two = change(milestones=(late, milestone("Tell", slip_days=1)))
    yield "overdue, two", wording.decide_text("overdue", two)
    one = change(business=Readiness(0.0, 0, 1, ("Train",)))
    yield "not_ready, one milestone", wording.decide_text("not_ready", one)


def grounds() -> Iterator[Line]:
    rise = (math.log(1.14), math.log(1.08), math.log(1.20))
    for flag in (BROAD, NO_COMPARISON, CHANGED_COMPARISON, SPIKES, NOT_TELLING):
        found = reading(estimated("tickets", *rise, flags=(flag,)))
        yield f"flag {flag}", " / ".join(wording.reasons(change(), found))
    yield "nothing to add", " / ".join(wording.reasons(change(), reading(estimated("tickets", *rise))))
    few = reading(estimated("tickets", *rise, control_services=9))
    yield "few comparison services", " / ".join(wording.reasons(change(), few))
    yield "neighbour", " / ".join(wording.reasons(change(neighbours=(WIFI,)), reading(estimated("tickets", *rise))))
    back = change(status="rolled_back")
    yield "rolled back", " / ".join(wording.reasons(back, reading(estimated("tickets", *rise))))
    part = change(services=(VPN, MAIL))
    yield "one of two services", " / ".join(wording.reasons(part, reading(estimated("tickets", *rise))))
    yield "basis, one service", wording.basis(clear("tickets"))
    both = reading(estimated("tickets", *rise, services=("itsm:service:1", "itsm:service:2")))
    yield "basis, two services", wording.basis(both)
    short = reading(estimated("tickets", *rise, shape=Shape(28, 7)))
    yield "first days, seen early", " / ".join(wording.reasons(change(), short, today=date(2026, 9, 16)))
    yield "first days, seen late", " / ".join(wording.reasons(change(), short, today=TODAY))
    for row in wording.why(clear("tickets")):
        yield f"why tickets rose: {row[0]}", row[1]
    alone = estimated("reopened", 0.002, -0.03, 0.03, control_services=0, **_levels("reopened"))
    for row in wording.why(reading(alone)):
        yield f"why reopened cannot be told: {row[0]}", row[1]
    yield "observation", wording.OBSERVATION
    yield "range help", wording.RANGE_HELP


def freshness() -> Iterator[Line]:
    at = datetime(2026, 9, 25, 7, 40, tzinfo=UTC)
    fine = StreamState("itsm", "tickets", ok_at=at, outcome="ok")
    survey = StreamState("survey", "answers", ok_at=at, outcome="ok")
    down = StreamState("survey", "answers", ok_at=datetime(2026, 9, 23, 7, 40, tzinfo=UTC), outcome="failed")
    never = StreamState("survey", "answers", outcome="refused")
    old = StreamState("survey", "answers", ok_at=datetime(2026, 9, 20, 7, 40, tzinfo=UTC), outcome="ok")
    some = Portfolio("7", TODAY, date(2026, 9, 24), (), (), ())
    none = Portfolio("7", TODAY, None, (), (), ())
    ended = Portfolio("7", TODAY, TODAY - timedelta(days=15), (), (), ())
    recent = Portfolio("7", TODAY, TODAY - timedelta(days=14), (), (), ())
    cases = {
        "no data": (none, ()),
        "one source": (some, (fine,)),
        "two sources": (some, (fine, survey)),
        "one down": (some, (fine, down)),
        "one refused from the start": (some, (fine, never)),
        "one old": (some, (fine, old)),
        "one refused, no data": (none, (never,)),
        "figures that ended 15 days ago": (ended, (fine,)),
        "figures that ended 14 days ago": (recent, (fine,)),
        "figures that ended 15 days ago, one down": (ended, (fine, down)),
    }
    for name, (view, states) in cases.items():
        yield name, wording.as_of(view, states)
        yield f"{name}, told", " / ".join(wording.stale(view, states, zone="Europe/Berlin"))


SECTIONS = (formats, words, measures, answers, no_answers, headlines, standings, decisions, grounds, freshness)


def everything() -> str:
    """All texts, one a line, no-break spaces shown as plain ones."""
    lines = []
    for section in SECTIONS:
        lines.append(f"== {section.__name__}")
        lines += [f"{name} => {text}".replace("\N{NO-BREAK SPACE}", " ").rstrip() for name, text in section()]
    return "\n".join(lines) + "\n"


def test_every_text_on_screen_is_the_one_that_was_agreed() -> None:
    assert everything() == GOLDEN.read_text(encoding="utf-8")


def test_no_text_uses_statistics_slang_or_claims_a_cause() -> None:
    texts = [line.split(" => ")[1] for line in everything().splitlines() if " => " in line]
    assert [text for text in texts if FORBIDDEN.search(text)] == []


def test_the_interval_level_is_named_in_the_help_text_only() -> None:
    naming = [line for line in everything().splitlines() if "95 %" in line]
    assert [line.split(" => ")[0] for line in naming] == ["range help"]


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_reason_of_the_engine_has_a_sentence_of_its_own_and_a_rule(reason: str) -> None:
    found = reading(refused("tickets", reason))
    others = [reading(refused("tickets", other)) for other in get_args(Reason) if other != reason]
    assert wording.sentence(change(), found) not in {wording.sentence(change(), other) for other in others}
    assert wording.why(found)[1][1].endswith(".")


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_is_spoken_of_in_words_of_its_own(metric: object) -> None:
    assert wording.nouns_of(metric).many != "observations"  # type: ignore[arg-type]


def test_a_change_reads_no_real_change_only_when_nothing_is_still_to_come() -> None:
    flat = reading(estimated("tickets", 0.004, -0.02, 0.03))
    early = reading(refused("reopened", "too_early", possible_from=date(2026, 10, 1)))
    word = overall([(flat.metric, flat.verdict), (early.metric, early.verdict)], rolled_out=True)
    assert (
        wording.headline(change(word, flat, early))
        == "It is too early to tell what customers felt. A first answer is possible from 15 Oct 2026."
    )


@pytest.mark.parametrize(("low", "high"), [(0.0004, 0.3), (-0.3, -0.0004), (0.0003, 0.002), (-0.0001, 0.5)])
def test_an_end_of_a_range_that_is_not_zero_never_reads_as_zero(low: float, high: float) -> None:
    text = wording.range_text(reading(estimated("tickets", (low + high) / 2, low, high)))
    assert not re.search(r"\b0\N{NO-BREAK SPACE}%|\b0\.0+\N{NO-BREAK SPACE}%", text), text


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(everything(), encoding="utf-8")
