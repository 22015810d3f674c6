"""Pages read in a thread while earlier ones are stored, within a bound of records. Knows no source and no store."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

SECONDS_TO_END = 5.0
"""A reader that waits for a silent source is left alone after that; it ends with the process."""


class Weighed(Protocol):
    """A page, whatever was made of it."""

    @property
    def records(self) -> Sequence[Any]:
        """What counts."""


AnyPage = TypeVar("AnyPage", bound=Weighed)


def weight(page: Weighed) -> int:
    """How much a page counts where records in memory are bounded; an empty one counts too."""
    return len(page.records) + 1


class ReadAhead(Generic[AnyPage]):
    """The pages of ``pages`` in order, read by a thread of its own.

    Pages of at most the weight ``most`` wait (or a single one), and one more in the reader's hand. Gives None whenever
    no page came for ``patience`` seconds, so that the caller can store what it has. An error of the source comes after
    all pages that were read before it. To be used in a ``with`` block, which stops the reader.
    """

    def __init__(self, pages: Iterator[AnyPage], *, most: int, patience: float) -> None:
        self._pages, self._most, self._patience = pages, most, patience
        self._changed = threading.Condition()
        self._waiting: deque[AnyPage] = deque()
        self._weight = 0
        self._ended = self._stopped = False
        self._error: BaseException | None = None
        self._reader = threading.Thread(target=self._read, name="read-ahead", daemon=True)

    def __enter__(self) -> ReadAhead[AnyPage]:
        self._reader.start()
        return self

    def __exit__(self, *error: object) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._reader.join(SECONDS_TO_END)

    def __iter__(self) -> Iterator[AnyPage | None]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended, self._patience)
                page = self._waiting.popleft() if self._waiting else None
                if page is None and self._ended:
                    break
                self._weight -= weight(page) if page else 0
                self._changed.notify_all()
            yield page
        if self._error is not None:
            raise self._error

    def _read(self) -> None:
        try:
            for page in self._pages:
                if not self._hand_over(page):
                    break
        except BaseException as error:  # told to the caller in its place
            self._error = error
        finally:
            if (close := getattr(self._pages, "close", None)) is not None:
                close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _hand_over(self, page: AnyPage) -> bool:
        size = weight(page)
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._waiting or self._weight + size <= self._most)
            if self._stopped:
                return False
            self._waiting.append(page)
            self._weight += size
            self._changed.notify_all()
            return True
