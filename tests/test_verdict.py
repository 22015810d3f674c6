"""The decision rule: which word an estimate gets, which word a change gets, and what the room has to decide."""

from __future__ import annotations

import math
from datetime import date
from typing import get_args

import pytest

from impact.estimation.results import NotEstimable
from impact.metrics import BOARD, BY_NAME
from impact.verdict import (
    FALSE_DISCOVERY_RATE,
    GROUPS,
    HINT_LEVEL,
    NPS_POINTS,
    Standing,
    Verdict,
    Word,
    decisions,
    group,
    judge,
    overall,
    rank,
)
from tests.samples import estimated, held, refused

TICKETS, HOURS, SATISFACTION, REOPENED, NPS = (
    BY_NAME[name] for name in ("tickets", "time_to_resolve", "satisfaction", "reopened", "nps")
)
TODAY = date(2026, 11, 20)


def verdict(metric: str, effect: float, low: float, high: float, *, p: float, q: float, mde: float = 0.09) -> Verdict:
    """The verdict on an estimate."""
    result = estimated(metric, effect, low, high, p_value=p, q_value=q, smallest_detectable=mde)
    return judge(BY_NAME[metric], result)


def told(found: Verdict) -> tuple[str, str]:
    """The word and the rule that decided."""
    return found.word, found.reason


def standing(**other: object) -> Standing:
    """A change that is live and on plan unless told otherwise."""
    usual: dict[str, object] = {
        "today": TODAY,
        "status": "running",
        "outcome": "unknown",
        "rolled_out": True,
        "planned_on": None,
        "overdue_milestones": 0,
        "business_readiness": None,
    }
    return Standing(**(usual | other))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("metric", "effect", "word"),
    [
        ("tickets", -0.25, "better"),
        ("tickets", +0.25, "worse"),
        ("time_to_resolve", -0.25, "better"),
        ("time_to_resolve", +0.25, "worse"),
        ("reopened", -0.05, "better"),
        ("reopened", +0.05, "worse"),
        ("satisfaction", -0.3, "worse"),
        ("satisfaction", +0.3, "better"),
        ("self_service", -0.1, "worse"),
        ("self_service", +0.1, "better"),
        ("nps", -12.0, "worse"),
        ("nps", +12.0, "better"),
    ],
)
def test_an_effect_is_good_in_the_direction_customers_want(metric: str, effect: float, word: Word) -> None:
    ends = sorted((0.7 * effect, 1.3 * effect))
    assert told(verdict(metric, effect, *ends, p=0.001, q=0.01)) == (word, "effect")


@pytest.mark.parametrize(
    ("q", "word"),
    [(FALSE_DISCOVERY_RATE, "worse"), (FALSE_DISCOVERY_RATE + 1e-9, "leaning_worse"), (1.0, "leaning_worse")],
)
def test_an_effect_is_named_only_while_few_such_findings_are_false(q: float, word: Word) -> None:
    assert verdict("tickets", 0.2, 0.02, 0.38, p=0.03, q=q).word == word


@pytest.mark.parametrize(("p", "word"), [(HINT_LEVEL - 1e-9, "leaning_better"), (HINT_LEVEL, "cannot_tell")])
def test_a_hint_needs_to_be_more_than_chance_on_its_own(p: float, word: Word) -> None:
    assert verdict("tickets", -0.2, -0.38, -0.001, p=p, q=0.5).word == word


def test_nothing_is_called_an_effect_while_the_range_includes_zero() -> None:
    assert told(verdict("tickets", 0.2, -0.001, 0.4, p=0.049, q=0.01)) == ("cannot_tell", "wide")


@pytest.mark.parametrize(
    ("metric", "low", "high", "word"),
    [
        ("tickets", -math.log1p(0.05), math.log1p(0.05), "no_change"),
        ("tickets", -math.log1p(0.05) - 1e-9, math.log1p(0.05), "cannot_tell"),
        ("tickets", -math.log1p(0.05), math.log1p(0.05) + 1e-9, "cannot_tell"),
        ("time_to_resolve", -math.log1p(0.1), math.log1p(0.1), "no_change"),
        ("satisfaction", -0.1, 0.1, "no_change"),
        ("satisfaction", -0.1, 0.11, "cannot_tell"),
        ("reopened", -0.02, 0.02, "no_change"),
        ("nps", -5.0, 5.0, "no_change"),
        ("nps", -5.0, 5.1, "cannot_tell"),
    ],
)
def test_no_real_change_needs_the_whole_range_inside_the_margin(
    metric: str, low: float, high: float, word: Word
) -> None:
    assert verdict(metric, (low + high) / 2, low, high, p=0.9, q=0.9).word == word


