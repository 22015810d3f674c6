"""The page of decisions without a browser: reviews due, the log and its filters, then and now, revisions, the audit."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from impact import ui
from impact.charts.twins import as_csv
from impact.figures import as_json, change_figures
from impact.model import StoreError
from impact.opening import Answers
from impact.portfolio import ChangeView, Portfolio
from impact.records import Decision
from impact.state import State
from impact.words import decision_words
from tests import sample
from tests.browser import ROOT
from tests.sample import TODAY
from tests.sample_server import SampleOpening, at_version

SECONDS = 60
DAY = timedelta(days=1)
KNOWN = {c.number: c for c in sample.every_state()}


class Opening(SampleOpening):
    """The sample at a data version of its own, so that nothing of another test's figures is kept."""

    version = "v1"

    def answers(self, place: Any) -> Answers:
        return at_version(super().answers(place), self.version)

    @property
    def records(self) -> State:
        return self.state(None)  # type: ignore[arg-type]


@pytest.fixture
def opening() -> Opening:
    return Opening(sample.portfolio())


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, opening: Opening) -> Any:
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path))
    monkeypatch.setenv("IMPACT_SECRETS", "")
    monkeypatch.setattr(ui, "opening", lambda: opening)

    def run(**address: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=SECONDS)
        at.run()
        for name, value in address.items():
            at.query_params[name] = value
        return at.switch_page("pages/decisions.py").run()

    return run


def told(at: AppTest) -> str:
    """Everything written on the page."""
    assert not at.exception, at.exception
    parts = [*at.title, *at.header, *at.subheader, *at.markdown, *at.info, *at.warning, *at.error]
    return "\n".join(str(part.value) for part in parts).replace("\\", "")


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def record(records: State, number: str, days_ago: int, **more: Any) -> Decision:
    """A decision so many days ago, with the figures of that change as they are now kept with it."""
    change = KNOWN[number]
    on = TODAY - days_ago * DAY
    figures = as_json(change_figures(change, metrics=sample.portfolio().metrics, today=TODAY))
    base: dict[str, Any] = {
        "id": f"{on}/{change.id}", "change_id": change.id, "kind": "fix_first", "reason": "Calls take long",
        "owner": "Payments", "decided_on": on, "word": change.word, "asked": change.decide,
        "frozen_id": records.freeze("v1", figures), "data_version": "v1",
    }  # fmt: skip
    return records.record(Decision(**(base | more)), seen_revision=0)


def rows(at: AppTest, column: str) -> list[str]:
    """A column of the log."""
    return next(list(table.value[column]) for table in at.table if "State" in table.value)


def log(at: AppTest) -> list[str]:
    """The numbers of the changes in the log, in its order; empty where nothing fits."""
    tables = [table.value for table in at.table if "State" in table.value]
    links = list(tables[0]["Change"]) if tables else []
    return [link.replace("\\", "").split(" ")[0].strip("[") for link in links]


def with_one_changed(number: str, change: ChangeView) -> Portfolio:
    return sample.portfolio(tuple(change if c.number == number else c for c in sample.every_state()))


def test_without_any_decision_the_page_says_so_and_leads_to_a_meeting(shown: Any) -> None:
    at = shown()
    assert "Nothing has been decided yet." in told(at)
    assert "None. A decision is due on its review day" in told(at)


def test_the_log_has_every_decision_newest_first_with_the_word_then_and_now(shown: Any, opening: Opening) -> None:
    record(opening.records, "CHG-110", 30)
    record(opening.records, "CHG-117", 10, kind="close_benefit", word="too_early")
    at = shown()
    assert log(at) == ["CHG-117", "CHG-110"]
    assert rows(at, "Customers, then → now") == ["Too early → No real change", "Worse, unchanged"]
    assert rows(at, "State") == ["in force", "in force"]


@pytest.mark.parametrize(
    ("address", "numbers"),
    [
        ({}, ["CHG-117", "CHG-110"]),
        ({"team": "itsm:team:payments"}, ["CHG-110"]),
        ({"team": "none"}, ["CHG-117"]),
        ({"kind": "pause"}, ["CHG-117"]),
        ({"search": "gateway"}, ["CHG-110"]),
        ({"since": "3m"}, ["CHG-117"]),
        ({"since": "all"}, ["CHG-117", "CHG-110"]),
    ],
)
def test_filters_in_the_address_choose_what_is_listed(
    shown: Any, opening: Opening, address: dict[str, str], numbers: list[str]
) -> None:
    record(opening.records, "CHG-110", 100)
    record(opening.records, "CHG-117", 10, kind="pause")
    assert log(shown(**address)) == numbers


def test_filters_without_a_hit_say_so_and_can_be_cleared(shown: Any, opening: Opening) -> None:
    record(opening.records, "CHG-110", 400)
    at = shown(search="zebra")
    assert "None of the 1 decision fits these filters." in told(at)
    assert log(press(at, "Show all decisions")) == ["CHG-110"]


def test_unknown_filters_in_the_address_are_said(shown: Any, opening: Opening) -> None:
    record(opening.records, "CHG-110", 10)
    at = shown(team="nobody", kind="shrug", since="9y")
    assert [box.value for box in at.info] == [
        "There is no team with the id `'nobody'`: the usual choice is shown.",
        "There is no kind of decision `'shrug'`: the usual choice is shown.",
        "There is no period `'9y'`: the usual choice is shown.",
    ]
    assert log(at) == ["CHG-110"]


