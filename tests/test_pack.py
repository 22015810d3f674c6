"""The content of a pack: frozen and read back, in order, with the same figures as the export; and its child process."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from impact import derived
from impact.figures import change_figures
from impact.model import ImpactError
from impact.pack import charts, making, render, slide_rows, tables, template
from impact.pack.content import SCHEMA, PackContent, foot_of, further_of
from impact.pack.gathering import Recorded, content_of
from impact.plain_json import as_json, made
from impact.records import AgendaItem, Decision, Meeting
from impact.settled import settle
from impact.state import open_state
from tests import pack_sample, sample


def rows_of(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_a_pack_comes_back_from_json_as_it_was_frozen() -> None:
    content = pack_sample.content()
    assert made(PackContent, json.loads(json.dumps(as_json(content)))) == made(PackContent, as_json(content))
    back = made(PackContent, json.loads(json.dumps(as_json(content))))
    assert (back.agenda, back.decided_before, back.looks) == (content.agenda, content.decided_before, content.looks)
    assert [page.figures for page in back.pages] == [page.figures for page in content.pages]


def test_the_same_data_meeting_and_decisions_freeze_under_the_same_id(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    first = making.freeze(state, pack_sample.content())
    again = making.freeze(
        state, content_of(pack_sample.seen(), pack_sample.meeting(), Recorded(pack_sample.decisions()))
    )
    assert (first.frozen_id, first.frozen_at) == (again.frozen_id, again.frozen_at)
    other = making.freeze(state, replace(pack_sample.content(), data_version="18"))
    assert other.frozen_id != first.frozen_id
    kept = state.frozen(first.frozen_id)
    assert kept is not None
    assert making.pack_of(kept) == first


def test_a_meeting_remembers_its_newest_pack_and_keeps_the_edit_of_somebody_else(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    mine = state.open_meeting(pack_sample.HELD_ON, title="Steering meeting")
    state.change_meeting(replace(mine, title="Renamed meanwhile"), seen_revision=mine.revision)
    pack = making.freeze(state, pack_sample.content())
    making.remembered(state, mine, pack)
    now = state.meeting(mine.id)
    assert now is not None
    assert (now.title, now.frozen_id) == ("Renamed meanwhile", pack.frozen_id)


def test_the_agenda_keeps_its_order_with_reasons_notes_and_what_is_gone() -> None:
    content = pack_sample.content()
    assert [line.change_id for line in content.agenda] == [i.change_id for i in pack_sample.meeting().agenda]
    assert content.agenda[0].reasons == ("Needs a decision", "Customers worse off")
    assert content.agenda[1].note == "Ask the service desk"
    assert (content.agenda[-1].number, content.agenda[-1].title) == ("CHG-999", "No longer delivered by any source")
    assert [page.figures.id for page in content.pages] == [line.change_id for line in content.agenda[:-1]]


def test_decisions_of_last_time_say_what_happened_since() -> None:
    content = pack_sample.content()
    assert content.before_title == "Decisions of last time, 10 Nov 2026"
    assert [(d.number, d.decided, d.since) for d in content.decided_before] == [
        ("CHG-110", "Fix first", "Customers: Leaning worse → Worse; overdue"),
        ("CHG-116", "Close, benefit realised", "Customers: Better, unchanged"),
    ]
    assert [(d.number, d.decided, d.due) for d in content.decided_now] == [("CHG-111", "Pause", "1 Dec 2026")]


def recorded_again(*more: Decision, held: tuple[date, ...] = (date(2026, 11, 10),)) -> PackContent:
    """The pack of the sample's meeting with these decisions beside its own, and the meetings before it."""
    meetings = tuple(Meeting(id=f"{on}", held_on=on, title="Steering meeting") for on in held)
    own = pack_sample.meeting()
    return content_of(pack_sample.seen(), own, Recorded((*pack_sample.decisions(), *more), (*meetings, own)))


