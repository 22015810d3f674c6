"""A real browser on a really served page. Knows Streamlit's marks of "finished"; knows nothing of this product's pages.

``serve`` runs a script as its own process, ``open_visit`` opens an address in a fresh browser profile that can reach
nothing but this machine and records every attempt, every console error and every uncaught exception.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
PICTURES = "IMPACT_TEST_PICTURES"
"""Name of the environment variable with the folder that ``Visit.picture`` writes to; unset: no pictures."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
OUTSIDE = re.compile(r"^(?!(http|ws)s?://127\.0\.0\.1[:/])\w+:")
FINISHED = "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
# Opened at a deep link, Streamlit's front end first asks below that path for these two and is told 404.
HARMLESS = re.compile(r"/(_stcore/(health|host-config))$")
SECONDS_TO_START = 60
MILLISECONDS_TO_FINISH = 60_000
MILLISECONDS_UNTIL_A_CLICK_COUNTS = 200


@dataclass(frozen=True)
class Served:
    """A running server: its address and the file that holds everything it printed."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]


@dataclass
class Visit:
    """One open page. ``outside``: addresses beyond this machine that it asked for (blocked); ``errors``: what its
    console reported as an error, and exceptions nobody caught."""

    page: Page
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Wait until the page has run to its end and drawn it. Raises playwright's TimeoutError after a minute."""
        self.page.wait_for_timeout(MILLISECONDS_UNTIL_A_CLICK_COUNTS)
        self.page.wait_for_selector(FINISHED, state="attached", timeout=MILLISECONDS_TO_FINISH)
        self.page.wait_for_function(
            "() => document.fonts.status === 'loaded' && !document.querySelector('[data-testid=stSkeleton]')",
            timeout=MILLISECONDS_TO_FINISH,
        )
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def go(self, url: str) -> None:
        """Open another address in the same profile and wait until it is drawn."""
        self.page.goto(url)
        self.settle()

    def barriers(self) -> list[str]:
        """What keeps people from using this page, as axe-core finds it: one line a rule, with the places."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']} ({rule['impact']}): {rule['help']} at {[str(node['target']) for node in rule['nodes']]}"
            for rule in found
        ]

    def picture(self, name: str, *, whole: bool = True) -> Path | None:
        """Write ``name``.png into the folder that the environment names; None where it names none."""
        if not (folder := os.environ.get(PICTURES)):
            return None
        path = Path(folder) / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path, full_page=whole)
        return path

    def print_pdf(self, path: Path) -> Path:
        """Print the page on A4 landscape, as the browser's own print command does."""
        self.page.pdf(path=path, format="A4", landscape=True, print_background=True)
        return path


def find_chromium() -> str | None:
    """The browser to drive: the system's own, else the one Playwright installed, else None."""
    for name in ("chromium", "google-chrome", "google-chrome-stable", "chrome"):
        path = shutil.which(name)
        if path and not path.startswith("/snap/"):  # a Snap's browser cannot see files of a test
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


@contextmanager
def serve(script: Path, home: Path, environ: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Run ``script`` with Streamlit on a free loopback port, with ``home`` as data folder; it ends with the block.

    ``environ`` is added to this process's environment. Raises AssertionError with what the server printed where it
    ends or does not answer within a minute.
    """
    port = free_port()
    home.mkdir(parents=True, exist_ok=True)
    log = home / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true"]
    variables = {**os.environ, "IMPACT_HOME": str(home), **(environ or {})}
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait_for_answer(process, port, log)
            yield Served(url=f"http://127.0.0.1:{port}", log=log, process=process)
        finally:
            _end(process)


@contextmanager
def open_visit(
    browser: Browser, url: str, *, dark: bool = False, width: int = 1440, height: int = 900, **context: Any
) -> Iterator[Visit]:
    """Open ``url`` in a fresh profile that cannot reach beyond this machine, and wait until it is drawn."""
    profile = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        service_workers="block",
        **context,
    )
    try:
        visit = Visit(page=profile.new_page())

        def refuse(request_url: str) -> None:
            visit.outside.append(request_url)

        profile.route(OUTSIDE, lambda route: (refuse(route.request.url), route.abort()))
        profile.route_web_socket(OUTSIDE, lambda socket: (refuse(socket.url), socket.close()))
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on("console", lambda message: _note_error(visit, message))
        visit.go(url)
        yield visit
    finally:
        profile.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless browser for the whole run. Without one the test is skipped, on a build server it fails."""
    path = find_chromium()
    if path is None:
        complaint = "no Chromium or Chrome found; `python3 run.py test` installs one"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(complaint)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens addresses (see ``open_visit``); at the end of the test none of them may have asked for anything outside."""
    visits = []
    with ExitStack() as stack:

        def opened(url: str, **how: Any) -> Visit:
            visits.append(stack.enter_context(open_visit(chromium, url, **how)))
            return visits[-1]

        yield opened
    assert [url for each in visits for url in each.outside] == [], "a page asked for something beyond this machine"


def free_port() -> int:
    """A loopback port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_answer(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()
    raise AssertionError(f"the server did not answer on port {port}; it printed:\n{log.read_text(errors='replace')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _note_error(visit: Visit, message: Any) -> None:
    if message.type == "error" and not HARMLESS.search(message.location.get("url", "")):
        visit.errors.append(message.text)
