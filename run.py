#!/usr/bin/env python3
"""The way in for a newcomer: prepares what is missing and starts something. Knows nothing of what the product computes.

    python3 run.py [--host H] [--port P] [--no-browser]   the dashboard, opened in the browser
    python3 run.py impact ...                             the command line: python3 run.py impact sync
    python3 run.py test [pytest arguments]                all tests, with what they need

Everything goes into the folder .venv beside this file (and, for the tests only, Debian packages that are listed
before they are installed). Nothing is installed twice, and without anything missing no network is needed.
Exit code: 0 ended normally, 2 something is missing that this file cannot install, else that of the program started.
"""

from __future__ import annotations

import argparse
import hashlib
import http
import http.client
import importlib.util
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
RUNNING, TESTING = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
OLDEST_PYTHON = (3, 11)
PORTS = range(8501, 8551)
SECONDS_TO_ANSWER = 120
INTERRUPTED = 130
MOST_WORKERS = 4
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (only compared with)
SBIN = "/usr/sbin:/usr/lib"

CHROMIUM = {"chromium": "a real browser, which the tests of the pages drive"}
TEST_PACKAGES = {
    "request-tracker5": "a real Request Tracker, started on loopback, which its connector is tested against",
    "rt5-db-sqlite": "lets that Request Tracker keep its data in one throwaway file",
    "rt5-standalone": "its own small web server, so that no Apache is installed",
    "ruby-bundler": "finds the libraries of the real Redmine that follows",
    "puma": "its web server",
    "postgresql": "a real PostgreSQL, started on loopback, which databases as a source are tested against",
    "fonts-dejavu-core": "letters for the browser's pictures",
    "libatomic1": "a library that the browser's remote control needs",
    "poppler-utils": "turns printed pages into pictures that can be checked",
    "libreoffice-impress": "draws the slides of a pack as another program than ours would",
    "fonts-liberation": "letters as wide as Arial's, in which slides are set",
}
MAILER = {"dma": "Request Tracker wants a mail program; this one has no server that would stay running"}
REDMINE = {
    "redmine": "a real Redmine, started on loopback, which its connector is tested against",
    "redmine-sqlite": "lets that Redmine keep its data in one throwaway file",
}
# The tests make databases of their own: the packages must not make one, and must not ask.
PRESEED = """\
request-tracker5 request-tracker5/dbconfig-install boolean false
rt5-db-sqlite request-tracker5/dbconfig-install boolean false
redmine redmine/instances/default/dbconfig-install boolean false
"""


def main(arguments: list[str]) -> int:
    """Do what the arguments say; the exit code."""
    if sys.version_info < OLDEST_PYTHON:
        have, need = (".".join(map(str, version[:2])) for version in (sys.version_info, OLDEST_PYTHON))
        stop(f"This needs Python {need} or newer; {sys.executable} is Python {have}. Try: python{need} run.py")
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command == "test":
        return run_tests(rest)
    if command == "impact":
        install(RUNNING)
        return ended(subprocess.Popen([PYTHON, "-m", "impact", *rest], env=environment()))
    options = argparse.ArgumentParser(prog="run.py", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    options.add_argument("--port", type=int, help=f"port (default: {PORTS[0]}, or the next free one)")
    options.add_argument("--no-browser", action="store_true", help="print the address only")
    chosen = options.parse_args(arguments)
    install(RUNNING)
    ports = range(chosen.port, chosen.port + 1) if chosen.port else PORTS
    return run_dashboard(chosen.host, free_port(chosen.host, ports), opens=not chosen.no_browser)


def run_dashboard(host: str, port: int, *, opens: bool) -> int:
    """Start Streamlit, say where it answers, open the browser there; returns when it has ended."""
    server = {
        "server.address": host,
        "server.port": port,
        "server.headless": "true",  # this file opens the browser, once the page is there
        "logger.hideWelcomeMessage": "true",
    }
    flags = [f"--{name}={value}" for name, value in server.items()]
    command = [PYTHON, "-m", "streamlit", "run", "server.py"]
    child = subprocess.Popen([*command, *flags], cwd=ROOT, env=environment())
    near = "127.0.0.1" if host in EVERYWHERE else host
    url = f"http://{f'[{near}]' if ':' in near else near}:{port}"

    def announce() -> None:
        if not answers(child, near, port):
            return
        print(f"\n  The dashboard: {url}\n  Ctrl+C ends it.\n", flush=True)
        if opens and has_desktop():
            webbrowser.open(url)

    code = ended(child, meanwhile=announce)
    return 0 if code == INTERRUPTED else code


def run_tests(arguments: list[str]) -> int:
    """Install what the tests need, run pytest and return its exit code."""
    install(TESTING)
    if has_apt():
        install_packages()
    else:
        say("Not Debian or Ubuntu: the tests against real servers and of printed pages are skipped.")
    if not has_apt() or is_ubuntu():
        install_browser()
    settings = {**os.environ, "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1")}
    # Files side by side, one more than processors: many tests wait for a server or a browser. Chosen tests run in turn.
    at_once = min((os.cpu_count() or 1) + 1, MOST_WORKERS)
    workers = [] if arguments else ["-n", str(at_once), "--dist", "loadfile"]
    return ended(subprocess.Popen([PYTHON, "-m", "pytest", *workers, *arguments], cwd=ROOT, env=settings))


