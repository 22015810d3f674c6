"""A process that writes to a store until it is done or killed. Knows the batches that tests compare; no test itself.

``python -m tests.store_writer HOME sync [BATCHES]`` stores the batches that the bookmark does not cover yet and
prints a line after every step; ``... HOME rebuild`` makes the tables anew from raw; ``... HOME hold`` holds
the lock until killed.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from impact.model import Row, SatisfactionResponse, Ticket
from impact.store import RawRecord, Store, StreamState

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
BATCHES = 50
NEW, CHANGED = 30, 8


def payloads(batch: int) -> list[dict[str, Any]]:
    """What the source sends in one batch: new tickets, and earlier ones that changed."""
    chance = random.Random(batch)
    new = [batch * NEW + place for place in range(NEW)]
    old = chance.sample(range(batch * NEW), CHANGED) if batch else []
    return [
        {
            "number": number,
            "batch": batch,
            "first_batch": number // NEW,
            "opened": (FIRST + timedelta(hours=number)).isoformat(),
            "service": f"s{chance.randrange(4)}",
            "hours": chance.randrange(1, 400),
            "score": chance.choice([1, 3, 5]) if number % 3 else None,
        }
        for number in new + old
    ]


def rows(payload: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of one payload: a ticket and, where there is a score, an answer."""
    number, updated_at = payload["number"], FIRST + timedelta(days=200, minutes=payload["batch"])
    opened_at = datetime.fromisoformat(payload["opened"])
    yield Ticket(
        id=f"desk:ticket:{number}",
        source="desk",
        source_key=str(number),
        source_updated_at=updated_at,
        number=str(number),
        status_raw=f"batch {payload['batch']}",
        kind_raw=f"first {payload['first_batch']}",
        opened_at=opened_at,
        first_resolved_at=opened_at + timedelta(hours=payload["hours"]),
        service_id=payload["service"],
    )
    if payload["score"] is not None:
        yield SatisfactionResponse(
            id=f"desk:answer:{number}",
            source="desk",
            source_key=str(number),
            source_updated_at=updated_at,
            answered_at=opened_at + timedelta(days=9),
            score_raw=payload["score"],
            score_ratio=(payload["score"] - 1) / 4,
            scale_min=1,
            scale_max=5,
            ticket_id=f"desk:ticket:{number}",
        )


def convert(source: str, stream: str, of: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """Rows of payloads, as a rebuild asks for them."""
    for payload in of:
        yield from rows(payload)


def sync(store: Store, *, batches: int = BATCHES) -> Iterator[str]:
    """Every batch after the bookmark: raw, rows, facts, bookmark; a word after each step."""
    with store.writing():
        done = next((state.read for state in store.state()), 0)
        for batch in range(done, batches):
            records = payloads(batch)
            at = FIRST + timedelta(days=300, minutes=batch)
            keyed = [RawRecord(str(r["number"]), FIRST + timedelta(days=200, minutes=batch), r) for r in records]
            store.append_raw("desk", "tickets", keyed, fetched_at=at)
            yield "raw"
            made = list(convert("desk", "tickets", records))
            for table, kind in (("ticket", Ticket), ("satisfaction_response", SatisfactionResponse)):
                store.upsert(table, [row for row in made if isinstance(row, kind)], fetched_at=at)
                yield table
            store.refresh_facts()
            yield "facts"
            store.set_state(StreamState("desk", "tickets", bookmark_at=at, outcome="ok", read=batch + 1))
            yield "state"
        store.tidy()


def _say(words: Iterable[str]) -> None:
    for word in words:
        sys.stdout.write(word + "\n")
        sys.stdout.flush()


def main(home: str, work: str, batches: int = BATCHES) -> None:
    """Do one kind of work on the store in ``home``."""
    store = Store(Path(home), zone="Europe/Paris")
    if work == "sync":
        _say(["ready"])
        _say(sync(store, batches=int(batches)))
    elif work == "rebuild":
        _say(["ready"])
        store.rebuild(convert)
    else:
        with store.writing():
            _say(["ready"])
            time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
