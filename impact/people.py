"""How a person becomes a keyed hash before anything is stored. Knows no source and no table.

The key is made on first use and stays in the data folder: the same person gets the same hash in every sync of this
installation, and nobody without the folder can test a name against it.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

KEY_FILE = "person.key"
KNOWN_AT_ONCE = 50_000
"""People whose hashes are remembered while payloads are read: the same ones come again and again."""


def person_key(home: Path) -> bytes:
    """The key of this data folder, made on first use. Two processes that start at once agree on one key."""
    path = home / KEY_FILE
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        draft = home / f".{KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails if another process was first: its key counts
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            if not path.exists():
                draft.replace(path)
        draft.unlink(missing_ok=True)
    return path.read_bytes()


def hash_person(key: bytes, person: str) -> str:
    """A person's keyed hash (HMAC-SHA-256, 128 bits), the same whatever the spelling's case or outer blanks."""
    return hmac.digest(key, person.strip().lower().encode("utf-8", "replace"), "sha256").hex()[:32]


def hider(paths: Sequence[str], key: bytes) -> Callable[[Any], Any]:
    """A function that gives a copy of a payload in which every text at one of the dotted ``paths``
    (``Requestor.*.id``) is hashed; without paths the payload itself.

    A path that leads nowhere is passed over; an empty text stays empty, since nobody is not a person.
    """
    steps = [tuple(path.split(".")) for path in paths]
    known: dict[str, str] = {}

    def hashed(value: object) -> str:
        person = value if isinstance(value, str) else repr(value)
        if (found := known.get(person)) is None:
            if len(known) >= KNOWN_AT_ONCE:
                known.clear()
            found = known[person] = hash_person(key, person)
        return found

    def hide(payload: Any) -> Any:
        for path in steps:
            payload = _hide(payload, path, hashed)
        return payload

    return hide


def hide_people(payload: Mapping[str, Any], paths: Sequence[str], key: bytes) -> dict[str, Any]:
    """One payload without people; see ``hider``."""
    return dict(hider(paths, key)(payload))


def _hide(value: Any, path: tuple[str, ...], hashed: Callable[[object], str]) -> Any:
    if not path:
        return value if value in (None, "", [], {}) else hashed(value)
    step, rest = path[0], path[1:]
    if type(value) is not dict:  # nearly all are, and asking what is a Mapping takes long
        if isinstance(value, list | tuple):
            below = rest if step == "*" else path
            return [_hide(item, below, hashed) for item in value]
        if not isinstance(value, Mapping):
            return value
    if step == "*":
        return {name: _hide(item, rest, hashed) for name, item in value.items()}
    return {**value, step: _hide(value[step], rest, hashed)} if step in value else value
