"""The one door to everything said on screen: words, sentences, amounts, grounds and freshness; decides nothing.

"Likely range" is the 95 % interval; how each kind of text is made is in the modules named here.
"""

from impact.amounts import (
    basis,
    before_after,
    effect_text,
    expected_text,
    margin_text,
    nouns_of,
    points,
    range_text,
    shown,
    size_text,
)
from impact.as_of import as_of, stale
from impact.formats import at, days, duration, hours, level, listed, number, percent, plain, plural, signed, span, when
from impact.grounds import flag_text, reasons, why
from impact.sentences import (
    OBSERVATION,
    RANGE_HELP,
    decide_short,
    decide_text,
    headline,
    leading_reading,
    sentence,
    strip_text,
    word_label,
)

__all__ = [
    "OBSERVATION",
    "RANGE_HELP",
    "as_of",
    "at",
    "basis",
    "before_after",
    "days",
    "decide_short",
    "decide_text",
    "duration",
    "effect_text",
    "expected_text",
    "flag_text",
    "headline",
    "hours",
    "leading_reading",
    "level",
    "listed",
    "margin_text",
    "nouns_of",
    "number",
    "percent",
    "plain",
    "plural",
    "points",
    "range_text",
    "reasons",
    "sentence",
    "shown",
    "signed",
    "size_text",
    "span",
    "stale",
    "strip_text",
    "when",
    "why",
    "word_label",
]
