"""The pages run on invented changes of every state, without a browser: what they say and what they never do."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from impact import ui
from impact.bump_cost import BumpCost
from impact.dossier import Dossier
from impact.estimation.bump import Bump, WorstDay
from impact.holds import Hold
from impact.model import SettingsError, StoreError
from impact.page_cache import Job
from impact.portfolio import ServiceLink
from impact.selection import in_board_order
from impact.verdict import judge
from tests import sample
from tests.browser import ROOT
from tests.sample_server import SampleOpening

SECONDS = 60


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs a page on the sample: ``shown("steering", team="...")`` gives the AppTest."""
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path))
    monkeypatch.setenv("IMPACT_SECRETS", "")

    def run(page: str, opening: SampleOpening | None = None, **address: str) -> AppTest:
        used = opening or SampleOpening(sample.portfolio())
        monkeypatch.setattr(ui, "opening", lambda: used)
        at = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=SECONDS)
        at.run()
        for name, value in address.items():
            at.query_params[name] = value
        return at.switch_page(f"pages/{page}.py").run()

    return run


def told(at: AppTest) -> str:
    """Everything written on the page."""
    assert not at.exception, at.exception
    parts = [*at.title, *at.header, *at.markdown, *at.info, *at.warning, *at.error, *at.caption]
    return "\n".join(str(part.value) for part in parts)


def table(at: AppTest, column: str) -> Any:
    """The first table on the page that has this column, as a frame."""
    return next(found.value for found in at.table if column in found.value.columns)


def title(at: AppTest) -> str:
    """The page's heading as a reader sees it."""
    return str(at.title[0].value).replace("\\", "")


def figures(at: AppTest) -> dict[str, str]:
    return {metric.label.split("] ")[-1]: metric.value for metric in at.metric}


def test_the_steering_view_counts_where_the_changes_stand_decisions_first(shown: Any) -> None:
    at = shown("steering", period="all")
    assert list(figures(at).items()) == [
        ("Need a decision", "3 of 14"),
        ("Customers better off", "2 of 12"),
        ("Customers worse off", "3 of 12"),
        ("No real change", "1 of 12"),
        ("Cannot tell yet", "6 of 12"),
    ]
    assert len(at.get("vega_lite_chart")) == 1


def test_a_team_in_the_address_filters_the_view(shown: Any) -> None:
    assert figures(shown("steering", team="itsm:team:network"))["Need a decision"] == "0 of 3"


def test_a_choice_of_team_is_written_into_the_address(shown: Any) -> None:
    at = shown("steering")
    at.button_group(key="team").set_value("itsm:team:payments").run()
    assert at.query_params["team"] in ("itsm:team:payments", ["itsm:team:payments"])
    assert figures(at)["Need a decision"] == "1 of 2"


def test_an_unknown_team_or_period_in_the_address_is_said_and_all_are_shown(shown: Any) -> None:
    text = told(shown("steering", team="nobody", period="9y"))
    assert "There is no team with the id `'nobody'`" in text
    assert "There is no period `'9y'`" in text


def test_filters_without_a_hit_are_named_and_can_be_cleared(shown: Any) -> None:
    at = shown("steering", search="zebra", team="itsm:team:network")
    assert "None of the 14 changes fits: team Network, search “zebra”" in told(at)
    at.button[0].click().run()
    assert figures(at)["Need a decision"] == "3 of 14"


def test_the_table_twin_has_a_link_to_every_change_and_every_figure_with_range_and_basis(shown: Any) -> None:
    at = shown("steering", table="true", period="all")
    plans, effects = (table.value for table in at.table)
    assert all(f"change?change=itsm%3Achange%3A{c.number}" in " ".join(plans["Change"]) for c in sample.every_state())
    answered = effects[effects["Effect"] != "no figure"]
    assert len(answered) > 30
    assert answered["Likely range"].str.startswith("likely ").all()
    assert answered["Based on"].str.contains("before, ").all()


def test_the_tables_have_the_order_of_the_board_and_say_what_is_worse_with_its_figures(shown: Any) -> None:
    at = shown("steering", table="true", period="all")
    plans = at.table[0].value
    named = [re.findall(r"CHG-\d+", link.replace("\\", ""))[0] for link in plans["Change"]]
    assert named == [change.number for change in in_board_order(sample.portfolio().changes)]
    worse = plans["Why"][named.index("CHG-110")]
    assert "likely between" in worse
    assert worse.endswith("Roll back, fix or keep?")


def test_without_teams_there_is_no_choice_of_team(shown: Any) -> None:
    teamless = tuple(replace(change, team_id=None, team=None) for change in sample.every_state())
    at = shown("steering", SampleOpening(sample.portfolio(teamless)))
    assert [group.key for group in at.get("button_group") if group.key == "team"] == []