@pytest.mark.parametrize("q", [0.001, 0.9])
def test_an_effect_known_to_be_too_small_to_matter_is_no_real_change(q: float) -> None:
    assert told(verdict("tickets", 0.02, 0.01, 0.03, p=0.001, q=q)) == ("no_change", "small")


def test_a_clear_effect_that_may_matter_is_named() -> None:
    assert told(verdict("tickets", 0.03, 0.01, 0.06, p=0.001, q=0.01)) == ("worse", "effect")


@pytest.mark.parametrize(
    ("metric", "limit"),
    [
        ("tickets", math.log(2)),
        ("time_to_resolve", math.log(2)),
        ("satisfaction", 1.0),
        ("reopened", 0.20),
        ("nps", NPS_POINTS),
    ],
)
def test_data_that_could_only_show_a_huge_effect_are_too_few(metric: str, limit: float) -> None:
    wide = 2 * limit
    assert verdict(metric, 0.0, -wide, wide, p=0.9, q=0.9, mde=limit).word == "cannot_tell"
    assert told(verdict(metric, 0.0, -wide, wide, p=0.9, q=0.9, mde=limit * 1.001)) == ("too_little", "coarse")


def test_an_effect_so_large_that_even_few_data_show_it_is_named() -> None:
    assert told(verdict("tickets", 2.0, 1.0, 3.0, p=0.001, q=0.01, mde=1.2)) == ("worse", "effect")


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("cannot_be_separated", "cannot_separate"),
        ("too_early", "too_early"),
        ("too_little_data", "too_little"),
        ("too_little_history", "too_little"),
        ("no_data", "no_data"),
    ],
)
def test_a_missing_estimate_keeps_its_reason(reason: str, word: Word) -> None:
    found = judge(TICKETS, refused("tickets", reason, blocking=("itsm:change:9",)))
    assert found == Verdict(word, reason, None, ("itsm:change:9",), (reason,))


@pytest.mark.parametrize(
    ("metric", "from_on"),
    [(TICKETS, date(2026, 11, 1)), (HOURS, date(2026, 11, 8)), (REOPENED, date(2026, 11, 15))],
    ids=lambda value: getattr(value, "name", None),
)
def test_the_first_possible_day_waits_for_figures_that_need_to_mature(metric: object, from_on: date) -> None:
    name = metric.name  # type: ignore[attr-defined]
    result = NotEstimable("itsm:change:1", name, None, "too_early", possible_from=date(2026, 11, 1))
    assert judge(metric, result).from_on == from_on  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (("worse", "no_change", "no_change"), "worse"),
        (("better", "cannot_tell", "too_early"), "better"),
        (("better", "worse", "no_change"), "mixed"),
        (("worse", "leaning_better"), "worse"),
        (("leaning_worse", "leaning_better"), "leaning_worse"),
        (("leaning_better", "cannot_tell", "no_change"), "leaning_better"),
        (("no_change", "no_change", "too_little"), "no_change"),
        (("no_change", "no_data", "cannot_separate"), "no_change"),
        (("no_change", "cannot_tell"), "cannot_tell"),
        (("no_change", "too_early"), "too_early"),
        (("no_change", "on_hold", "cannot_tell"), "on_hold"),
        (("too_early", "on_hold"), "too_early"),
        (("cannot_tell", "too_early"), "too_early"),
        (("cannot_tell", "too_little"), "cannot_tell"),
        (("too_early", "cannot_separate"), "too_early"),
        (("too_little", "cannot_separate", "no_data"), "cannot_separate"),
        (("too_little", "no_data"), "too_little"),
        (("no_data", "no_data"), "no_data"),
        ((), "no_data"),
    ],
)
def test_the_word_of_a_change_follows_from_those_of_its_measures(words: tuple[Word, ...], word: Word) -> None:
    found = [(metric, Verdict(one, "x")) for metric, one in zip(BOARD, words, strict=False)]
    assert overall(found, rolled_out=True) == word
    assert overall(found[::-1], rolled_out=True) == word


def test_measures_beside_the_board_do_not_decide_the_word() -> None:
    found = [(TICKETS, Verdict("no_change", "inside_margin")), (NPS, Verdict("worse", "effect"))]
    assert overall(found, rolled_out=True) == "no_change"


def test_a_change_that_is_not_live_has_no_other_word() -> None:
    assert overall([(TICKETS, Verdict("worse", "effect"))], rolled_out=False) == "not_rolled_out"


