"""Which of a company's own fields probably mean what, told by their labels. Proposes only: people decide.

Knows words, no vendor and no record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from connectors import OwnField

WORDS: Mapping[str, tuple[str, ...]] = {
    "expected_benefit_hours": ("hours saved", "saved hours", "benefit hours", "benefit in hours", "zeitersparnis"),
    "expected_benefit_money": ("expected benefit", "benefit", "saving", "savings", "nutzen", "einsparung", "bénéfice"),
    "planned_cost": ("planned cost", "estimated cost", "budget", "cost estimate", "geplante kosten", "coût prévu"),
    "actual_cost": ("actual cost", "total cost", "cost", "costs", "kosten", "coût"),
    "expected_outcome": ("expected outcome", "customer outcome", "expected effect", "erwartete wirkung"),
    "outcome": (
        *("implementation result", "change result", "close code", "closure code", "outcome", "result", "success"),
        *("ergebnis", "erfolg", "résultat"),
    ),
    "rollout_start_at": ("actual start", "go live", "go-live", "live since", "deployed on", "rollout date", "rollout"),
    "rollout_end_at": ("actual end", "rollout end", "deployed until", "completed on"),
    "risk": ("risk level", "risk", "risiko", "risque"),
    "change.kind": ("change type", "type of change", "art der änderung"),
    "milestone.kind": ("milestone type", "step type"),
    "requirement": ("customer requirement", "requirement", "business need", "anforderung", "exigence"),
    "sponsor": ("sponsor", "business owner", "auftraggeber"),
    "service": (
        *("affected service", "business service", "service", "application", "configuration item", "dienst"),
        *("anwendung", "system", "produkt", "product"),
    ),
    "csat": (
        *("satisfaction rating", "satisfaction", "csat", "customer rating", "how satisfied", "zufriedenheit"),
        *("rating", "bewertung"),
    ),
    "caused_by": ("caused by change", "caused by", "causing change", "verursacht durch"),
    "lost_minutes": ("lost minutes", "lost time", "minutes lost", "working time lost", "ausfallzeit"),
    "channel": ("channel", "contact type", "kanal"),
    "audience": ("audience", "target group", "zielgruppe"),
    "location": ("location", "site", "office", "building", "standort", "ort"),
    "department": ("department", "division", "business unit", "abteilung", "service client"),
    "role": ("job role", "role", "rolle"),
    "device": ("device", "device type", "gerät"),
    "tier": ("support tier", "tier", "customer tier"),
}
"""Canonical field, after its part where the words fit that part only -> words in labels, the plainest first. Fields are
proposed in this order, each of the company's fields for one of ours."""

OTHERWISE = re.compile(r"\b(cost cent(er|re)|operating system)\b", re.IGNORECASE)
"""What holds such a word and means something else."""


@dataclass(frozen=True)
class Proposal:
    """``fields.<part>.<field> = <own name>``, where people see that field as ``label``."""

    part: str
    field: str
    name: str
    label: str


def proposals(
    seen: Iterable[OwnField],
    wanted: Mapping[str, Mapping[str, str]],
    present: Callable[[str, str], str] = lambda part, field: "",
) -> tuple[Proposal, ...]:
    """What ``fields`` may say. ``wanted``: by part, the canonical fields that the connector takes, with default names.
    ``present(part, field)``: what the settings say now; a field whose present name is among the seen ones, or for which
    one of them is read as it is, stays."""
    fields = list(dict.fromkeys(seen))
    return tuple(found for part, names in wanted.items() for found in _of_part(part, names, fields, present))


def _of_part(
    part: str, names: Mapping[str, str], seen: list[OwnField], present: Callable[[str, str], str]
) -> Iterator[Proposal]:
    left = {own.name: own for own in seen if own.part == part}
    labels = {own.label.casefold() for own in left.values()} | {name.casefold() for name in left}
    kept = {present(part, field).casefold() for field in names if present(part, field).casefold() in labels}
    served = {own.read_as for own in left.values()} | {f for f in names if present(part, f).casefold() in kept}
    left = {
        name: own
        for name, own in left.items()
        if not (own.read_as or {name.casefold(), own.label.casefold()} & kept or OTHERWISE.search(own.label))
    }
    for named, words in WORDS.items():
        only, _, field = named.rpartition(".")
        if field not in names or field in served or only not in ("", part):
            continue
        found = next((own for word in words for own in _labelled(word, left.values())), None)
        if found:
            del left[found.name]
            yield Proposal(part, field, found.name, found.label)


def _labelled(word: str, fields: Iterable[OwnField]) -> list[OwnField]:
    """Fields with the word in their label, those that say least else first."""
    pattern = re.compile(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", re.IGNORECASE)
    return sorted((own for own in fields if pattern.search(own.label)), key=lambda own: (len(own.label), own.label))