def one_more(number: str, on: date, meeting_on: date | None, **more: Any) -> Decision:
    change_id = f"itsm:change:{number}"
    meeting_id = f"{meeting_on}" if meeting_on else None
    return Decision(id=f"{meeting_id or on}/{change_id}", change_id=change_id, kind="pause", reason="Wait",
                    owner="Desk", decided_on=on, meeting_id=meeting_id, **more)  # fmt: skip


def test_what_the_last_meeting_decided_is_told_also_when_it_was_written_down_the_day_before() -> None:
    early = one_more("CHG-113", date(2026, 11, 9), date(2026, 11, 10))
    older = one_more("CHG-114", date(2026, 11, 9), None)
    content = recorded_again(early, older, held=(date(2026, 10, 27), date(2026, 11, 10)))
    assert content.before_title == "Decisions of last time, 10 Nov 2026"
    assert [d.number for d in content.decided_before] == ["CHG-113", "CHG-110", "CHG-116"]


def test_what_is_written_down_before_the_day_of_this_meeting_is_its_own_decision_only() -> None:
    content = recorded_again(one_more("CHG-113", date(2026, 11, 23), date(2026, 11, 24)))
    assert [d.number for d in content.decided_before] == ["CHG-110", "CHG-116"]
    assert [d.number for d in content.decided_now] == ["CHG-111", "CHG-113"]


def test_where_the_last_meeting_decided_nothing_the_newest_day_before_it_is_told() -> None:
    content = recorded_again(held=(date(2026, 11, 17),))
    assert content.before_title == "Decisions of last time, 10 Nov 2026"
    assert [d.number for d in content.decided_before] == ["CHG-110", "CHG-116"]


def test_a_decision_that_was_taken_anew_on_the_same_day_is_told() -> None:
    hour = datetime(2026, 11, 10, 16, tzinfo=UTC)
    again = one_more("CHG-116", date(2026, 11, 10), None, first_at=hour, recorded_at=hour)
    again = replace(again, id=f"2026-11-10~web/{again.change_id}", meeting_id="2026-11-10~web")
    told = {(d.number, d.decided): d.since for d in recorded_again(again).decided_before}
    assert told["CHG-116", "Close, benefit realised"].endswith("decided anew on 10 Nov 2026: Pause")
    assert "anew" not in told["CHG-116", "Pause"]


def test_what_was_decided_in_the_meeting_stands_in_the_agenda_and_needs_no_decision_any_more() -> None:
    unsettled = pack_sample.seen()
    asked = [c for c in unsettled.portfolio.changes if c.decide]
    first, second = asked[:2]
    taken = Decision(
        id=f"2026-11-24/{first.id}", change_id=first.id, kind="pause", reason="Wait for the training", owner="Payments",
        decided_on=pack_sample.HELD_ON, meeting_id="2026-11-24", word=first.word, asked=first.decide,
        review_on=date(2027, 1, 12),
    )  # fmt: skip
    items = tuple(AgendaItem(change_id=c.id, reasons=("decide", "late")) for c in asked[:-1])
    only = AgendaItem(change_id=asked[-1].id, reasons=("decide",))
    meeting = pack_sample.meeting(agenda=(*items, only))
    every = (taken, replace(taken, id=f"2026-11-24/{only.change_id}", change_id=only.change_id, word=asked[-1].word,
                            asked=asked[-1].decide))  # fmt: skip
    seen = replace(unsettled, portfolio=settle(unsettled.portfolio, every, pack_sample.HELD_ON))
    content = content_of(seen, meeting, Recorded(every))
    lines = {line.change_id: line for line in content.agenda}
    assert (lines[first.id].decided, lines[first.id].asked) == ("Pause, review 12 Jan", "")
    assert lines[first.id].reasons == ("Late",)
    assert lines[second.id].reasons == ("Needs a decision", "Late")
    assert (lines[second.id].decided, bool(lines[second.id].asked)) == ("", True)
    assert lines[only.change_id].reasons == ("Needed a decision",)
    assert [page.why for page in content.pages if page.figures.id == only.change_id] == ["Needed a decision"]
    need = sum("Needs a decision" in line.reasons for line in content.agenda)
    assert dict(content.counts)["Need a decision"] == f"{need} of {len(asked)}" == f"{len(asked) - 2} of {len(asked)}"


