"""The one door to everything said on screen: words, sentences, amounts, grounds and freshness; decides nothing.

"Likely range" is the 95 % interval; how each kind of text is made is in the modules named here.
"""

from impact.words.amounts import (
    basis,
    before_after,
    effect_text,
    expected_text,
    margin_text,
    nouns_of,
    range_text,
    size_text,
)
from impact.words.as_of import as_of, stale
from impact.words.formats import (
    at,
    days,
    duration,
    level,
    listed,
    number,
    percent,
    plain,
    plural,
    span,
    when,
)
from impact.words.grounds import flag_text, reasons, why
from impact.words.sentences import (
    OBSERVATION,
    RANGE_HELP,
    decide_short,
    decide_text,
    felt,
    headline,
    leading_reading,
    not_live,
    sentence,
    stands,
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
    "felt",
    "flag_text",
    "headline",
    "leading_reading",
    "level",
    "listed",
    "margin_text",
    "not_live",
    "nouns_of",
    "number",
    "percent",
    "plain",
    "plural",
    "range_text",
    "reasons",
    "sentence",
    "size_text",
    "span",
    "stale",
    "stands",
    "strip_text",
    "when",
    "why",
    "word_label",
]
