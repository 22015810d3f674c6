"""The false-alarm rates in words and as a file: every class, its range, and what is on hold."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from impact import derived, wording
from impact.estimate import PlaceboRate
from impact.holds import holds
from impact.portfolio import Portfolio
from impact.tablefile import write_rows
from impact.words import rate_words
from impact.words.amounts import basis
from impact.words.formats import percent
from impact.words.readings import rests_on
from tests import sample
from tests.samples import change, estimated, measured, reading, refused

SPACE = "\N{NO-BREAK SPACE}"
SMALL, LARGE = measured("under 1 a day", 35, 310), measured("over 20 a day", 115, 2300)
LATE = measured("all", 60, 1300, classes=(measured("under 1 a day", 8, 150), measured("over 20 a day", 52, 1150)))
WHOLE = measured("all", 150, 2610, classes=(SMALL, LARGE), lately=LATE, before=measured("all", 2, 40, worth=1.0))
RATES: dict[str, PlaceboRate | None] = {"tickets": WHOLE, "nps": None}


def test_a_measure_has_its_rate_with_range_and_cases_and_one_without_says_so() -> None:
    assert rate_words.false_alarms(RATES) == {
        "Measure": ["Tickets", "Net promoter score"],
        "False alarms": [f"5.7{SPACE}%", "unknown"],
        "Likely range": [f"2.7{SPACE}% to 8.7{SPACE}%", "–"],
        "Pretended changes": ["2,610, worth 1,305", "0"],
        "Last year": [f"4.6{SPACE}%", "–"],
        "Week before": [f"5.0{SPACE}%", "–"],
        "In words": [
            "As promised. Some volumes are on hold, see below.",
            "Too few days without changes to tell; the answers stand.",
        ],
    }


def test_every_class_with_cases_has_a_row_of_its_own() -> None:
    assert rate_words.by_class(RATES) == {
        "Measure": ["Tickets", "Tickets"],
        "Services with": ["under 1 ticket a day", "over 20 tickets a day"],
        "False alarms": [f"11.3{SPACE}%", f"5.0{SPACE}%"],
        "Likely range": [f"8.3{SPACE}% to 14.3{SPACE}%", f"2.0{SPACE}% to 8.0{SPACE}%"],
        "Pretended changes": ["310, worth 155", "2,300, worth 1,150"],
        "Last year": [f"5.3{SPACE}%", f"4.5{SPACE}%"],
        "In words": ["On hold: more than promised.", "As promised."],
    }


@pytest.mark.parametrize(
    ("alarms", "cases", "text"),
    [
        (5, 100, "As promised."),
        (3, 100, "As promised."),
        (8, 100, "As promised."),
        (2, 100, "Fewer than promised, but so few cases scatter that far."),
        (9, 100, "More than promised, but so few cases scatter that far."),
    ],
)
def test_a_rate_that_puts_nothing_on_hold_is_put_into_words(alarms: int, cases: int, text: str) -> None:
    assert rate_words.judged(measured("all", alarms, cases)) == text


def test_what_is_on_hold_is_said_with_the_rate_and_what_was_promised() -> None:
    assert [text.replace(SPACE, " ") for text in rate_words.held(RATES)] == [
        "Tickets on hold: for services with under 1 ticket a day this method raised 11.3 % false alarms here on 310 "
        "dates without changes; promised are about 5 %."
    ]
    assert rate_words.held({"tickets": replace(WHOLE, classes=(LARGE,))}) == ()


def test_the_rule_names_the_limits_and_the_number_of_cases_it_needs() -> None:
    assert f"outside of 3 to 8{SPACE}%" in rate_words.RULE
    assert "800 independent cases" in rate_words.RULE


def exported(name: str, portfolio: Portfolio, folder: Path) -> list[dict[str, str]]:
    file = folder / f"{name}.csv"
    write_rows(derived.table(name, portfolio, version="7"), file, "csv")
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_exported_rates_are_those_of_the_page_to_the_digit(tmp_path: Path) -> None:
    found = exported("false_alarms", Portfolio("7", date(2026, 9, 25), None, (), (), (), RATES), tmp_path)
    ours = [row for row in found if row["metric"] == "tickets" and row["period"] == "all"]
    page, classes = rate_words.false_alarms(RATES), rate_words.by_class(RATES)
    shown = [page["False alarms"][0], *classes["False alarms"]]
    assert [percent(float(row["rate"]), 1) for row in ours] == shown
    ranges = [f"{percent(float(row['low']), 1)} to {percent(float(row['high']), 1)}" for row in ours]
    assert ranges == [page["Likely range"][0], *classes["Likely range"]]
    assert [row["volume_class"] for row in ours] == ["all", "under 1 a day", "over 20 a day"]
    assert [row["on_hold"] for row in ours] == ["false", "true", "false"]
    assert [row["alarms"] for row in ours] == ["150", "35", "115"]
    assert "11.3" in ours[1]["on_hold_because"]
    assert len(holds(RATES)) == 1
    assert {row["period"] for row in found if row["metric"] == "tickets"} == {"all", "last year", "week before"}
    assert [row["cases"] for row in found if row["metric"] == "nps"] == ["0"]
    assert {row["data_version"] for row in found} == {"7"}


def test_the_exported_estimates_are_those_of_the_page_to_the_digit(tmp_path: Path) -> None:
    rise = reading(estimated("tickets", 0.131, 0.077, 0.182, shrunk=0.11))
    alone = replace(
        reading(refused("satisfaction", "cannot_be_separated", blocking=("itsm:change:9",))),
        bundle=reading(estimated("satisfaction", -0.3, -0.5, -0.1, method="bundle", together=("itsm:change:9",))),
    )
    view = change("worse", rise, alone)
    found = exported("estimates", Portfolio("7", date(2026, 9, 25), None, (view,), (), ()), tmp_path)
    first, second, together = found
    assert (first["effect_text"], first["range_text"]) == (wording.effect_text(rise), wording.range_text(rise))
    assert first["effect_text"] == f"+{round(float(first['effect_in_unit']))}{SPACE}%"
    assert (first["word"], first["reasons"]) == ("worse", "alone complete clear effect")
    assert (first["effect"], first["low"], first["high"]) == ("0.131", "0.077", "0.182")
    assert (first["pre_from"], first["post_to"], first["n_before"]) == ("2026-07-27", "2026-09-21", "4210")
    assert (second["word"], second["in_the_way"], second["effect"]) == ("cannot_separate", "itsm:change:9", "")
    assert (together["method"], together["read_with"]) == ("bundle", "itsm:change:9")
    assert {row["data_version"] for row in found} == {"7"}


def test_the_export_offers_the_derived_tables() -> None:
    from impact.arguments import DERIVED

    assert (*derived.TABLES, "groups") == DERIVED


def test_beside_satisfaction_stands_which_part_of_those_asked_answered() -> None:
    on = sample.TODAY - timedelta(days=60)
    found = sample.full(on) | {"response_rate": sample.answered("response_rate", -4, 3, on=on)}
    known, unknown = sample.change("A", "Asked", found), sample.change("B", "Not told", sample.full(on))
    told = rests_on(known, known.reading("satisfaction"))
    assert told == f"{basis(known.reading('satisfaction'))}; 34.0 → 30.0 % of those asked answered"
    assert rests_on(unknown, unknown.reading("satisfaction")).endswith("; response rate unknown")
    assert rests_on(known, known.reading("tickets")) == basis(known.reading("tickets"))
