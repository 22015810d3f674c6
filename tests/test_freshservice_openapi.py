"""What is asked of Freshservice, and our payloads, beside the vendor's own OpenAPI file of version 2.0.1, where it lies
beside the repository. That file is older than some of what is asked; each such thing is named here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft4Validator

import connectors
from connectors import Stream
from impact.model import Rejected
from tests import contract
from tests.dialect import BEGIN, Request
from tests.dialects.freshservice import Vendor
from tests.passes import case

CONNECTOR = connectors.load("freshservice")
NEWER_PATHS = {
    "/api/v2/workspaces": "workspaces came later",
    "/api/v2/groups": "called agent_groups in the file; asked for there too",
    "/api/v2/ticket_form_fields": "beside change_form_fields, which the file has",
    "/api/v2/tickets/{id}/csat_response": "the file has the definitions of surveys only",
}
NEWER_PARAMETERS = {
    "workspace_id": "workspaces came later",
    "order_by": "sent and not relied upon: the order is proved, or pages are counted",
    "order_type": "in the file for tickets only",
    "include": "in the file for tickets only",
    "page": "in the file for all lists but that of tickets",
    "per_page": "in the file for all lists but that of tickets",
}
WRAPPERS = {"changes": "change", "tickets": "ticket", "milestones": "task", "teams": "agent_group"}
"""Stream -> the definition of its records."""


@pytest.fixture(scope="module")
def openapi(shared_data: Path) -> Mapping[str, Any]:
    file = shared_data / "payloads" / "freshservice-openapi.yml"
    if not file.is_file():
        pytest.skip("the vendor's description is not in ../shared/data/payloads/freshservice-openapi.yml")
    return yaml.load(file.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    """All that a full pass, a later one, a sweep and a check ask."""
    own = {"service_types": ["Services"], "causes": True, "cause_days": 0}
    with case(CONNECTOR, Vendor, **own) as at:
        vendor = at.dialect
        assert isinstance(vendor, Vendor)
        vendor.spaces = {2: "IT", 5: "HR"}
        vendor.unknown = {"groups"}
        for name in reversed(vendor.streams):
            vendor.fill(name, 7)
        vendor.asset_types = [{"id": 14000284324, "name": "Services", "parent_asset_type_id": None}]
        vendor.assets = [{"display_id": 45, "name": "Payroll", "asset_type_id": 14000284324}]
        for stream in CONNECTOR.streams:
            for since in (None, BEGIN):
                assert at.read(stream.name, since).error is None
        http = CONNECTOR.open(at.settings)
        list(CONNECTOR.check(http, at.settings))
        for stream in CONNECTOR.streams:
            if stream.ids:
                assert list(stream.ids(http, at.settings))
        http.close()
        return at.play.asked


def complaints(request: Request, openapi: Mapping[str, Any]) -> Iterator[str]:
    """What of a request the vendor's file does not have."""
    path = re.sub(r"/\d+", "/{id}", request.path)
    known = {re.sub(r"\{\w+\}", "{id}", path): operations for path, operations in openapi["paths"].items()}
    if path not in known:
        if path not in NEWER_PATHS:
            yield f"no path {path}"
        return
    if request.method.lower() not in known[path]:
        yield f"no {request.method} {path}"
        return
    declared = {one["name"]: one for one in known[path]["get"].get("parameters", ()) if one.get("in") == "query"}
    for name, value in request.query:
        about = declared.get(name)
        if about is None:
            if name not in NEWER_PARAMETERS:
                yield f"{path} has no parameter {name}"
        elif about.get("type") == "integer" and not value.isdigit():
            yield f"{path}: {name} = {value!r} is no whole number"
        elif "enum" in about and value not in about["enum"]:
            yield f"{path}: {name} = {value!r} is none of {about['enum']}"
        elif "pattern" in about and not re.search(about["pattern"].replace('\\"', '"'), value):
            yield f"{path}: {name} = {value!r} does not look like {about['pattern']}"


def test_every_request_is_one_that_the_vendor_describes(openapi: Mapping[str, Any], requests: list[Request]) -> None:
    assert sorted({found for request in requests for found in complaints(request, openapi)}) == []


