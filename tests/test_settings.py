"""Settings: the file and the environment together, and a clear message for everything that is wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from impact.model import SettingsError
from impact.settings import Rates, Reporting, load

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
