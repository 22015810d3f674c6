"""A running Request Tracker with the seeded life in it: seeded once, kept outside the repository, copied each time."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from tests import rt_seed, rt_server
from tests.rt_seed import Plan, Planned
from tests.rt_server import RtServer


def seeded_folder() -> Path:
    """The folder with the seeded database, made on the first use and kept outside the repository.

    Its name is a hash of this code and of the installed version: another seed never meets an old database.
    """
    code = b"".join(Path(file).read_bytes() for file in (rt_seed.__file__, rt_server.__file__))
    shown = ["dpkg-query", "-W", "-f=${Version}", rt_server.PACKAGES[0]]
    version = subprocess.run(shown, capture_output=True, check=False).stdout
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "customer-impact-dashboard"
    folder = (
        Path(os.environ.get("IMPACT_TEST_CACHE") or default) / f"rt-{hashlib.sha256(code + version).hexdigest()[:16]}"
    )
    if not (folder / "plan.json").is_file():
        _make(folder)
    return folder


def _make(folder: Path) -> None:
    work = rt_server.temporary_folder("rt-seed")
    try:
        database = rt_server.make_database(work, rt_seed.SITE)
        plan = rt_seed.make_plan()
        with rt_server.running(work, workers=rt_seed.WORKERS + 1) as server:
            rt_seed.fill(server, plan)
        rt_seed.set_back(database, plan)
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = folder.with_name(f"{folder.name}.{os.getpid()}")
        draft.mkdir(mode=0o700)
        for name in ("rt.sqlite", "secrets.json"):
            shutil.copy(work / name, draft / name)
        (draft / "plan.json").write_text(json.dumps(asdict(plan), default=datetime.isoformat))
        try:
            draft.rename(folder)
        except OSError:  # another run was quicker
            shutil.rmtree(draft)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def load_plan(folder: Path) -> Plan:
    """The plan as it was carried out, with the ids that the server gave."""

    def planned(values: dict[str, Any]) -> Planned:
        steps = [(datetime.fromisoformat(at), body) for at, body in values.pop("steps")]
        return Planned(**{**values, "created": datetime.fromisoformat(values["created"]), "steps": steps})

    def all_of(values: Iterable[dict[str, Any]]) -> list[Planned]:
        return [planned(value) for value in values]

    plan = json.loads((folder / "plan.json").read_text())
    return Plan(all_of(plan["changes"]), all_of(plan["tasks"]), all_of(plan["tickets"]))


@contextmanager
def seeded(prepare: Callable[[Path], None] = lambda database: None) -> Iterator[tuple[RtServer, Plan]]:
    """A running server on a copy of the seeded database, with its plan; the copy goes afterwards. ``prepare`` may
    change the copy before the server starts."""
    kept = seeded_folder()
    work = rt_server.temporary_folder("rt-run")
    try:
        for name in ("rt.sqlite", "secrets.json"):
            shutil.copy(kept / name, work / name)
        prepare(work / "rt.sqlite")
        with rt_server.running(work) as server:
            yield server, load_plan(kept)
    finally:
        shutil.rmtree(work, ignore_errors=True)
