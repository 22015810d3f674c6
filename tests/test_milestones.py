"""Which kind and end a milestone has, told by its words: the organisation's own first, built-in ones last."""

from __future__ import annotations

import pytest

from impact.milestones import BUILT_IN, Kind, classified, has_word
from impact.model import END_OF_KIND
from impact.sections import MilestoneRule

BRIEFING = MilestoneRule(("roadshow", "stand-up"), "communication", "business")


@pytest.mark.parametrize(
    ("title", "kind", "end"),
    [
        ("Requirements agreed with the branches", "requirement", "design"),
        ("Training of shop staff", "training", "business"),
        ("Service desk briefed", "support_ready", "business"),
        ("Newsletter to all colleagues", "communication", "business"),
        ("Build finished", "build", "design"),
        ("User acceptance", "test", "design"),
        ("CAB", "approval", "design"),
        ("Go-live wave 2", "rollout", "rollout"),
        ("Benefits reviewed", "review", "review"),
        ("Anwenderschulung Filialen", "training", "business"),
        ("Lastenheft abgestimmt", "requirement", "design"),
        ("Ankündigung im Intranet", "communication", "business"),
        ("Übergabe an den Betrieb", "support_ready", "business"),
        ("Systemeinführung", "rollout", "rollout"),
        ("Formation des guichets", "training", "business"),
        ("Mise en production", "rollout", "rollout"),
        ("Cahier des charges validé", "requirement", "design"),
    ],
)
def test_built_in_words_sort_what_no_source_has_sorted(title: str, kind: str, end: str) -> None:
    assert classified(title, None, "other", "other") == Kind(kind, end, True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "title",
    ["Constraint list", "Publish the latest figures", "Cabling done", "Contest", "Information security", "Phase 2"],
)
def test_words_inside_other_words_sort_nothing(title: str) -> None:
    assert classified(title, None, "other", "other") == Kind("other", "other", False)


def test_what_the_source_said_stays_where_no_configured_rule_speaks_of_it() -> None:
    assert classified("Training booklet designed", "design", "design", "design") == Kind("design", "design", False)
    assert classified("Roadshow", None, "training", "other") == Kind("training", "business", False)


def test_a_configured_rule_overrules_the_source_and_the_built_in_words() -> None:
    rules = (BRIEFING,)
    assert classified("Roadshow and training", "t", "training", "business", rules).kind == "communication"
    assert classified("Roadshow", None, "rollout", "rollout", rules) == Kind("communication", "business", True)
    assert classified("Training", None, "other", "other", rules).kind == "training"


def test_the_sources_own_word_is_read_before_the_title() -> None:
    assert classified("Design workshop", "Training", "other", "other").kind == "training"
    assert classified("Training plan", "Design", "other", "other").kind == "design"


def test_an_end_that_the_source_named_stays_when_only_the_kind_was_unknown() -> None:
    assert classified("Training of testers", None, "other", "design") == Kind("training", "design", True)


def test_a_rule_may_give_a_kind_another_end_than_usual() -> None:
    rule = MilestoneRule(("pilot",), "test", "business")
    assert classified("Pilot in two branches", None, "test", "design", (rule,)) == Kind("test", "business", True)


@pytest.mark.parametrize(
    ("text", "word", "found"),
    [
        ("Training day", "train", True),
        ("CONSTRAINT", "train", False),
        ("CAB on Monday", "cab", True),
        ("cabling", "cab", False),
        ("Anwenderschulung", "schulung", False),
        ("Anwenderschulung", "*schulung", True),
        ("Schulungsplan", "*schulung", True),
        ("Go/No-Go", "go/no-go", True),
        ("Übergabe", "übergabe", True),
    ],
)
def test_a_word_counts_at_the_beginning_of_a_word_and_with_a_star_at_its_end(text: str, word: str, found: bool) -> None:
    assert has_word(text, word) is found


def test_every_kind_but_other_has_built_in_words_and_its_usual_end() -> None:
    assert {rule.kind for rule in BUILT_IN} == set(END_OF_KIND) - {"other"}
    assert all(rule.end == END_OF_KIND[rule.kind] for rule in BUILT_IN)
