"""The entry run.py in a folder of its own whose path has a space, with stand-ins for what it starts; no network."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser import free_port

ROOT = Path(__file__).resolve().parent.parent
TELL = "import os, sys\nprint('arguments', sys.argv[1:])\nprint('home', os.environ.get('IMPACT_HOME'), os.getcwd())\n"
SERVER = """
import http.server, sys
port = next(int(a.split("=")[1]) for a in sys.argv if a.startswith("--server.port="))
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/_stcore/health" else 404)
        self.end_headers()
try:
    http.server.HTTPServer(("127.0.0.1", port), Answer).serve_forever()
except KeyboardInterrupt:
    print("ended cleanly", flush=True)
"""
NO_ENSUREPIP = """
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "ensurepip" else real(name, package)
"""

Tool = Callable[[str, str], None]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts and signals of POSIX systems")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as run.py needs it, with its environment made: the streamlit, impact and pytest in it are stand-ins."""
    folder = tmp_path_factory.mktemp("entry") / "path with space"
    for name, text in {"impact": TELL, "pytest": f"{TELL}sys.exit(5)\n", "streamlit": SERVER}.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").touch()
        (folder / name / "__main__.py").write_text(text)
    (folder / "tests").mkdir()
    (folder / "tests/browser.py").write_text("def find_chromium():\n    return 'chromium'\n")
    for name in ("requirements.txt", "requirements-dev.txt"):
        (folder / name).write_text("# nothing\n")
    shutil.copy(ROOT / "run.py", folder)
    first = run(folder, "impact", "sync")
    assert "Creating the Python environment" in first.stdout
    assert "Installing requirements.txt" in first.stdout
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Tool:
    """Puts stand-ins for system tools into a folder for the PATH; ``calls`` in it collects how they were called."""
    (tmp_path / "bin").mkdir()

    def add(name: str, script: str) -> None:
        path = tmp_path / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> "{tmp_path}/calls"\n{script}\n')
        path.chmod(0o755)

    return add


