"""Connecting a source by answers: what is asked, tried, proposed and written, and that no secret is ever shown."""

from __future__ import annotations

import io
import stat
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

import connectors
from connectors import Connector, OwnField, Page, Payload, Stream
from connectors.settings import SystemSettings, setting
from impact import asking, set_up
from impact import settings as settings_module
from impact.__main__ import main
from impact.asking import Given, Terminal
from impact.model import Rejected, Row, Service, SettingsError, SourceRefused, row_id
from impact.proposing import Proposal, proposals
from impact.trying import probe
from impact.words import set_up_words

SECRET = "an0ther-s3cret"


@dataclass(frozen=True, kw_only=True)
class PlaneSettings(SystemSettings):
    FIELDS: ClassVar = {"change": {"risk": "Risk", "planned_cost": "", "outcome": ""}}
    token: str = setting("Token", "", secret=True)
    queues: tuple[str, ...] = setting("Queues", (), ask=True)


def services(payload: Payload, own: PlaneSettings) -> Iterator[Row | Rejected]:
    key = str(payload["id"])
    yield Service(id=row_id(own.name, "service", key), source=own.name, source_key=key, name=key)


def read(http: Any, own: PlaneSettings, since: datetime | None) -> Iterator[Page]:
    yield Page(({"id": 1}, {"id": 2}), total=4000)


def sign_in(http: Any, own: PlaneSettings) -> Iterator[str]:
    if own.token != SECRET:
        raise SourceRefused("plane.example.com/me answered 401: it does not accept these credentials.")
    yield "signed in to Plane"


PLANE = Connector(
    "plane",
    "Plane",
    PlaneSettings,
    (Stream("services", ("service",), read, services, key=lambda payload: str(payload["id"])),),
    open=lambda own: object(),
    check=sign_in,
    lacks=("Plane has no surveys.",),
    own_fields=lambda http, own: (
        OwnField("change", "customfield_7", "Budget 2026"),
        OwnField("change", "customfield_8", "Risk"),
        OwnField("change", "customfield_9", "Implementation Result"),
    ),
)


@pytest.fixture
def plane(monkeypatch: pytest.MonkeyPatch) -> Connector:
    """A system that is installed beside the real ones."""
    known, load = connectors.available(), connectors.load
    monkeypatch.setattr(connectors, "available", lambda: (*known, "plane"))
    monkeypatch.setattr(connectors, "load", lambda kind: PLANE if kind == "plane" else load(kind))
    return PLANE


@dataclass
class Person:
    """Answers in order, and everything they were told and asked."""

    answers: list[str]
    secrets: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def terminal(self) -> Terminal:
        return Terminal(self._answer(self.answers), self._answer(self.secrets), self.seen.append)

    def _answer(self, answers: list[str]) -> Callable[[str], str]:
        def answer(question: str) -> str:
            self.seen.append(question)
            if not answers:
                raise EOFError
            return answers.pop(0)

        return answer

    @property
    def said(self) -> str:
        return "\n".join(self.seen)


