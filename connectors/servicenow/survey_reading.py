"""Which surveys of a ServiceNow are read, and what is put beside them: their questions and answers. What somebody wrote
is not kept. Knows no canonical row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from connectors import Page
from connectors.http import Http
from connectors.servicenow.instance import Instance
from connectors.servicenow.keyset import Part
from connectors.servicenow.passes import run_pass
from connectors.servicenow.queries import ID, Item
from connectors.servicenow.records import named, segments_in, some
from connectors.servicenow.settings import ServiceNowSettings
from connectors.settings import SEGMENTS

SENT, ASKED, ANSWERED = "asmt_assessment_instance", "asmt_metric", "asmt_metric_result"
METHOD, SURVEY = "metric_type.evaluation_method", "survey"
QUESTION = {
    "name": "name",
    "datatype": "datatype",
    "min": "min",
    "max": "max",
    "scale_definition": "direction",
}
"""What a question has there, and what it is called in a payload."""
NOT_APPLICABLE = ("n/a", "na", "not applicable")


def read_surveys(http: Http, settings: ServiceNowSettings, since: datetime | None) -> Iterator[Page]:
    """Surveys that were sent, with their answers. Those of the last days come again."""
    dimensions = {name: settings.paths(SENT, "survey", name) for name in SEGMENTS}
    groups = named(dimensions)

    def parts(instance: Instance) -> list[Part]:
        questions = read_questions(instance)

        def enrich(rows: Sequence[Item]) -> list[Item]:
            surveys = [row for row in rows if row.get(METHOD) in (None, SURVEY)]  # the same table has other assessments
            answers = read_answers(instance, surveys)
            return [
                {name: value for name, value in row.items() if name not in (*groups, METHOD)}
                | {"questions": _asked(questions.get(str(row.get("metric_type")), []), answers.get(str(row[ID]), []))}
                | {"answers": [_told(answer) for answer in answers.get(str(row[ID]), [])]}
                | some("segments", segments_in(row, dimensions))
                for row in surveys
            ]

        fields = ("metric_type", "state", "taken_on", "trigger_table", "trigger_id", "sys_created_on")
        return [Part(SENT, (METHOD, *fields, *groups), enrich=enrich)]

    days = timedelta(days=settings.survey_days)
    return run_pass(Instance(http, settings), parts, since, back_to=days)


def read_questions(instance: Instance) -> dict[str, list[Item]]:
    """The questions of all surveys, by survey; none where the user may not read them."""
    found: dict[str, list[Item]] = {}
    if instance.may_read(ASKED):
        for row in instance.listed(ASKED, ("metric_type", *QUESTION)):
            about = {ours: row[theirs] for theirs, ours in QUESTION.items() if theirs in row}
            found.setdefault(str(row.get("metric_type")), []).append({"id": row[ID], **about})
    return found


def read_answers(instance: Instance, surveys: Sequence[Item]) -> dict[str, list[Item]]:
    """The answers to surveys, by survey, each with what it says of its question."""
    fields = ("metric", "actual_value", "string_value", *(f"metric.{name}" for name in QUESTION))
    return instance.beside(ANSWERED, "instance", (str(row[ID]) for row in surveys), fields)


def _asked(questions: Sequence[Item], answers: Sequence[Item]) -> list[Item]:
    """The questions of a survey: as its definition has them, else as its answers tell."""
    known = {str(question["id"]): question for question in questions}
    for answer in answers:
        about = {ours: answer[f"metric.{theirs}"] for theirs, ours in QUESTION.items() if f"metric.{theirs}" in answer}
        if about and answer.get("metric") and str(answer["metric"]) not in known:
            known[str(answer["metric"])] = {"id": str(answer["metric"]), **about}
    return list(known.values())


def _told(answer: Item) -> Item:
    """An answer without its words."""
    told = {"question": answer.get("metric"), "value": answer.get("actual_value")}
    if str(answer.get("string_value")).strip().lower() in NOT_APPLICABLE:
        told["skipped"] = "true"
    return {name: value for name, value in told.items() if value is not None}