def run(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """run.py to its end, started from another folder."""
    return subprocess.run(
        [sys.executable, folder / "run.py", *arguments],
        cwd=folder.parent,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("home", "expected"), [("", "path with space/data"), ("mine", "mine"), ("/srv/mine", "/srv/mine")]
)
def test_the_command_line_gets_its_arguments_and_the_data_folder_from_any_folder(
    prepared: Path, home: str, expected: str
) -> None:
    done = run(prepared, "impact", "sync", "--full", IMPACT_HOME=home)
    assert "arguments ['sync', '--full']" in done.stdout
    assert f"home {prepared.parent / expected} {prepared.parent}\n" in done.stdout
    assert done.returncode == 0


def test_what_was_installed_is_not_installed_again_until_requirements_change(prepared: Path) -> None:
    assert "Installing" not in run(prepared, "impact").stdout
    (prepared / "requirements.txt").write_text("# still nothing\n")
    assert "Installing requirements.txt" in run(prepared, "impact").stdout
    assert "Installing" not in run(prepared, "impact").stdout


def test_a_broken_environment_is_made_anew(prepared: Path) -> None:
    (prepared / ".venv/bin/python").unlink()
    done = run(prepared, "impact")
    assert "Creating the Python environment" in done.stdout
    assert done.returncode == 0


def test_without_ensurepip_and_apt_it_says_which_package_to_install(
    prepared: Path, tmp_path: Path, tools: Tool
) -> None:
    folder = tmp_path / "fresh copy"
    shutil.copytree(prepared, folder, ignore=shutil.ignore_patterns(".venv"))
    (tmp_path / "sitecustomize.py").write_text(NO_ENSUREPIP)
    done = run(folder, "impact", PYTHONPATH=str(tmp_path), PATH=str(tmp_path / "bin"))
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"sudo apt-get install python{version}-venv" in done.stderr
    assert done.returncode == 2
    assert not (folder / ".venv").exists()


class Dashboard:
    """A started dashboard: what it prints, line by line, until it ends."""

    def __init__(self, folder: Path, *arguments: str, **environ: str) -> None:
        variables = {name: value for name, value in os.environ.items() if name not in ("CI", "SSH_CONNECTION")}
        self.process = subprocess.Popen(
            [sys.executable, folder / "run.py", *arguments],
            cwd=folder.parent,
            env={**variables, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # A shell's background job ignores Ctrl+C, and so would everything started from it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def address(self) -> str:
        """The address it prints once the server answers."""
        assert self.process.stdout is not None
        return next(line.split()[-1] for line in self.process.stdout if "The dashboard:" in line)

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Exit code and the rest of what it printed, after Ctrl+C (which reaches all) or another signal (itself)."""
        if number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=60)
        return self.process.returncode, rest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_dashboard_prints_its_address_and_ends_with_its_server(prepared: Path, number: signal.Signals) -> None:
    port = free_port()
    dashboard = Dashboard(prepared, "--no-browser", "--port", str(port))
    assert dashboard.address() == f"http://127.0.0.1:{port}"
    code, rest = dashboard.end(number)
    assert code == (0 if number == signal.SIGINT else 128 + signal.SIGTERM)
    assert ("ended cleanly" in rest) == (number == signal.SIGINT)
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass


@pytest.mark.parametrize(("flags", "opened"), [((), 1), (("--no-browser",), 0)])
def test_the_browser_opens_once_the_server_answers(
    prepared: Path, tmp_path: Path, tools: Tool, flags: tuple[str, ...], opened: int
) -> None:
    tools("browse", "exit 0")
    browser = {"BROWSER": str(tmp_path / "bin/browse"), "DISPLAY": ":0"}
    dashboard = Dashboard(prepared, "--port", str(free_port()), *flags, **browser)
    address = dashboard.address()
    deadline = time.monotonic() + (20 if opened else 2)  # long enough for a browser that should not open to show
    while not (tmp_path / "calls").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    dashboard.end(signal.SIGINT)
    calls = (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []
    assert calls == [f"browse {address}"] * opened


def test_a_port_in_use_is_named_and_without_one_the_next_free_is_taken(prepared: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(prepared, "--no-browser", "--port", str(port))
    assert f"On 127.0.0.1 port {port} is in use" in done.stderr
    assert done.returncode == 2


DPKG = 'for name; do :; done; [ "$name" = poppler-utils ] && [ ! -e "$0.done" ] && exit 1; printf installed'


def test_only_missing_packages_are_installed_for_the_tests_whose_exit_code_comes_back(
    prepared: Path, tmp_path: Path, tools: Tool
) -> None:
    tools("dpkg-query", DPKG)
    tools("apt-get", f'touch "{tmp_path}/bin/dpkg-query.done"')
    tools("debconf-set-selections", f'cat > "{tmp_path}/answers"')
    tools("sudo", 'exec "$@"')
    path = f"{tmp_path / 'bin'}:/usr/bin:/bin"
    first = run(prepared, "test", "-k", "some", PATH=path)
    calls = (tmp_path / "calls").read_text()
    assert "poppler-utils      turns printed pages" in first.stdout
    assert "request-tracker5" not in first.stdout.replace("request-tracker5/", "")
    assert "install -y --no-install-recommends poppler-utils\n" in calls
    assert "request-tracker5/dbconfig-install boolean false" in (tmp_path / "answers").read_text()
    assert "arguments ['-k', 'some']" in first.stdout
    assert first.returncode == 5
    (tmp_path / "calls").unlink()
    second = run(prepared, "test", PATH=path)
    assert "apt-get" not in (tmp_path / "calls").read_text()
    assert second.returncode == 5


def test_a_package_that_cannot_be_installed_ends_the_run_before_the_tests(
    prepared: Path, tmp_path: Path, tools: Tool
) -> None:
    tools("dpkg-query", "exit 1")
    tools("apt-get", "exit 100")
    tools("debconf-set-selections", "cat > /dev/null")
    tools("sudo", 'exec "$@"')
    done = run(prepared, "test", PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert "apt-get could not install: request-tracker5" in done.stderr
    assert "arguments" not in done.stdout
    assert done.returncode == 2


HALF_SET_UP = """for name; do :; done
case "$*" in *Version*) printf 2.3.15-2+deb12u1;; *) [ "$name" = redmine ] && exit 1; printf installed;; esac"""


def test_a_redmine_that_cannot_be_set_up_is_taken_away_and_the_tests_go_on(
    prepared: Path, tmp_path: Path, tools: Tool
) -> None:
    tools("dpkg-query", HALF_SET_UP)
    tools("apt-get", f'echo "$BUNDLER_VERSION" >> "{tmp_path}/bundler"; exit 100')
    tools("debconf-set-selections", "cat > /dev/null")
    tools("sudo", 'exec "$@"')
    done = run(prepared, "test", PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert "Redmine could not be installed" in done.stdout
    assert "remove redmine\n" in (tmp_path / "calls").read_text()
    assert (tmp_path / "bundler").read_text().split() == ["2.3.15", "2.3.15"]
    workers = min((os.cpu_count() or 1) + 1, 4)
    assert f"arguments ['-n', '{workers}', '--dist', 'loadfile']" in done.stdout
    assert done.returncode == 5


def test_chosen_tests_run_one_after_the_other(prepared: Path, tmp_path: Path, tools: Tool) -> None:
    tools("dpkg-query", "printf installed")
    done = run(prepared, "test", "-k", "store", PATH=f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert "arguments ['-k', 'store']" in done.stdout