def test_what_is_newer_than_the_file_is_really_asked_for_and_not_in_it(
    openapi: Mapping[str, Any], requests: list[Request]
) -> None:
    asked = {re.sub(r"/\d+", "/{id}", request.path) for request in requests}
    assert set(NEWER_PATHS) <= asked
    assert not set(NEWER_PATHS) & set(openapi["paths"])
    assert set(NEWER_PARAMETERS) <= {name for request in requests for name, _ in request.query}
    assert {"/api/v2/agent_groups", "/api/v2/assets", "/api/v2/changes/{id}/tasks", "/api/v2/tickets/{id}"} <= asked


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (Request("GET", "/api/v2/outages", (), {}), "no path /api/v2/outages"),
        (Request("POST", "/api/v2/locations/7", (), {}), "no POST /api/v2/locations/{id}"),
        (Request("GET", "/api/v2/changes", [("since", "x")], {}), "/api/v2/changes has no parameter since"),
        (Request("GET", "/api/v2/changes", [("page", "x")], {}), "/api/v2/changes: page = 'x' is no whole number"),
        (Request("GET", "/api/v2/changes", [("filter_name", "trash")], {}), "filter_name = 'trash' is none of"),
        (Request("GET", "/api/v2/assets", [("filter", "asset_type_id:1")], {}), "does not look like"),
    ],
    ids=["path", "method", "parameter", "type", "word", "pattern"],
)
def test_a_request_that_the_vendor_does_not_describe_is_caught(
    openapi: Mapping[str, Any], request_: Request, complaint: str
) -> None:
    assert complaint in "".join(complaints(request_, openapi))


def misfits(record: Mapping[str, Any], definition: str, openapi: Mapping[str, Any]) -> list[str]:
    """What of a record the vendor's schema does not allow. Swagger 2 cannot say that a value may be null."""
    schema = {"$ref": f"#/definitions/{definition}", "definitions": openapi["definitions"]}
    present = {key: value for key, value in record.items() if value is not None}
    found = Draft4Validator(schema).iter_errors(present)
    return [f"{definition} {record.get('id')}: {'.'.join(map(str, one.path))}: {one.message}" for one in found]


def raw(stream: Stream, payload: Mapping[str, Any]) -> dict[str, Any]:
    """A sample as the server sent it: what was put aside by name is back in its own field."""
    part = stream.name.removesuffix("s")
    fields = payload.get("fields", {})
    named = {
        own: fields[name] for name, own in CONNECTOR.settings.FIELDS.get(part, {}).items() if own and name in fields
    }
    numbers = {own: value["id"] if isinstance(value, dict) else value for own, value in named.items()}
    own = ("labels", "fields", "change", "gone", "person", "caused_by", "led_to", "sponsor")
    return {key: value for key, value in payload.items() if key not in own} | numbers


@pytest.mark.parametrize("name", WRAPPERS)
def test_our_samples_have_the_shapes_that_the_vendor_describes(openapi: Mapping[str, Any], name: str) -> None:
    given = contract.samples(CONNECTOR)
    stream = next(stream for stream in CONNECTOR.streams if stream.name == name)
    understood = [
        payload
        for payload in given.payloads[name]
        if not any(isinstance(row, Rejected) for row in stream.convert(payload, given.settings))
    ]
    assert len(understood) > 1
    found = [error for payload in understood for error in misfits(raw(stream, payload), WRAPPERS[name], openapi)]
    assert [error for error in found if not re.search(r"change 224: (change_type|risk): 9 is not one of", error)] == []


@pytest.mark.parametrize("name", WRAPPERS)
def test_the_played_account_answers_in_the_shapes_that_the_vendor_describes(
    openapi: Mapping[str, Any], name: str
) -> None:
    vendor = Vendor()
    vendor.fill(name, 3)
    assert [error for record in vendor.records[name] for error in misfits(record, WRAPPERS[name], openapi)] == []


def test_a_payload_of_another_shape_is_caught(openapi: Mapping[str, Any]) -> None:
    change = json.loads((contract.PAYLOADS / "freshservice" / "changes.json").read_text("utf-8"))[0]
    assert misfits({**change, "status": "Closed"}, "change", openapi) == [
        "change 217: status: 'Closed' is not of type 'integer'"
    ]
    assert misfits({**change, "risk": 7}, "change", openapi) == ["change 217: risk: 7 is not one of [1, 2, 3, 4]"]