def test_a_long_agenda_is_shared_evenly_among_boards_that_can_be_read() -> None:
    boards = pack_sample.content().overviews
    assert [len(re.findall("CHG-", board.alt)) for board in boards] == [9, 8]
    for board in boards:
        wide, high = charts.size(charts.drawn([board.spec])[0])
        points = 72 * min((template.INNER / wide), (slide_rows.FOOT - slide_rows.BODY - 0.4) / high)
        assert 12 * points > 8.9, "labels of 12 pixels in points on a slide"
    assert content_of(pack_sample.seen(()), pack_sample.meeting(), Recorded()).overviews == ()


def test_a_pack_says_where_its_link_leads_or_what_to_open() -> None:
    assert pack_sample.pack().link == "https://impact.example.com/meeting?meeting=2026-11-24&frozen=f3a91c02d7"
    none = content_of(pack_sample.seen(link=""), pack_sample.meeting(), Recorded())
    assert pack_sample.pack(none).link == ""
    assert pack_sample.pack(none).where == "Open the meeting of 24 Nov 2026 in the dashboard; pack f3a91c02d7"


def test_every_change_has_the_figures_of_its_page() -> None:
    portfolio = pack_sample.seen().portfolio
    for page in pack_sample.content().pages:
        change = portfolio.change(page.figures.id)
        assert change is not None
        alone = change_figures(change, metrics=portfolio.metrics, today=sample.TODAY)
        assert page.figures.measures == alone.measures
        assert page.figures.milestones == alone.milestones


def test_a_chart_of_a_live_change_brings_its_weeks_and_a_planned_one_its_milestones() -> None:
    pages = {page.figures.number: page for page in pack_sample.content().pages}
    live, planned, nothing = (pages[number].chart for number in ("CHG-110", "CHG-119", "CHG-132"))
    assert live is not None
    assert len(live.points) >= 4
    assert planned is not None
    assert (planned.points, planned.title) == ((), "Milestones on the calendar")
    assert nothing is None


def test_the_business_case_tells_plan_and_measurement_in_one_line() -> None:
    page = next(p for p in pack_sample.content().pages if p.figures.number == "CHG-110")
    lines = dict(dict(foot_of(page))["Business case"])
    assert lines["Cost"] == "EUR\N{NO-BREAK SPACE}210,000 (planned: EUR\N{NO-BREAK SPACE}240,000)"
    assert lines["Tickets a month"].startswith("about ")


def test_the_csv_has_the_numbers_of_the_export_of_estimates() -> None:
    portfolio = pack_sample.seen().portfolio
    exported = [
        row for row in derived.table("estimates", portfolio, version="17").to_pylist() if row["reading"] == "planned"
    ]
    wanted = {
        (row["change_id"], row["metric"]): row
        for row in exported
        if row["effect"] is not None and not row["service"] and row["method"] != "bundle"
    }
    label = {m.name: m.label for m in portfolio.metrics}
    rows = rows_of(tables.written(pack_sample.pack()))
    found = {(r["Change id"], r["Measure"]): r for r in rows if r["What"] == "Effect"}
    assert len(found) > 30
    for (change, metric), row in wanted.items():
        if metric in label:
            mine = found[change, label[metric]]
            assert mine["Text"].lstrip("'") == row["effect_text"]
            assert float(mine["Value"]) == pytest.approx(row["effect_in_unit"], abs=1e-9)
            assert float(mine["Low"]) == pytest.approx(row["low_in_unit"], abs=1e-9)
            assert float(mine["High"]) == pytest.approx(row["high_in_unit"], abs=1e-9)
            assert (int(mine["n before"]), int(mine["n after"])) == (row["n_before"], row["n_after"])


