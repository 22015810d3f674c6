"""Records that a source no longer lists are marked, kept and counted, and lose the mark when they come again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import connectors
from connectors import Stream
from impact import sync
from impact.model import TABLE_OF, Row, SettingsError, SourceRefused, SourceUnavailable, Team, row_id
from impact.pulling.sweeping import believable
from impact.sections import Sync
from impact.store import Listing
from tests import contract
from tests.desks import Desk, Office, an_office, stream, ticket

MONDAY = datetime(2026, 11, 23, 6, tzinfo=UTC)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Offices with one data folder."""
    return an_office(tmp_path / "data", monkeypatch)


def listing(desk: Desk, listed: list[list[str]], name: str = "tickets", error: Exception | None = None) -> Stream:
    """A stream whose source says, in portions, that the keys in ``listed`` exist; an error comes after them."""

    def ids(http: object, settings: object) -> Iterator[list[str]]:
        desk.looks += 1
        yield from listed
        if error is not None:
            raise error

    return replace(stream(desk, name), ids=ids)


def missing(office: Office) -> dict[str, datetime]:
    """When which ticket was found to be missing."""
    rows = office.store.snapshot().query("SELECT number, missing_at FROM ticket WHERE missing_at IS NOT NULL")
    return {row["number"]: row["missing_at"] for row in rows.to_pylist()}


def at(day: int) -> Callable[[], datetime]:
    """A clock that stands at one moment of the day after Monday."""
    return lambda: MONDAY + timedelta(days=day)


def test_a_record_that_is_not_listed_is_marked_and_stays_in_every_count(office: Office) -> None:
    office.desks["desk"] = [listing(Desk([ticket(n) for n in range(4)]), [["0", "1"], ["3"]])]
    (state,) = office.sync(sweep=True, clock=at(0)).streams
    assert missing(office) == {"T2": MONDAY}
    assert (state.outcome, state.missing, state.swept_at, state.note) == ("ok", 1, MONDAY, "")
    assert office.tickets() == ["T0", "T1", "T2", "T3"]
    counted = office.store.snapshot().query("SELECT COUNT(*) AS n FROM ticket WHERE opened_on IS NOT NULL")
    assert counted["n"].to_pylist() == [4]


def test_a_record_that_comes_again_is_missing_no_more(office: Office) -> None:
    desk = Desk([ticket(n) for n in range(3)])
    office.desks["desk"] = [listing(desk, [["0", "1"]])]
    office.sync(sweep=True)
    assert set(missing(office)) == {"T2"}
    desk.tickets[2] = ticket(2, updated=ticket(9)["updated"])
    office.sync()
    assert missing(office) == {}


def test_a_record_that_is_listed_again_is_missing_no_more_and_others_keep_their_first_day(office: Office) -> None:
    desk, listed = Desk([ticket(n) for n in range(4)]), [["0", "1"]]
    office.desks["desk"] = [listing(desk, listed)]
    office.sync(sweep=True, clock=at(0))
    desk.tickets = []
    listed[:] = [["0", "1", "2"]]
    office.sync(sweep=True, clock=at(1))
    assert missing(office) == {"T3": MONDAY}


def test_sources_are_asked_again_after_the_configured_days_and_not_after_the_first_pass(office: Office) -> None:
    desk = Desk([ticket(0), ticket(1)])
    office.desks["desk"] = [listing(desk, [["0", "1"]])]
    looks = []
    for day in (0, 1, 6, 7, 8, 14):
        office.sync(clock=at(day))
        looks.append(desk.looks)
    assert looks == [0, 0, 0, 1, 1, 2]
    office.sweep_days = 0
    office.sync(clock=at(100))
    assert desk.looks == 2
    office.sync(clock=at(100), sweep=True)
    assert desk.looks == 3


def test_a_pass_that_failed_asks_for_no_list(office: Office) -> None:
    desk = Desk([ticket(n) for n in range(4)], error=SourceUnavailable("gone"), fail_after=1)
    office.desks["desk"] = [listing(desk, [[]])]
    office.sync(sweep=True)
    assert desk.looks == 0


def test_a_source_that_went_away_in_a_later_stream_is_not_asked_for_lists(office: Office) -> None:
    desk = Desk([ticket(0)])
    office.desks["desk"] = [
        listing(desk, [[]], "a"),
        stream(Desk(error=SourceUnavailable("gone")), "b"),
    ]
    assert [s.outcome for s in office.sync(sweep=True).streams] == ["ok", "failed"]
    assert desk.looks == 0