def test_a_source_is_asked_for_tried_and_written(plane: Connector, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "secrets.toml"
    person = Person(["plane", "desk", "https://plane.example.com", "", "", "A, B", "", "n"], [SECRET])
    tried = asking.add_source(file, {}, Given(), person.terminal())
    assert tried is not None
    assert tomllib.loads(file.read_text("utf-8")) == {
        "sources": {
            "desk": {
                "kind": "plane",
                "url": "https://plane.example.com",
                "token": SECRET,
                "queues": ["A", "B"],
                "fields": {"change": {"planned_cost": "customfield_7"}},
            }
        }
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "signed in to Plane" in person.said
    assert "services: 2 of 4,000 records on the first page -> 2 service" in person.said
    assert "Plane has no surveys." in person.said
    assert "change: Budget 2026 (customfield_7) is our planned cost?" in person.said
    assert "The first sync reads 4,000 records: less than a minute." in person.said
    assert SECRET not in person.said


def test_what_was_written_is_what_the_product_reads(plane: Connector, tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text('# mine\n[reporting]\ntimezone = "Europe/Berlin"\n', encoding="utf-8")
    file.chmod(0o640)
    person = Person(["https://plane.example.com", "", "", "", ""], [SECRET])
    asking.add_source(file, {}, Given("plane", "desk", {"start": "2026-01-01"}), person.terminal())
    settings = settings_module.load({"IMPACT_SECRETS": str(file)}, tmp_path)
    assert settings.reporting.timezone == "Europe/Berlin"
    own = connectors.read_settings(PLANE, "desk", settings.sources["desk"])
    assert (own.token, own.start, own.field("change", "planned_cost")) == (SECRET, "2026-01-01", "customfield_7")
    assert file.read_text("utf-8").startswith("# mine\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_wrong_credentials_write_nothing_until_somebody_insists(plane: Connector, tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    given = Given("plane", "desk", {"url": "https://plane.example.com", "start": "", "day_timezone": "", "queues": ""})
    person = Person([""], ["wrong"])
    assert asking.add_source(file, {}, given, person.terminal()) is None
    assert not file.exists()
    assert "PROBLEM plane.example.com/me answered 401" in person.said
    insists = Person(["w"], ["wrong"])
    tried = asking.add_source(file, {}, given, insists.terminal())
    assert tried is not None
    assert not tried.works
    assert 'token = "wrong"' in file.read_text("utf-8")


def test_answers_can_be_given_again_and_the_others_stay(plane: Connector, tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    given = Given("plane", "desk", {"url": "https://plane.example.com", "start": "", "day_timezone": "", "queues": ""})
    person = Person(["a", "", "", "", "", "n", "n"], ["wrong", SECRET])
    assert asking.add_source(file, {}, given, person.terminal()) is not None
    written = tomllib.loads(file.read_text("utf-8"))["sources"]["desk"]
    assert written == {"kind": "plane", "url": "https://plane.example.com", "token": SECRET}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Given("telepathy"), "There is no kind 'telepathy'. Kinds: "),
        (Given("plane", "My Desk"), "The name 'My Desk' cannot be used"),
        (Given("plane", "taken"), "There is a source 'taken' already"),
        (Given("plane", "desk", {"token": SECRET}), "--set token=... would be seen by everybody"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_tried(plane: Connector, given: Given, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        asking.add_source(Path("never"), {"taken": {}}, given, Person([]).terminal())
    assert SECRET not in str(caught.value)


def test_a_needed_answer_is_asked_for_until_it_comes(plane: Connector, tmp_path: Path) -> None:
    person = Person(["", "", "https://plane.example.com", "", "", "", "n", "n"], [SECRET])
    asking.add_source(tmp_path / "secrets.toml", {}, Given("plane", "desk"), person.terminal())
    assert person.said.count("url is needed.") == 2


def test_kinds_that_need_a_mapping_say_where_it_is_explained(tmp_path: Path) -> None:
    person = Person([])
    assert asking.add_source(tmp_path / "secrets.toml", {}, Given("files"), person.terminal()) is None
    assert "docs/connectors/files.md" in person.said
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    broken = tmp_path / "secrets.toml"
    broken.write_text("[sources\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="would not be valid TOML any more"):
        set_up.write(broken, "[a]\n")
    assert broken.read_text("utf-8") == "[sources\n"
    blocked = tmp_path / "file" / "secrets.toml"
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be written"):
        set_up.write(blocked, "[a]\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "secrets.toml"]


def test_an_empty_list_can_be_answered(plane: Connector) -> None:
    assert set_up.values_of("plane", {"queues": "[]"}) == {"queues": []}


def test_texts_are_quoted_so_that_they_stay_texts() -> None:
    text = set_up.section("plane", "desk", {"token": 'a"b\n[x]', "queues": ["a, b"]})
    assert tomllib.loads(text)["sources"]["desk"] == {"kind": "plane", "token": 'a"b\n[x]', "queues": ["a, b"]}


def test_a_field_is_proposed_once_and_the_plainest_label_wins() -> None:
    seen = [
        OwnField("change", "1", "Actual cost of delay (text)"),
        OwnField("change", "2", "Actual cost"),
        OwnField("change", "3", "Budget"),
        OwnField("change", "4", "Brisket"),
        OwnField("ticket", "5", "Risk"),
    ]
    wanted = {"change": {"planned_cost": "", "actual_cost": "", "risk": ""}, "ticket": {"csat": ""}}
    assert proposals(seen, wanted) == (
        Proposal("change", "planned_cost", "3", "Budget"),
        Proposal("change", "actual_cost", "2", "Actual cost"),
    )


def test_what_the_settings_name_already_is_not_proposed_again() -> None:
    seen = [OwnField("change", "cf_1", "Risk"), OwnField("change", "cf_2", "Risk level")]
    wanted = {"change": {"risk": "Risk"}}
    assert proposals(seen, wanted, lambda part, name: "Risk") == ()
    assert [p.name for p in proposals(seen, wanted, lambda part, name: "Risiko")] == ["cf_2"]


def test_a_look_tells_where_a_record_was_rejected_and_not_its_value() -> None:
    def fetch(http: Any, own: Any, since: Any) -> Iterator[Page]:
        yield Page(
            (), rejected=(Rejected("1", "is not a number", column="Cost", value="secret", place="t.csv, line 2"),)
        )

    found = probe(replace(PLANE.streams[0], fetch=fetch), None, None)
    assert found.sentence.endswith("PROBLEM 1 rejected, first reason: t.csv, line 2, Cost: is not a number")


def test_what_is_read_already_as_it_is_is_not_proposed() -> None:
    seen = [OwnField("change", "1", "Change risk", read_as="risk"), OwnField("change", "2", "Risk level")]
    assert proposals(seen, {"change": {"risk": "Change risk | Risk", "outcome": ""}}) == ()


def test_words_of_changes_say_nothing_of_steps_and_tickets() -> None:
    seen = [OwnField(part, "1", "Change type") for part in ("change", "milestone", "ticket")]
    wanted = {part: {"kind": ""} for part in ("change", "milestone", "ticket")}
    assert proposals(seen, wanted) == (Proposal("change", "kind", "1", "Change type"),)


def test_a_label_that_means_something_else_is_not_proposed() -> None:
    seen = [OwnField("change", "1", "Cost center"), OwnField("change", "2", "Operating system")]
    assert proposals(seen, {"change": {"actual_cost": "", "service": ""}}) == ()


def test_an_example_stands_in_the_field_and_not_in_its_label() -> None:
    address = set_up.Question("url", "Address of the system, such as https://itsm.example.com")
    assert set_up_words.label(address) == ("Address of the system (needed)", "https://itsm.example.com")
    assert set_up_words.label(set_up.Question("start", "Read from, such as 2024", "2000")) == ("Read from", "2000")


def test_a_source_that_may_not_list_its_fields_is_set_up_all_the_same(plane: Connector) -> None:
    def refused(http: Any, own: Any) -> Iterator[OwnField]:
        raise SourceRefused("plane.example.com/fields answered 403")
        yield

    tried = set_up.Trial(
        replace(PLANE, own_fields=refused), "desk", {"url": "https://plane.example.com", "token": SECRET}
    )
    list(tried.steps())
    assert (tried.works, tried.proposals, tried.records) == (True, (), 4000)


def test_the_command_ends_with_a_sentence_where_nobody_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMPACT_SECRETS", str(tmp_path / "later.toml"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["add-source", "redmine", "--name", "desk"]) == 2
    assert "Nobody answers here." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [k.kind for k in set_up.kinds() if not k.guide])
def test_every_system_asks_for_its_address_and_for_something_secret(kind: str) -> None:
    asked = {question.key: question for question in set_up.questions(kind)}
    assert "url" in asked
    assert any(question.secret for question in asked.values())
    assert all(question.help for question in asked.values())
    assert len(asked) <= 14
