"""Makes a pack: freezes its content beside the records, then has a child process write the files. Knows no layout.

The child has its own memory, which ends with it: drawing charts takes more of it than a whole server does.
"""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from impact.model import ImpactError
from impact.pack.content import FORMS, Pack, PackContent, Tell
from impact.plain_json import as_json, made
from impact.records import Conflict, Frozen, Meeting
from impact.state import State
from impact.words.formats import at

LOG = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parent.parent.parent
MOST_SECONDS = 300.0
"""How long a child process may take; then it is ended."""
MOST_AT_ONCE = 2
"""Child processes of one server at the same time; each takes a processor and some hundred megabytes."""
SECONDS_BETWEEN_TELLING = 0.5
_PLACES = threading.BoundedSemaphore(MOST_AT_ONCE)


class PackFailed(ImpactError):
    """The files could not be written; the message says why and what to do."""


def freeze(state: State, content: PackContent, *, by: str = "") -> Pack:
    """Keep the content beside the decisions; the same content is kept once."""
    frozen_id = state.freeze(content.data_version, as_json(content), by=by)
    kept = state.frozen(frozen_id)
    if kept is None:
        raise PackFailed(f"The figures {frozen_id} were kept and are gone. Make the pack again.")
    return pack_of(kept)


def pack_of(kept: Frozen) -> Pack:
    """The pack that was frozen, as it was. Raises PackFailed where frozen figures are no pack."""
    try:
        content = made(PackContent, kept.content)
        zoned = kept.frozen_at.astimezone(ZoneInfo(content.zone))
    except (TypeError, ValueError, ZoneInfoNotFoundError) as error:
        raise PackFailed(
            f"What is kept as {kept.id} is no pack that can be read: it may have been frozen with a decision."
        ) from error
    return Pack(frozen_id=kept.id, frozen_at=kept.frozen_at, frozen_text=at(zoned, content.zone), content=content)


def remembered(state: State, meeting: Meeting, pack: Pack, *, by: str = "") -> Meeting:
    """The meeting, naming its newest pack. Somebody else's edit at the same time is kept; the pack is named on top."""
    for _ in range(3):
        current = state.meeting(meeting.id) or meeting
        if current.frozen_id == pack.frozen_id:
            return current
        try:
            return state.change_meeting(
                replace(current, frozen_id=pack.frozen_id), seen_revision=current.revision, by=by
            )
        except Conflict:
            continue
    return state.meeting(meeting.id) or meeting


def files(pack: Pack, folder: Path, forms: Sequence[str], tell: Tell = lambda text, ratio: None) -> dict[str, Path]:
    """Have the forms written into a folder by a child process; where they are. Raises PackFailed with a sentence."""
    unknown = [form for form in forms if form not in FORMS]
    if unknown or not forms:
        raise PackFailed(f"There is no form {', '.join(unknown) or '(none given)'}. Forms: {', '.join(FORMS)}.")
    with tempfile.TemporaryDirectory(prefix="pack-") as apart:
        content = Path(apart) / "pack.json"
        content.write_text(json.dumps(as_json(pack)), encoding="utf-8")
        command = [sys.executable, "-m", "impact.pack", str(content), str(folder.resolve()), ",".join(forms)]
        errors = Path(apart) / "errors.txt"
        with _place(tell), errors.open("w", encoding="utf-8") as told_wrong:
            found = _watched(command, told_wrong, tell)
        if found is None:
            raise PackFailed(_sentence(errors.read_text(encoding="utf-8", errors="replace")))
        return found


@contextmanager
def _place(tell: Tell) -> Iterator[None]:
    """One of the places for child processes; whoever waits for one is told so."""
    while not _PLACES.acquire(timeout=SECONDS_BETWEEN_TELLING):
        tell("Waiting until another pack is made", 0.0)
    try:
        yield
    finally:
        _PLACES.release()


def _watched(command: Sequence[str], errors: IO[str], tell: Tell) -> dict[str, Path] | None:
    """Run the child, hand on its progress; the files it wrote, None where it failed. A child that takes too long is
    ended, also one that says nothing any more: PackFailed."""
    found: dict[str, Path] | None = None
    ended = threading.Event()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True,
                          encoding="utf-8", errors="replace") as child:  # fmt: skip

        def end() -> None:
            ended.set()
            child.kill()

        limit = threading.Timer(MOST_SECONDS, end)
        limit.daemon = True
        limit.start()
        try:
            for line in child.stdout or ():
                said = _said(line)
                if "told" in said:
                    tell(said["told"], said["ratio"])
                elif "files" in said:
                    found = {form: Path(path) for form, path in said["files"].items()}
            child.wait()
        finally:
            limit.cancel()
            if child.poll() is None:
                child.kill()
    if child.returncode != 0 and ended.is_set():
        raise PackFailed(
            f"The pack was not made within {MOST_SECONDS / 60:g} minutes, so its process was ended. Try fewer "
            "forms, or an agenda with fewer changes."
        )
    return found if child.returncode == 0 else None


def _said(line: str) -> Mapping[str, Any]:
    """What the child tells in a line; nothing where the line is not its own: a library may print, too."""
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, Mapping):
        LOG.warning("the process that makes a pack printed: %s", line.strip()[:200])
        return {}
    return said


def _sentence(errors: str) -> str:
    """The child's own sentence; of an error nobody foresaw, its kind."""
    lines = [line for line in errors.strip().splitlines() if line.strip()]
    if not lines:
        return "The pack could not be made: its process was ended. There may be too little memory; try fewer forms."
    if lines[0].startswith("Traceback"):
        LOG.error("making a pack failed: %s", errors)
        kinds = [line.split(":")[0] for line in lines[1:] if re.match(r"[\w.]+(:|$)", line)]
        kind = kinds[0] if kinds else "unknown error"
        return f"The pack could not be made ({kind}). Try fewer forms; the log has the details."
    return lines[-1]
