"""The real pages on the sample's values: a stand-in for what opens the data, for AppTest and for a real browser."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from impact import ui
from impact.opening import Answers, Opening, Place
from impact.page_cache import Job
from impact.portfolio import Portfolio
from impact.settings import Reporting, Settings
from impact.state import State, open_state
from impact.store import StreamState
from tests import sample
from tests.browser import ROOT

FRESH = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


class SampleSnapshot:
    """Holds no rows: what a page shows where nothing lies behind a figure."""

    def __init__(self, version: str = "v1") -> None:
        self.version = version

    def query(self, sql: str, params: Any = ()) -> pa.Table:
        """A count of nothing."""
        return pa.table({"n": [0]})


class SampleStore:
    """A store of which only version and states are asked."""

    def __init__(self, states: tuple[StreamState, ...], *, empty: bool = False) -> None:
        self.states, self.empty = states, empty

    def is_empty(self) -> bool:
        """Whether anything is stored."""
        return self.empty

    def version(self) -> str:
        """Always the same."""
        return "" if self.empty else "v1"

    def state(self) -> list[StreamState]:
        """The streams' latest passes."""
        return list(self.states)

    def snapshot(self) -> SampleSnapshot:
        """No rows."""
        return SampleSnapshot()


class SampleOpening(Opening):
    """Opens the sample instead of a data folder."""

    def __init__(
        self,
        portfolio: Portfolio,
        *,
        is_demo: bool = False,
        empty: bool = False,
        job: Job | None = None,
        failed: bool = False,
    ) -> None:
        super().__init__()
        told = "The server did not answer in time."
        outcome: Any = {"outcome": "failed", "message": told} if failed else {"outcome": "ok"}
        tickets = StreamState("itsm", "tickets", ok_at=FRESH, **outcome)
        states = (StreamState("itsm", "changes", ok_at=FRESH, outcome="ok"), tickets)
        self.store: Any = SampleStore(() if empty else states, empty=empty)
        self.portfolio, self.is_demo, self.job = portfolio, is_demo, job
        self.home = Path(tempfile.mkdtemp(prefix="impact-sample-"))

    def today(self, reporting: Reporting) -> Any:
        """The sample's day."""
        return sample.TODAY

    def place(self, settings: Settings) -> Place:
        """A folder in which nothing is stored."""
        return Place(self.home, self.is_demo, self.store, replace(settings, reporting=Reporting()))

    def state(self, place: Place) -> State:
        """Records in a throwaway file of this process."""
        return self.kept.get("state", lambda: open_state(self.home))

    def demo_job(self, place: Place) -> Job | None:
        """The loading given, if any."""
        return self.job

    def answers(self, place: Place) -> Answers:
        """The sample's values."""
        return Answers("v1", self.portfolio, _evidence(), self.store.snapshot())

    def is_warm(self, place: Place) -> bool:
        """Nothing to wait for."""
        return True


class LaterOpening(SampleOpening):
    """The next version of the data, with the records there were."""

    def __init__(self, portfolio: Portfolio, records: State) -> None:
        super().__init__(portfolio)
        self._records = records

    def state(self, place: Place) -> State:
        """The records given."""
        return self._records

    def answers(self, place: Place) -> Answers:
        """The sample's values, at another version."""
        return at_version(super().answers(place), "v2")


def at_version(answers: Answers, version: str) -> Answers:
    """The same answers, made from another version of the data."""
    snapshot: Any = SampleSnapshot(version)
    return replace(answers, version=version, snapshot=snapshot)


@cache
def _evidence() -> Any:
    return sample.evidence()


def install(count: int = 0) -> None:
    """Let the pages of this process show the sample, or ``count`` changes made from it. Every run of the entry calls
    this; what people record has to outlive a run."""
    opening = _opening(count)
    ui.opening = lambda: opening  # type: ignore[assignment]


@cache
def _opening(count: int) -> SampleOpening:
    changes = sample.many(count) if count else sample.every_state()
    return SampleOpening(sample.portfolio(changes))


def script(folder: Path, count: int = 0) -> Path:
    """A copy of the entry and the pages in ``folder`` that shows the sample; for ``tests.browser.serve``."""
    shutil.copytree(ROOT / "pages", folder / "pages", ignore=shutil.ignore_patterns("__pycache__"))
    entry = (ROOT / "dashboard.py").read_text("utf-8")
    first = f"from tests import sample_server\n\nsample_server.install({count})\n"
    path = folder / "dashboard.py"
    path.write_text(entry.replace("import streamlit as st\n", f"import streamlit as st\n\n{first}", 1), "utf-8")
    return path
