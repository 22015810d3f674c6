"""Every verdict word for word: sentence, rules and headline of each word, of each way to read and of each hold.

The texts are kept in tests/golden/verdicts.txt. ``python -m tests.test_wording_verdicts`` writes the file anew after
a wanted change of words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from impact import wording
from impact.choices import chosen
from impact.estimation.panel import Shape
from impact.holds import Cause, Hold
from impact.metrics import BY_NAME
from impact.portfolio import Neighbour, Reading
from impact.verdict import Verdict, Word, judge
from tests.samples import WIFI, change, estimated, held, measured, reading, refused, silent
from tests.test_wording import FORBIDDEN

GOLDEN = Path(__file__).with_name("golden") / "verdicts.txt"
MAIL = Neighbour("itsm:change:7", "CHG-107", "Mail filter", date(2026, 9, 9), ("VPN",))
RISE, FALL, MAYBE, FLAT = (0.131, 0.077, 0.182), (-0.25, -0.31, -0.19), (0.02, -0.1, 0.14), (0.004, -0.02, 0.03)
BOTH = (WIFI.change_id, MAIL.change_id)
Line = tuple[str, str]


def on_hold(metric: str, hold: Hold) -> Reading:
    """A clear rise that is held back."""
    result = estimated(metric, *RISE)
    return Reading(BY_NAME[metric], result, judge(BY_NAME[metric], result, hold=hold))


def early(effect: tuple[float, float, float], **other: Any) -> Reading:
    """A look after seven of fourteen days."""
    seen = {"look": 7, "multiplier": 1.28, "final_days": 14, "shape": Shape(42, 7), "post_to": date(2026, 9, 14)}
    return reading(estimated("tickets", *effect, **(seen | other)))


def each_word() -> Iterator[tuple[str, Word, Reading]]:
    """One reading for every word that a measure can have."""
    yield "better", "better", reading(estimated("tickets", *FALL))
    yield "worse", "worse", reading(estimated("tickets", *RISE))
    yield "leaning better", "leaning_better", reading(estimated("tickets", *FALL, p_value=0.03, q_value=0.4))
    yield "leaning worse", "leaning_worse", reading(estimated("tickets", *RISE, p_value=0.03, q_value=0.4))
    yield "no real change", "no_change", reading(estimated("tickets", *FLAT))
    yield "cannot tell", "cannot_tell", reading(estimated("tickets", *MAYBE))
    yield "too early", "too_early", reading(refused("tickets", "too_early", possible_from=date(2026, 9, 11)))
    yield "too early, so far", "too_early", early(MAYBE)
    yield "too early, so far nothing", "too_early", early(FLAT)
    yield "too early, last look", "too_early", early(MAYBE, look=10, final_from=date(2026, 9, 22))
    yield "too little", "too_little", reading(estimated("tickets", 0.1, -0.8, 1.0, smallest_detectable=0.9))
    yield "too little, counted", "too_little", reading(refused("tickets", "too_little_data", needed=10, have=4))
    yield "cannot separate", "cannot_separate", reading(refused("tickets", "cannot_be_separated", blocking=BOTH))
    later = refused("tickets", "cannot_be_separated", blocking=BOTH, possible_from=date(2026, 10, 20))
    yield "cannot separate yet", "cannot_separate", reading(later)
    yield "no data", "no_data", reading(refused("tickets", "no_data"))
    yield "not rolled out", "not_rolled_out", silent("tickets", "not_rolled_out", "not_rolled_out")
    for cause in get_args(Cause):
        yield f"on hold, {cause}", "on_hold", on_hold("tickets", held(cause))
    yield "on hold everywhere", "on_hold", on_hold("satisfaction", Hold("many", measured("all", 112, 1000)))
    yield "on hold, 1 to 5", "on_hold", on_hold("satisfaction", held("many", "1 to 5 a day"))


def each_way() -> Iterator[tuple[str, Reading]]:
    """One reading for every way to read, and for what goes with it."""
    yield "first days", reading(estimated("tickets", *RISE, reading="first_days", shape=Shape(42, 3, 0)))
    yield "lasting", reading(estimated("tickets", *RISE, reading="lasting", shape=Shape(42, 14, 4)))
    yield "late", reading(estimated("tickets", *RISE, reading="late", shape=Shape(42, 28)))
    yield "preliminary", early(RISE)
    yield "preliminary hint", early(RISE, q_value=0.4)
    yield "preliminary, bar not raised", early(RISE, multiplier=1.0)
    yield "joint", reading(estimated("tickets", *RISE, method="joint", together=BOTH))
    yield "bundle", reading(estimated("tickets", *RISE, method="bundle", together=BOTH))
    days = {"reading": "first_days", "shape": Shape(42, 3, 0)}
    yield "bundle, first days", reading(estimated("tickets", *RISE, method="bundle", together=BOTH, **days))
    yield "gradual", reading(estimated("tickets", *RISE, shape=Shape(42, 14, 13), post_from=date(2026, 9, 20)))
    yield "shrunk", reading(estimated("tickets", *RISE, shrunk=0.09))
    yield "guardrail", reading(estimated("reopened", 0.06, 0.03, 0.09))
    own = next(m for m in chosen({"matters": {"tickets": 0.2}}) if m.name == "tickets")
    result = estimated("tickets", *RISE)
    yield "margin of the user", Reading(own, result, judge(own, result))


def words() -> Iterator[Line]:
    for name, word, found in each_word():
        view = change(word, found, neighbours=(WIFI, MAIL), status="planned" if "not" in name else "done")
        assert found.verdict.word == word, name
        yield f"{name}: sentence", wording.sentence(view, found)
        yield f"{name}: headline", wording.headline(view)
        yield f"{name}: rules", " / ".join(wording.rules(found))


def ways() -> Iterator[Line]:
    view = change("worse", neighbours=(WIFI, MAIL))
    for name, found in each_way():
        yield f"{name}: sentence", wording.sentence(view, found)
        yield f"{name}: rules", " / ".join(wording.rules(found))
        yield f"{name}: reasons", " / ".join(wording.reasons(view, found))
        for row in wording.why(found):
            if row[0] in ("Seen so far", "Smallest effect that matters", "In a list of the largest"):
                yield f"{name}: {row[0]}", row[1]
    together = reading(estimated("tickets", *RISE, method="bundle", together=BOTH))
    yield "bundle beside a refusal", wording.bundle_text(view, together)


def lists() -> Iterator[Line]:
    yield "largest effects", wording.OVERSTATED
    for shrunk in (0.09, 0.0, -0.01, None):
        yield f"shrunk to {shrunk}", wording.shrunk_text(reading(estimated("tickets", *RISE, shrunk=shrunk)))
    yield "shrunk points", wording.shrunk_text(reading(estimated("satisfaction", 0.3, 0.1, 0.5, shrunk=0.2)))
    for name, told in wording.READINGS_TOLD.items():
        yield wording.reading_label(name), told


def everything() -> str:
    """All texts, one a line, no-break spaces shown as plain ones."""
    lines = []
    for section in (words, ways, lists):
        lines.append(f"== {section.__name__}")
        lines += [f"{name} => {text}".replace("\N{NO-BREAK SPACE}", " ").rstrip() for name, text in section()]
    return "\n".join(lines) + "\n"


def test_every_verdict_reads_as_it_was_agreed() -> None:
    assert everything() == GOLDEN.read_text(encoding="utf-8")


def test_every_word_of_a_measure_has_a_golden_text() -> None:
    assert {word for _, word, _ in each_word()} == set(get_args(Word)) - {"mixed"}, "mixed is said of changes only"


def test_no_verdict_uses_statistics_slang_or_claims_a_cause() -> None:
    texts = [line.split(" => ")[1] for line in everything().splitlines() if " => " in line]
    assert [text for text in texts if FORBIDDEN.search(text)] == []


@pytest.mark.parametrize("cause", get_args(Cause))
def test_a_held_answer_shows_no_effect_in_its_sentence(cause: Cause) -> None:
    told = wording.sentence(change(), on_hold("tickets", held(cause)))
    assert told.startswith("On hold: ")
    assert "likely between" not in told


def test_a_change_on_hold_says_why_below_its_headline() -> None:
    found = on_hold("tickets", held("many"))
    assert wording.headline(change("on_hold", found)).replace("\N{NO-BREAK SPACE}", " ") == (
        "What customers felt is on hold. For services with under 1 ticket a day this method raised 11.3 % false alarms "
        "here on 310 dates without changes; promised are about 5 %."
    )


def test_a_verdict_without_a_hold_is_not_told_as_one() -> None:
    found = on_hold("tickets", held("many"))
    free = replace(found, verdict=Verdict("worse", "effect"))
    assert wording.sentence(change(), free).startswith("Tickets rose by about 14")


if __name__ == "__main__":
    GOLDEN.write_text(everything(), encoding="utf-8")
