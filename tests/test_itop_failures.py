"""An iTop that fails, or hides what it has, for some of its classes only: nothing may look empty, untouched or gone.
What it says about queries it does not understand is in ``test_itop.py``."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from connectors.itop import CONNECTOR
from impact.model import SourceChanged
from tests.dialect import Reply, Request
from tests.dialects.itop import Vendor
from tests.passes import Case, case

HISTORY = "CMDBChangeOpSetAttributeScalar"


def _failing_for(at: Case, kind: str) -> None:
    """From now on the database fails for whatever is asked about one class, with the code of a bad query."""
    good = at.dialect.answer

    def answer(request: Request) -> Reply:
        if json.loads(request.form()["json_data"]).get("class") == kind:
            return Reply({"code": 100, "message": "Error: Failed to issue SQL query: MySQL server has gone away"})
        return good(request)

    at.dialect.answer = answer  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        ("teams", "Team"),
        ("segments", "Location"),
        ("tickets", "Incident"),
        ("tickets", HISTORY),
        ("tickets", "SLT"),
        ("changes", "lnkFunctionalCIToTicket"),
        ("milestones", "WorkOrder"),
    ],
)
def test_a_class_whose_query_fails_ends_the_stream_and_is_not_taken_for_one_that_is_missing(
    stream: str, kind: str
) -> None:
    with case(CONNECTOR, Vendor) as at:
        at.dialect.fill(stream, 3)
        assert at.read(stream).error is None
        _failing_for(at, kind)
        failed = at.read(stream)
        assert isinstance(failed.error, SourceChanged)
        assert f"failed at a query about the class {kind} " in str(failed.error)
        assert failed.payloads == [] or kind == "Location"


def test_a_history_of_which_the_user_sees_nothing_is_unknown_and_not_empty() -> None:
    with case(CONNECTOR, Vendor) as at:
        at.dialect.fill("tickets", 1)
        [payload] = at.read("tickets").payloads
        assert "history" not in payload
        with closing(CONNECTOR.open(at.settings)) as http:
            told = list(CONNECTOR.check(http, at.settings))
        assert any(text.endswith(f"because the user sees no object of the class {HISTORY}") for text in told)
