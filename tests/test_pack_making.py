"""The process that makes a pack: what it prints, how long it may take and how many of them run at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from impact.__main__ import main
from impact.model import ImpactError
from impact.pack import making
from tests import pack_sample

SAYS_FILES = "import json; print(json.dumps({'files': {'csv': '/there/pack.csv'}}))"


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Have the pack made by a child that runs the given lines instead of the real one."""

    def made(*lines: str, tell: Any = lambda text, ratio: None) -> dict[str, Path]:
        watched = making._watched

        def instead(command: Sequence[str], errors: Any, told: Any) -> Any:
            return watched([sys.executable, "-c", "\n".join(lines)], errors, told)

        with monkeypatch.context() as patched:
            patched.setattr(making, "_watched", instead)
            return making.files(pack_sample.pack(), tmp_path, ["csv"], tell)

    return made


@pytest.mark.parametrize("last", ["", "sys.stdout.close(); os.close(1)"], ids=["still open", "closed its output"])
def test_a_process_that_hangs_is_ended_and_said(
    child: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    monkeypatch.setattr(making, "MOST_SECONDS", 0.6)
    with pytest.raises(making.PackFailed, match=r"not made within 0\.01 minutes, so its process was ended"):
        child("import os, sys, time", last, "time.sleep(30)")


def test_what_a_library_prints_is_passed_over(child: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []
    found = child(
        "print('Fontconfig warning: line 5')",
        "print(5)",
        "import sys; sys.stdout.buffer.write(b'\\xff\\xfe\\n'); sys.stdout.flush()",
        """print('{"told": "Writing", "ratio": 0.5}')""",
        SAYS_FILES,
        tell=lambda text, ratio: heard.append(text),
    )
    assert found == {"csv": Path("/there/pack.csv")}
    assert heard == ["Writing"]
    assert "printed: Fontconfig warning: line 5" in caplog.text


def test_a_process_that_fails_is_an_error_a_page_can_show(child: Callable[..., Any]) -> None:
    with pytest.raises(ImpactError, match="There is no room left"):
        child("import sys", "print('There is no room left.', file=sys.stderr)", "sys.exit(1)")


def test_at_most_two_run_at_once_and_who_waits_is_told(
    child: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(making, "SECONDS_BETWEEN_TELLING", 0.01)
    begun = tmp_path / "begun"
    heard: list[str] = []

    def tell(text: str, ratio: float) -> None:
        heard.append(text)
        assert not begun.exists()
        if len(heard) == 3:
            making._PLACES.release()  # one of the others is done

    for _ in range(making.MOST_AT_ONCE):
        assert making._PLACES.acquire(timeout=5)
    try:
        child(f"open({str(begun)!r}, 'w').close()", SAYS_FILES, tell=tell)
    finally:
        for _ in range(making.MOST_AT_ONCE - 1):
            making._PLACES.release()
    assert begun.exists()
    assert heard == ["Waiting until another pack is made"] * 3


def test_a_process_whose_visitor_left_is_ended_and_its_place_is_free(child: Callable[..., Any]) -> None:
    class Left(Exception):
        """The visitor closed the page."""

    def tell(text: str, ratio: float) -> None:
        raise Left

    for _ in range(making.MOST_AT_ONCE + 1):
        with pytest.raises(Left):
            child(
                """print('{"told": "Writing", "ratio": 0.5}', flush=True)""", "import time; time.sleep(30)", tell=tell
            )


@pytest.mark.parametrize("day", ["2026-13-45", "tomorrow", ""])
def test_a_day_that_does_not_exist_is_said_with_what_is_allowed(day: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["pack", "--meeting", day, "--out", "packs"])
    said = capsys.readouterr().err
    assert f"{day!r} is no day. Write year, month and day of the meeting, such as 2026-12-15." in said
    assert "fromisoformat" not in said
