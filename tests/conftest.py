"""Fixtures that more than one test file needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.browser import chromium, visit  # noqa: F401 (fixtures)
from tests.record_places import place, records_server  # noqa: F401 (fixtures)
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


@pytest.fixture(autouse=True)
def own_main_module() -> Iterator[None]:
    """A page that is run in this process takes the place of ``__main__``, and processes started later would run it."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with real data beside the repository; tests that need it are skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real data not found at ../shared/data (looked in {folder.parent}); these checks need it")
    return folder
