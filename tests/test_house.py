"""The house rules hold, and each check catches the breach it is there for. Knows the tree as text only."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import connectors
from impact import settings
from tests import house
from tests.command_line_page import FILE as COMMAND_LINE_FILE
from tests.command_line_page import page as command_line_page

ROOT = Path(__file__).resolve().parent.parent
START, TEST = "python3 run.py", "python3 run.py test"
DOC = '"""What this file knows, and what it does not."""\n'

CHECKS: dict[str, Callable[[Path], list[str]]] = {
    "imports point one way": house.import_complaints,
    "only settings read the environment and secrets": house.environment_complaints,
    "what was asked for is quoted before it is shown": house.quoting_complaints,
    "no module is longer than one idea": house.length_complaints,
    "every module says first what it knows": house.docstring_complaints,
    "the tree speaks of the product only": house.word_complaints,
}
# (check, file, its text, what the complaint must say)
BREACHES = [
    ("imports", "pages/steering.py", "import impact.store", "pages.steering imports impact.store"),
    ("imports", "pages/steering.py", "from impact import analysis", "pages.steering imports impact.analysis"),
    ("imports", "dashboard.py", "from connectors.files import read", "dashboard imports connectors.files"),
    ("imports", "impact/wording.py", "import streamlit as st", "impact.wording imports streamlit"),
    ("imports", "impact/metrics.py", "from impact.store import rows", "impact.metrics imports impact.store"),
    ("imports", "impact/estimate.py", "import pandas as pd", "impact.estimate -> pandas"),
    ("imports", "impact/estimate.py", "from impact.store import rows", "impact.estimate -> impact.store"),
    ("imports", "impact/analysis.py", "from . import ui", "impact.analysis -> impact.ui"),
    ("imports", "impact/sync.py", "from connectors import files", "impact.sync imports connectors.files"),
    ("imports", "impact/sync.py", "def late():\n    import impact.ui", "impact.sync imports impact.ui"),
    ("imports", "impact/store.py", "import impact.settings", "impact.store -> impact.settings"),
    ("imports", "impact/state.py", "import impact.settings", "impact.state imports impact.settings"),
    ("imports", "impact/wording.py", "import impact.keeping.schema", "impact.wording imports impact.keeping.schema"),
    ("imports", "connectors/request_tracker.py", "import connectors.files", "request_tracker imports connectors.files"),
    (
        "imports",
        "connectors/files.py",
        "import connectors.request_tracker",
        "files imports connectors.request",
    ),
    ("imports", "connectors/http.py", "from impact.sync import run", "connectors.http imports impact.sync"),
    ("imports", "run.py", "import impact.settings", "run imports impact.settings"),
    ("imports", "impact/wording.py", "import impact.storage.raw", "impact.wording imports impact.storage.raw"),
    ("only settings", "impact/store.py", "import os\nos.environ['X']", "impact.store reads os.environ"),
    ("only settings", "connectors/http.py", "from os import getenv", "connectors.http reads os.getenv"),
    ("only settings", "pages/data.py", "import streamlit as st\nst.secrets", "pages.data reads st.secrets"),
    ("what was", "pages/steering.py", "import streamlit as st\nst.info(f'no {a!r}')", "pages.steering:3 shows {a!r}"),
    (
        "what was",
        "impact/ui.py",
        "def say(line, asked):\n    line.error(f'x {asked!r} y')",
        "impact.ui:3 shows {asked!r}",
    ),
    ("no module", "pages/steering.py", "x = 1\n" * 70, "pages/steering.py has 71 lines; at most 70"),
    ("no module", "impact/store.py", "x = 1\n" * 350, "impact/store.py has 351 lines; at most 350"),
    ("the tree", "impact/store.py", "# see /" + "tmp/x", "impact/store.py:2 has '/" + "tmp/x'"),
    ("the tree", "docs/page.md", "closes is" + "sue #12", "docs/page.md:2 has 'is" + "sue #12'"),
    ("the tree", "impact/store.py", "# TO" + "DO later", "impact/store.py:2 has 'TO" + "DO'"),
    ("the tree", ".ci/run", "cd /" + "work/main", ".ci/run:2 has '/" + "work/'"),
]


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    """A tree that keeps all rules, to be broken in one place."""
    for name in ("pages/steering", "impact/ui", "impact/analysis", "impact/store", "impact/settings", "impact/sync"):
        _write(tmp_path / f"{name}.py", "")
    for name in ("impact/estimate", "impact/wording", "impact/metrics", "impact/storage/raw", "impact/keeping/schema"):
        _write(tmp_path / f"{name}.py", "")
    for name in ("connectors/http", "connectors/files"):
        _write(tmp_path / f"{name}.py", "")
    for name in (
        "impact/state",
        "dashboard",
        "run",
        "impact/__init__",
        "connectors/__init__",
        "connectors/request_tracker",
    ):
        _write(tmp_path / f"{name}.py", "")
    return tmp_path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(DOC + text)


@pytest.mark.parametrize("promise", CHECKS)
def test_the_house_rules_hold(promise: str) -> None:
    assert CHECKS[promise](ROOT) == []


@pytest.mark.parametrize(("check", "file", "text", "expected"), BREACHES)
def test_each_breach_is_caught(small_project: Path, check: str, file: str, text: str, expected: str) -> None:
    function = next(function for promise, function in CHECKS.items() if promise.startswith(check))
    assert function(small_project) == []
    _write(small_project / file, text)
    complaints = function(small_project)
    assert any(expected in complaint for complaint in complaints), complaints


def test_a_forbidden_import_is_caught_however_long_the_way(small_project: Path) -> None:
    _write(small_project / "impact/estimate.py", "import impact.estimation.windows")
    _write(small_project / "impact/estimation/windows.py", "import impact.arrays")
    _write(small_project / "impact/arrays.py", "import duckdb")
    expected = "impact.estimate -> impact.estimation.windows -> impact.arrays -> duckdb: statistics know arrays only"
    assert expected in house.import_complaints(small_project)


@pytest.mark.parametrize("text", ["", "x = 1\n", '"""Short."""\n'])
def test_a_module_that_does_not_say_what_it_knows_is_caught(small_project: Path, text: str) -> None:
    (small_project / "impact/store.py").write_text(text)
    expected = [] if text == "" else ["impact/store.py does not say in its first line what it knows"]
    assert house.docstring_complaints(small_project) == expected


@pytest.mark.parametrize("command", [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]], ids=" ".join)
def test_lint_format_and_types_are_clean(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


RUN_AS_COMMANDS = {
    "pytest-timeout",
    "pytest-xdist",
    "ruff",
    "mypy",
    "types-requests",
    "tzdata",
    "pandas",
    "altair",
    "psycopg[binary]",
    "jira820",
}
"""Needed without being imported: plugins, tools, types, time zones, what Streamlit draws with, a database driver, a
mock that is started."""


@pytest.mark.parametrize(
    ("file", "places"),
    [("requirements.txt", house.PRODUCT[:-1]), ("requirements-dev.txt", ("tests", "benchmarks"))],
)
def test_what_is_imported_is_what_is_required(file: str, places: tuple[str, ...]) -> None:
    distributions = importlib.metadata.packages_distributions()
    imported = {distributions.get(name, [name])[0].lower() for name in house.third_party(ROOT, places)}
    listed = _requirements(file)
    running = set() if file == "requirements.txt" else _requirements("requirements.txt")
    assert imported - listed - running == set(), "imported, but not listed"
    assert listed - imported - RUN_AS_COMMANDS == set(), "listed, but not imported"


def _requirements(file: str) -> set[str]:
    lines = (ROOT / file).read_text().splitlines()
    return {re.split(r"[ ~<>=;]", line)[0].lower() for line in lines if re.match(r"[A-Za-z]", line)}


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt", "requirements-peers.txt"])
def test_every_requirement_gives_a_range_and_its_reason(file: str) -> None:
    lines = [line for line in (ROOT / file).read_text().splitlines() if re.match(r"[A-Za-z]", line)]
    assert lines
    assert [line for line in lines if not re.search(r"[~>]= ?\d.*# \w+", line)] == []


def test_the_readme_names_the_two_commands_and_ci_runs_the_second_verbatim() -> None:
    blocks = re.findall(r"```\w*\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines()]
    assert START in commands
    assert TEST in commands
    script = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in script if not line.startswith(("set -", "cd "))] == [TEST]


def test_links_in_the_documents_lead_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [(d, target) for d in documents for target in re.findall(r"\]\(([^)#:]+)[^)]*\)", d.read_text())]
    assert len(links) > 5
    assert [f"{d.name}: {target}" for d, target in links if not (d.parent / target).exists()] == []


def test_the_command_line_page_says_what_the_commands_say() -> None:
    assert COMMAND_LINE_FILE.read_text() == command_line_page(), "run: python -m tests.command_line_page"


def _example() -> str:
    return (ROOT / ".streamlit/secrets.toml.example").read_text()


def _uncommented() -> str:
    """The example as a user leaves it who switches everything on: ``#key`` becomes ``key``, ``# prose`` stays."""
    return re.sub(r"(?m)^#(?=[\[A-Za-z\"}\]])", "", _example())


