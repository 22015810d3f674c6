"""A running Redmine with the seeded life in it: seeded once, kept outside the repository, copied each time."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import redmine_seed, redmine_server
from tests.redmine_server import RedmineServer
from tests.rt_server import temporary_folder

KEPT = ("redmine.sqlite", "keys.json", "plan.json", "result.json")


def seeded_folder() -> Path:
    """The folder with the seeded database, made on the first use and kept outside the repository.

    Its name is a hash of this code and of the installed version: another seed never meets an old database.
    """
    files = (redmine_seed.__file__, redmine_server.__file__, redmine_seed.SCRIPT)
    code = b"".join(Path(file).read_bytes() for file in files)
    shown = ["dpkg-query", "-W", "-f=${Version}", redmine_server.PACKAGES[0]]
    version = subprocess.run(shown, capture_output=True, check=False).stdout
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "customer-impact-dashboard"
    name = f"redmine-{hashlib.sha256(code + version).hexdigest()[:16]}"
    folder = Path(os.environ.get("IMPACT_TEST_CACHE") or default) / name
    if not (folder / "result.json").is_file():
        _make(folder)
    return folder


def _make(folder: Path) -> None:
    work = temporary_folder("redmine-seed")
    try:
        redmine_server.prepare(work)
        (work / "plan.json").write_text(json.dumps(redmine_seed.make_plan()))
        files = [str(work / name) for name in ("plan.json", "result.json", "keys.json")]
        redmine_server.run_script(work, redmine_seed.SCRIPT, *files)
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = folder.with_name(f"{folder.name}.{os.getpid()}")
        draft.mkdir(mode=0o700)
        for name in KEPT:
            shutil.copy(work / name, draft / name)
        try:
            draft.rename(folder)
        except OSError:  # another run was quicker
            shutil.rmtree(draft)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def load_plan(folder: Path) -> dict[str, Any]:
    """The plan as it was carried out, with the ids that the server gave as ``id`` of each record."""
    plan: dict[str, Any] = json.loads((folder / "plan.json").read_text())
    result = json.loads((folder / "result.json").read_text())
    for kind in ("changes", "tasks", "tickets"):
        for record, number in zip(plan[kind], result[kind], strict=True):
            record["id"] = str(number)
    for version, made in zip(plan["versions"], result["versions"], strict=True):
        version |= made
    return plan | {"ids": {key: result[key] for key in ("fields", "groups", "projects")}}


@contextmanager
def seeded() -> Iterator[tuple[RedmineServer, dict[str, Any]]]:
    """A running server on a copy of the seeded database, with its plan; the copy goes afterwards."""
    kept = seeded_folder()
    work = temporary_folder("redmine-run")
    try:
        redmine_server.prepare(work)
        for name in KEPT:
            shutil.copy(kept / name, work / name)
        with redmine_server.running(work) as server:
            yield server, load_plan(kept)
    finally:
        shutil.rmtree(work, ignore_errors=True)
