"""Our estimates beside other methods, published packages and an oracle on the same changes: one line each."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.estimates.cases import answered, compared, worlds_of
from benchmarks.peers import PEERS, Compared
from impact.estimate import Shape
from impact.estimation.panel import Floats
from tests.worlds import oracle

CONTROLS = 40
SHAPE = Shape(42, 14)
"""The window every method is given; ours chooses by itself."""
PACKAGES = {"bsts-causalimpact": 1, "azcausal": 15}
"""Packages and how thinly they are sampled: every n-th case on 20 tickets a day."""
SCRIPT = Path(__file__).resolve().parent.parent / "peer_packages.py"
COLUMNS = (
    "method", "cases", "false alarms", "coverage", "-25 % rough", "+25 % rough", "+-50 % rough",
    "-25 % calm", "+25 % calm", "+-50 % calm", "RMSE of log effect", "wrong sign among called", "mean interval width",
    "seconds per 1,000",
)  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What is true of each case: nominal size and true mean effect (log ratios), volume a day, and kind of world."""

    size: Floats
    truth: Floats
    volume: Floats
    rough: Floats

    def part(self, rows: np.ndarray) -> Facts:
        """Some of the cases."""
        return Facts(self.size[rows], self.truth[rows], self.volume[rows], self.rough[rows])


@dataclass(frozen=True)
class Answers:
    """What a method says of each case (log ratios), and the processor seconds for a thousand of them."""

    effect: Floats
    low: Floats
    high: Floats
    p: Floats
    seconds: float

    def part(self, rows: np.ndarray) -> Answers:
        """Some of the cases."""
        return Answers(self.effect[rows], self.low[rows], self.high[rows], self.p[rows], self.seconds)


def table(panels: int, interpreters: Sequence[str]) -> str:
    """The cases of ``panels`` rough and as many calm worlds, then those on 20 tickets a day with the packages that one
    of the ``interpreters`` (paths of Python) has, each beside ours on the cases it was given."""
    facts, cases, methods = gathered(panels)
    lines = [line(name, facts, told) for name, told in methods.items()]
    twenty = np.flatnonzero(facts.volume == 20.0)
    lines += [line(f"{name}, 20 a day only", facts.part(twenty), told.part(twenty)) for name, told in methods.items()]
    for name, step in PACKAGES.items():
        rows = twenty[::step]
        told = next((t for i in interpreters if (t := package(name, i, [cases[k] for k in rows])) is not None), None)
        if told is not None:
            kept = np.isfinite(told.p)
            lines.append(line(name, facts.part(rows[kept]), told.part(kept)))
            ours = methods["ours"].part(rows[kept])
            lines += [line(f"ours, the cases of {name}", facts.part(rows[kept]), ours)] if step > 1 else []
    head = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    return "\n".join([*head, *lines])


def gathered(panels: int) -> tuple[Facts, list[Compared], dict[str, Answers]]:
    """Every answered change: what is true, its days, and what ours, the oracle and the methods of ``peers`` say."""
    facts, cases, ours, best, spent = [], [], [], [], 0.0
    for make in worlds_of("tickets", panels):
        _, rough, world = make()
        begin = time.process_time()
        found = {e.change_id: e for e in answered(world)}
        spent += time.process_time() - begin
        for c in world.plan:
            e, s = found.get(c.change_id), c.services[0]
            if e is None or e.look is not None:
                continue
            facts.append((c.size, world.truth(c, s, SHAPE), world.volume[s], rough))
            cases.append(compared(world, c, SHAPE, most=CONTROLS))
            ours.append((e.effect, e.low, e.high, e.p_value))
            told = oracle(world, c, s, SHAPE)
            best.append((told.effect, told.low, told.high, told.p_value))
    methods = {"ours": Answers(*np.array(ours).T, 1000 * spent / len(ours)), "oracle": Answers(*np.array(best).T, 0.0)}
    for name, judge in PEERS.items():
        begin = time.process_time()
        answers = [judge(case) for case in cases]
        each = 1000 * (time.process_time() - begin) / len(cases)
        columns = np.array([(a.effect, a.low, a.high, a.p_value) for a in answers]).T
        methods[name] = Answers(*columns, each)
    return Facts(*np.array(facts, dtype=np.float64).T), cases, methods


def package(name: str, interpreter: str, cases: Sequence[Compared]) -> Answers | None:
    """What a package says, in a process of its own; None when this interpreter does not have it."""
    with tempfile.TemporaryDirectory() as folder:
        given, told = Path(folder) / "cases.npz", Path(folder) / "answers.npz"
        np.savez(given, y=[c.y for c in cases], controls=[c.controls for c in cases], pre=SHAPE.pre)
        done = subprocess.run([interpreter, str(SCRIPT), name, str(given), str(told)], capture_output=True, text=True)
        if done.returncode:
            print(f"{name}: {done.stderr.strip().splitlines()[-1]}")
            return None
        x = np.load(told)
        return Answers(x["effect"], x["low"], x["high"], x["p"], 1000 * float(np.mean(x["seconds"])))


def line(name: str, facts: Facts, told: Answers) -> str:
    """One method: false alarms on changes without effect, power on 20 tickets a day, and how far off it is."""
    called, null, real = told.p < 0.05, facts.size == 0, facts.size != 0
    covered = (told.low <= facts.truth) & (facts.truth <= told.high)
    figures = [f"{len(null):,}", share(called[null]), share(covered)]
    for rough in (1.0, 0.0):
        for sizes in ((0.75,), (1.25,), (0.5, 1.5)):
            asked = np.isin(np.round(np.exp(facts.size), 6), sizes) & (facts.volume == 20.0) & (facts.rough == rough)
            figures.append(share(called[asked], digits=2))
    figures.append(f"{np.sqrt(np.mean((told.effect - facts.truth) ** 2)):.3f}")
    figures.append(share(np.sign(told.effect[called & real]) != np.sign(facts.truth[called & real])))
    width = f"{np.mean(told.high - told.low):.2f}"
    figures += [width, f"{told.seconds:.2f}" if told.seconds else ""]
    return "| " + " | ".join([name, *figures]) + " |"


def share(values: np.ndarray, digits: int = 3) -> str:
    """The part that is true; empty where there is nothing to judge."""
    return f"{values.mean():.{digits}f}" if len(values) else ""
