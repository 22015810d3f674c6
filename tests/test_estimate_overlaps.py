"""What is said of changes that lie close together: told apart, read as one, or refused with a day; by small cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from impact.estimate import SHAPES, Estimate, Panel, Rollout, Shape
from impact.estimation.bundle import bundle_answers, possible_from
from impact.estimation.joint import joint_answers
from impact.estimation.panel import Kind
from impact.estimation.questions import by_change, study
from impact.estimation.results import EQUAL_EFFECTS
from impact.estimation.runs import Run, Runs
from impact.estimation.timeline import timeline

START = date(2024, 1, 1)
DOUBLED = float(np.log(2))


def on(day: int) -> date:
    return START + timedelta(days=day)


def panel(rate: np.ndarray, kind: Kind = "count") -> Panel:
    """Poisson tickets at the given rates, or that many of 40 trials; shape (services, days)."""
    rng = np.random.default_rng(1)
    n = np.full(rate.shape, 40.0)
    total = (rng.poisson(rate) if kind == "count" else rng.binomial(40, rate / 40)).astype(np.float64)
    return Panel("m", kind, tuple(f"s{i:02d}" for i in range(len(rate))), START, n, total, total)


def flat(services: int = 30, days: int = 400, rate: float = 20.0) -> np.ndarray:
    return np.full((services, days), rate)


def rollouts(*rows: tuple[str, str, int]) -> list[Rollout]:
    """Rollouts given as change, services such as "3 5", and day."""
    return [Rollout(change, f"s{int(s):02d}", on(day)) for change, services, day in rows for s in services.split()]


def joint(data: Panel, changes: Sequence[Rollout], until: date | None = None) -> dict[str, Estimate]:
    common = study(data, changes, shapes=SHAPES, holidays=frozenset(), until=until)
    return {e.change_id: e for e in joint_answers(common, by_change(common.line)).values()}


def bundles(data: Panel, changes: Sequence[Rollout], until: date | None = None) -> dict[str, Estimate]:
    common = study(data, changes, shapes=SHAPES, holidays=frozenset(), until=until)
    return {e.change_id: e for e in bundle_answers(common, by_change(common.line)).values()}


def waiting(data: Panel, changes: Sequence[Rollout], until: date) -> dict[str, date | None]:
    common = study(data, changes, shapes=SHAPES, holidays=frozenset(), until=until)
    asked = by_change(common.line)
    return {a.change_id: day for a, day in zip(asked, possible_from(common, asked), strict=True)}


def test_of_three_weekly_changes_only_the_one_that_doubles_the_tickets_gets_the_effect() -> None:
    rate = flat()
    rate[3, 207:] *= 2
    found = joint(panel(rate), rollouts(("a", "3", 200), ("b", "3", 207), ("c", "3", 214)))
    assert found["b"].low < DOUBLED < found["b"].high
    assert found["b"].p_value < 1e-4
    assert all(found[name].low < 0 < found[name].high for name in "ac")
    assert found["b"].expected_after == pytest.approx(20, rel=0.2)
    assert found["b"].after == pytest.approx(40, rel=0.2)


def test_a_joint_estimate_says_which_days_it_read_and_from_what_it_was_told_apart() -> None:
    found = joint(panel(flat()), rollouts(("a", "3", 200), ("b", "3", 207), ("c", "3", 214)))["b"]
    assert (found.method, found.together, found.services, found.shape) == ("joint", ("a", "c"), ("s03",), Shape(6, 6))
    assert (found.pre_from, found.pre_to, found.post_from, found.post_to) == (on(201), on(206), on(208), on(213))
    data = panel(flat())
    assert (found.n_before, found.n_after) == (data.total[3, 201:207].sum(), data.total[3, 208:214].sum())


@pytest.mark.parametrize(
    ("previous", "following", "shape"),
    [(29, 5, Shape(28, 4)), (14, 14, Shape(13, 13)), (14, 7, Shape(13, 6)), (14, 5, Shape(13, 4)),
     (7, 14, Shape(6, 13)), (7, 5, Shape(6, 4)), (5, 5, Shape(4, 4)), (14, 4, Shape(13, 3)), (4, 7, Shape(3, 6)),
     (4, 4, Shape(3, 3))],
)  # fmt: skip
def test_windows_are_as_long_as_the_days_between_the_rollouts_allow(
    previous: int, following: int, shape: Shape
) -> None:
    changes = rollouts(("a", "3", 200 - previous), ("b", "3", 200), ("c", "3", 200 + following))
    assert joint(panel(flat()), changes)["b"].shape == shape


@pytest.mark.parametrize(("previous", "following"), [(3, 30), (30, 3), (0, 30)])
def test_with_fewer_than_three_days_between_them_two_rollouts_are_not_told_apart(previous: int, following: int) -> None:
    changes = rollouts(("a", "3", 200 - previous), ("b", "3", 200), ("c", "3", 200 + following))
    assert "b" not in joint(panel(flat()), changes)


def test_two_changes_on_one_day_and_the_same_services_are_only_read_as_one() -> None:
    rate = flat()
    rate[[3, 5], 200:] *= 2
    changes = rollouts(("a", "3 5", 200), ("b", "3 5", 200))
    assert joint(panel(rate), changes) == {}
    found = bundles(panel(rate), changes)
    assert found["a"].low < DOUBLED < found["a"].high
    assert replace(found["a"], change_id="b", together=("a",)) == found["b"]
    assert (found["a"].method, found["a"].together, found["a"].shape) == ("bundle", ("b",), Shape(42, 14))


def test_a_bundle_reads_neither_the_days_between_its_rollouts_nor_their_own() -> None:
    rate = flat()
    rate[3, 200:206] = 200.0
    found = bundles(panel(rate), rollouts(("a", "3", 200), ("b", "3", 203), ("c", "3", 205)))["b"]
    assert found.low < 0 < found.high
    assert found.together == ("a", "c")
    assert (found.pre_from, found.pre_to) == (on(158), on(199))
    assert (found.post_from, found.post_to) == (on(207), on(220)), "5 days from first to last are rounded up to 6"


def test_a_change_on_more_services_tells_apart_one_that_shares_all_of_its_own() -> None:
    rate = flat()
    rate[[3, 5], 200:] *= 2
    rate[[3, 5, 7, 8], 200:] *= 1.5
    changes = rollouts(("a", "3 5", 200), ("b", "3 5 7 8", 200))
    found = joint(panel(rate), changes)
    assert found["a"].low < DOUBLED < found["a"].high
    assert found["b"].low < np.log(1.5) < found["b"].high
    assert (found["a"].services, found["a"].together) == (("s03", "s05"), ("b",))
    assert found["b"].services == ("s07", "s08")
    assert EQUAL_EFFECTS in found["a"].flags
    assert EQUAL_EFFECTS not in found["b"].flags


def test_shares_are_not_told_apart_through_other_services_as_they_have_no_common_scale() -> None:
    changes = rollouts(("a", "3 5", 200), ("b", "3 5 7 8", 200))
    assert list(joint(panel(flat(), "share"), changes)) == ["b"]


def test_an_answer_does_not_depend_on_the_order_of_rollouts_and_services() -> None:
    data = panel(flat() * np.linspace(0.5, 2.0, 30)[:, None])
    changes = rollouts(("a", "3 5", 200), ("b", "5 7", 207), ("c", "3 5 7", 214), ("d", "3 9", 214), ("e", "3 9", 330))
    order = np.random.default_rng(3).permutation(30)
    shuffled = replace(
        data, services=tuple(data.services[i] for i in order), n=data.n[order], total=data.total[order],
        total_sq=data.total_sq[order],
    )  # fmt: skip
    assert len(joint(data, changes)) >= 4
    assert joint(data, changes) == joint(shuffled, [*reversed(changes), *changes])
    assert bundles(data, changes) == bundles(shuffled, [*reversed(changes), *changes])


def test_further_days_do_not_change_an_answer_once_it_is_given() -> None:
    changes = rollouts(("a", "3", 200), ("b", "3", 207), ("c", "3", 214))
    data = panel(flat(days=230))
    assert "b" not in joint(data, changes, until=on(212))
    shapes = [joint(data, changes, until=on(day))["b"].shape for day in (213, 216, 229)]
    assert shapes == [Shape(6, 6)] * 3


def test_a_refused_change_is_told_from_when_on_it_or_its_bundle_can_be_read() -> None:
    data = panel(flat())
    weekly = rollouts(("a", "3", 200), ("b", "3", 207))
    assert waiting(data, weekly, until=on(208))["b"] == on(221)
    same = rollouts(("a", "3", 200), ("b", "3", 200))
    assert waiting(data, same, until=on(205)) == {"a": on(215), "b": on(215)}
    assert waiting(data, same, until=on(214)) == {"a": None, "b": None}
    endless = rollouts(*((f"c{k}", "3", 200 + 3 * k) for k in range(20)))
    assert waiting(data, endless, until=on(230))["c8"] is None


@pytest.mark.parametrize(
    ("days", "run"),
    [
        ((100, 200, 300), (200, 200, 100, 100)),
        ((190, 200, 300), (190, 200, 10**7, 100)),
        ((185, 200, 208), (200, 200, 15, 8)),
        ((170, 185, 199, 200, 207, 215), (185, 207, 15, 8)),
    ],
)
def test_a_run_holds_the_rollouts_too_close_and_those_too_close_to_these(
    days: tuple[int, ...], run: tuple[int, int, int, int]
) -> None:
    changes = rollouts(*((f"c{day}", "3", day) for day in days))
    line = timeline(panel(flat()), changes)
    found = Runs(line, (14, 7)).around(days.index(200))
    names = tuple(f"c{day}" for day in days if run[0] <= day <= run[1])
    assert found == Run(3, *run, names)


def test_a_run_that_goes_on_for_more_than_four_weeks_is_none() -> None:
    line = timeline(panel(flat()), rollouts(*((f"c{k}", "3", 200 + 7 * k) for k in range(5))))
    assert Runs(line, (14, 7)).around(2) is None


def test_the_days_of_a_gradual_rollout_belong_to_neither_side() -> None:
    slow = [Rollout("a", "s03", on(200), on(204)), *rollouts(("b", "3", 212))]
    found = joint(panel(flat()), slow)
    assert (found["a"].pre_to, found["a"].post_from, found["a"].post_to) == (on(199), on(205), on(211))
    assert (found["b"].pre_from, found["b"].pre_to) == (on(206), on(211))


def test_too_few_services_or_too_little_data_give_no_joint_answer() -> None:
    changes = rollouts(("a", "3", 200), ("b", "3", 207))
    sparse = flat()
    sparse[3] = 0.05
    assert joint(panel(sparse), changes) == {}
    assert joint(panel(flat(1, 40)), [Rollout("a", "s00", on(20)), Rollout("b", "s00", on(27))]) == {}
    everywhere = rollouts(("a", " ".join(str(s) for s in range(25)), 200), ("b", "3", 207))
    assert "a" not in joint(panel(flat()), everywhere)
