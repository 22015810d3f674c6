"""A process that records decisions on one change until it is done or killed. Knows what tests count; no test itself.

``python -m tests.record_writer URL race THREADS ROUNDS``: after a line on standard input, in every round each thread
looks at the newest revision, waits for the others, and tries to record its own on top of it. ``... URL endless``:
one revision after the other until killed. Each try is one line of JSON once its outcome is known. The password of the
database is the first line on standard input.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import replace
from itertools import count

from impact.records import Conflict
from impact.state import State
from tests.test_state import PAUSE


def say(**words: object) -> None:
    """One whole line, at once."""
    os.write(1, (json.dumps(words) + "\n").encode())


def attempt(state: State, reason: str, seen: int) -> None:
    """Record on top of a revision and say what became of it."""
    try:
        saved = state.record(replace(PAUSE, reason=reason), seen_revision=seen)
    except Conflict as conflict:
        say(lost=reason, seen=seen, current=conflict.current.revision)
    else:
        say(won=reason, seen=seen, revision=saved.revision)


def race(state: State, threads: int, rounds: int) -> None:
    """Everybody writes on what everybody has seen: at most one can win a round."""
    gate = threading.Barrier(threads)

    def run(number: int) -> None:
        for turn in range(rounds):
            newest = state.decision(PAUSE.id)
            gate.wait()
            attempt(state, f"{os.getpid()} {number} {turn}", newest.revision if newest else 0)

    writers = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()


def main(url: str, work: str, *sizes: str) -> None:
    """Do one kind of work on the records at ``url``."""
    state = State(url, password=sys.stdin.readline().strip())
    say(ready=os.getpid())
    if work == "race":
        sys.stdin.readline()
        race(state, *map(int, sizes))
        return
    for turn in count():
        newest = state.decision(PAUSE.id)
        attempt(state, f"{os.getpid()} {turn}", newest.revision if newest else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