def test_many_changes_are_shown_page_by_page_and_the_page_says_which(shown: Any) -> None:
    at = shown("steering", SampleOpening(sample.portfolio(sample.many(130))), period="all")
    assert "Changes 1 to 40 of 130" in told(at)


@pytest.mark.parametrize("change", sample.every_state(), ids=lambda c: c.number)
def test_every_state_of_a_change_has_a_page_that_leads_with_what_customers_felt(shown: Any, change: Any) -> None:
    at = shown("change", change=change.number)
    assert title(at) == change.title
    assert at.header[0].value
    assert "nan" not in told(at).lower().split()


def test_a_change_opens_by_id_and_by_number(shown: Any) -> None:
    assert title(shown("change", change="CHG-115")) == "Wi-Fi upgrade in branches"
    assert title(shown("change", change="itsm:change:CHG-115")) == "Wi-Fi upgrade in branches"


def test_an_unknown_change_is_said_and_none_is_guessed(shown: Any) -> None:
    at = shown("change", change="CHG-999")
    assert "There is no change with the id or number `'CHG-999'`" in told(at)
    assert at.title[0].value == "One change"
    assert at.selectbox[0].value is None


def test_next_and_previous_walk_through_the_changes_in_the_order_of_the_board(shown: Any) -> None:
    at = shown("change", change="CHG-123")
    by_label = {button.label: button for button in at.button}
    assert by_label["Previous"].disabled
    by_label["Next"].click().run()
    assert at.title[0].value == "Card payment gateway switch"


def test_the_page_opens_with_the_measure_that_carries_the_verdict_and_takes_another_from_the_address(
    shown: Any,
) -> None:
    assert "Tickets rose by about 14" in told(shown("change", change="CHG-110"))
    assert "Satisfaction fell by about 0.4" in told(shown("change", change="CHG-110", measure="satisfaction"))


def test_an_unknown_measure_is_said(shown: Any) -> None:
    assert "There is no measure `'mood'`" in told(shown("change", change="CHG-110", measure="mood"))


def test_a_change_that_is_not_live_leads_with_its_plan_and_shows_no_figure(shown: Any) -> None:
    at = shown("change", change="CHG-119")
    text = told(at)
    assert "Rollout planned for **2 Dec 2026**, in 9 days" in text
    assert "What customers felt, measure by measure" not in text
    assert len(at.get("vega_lite_chart")) == 1


def test_a_change_that_was_rolled_back_says_so_first_and_is_told_in_the_past(shown: Any) -> None:
    found = sample.portfolio().change("CHG-110")
    assert found is not None
    back = replace(found, status="rolled_back", decide=(), group="open")
    text = told(shown("change", SampleOpening(sample.portfolio((back,))), change="CHG-110"))
    assert "rolled back since" in text
    assert "Customers were worse off. The change is rolled back." in text
    assert "some of the days compared may be without it" in text


@pytest.mark.parametrize(
    ("status", "outcome", "sentences"),
    [
        (
            "cancelled",
            "unknown",
            (
                "cancelled, rollout was planned for 2 Dec 2026",
                "Cancelled; it never reached customers. The rollout was planned for **2 Dec 2026**.",
                "The change never went live, so nothing is compared.",
            ),
        ),
        ("done", "successful", ("done, rollout day not recorded", "Unknown without a rollout date.")),
    ],
)
def test_a_change_that_will_not_go_live_any_more_promises_no_figures(
    shown: Any, status: str, outcome: str, sentences: tuple[str, ...]
) -> None:
    found = sample.portfolio().change("CHG-119")
    assert found is not None
    over = replace(found, status=status, outcome=outcome, decide=(), group="coming")
    text = told(shown("change", SampleOpening(sample.portfolio((over,))), change="CHG-119"))
    assert [sentence for sentence in sentences if sentence not in text] == []
    assert "Figures start" not in text
    assert "Known once the change is live" not in text


def test_an_overlap_names_the_other_change_and_links_to_it(shown: Any) -> None:
    text = told(shown("change", change="CHG-114"))
    assert r"[CHG\-110 Card payment gateway switch](change?change=itsm%3Achange%3ACHG-110)" in text


def test_an_overlap_gives_what_both_changes_did_together_and_says_whether_waiting_helps(shown: Any) -> None:
    text = told(shown("change", change="CHG-114"))
    assert r"In the way: [CHG\-110 Card payment gateway switch](change?change=itsm%3Achange%3ACHG-110)" in text
    assert "Together with CHG-110, tickets rose by about 18\N{NO-BREAK SPACE}%" in text
    assert "Which of these changes it was cannot be told." in text
    assert "Waiting does not help." in text


