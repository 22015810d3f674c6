"""The browser fixture itself: it serves, waits, and catches what it is there to catch. Knows no page of the product."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import PICTURES, ROOT, Served, Visit, open_visit, serve

PAGE = """
import os, time
import streamlit as st
st.set_page_config(page_title="Fixture")
st.title("A page")
if st.query_params.get("fault") == "outside":
    st.html('<img alt="from elsewhere" src="https://outside.example/picture.png">')
    st.html("<script>new WebSocket('wss://outside.example/socket')</script>", unsafe_allow_javascript=True)
if st.query_params.get("fault") == "axe":
    st.html('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">')
if st.query_params.get("fault") == "console":
    st.html("<script>console.error('something broke')</script>", unsafe_allow_javascript=True)
if st.query_params.get("fault") == "exception":
    script = "<script>setTimeout(() => { throw new Error('nobody caught this') })</script>"
    st.html(script, unsafe_allow_javascript=True)
if st.button("Count slowly"):
    time.sleep(1)
    st.write("Counted")
st.write("Data in", os.environ["IMPACT_HOME"], os.environ["FLAVOUR"])
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("with space")
    script = folder / "page.py"
    script.write_text(PAGE)
    with serve(script, folder / "home", {"FLAVOUR": "vanilla"}) as running:
        yield running


def test_a_served_page_sees_its_data_folder_and_variables(served: Served, visit: Callable[..., Visit]) -> None:
    opened = visit(served.url)
    text = opened.page.inner_text("body")
    assert "A page" in text
    assert str(served.log.parent) in text
    assert "vanilla" in text
    assert opened.errors == []
    assert opened.outside == []


def test_settling_waits_for_the_end_of_a_slow_rerun(served: Served, visit: Callable[..., Visit]) -> None:
    opened = visit(served.url)
    opened.page.get_by_role("button", name="Count slowly").click()
    opened.settle()
    assert "Counted" in opened.page.inner_text("body")


@pytest.mark.parametrize("dark", [False, True])
def test_a_plain_page_has_no_barriers_in_light_and_dark(
    served: Served, visit: Callable[..., Visit], dark: bool
) -> None:
    opened = visit(served.url, dark=dark)
    background = opened.page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert background == ("rgb(23, 22, 20)" if dark else "rgb(255, 255, 255)")
    assert opened.barriers() == []


def test_a_picture_without_alternative_text_is_found_as_a_barrier(served: Served, visit: Callable[..., Visit]) -> None:
    barriers = visit(f"{served.url}?fault=axe").barriers()
    assert [barrier.split(" ")[0] for barrier in barriers] == ["image-alt"]


def test_requests_beyond_this_machine_are_recorded(served: Served, chromium: Any) -> None:
    with open_visit(chromium, f"{served.url}?fault=outside") as opened:
        opened.page.wait_for_timeout(500)
        assert set(opened.outside) == {"https://outside.example/picture.png", "wss://outside.example/socket"}


def test_a_request_beyond_this_machine_fails_the_test_that_made_it(
    pytester: pytest.Pytester, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest("from tests.browser import chromium, visit")
    pytester.makepyfile(f"def test_page(visit): visit('{served.url}?fault=outside').page.wait_for_timeout(500)")
    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    outcome.assert_outcomes(passed=1, errors=1)
    outcome.stdout.fnmatch_lines(["*a page asked for something beyond this machine*"])


@pytest.mark.parametrize(("fault", "expected"), [("console", "something broke"), ("exception", "nobody caught this")])
def test_what_the_browser_reports_as_an_error_is_recorded(
    served: Served, visit: Callable[..., Visit], fault: str, expected: str
) -> None:
    opened = visit(f"{served.url}?fault={fault}")
    opened.page.wait_for_timeout(200)
    assert len(opened.errors) == 1
    assert expected in opened.errors[0]


def test_pictures_go_where_the_environment_says_and_nowhere_else(
    served: Served, visit: Callable[..., Visit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = visit(served.url)
    monkeypatch.delenv(PICTURES, raising=False)
    assert opened.picture("page") is None
    monkeypatch.setenv(PICTURES, str(tmp_path / "pictures"))
    assert opened.picture("page") == tmp_path / "pictures" / "page.png"
    assert (tmp_path / "pictures" / "page.png").read_bytes().startswith(b"\x89PNG")


def test_the_server_ends_with_its_block(tmp_path: Path) -> None:
    script = tmp_path / "page.py"
    script.write_text("import streamlit as st\nst.title('Short')\n")
    with serve(script, tmp_path / "home") as running:
        address = running.url.removeprefix("http://")
        assert running.process.poll() is None
    assert running.process.poll() is not None
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(address, timeout=5).request("GET", "/")


def test_a_server_that_cannot_start_shows_what_it_printed(tmp_path: Path) -> None:
    missing = tmp_path / "missing.py"
    with pytest.raises(AssertionError, match=r"(?s)did not answer.*missing\.py"), serve(missing, tmp_path / "home"):
        pass