def test_no_text_of_the_csv_is_a_formula_and_negative_numbers_stay_numbers() -> None:
    content = pack_sample.content()
    page = content.pages[0]
    evil = replace(page, figures=replace(page.figures, title="=HYPERLINK(1)", requirement="+1", headline="@x"))
    rows = rows_of(tables.written(pack_sample.pack(replace(content, pages=(evil, *content.pages[1:])))))
    assert rows[0]["Title"] == "'=HYPERLINK(1)"
    assert {r["Text"] for r in rows if r["What"] in ("Headline", "Customer requirement")} >= {"'@x", "'+1"}
    assert any(r["Value"].startswith("-") and float(r["Value"]) < 0 for r in rows)


def test_further_measures_are_those_beside_the_board_that_tell_something() -> None:
    found = further_of(pack_sample.content())
    assert {m.metric for _, m in found} == {"csat"}
    assert all(m.word != "no_data" for _, m in found)


# --- the child process -------------------------------------------------------------------------------------------


def test_the_child_tells_its_progress_and_leaves_the_files(tmp_path: Path) -> None:
    said: list[tuple[str, float]] = []
    files = making.files(pack_sample.pack(), tmp_path / "new folder", ["csv"], lambda *told: said.append(told))
    assert {form: path.name for form, path in files.items()} == {"csv": "pack-2026-11-24-f3a91c02.csv"}
    assert said == [("Writing the table", 0.4), ("Done", 1.0)]
    assert rows_of(files["csv"].read_bytes())[0]["Pack"] == "f3a91c02d7"


def test_an_unknown_form_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ImpactError, match=r"There is no form odp\. Forms: pptx, html, pdf, csv"):
        making.files(pack_sample.pack(), tmp_path, ["odp"])


def test_a_folder_that_cannot_be_written_to_ends_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ImpactError, match=r"^The pack cannot be written to .*taken.*Choose another folder\.$"):
        making.files(pack_sample.pack(), tmp_path / "taken", ["csv"])


def test_a_child_that_breaks_is_told_in_one_sentence(tmp_path: Path) -> None:
    content = pack_sample.content()
    page = next(p for p in content.pages if p.chart)
    assert page.chart is not None
    broken = replace(content, overviews=(), pages=(replace(page, chart=replace(page.chart, spec={"mark": "nothing"})),))
    with pytest.raises(ImpactError, match=r"^The pack could not be made \(\w+\)\. Try fewer forms"):
        making.files(pack_sample.pack(broken), tmp_path, ["html"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda plain: plain["content"].update(schema=SCHEMA + 1), "frozen by a newer release"),
        (lambda plain: plain.pop("content"), "holds no pack that can be read"),
        (lambda plain: plain["content"].update(held_on="soon"), "holds no pack that can be read"),
    ],
)
def test_a_file_that_is_no_pack_of_this_release_is_refused(tmp_path: Path, change: Any, told: str) -> None:
    plain = as_json(pack_sample.pack())
    change(plain)
    file = tmp_path / "pack.json"
    file.write_text(json.dumps(plain))
    with pytest.raises(render.UnreadablePack, match=told):
        render.read(file)


@pytest.mark.parametrize(
    "broken",
    [{"pages": 5}, {"pages": [7]}, {"held_on": "soon"}, {"zone": "Middle/Earth"}, {"zone": ""}, {"title": None}],
)
def test_a_frozen_pack_that_cannot_be_read_is_said(tmp_path: Path, broken: dict[str, Any]) -> None:
    state = open_state(tmp_path)
    kept = state.frozen(state.freeze("17", as_json(pack_sample.content()) | broken))
    assert kept is not None
    with pytest.raises(ImpactError, match="is no pack that can be read"):
        making.pack_of(kept)


def test_frozen_figures_of_a_decision_are_no_pack(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    figures = pack_sample.content().pages[0].figures
    kept = state.frozen(state.freeze("17", as_json(figures)))
    assert kept is not None
    with pytest.raises(ImpactError, match="is no pack that can be read"):
        making.pack_of(kept)
