"""Starts a throwaway Redmine from Debian's packages on loopback. Knows nothing of what is seeded into it.

Needs the packages redmine, redmine-sqlite and puma; runs as root and as any other user. Each server has a folder of
its own with a copy of the program, its database and its logs, and is ended by its own handle.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.browser import free_port

PROGRAM = Path("/usr/share/redmine")
PUMA = Path("/usr/bin/puma")
PACKAGES = ("redmine", "redmine-sqlite", "puma")
SECONDS_TO_START = 120
DATABASE = """
production:
  adapter: sqlite3
  database: {folder}/redmine.sqlite
  timeout: 20000
"""
LOOKED_IN = "/usr/share/redmine/{config,instances/*/config}/database.yml"
"""Where Debian's Gemfile looks for the databases in use, of which it needs the adapters."""


@dataclass(frozen=True, eq=False)
class RedmineServer:
    """A running server, the API keys of its users by login, and its folder."""

    url: str
    keys: Mapping[str, str]
    folder: Path

    def ask(self, method: str, path: str, *, user: str = "admin", **request: Any) -> Any:
        """One request as ``user``; the JSON of its answer, None for an empty one. Raises for one that is no success."""
        headers = {"X-Redmine-API-Key": self.keys[user]}
        answer = requests.request(method, f"{self.url}/{path}", headers=headers, timeout=120, **request)
        answer.raise_for_status()
        return answer.json() if answer.content.strip() else None


def why_not() -> str:
    """Why no server can be started on this machine; empty when one can."""
    sqlite = any(Path("/usr/share/rubygems-integration").glob("*/specifications/sqlite3-*.gemspec"))
    if (PROGRAM / "config.ru").is_file() and PUMA.is_file() and sqlite:
        return ""
    return f"Redmine is not installed. On Debian: sudo apt-get install --no-install-recommends {' '.join(PACKAGES)}"


def prepare(folder: Path) -> None:
    """Put a copy of the program into ``folder``, configured for a database there."""
    app = folder / "app"
    skipped = shutil.ignore_patterns("instances", "Gemfile.lock", "database.yml", "extra")
    shutil.copytree(PROGRAM, app, ignore=skipped)
    for name in ("log", "tmp", "files"):
        (app / name).mkdir()
    gemfile = app / "Gemfile"
    gemfile.write_text(gemfile.read_text().replace(LOOKED_IN, str(app / "config/database.yml")))
    (app / "config/database.yml").write_text(DATABASE.format(folder=folder))
    shutil.copytree(app / "config", app / "instances/default/config", ignore=lambda _, names: set(names))
    shutil.copy(app / "config/database.yml", app / "instances/default/config")
    for name in ("log", "tmp"):
        (app / "instances/default" / name).mkdir()


def run_script(folder: Path, script: Path, *arguments: str) -> None:
    """Run a Ruby script inside Redmine, on the database in ``folder``."""
    command = ["ruby", "bin/rails", "runner", str(script), *arguments]
    where = folder / "app"
    done = subprocess.run(command, env=_environment(), cwd=where, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{script.name} failed in Redmine: {done.stderr[:3000]}")


@contextmanager
def running(folder: Path) -> Iterator[RedmineServer]:
    """A server on the database in ``folder`` (prepared, with keys.json beside it), on a free port, ended on leaving."""
    port = free_port()
    server = RedmineServer(f"http://127.0.0.1:{port}", json.loads((folder / "keys.json").read_text()), folder)
    command = [str(PUMA), "-e", "production", "-b", f"tcp://127.0.0.1:{port}", "-t", "2:4", "config.ru"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=_environment(), stdout=log, stderr=log, cwd=folder / "app", start_new_session=True
        )
        try:
            _wait(server, process)
            yield server
        finally:
            _end(process)


def _environment() -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("HOME",) if key in os.environ}
    return {
        **kept,
        "PATH": f"/usr/bin:/bin:{os.environ.get('PATH', '')}",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "RAILS_ENV": "production",
        "RAILS_LOG_TO_STDOUT": "1",
        "SECRET_KEY_BASE": secrets.token_hex(32),
    }


def _wait(server: RedmineServer, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < ends and process.poll() is None:
        try:
            server.ask("GET", "users/current.json")
        except requests.RequestException:
            time.sleep(0.2)
        else:
            return
    log = (server.folder / "server.log").read_text(errors="replace")[-2000:]
    raise RuntimeError(f"Redmine did not start: {log}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its own group
        process.wait(timeout=10)
