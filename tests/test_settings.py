"""Settings: the file and the environment together, and a clear message for everything that is wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from impact.model import SettingsError
from impact.settings import Freeze, MilestoneRule, Rates, Records, Reporting, load

EXAMPLE = Path(__file__).resolve().parent.parent / ".streamlit/secrets.toml.example"


def write_secrets(folder: Path, text: str) -> Path:
    file = folder / ".streamlit" / "secrets.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_there_are_no_sources_and_the_data_folder_is_data(tmp_path: Path) -> None:
    settings = load({}, tmp_path)
    assert settings.sources == {}
    assert settings.home == tmp_path / "data"
    assert settings.demo_home == tmp_path / "data" / "demo"


def test_the_environment_wins_over_the_file_and_adds_to_it(tmp_path: Path) -> None:
    write_secrets(tmp_path, '[sources.HelpDesk]\nkind = "request_tracker"\nurl = "http://a"\npassword = "old"\n')
    settings = load(
        {
            "IMPACT_SOURCES__HELPDESK__PASSWORD": "new",
            "IMPACT_SOURCES__HELPDESK__FIELDS__CHANGE__RISK": "Risk level",
            "IMPACT_HOME": str(tmp_path / "elsewhere"),
        },
        tmp_path,
    )
    assert settings.sources == {
        "HelpDesk": {
            "kind": "request_tracker",
            "url": "http://a",
            "password": "new",
            "fields": {"change": {"risk": "Risk level"}},
        }
    }
    assert settings.home == tmp_path / "elsewhere"


def test_a_file_that_is_not_toml_is_named_with_the_place(tmp_path: Path) -> None:
    file = write_secrets(tmp_path, "[sources.a\n")
    with pytest.raises(SettingsError, match=r"secrets\.toml is not valid TOML.*line 1") as caught:
        load({}, tmp_path)
    assert str(file) in str(caught.value)


def test_a_source_without_kind_is_named(tmp_path: Path) -> None:
    write_secrets(tmp_path, '[sources.desk]\nurl = "http://a"\n')
    with pytest.raises(SettingsError, match=r"\[sources\.desk\].*lacks 'kind'"):
        load({}, tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('timezone = "Mars/Olympus"', "not a known time zone"),
        ('country = "Atlantis"', "no holiday calendar"),
        ('colour = "blue"', "unknown key 'colour'"),
    ],
)
def test_a_wrong_reporting_value_is_named_with_what_is_allowed(tmp_path: Path, text: str, message: str) -> None:
    write_secrets(tmp_path, f"[reporting]\n{text}\n")
    with pytest.raises(SettingsError, match=message):
        load({}, tmp_path)


def test_holidays_are_those_of_the_country_and_none_without_one() -> None:
    bavaria = Reporting(country="DE", subdivision="BY").holidays_between(date(2026, 1, 1), date(2026, 1, 6))
    assert bavaria == {date(2026, 1, 1), date(2026, 1, 6)}
    assert Reporting().holidays_between(date(2026, 1, 1), date(2026, 1, 6)) == frozenset()


def test_rates_come_from_the_file_and_the_environment_and_are_not_set_otherwise(tmp_path: Path) -> None:
    assert load({}, tmp_path).rates == Rates("", None, None, None)
    write_secrets(tmp_path, '[rates]\ncurrency = "EUR"\nper_ticket = 18\nper_lost_hour = 42.5\n')
    settings = load({"IMPACT_RATES__PER_LOST_HOUR": "50", "IMPACT_RATES__LOST_PART_OF_WAITING": "0.25"}, tmp_path)
    assert settings.rates == Rates("EUR", 18.0, 50.0, 0.25)
    assert load({"IMPACT_RATES__PER_TICKET": ""}, tmp_path).rates.per_ticket is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('per_ticket = "about 18"', r"per_ticket = 'about 18'.*is not a number.*per_ticket = 18\.50"),
        ("per_ticket = true", "per_ticket = True.*is not a number"),
        ("per_ticket = -1", "per_ticket = -1 is not possible.*money per ticket, from 0 to 1,000,000"),
        ("per_lost_hour = inf", "per_lost_hour = inf is not possible.*money per hour"),
        ("lost_part_of_waiting = 25", "lost_part_of_waiting = 25 is not possible.*from 0 to 1"),
        ('currency = "Euros and cents"', "currency = 'Euros and cents' is too long"),
        ("per_hour = 42", "unknown key 'per_hour'. Known keys: currency, per_ticket, per_lost_hour"),
    ],
)
def test_a_wrong_rate_is_named_with_what_is_allowed(tmp_path: Path, text: str, message: str) -> None:
    write_secrets(tmp_path, f"[rates]\n{text}\n")
    with pytest.raises(SettingsError, match=message):
        load({}, tmp_path)


def test_rates_that_are_no_section_say_how_they_are_written(tmp_path: Path) -> None:
    write_secrets(tmp_path, "rates = 18\n")
    with pytest.raises(SettingsError, match=r"rates = 18 .* is not a section. Write \[rates\]"):
        load({}, tmp_path)


def test_the_example_shows_every_rate(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    section = text[text.index("#[rates]") :].split("\n\n")[0]
    write_secrets(tmp_path, section.replace("#", "", 1).replace("\n#", "\n"))
    assert load({}, tmp_path).rates == Rates("EUR", 18.5, 42.0, 0.25)


def test_records_meetings_and_privacy_are_read_from_file_and_environment(tmp_path: Path) -> None:
    write_secrets(tmp_path, '[records]\nurl = "postgresql+psycopg://a@b/c"\n[privacy]\nsmallest_group = 8\n')
    found = load({"IMPACT_RECORDS__PASSWORD": "secret", "IMPACT_MEETINGS__EVERY_DAYS": "7"}, tmp_path)
    assert found.records == Records("postgresql+psycopg://a@b/c", "secret")
    assert (found.privacy.smallest_group, found.meetings.every_days) == (8, 7)


def test_freezes_and_milestone_rules_are_read_in_order(tmp_path: Path) -> None:
    write_secrets(
        tmp_path,
        '[freezes.b]\nname = "Year end"\nfrom = 2026-12-15\nto = "2027-01-06"\n'
        '[freezes.a]\nfrom = "2026-03-30"\nto = "2026-04-02"\n'
        '[milestones.x]\ncontains = ["roadshow"]\nkind = "communication"\n'
        '[milestones.y]\ncontains = "dress rehearsal, pilot"\nkind = "test"\nend = "business"\n',
    )
    found = load({}, tmp_path)
    assert found.freezes == (
        Freeze("a", date(2026, 3, 30), date(2026, 4, 2)),
        Freeze("Year end", date(2026, 12, 15), date(2027, 1, 6)),
    )
    assert found.milestones == (
        MilestoneRule(("roadshow",), "communication", "business"),
        MilestoneRule(("dress rehearsal", "pilot"), "test", "business"),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[records]\nurl = "decisions.db"\n', r"\[records\] url is not an SQLAlchemy address"),
        ("[records]\nfile = 1\n", r"\[records\].*unknown key 'file'.*url, password"),
        ("[privacy]\nsmallest_group = 0\n", r"smallest_group = 0 is not possible.*1 to 1000"),
        ('[privacy]\nsmallest_group = "few"\n', r"smallest_group = 'few'.*not a whole number"),
        ("[meetings]\nevery_days = 0\n", r"every_days = 0 is not possible"),
        ('[meetings]\nlink = "impact.example.com"\n', r"link = 'impact.example.com' is not an address"),
        ('[freezes.x]\nfrom = "2026-12-15"\n', r"\[freezes.x\] to = None.*not a day"),
        ('[freezes.x]\nfrom = "2027-01-06"\nto = "2026-12-15"\n', r"ends on 2026-12-15, before it begins"),
        ('[freezes.x]\nfrom = "2027-01-06"\nuntil = "2027-12-15"\n', r"unknown key 'until'"),
        ("freezes = 3\n", r"freezes = 3 in .* is not a section"),
        ('[milestones.x]\nkind = "training"\n', r"lacks contains"),
        ('[milestones.x]\ncontains = []\nkind = "training"\n', r"lacks contains"),
        *(
            (f'[milestones.x]\ncontains = [{word}]\nkind = "training"\n', r"contains .* has .*no word")
            for word in ('"*"', '" "', '""', '"ok", "* "', "7")
        ),
        ('[milestones.x]\ncontains = "one, ,two"\nkind = "training"\n', r"contains .* has ' '.*no word"),
        ('[milestones.x]\ncontains = ["a"]\nkind = "teach"\n', r"kind = 'teach'.*training"),
        ('[milestones.x]\ncontains = ["a"]\nkind = "test"\nend = "both"\n', r"end = 'both'.*business"),
    ],
)
def test_what_is_wrong_in_a_section_is_named_with_what_is_allowed(tmp_path: Path, text: str, told: str) -> None:
    write_secrets(tmp_path, text)
    with pytest.raises(SettingsError, match=told):
        load({}, tmp_path)
