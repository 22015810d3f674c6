"""Which kind of step a milestone is and which end of a change it prepares, told by the words in its title. Knows words
and rules, no vendor, no dates and no layout.

The organisation's own rules (``[milestones.<key>]``) come first and also overrule what a source said, because they are
the organisation's own words; the built-in ones only sort what nobody has sorted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from impact.model import END_OF_KIND, MilestoneEnd, MilestoneKind
from impact.sections import MilestoneRule

SHORT_WORD = 3
"""Up to so many letters a word must stand alone: "cab" is not in "cabling"."""


@dataclass(frozen=True)
class Kind:
    """A milestone's kind and end; ``by_rule`` says that words decided, not the source."""

    kind: MilestoneKind
    end: MilestoneEnd
    by_rule: bool


_WORDS: tuple[tuple[MilestoneKind, str], ...] = (
    ("requirement", "requirement, business case, user stor, anforderung, lastenheft, *anforderungen, exigence, "
     "expression de besoin, cahier des charges, expression des besoins"),
    ("training", "train, workshop, e-learning, course, coaching, schulung, *schulung, *schulungen, einweisung, "
     "unterweisung, lehrgang, formation"),
    ("communication", "communicat, announce, newsletter, informing, inform staff, inform users, "
     "inform colleagues, inform customers, notif, briefing, mailing, town hall, kommunikation, "
     "*kommunikation, ankündigung, bekanntmachung, rundschreiben, rundmail, annonce, courriel"),
    ("support_ready", "service desk, servicedesk, helpdesk, help desk, support ready, support readiness, knowledge, "
     "faq, handover, hand over, wissensartikel, wissensdatenbank, übergabe, betriebsübergabe, support bereit, "
     "hotline, centre de services, base de connaissances, passation"),
    ("review", "review, lessons, retrospect, post-implementation, benefits review, benefit review, "
     "nachbetrachtung, rückblick, "
     "erfolgskontrolle, nutzenkontrolle, retour d'expérience, retour d’expérience, bilan, revue"),
    ("approval", "approv, cab, sign-off, sign off, go/no-go, genehmig, freigabe, *freigabe, zustimmung, "
     "approbation, autorisation, homologation"),
    ("test", "test, pilot, uat, acceptance, abnahme, *abnahme, lasttest, systemtest, benutzertest, "
     "integrationstest, regressionstest, probebetrieb, erprobung, recette, essai, "
     "qualification"),
    ("design", "design, architect, architektur, *architektur, concept, konzept, *konzept, specif, spezifik, "
     "pflichtenheft, entwurf, conception, architecture, spécif, maquette"),
    ("rollout", "rollout, roll out, roll-out, deploy, go-live, go live, golive, release, cutover, cut-over, launch, "
     "ausroll, einführung, *einführung, inbetriebnahme, umstellung, produktivsetzung, produktivstart, déploiement, "
     "mise en production, mise en service, bascule"),
    ("build", "build, implement, develop, configur, umsetzung, entwicklung, implementierung, konfiguration, aufbau, "
     "réalisation, développement, paramétrage, construction"),
)  # fmt: skip
"""Built-in words, English, German and French; the first kind with a word decides. ``*`` before a word finds it at the
end of a compound too, as German makes them: Anwenderschulung."""

BUILT_IN = tuple(
    MilestoneRule(tuple(word.strip() for word in words.split(",")), kind, END_OF_KIND[kind]) for kind, words in _WORDS
)


@lru_cache(maxsize=20_000)
def classified(
    title: str, kind_raw: str | None, kind: MilestoneKind, end: MilestoneEnd, rules: tuple[MilestoneRule, ...] = ()
) -> Kind:
    """Kind and end of a milestone. ``kind`` and ``end`` are what the source said, ``kind_raw`` its own word for it.

    A configured rule decides whatever the source said. Without one, a kind the source knows stays; "other" is sorted
    by built-in words, and an end the source named stays then too. The source's own word is read before the title.
    """
    configured = _first(rules, kind_raw, title)
    if configured is not None:
        return Kind(configured.kind, configured.end, True)
    if kind != "other":
        return Kind(kind, end if end != "other" else END_OF_KIND[kind], False)
    built_in = _first(BUILT_IN, kind_raw, title)
    if built_in is None:
        return Kind(kind, end, False)
    return Kind(built_in.kind, built_in.end if end == "other" else end, True)


def _first(rules: Sequence[MilestoneRule], *texts: str | None) -> MilestoneRule | None:
    """The first rule with a word in the first text that has any."""
    found = (rule for text in texts if text for rule in rules if any(has_word(text, word) for word in rule.contains))
    return next(found, None)


def has_word(text: str, word: str) -> bool:
    """Whether a word of the text begins so, in any case: "train" is in "Training day", not in "constraint". Up to three
    letters must be the whole word. With ``*`` before it, words that end so count too."""
    return _pattern(word).search(text) is not None


@cache
def _pattern(word: str) -> re.Pattern[str]:
    ending = word.startswith("*")
    bare = word.removeprefix("*")
    start = re.escape(bare)
    after = r"(?!\w)" if len(bare) <= SHORT_WORD else ""
    begins = rf"(?<!\w){start}{after}"
    return re.compile(rf"{begins}|{start}(?!\w)" if ending else begins, re.IGNORECASE)
