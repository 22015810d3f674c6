"""The pack beside the screen: the same figures to the digit, one click on a page, and the command line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from impact import ui
from impact.__main__ import main
from impact.figures import ChangeFigures, from_json
from impact.model import ImpactError
from impact.pack import making
from impact.pack.gathering import Recorded, content_of
from impact.records import AgendaItem
from impact.ui import pack as pack_part
from tests import pack_sample, sample
from tests.browser import ROOT
from tests.sample_server import SampleOpening

SECONDS = 120
ON_SCREEN = "from impact import ui\nfrom impact.ui import pack\nview = ui.open_page('meeting')\n"
SECTION = ON_SCREEN + "pack.section(view, view.state, view.state.meetings()[0], '')\n"


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SampleOpening:
    """The sample behind every page of this process."""
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path))
    monkeypatch.setenv("IMPACT_SECRETS", "")
    used = SampleOpening(sample.portfolio(pack_sample.changes()))
    monkeypatch.setattr(ui, "opening", lambda: used)
    return used


def plainly(text: str) -> str:
    """What a reader sees of Markdown: no escapes, marks of emphasis and colour, links or line breaks."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", str(text))
    text = re.sub(r":[a-z-]+\[|\*\*|\\|\]", "", text)
    return re.sub(r"\s+", "", text)


def shown(at: AppTest) -> str:
    """Everything that a page says, tables and bars included."""
    assert not at.exception, at.exception
    parts = [str(p.value) for p in (*at.title, *at.header, *at.markdown, *at.info, *at.caption)]
    for table in at.table:
        parts += [str(cell) for cell in table.value.to_numpy().ravel()]
    parts += [str(bar.proto.text) for bar in at.get("progress")]
    return plainly("\n".join(parts))


def figures_on_the_page(f: ChangeFigures) -> list[str]:
    """What the page of a change shows of the frozen figures."""
    found = [f.title, f.felt, f.stands, f.requirement, f.expected_outcome, *f.asked, *f.nearby]
    for m in f.measures:
        if m.on_board and not f.waiting:
            found += [m.short] if m.short else [m.before, m.after, m.expected, m.effect, m.range, m.basis]
    for step in f.milestones:
        found += [step.title, step.planned]
    found += [line.text for line in (*f.bump, *f.case)]
    for table in f.tables:
        if table.name == "telling":
            found += [cell for row in table.rows for cell in row]
    return found


@pytest.mark.parametrize("number", [change.number for change in pack_sample.changes()])
def test_every_figure_of_the_pack_stands_on_the_page_of_its_change(opening: SampleOpening, number: str) -> None:
    at = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=SECONDS)
    at.run()
    at.query_params["change"] = number
    at.switch_page("pages/change.py").run()
    change = opening.portfolio.change(number)
    assert change is not None
    page = shown(at)
    content = content_of(
        seen_by(opening),
        pack_sample.meeting(agenda=(AgendaItem(change_id=change.id, reasons=("hand",)),)),
        Recorded(),
    )
    told = figures_on_the_page(content.pages[0].figures)
    assert [text for text in told if plainly(text) not in page] == []


def seen_by(opening: SampleOpening) -> Any:
    """What the page's own button would freeze."""
    at = AppTest.from_string(ON_SCREEN + "import streamlit as st\nst.session_state.seen = pack.seen(view)\n",
                             default_timeout=SECONDS)  # fmt: skip
    at.run()
    assert not at.exception, at.exception
    return at.session_state["seen"]


def test_one_click_makes_the_pack_and_keeps_its_figures_with_the_meeting(opening: SampleOpening) -> None:
    state = opening.state(None)  # type: ignore[arg-type]
    agenda = (AgendaItem(change_id="itsm:change:CHG-110", reasons=("decide",)),)
    state.open_meeting(pack_sample.HELD_ON, title="Steering meeting", agenda=agenda)
    at = AppTest.from_string(SECTION, default_timeout=SECONDS).run()
    assert not at.get("download_button")
    for form in ("pptx", "html", "pdf"):
        at.checkbox(key=f"form {form}").uncheck()
    at.button(key="make pack").click().run()
    assert not at.exception
    assert not at.error
    assert [b.label for b in at.get("download_button")] == ["Figures (CSV)"]
    kept = state.meetings()[0].frozen_id
    assert kept is not None
    frozen = state.frozen(kept)
    assert frozen is not None
    assert [from_json(page["figures"]).number for page in frozen.content["pages"]] == ["CHG-110"]
    assert f"They are kept as {kept}" in at.markdown[-1].value


