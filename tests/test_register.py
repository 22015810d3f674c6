"""The impact register: the rule that judges a statement, which revision counts, its sums, and every sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impact.estimation.pulled_totals import ends, learnt, pulled_draws
from impact.metrics import BY_NAME
from impact.portfolio import ChangeView
from impact.records import Statement
from impact.register import Bounds, judge, judged, marked, to_judge
from impact.register_totals import known_effects, register_totals
from impact.words import register_words as words
from tests.sample import TODAY, answered, as_read, change, full, in_other_ways, refused

GOLDEN = Path(__file__).parent / "golden" / "register.txt"
ON = TODAY - timedelta(days=60)


def said(metric: str = "tickets", expected: float = -20.0, matters: float = 5.0, **more: Any) -> Statement:
    change_id = more.pop("change_id", "itsm:change:CHG-1")
    return Statement(
        id=f"{change_id}/{metric}", change_id=change_id, metric=metric, expected=expected, matters=matters,
        review_on=more.pop("review_on", ON + timedelta(days=30)), revision=more.pop("revision", 1), **more,
    )  # fmt: skip


def measured(low: float, high: float) -> Bounds:
    return Bounds((low + high) / 2, low, high)


@pytest.mark.parametrize(
    ("low", "high", "outcome", "why"),
    [
        (-30, -10, "met", "as_expected"),  # all of it matters, and 20 % fewer is in it
        (-40, -25, "met", "more"),
        (-20, -5, "met", "as_expected"),  # touching both limits
        (-15, -8, "partly", "less"),
        (-15, -1, "partly", "less"),
        (-4, -1, "missed", "too_small"),
        (-4, 3, "missed", "too_small"),
        (-3, 0, "missed", "too_small"),
        (2, 9, "missed", "wrong_way"),
        (-30, -2, "cannot_tell", "right_way_only"),
        (-30, 10, "cannot_tell", "holds_both"),
        (-10, 10, "cannot_tell", "holds_both"),
    ],
)
def test_fewer_tickets_are_judged_by_the_whole_range(low: float, high: float, outcome: str, why: str) -> None:
    assert judge(BY_NAME["tickets"], -20.0, 5.0, measured(low, high)) == (outcome, why)


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [(0.2, 0.5, "met"), (0.12, 0.25, "partly"), (-0.3, 0.05, "missed"), (-0.1, 0.5, "cannot_tell")],
)
def test_more_satisfaction_is_judged_the_other_way_round(low: float, high: float, outcome: str) -> None:
    assert judge(BY_NAME["satisfaction"], 0.3, 0.1, measured(low, high))[0] == outcome


@pytest.mark.parametrize(
    ("low", "high", "outcome"), [(-5, 8, "met"), (12, 20, "missed"), (5, 15, "cannot_tell"), (-30, -10, "met")]
)
def test_harm_that_was_accepted_beforehand_is_a_limit(low: float, high: float, outcome: str) -> None:
    assert judge(BY_NAME["tickets"], 10.0, 5.0, measured(low, high))[0] == outcome


def test_the_last_revision_before_the_rollout_counts_and_later_ones_do_not() -> None:
    first, second = said(expected=-10.0), said(expected=-20.0, revision=2)
    late = said(expected=-1.0, revision=3, after_rollout=True)
    assert to_judge((first, second, late)) == second
    told = judged(change("CHG-1", "Sign-in", full(ON)), "tickets", (first, second, late), today=TODAY, zone="UTC")
    assert (told.statement, told.later) == (second, 1)
    assert to_judge((late,)) is None


@pytest.mark.parametrize(
    ("recorded_at", "zone", "outcome"),
    [
        (datetime(2026, 9, 23, 21, 59, tzinfo=UTC), "Europe/Berlin", "missed"),  # 23:59 of the day before the rollout
        (datetime(2026, 9, 23, 22, 0, tzinfo=UTC), "Europe/Berlin", "not_stated"),  # midnight of its day
        (datetime(2026, 9, 23, 22, 0, tzinfo=UTC), "UTC", "missed"),
        (datetime(2026, 9, 27, 9, 0, tzinfo=UTC), "UTC", "not_stated"),
    ],
)
def test_what_was_recorded_when_customers_had_met_the_change_is_not_judged_even_if_nobody_knew_that_yet(
    recorded_at: datetime, zone: str, outcome: str
) -> None:
    assert date(2026, 9, 24) == ON
    view = change("CHG-1", "Sign-in", full(ON) | {"tickets": answered("tickets", 14, 6, on=ON)})
    made = said(recorded_at=recorded_at, after_rollout=False)
    told = judged(view, "tickets", (made,), today=TODAY, zone=zone)
    assert told.outcome == outcome
    assert told.statement == (made if outcome == "missed" else None)
    found = register_totals([view], {made.id: (made,)}, today=TODAY, zone=zone)
    assert found.without == (outcome == "not_stated")
    shown = marked((made,), ON, zone)
    assert words.revision_text(shown[0]).endswith(", after the rollout") is (outcome == "not_stated")


def test_while_no_rollout_is_known_nothing_was_made_after_it() -> None:
    made = said(recorded_at=datetime(2026, 9, 27, tzinfo=UTC))
    assert marked((made,), None, "UTC") == (made,)


def one(**readings: Any) -> ChangeView:
    return change("CHG-1", "Sign-in", full(ON) | readings)


CASES: dict[str, tuple[ChangeView, tuple[Statement, ...]]] = {
    "met": (one(), (said(),)),
    "more": (one(tickets=answered("tickets", -40, 8, on=ON)), (said(),)),
    "partly": (one(tickets=answered("tickets", -12, 4, on=ON)), (said(if_missed="pause"),)),
    "too small": (one(tickets=answered("tickets", -1, 3, on=ON)), (said(if_missed="roll_back"),)),
    "wrong way": (one(tickets=answered("tickets", 14, 6, on=ON)), (said(),)),
    "right way only": (one(tickets=answered("tickets", -18, 16, on=ON)), (said(),)),
    "holds both": (one(tickets=answered("tickets", -3, 20, on=ON)), (said(),)),
    "points": (one(), (said("satisfaction", 0.2, 0.1, if_met="close_benefit"),)),
    "percentage points": (one(), (said("reopened", -2.0, 1.0),)),
    "accepted harm": (one(), (said("tickets", 10.0, 5.0),)),
    "late edit": (one(), (said(), said(expected=-1.0, revision=2, after_rollout=True))),
    "what lasts": (
        one(tickets=replace(in_other_ways(answered("tickets", -22, 5, on=ON), ON))), (said(),),
    ),
    "before review": (one(), (said(review_on=TODAY + timedelta(days=5)),)),
    "not live": (change("CHG-1", "Sign-in", rollout=None, planned=9), (said(review_on=TODAY + timedelta(days=40)),)),
    "cancelled": (change("CHG-1", "Sign-in", full(ON), status="cancelled"), (said(),)),
    "too early": (
        one(tickets=refused("tickets", "too_early", needed=14, have=5, possible_from=TODAY + timedelta(days=9))),
        (said(),),
    ),
    "preliminary": (
        one(tickets=as_read(answered("tickets", -30, 9, on=ON), look=7, final_from=TODAY + timedelta(days=3))),
        (said(),),
    ),
    "too few": (one(tickets=refused("tickets", "too_little_data", needed=10, have=3)), (said(),)),
    "only after": (one(), (said(after_rollout=True),)),
    "never": (one(), ()),
    "withdrawn": (one(), (said(), said(withdrawn=True, revision=2))),
}  # fmt: skip
OUTCOMES = {
    "met": "met", "more": "met", "partly": "partly", "too small": "missed", "wrong way": "missed",
    "right way only": "cannot_tell", "holds both": "cannot_tell", "points": "met", "percentage points": "met",
    "accepted harm": "met", "late edit": "met", "what lasts": "met", "before review": "not_yet", "not live": "not_yet",
    "cancelled": "cannot_tell", "too early": "not_yet", "preliminary": "not_yet", "too few": "cannot_tell",
    "only after": "not_stated", "never": "not_stated", "withdrawn": "withdrawn",
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_every_statement_has_one_outcome(name: str) -> None:
    view, history = CASES[name]
    metric = history[0].metric if history else "tickets"
    assert judged(view, metric, history, today=TODAY, zone="UTC").outcome == OUTCOMES[name]


def test_what_is_to_be_done_follows_from_met_and_missed_only() -> None:
    def then(name: str) -> object:
        return judged(*CASES[name][:1], "tickets", CASES[name][1], today=TODAY, zone="UTC").then

    assert (then("met"), then("too small"), then("partly"), then("holds both")) == ("continue", "roll_back", None, None)


def test_the_words_are_as_agreed() -> None:
    lines = []
    for name, (view, history) in CASES.items():
        metric = history[0].metric if history else "tickets"
        told = judged(view, metric, history, today=TODAY, zone="UTC")
        lines.append(f"== {name}: {words.outcome_label(told.outcome)}")
        if told.statement:
            lines.append(words.statement_text(told.statement))
        lines.append(words.judgement_text(view, told))
        if late := words.judged_late(told):
            lines.append(late)
    assert "\n".join(lines) + "\n" == GOLDEN.read_text("utf-8")


# --- totals ------------------------------------------------------------------------------------------------------


def portfolio() -> tuple[list[ChangeView], dict[str, tuple[Statement, ...]]]:
    effects = (-30, -25, -2, 1, 3, -1, 2, -40, 0.5, -4)
    views = [
        change(f"C{i}", f"Change {i}", full(ON, tickets=(effect, 15))) for i, effect in enumerate(effects)
    ]  # fmt: skip
    stated = [said(change_id=views[i].id) for i in (0, 1, 7)] + [
        said("satisfaction", 0.2, 0.1, change_id=views[0].id),
        said("tickets", change_id=views[2].id, review_on=TODAY + timedelta(days=9)),
    ]
    return views, {s.id: (s,) for s in stated}


def test_totals_count_statements_and_judgements_and_changes_that_were_never_stated() -> None:
    views, histories = portfolio()
    found = register_totals(views, histories, today=TODAY, zone="UTC")
    assert (found.stated, found.judged, found.live, found.without) == (5, 4, 10, 6)
    tickets = found.totals[0]
    assert (tickets.metric, tickets.stated, tickets.judged, tickets.summed) == ("tickets", 4, 3, 3)
    assert tickets.outcomes["not_yet"] == 1


def test_what_is_measured_is_pulled_and_the_plain_sum_stands_beside_it() -> None:
    views, histories = portfolio()
    tickets = register_totals(views, histories, today=TODAY, zone="UTC").totals[0]
    assert tickets.measured is not None
    assert tickets.plain is not None
    usual = 41.0 * 1.02 * 365.25 / 12
    assert tickets.expected == pytest.approx(3 * 0.20 * usual)
    assert tickets.plain == pytest.approx((0.30 + 0.25 + 0.40) * usual)
    assert 0 < tickets.measured.value < tickets.plain
    assert tickets.measured.low < tickets.measured.value < tickets.measured.high


def test_measures_that_do_not_add_up_have_no_sum() -> None:
    views, histories = portfolio()
    satisfaction = register_totals(views, histories, today=TODAY, zone="UTC").totals[1]
    assert (satisfaction.judged, satisfaction.expected, satisfaction.measured) == (1, None, None)


def test_an_empty_register_says_what_to_do() -> None:
    views, _ = portfolio()
    found = register_totals(views, {}, today=TODAY, zone="UTC")
    assert (found.totals, found.without) == ((), 10)
    assert "before its rollout" in words.totals_text(found)


def test_what_is_listed_and_not_made_beforehand_is_told_beside_the_count() -> None:
    views, histories = portfolio()
    late = said(change_id=views[3].id, after_rollout=True)
    gone = said(change_id=views[4].id, withdrawn=True)
    more = {one.id: (one,) for one in (late, gone)}
    found = words.totals_text(register_totals(views, histories | more, today=TODAY, zone="UTC"))
    assert found.startswith(
        "5 statements made beforehand, 4 of them judged by a measured figure. 1 more was made after the rollout and "
        "1 more was withdrawn: listed below, counted nowhere. Of 10 live changes, "
    )
    assert "counted nowhere" not in words.totals_text(register_totals(views, histories, today=TODAY, zone="UTC"))
    alone = words.totals_text(register_totals(views, {late.id: (late,)}, today=TODAY, zone="UTC"))
    assert alone.startswith("Nobody has stated an expected effect yet")
    assert alone.endswith("1 more was made after the rollout: listed below, counted nowhere.")


def test_statements_about_changes_that_no_source_delivers_any_more_are_left_out() -> None:
    views, _ = portfolio()
    lost = said(change_id="gone")
    assert register_totals(views, {lost.id: (lost,)}, today=TODAY, zone="UTC").stated == 0


def test_with_fewer_than_three_figures_nothing_is_learnt() -> None:
    views, _ = portfolio()
    assert known_effects("tickets", views[:2]) is None
    assert known_effects("satisfaction", views) is None


def drawn(kind: str, number: int, *, count: int = 20) -> tuple[float, float, float, float, float]:
    """True sum of the quarter that looks best, its pulled range, and the plain sum with its half width."""
    rng = np.random.default_rng([number, count, len(kind)])
    se = rng.uniform(0.06, 0.4, count)
    true = {"none": np.zeros(count), "mixed": np.where(rng.random(count) < 0.5, rng.normal(0, 0.3, count), 0.0)}[kind]
    seen, usual = true + se * rng.standard_normal(count), rng.lognormal(6.0, 0.7, count)
    best = np.argsort(seen)[: count // 4]
    draws = pulled_draws(seen[best], se[best], learnt(seen, se), rng=rng)
    _, low, high = ends((usual[best] * -np.expm1(draws)).sum(axis=1))
    plain = float((usual[best] * -np.expm1(seen[best])).sum())
    reach = 1.96 * float(np.sqrt(((usual[best] * np.exp(seen[best]) * se[best]) ** 2).sum()))
    return float((usual[best] * -np.expm1(true[best])).sum()), low, high, plain, reach


@pytest.mark.parametrize("kind", ["none", "mixed"])
def test_pulled_ranges_hold_the_truth_although_the_best_were_chosen_and_plain_ones_do_not(kind: str) -> None:
    found = [drawn(kind, number) for number in range(150)]
    assert np.mean([low <= true <= high for true, low, high, _, _ in found]) >= 0.90
    assert np.mean([abs(plain - true) <= reach for true, _, _, plain, reach in found]) < 0.70