# --- the Python environment --------------------------------------------------------------------------------------


def install(requirements: Path) -> None:
    """Make .venv and install the requirements where they differ from what was installed last time."""
    stamp = VENV / f"{requirements.name}.installed"
    wanted = hashlib.sha256(RUNNING.read_bytes() + requirements.read_bytes()).hexdigest()
    healthy = PYTHON.exists() and not subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode
    if healthy and stamp.is_file() and stamp.read_text() == wanted:
        return
    if not healthy:
        need_ensurepip()
        say(f"Creating the Python environment {VENV}")
        # --clear: what a broken-off run or another Python left there is of no use.
        if run([sys.executable, "-m", "venv", "--clear", VENV]):
            stop(f"The environment could not be created. Remove the folder {VENV} and try again.")
    say(f"Installing {requirements.name} into it")
    pip = ["pip", "install", "--disable-pip-version-check", "--prefer-binary", "-r", requirements]
    if run([PYTHON, "-m", *pip]):
        stop(f"pip could not install {requirements.name}; its own words are above. It uses your pip settings.")
    stamp.write_text(wanted)


def need_ensurepip() -> None:
    """Debian ships Python without what makes environments: install it, or say how."""
    if importlib.util.find_spec("ensurepip"):
        return
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    if has_apt() and as_root() is not None:
        say(f"This Python cannot make environments yet: installing the Debian package {package}")
        apt_install([package])
    else:
        stop(f"This Python cannot make environments. Run this, then try again:\n  sudo apt-get install {package}")


def environment() -> dict[str, str]:
    """The same data and settings from any folder: this folder's, unless the user's own environment names others."""
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    for name, usual in {"IMPACT_HOME": ROOT / "data", "IMPACT_SECRETS": ROOT / ".streamlit/secrets.toml"}.items():
        if os.environ.get(name) or name == "IMPACT_HOME" or usual.is_file():
            found[name] = str(Path(os.environ.get(name) or usual).absolute())
    found.setdefault("OPENBLAS_NUM_THREADS", "1")  # many small sums: threads of one sum only get in each other's way
    return found


# --- Debian packages for the tests -------------------------------------------------------------------------------


def install_packages() -> None:
    """Install the missing ones, saying which and why; with none missing, do nothing."""
    wanted = TEST_PACKAGES | ({} if is_ubuntu() else CHROMIUM) | ({} if shutil.which("sendmail", path=SBIN) else MAILER)
    wanted |= REDMINE
    missing = [name for name in wanted if not is_installed(name)]
    if not missing:
        return
    say("The tests need these Debian packages, which are not installed yet:")
    print("".join(f"  {name:18} {wanted[name]}\n" for name in missing), flush=True)
    if as_root() is None:
        say("Not root and no sudo: the tests that need them will be skipped. An administrator can run:")
        print(f"  apt-get install --no-install-recommends {' '.join(missing)}\n", flush=True)
        return
    run([*as_root(), "debconf-set-selections"], input=PRESEED, text=True)
    others = [name for name in missing if name not in REDMINE]
    if others:
        apt_install(others)
    if len(others) < len(missing):
        install_redmine()


