"""How a person becomes a keyed hash before anything is stored. Knows no source and no table.

The key is made on first use and stays in the data folder: the same person gets the same hash in every sync of this
installation, and nobody without the folder can test a name against it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

KEY_FILE = "person.key"


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
    return hmac.new(key, person.strip().lower().encode(), hashlib.sha256).hexdigest()[:32]


def hide_people(payload: Mapping[str, Any], paths: Sequence[str], key: bytes) -> dict[str, Any]:
    """A copy of ``payload`` in which every text at one of the dotted ``paths`` (``Requestor.*.id``) is hashed.

    A path that leads nowhere is passed over; an empty text stays empty, since nobody is not a person.
    """
    hidden: Any = payload
    for path in paths:
        hidden = _hide(hidden, path.split("."), key)
    return dict(hidden)


def _hide(value: Any, path: list[str], key: bytes) -> Any:
    if not path:
        if value in (None, "", [], {}):
            return value
        return hash_person(key, value if isinstance(value, str) else repr(value))
    step, rest = path[0], path[1:]
    if isinstance(value, list | tuple):
        if step == "*":
            return [_hide(item, rest, key) for item in value]
        return [_hide(item, path, key) for item in value]
    if not isinstance(value, Mapping):
        return value
    names = list(value) if step == "*" else [step] if step in value else []
    return {**value, **{name: _hide(value[name], rest, key) for name in names}}
