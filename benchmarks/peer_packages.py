"""Lets published packages judge the same changes, in their own interpreter; knows files of arrays, nothing of ours.

    PYTHON benchmarks/peer_packages.py bsts-causalimpact CASES.npz ANSWERS.npz

CASES: y (cases, days), controls (cases, services, days), pre. ANSWERS: effect, low, high (log ratio of tickets), p and
seconds of each case. requirements-peers.txt says which packages, and PYTHON is an interpreter that has them.
"""

from __future__ import annotations

import importlib
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Answer = tuple[float, float, float, float]


def bsts(y: np.ndarray, controls: np.ndarray, pre: int) -> Answer:
    """Bayesian structural time series with a weekly season and the other services' tickets as regressor; all else as
    the package has it (bsts-causalimpact, after Brodersen and others 2015)."""
    pandas, package = importlib.import_module("pandas"), importlib.import_module("causal_impact")
    data = pandas.DataFrame({"y": y, "others": controls.sum(axis=0)})
    found = package.CausalImpact(data, [0, pre - 1], [pre, len(y) - 1], model_args={"nseasons": 7})._results
    low, high = found.relative_effect_lower, found.relative_effect_upper
    return logged(found.relative_effect_mean), logged(low), logged(high), min(1.0, 2 * float(found.p_value))


def synthetic(y: np.ndarray, controls: np.ndarray, pre: int) -> Answer:
    """Synthetic difference in differences on log tickets against 20 services, its error from 20 placebos (azcausal,
    after Arkhangelsky and others 2021)."""
    pandas, panel = importlib.import_module("pandas"), importlib.import_module("azcausal.core.panel")
    error, sdid = (
        importlib.import_module("azcausal.core.error"),
        importlib.import_module("azcausal.estimators.panel.sdid"),
    )
    outcome = pandas.DataFrame(np.log(np.vstack([controls[:20], y[None]]) + 0.5).T)
    intervention = pandas.DataFrame(np.zeros(outcome.shape, dtype=int))
    intervention.iloc[pre:, -1] = 1
    data = panel.CausalPanel({"outcome": outcome, "intervention": intervention}).setup()
    estimator = sdid.SDID()
    result = estimator.fit(data)
    estimator.error(result, error.Placebo(n_samples=20))
    effect, se = float(result.effect.value), max(float(result.effect.se), 1e-9)
    p = math.erfc(abs(effect) / se / math.sqrt(2.0))
    return effect, effect - 1.96 * se, effect + 1.96 * se, p


def logged(relative: float) -> float:
    """Log ratio of a relative effect; one of -100 % or below is far down."""
    return math.log(max(1.0 + float(relative), 1e-3))


PACKAGES: dict[str, Callable[[np.ndarray, np.ndarray, int], Answer]] = {
    "bsts-causalimpact": bsts,
    "azcausal": synthetic,
}


def main(name: str, cases: str, answers: str) -> None:
    """Judge every case; one that the package fails on is NaN."""
    given: Any = np.load(cases)
    pre, rows = int(given["pre"]), []
    for y, controls in zip(given["y"], given["controls"], strict=True):
        begin = time.perf_counter()
        try:
            answer = PACKAGES[name](y, controls, pre)
        except (ValueError, ZeroDivisionError, FloatingPointError, np.linalg.LinAlgError) as error:
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            answer = (math.nan,) * 4
        rows.append((*answer, time.perf_counter() - begin))
    effect, low, high, p, seconds = np.array(rows).T
    np.savez(Path(answers), effect=effect, low=low, high=high, p=p, seconds=seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
