"""Other ways to judge a change in tickets, as they are commonly used: Welch's t, a Poisson rate ratio, quasi-Poisson
and difference in differences with Newey-West errors. Knows one change's days at a time, nothing of our estimates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr, stdtrit

Floats = NDArray[np.float64]
UPPER = 0.975


@dataclass(frozen=True)
class Compared:
    """Tickets of one service on the days before and after a change, and of services without one on the same days.

    ``y`` (days,) holds the ``pre`` days before, then the days after; ``types`` the type of each day (0 to 6 for Monday
    to Sunday, 7 for holidays); ``controls`` (services, days).
    """

    y: Floats
    types: NDArray[np.int64]
    pre: int
    controls: Floats

    @property
    def after(self) -> Floats:
        """1 on the days after, 0 before."""
        return np.asarray(np.arange(len(self.y)) >= self.pre, dtype=np.float64)


@dataclass(frozen=True)
class Answer:
    """Log ratio of tickets after to before, its 95 % interval and the p-value."""

    effect: float
    low: float
    high: float
    p_value: float


def welch(case: Compared) -> Answer:
    """Welch's t test on daily tickets (Welch 1947); the interval of the ratio by the delta method."""
    before, after = case.y[: case.pre], case.y[case.pre :]
    m0, m1 = max(float(before.mean()), 0.5 / len(before)), max(float(after.mean()), 0.5 / len(after))
    v0, v1 = float(before.var(ddof=1)) / len(before) + 1e-9, float(after.var(ddof=1)) / len(after) + 1e-9
    freedom = (v0 + v1) ** 2 / (v0**2 / (len(before) - 1) + v1**2 / (len(after) - 1))
    p = 2 * stdtr(freedom, -abs(m1 - m0) / np.sqrt(v0 + v1))
    effect, reach = np.log(m1 / m0), stdtrit(freedom, UPPER) * np.sqrt(v0 / m0**2 + v1 / m1**2)
    return Answer(float(effect), float(effect - reach), float(effect + reach), float(p))


def poisson(case: Compared) -> Answer:
    """A two-sided test of the ratio of two Poisson rates on the log scale, which ignores all that moves besides chance;
    half a ticket is added on each side."""
    before, after = case.y[: case.pre].sum() + 0.5, case.y[case.pre :].sum() + 0.5
    effect = np.log(after / (len(case.y) - case.pre) * case.pre / before)
    se = np.sqrt(1 / before + 1 / after)
    p = 2 * ndtr(-abs(effect / se))
    return Answer(float(effect), float(effect - 1.96 * se), float(effect + 1.96 * se), float(p))


def quasi_poisson(case: Compared) -> Answer:
    """Log-linear regression of daily tickets on the day type and on before or after, by iterated weighted least squares
    (McCullagh and Nelder 1989), with standard errors that allow for memory between days (Newey and West 1987)."""
    kinds = np.unique(case.types)[1:]
    x = np.column_stack([np.ones(len(case.y)), case.after, *(case.types == k for k in kinds)]).astype(np.float64)
    x = x[:, [0, 1, *(2 + i for i, k in enumerate(kinds) if case.y[case.types == k].sum() > 0)]]
    mean = case.y + 0.5
    for _ in range(25):
        linear = np.log(mean) + (case.y - mean) / mean
        beta = np.linalg.lstsq(x * np.sqrt(mean)[:, None], linear * np.sqrt(mean), rcond=None)[0]
        mean = np.exp(np.clip(x @ beta, -10, 12))
    bread = np.linalg.pinv(x.T @ (mean[:, None] * x))
    variance = bread @ newey_west(x * (case.y - mean)[:, None]) @ bread
    return regression_answer(float(beta[1]), float(variance[1, 1]), len(case.y) - x.shape[1])


def difference_in_differences(case: Compared) -> Answer:
    """The service's log tickets minus the mean log tickets of the others, after against before, by least squares with
    standard errors that allow for memory between days (Newey and West 1987)."""
    apart = np.log(case.y + 0.5) - np.log(case.controls + 0.5).mean(axis=0)
    x = np.column_stack([np.ones(len(case.y)), case.after])
    beta = np.linalg.lstsq(x, apart, rcond=None)[0]
    bread = np.linalg.inv(x.T @ x)
    variance = bread @ newey_west(x * (apart - x @ beta)[:, None]) @ bread
    return regression_answer(float(beta[1]), float(variance[1, 1]), len(case.y) - 2)


def newey_west(scores: Floats) -> Floats:
    """Long-run covariance of the rows of ``scores`` with Bartlett weights up to the lag 4 (n/100)^(2/9) that Newey and
    West recommend (1994), times n / (n - columns)."""
    n, columns = scores.shape
    lags = int(4 * (n / 100) ** (2 / 9))
    out = scores.T @ scores
    for lag in range(1, lags + 1):
        shared = scores[lag:].T @ scores[:-lag]
        out += (1 - lag / (lags + 1)) * (shared + shared.T)
    return np.asarray(out * n / (n - columns))


def regression_answer(effect: float, variance: float, freedom: int) -> Answer:
    """Interval and p-value of a coefficient by Student's t."""
    se = np.sqrt(max(variance, 1e-12))
    reach = float(stdtrit(freedom, UPPER)) * se
    return Answer(effect, effect - reach, effect + reach, float(2 * stdtr(freedom, -abs(effect / se))))


PEERS = {
    "Welch's t": welch,
    "Poisson rate ratio": poisson,
    "quasi-Poisson, Newey-West": quasi_poisson,
    "difference in differences, Newey-West": difference_in_differences,
}