def test_a_second_click_makes_only_what_is_not_there_yet(
    opening: SampleOpening, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    real = making.files

    def counted(pack: Any, folder: Path, forms: Any, tell: Any) -> Any:
        asked.append(list(forms))
        return real(pack, folder, forms, tell)

    monkeypatch.setattr(pack_part.making, "files", counted)
    opening.state(None).open_meeting(pack_sample.HELD_ON, title="Steering meeting")  # type: ignore[arg-type]
    at = AppTest.from_string(SECTION, default_timeout=SECONDS).run()
    for form in ("pptx", "html", "pdf"):
        at.checkbox(key=f"form {form}").uncheck()
    at.button(key="make pack").click().run()
    at.button(key="make pack").click().run()
    at.checkbox(key="form html").check()
    at.button(key="make pack").click().run()
    assert asked == [["csv"], ["html"]]
    assert [b.label for b in at.get("download_button")] == ["Web page", "Figures (CSV)"]


def test_a_failure_is_one_sentence_and_the_page_goes_on(
    opening: SampleOpening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ImpactError("The pack cannot be written.")

    monkeypatch.setattr(pack_part.making, "files", broken)
    opening.state(None).open_meeting(pack_sample.HELD_ON, title="Steering meeting")  # type: ignore[arg-type]
    at = AppTest.from_string(SECTION, default_timeout=SECONDS).run()
    at.button(key="make pack").click().run()
    assert not at.exception
    assert [e.value for e in at.error] == ["The pack cannot be written."]
    assert not at.get("download_button")


def test_without_a_form_the_page_asks_for_one(opening: SampleOpening) -> None:
    opening.state(None).open_meeting(pack_sample.HELD_ON, title="Steering meeting")  # type: ignore[arg-type]
    at = AppTest.from_string(SECTION, default_timeout=SECONDS).run()
    for form in ("pptx", "html", "pdf", "csv"):
        at.checkbox(key=f"form {form}").uncheck()
    at.button(key="make pack").click().run()
    assert [e.value for e in at.error] == ["Choose at least one form."]


# --- the command line --------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an export of tickets and of a change, read once."""
    (tmp_path / "tickets.csv").write_text("No,Opened,Service\n1,2026-03-01,VPN\n2,2026-03-02,Mail\n")
    (tmp_path / "secrets.toml").write_text(
        f'[sources.desk]\nkind = "files"\nfolder = "{tmp_path.as_posix()}"\npath = "tickets.csv"\ntable = "ticket"\n'
        'key = ["No"]\ntimezone = "UTC"\ndates = "iso"\n[sources.desk.columns]\nnumber = "No"\nopened_at = "Opened"\n'
        'service_id = "Service"\n'
    )
    monkeypatch.setenv("IMPACT_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("IMPACT_SECRETS", str(tmp_path / "secrets.toml"))
    return tmp_path


def test_the_command_opens_the_meeting_freezes_and_writes_the_pack(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sync"]) == 0
    for _ in range(2):
        capsys.readouterr()
        assert main(["pack", "--meeting", "2026-12-15", "--out", str(desk / "out"), "--forms", "csv, html"]) == 0
        told = capsys.readouterr().out
        assert told.startswith("Steering meeting, 15 Dec 2026: 0 changes, data version ")
    made = sorted(path.name for path in (desk / "out").iterdir())
    assert [name.rsplit(".", 1)[1] for name in made] == ["csv", "html"]
    assert "No change is on the agenda of this meeting." in (desk / "out" / made[1]).read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--forms", "odp"], 2, "--forms has odp. Write some of pptx, html, pdf, csv"),
        (["--team", "Nobody"], 2, "There is no team 'Nobody'. Teams: none."),
        (["--demo"], 2, "Run python -m impact demo first."),
    ],
)
def test_what_cannot_be_made_is_said_with_what_is_allowed(
    desk: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, told: str
) -> None:
    assert main(["sync"]) == 0
    assert main(["pack", "--meeting", "2026-12-15", "--out", str(desk / "out"), *arguments]) == code
    assert told in capsys.readouterr().err


def test_without_data_the_command_says_what_to_do_first(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", "--meeting", "2026-12-15", "--out", str(desk / "out")]) == 2
    assert "Run python -m impact sync first." in capsys.readouterr().err