@pytest.mark.parametrize("keys", [[], [["0", "1"]]], ids=["empty", "most lacking"])
def test_a_list_that_lacks_too_much_is_reported_and_marks_nothing(office: Office, keys: list[list[str]]) -> None:
    office.desks["desk"] = [listing(Desk([ticket(n) for n in range(20)]), keys)]
    report = office.sync(sweep=True)
    (state,) = report.streams
    assert missing(office) == {}
    assert "none was marked as missing" in state.note
    assert (state.outcome, state.missing, report.exit_code) == ("ok", 0, 0)
    office.sync()
    assert office.store.state()[0].note == state.note
    office.sync(sweep=True, trust_list=True)
    assert len(missing(office)) == 20 - sum(map(len, keys))
    assert office.store.state()[0].note == ""


@pytest.mark.parametrize(
    ("listed", "present", "gone", "believed"),
    [
        (0, 0, 0, True),
        (0, 1, 1, False),
        (5, 15, 10, True),
        (5, 16, 11, False),
        (80, 100, 20, True),
        (79, 100, 21, False),
    ],
)
def test_a_list_is_believed_unless_it_is_empty_or_lacks_a_fifth(
    listed: int, present: int, gone: int, believed: bool
) -> None:
    assert believable(Listing(listed, present, gone, gone)) is believed


@pytest.mark.parametrize("error", [SourceUnavailable("gone"), SourceRefused("no right"), KeyError("x")])
def test_a_list_that_breaks_off_marks_nothing_and_the_pass_counts_as_read(office: Office, error: Exception) -> None:
    office.desks["desk"] = [listing(Desk([ticket(0), ticket(1)]), [["0"]], error=error)]
    (state,) = office.sync(sweep=True).streams
    assert missing(office) == {}
    assert (state.outcome, state.new) == ("ok", 2)
    assert state.note.startswith("Which records still exist could not be read: ")


def test_a_list_of_one_stream_says_nothing_of_records_of_another(office: Office) -> None:
    requests = stream(Desk([ticket(n) for n in range(5, 8)]), "requests")
    office.desks["desk"] = [listing(Desk([ticket(0), ticket(1)]), [["0"]], "incidents"), requests]
    office.desks["other"] = [stream(Desk([ticket(1)]))]
    office.sync(sweep=True)
    rows = office.store.snapshot().query("SELECT id FROM ticket WHERE missing_at IS NOT NULL")
    assert rows["id"].to_pylist() == ["desk:ticket:1"]


def test_a_row_that_others_only_name_stays_missing(office: Office) -> None:
    desk, rota = Desk([ticket(0, team="Night")]), Desk([{"id": "Night", "updated": ticket(0)["updated"]}])
    teams = replace(
        listing(rota, [["Day"]], "teams"),
        tables=("team",),
        convert=lambda payload, settings: [
            Team(
                id=row_id(settings.name, "team", payload["id"]),
                source=settings.name,
                source_key=payload["id"],
                name=payload["id"],
            )
        ],
    )
    office.desks["desk"] = [teams, stream(desk)]
    office.sync(sweep=True, trust_list=True)
    rota.tickets, desk.tickets = [], [ticket(3, team="Night")]
    office.sync()
    found = office.store.snapshot().query("SELECT name FROM team WHERE missing_at IS NOT NULL")
    assert found["name"].to_pylist() == ["Night"]


def test_marks_outlive_a_rebuild(office: Office) -> None:
    office.desks["desk"] = [listing(Desk([ticket(n) for n in range(3)]), [["0", "1"]])]
    office.sync(sweep=True, clock=at(0))
    sync.rebuild(office.settings, store=office.store)
    assert missing(office) == {"T2": MONDAY}


@pytest.mark.parametrize("kind", connectors.available())
def test_the_keys_that_a_connector_lists_are_those_of_its_rows(kind: str) -> None:
    connector = connectors.load(kind)
    samples = contract.samples(connector)
    for listed in (one for one in connector.streams if one.ids is not None and one.name in samples.payloads):
        keys: dict[str, set[str]] = {}
        for payload in samples.payloads[listed.name]:
            rows = [row for row in listed.convert(payload, samples.settings) if isinstance(row, Row)]
            own = {row.source_key for row in rows if TABLE_OF[type(row)] == listed.tables[0]}
            keys |= {listed.key(payload): own} if own else {}
        assert keys, f"no sample of {listed.name} becomes a row"
        assert keys == {key: {key} for key in keys}, f"{listed.name} lists keys that are not its rows'"


@pytest.mark.parametrize("days", [-1, 367])
def test_days_between_two_looks_that_cannot_be_are_refused_with_what_is_allowed(days: int) -> None:
    with pytest.raises(SettingsError, match=rf"\[sync\] sweep_days = {days} is not possible. Allowed are 1 to 366"):
        Sync(sweep_days=days)
