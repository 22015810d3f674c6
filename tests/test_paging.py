"""Pages that are read ahead, where whoever asked for them goes away."""

from __future__ import annotations

import threading
from collections.abc import Generator
from concurrent.futures import thread as threads

from connectors.paging import ahead


def test_reading_ahead_can_be_given_up_while_another_thread_pool_is_handed_work() -> None:
    """A forgotten generator ends wherever memory is tidied up, which may be inside the handing over of work."""
    closed = []

    def numbers() -> Generator[int, None, None]:
        try:
            yield from range(1000)
        finally:
            closed.append(True)

    pages = ahead(numbers(), most=3)
    assert next(pages) == 0
    giving_up = threading.Thread(target=pages.close)
    with threads._global_shutdown_lock:  # type: ignore[attr-defined]  # held while work is handed over
        giving_up.start()
        giving_up.join(timeout=10)
        assert not giving_up.is_alive()
    assert closed == [True]
