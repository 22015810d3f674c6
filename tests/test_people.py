"""No person is ever stored by name: keyed hashes, one key a data folder."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from impact.people import KEY_FILE, hash_person, hide_people, person_key


def test_the_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first = person_key(tmp_path)
    assert person_key(tmp_path) == first
    assert len(first) == 64
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_another_data_folder_has_another_key_and_so_other_hashes(tmp_path: Path) -> None:
    one, other = person_key(tmp_path / "a"), person_key(tmp_path / "b")
    assert hash_person(one, "eva@example.org") != hash_person(other, "eva@example.org")


def test_the_same_person_gets_the_same_hash_whatever_the_spelling() -> None:
    assert hash_person(b"k", "Eva@Example.org ") == hash_person(b"k", "eva@example.org")
    assert "eva" not in hash_person(b"k", "eva@example.org")


def test_every_named_path_is_hidden_and_nothing_else() -> None:
    payload = {
        "id": "1",
        "Owner": {"id": "nlee", "type": "user"},
        "Requestor": [{"id": "eva@example.org", "Organization": "Finance"}, {"id": "bo@example.org"}],
        "Nobody": "",
    }
    hidden = hide_people(payload, ("Owner.id", "Requestor.*.id", "Nobody", "Absent.id"), b"k")
    assert hidden == {
        "id": "1",
        "Owner": {"id": hash_person(b"k", "nlee"), "type": "user"},
        "Requestor": [
            {"id": hash_person(b"k", "eva@example.org"), "Organization": "Finance"},
            {"id": hash_person(b"k", "bo@example.org")},
        ],
        "Nobody": "",
    }
    assert "example.org" not in json.dumps(hidden)
    assert payload["Owner"] == {"id": "nlee", "type": "user"}, "the caller's payload is untouched"
