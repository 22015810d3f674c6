"""A line of the table of measurements and how it is printed; knows nothing of what is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Row:
    """One line of the table; ``least`` and ``most`` say what is accepted, infinite where there is no limit."""

    name: str
    value: float
    least: float
    most: float
    cases: int
    form: str = "{:.3f}"

    @property
    def accepted(self) -> bool:
        """Whether the value lies in what is accepted; never for a value that could not be found."""
        return bool(self.least <= self.value <= self.most)

    def text(self) -> str:
        """The line as Markdown."""
        least, most = self.form.format(self.least), self.form.format(self.most)
        span = f"<= {most}" if self.least == -np.inf else f">= {least}" if self.most == np.inf else f"{least}-{most}"
        verdict = "ok" if self.accepted else "NOT ACCEPTED"
        if self.least == -np.inf and self.most == np.inf:
            span, verdict = "no limit", "shown only"
        return f"| {self.name} | {span} | {self.form.format(self.value)} | {self.cases:,} | {verdict} |"


def shown(name: str, value: float, cases: int, form: str = "{:.3f}") -> Row:
    """A line without a limit."""
    return Row(name, value, -np.inf, np.inf, cases, form)


def printed(rows: list[Row]) -> str:
    """The whole table as Markdown."""
    return "\n".join(
        ["| figure | accepted | found | cases | |", "|---|---|---|---|---|", *(row.text() for row in rows)]
    )
