"""The part of Request Tracker's query language that the demo's server answers: conditions joined by AND and OR.

Knows columns as arrays, and neither tickets nor HTTP. A condition it does not know raises QueryError, as the real
server refuses it, so that a connector that asks for something else is noticed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Kind = Literal["text", "number", "date"]
TOKEN = re.compile(
    r"\s*(?:(?P<bracket>[()])|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<operator>!=|>=|<=|=|>|<)|(?P<field>CF\.\{[^}]*\})|(?P<word>[-\w.:]+))"
)
UNSET = {"1970-01-01", "1970-01-01 00:00:00", "0", "not set"}


class QueryError(ValueError):
    """A query that cannot be understood."""


class Column:
    """One searchable field: an array, and whether its values are text, numbers or dates (seconds since 1970).

    ``missing`` marks rows without a value. ``words`` of a text field: what each number of ``values`` stands for;
    several words may mean the same number, as a queue's name and its id do.
    """

    def __init__(
        self,
        values: NDArray[Any],
        kind: Kind,
        missing: Mask | None = None,
        words: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.values, self.kind, self.words = values, kind, words or {}
        self.missing = np.zeros(values.size, dtype=bool) if missing is None else missing

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        return np.argsort(self.values, kind="stable")

    @cached_property
    def _sorted(self) -> NDArray[Any]:
        return np.asarray(self.values[self._order])

    def one_of(self, wanted: Sequence[str]) -> Mask:
        """Rows that have one of the values; quick for long lists."""
        if self.kind == "text":
            meant = [number for value in wanted for number in self.words.get(value, ())]
            table = np.zeros(int(self.values.max(initial=0)) + 1, dtype=bool)
            table[[number for number in meant if number < table.size]] = True
            return np.asarray(table[self.values] & ~self.missing)
        numbers = np.unique([_number(value) for value in wanted])
        first = np.searchsorted(self._sorted, numbers, side="left")
        last = np.searchsorted(self._sorted, numbers, side="right")
        found = np.zeros(self.values.size, dtype=bool)
        for start, end in zip(first.tolist(), last.tolist(), strict=True):
            found[self._order[start:end]] = True
        return found & ~self.missing

    def compare(self, operator: str, value: str) -> Mask:
        """Rows for which the condition holds; rows without a value hold for ``!=`` only, as in the real system."""
        if self.kind == "text":
            return self._compare_text(operator, value)
        if self.kind == "date" and operator == "=":
            day = seconds(value) // 86_400 * 86_400
            return np.asarray((self.values >= day) & (self.values < day + 86_400) & ~self.missing)
        wanted = seconds(value) if self.kind == "date" else _number(value)
        found = _COMPARE[operator](self.values, wanted) & ~self.missing
        return np.asarray(found | self.missing if operator == "!=" else found)

    @classmethod
    def of_words(
        cls, values: NDArray[Any], words: Sequence[str], also: Mapping[str, Sequence[int]] | None = None
    ) -> Column:
        """A text field given as positions in ``words``; an empty word is no value."""
        meaning = {word: (place,) for place, word in enumerate(words) if word}
        empty = [place for place, word in enumerate(words) if not word]
        return cls(values, "text", np.isin(values, empty), {**meaning, **(also or {})})

    def _compare_text(self, operator: str, value: str) -> Mask:
        if operator not in ("=", "!="):
            raise QueryError(f"operator {operator} does not fit a text field")
        same = self.one_of((value,))
        return same if operator == "=" else ~same


_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}


def seconds(text: str) -> int:
    """A date of a query as seconds since 1970; a date without zone is UTC, as the demo's account is.

    The form that the server itself writes, with T and Z, is refused: the real system misreads it without a word and
    finds rows from before that moment too.
    """
    if text.lower() in UNSET:
        return 0
    if text.endswith("Z"):
        raise QueryError(f"{text!r} would be misread; write dates as 2026-03-31 12:00:00")
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise QueryError(f"{text!r} is not a date") from None
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return int((instant - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise QueryError(f"{text!r} is not a number") from None


def select(query: str, columns: Mapping[str, Column], rows: int) -> Mask:
    """Rows that ``query`` asks for; an empty query finds nothing. Raises QueryError, with the place in words."""
    tokens = _tokens(query)
    if not tokens:
        return np.zeros(rows, dtype=bool)
    names = {name.lower(): column for name, column in columns.items()}
    found, end = _either(tokens, 0, names)
    if end != len(tokens):
        raise QueryError(f"Incomplete or invalid query near {tokens[end][1]!r}")
    return found


def _tokens(query: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    place, text = 0, query.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise QueryError(f"Cannot read the query at {text[place : place + 20]!r}")
        kind = str(match.lastgroup)
        value = match.group(kind)
        tokens.append((kind, re.sub(r"\\(.)", r"\1", value[1:-1]) if kind == "text" else value))
        place = match.end()
    return tokens


def _either(tokens: list[tuple[str, str]], at: int, columns: Mapping[str, Column]) -> tuple[Mask, int]:
    found, at = _both(tokens, at, columns)
    while _word(tokens, at) == "OR":
        other, at = _both(tokens, at + 1, columns)
        found = found | other
    return found, at


def _alternatives(tokens: list[tuple[str, str]], at: int, columns: Mapping[str, Column]) -> tuple[Mask, int] | None:
    """``(f = 1 OR f = 2 OR ...)`` on one field, read as a list; None where something else stands there."""
    wanted: list[str] = []
    here, field = at, tokens[at][1] if at < len(tokens) else ""
    while here + 2 < len(tokens) and tokens[here][1] == field and tokens[here + 1][1] == "=":
        wanted.append(tokens[here + 2][1])
        here += 4
        if _word(tokens, here - 1) != "OR":
            break
    column = columns.get(field.lower())
    closed = here - 1 < len(tokens) and tokens[here - 1] == ("bracket", ")")
    if column is None or column.kind == "date" or len(wanted) < 2 or not closed:
        return None
    return column.one_of(wanted), here - 1


def _both(tokens: list[tuple[str, str]], at: int, columns: Mapping[str, Column]) -> tuple[Mask, int]:
    found, at = _term(tokens, at, columns)
    while _word(tokens, at) == "AND":
        other, at = _term(tokens, at + 1, columns)
        found = found & other
    return found, at


def _term(tokens: list[tuple[str, str]], at: int, columns: Mapping[str, Column]) -> tuple[Mask, int]:
    if at < len(tokens) and tokens[at] == ("bracket", "("):
        found, at = _alternatives(tokens, at + 1, columns) or _either(tokens, at + 1, columns)
        if at >= len(tokens) or tokens[at] != ("bracket", ")"):
            raise QueryError("Incomplete query, a bracket is not closed")
        return found, at + 1
    if at >= len(tokens) or tokens[at][0] not in ("word", "field"):
        raise QueryError("Incomplete query, a field is missing")
    column = columns.get(tokens[at][1].lower())
    if column is None:
        raise QueryError(f"Unknown field: {tokens[at][1]}")
    if _word(tokens, at + 1) == "IS":
        negated = _word(tokens, at + 2) == "NOT"
        if _word(tokens, at + 2 + negated) != "NULL":
            raise QueryError("IS must be followed by NULL or NOT NULL")
        return (~column.missing if negated else column.missing), at + 3 + negated
    if at + 2 >= len(tokens) or tokens[at + 1][0] != "operator" or tokens[at + 2][0] not in ("text", "word"):
        raise QueryError(f"Incomplete query after {tokens[at][1]}")
    return column.compare(tokens[at + 1][1], tokens[at + 2][1]), at + 3


def _word(tokens: list[tuple[str, str]], at: int) -> str:
    return tokens[at][1].upper() if at < len(tokens) and tokens[at][0] == "word" else ""
