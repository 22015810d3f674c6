"""Which data a page shows and in what state they are: real or demo, still loading, empty, or ready with all answers.

Knows the store, the settings and the background jobs of one server; knows no layout and no Streamlit.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from impact import analysis
from impact import settings as settings_module
from impact.demo import is_current, records_home
from impact.demo import load as load_demo
from impact.demo_organisation.world import RATES, REPORTING, freezes
from impact.dossier import Dossier
from impact.evidence import gather
from impact.metrics import Metric
from impact.model import ImpactError
from impact.observed import Evidence
from impact.page_cache import Job, Jobs, Kept
from impact.portfolio import Portfolio
from impact.selection import Filters, chosen, in_board_order, leading_metric
from impact.settings import Reporting, Settings
from impact.settled import settle
from impact.showing import Showing
from impact.state import State, open_state
from impact.store import Snapshot, Store
from impact.sync import PROGRESS_FILE

LOG = logging.getLogger(__name__)
SECONDS_BETWEEN_LOOKS = 5.0
"""How often the warming thread looks for a new data version."""
SECONDS_OF_SILENCE = 60.0
"""A sync tells its progress more often than this."""
MOST_AHEAD = 30
"""Changes whose drawings and figures are made before anybody asks; each takes about a second."""
KEPT_FOLDERS = 8
"""Data folders and databases of records that stay open."""
SECONDS_UNTIL_ASKED_AGAIN = 30.0
"""A database of records that did not answer is not asked again before that: every page would wait for it."""
KEPT_ANSWERS = 4
"""Data versions whose panels and answers stay in memory."""


@dataclass(frozen=True)
class Place:
    """The data folder a page reads, whether it is the demo organisation's, and the settings that hold there."""

    home: Path
    is_demo: bool
    store: Store
    settings: Settings

    @property
    def reporting(self) -> Reporting:
        """How figures are dated and read."""
        return self.settings.reporting

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The measures with the roles and margins they have here."""
        return self.settings.metrics


@dataclass(frozen=True)
class Answers:
    """Everything pages show of one data version on one day."""

    version: str
    portfolio: Portfolio
    evidence: Evidence
    snapshot: Snapshot

    def told_apart(self, settings: Settings) -> str:
        """What tells everything shown of these answers under these settings from all else."""
        return f"{self.version} {settings.digest}"


class Opening:
    """One per server: keeps stores, answers and everything made from them; loads the demo once; keeps answers warm."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now().astimezone()) -> None:
        self.kept = Kept()
        self._stores: Kept = Kept(KEPT_FOLDERS)
        self._states: Kept = Kept(KEPT_FOLDERS, State.close)
        self._silent: dict[Hashable, tuple[float, ImpactError]] = {}
        self._answers = Kept(KEPT_ANSWERS)
        self.jobs = Jobs()
        self._clock = clock
        self._last: dict[Path, Answers] = {}

    def today(self, reporting: Reporting) -> date:
        """Today in the reporting time zone."""
        return self._clock().astimezone(ZoneInfo(reporting.timezone)).date()

    def place(self, settings: Settings) -> Place:
        """Real data as soon as a source is configured or anything is stored; else the demo organisation."""
        real = self._store(settings.home, settings.reporting.timezone)
        if settings.sources or not real.is_empty():
            return Place(settings.home, False, real, settings)
        return self.demo_place(settings)

    def demo_place(self, settings: Settings) -> Place:
        """The demo organisation, whether or not there are real data."""
        demo = self._store(settings.demo_home, REPORTING.timezone)
        own = replace(settings, reporting=REPORTING, rates=RATES, freezes=freezes(self.today(REPORTING)))
        return Place(settings.demo_home, True, demo, own)

    def _store(self, home: Path, zone: str) -> Store:
        return self._stores.get((home, zone), lambda: Store(home, zone=zone))

    def state(self, place: Place) -> State:
        """The decisions, statements and meetings recorded beside a data folder; opened once. The demo's belong to
        one day, as its changes do."""
        home = records_home(place.home, self.today(place.reporting)) if place.is_demo else place.home
        kept = place.settings.records
        url, password = ("", "") if place.is_demo else (kept.url, kept.password)
        key = (home, url, password)
        tried, error = self._silent.get(key, (0.0, None))
        if error is not None and time.monotonic() - tried < SECONDS_UNTIL_ASKED_AGAIN:
            raise error
        try:
            return self._states.get(key, lambda: open_state(home, url=url, password=password))
        except ImpactError as silent:
            self._silent[key] = (time.monotonic(), silent)
            raise

    def demo_job(self, place: Place) -> Job | None:
        """The loading of the demo organisation while it is needed or under way; None once it is there.

        However many sessions ask, it is loaded once. Progress is a pair (sentence, ratio).
        """
        today = self.today(place.reporting)
        if not place.is_demo or is_current(place.home, today):
            return None

        def fill(tell: Callable[[object], None]) -> None:
            load_demo(place.home, today=today, progress=lambda text, ratio: tell((text, ratio)))

        return self.jobs.start(("demo", place.home, today), fill)

    def answers(self, place: Place) -> Answers:
        """All answers, computed once per data version and day however many sessions ask.

        While a sync is writing, the version changes every few seconds: the last complete answers are shown until it
        ends, because half a sync is no better data.
        """
        key = self._key(place)
        if not self._answers.has(key) and is_syncing(place.home):
            last = self._last.get(place.home)
            if last is not None:
                return last
        self._last[place.home] = found = self._answers.get(key, lambda: _answer(place, self.today(place.reporting)))
        return found

    def dossier(self, answers: Answers, settings: Settings) -> Dossier:
        """All that is told of single changes, from these answers."""
        return Dossier(
            version=answers.told_apart(settings),
            portfolio=answers.portfolio,
            evidence=answers.evidence,
            settings=settings,
            today=answers.portfolio.today,
            kept=self.kept,
            snapshot=answers.snapshot,
        )

    def is_warm(self, place: Place) -> bool:
        """Whether the answers are there already, so that no page has to wait for them."""
        return self._answers.has(self._key(place)) or (is_syncing(place.home) and place.home in self._last)

    def _key(self, place: Place) -> Hashable:
        now, rules = self.today(place.reporting), place.settings.milestones
        return place.home, place.store.version(), place.reporting, now, place.metrics, rules

    def keep_warm(self, load: Callable[[], Settings] = settings_module.load) -> Job:
        """Start the thread that loads the demo where it is wanted and computes answers before anybody asks."""

        def look(tell: Callable[[object], None]) -> None:
            while True:
                self.warm_once(load)
                time.sleep(SECONDS_BETWEEN_LOOKS)

        return self.jobs.start("warm", look)

    def warm_once(self, load: Callable[[], Settings] = settings_module.load) -> None:
        """Compute what the next visitor would wait for. Errors are for the pages to tell; here they are only noted."""
        try:
            place = self.place(load())
            job = self.demo_job(place)
            if job is not None:
                job.done.wait()
            if not place.store.is_empty() and not self.is_warm(place):
                self._draw_ahead(place, self.answers(place))
                gc.collect()
                gc.freeze()  # what stays for the life of the server need not be looked at again
        except ImpactError as error:
            LOG.info("nothing to warm: %s", error)
        except Exception:  # warming is a courtesy: a page tells its own errors, and the next look may succeed
            LOG.exception("warming failed")

    def _draw_ahead(self, place: Place, answers: Answers) -> None:
        """Make what a meeting opens first: the changes of the usual period, drawn, then with all their figures."""
        dossier, state = self.dossier(answers, place.settings), self.state(place)
        portfolio = settle(answers.portfolio, state.decisions(), answers.portfolio.today)
        shown = in_board_order(chosen(portfolio.changes, Filters(), portfolio.today))[:MOST_AHEAD]
        for change in shown:
            if (metric := leading_metric(change, portfolio.metrics)) and change.rollout_on:
                dossier.axis(change, metric)
        showing = Showing(dossier, state)
        for change in shown:
            showing.figures(change)


def is_syncing(home: Path) -> bool:
    """Whether a sync is at work on this data folder. One that died left its file behind, which soon is old."""
    try:
        return time.time() - (home / PROGRESS_FILE).stat().st_mtime < SECONDS_OF_SILENCE
    except OSError:
        return False


def _answer(place: Place, today: date) -> Answers:
    snapshot = place.store.snapshot()
    evidence = gather(snapshot, place.reporting)
    version = f"{place.home}@{snapshot.version}"
    settings = place.settings
    found = analysis.portfolio(
        snapshot, evidence, today=today, version=version, metrics=settings.metrics, rules=settings.milestones
    )
    return Answers(version, found, evidence, snapshot)
