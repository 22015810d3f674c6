"""docs/metrics.md says what the records say."""

from __future__ import annotations

from impact.metrics import METRICS
from tests.metrics_page import FILE, page


def test_the_metrics_page_is_the_one_made_from_the_records() -> None:
    assert FILE.read_text(encoding="utf-8") == page(), "run: python -m tests.metrics_page"


def test_every_metric_says_what_it_is_how_it_is_counted_and_what_to_beware_of() -> None:
    silent = [m.name for m in METRICS if not (m.help.endswith(".") and m.formula and m.trap.endswith("."))]
    assert silent == []
