"""What the command line says of a sync: its line of progress, on a terminal and in a log, and its table."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from impact.passes import StreamState
from impact.sync import Progress
from impact.terminal import CLEAR, ProgressLine
from impact.words.sync_words import fresh, summary, under_way

AT = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)


def test_a_sync_is_summed_up_as_a_table_with_aligned_columns() -> None:
    states = [
        StreamState("desk", "tickets", outcome="ok", read=12_345, new=12_000, changed=300, unchanged=45, seconds=61.25,
                    missing=7, swept_at=AT, note="The list was empty."),
        StreamState("itsm", "changes", outcome="failed", message="itsm did not answer", rejected=2),
    ]  # fmt: skip
    assert list(summary(states)) == [
        "source  stream     read     new  changed  unchanged  rejected  missing  seconds  outcome",
        "desk    tickets  12,345  12,000      300         45         0        7     61.2  read in full",
        "itsm    changes       0       0        0          0         2        –      0.0  not read in full",
        "desk tickets: The list was empty.",
        "itsm changes: itsm did not answer",
    ]


@pytest.mark.parametrize(
    ("read", "total", "rate", "left", "text"),
    [
        (500, None, None, None, "desk tickets: 500"),
        (500, 20_000, 1234.5, 15.8, "desk tickets: 500 of 20,000, 1,234 records/s, about 16 s left"),
        (500, 20_000, 0.2, 97_500.0, "desk tickets: 500 of 20,000, about 27.1 h left"),
        (500, 20_000, 100.0, 195.0, "desk tickets: 500 of 20,000, 100 records/s, about 3 min left"),
    ],
)
def test_a_running_sync_says_how_fast_it_is_and_how_long_it_takes(
    read: int, total: int | None, rate: float | None, left: float | None, text: str
) -> None:
    assert under_way("desk", "tickets", read=read, total=total, rate=rate, left=left) == text


def test_between_sources_only_the_step_is_named() -> None:
    assert under_way("", "daily facts", read=0, total=None, rate=None, left=None) == "daily facts"


def test_rate_and_time_left_follow_from_what_was_read_so_far() -> None:
    told = Progress("desk", "tickets", read=500, total=2000, elapsed_seconds=5.0)
    assert (told.rate, told.left_seconds, told.ratio) == (100.0, 15.0, 0.25)
    unknown = Progress("desk", "tickets", read=0, total=None, elapsed_seconds=5.0)
    assert (unknown.rate, unknown.left_seconds, unknown.ratio) == (None, None, None)


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (
            StreamState("desk", "tickets", outcome="ok", complete_at=AT, missing=3, swept_at=AT),
            "tickets                ok       complete to 2026-11-23 08:40 UTC  3 no longer at the source",
        ),
        (
            StreamState("desk", "teams", outcome="refused", message="no right"),
            "teams                  refused  never read in full  no right",
        ),
    ],
)
def test_a_stream_says_how_fresh_it_is_and_what_is_gone(state: StreamState, line: str) -> None:
    assert fresh(state) == line


class Screen(io.StringIO):
    """A terminal that keeps what is drawn."""

    def isatty(self) -> bool:
        return True


def told_every_second(out: io.StringIO, seconds: int) -> list[str]:
    """What is shown of a line told once a second, and at the end."""
    now = [0.0]
    line = ProgressLine(out, clock=lambda: now[0])
    for second in range(1, seconds):
        now[0] = float(second)
        line.tell(f"{second} read")
    line.tell("all read", last=True)
    line.close()
    return out.getvalue().splitlines()


def test_a_log_gets_a_line_now_and_then_and_the_last_one() -> None:
    assert told_every_second(io.StringIO(), 35) == ["10 read", "20 read", "30 read", "all read"]


def test_a_terminal_gets_one_line_that_is_drawn_again_and_left_empty() -> None:
    screen = Screen()
    told_every_second(screen, 4)
    assert screen.getvalue() == f"{CLEAR}1 read{CLEAR}2 read{CLEAR}3 read{CLEAR}all read{CLEAR}"
