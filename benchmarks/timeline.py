"""Measures the timeline of many changes: which meet, what those like them brought, the page. Knows the public API.

    OPENBLAS_NUM_THREADS=1 python benchmarks/timeline.py [--changes 10000] [--services 300] [--groups 12]

Changes of three years from a fixed seed, each on one service and for two groups, one in twenty-five still to come, with
the tickets of their services; the page is run by Streamlit's AppTest, without a browser.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from streamlit.testing.v1 import AppTest

from impact import collisions, ui
from impact.costs import cost_study, extra_tickets
from impact.estimate import Panel, Rollout
from impact.observed import Evidence
from impact.portfolio import ChangeView, SegmentLink, ServiceLink
from impact.selection import PAGE_SIZE
from tests import sample
from tests.sample import DATA_TO, TODAY
from tests.sample_server import SampleOpening

DAYS = 1095
TO_COME = 0.04
T = TypeVar("T")


def timed(name: str, work: Callable[[], T]) -> T:
    """Run it, and say how long it took and the most memory so far."""
    start = time.perf_counter()
    found = work()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{name:52s}{time.perf_counter() - start:8.2f} s {most:6d} MB", flush=True)
    return found


def changes(count: int, services: int, groups: int) -> tuple[ChangeView, ...]:
    """Changes on one service each, for two groups each."""
    rng = np.random.default_rng(1)

    def one(like: ChangeView) -> ChangeView:
        service = f"s{rng.integers(services)}"
        people = [f"Group {i}" for i in rng.choice(groups, 2, replace=False)]
        links = (ServiceLink(service, service, None, "changed", "source"),)
        segments = tuple(SegmentLink(name, name, "location", "affected", "source") for name in people)
        to_come = rng.random() < TO_COME
        on = TODAY + timedelta(int(rng.integers(1, 120))) if to_come else TODAY - timedelta(int(rng.integers(0, DAYS)))
        return replace(like, services=links, segments=segments, planned_on=on, rollout_on=None if to_come else on,
                       status="planned" if to_come else "done")  # fmt: skip

    return tuple(map(one, sample.many(count)))


def evidence(found: tuple[ChangeView, ...], services: int) -> Evidence:
    """Twenty tickets a day on every service."""
    counts = np.random.default_rng(2).poisson(20.0, (services, DAYS)).astype(np.float64)
    none = np.zeros_like(counts)
    names = tuple(f"s{i}" for i in range(services))
    panel = Panel("tickets", "count", names, DATA_TO - timedelta(days=DAYS - 1), none, counts, none)
    rollouts = tuple(Rollout(c.id, c.services[0].id, c.rollout_on) for c in found if c.rollout_on)
    return Evidence({"tickets": panel}, rollouts, frozenset(), {"tickets": DATA_TO}, DATA_TO)


def page(found: tuple[ChangeView, ...]) -> None:
    """The page, opened and run again."""
    os.environ |= {"IMPACT_HOME": tempfile.mkdtemp(), "IMPACT_SECRETS": ""}
    opening = SampleOpening(sample.portfolio(found))
    ui.__dict__["opening"] = lambda: opening
    entry = AppTest.from_file(str(Path(__file__).resolve().parent.parent / "dashboard.py"), default_timeout=900).run()
    at = timed("the page, first", lambda: entry.switch_page("pages/timeline.py").run())
    timed("the page, again", lambda: at.run())


def main() -> None:
    """Print what each part takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("changes", 10_000), ("services", 300), ("groups", 12)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    asked = parser.parse_args()
    found = changes(asked.changes, asked.services, asked.groups)
    timed("made", lambda: None)
    met = timed("which meet", lambda: collisions.collisions(found, TODAY))
    print(f"{len(met):,} pairs")
    page(found)
    ahead = collisions.coming(found, TODAY)[:PAGE_SIZE]
    study = cost_study(evidence(found, asked.services))
    timed(
        f"what those like the next {len(ahead)} of those to come brought",
        lambda: collisions.expected(ahead, found, lambda ids: extra_tickets(study, ids)),
    )


if __name__ == "__main__":
    main()
