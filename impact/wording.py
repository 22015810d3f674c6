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
from impact.words.circumstances import OVERSTATED, READINGS_TOLD, reading_label, shrunk_text
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
from impact.words.grounds import flag_text, reasons, rules, why
from impact.words.holds import hold_text
from impact.words.sentences import (
    OBSERVATION,
    RANGE_HELP,
    bundle_text,
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
    "OVERSTATED",
    "RANGE_HELP",
    "READINGS_TOLD",
    "as_of",
    "at",
    "basis",
    "before_after",
    "bundle_text",
    "days",
    "decide_short",
    "decide_text",
    "duration",
    "effect_text",
    "expected_text",
    "felt",
    "flag_text",
    "headline",
    "hold_text",
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
    "reading_label",
    "reasons",
    "rules",
    "sentence",
    "shrunk_text",
    "size_text",
    "span",
    "stale",
    "stands",
    "strip_text",
    "when",
    "why",
    "word_label",
]
