"""Pages read while earlier ones are worked on, in order and within bounds. Knows no vendor and no HTTP."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

READ_AHEAD = 50
"""Pages read while earlier ones are stored: a few thousand records of memory for time that storing takes anyway."""
Item = TypeVar("Item")
Argument = TypeVar("Argument")


def ahead(pages: Generator[Item, None, None], *, most: int = READ_AHEAD) -> Generator[Item, None, None]:
    """The same pages, the next ones (at most ``most``) being read in a thread while the caller works on this one."""
    end: Any = object()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead") as worker:
        coming = deque(worker.submit(next, pages, end) for _ in range(most))
        try:
            while (page := coming.popleft().result()) is not end:
                coming.append(worker.submit(next, pages, end))
                yield page
        finally:
            for read in coming:
                read.cancel()
            worker.shutdown()  # nothing is handed over here: an abandoned generator may end inside another submit
            pages.close()


def side_by_side(
    read: Callable[[Argument], Item], arguments: Iterable[Argument], *, workers: int
) -> Generator[Item, None, None]:
    """``read(argument)`` for each argument, at most ``workers`` at a time; results in the order of the arguments.

    At most twice as many results as workers wait for the caller, so memory does not grow with the arguments, which may
    be endless: close the generator, or stop giving arguments, when the end is known. The first error is raised in its
    place; what was asked for after it is given up.
    """
    if workers <= 1:
        yield from map(read, arguments)
        return
    left = iter(arguments)
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="page") as pool:
        coming: deque[Future[Item]] = deque(pool.submit(read, one) for one in islice(left, 2 * workers))
        try:
            while coming:
                item = coming.popleft().result()
                coming.extend(pool.submit(read, one) for one in islice(left, 1))
                yield item
        finally:
            for reading in coming:
                reading.cancel()


def portions(items: Iterable[Item], size: int) -> Generator[list[Item], None, None]:
    """The same items in lists of ``size``, the last one shorter; none where there is no item."""
    left = iter(items)
    while some := list(islice(left, size)):
        yield some
