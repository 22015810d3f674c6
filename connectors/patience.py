"""How long a request is worth repeating, and how a server's wish for pauses is obeyed. Knows no vendor."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from urllib3.exceptions import InvalidHeader, MaxRetryError, ResponseError
from urllib3.util.retry import Retry

WORTH_REPEATING = (409, 429, 500, 502, 503, 504)
REMAINING = ("X-RateLimit-Remaining", "X-Rate-Limit-Remaining", "RateLimit-Remaining")
RESET = ("X-RateLimit-Reset", "X-Rate-Limit-Reset", "RateLimit-Reset")
"""How many requests are left, and until when: seconds from now, seconds since 1970, or an ISO instant."""


@dataclass(frozen=True)
class Patience:
    """How long a request is worth repeating: at most ``attempts`` times more and ``seconds`` in all.

    ``longest_wait``: a server that asks for a longer pause is left alone until the next sync. Pauses double from
    ``backoff`` seconds on, plus a random part up to ``jitter``.
    """

    attempts: int = 5
    seconds: float = 240.0
    longest_wait: float = 90.0
    backoff: float = 0.5
    jitter: float = 0.5


NO_PATIENCE = Patience(attempts=0)


class Pace:
    """When the next request to one system may go, for all threads that ask it.

    ``per_minute``: a configured limit; requests keep that distance. A pause that the server asked for (429 with
    Retry-After, or a used-up budget whose end it names) holds all threads, but never longer than ``longest_wait``.
    """

    def __init__(self, per_minute: float | None = None, longest_wait: float = 90.0) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._longest = longest_wait
        self._next = 0.0
        self._guard = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may be sent."""
        with self._guard:
            now = time.monotonic()
            pause = max(0.0, self._next - now)
            self._next = max(now, self._next) + self._gap
        if pause:
            time.sleep(pause)

    def hold(self, seconds: float) -> None:
        """Nobody sends for so long from now on."""
        with self._guard:
            self._next = max(self._next, time.monotonic() + min(seconds, self._longest))

    def heed(self, headers: Mapping[str, str]) -> None:
        """Hold where an answer says that no request is left before a named instant."""
        left = next((headers[name] for name in REMAINING if name in headers), "").split(",")[0].strip()
        until = next((headers[name] for name in RESET if name in headers), "").split(",")[0].strip()
        if left in ("0", "0.0", "-1") and until:
            self.hold(max(0.0, _seconds_until(until)))


def _seconds_until(text: str) -> float:
    try:
        number = float(text)
        return number - time.time() if number > 1e8 else number
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    return (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


class BoundedRetry(Retry):
    """urllib3's Retry with an end in time, and no waiting for a server that asks for too long a pause."""

    seconds = 0.0
    longest_wait = 0.0
    ends_at: float | None = None
    pace: Pace | None = None

    @classmethod
    def of(cls, patience: Patience, pace: Pace | None = None) -> BoundedRetry:
        """A retry rule with that patience, whose asked-for pauses hold all who share the pace."""
        retry = cls(
            total=patience.attempts,
            redirect=False,
            status_forcelist=WORTH_REPEATING,
            allowed_methods=("GET", "HEAD", "POST"),  # nobody here sends anything that changes a system
            backoff_factor=patience.backoff,
            backoff_jitter=patience.jitter,
            backoff_max=patience.longest_wait,
            raise_on_status=False,
        )
        retry.seconds, retry.longest_wait, retry.pace = patience.seconds, patience.longest_wait, pace
        return retry

    def new(self, **kw: Any) -> BoundedRetry:
        fresh = super().new(**kw)
        fresh.seconds, fresh.longest_wait, fresh.ends_at = self.seconds, self.longest_wait, self.ends_at
        fresh.pace = self.pace
        return fresh

    def parse_retry_after(self, retry_after: str) -> float:
        try:
            return super().parse_retry_after(retry_after)
        except InvalidHeader:  # an ISO instant, as some say it; else nonsense: our own pauses apply
            return max(0.0, _seconds_until(retry_after))
        except (ValueError, OverflowError):
            return 0.0

    def increment(self, *args: Any, **kwargs: Any) -> BoundedRetry:
        following = super().increment(*args, **kwargs)
        response = kwargs.get("response")
        asked = (self.get_retry_after(response) or 0.0) if response is not None else 0.0
        wait = asked or following.get_backoff_time()
        now = time.monotonic()
        following.ends_at = self.ends_at if self.ends_at is not None else now + self.seconds
        if asked > self.longest_wait or now + wait > following.ends_at:
            raise MaxRetryError(kwargs["_pool"], None, kwargs.get("error") or ResponseError("patience is at its end"))
        if asked and self.pace:
            self.pace.hold(asked)
        return following


class _WithoutQuery(logging.Filter):
    """Takes query strings and addresses of people out of what urllib3 logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = re.sub(r"\?[^\s\"']*", "?…", record.getMessage())
        record.msg = re.sub(r"[^\s/\"']+@[^\s/\"']+", "…", record.msg)
        record.args = ()
        return True


for _logger in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_logger).addFilter(_WithoutQuery())
