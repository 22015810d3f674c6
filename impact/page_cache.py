"""What pages keep between visits: values by key, each computed once; and work that runs once per server.

Knows no layout, no queries and no Streamlit. Keys carry the data version, so nothing ever gets stale.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

T = TypeVar("T")
KEPT_VALUES = 500
"""Values kept at once, about 50 kB each; the least recently used one goes first."""


class Kept:
    """Values by key. Two sessions that ask for the same new key at once wait for one computation."""

    def __init__(self, most: int = KEPT_VALUES, drop: Callable[[Any], None] = lambda value: None) -> None:
        self._most, self._drop = most, drop
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._makers: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of ``key``, from ``make`` at the first time. What ``make`` raises is raised and not kept.

        The value is shared by all sessions: it must not be changed.
        """
        with self._guard:
            if key in self._values:
                self._values.move_to_end(key)
                return cast(T, self._values[key])
            maker = self._makers.setdefault(key, threading.Lock())
        with maker:
            with self._guard:
                if key in self._values:
                    return cast(T, self._values[key])
            try:
                value = make()
                with self._guard:
                    self._values[key] = value
                    over = max(0, len(self._values) - self._most)
                    dropped = [self._values.popitem(last=False)[1] for _ in range(over)]
                for old in dropped:
                    self._drop(old)
            finally:
                with self._guard:
                    self._makers.pop(key, None)
            return value

    def has(self, key: Hashable) -> bool:
        """Whether ``key`` would be answered without computing."""
        with self._guard:
            return key in self._values


@dataclass
class Job:
    """Work that is under way in the background. ``told`` is the latest progress, ``error`` what ended it early."""

    told: Any = None
    error: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Jobs:
    """Work by key, each started once while it runs or has succeeded; a failed one may be started again."""

    def __init__(self) -> None:
        self._jobs: dict[Hashable, Job] = {}
        self._guard = threading.Lock()

    def start(self, key: Hashable, work: Callable[[Callable[[Any], None]], Any]) -> Job:
        """The job of ``key``; ``work(tell)`` runs in a thread of its own unless it already does."""
        with self._guard:
            job = self._jobs.get(key)
            if job is None or job.error is not None:
                job = self._jobs[key] = Job()
                threading.Thread(target=_run, args=(job, work), daemon=True, name=f"job {key!r}").start()
            return job


def _run(job: Job, work: Callable[[Callable[[Any], None]], Any]) -> None:
    def tell(progress: Any) -> None:
        job.told = progress

    try:
        work(tell)
    except Exception as error:
        job.error = error
    finally:
        job.done.set()