def test_reviews_due_come_first_and_only_for_the_decision_in_force(shown: Any, opening: Opening) -> None:
    record(opening.records, "CHG-110", 40, review_on=TODAY - 20 * DAY)
    record(opening.records, "CHG-110", 10, review_on=TODAY + 20 * DAY)
    record(opening.records, "CHG-117", 20, review_on=TODAY - 3 * DAY)
    at = shown()
    due = at.table[0].value
    assert list(due["Why now"]) == ["review since 20 Nov 2026"]
    assert "CHG\\-117" in due["Change"][0]
    assert rows(at, "State") == ["in force", "review due", "replaced by a newer one"]


def test_a_decision_shows_what_was_seen_then_beside_what_it_is_today(shown: Any, opening: Opening) -> None:
    made = record(opening.records, "CHG-110", 10)
    at = shown(decision=made.id)
    assert "What customers felt reads the same today as it did then." in told(at)
    on = TODAY - 60 * DAY
    felt = {"tickets": (5, 3), "time_to_resolve": (3, 9), "satisfaction": (-0.4, 0.2), "reopened": (1, 3)}
    later = sample.change("CHG-110", "Card payment gateway switch", sample.full(on, **felt, self_service=(-1, 4)),
                          team="Payments")  # fmt: skip
    opening.portfolio, opening.version = with_one_changed("CHG-110", later), "v2"
    at = shown(decision=made.id)
    moved = at.table[0].value
    row = list(moved["What"]).index("Tickets")
    assert moved["Seen then"][row].replace("\\", "").startswith("+14")
    assert moved["Today"][row].replace("\\", "").startswith("+5")
    assert "data version v1; today’s is v2" in told(at)


def test_a_decision_whose_change_is_gone_is_still_told_with_what_was_seen(shown: Any, opening: Opening) -> None:
    made = record(opening.records, "CHG-110", 10)
    opening.portfolio, opening.version = sample.portfolio((KNOWN["CHG-117"],)), "v2"
    at = shown(decision=made.id)
    assert "Today no source delivers this change any more." in told(at)
    assert "Customers are worse off." in told(at)
    assert "no longer delivered by any source" in rows(at, "Change")[0]


def test_a_decision_without_figures_says_that_none_were_kept(shown: Any, opening: Opening) -> None:
    made = record(opening.records, "CHG-110", 10, frozen_id=None)
    assert "What was seen then was not kept." in told(shown(decision=made.id))


def test_an_unknown_decision_is_said(shown: Any, opening: Opening) -> None:
    record(opening.records, "CHG-110", 10)
    at = shown(decision="2020-01-01/x")
    assert "There is no decision with the id `'2020-01-01/x'`" in at.warning[0].value
    assert log(at) == ["CHG-110"]


def test_revisions_and_withdrawals_stay_visible(shown: Any, opening: Opening) -> None:
    made = record(opening.records, "CHG-110", 10)
    opening.records.record(replace(made, kind="pause", reason="Wait"), seen_revision=1)
    at = shown(decision=made.id)
    revisions = next(table.value for table in at.table if "Revision" in table.value)
    assert list(revisions["Decision"]) == ["Fix first", "Pause"]
    press(at, "Yes, withdraw it")
    assert opening.records.decisions()[0].withdrawn
    assert rows(at, "State") == ["withdrawn, revision 3"]


def test_a_withdrawal_of_what_somebody_just_changed_is_not_made_and_said(shown: Any, opening: Opening) -> None:
    made = record(opening.records, "CHG-110", 10)
    at = shown(decision=made.id)
    opening.records.record(replace(made, kind="pause"), seen_revision=1)
    press(at, "Yes, withdraw it")
    assert "Somebody else recorded a newer revision meanwhile" in told(at)
    assert not opening.records.decisions()[0].withdrawn


def test_the_audit_opens_in_a_drawer_with_every_write(shown: Any, opening: Opening) -> None:
    record(opening.records, "CHG-110", 10)
    at = press(shown(), "Show the audit")
    audit = next(table.value for table in at.table if "Changed" in table.value)
    assert list(audit["What"]) == ["Decision", "Figures kept"]


def test_records_that_cannot_be_read_are_one_sentence(
    shown: Any, opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(place: Any) -> Any:
        raise StoreError("The records cannot be read: the disk is full.")

    monkeypatch.setattr(opening, "state", broken)
    at = shown()
    assert at.error[0].value == "The records cannot be read: the disk is full."


def test_the_file_of_the_log_has_every_revision_and_no_formula(opening: Opening) -> None:
    made = record(opening.records, "CHG-110", 10, reason="=HYPERLINK(1)")
    opening.records.record(replace(made, reason="+1 from the desk"), seen_revision=1)
    table = decision_words.export_rows(opening.records.decision_history(made.id), {})
    rows = list(csv.DictReader(io.StringIO(as_csv(table).decode("utf-8-sig"))))
    assert [(row["Revision"], row["Reason"]) for row in rows] == [("1", "'=HYPERLINK(1)"), ("2", "'+1 from the desk")]


def test_hundreds_of_decisions_are_shown_page_by_page(shown: Any, opening: Opening) -> None:
    for days in range(1, 31):
        record(opening.records, "CHG-110", days, frozen_id=None)
    at = shown()
    assert len(log(at)) == 25
