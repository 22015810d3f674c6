"""Verdicts on early, bundled, joint and held readings, on guardrails, and why each word was given, rule by rule."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from impact import verdict
from impact.choices import chosen
from impact.estimation import readings
from impact.metrics import BY_NAME, METRICS
from impact.model import SettingsError
from impact.settings import load
from impact.verdict import Verdict, Word, judge, overall
from tests.samples import estimated, held

TICKETS, HOURS, REOPENED = (BY_NAME[name] for name in ("tickets", "time_to_resolve", "reopened"))
RISE, MAYBE, FLAT = (0.13, 0.08, 0.18), (0.02, -0.1, 0.14), (0.004, -0.02, 0.03)
SEVEN_DAYS_AFTER = date(2026, 9, 14)


@pytest.mark.parametrize(
    ("effect", "q", "word", "reasons"),
    [
        (RISE, 0.01, "worse", ("alone", "preliminary", "clear", "effect")),
        (RISE, 0.40, "leaning_worse", ("alone", "preliminary", "clear", "hint")),
        (MAYBE, 0.90, "too_early", ("alone", "preliminary", "wide_so_far")),
        (FLAT, 0.90, "too_early", ("alone", "preliminary", "inside_so_far")),
    ],
)
def test_an_early_look_names_only_what_is_beyond_the_raised_bar_and_says_when_the_next_one_is(
    effect: tuple[float, float, float], q: float, word: Word, reasons: tuple[str, ...]
) -> None:
    result = estimated("tickets", *effect, q_value=q, look=7, final_days=14, multiplier=1.3, post_to=SEVEN_DAYS_AFTER)
    expected = Verdict(word, reasons[-1], date(2026, 9, 18), reasons=reasons)
    assert judge(TICKETS, result) == expected, "the look after day 7 is day 10, complete on the day after it"


def test_the_last_look_is_followed_by_the_final_reading_on_its_day() -> None:
    result = estimated("tickets", *MAYBE, look=10, final_days=14, final_from=date(2026, 9, 22))
    assert judge(TICKETS, result).from_on == date(2026, 9, 22)


def test_the_looks_are_those_of_the_engine() -> None:
    assert verdict.LOOKS == readings.LOOKS


def test_the_next_look_waits_for_figures_that_need_to_mature() -> None:
    result = estimated("time_to_resolve", *MAYBE, look=7, final_days=14, post_to=SEVEN_DAYS_AFTER)
    assert judge(HOURS, result).from_on == date(2026, 9, 25)


def test_few_data_at_an_early_look_are_too_early_rather_than_too_little() -> None:
    early = estimated("tickets", 0.1, -0.8, 1.0, smallest_detectable=0.9, look=3, post_to=date(2026, 9, 10))
    assert judge(TICKETS, early).word == "too_early"
    assert judge(TICKETS, replace(early, look=None)).word == "too_little"


@pytest.mark.parametrize(
    ("effect", "reasons"),
    [
        (RISE, ("alone", "complete", "clear", "effect")),
        (MAYBE, ("alone", "complete", "wide")),
        (FLAT, ("alone", "complete", "inside_margin")),
    ],
)
def test_a_verdict_lists_every_rule_that_was_met_and_the_last_one_decided(
    effect: tuple[float, float, float], reasons: tuple[str, ...]
) -> None:
    found = judge(TICKETS, estimated("tickets", *effect))
    assert (found.reasons, found.reason) == (reasons, reasons[-1])


@pytest.mark.parametrize("method", ["joint", "bundle"])
def test_how_a_reading_was_freed_from_other_changes_is_the_first_reason(method: str) -> None:
    found = judge(TICKETS, estimated("tickets", *RISE, method=method, together=("itsm:change:9",)))
    assert found.reasons == (method, "complete", "clear", "effect")


@pytest.mark.parametrize("effect", [RISE, MAYBE, FLAT])
def test_a_hold_takes_the_place_of_every_word_that_an_estimate_has(effect: tuple[float, float, float]) -> None:
    found = judge(TICKETS, estimated("tickets", *effect), hold=held("many"))
    assert (found.word, found.reason, found.hold) == ("on_hold", "hold_many", held("many"))


@pytest.mark.parametrize(
    ("tickets", "reopened", "word"),
    [
        ("no_change", "better", "no_change"),
        ("too_little", "better", "too_little"),
        ("cannot_tell", "leaning_better", "cannot_tell"),
        ("worse", "better", "worse"),
        ("better", "worse", "mixed"),
        ("no_change", "worse", "worse"),
        ("no_change", "leaning_worse", "leaning_worse"),
    ],
)
def test_a_guardrail_can_only_raise_an_alarm(tickets: Word, reopened: Word, word: Word) -> None:
    assert REOPENED.role == "guardrail"
    assert overall([(TICKETS, Verdict(tickets, "x")), (REOPENED, Verdict(reopened, "x"))], rolled_out=True) == word


def test_alone_a_better_guardrail_says_nothing_about_the_goals() -> None:
    assert overall([(REOPENED, Verdict("better", "effect"))], rolled_out=True) == "cannot_tell"


def test_a_change_may_have_goals_of_its_own() -> None:
    verdicts = [(TICKETS, Verdict("better", "effect")), (REOPENED, Verdict("better", "effect"))]
    assert overall(verdicts, rolled_out=True, goals={"reopened"}) == "better"
    assert overall(verdicts[:1], rolled_out=True, goals={"reopened"}) == "cannot_tell"


def test_the_settings_name_goals_guardrails_and_margins(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit/secrets.toml").write_text(
        '[metrics]\ngoal = ["reopened"]\nguardrail = ["tickets"]\n[metrics.matters]\ntickets = 0.2\n'
    )
    found = {metric.name: metric for metric in load({}, tmp_path).metrics}
    assert (found["tickets"].role, found["tickets"].matters, found["tickets"].set_here) == ("guardrail", 0.2, True)
    assert (found["reopened"].role, found["reopened"].matters, found["reopened"].set_here) == ("goal", 0.02, False)
    from_outside = load({"IMPACT_METRICS__GUARDRAIL": "csat, nps", "IMPACT_METRICS__MATTERS__NPS": "8"}, tmp_path)
    by_name = {metric.name: metric for metric in from_outside.metrics}
    assert (by_name["csat"].role, by_name["nps"].matters) == ("guardrail", 8.0)


def test_without_settings_every_measure_keeps_its_own_role_and_margin() -> None:
    assert chosen({}) == METRICS


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"goals": []}, "unknown key 'goals'. Known keys: goal, guardrail, matters"),
        ({"goal": ["ticket"]}, "names 'ticket', which is no measure. Measures: tickets,"),
        ({"goal": ["nps"], "guardrail": ["nps"]}, "names 'nps' as goal and as guardrail"),
        ({"matters": 0.05}, "is not a table"),
        ({"matters": {"tickets": "much"}}, "tickets = 'much' is not a size above 0"),
        ({"matters": {"tickets": -0.1}}, "tickets = -0.1 is not a size above 0"),
        ({"matters": {"mood": 0.1}}, "[metrics.matters] names 'mood'"),
    ],
)
def test_a_wrong_choice_is_named_with_what_is_allowed(section: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        chosen(section)
    assert told in str(raised.value)


@pytest.mark.parametrize(("margin", "word"), [(0.05, "cannot_tell"), (0.2, "no_change")])
def test_no_real_change_is_judged_by_the_margin_of_the_organisation(margin: float, word: Word) -> None:
    metric = next(m for m in chosen({"matters": {"tickets": margin}}) if m.name == "tickets")
    ends = (-math.log1p(0.15), math.log1p(0.15))
    assert judge(metric, estimated("tickets", 0.0, *ends)).word == word
