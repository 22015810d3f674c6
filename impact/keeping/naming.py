"""What can be an id: one from an address may be anything. How records are named stands in ``impact.records``."""

from __future__ import annotations

import re

HIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Characters that cannot be shown, and that not every database keeps."""


def can_be_named(id: str) -> bool:
    """Whether anything can have this id; one from an address may be anything."""
    return HIDDEN.search(id) is None
