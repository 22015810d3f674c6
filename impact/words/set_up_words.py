"""What the guided set-up says about what it asks and found. Decides nothing."""

from __future__ import annotations

from impact.proposing import Proposal
from impact.set_up import Question, Trial
from impact.words.formats import duration, plain, plural

HERE = (
    "Answer a few questions: the answers are tried at once, what was found is shown, and only then they are written "
    "into the file of secrets on this machine."
)
BY_HAND = (
    "By hand: put one of these sections into `.streamlit/secrets.toml` in the project's folder, with your own values. "
    "`python3 run.py impact check` signs in, reads one page and says what is missing; "
    "`python3 run.py impact add-source` asks the same questions in a terminal."
)
NAME = "Name of the source; it becomes part of every record's id"
MAPPING = "What is read is told by a mapping, which questions cannot make."
PROPOSED = "Own fields that look like something the dashboard knows:"


def label(question: Question) -> tuple[str, str]:
    """What a field for the answer is called, and the example that stands in it while it is empty."""
    text, _, example = question.help.partition(", such as ")
    needed = "" if question.default is not None else " (needed)"
    return f"{text}{needed}", question.default or example


def about(tried: Trial) -> str:
    """How much the first sync reads and how long that takes, as far as the trial shows it."""
    if not tried.works:
        return "How much there is to read is not known: the source did not answer."
    count = plural(tried.records, "record")
    if tried.seconds is None:
        return f"The first sync reads at least {count}; the source does not say how many there are."
    return f"The first sync reads {count}: {roughly(tried.seconds)}."


def roughly(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 90:
        return "less than a minute" if seconds < 45 else "about a minute"
    return " ".join(("about", *duration(seconds / 60)))


def proposal(proposed: Proposal, *, markdown: bool = True) -> str:
    """Which own field is taken for which of ours."""
    label = plain(proposed.label) if markdown else proposed.label
    own = label if proposed.label == proposed.name else f"{label} ({proposed.name})"
    return f"{proposed.part}: {own} is our {proposed.field.replace('_', ' ')}"