def test_the_same_measure_is_read_in_other_ways_and_the_one_that_decides_is_named(shown: Any) -> None:
    found = table(shown("change", change="CHG-115"), "Days read · Tickets")
    assert list(found["Days read · Tickets"]) == [
        "The first days",
        "**Two weeks after the rollout: decides**",
        "What lasts",
        "Four weeks after the rollout",
    ]
    assert found["Effect"][1] == "**−22\N{NO-BREAK SPACE}%**"
    assert found["Likely range"][3] == "possible from 23 Oct 2026"
    assert "Better" in found["Answer"][1]


def test_a_change_on_several_services_has_a_row_for_each_with_its_own_rollout(shown: Any) -> None:
    found = table(shown("change", change="CHG-115"), "Rolled out")
    assert list(found["Service"]) == ["Sign\\-in", "Mail", "Wi\\-Fi"]
    assert list(found["Rolled out"]) == ["24 to 30 Sep 2026", "24 to 30 Sep 2026", "6 to 12 Oct 2026"]
    assert found["Likely range"].str.startswith("between ").all()


def test_what_the_bump_cost_stands_beside_it_with_ranges_and_the_settings_that_would_show_money(
    shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    worst = WorstDay(date(2026, 9, 25), 60.0, 41.0)
    bump = Bump("c", "tickets", 28, date(2026, 9, 24), date(2026, 10, 21), 1300.0, 1160.0, 140.0, 90.0, 190.0, 13, 56,
                "window", worst, ("s1",), True)  # fmt: skip
    cost = BumpCost(bump, None, None, None, ("currency", "per_ticket"))
    monkeypatch.setattr(Dossier, "cost", lambda dossier, change: cost)
    at = shown("change", change="CHG-115")
    assert "About 140 more tickets than expected in the four weeks after the rollout" in told(at).replace("\\", "")
    assert "back to normal after 13 days" in told(at)
    assert "To see this in money, say in the section `[rates]`" in told(at)
    costs = table(at, "How much")
    rows = dict(zip(costs["What"], costs["How much"], strict=True))
    assert rows["Extra tickets in the four weeks"] == "about 140 more tickets (likely 90 to 190)"
    assert rows["Worst day"].startswith("25 Sep 2026: 60 against 41")


def test_a_bump_that_cannot_be_told_names_the_change_in_the_way(shown: Any) -> None:
    text = told(shown("change", change="CHG-114")).replace("\\", "")
    assert "What the bump cost" in text
    assert "Extra tickets cannot be told apart from those of CHG-110 Card payment gateway switch" in text
    assert "To see this in money" not in text


def test_an_answer_on_hold_says_which_rate_put_it_there_on_page_and_board(shown: Any) -> None:
    on = sample.TODAY - timedelta(days=60)
    hold = Hold("many", sample.rate(0.12))
    held = {
        name: replace(reading, verdict=judge(reading.metric, reading.result, hold=hold))  # type: ignore[arg-type]
        for name, reading in sample.full(on).items()
    }
    opening = SampleOpening(sample.portfolio((sample.change("H", "Held", held),)))
    at = shown("change", opening, change="H")
    assert "What customers felt is on hold." in at.header[0].value
    assert "this method raised 12.0\N{NO-BREAK SPACE}% false alarms here" in told(at)
    table = shown("steering", opening, table="true", period="all").table[0].value
    assert list(table["Next step"]) == ["On hold"]


def test_many_services_stand_in_a_drawer(shown: Any) -> None:
    names = tuple(f"s{i}" for i in range(1, 10))
    on = sample.TODAY - timedelta(days=60)
    tickets = sample.in_other_ways(sample.answered("tickets", -22, 5, on=on), on, services=names)
    links = tuple(ServiceLink(name, name.upper(), on, "changed", "source") for name in names)
    wide = sample.change("W", "Wide", sample.full(on) | {"tickets": tickets}, services=links)
    at = shown("change", SampleOpening(sample.portfolio((wide,))), change="W")
    assert "Service by service: 9 services" in [drawer.label for drawer in at.expander]


def test_a_change_on_one_service_has_no_table_of_services_and_one_without_figures_none_of_other_days(
    shown: Any,
) -> None:
    assert "Service by service" not in told(shown("change", change="CHG-123"))
    assert "The same, read in other ways" not in told(shown("change", change="CHG-118"))


def test_a_preliminary_reading_is_marked_with_its_next_look_on_page_and_table(shown: Any) -> None:
    at = shown("change", change="CHG-123")
    assert "Preliminary, after 5 days; next look 25 Nov 2026" in told(at)
    assert "Decision asked] Preliminary: act or wait?" in told(at)
    found = table(at, "Days read · Tickets")
    assert found["Days read · Tickets"][1] == "**Two weeks after the rollout, after 5 days: preliminary**"
    plans, effects = (table.value for table in shown("steering", table="true", period="all").table)
    row = next(i for i, name in enumerate(plans["Change"]) if "CHG\\-123" in name)
    assert plans["Next step"][row] == "Preliminary: act or wait?"
    assert plans["Why"][row].endswith("The next reading is possible from 25 Nov 2026. Preliminary: act or wait?")
    assert any(
        "CHG\\-123" in name and answer == "Worse, preliminary"
        for name, answer in zip(effects["Change"], effects["Answer"], strict=True)
    )


def test_every_card_with_a_figure_has_its_range_and_what_it_rests_on(shown: Any) -> None:
    cards = [part.value for part in shown("change", change="CHG-110").markdown if "likely between" in part.value]
    assert sum("compared with 52 other services" in card for card in cards) == 5


def test_the_grounds_of_a_verdict_are_there_when_asked_for(shown: Any) -> None:
    at = shown("change", change="CHG-110", why="true")
    assert "1. **The whole likely range is on one side of zero, and it stays clear among all changes" in told(at)
    assert re.search(
        r"Services with .* raised a false alarm on 4\.\d % of", told(at).replace("\N{NO-BREAK SPACE}", " ")
    )
    rows = dict(zip(*(at.table[-2].value[name] for name in ("What", "Number")), strict=True))
    assert rows["Answer"] == "Worse"
    assert "1,722 tickets" in rows["Before"]
    assert "not an experiment" in told(at)


def test_readiness_says_what_is_missing(shown: Any) -> None:
    at = shown("change", change="CHG-120")
    assert "missing: Build tested" in " ".join(str(bar.proto.text) for bar in at.get("progress"))


def test_demo_data_are_labelled_on_every_page(shown: Any) -> None:
    for page in ("steering", "change"):
        at = shown(page, SampleOpening(sample.portfolio(), is_demo=True))
        assert "An invented organisation with known effects." in told(at)


def test_a_source_that_does_not_answer_is_named_and_the_last_good_figures_stay(shown: Any) -> None:
    at = shown("steering", SampleOpening(sample.portfolio(), failed=True), period="all")
    assert "itsm" in at.warning[0].value
    assert figures(at)["Need a decision"] == "3 of 14"


def test_a_store_without_anything_says_what_to_do_next(shown: Any) -> None:
    at = shown("steering", SampleOpening(sample.portfolio(()), empty=True))
    assert at.title[0].value == "Nothing has been read yet"
    assert "python3 run.py impact sync" in at.code[0].value


def test_the_demo_shows_its_progress_and_a_failure_in_one_sentence(shown: Any) -> None:
    job = Job(told=("Reading tickets: 10 of 100", 0.1), error=StoreError("The data folder is full."))
    job.done.set()
    at = shown("steering", SampleOpening(sample.portfolio(), is_demo=True, job=job))
    assert at.error[0].value == "The data folder is full."


@pytest.mark.parametrize("error", [SettingsError("[sources.x] lacks 'kind'."), StoreError("The store is broken.")])
def test_wrong_settings_or_an_unreadable_store_are_one_sentence(shown: Any, error: Exception) -> None:
    opening = SampleOpening(sample.portfolio())

    def broken(*given: Any) -> Any:
        raise error

    opening.place = broken  # type: ignore[method-assign]
    at = shown("steering", opening)
    assert not at.exception
    assert at.error[0].value == str(error)


def test_a_change_with_a_title_full_of_markdown_is_shown_as_it_is(shown: Any) -> None:
    nasty = replace(sample.every_state()[0], title="Move [A](b) | **C** <script>alert(1)</script>")
    at = shown("steering", SampleOpening(sample.portfolio((nasty,))), table="true", period="all")
    escaped = r"Move \[A\]\(b\) \| \*\*C\*\* \<script\>alert\(1\)\</script\>"
    assert escaped in at.table[0].value["Change"][0]
    assert shown("change", SampleOpening(sample.portfolio((nasty,))), change=nasty.number).title[0].value == escaped


def test_ten_thousand_changes_are_shown_too(shown: Any) -> None:
    at = shown("steering", SampleOpening(sample.portfolio(sample.many(10_000))), period="all")
    assert "Changes 1 to 40 of 10,000" in told(at).replace("10000", "10,000")
    assert not shown("change", SampleOpening(sample.portfolio(sample.many(10_000))), change="C9999").exception
