"""Fixtures that more than one test file needs."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest

from tests.browser import chromium, visit  # noqa: F401 (fixtures)
from tests.redmine_reads import (  # noqa: F401 (fixtures)
    redmine,
    redmine_all,
    redmine_changes,
    redmine_plan,
    redmine_seeded,
    redmine_tickets,
)
from tests.rt_reads import rt, rt_living, rt_plan, rt_seeded, rt_tickets  # noqa: F401 (fixtures)

pytest_plugins = ["pytester"]
hypothesis.settings.register_profile("same every time", derandomize=True)
hypothesis.settings.register_profile("search", derandomize=False)
hypothesis.settings.load_profile("same every time")  # pytest --hypothesis-profile=search looks for new ones

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with real data beside the repository; tests that need it are skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real data not found at ../shared/data (looked in {folder.parent}); these checks need it")
    return folder