def install_redmine() -> None:
    """Apart from the others, because its set-up breaks where a security update brought Ruby a newer Bundler than
    Debian's own, which alone knows Debian's libraries. Without Redmine its tests are skipped."""
    asked = subprocess.run(["dpkg-query", "-W", "-f=${Version}", "ruby-bundler"], capture_output=True, text=True)
    bundler = f"BUNDLER_VERSION={asked.stdout.partition('-')[0].partition('+')[0]}"
    apt = [*as_root(), "env", "DEBIAN_FRONTEND=noninteractive", bundler, "apt-get", "-q", "-y"]
    patience = ["-o", "DPkg::Lock::Timeout=600"]
    if run([*apt, *patience, "install", "--no-install-recommends", *REDMINE]):
        say("Redmine could not be installed; its own words are above. The tests against it are skipped.")
        run([*apt, *patience, "remove", "redmine"])  # left half set up, it would stop every later installation


def is_installed(package: str) -> bool:
    """Whether dpkg has the package, whole."""
    asked = subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Status}", package], capture_output=True, text=True)
    return asked.stdout == "installed"


def apt_install(packages: list[str]) -> None:
    """apt-get install without questions; package lists are fetched only where there are none or they are too old."""
    apt = [*as_root(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=600"]
    command = [*apt, "install", "-y", "--no-install-recommends", *packages]
    has_lists = any(Path("/var/lib/apt/lists").glob("*_Packages*"))
    if has_lists and run(command) == 0:
        return
    if run([*apt, "update"]) or run(command):
        stop(f"apt-get could not install: {' '.join(packages)}. Its own words are above.")


def install_browser() -> None:
    """Ubuntu's chromium is a Snap that cannot see a test's files, other systems have none: take Playwright's own."""
    check = "import sys, tests.browser; sys.exit(tests.browser.find_chromium() is None)"
    if run([PYTHON, "-c", check], cwd=ROOT) == 0:
        return
    say("The tests need a real browser: installing Playwright's Chromium")
    with_libraries = ["--with-deps"] if has_apt() and as_root() is not None else []
    if run([PYTHON, "-m", "playwright", "install", *with_libraries, "chromium"]):
        stop("Chromium could not be installed: put Google Chrome or Chromium on the PATH, or try again.")


def has_apt() -> bool:
    """Whether this is a system of Debian's family."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg-query"))


def is_ubuntu() -> bool:
    """Whether this is Ubuntu or a descendant of it."""
    release = platform.freedesktop_os_release()
    return "ubuntu" in f"{release.get('ID', '')} {release.get('ID_LIKE', '')}"


def as_root() -> list[str] | None:
    """What to put before a command so that root runs it; None where that cannot be had."""
    if os.geteuid() == 0:
        return []
    return ["sudo"] if shutil.which("sudo") else None


# --- programs that are started -----------------------------------------------------------------------------------


def run(command: list, **options) -> int:
    """Run a short tool to its end; its exit code."""
    return subprocess.run(command, **options).returncode


def ended(child: subprocess.Popen, meanwhile=lambda: None) -> int:
    """Wait for the program's end and return its exit code. Ctrl+C and termination end it with us, in its own time."""
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        meanwhile()
        code = child.wait()
        return code if code >= 0 else 128 - code
    except KeyboardInterrupt:  # the terminal has told the program too
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.terminate()
            child.wait()
        return INTERRUPTED


def answers(child: subprocess.Popen, host: str, port: int) -> bool:
    """Wait until the server answers; False where it ended or does not answer in time (it then goes on without us)."""
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while child.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection(host, port, timeout=5)  # never through a proxy
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return True
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()
    return False


def free_port(host: str, ports: range) -> int:
    """The first of these ports that nobody uses."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in ports:
        with socket.socket(family) as probe:
            if os.name != "nt":  # as the server does; on Windows this would take a port that is in use
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    taken = f"port {ports[0]} is" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]} are"
    stop(f"On {host} {taken} in use. Choose another with --port, or an address of this machine with --host.")


def has_desktop() -> bool:
    """Whether there is a screen to open a browser on."""
    if os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def say(sentence: str) -> None:
    """One line of what happens now."""
    print(f"\n{sentence}", flush=True)


def stop(sentence: str) -> NoReturn:
    """End with what is missing and what to do."""
    print(f"\n{sentence}", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
