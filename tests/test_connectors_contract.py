"""Every connector keeps what a connector promises, and every check catches a connector that does not."""

from __future__ import annotations

import dataclasses
import random
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import connectors
from connectors import Connector, Payload, Stream
from connectors.http import Http
from impact.model import Rejected, Row, SettingsError, Ticket, row_id, to_choice
from impact.people import hash_person
from tests import contract
from tests.contract import CHECKS, EXPECTED, Samples

KINDS = connectors.available()
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
EXAMPLES, PAYLOADS_EACH = 200, 50
"""10,000 spoilt payloads a connector: drawing values costs more than converting, so some serve for many payloads."""


def test_there_are_connectors_and_each_is_named_like_its_file() -> None:
    assert set(KINDS) >= {"files", "request_tracker"}
    assert [connectors.load(kind).kind for kind in KINDS] == list(KINDS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_every_connector_keeps_its_promises(kind: str, check: Callable[[Connector, Samples], Iterator[str]]) -> None:
    connector = connectors.load(kind)
    assert list(check(connector, contract.samples(connector)))[:5] == []


@pytest.mark.parametrize("kind", KINDS)
def test_samples_become_exactly_the_reviewed_tables(kind: str) -> None:
    connector = connectors.load(kind)
    reviewed = {file.name: file.read_text("utf-8") for file in (EXPECTED / kind).glob("*.csv")}
    assert contract.tables(connector, contract.samples(connector)) == reviewed
    assert reviewed


@pytest.mark.parametrize("kind", KINDS)
def test_none_of_ten_thousand_spoilt_payloads_breaks_a_conversion(kind: str) -> None:
    connector = connectors.load(kind)
    sampled = contract.samples(connector)

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(seed=st.integers(0, 2**32), values=st.lists(PLAIN if sampled.plain else JSON, min_size=4, max_size=8))
    def search(seed: int, values: list[Any]) -> None:
        assert list(contract.spoilt(connector, sampled, random.Random(seed), values, PAYLOADS_EACH))[:3] == []

    search()


@pytest.mark.parametrize("kind", KINDS)
def test_settings_that_do_not_exist_are_refused_with_those_that_do(kind: str) -> None:
    with pytest.raises(SettingsError, match=r"\[sources.desk\] has an unknown key 'colour'. Keys of kind"):
        connectors.read_settings(connectors.load(kind), "desk", {"colour": "red"})


# A connector that keeps all promises, and twins of it that each break one


@dataclass(frozen=True)
class GoodSettings:
    name: str = field(metadata={"help": "Name of the source"})
    token: str = field(default="", metadata={"help": "Token", "secret": True})


def convert(payload: Payload, own: GoodSettings) -> Iterator[Row | Rejected]:
    opened = payload.get("opened")
    key, customer = payload.get("id"), payload.get("customer")
    if not isinstance(key, str) or not key or not isinstance(opened, str) or not opened.startswith("20"):
        yield Rejected(str(key), "has no number or no date")
        return
    status: Any = to_choice(payload.get("status"), {"new": "open"})
    yield Ticket(
        id=row_id(own.name, "ticket", key),
        source=own.name,
        source_key=key,
        number=key,
        status=status,
        status_raw=str(payload.get("status")),
        opened_at=datetime.fromisoformat(opened),
        person_key=customer if isinstance(customer, str) else None,
    )


STREAM = Stream(
    "tickets",
    ("ticket",),
    fetch=lambda http, own, since: iter(()),
    convert=convert,
    key=lambda payload: str(payload["id"]),
    people=("customer",),
)
GOOD = Connector("good", "Good", GoodSettings, (STREAM,), open=lambda own: Http("http://127.0.0.1"))
PAYLOAD = {"id": "1", "opened": "2026-03-02T08:00:00+00:00", "status": "new", "customer": "eva@example.org"}
SAMPLES = Samples(GoodSettings("good"), {"tickets": [PAYLOAD, {**PAYLOAD, "id": "2", "status": "unheard of"}]})


def broken(**changes: Any) -> Connector:
    return replace(GOOD, streams=(replace(STREAM, **changes),))


def with_fields(**changes: Any) -> Connector:
    def changed(payload: Payload, own: GoodSettings) -> Iterator[Row | Rejected]:
        for row in convert(payload, own):
            yield dataclasses.replace(row, **changes) if isinstance(row, Ticket) else row

    return broken(convert=changed)


def raw_status(payload: Payload, own: GoodSettings) -> Iterator[Row | Rejected]:
    for row in convert(payload, own):
        yield dataclasses.replace(row, status=payload.get("status")) if isinstance(row, Ticket) else row


def changing(payload: dict[str, Any], own: GoodSettings) -> Iterator[Row | Rejected]:
    yield from convert(payload, own)
    payload["seen"] = True


def asking(payload: Payload, own: GoodSettings) -> Iterator[Row | Rejected]:
    with socket.socket() as line:
        line.connect(("127.0.0.1", 9))
    yield from convert(payload, own)


def rolling_dice(payload: Payload, own: GoodSettings) -> Iterator[Row | Rejected]:
    for row in convert(payload, own):
        yield dataclasses.replace(row, reopened_count=random.getrandbits(60)) if isinstance(row, Ticket) else row


def trusting(payload: Mapping[str, Any], own: GoodSettings) -> Iterator[Row | Rejected]:
    yield Ticket(
        id=row_id(own.name, "ticket", payload["id"]),
        source=own.name,
        source_key=payload["id"],
        number=payload["id"],
        opened_at=datetime.fromisoformat(payload["opened"]),
    )


@dataclass(frozen=True)
class OpenSecret:
    name: str = field(metadata={"help": "Name"})
    api_key: str = field(default="", metadata={"help": "Key"})


@dataclass(frozen=True)
class NoHelp:
    name: str
    token: str = field(default="", metadata={"help": "Token", "secret": True})


TWINS = [
    ("declaration", replace(GOOD, settings=OpenSecret), "setting api_key looks secret and is not marked so"),
    ("declaration", replace(GOOD, settings=NoHelp), "setting name has no help"),
    ("declaration", broken(tables=("tickets",)), "names tables that do not exist"),
    ("declaration", replace(GOOD, streams=(STREAM, STREAM)), "streams are not named once each"),
    ("declaration", broken(name="others"), "stream others has no sample payloads"),
    ("rows_are_sound", broken(tables=("change",)), "a row of the undeclared table ticket"),
    ("rows_are_sound", with_fields(id="1"), "do not fit"),
    ("rows_are_sound", with_fields(status="new"), "has the unknown word 'new'"),
    ("rows_are_sound", with_fields(opened_at=datetime(2026, 3, 2)), "opened_at is not UTC"),
    (
        "rows_are_sound",
        with_fields(missing_at=datetime(2026, 3, 2, tzinfo=UTC)),
        "missing_at is the store's to fill in",
    ),
    ("rows_are_sound", with_fields(number=None), "ticket.number is empty"),
    ("rows_are_sound", with_fields(priority="1"), "ticket.priority is '1'"),
    ("conversion_is_pure", broken(convert=changing), "convert changed its payload"),
    ("conversion_is_pure", broken(convert=asking), "the network was used"),
    ("conversion_is_pure", broken(convert=rolling_dice), "convert gave other rows the second time"),
    ("keys_identify", broken(key=lambda payload: "always"), "keys are not one text each"),
    ("keys_identify", broken(updated_at=lambda payload: datetime(2026, 3, 2)), "updated_at without a zone"),
    ("unknown_words_become_other", broken(convert=raw_status), "has the unknown word 'zz no such word'"),
    ("unknown_words_become_other", broken(convert=trusting), "ValueError"),
    ("nulls_are_unknown", broken(convert=trusting), "without ('opened',): KeyError"),
    ("nulls_are_unknown", broken(convert=trusting), "('id',) = None"),
    ("people_stay_hidden", broken(people=()), "an address of a person is kept"),
]


def test_a_good_connector_passes_every_check() -> None:
    assert {check.__name__: list(check(GOOD, SAMPLES)) for check in CHECKS} == {check.__name__: [] for check in CHECKS}


def test_every_check_has_a_twin_that_breaks_it() -> None:
    assert {name for name, _, _ in TWINS} == {check.__name__ for check in CHECKS}


@pytest.mark.parametrize(("name", "twin", "complaint"), TWINS, ids=[f"{n}: {c}" for n, _, c in TWINS])
def test_a_broken_connector_fails_the_check_for_it(name: str, twin: Connector, complaint: str) -> None:
    check = next(check for check in CHECKS if check.__name__ == name)
    complaints = list(check(twin, SAMPLES))
    assert any(complaint in found for found in complaints), complaints


def test_payloads_are_spoilt_in_every_place_and_a_trusting_conversion_is_caught() -> None:
    changed: set[str] = set()

    def noting(payload: Payload, own: GoodSettings) -> Iterator[Row | Rejected]:
        changed.update(key for key in PAYLOAD if payload.get(key) == "spoilt")
        yield from convert(payload, own)

    spoil = (random.Random(7), ["spoilt"], PAYLOADS_EACH)
    assert list(contract.spoilt(broken(convert=noting, people=()), SAMPLES, *spoil)) == []
    assert changed == set(PAYLOAD)
    assert any("ValueError" in found for found in contract.spoilt(broken(convert=trusting), SAMPLES, *spoil))


def test_a_person_in_another_field_is_caught() -> None:
    def telling(payload: Payload, own: GoodSettings) -> Iterator[Row | Rejected]:
        for row in convert(payload, own):
            told = replace(row, kind_raw="eva@example.org") if isinstance(row, Ticket) else row
            yield told

    found = list(contract.people_stay_hidden(broken(convert=telling), SAMPLES))
    assert "tickets: 'eva@example.org' is told" in found


def test_settings_that_can_be_changed_are_caught() -> None:
    @dataclass
    class Loose:
        name: str = field(default="", metadata={"help": "Name"})

    assert "Loose is not frozen" in list(contract.declaration(replace(GOOD, settings=Loose), SAMPLES))


def test_the_sample_tables_show_instants_in_utc_and_leave_out_empty_columns() -> None:
    eva = hash_person(b"contract", "eva@example.org")
    assert contract.tables(GOOD, replace(SAMPLES, payloads={"tickets": [PAYLOAD]})) == {
        "tickets.ticket.csv": "id,source,source_key,number,kind,status,status_raw,opened_at,channel,person_key\n"
        f"good:ticket:1,good,1,1,other,open,new,2026-03-02T08:00:00Z,other,{eva}\n"
    }