def test_a_copied_example_configures_nothing_so_that_the_demo_opens() -> None:
    assert tomllib.loads(_example()).get("sources", {}) == {}


def test_the_example_shows_every_kind_of_source_with_settings_its_connector_accepts() -> None:
    sources = tomllib.loads(_uncommented())["sources"]
    kinds = {section["kind"] for section in sources.values()}
    assert kinds == set(connectors.available())
    for name, section in sources.items():
        read = connectors.read_settings(connectors.load(section["kind"]), name, section)
        assert read.name == name


def test_the_example_shows_every_reporting_setting(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit/secrets.toml").write_text(_uncommented())
    assert set(tomllib.loads(_uncommented())["reporting"]) == set(settings.Reporting.__dataclass_fields__)
    assert settings.load({}, tmp_path).reporting.country != ""


def test_streamlit_is_told_to_stay_quiet_and_offline() -> None:
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showSidebarNavigation"] is False
    assert config["client"]["showErrorDetails"] == "none"
    assert config["runner"] == {"magicEnabled": False, "postScriptGC": False}
    for mode in ("light", "dark"):
        assert config["theme"][mode]["greenColor"] == config["theme"][mode]["blueColor"] == "#0E7FC2"
        assert config["theme"][mode]["redColor"] == config["theme"][mode]["orangeColor"] == "#D55E00"
