"""What a server opens and keeps: records stay open, a silent database is not asked at every page, and nothing is shown
from other data, settings or decisions than it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from impact import opening
from impact.model import StoreError
from impact.opening import Answers, Opening, Place
from impact.page_cache import Kept
from impact.records import Decision
from impact.settings import Rates, Records, Reporting, Settings
from impact.settled import settle
from impact.state import State
from impact.store import Store
from tests import sample
from tests.sample_server import SampleSnapshot


def place(home: Path, **more: Any) -> Place:
    return Place(home, False, Store(home), Settings(home=home, **more))


def test_records_stay_open_however_many_figures_are_kept(tmp_path: Path) -> None:
    one = Opening()
    first = one.state(place(tmp_path))
    for number in range(1_000):
        one.kept.get(number, lambda: "figure")
    assert one.state(place(tmp_path)) is first


def test_what_is_dropped_of_the_kept_is_told_once_and_what_stays_is_not() -> None:
    dropped: list[int] = []
    kept = Kept(2, dropped.append)
    for number in range(4):
        kept.get(number, lambda number=number: number)  # type: ignore[misc]
    assert dropped == [0, 1]
    assert kept.has(3)


def test_a_database_that_does_not_answer_is_not_asked_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def silent(*args: Any, **more: Any) -> State:
        asked.append(more["url"])
        raise StoreError("The records cannot be reached.")

    monkeypatch.setattr(opening, "open_state", silent)
    now = [100.0]
    monkeypatch.setattr(opening.time, "monotonic", lambda: now[0])
    one, there = Opening(), place(tmp_path, records=Records("postgresql+psycopg://a@b/c", "secret"))
    for seconds in (0, 5, 29, 31):
        now[0] = 100.0 + seconds
        with pytest.raises(StoreError, match="cannot be reached"):
            one.state(there)
    assert len(asked) == 2


CHANGED: dict[str, Callable[[Settings], Settings]] = {
    "rates": lambda s: replace(s, rates=Rates("EUR", per_ticket=20.0)),
    "time zone": lambda s: replace(s, reporting=Reporting("Europe/Berlin")),
    "smallest group": lambda s: replace(s, privacy=replace(s.privacy, smallest_group=10)),
    "margin of a measure": lambda s: replace(s, metrics=(replace(s.metrics[0], matters=0.2), *s.metrics[1:])),
}


@pytest.mark.parametrize("what", CHANGED)
def test_what_is_kept_under_other_settings_is_not_shown(tmp_path: Path, what: str) -> None:
    settings = Settings(home=tmp_path)
    answers = Answers("v1", sample.portfolio(), sample.evidence(), SampleSnapshot())  # type: ignore[arg-type]
    assert answers.told_apart(CHANGED[what](settings)) != answers.told_apart(settings)
    assert answers.told_apart(replace(settings)) == answers.told_apart(settings), "equal settings read alike"


def test_money_follows_the_rates_of_the_moment(tmp_path: Path) -> None:
    change = next(c for c in sample.every_state() if c.number == "CHG-110")
    alone = replace(
        sample.evidence(), rollouts=tuple(r for r in sample.evidence().rollouts if r.change_id == change.id)
    )
    answers = Answers("v1", sample.portfolio(), alone, SampleSnapshot())  # type: ignore[arg-type]
    one, amounts = Opening(), []
    for per_ticket in (20.0, 10.0):
        settings = Settings(home=tmp_path, rates=Rates("EUR", per_ticket=per_ticket))
        cost = one.dossier(answers, settings).cost(change)
        assert cost is not None
        assert cost.handling is not None
        amounts.append(cost.handling.amount)
    assert amounts[0] == pytest.approx(2 * amounts[1])


def test_another_decision_on_the_same_change_is_another_version_of_what_is_shown() -> None:
    asked = next(c for c in sample.every_state() if c.decide)
    first = Decision(
        id="2026-11-20/x", change_id=asked.id, kind="continue", reason="Known why.", owner="Payments", revision=1,
        decided_on=sample.TODAY, word=asked.word, asked=asked.decide, recorded_at=datetime(2026, 11, 20, tzinfo=UTC),
        review_on=date(2026, 12, 5),
    )  # fmt: skip
    later = replace(first, kind="roll_back", revision=2, review_on=first.review_on and first.review_on + timedelta(16))
    shown = [settle(sample.portfolio((asked,)), [one], sample.TODAY).version for one in (first, later, first)]
    assert shown[0] == shown[2] != shown[1]
