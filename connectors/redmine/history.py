"""How the history of an issue is read and what is kept of it: events, without notes and names. Knows no row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connectors.redmine.queries import Item, Redmine
from connectors.redmine.records import Known, custom_field, number_in
from connectors.values import whole
from impact.model import SourceRefused

Record = dict[str, Any]


def histories(redmine: Redmine, rows: Sequence[Item], part: str, known: Known) -> dict[int, list[Record]]:
    """Issue -> its events, oldest first. Redmine tells a history one issue at a time; those of issues that nobody
    touched since they were made are empty and not asked for. An issue that vanished meanwhile is left out."""
    survey = redmine.settings.field(part, "csat") if part == "ticket" else ""
    touched = [row for row in rows if _touched(row, survey)]
    found: dict[int, list[Record]] = {int(row["id"]): [] for row in rows if row not in touched}
    with ThreadPoolExecutor(redmine.settings.parallel, thread_name_prefix="history") as pool:
        for row, journals in zip(touched, pool.map(lambda row: _journals(redmine, row), touched), strict=True):
            if journals is not None:
                found[int(row["id"])] = events(row, journals, redmine, part, known)
    return found


def _touched(row: Item, survey: str) -> bool:
    """Whether anything happened to an issue since it was made; stamps are whole seconds, and programs are quick."""
    answer = (custom_field(row, survey) or {}).get("value")
    return row.get("created_on") != row.get("updated_on") or bool(row.get("closed_on")) or answer not in (None, "", [])


def _journals(redmine: Redmine, row: Item) -> list[Item] | None:
    try:
        answer = redmine.http.get(f"issues/{int(row['id'])}.json", [("include", "journals")], missing_ok=True)
    except SourceRefused:  # it has become private since the list was read
        return None
    issue = answer.get("issue") if isinstance(answer, Mapping) else None
    journals = issue.get("journals") if isinstance(issue, Mapping) else None
    return [j for j in journals if isinstance(j, Mapping)] if isinstance(journals, list) else None


def events(row: Item, journals: Sequence[Item], redmine: Redmine, part: str, known: Known) -> list[Record]:
    """Status changes, moves between teams, answers to the survey, and public notes by somebody else than the author."""
    survey = custom_field(row, redmine.settings.field(part, "csat")) if part == "ticket" else None
    found: list[Record] = []
    for journal in sorted(journals, key=lambda j: (str(j.get("created_on")), whole(j.get("id")) or 0)):
        at = journal.get("created_on")
        noted = str(journal.get("notes") or "").strip() and not journal.get("private_notes")
        if part == "ticket" and noted and number_in(journal, "user") != number_in(row, "author"):
            found.append({"at": at, "kind": "reply"})
        details = journal.get("details")
        for detail in details if isinstance(details, list) else ():
            event = _event(detail, redmine, survey, known) if isinstance(detail, Mapping) else None
            if event:
                found.append({"at": at, **event})
    return found


def _event(detail: Item, redmine: Redmine, survey: Item | None, known: Known) -> Record | None:
    kind, name = detail.get("property"), detail.get("name")
    old, new = str(detail.get("old_value") or ""), str(detail.get("new_value") or "")
    if (kind, name) == ("attr", "status_id"):
        return {"kind": "status", "old": _status(old, known), "new": _status(new, known)}
    if (kind, name) == ("attr", "assigned_to_id") and new in known.groups:
        return {"kind": "team", "old": f"group:{old}" if old in known.groups else "", "new": f"group:{new}"}
    if (kind, name) == ("attr", "project_id") and "project" in redmine.settings.teams_from:
        return {"kind": "team", "old": f"project:{old}", "new": f"project:{new}"}
    if kind == "cf" and survey is not None and str(name) == str(survey.get("id")):
        return {"kind": "answer", "new": "given" if new else ""}
    return None


def _status(number: str, known: Known) -> Record:
    name, is_closed = known.statuses.get(number, (number, None))
    return {"name": name, "is_closed": is_closed}