def test_every_word_can_be_reached() -> None:
    """Each word is given by the rule for one measure, or by the rule for the change."""
    reached = {
        verdict("tickets", 0.2, 0.1, 0.3, p=0.001, q=0.01).word,
        verdict("tickets", -0.2, -0.3, -0.1, p=0.001, q=0.01).word,
        verdict("tickets", 0.2, 0.1, 0.3, p=0.01, q=0.5).word,
        verdict("tickets", -0.2, -0.3, -0.1, p=0.01, q=0.5).word,
        verdict("tickets", 0.0, -0.01, 0.01, p=0.9, q=0.9).word,
        verdict("tickets", 0.0, -0.2, 0.2, p=0.9, q=0.9).word,
        *(judge(TICKETS, refused("tickets", reason)).word for reason in ("too_early", "cannot_be_separated")),
        *(judge(TICKETS, refused("tickets", reason)).word for reason in ("too_little_data", "no_data")),
        judge(TICKETS, estimated("tickets", 0.2, 0.1, 0.3), hold=held("many")).word,
        overall([], rolled_out=False),
        overall([(TICKETS, Verdict("worse", "effect")), (HOURS, Verdict("better", "effect"))], rolled_out=True),
    }
    assert reached == set(get_args(Word))


@pytest.mark.parametrize(
    ("word", "state", "codes"),
    [
        ("worse", {}, ("worse",)),
        ("mixed", {}, ("mixed",)),
        ("better", {}, ()),
        ("leaning_worse", {}, ()),
        ("worse", {"status": "cancelled"}, ()),
        ("worse", {"status": "rolled_back", "outcome": "failed", "overdue_milestones": 2}, ()),
        ("too_early", {"outcome": "failed"}, ("failed",)),
        ("worse", {"outcome": "failed", "overdue_milestones": 1}, ("worse", "failed", "overdue")),
        ("too_early", {"overdue_milestones": 1}, ("overdue",)),
        ("better", {"overdue_milestones": 1}, ()),
        ("no_change", {"overdue_milestones": 1}, ()),
        ("not_rolled_out", {"rolled_out": False, "overdue_milestones": 1}, ("overdue",)),
        ("not_rolled_out", {"rolled_out": False, "planned_on": date(2026, 11, 19)}, ("rollout_overdue",)),
        ("not_rolled_out", {"rolled_out": False, "planned_on": date(2026, 11, 19), "status": "done"}, ()),
        ("not_rolled_out", {"rolled_out": False, "planned_on": TODAY}, ()),
        (
            "not_rolled_out",
            {"rolled_out": False, "planned_on": TODAY, "business_readiness": 0.99},
            ("not_ready",),
        ),
        (
            "not_rolled_out",
            {"rolled_out": False, "planned_on": date(2026, 12, 4), "business_readiness": 0.0},
            ("not_ready",),
        ),
        (
            "not_rolled_out",
            {
                "rolled_out": False,
                "planned_on": date(2026, 12, 4),
                "business_readiness": 0.0,
                "overdue_milestones": 2,
            },
            ("not_ready", "overdue"),
        ),
        ("not_rolled_out", {"rolled_out": False, "planned_on": date(2026, 12, 5), "business_readiness": 0.0}, ()),
        ("not_rolled_out", {"rolled_out": False, "planned_on": date(2026, 12, 4), "business_readiness": 1.0}, ()),
        ("not_rolled_out", {"rolled_out": False, "planned_on": date(2026, 12, 4), "business_readiness": None}, ()),
    ],
)
def test_the_room_is_asked_to_decide_only_what_is_due(
    word: Word, state: dict[str, object], codes: tuple[str, ...]
) -> None:
    assert decisions(word, standing(**state)) == codes


@pytest.mark.parametrize(
    ("word", "codes", "place"),
    [
        ("worse", ("worse",), "decide"),
        ("not_rolled_out", ("not_ready",), "decide"),
        ("not_rolled_out", (), "coming"),
        ("too_early", (), "early"),
        ("better", (), "landed"),
        ("no_change", (), "landed"),
        ("leaning_better", (), "landed"),
        ("worse", (), "open"),
        ("leaning_worse", (), "open"),
        ("cannot_tell", (), "open"),
        ("no_data", (), "open"),
    ],
)
def test_each_change_stands_in_one_group(word: Word, codes: tuple[str, ...], place: str) -> None:
    assert group(word, codes) == place
    assert place in GROUPS


def test_inside_a_group_worst_news_come_first() -> None:
    words = sorted(get_args(Word), key=rank)
    assert words[:3] == ["worse", "mixed", "leaning_worse"]
    assert words[-3:] == ["leaning_better", "better", "not_rolled_out"]
    assert len({rank(word) for word in words}) == len(words)
