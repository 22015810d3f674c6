"""What is said of decisions: their kind, what was asked, what happened since, the log and its export. Knows records and
formats; knows neither storage nor layout.

Texts are plain unless a function says that it gives Markdown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from urllib.parse import quote

from impact.deciding import Draft, Missing
from impact.portfolio import ChangeView
from impact.records import AuditEntry, Decision, DecisionKind
from impact.words.formats import at, day_month, plain, unbroken, when
from impact.words.sentences import decide_short, word_label

KINDS: Mapping[DecisionKind, str] = {
    "continue": "Continue",
    "fix_first": "Fix first",
    "pause": "Pause",
    "roll_back": "Roll back",
    "close_benefit": "Close, benefit realised",
    "other": "Other",
}
MISSING: Mapping[Missing, str] = {
    "kind": "choose what was decided",
    "other": "say what “Other” means",
    "reason": "give the reason in a few words",
    "owner": "name the team or role that owns it",
    "owner_address": "name a team or a role as owner, not a person or an address",
    "due_early": "choose a due date that is not before the decision",
    "review_early": "choose a review date after the decision",
}
ANOTHER_WINDOW = "another window"
GONE = "no longer delivered by any source"
Table = dict[str, list[str]]


def kind_text(decision: Decision | Draft) -> str:
    """What was decided in a few words; for the kind "other", what was written."""
    if decision.kind is None:
        return "nothing chosen yet"
    if decision.kind == "other" and decision.other.strip():
        return decision.other.strip()
    return KINDS[decision.kind]


def dates_text(decision: Decision | Draft) -> str:
    """Until when, and when it is looked at again: due 5 Dec 2026, review 12 Dec 2026; empty without either."""
    parts = ((f"due {when(decision.due_on)}" if decision.due_on else ""),
             (f"review {when(decision.review_on)}" if decision.review_on else ""))  # fmt: skip
    return ", ".join(part for part in parts if part)


def decided_text(decision: Decision) -> str:
    """A decision in one line: Fix first (Payments, due 5 Dec 2026, review 12 Dec 2026): terminals time out."""
    about = ", ".join(part for part in (decision.owner, dates_text(decision)) if part)
    return f"{kind_text(decision)}{f' ({about})' if about else ''}: {decision.reason}"


def settled_text(decision: Decision) -> str:
    """What stands in place of a question that is settled: Decided: fix first, review 12 Dec 2026."""
    told = kind_text(decision)
    told = told if decision.kind == "other" else f"{told[:1].lower()}{told[1:]}"
    review = f", review {when(decision.review_on)}" if decision.review_on else ""
    return f"Decided: {told}{review}"


def settled_short(decision: Decision) -> str:
    """The same where there is little room: Fix first, review 12 Dec."""
    review = f", review {day_month(decision.review_on)}" if decision.review_on else ""
    return f"{kind_text(decision)}{review}"


def missing_text(codes: Sequence[Missing]) -> str:
    """What is still needed before a decision can be recorded; empty where nothing is."""
    if not codes:
        return ""
    told = [MISSING[code] for code in codes]
    return f"To record it, {', and '.join(filter(None, [', '.join(told[:-1]), told[-1]]))}."


def who(by: str, me: str) -> str:
    """Who recorded something, without a name: you, another signed-in person by the first signs of their hash, or
    another window where nobody signs in."""
    if not by:
        return ANOTHER_WINDOW
    return "you, in another window" if by == me else f"person {by[:6]}"


def asked_texts(codes: Iterable[str]) -> str:
    """What was asked when it was decided: Roll back, fix or keep?; a code that is no longer known stays as it is."""
    found = []
    for code in codes:
        try:
            found.append(decide_short(code))
        except KeyError:
            found.append(code)
    return " ".join(found) or "nothing was asked"


def word_since(decision: Decision, change: ChangeView | None) -> str:
    """What customers felt then and feel now: Worse → Mixed; unchanged where it is the same."""
    then = word_label(decision.word) if decision.word else "not recorded"
    if change is None:
        return f"{then} → {GONE}"
    now = word_label(change.word)
    return f"{then}, unchanged" if then == now else f"{then} → {now}"


def state_text(decision: Decision, *, newest: bool, today: date) -> str:
    """Whether a decision is in force: withdrawn, replaced by a newer one, due, or until when."""
    if decision.withdrawn:
        return "withdrawn"
    if not newest:
        return "replaced by a newer one"
    if decision.review_on is not None and decision.review_on <= today:
        return "review due"
    if decision.due_on is not None and decision.due_on < today:
        return "overdue"
    return "in force"


def draft_rows(draft: Draft | Decision) -> tuple[tuple[str, str], ...]:
    """A decision as lines of a list, so that two can be compared side by side."""
    taken_back = isinstance(draft, Decision) and draft.withdrawn
    return (
        ("Decision", "withdrawn" if taken_back else kind_text(draft)),
        ("Reason", draft.reason.strip() or "none given"),
        ("Owner", draft.owner.strip() or "none named"),
        ("Due", when(draft.due_on) if draft.due_on else "no date"),
        ("Review", when(draft.review_on) if draft.review_on else "no date"),
    )


def side_by_side(theirs: Decision, mine: Draft) -> tuple[str, str]:
    """Both versions as Markdown lists; what differs is bold."""
    left, right = draft_rows(theirs), draft_rows(mine)
    differs = [one != other for one, other in zip(left, right, strict=True)]
    return _list(left, differs), _list(right, differs)


def _list(rows: Sequence[tuple[str, str]], differs: Sequence[bool]) -> str:
    lines = []
    for (label, text), other in zip(rows, differs, strict=True):
        lines.append(f"- {label}: {f'**{plain(text)}**' if other else plain(text)}")
    return "\n".join(lines)


# --- tables ------------------------------------------------------------------------------------------------------


def change_link(change_id: str, change: ChangeView | None) -> str:
    """The change as a Markdown link to its page; by its id where no source delivers it any more."""
    if change is None:
        return f"{plain(change_id.split(':')[-1])} ({GONE})"
    return f"[{plain(f'{change.number} {change.title}')}](change?change={quote(change.id)})"


def log_link(decision: Decision) -> str:
    """What was decided, as a Markdown link to what was seen then."""
    return f"[{plain(kind_text(decision))}](decisions?decision={quote(decision.id)})"


def log_rows(
    decisions: Sequence[Decision],
    changes: Mapping[str, ChangeView],
    in_force: Mapping[str, Decision],
    *,
    today: date,
) -> Table:
    """The log as a table of Markdown texts, newest first as given."""
    table: Table = {name: [] for name in ("Decided", "Change", "Decision", "Reason", "Owner", "Due", "Review",
                                          "Customers, then → now", "State")}  # fmt: skip
    for d in decisions:
        change, newest = changes.get(d.change_id), in_force.get(d.change_id)
        revised = f", revision {d.revision}" if d.revision > 1 else ""
        row = (
            unbroken(when(d.decided_on)), change_link(d.change_id, change), log_link(d), plain(d.reason),
            plain(d.owner) or "–", *(unbroken(when(day)) if day else "–" for day in (d.due_on, d.review_on)),
            word_since(d, change),
            state_text(d, newest=newest is not None and newest.id == d.id, today=today) + revised,
        )  # fmt: skip
        for column, text in zip(table.values(), row, strict=True):
            column.append(text)
    return table


def due_rows(decisions: Sequence[Decision], changes: Mapping[str, ChangeView], *, today: date) -> Table:
    """Decisions that want to be looked at again, as a table of Markdown texts, in the order given."""
    table: Table = {name: [] for name in ("Change", "Decision", "Reason", "Owner", "Why now",
                                          "Customers, then → now")}  # fmt: skip
    for d in decisions:
        change = changes.get(d.change_id)
        row = (change_link(d.change_id, change), log_link(d), plain(d.reason), plain(d.owner) or "–",
               _why_now(d, today), word_since(d, change))  # fmt: skip
        for column, text in zip(table.values(), row, strict=True):
            column.append(text)
    return table


def _why_now(decision: Decision, today: date) -> str:
    """Review since 20 Nov 2026; to be done by 14 Nov 2026."""
    told = []
    if decision.review_on is not None and decision.review_on <= today:
        told.append("review today" if decision.review_on == today else f"review since {when(decision.review_on)}")
    if decision.due_on is not None and decision.due_on < today:
        told.append(f"to be done by {when(decision.due_on)}")
    return ", ".join(told)


EXPORTED = ("Decision id", "Revision", "Decided on", "Meeting", "Change id", "Change", "Decision", "Reason", "Owner",
            "Due on", "Review on", "Withdrawn", "Customers then", "Asked then", "Customers now", "Figures",
            "Data version", "Recorded at (UTC)", "Recorded by")  # fmt: skip


def export_rows(decisions: Iterable[Decision], changes: Mapping[str, ChangeView]) -> Table:
    """Every revision given, as a table for a spreadsheet: plain texts, dates as ISO dates."""
    table: Table = {name: [] for name in EXPORTED}
    for d in decisions:
        change = changes.get(d.change_id)
        row = (
            d.id, str(d.revision), d.decided_on.isoformat(), d.meeting_id or "", d.change_id,
            f"{change.number} {change.title}" if change else GONE, kind_text(d), d.reason, d.owner, _iso(d.due_on),
            _iso(d.review_on), "yes" if d.withdrawn else "no", word_label(d.word) if d.word else "",
            asked_texts(d.asked) if d.asked else "", word_label(change.word) if change else "", d.frozen_id or "",
            d.data_version, at(d.recorded_at) if d.recorded_at else "", d.recorded_by,
        )  # fmt: skip
        for column, text in zip(table.values(), row, strict=True):
            column.append(text)
    return table


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def history_rows(revisions: Sequence[Decision], *, zone: str, me: str) -> Table:
    """Every revision of one decision, oldest first: who wrote what when."""
    table: Table = {
        name: [] for name in ("Revision", "Recorded", "By", "Decision", "Reason", "Owner", "Due and review")
    }
    for d in revisions:
        told = "withdrawn" if d.withdrawn else kind_text(d)
        by = "not signed in" if not d.recorded_by else "you" if d.recorded_by == me else who(d.recorded_by, me)
        row = (str(d.revision), at(d.recorded_at, zone), by, plain(told), plain(d.reason), plain(d.owner) or "–",
               dates_text(d) or "–")  # fmt: skip
        for column, text in zip(table.values(), row, strict=True):
            column.append(text)
    return table


_TABLES = {"meeting": "Meeting", "decision": "Decision", "statement": "Expected effect", "frozen": "Figures kept"}


def audit_rows(entries: Sequence[AuditEntry], *, zone: str) -> Table:
    """The audit as a table of Markdown texts, in the order given: when, who, what, and what became of it."""
    table: Table = {name: [] for name in ("No.", "When", "By", "What", "Record", "Revision", "Changed")}
    for e in entries:
        row = (str(e.number), at(e.at, zone), e.by[:6] or "not signed in", _TABLES.get(e.table, e.table),
               plain(e.record_id), str(e.revision), plain(_changed(e)))  # fmt: skip
        for column, text in zip(table.values(), row, strict=True):
            column.append(text)
    return table


def audit_export(entries: Iterable[AuditEntry]) -> Table:
    """The whole audit for a spreadsheet; before and after as JSON."""
    table: Table = {name: [] for name in ("Number", "At (UTC)", "By", "Table", "Record", "Revision", "Before", "After")}
    for e in entries:
        before, after = (json.dumps(dict(side), sort_keys=True, default=str) if side is not None else ""
                         for side in (e.before, e.after))  # fmt: skip
        row = (str(e.number), at(e.at), e.by, e.table, e.record_id, str(e.revision), before, after)
        for column, text in zip(table.values(), row, strict=True):
            column.append(text)
    return table


_KIND_WORDS: Mapping[str, str] = {str(kind): text for kind, text in KINDS.items()}
_NOISE = {"revision", "recorded_at", "recorded_by", "content"}


def _changed(entry: AuditEntry) -> str:
    """Which fields of a record were written, with their values where they are short."""
    if entry.before is None:
        return "first recorded"
    names = [n for n in entry.after if n not in _NOISE and entry.before.get(n) != entry.after[n]]
    told = []
    for name in names:
        old, new = (_short(side.get(name)) for side in (entry.before, entry.after))
        told.append(f"{name.replace('_', ' ')}: {old} → {new}" if old and new else name.replace("_", " "))
    return "; ".join(told) or "nothing"


def _short(value: object) -> str:
    """A value as it is told in a line; empty for lists and long texts."""
    if value is None or value == "":
        return "none"
    text = value if isinstance(value, str) else str(value) if isinstance(value, (bool, int, float)) else ""
    text = _KIND_WORDS.get(text, text)
    return text if len(text) <= 60 else ""
