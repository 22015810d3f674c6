"""Starts a throwaway Request Tracker 5 from Debian's packages on loopback. Knows nothing of what is seeded into it.

Needs the packages request-tracker5, rt5-db-sqlite and rt5-standalone; runs as root and as any other user. Each
server has a folder of its own with its database, its configuration and its caches, and is ended by its own handle.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

PROGRAM = Path("/usr/share/request-tracker5/libexec/rt-server")
SETUP = Path("/usr/sbin/rt-setup-database-5")
PACKAGES = ("request-tracker5", "rt5-db-sqlite", "rt5-standalone")
SECONDS_TO_START = 60
ADMIN = "root"

LIFECYCLE = """
Set(%Lifecycles, change => {
  type => 'ticket',
  initial => ['requested'], active => ['approved', 'in_progress'],
  inactive => ['deployed', 'failed', 'rolled_back', 'cancelled', 'deleted'],
  defaults => { on_create => 'requested', on_merge => 'cancelled', approved => 'approved', denied => 'cancelled' },
  transitions => {
    '' => ['requested', 'approved', 'in_progress'],
    requested => ['approved', 'in_progress', 'cancelled', 'deleted'],
    approved => ['in_progress', 'cancelled', 'deleted'],
    in_progress => ['deployed', 'failed', 'rolled_back', 'cancelled', 'deleted'],
    deployed => ['rolled_back', 'failed', 'deleted'],
    failed => ['in_progress', 'deleted'], rolled_back => ['in_progress', 'deleted'],
    cancelled => ['requested', 'deleted'],
  },
});
"""

# Each sign-in hashes a password or token; at the usual cost that alone takes 0.25 s of every request.
SITE = """
Set($rtname, 'desk.example'); Set($Organization, 'desk.example');
Set($DatabaseType, 'SQLite'); Set($DatabaseName, '%(database)s');
Set($WebDomain, '127.0.0.1'); Set($WebPort, %(port)d); Set($WebPath, '');
Set($MailCommand, 'testfile'); Set($Timezone, 'UTC'); Set($BcryptCost, 4);
Set($LogToSyslog, undef); Set($LogToSTDERR, 'error');
$RT::MasonDataDir = '%(folder)s/mason'; $RT::MasonSessionDir = '%(folder)s/session'; $RT::VarPath = '%(folder)s/var';
%(lifecycle)s
1;
"""

# Queues, custom fields, users with their rights, a token each; no mail rules, which nobody here reads.
DATA = """
my @queues = @{%(queues)s};
my @desks = grep { $_->{Lifecycle} eq 'default' } @queues;
@Queues = map {{ Name => $_->{Name}, Description => $_->{Name}, Lifecycle => $_->{Lifecycle} }} @queues;
@CustomFields = map {{ Name => $_->{Name}, Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket',
                       ApplyTo => $_->{Queues} }} @{%(fields)s};
my @users = @{%(users)s};
@Users = map {{ Name => $_->{Name}, Privileged => 1, Password => $_->{Password}, Timezone => $_->{Timezone} }} @users;
@ACL = map { my $u = $_; map { my $q = $_; map {{ UserId => $u->{Name}, Queue => $q, Right => $_ }} @{$u->{Rights}} }
             @{$u->{Queues}} } @users;
@Final = (sub {
    my $scrips = RT::Scrips->new(RT->SystemUser); $scrips->UnLimit;
    while (my $scrip = $scrips->Next) { $scrip->SetDisabled(1); }
    my %%token;
    for my $name ('root', map { $_->{Name} } @users) {
        my $user = RT::User->new(RT->SystemUser); $user->Load($name);
        my $made = RT::AuthToken->new(RT->SystemUser);
        my ($ok, $said, $text) = $made->Create(Owner => $user->Id, Description => 'tests');
        die $said unless $ok;
        $token{$name} = $text;
    }
    open my $file, '>', '%(tokens)s' or die $!;
    print $file JSON::to_json(\\%%token); close $file;
});
1;
"""


@dataclass(frozen=True)
class User:
    """Somebody who may sign in, with the same rights in each of some queues."""

    name: str
    queues: tuple[str, ...]
    rights: tuple[str, ...] = ("SeeQueue", "ShowTicket", "SeeCustomField")
    timezone: str = "UTC"


@dataclass(frozen=True)
class Site:
    """What an empty Request Tracker is set up with: queue -> lifecycle, custom field -> queues, and users."""

    queues: Mapping[str, str]
    fields: Mapping[str, tuple[str, ...]]
    users: tuple[User, ...]


@dataclass(frozen=True)
class RtServer:
    """A running server, the tokens of its users, and its database file (only to be changed while nothing runs)."""

    url: str
    tokens: Mapping[str, str]
    passwords: Mapping[str, str]
    database: Path
    folder: Path

    def ask(self, method: str, path: str, *, user: str = ADMIN, **request: Any) -> Any:
        """One REST2 request as ``user``; the JSON of its answer. Raises for an answer that is no success."""
        headers = {"Authorization": f"token {self.tokens[user]}"}
        answer = requests.request(method, f"{self.url}/REST/2.0/{path}", headers=headers, timeout=120, **request)
        answer.raise_for_status()
        return answer.json()


def why_not() -> str:
    """Why no server can be started on this machine; empty when one can."""
    if PROGRAM.is_file() and SETUP.is_file():
        return ""
    command = f"sudo apt-get install --no-install-recommends {' '.join(PACKAGES)}"
    return f"Request Tracker is not installed. On Debian: {command}"


def make_database(folder: Path, site: Site) -> Path:
    """A new database in ``folder`` with the site's queues, fields and users; ``secrets.json`` there has their keys."""
    _configure(folder, port=1)
    passwords = {user.name: secrets.token_hex(8) for user in (User(ADMIN, ()), *site.users)}
    (folder / "password").write_text(passwords[ADMIN])
    (folder / "site.pl").write_text(
        DATA
        % {
            "queues": _perl([{"Name": name, "Lifecycle": kind} for name, kind in site.queues.items()]),
            "fields": _perl([{"Name": name, "Queues": list(queues)} for name, queues in site.fields.items()]),
            "users": _perl(
                [
                    {
                        "Name": user.name,
                        "Password": passwords[user.name],
                        "Timezone": user.timezone,
                        "Queues": list(user.queues),
                        "Rights": list(user.rights),
                    }
                    for user in site.users
                ]
            ),
            "tokens": folder / "tokens.json",
        }
    )
    _setup(folder, "--action", "init", f"--root-password-file={folder / 'password'}")
    _setup(folder, "--action", "insert", "--datafile", str(folder / "site.pl"))
    keys = {"tokens": json.loads((folder / "tokens.json").read_text()), "passwords": passwords}
    (folder / "secrets.json").write_text(json.dumps(keys))
    return folder / "rt.sqlite"


@contextmanager
def running(folder: Path, *, workers: int = 3) -> Iterator[RtServer]:
    """A server on the database in ``folder`` (made by make_database), on a free port, ended on leaving."""
    port = _free_port()
    _configure(folder, port)
    keys = json.loads((folder / "secrets.json").read_text())
    server = RtServer(f"http://127.0.0.1:{port}", keys["tokens"], keys["passwords"], folder / "rt.sqlite", folder)
    command = [str(PROGRAM), "--host", "127.0.0.1", "--port", str(port), "--max-workers", str(workers)]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=_environment(folder), stdout=log, stderr=log, cwd=folder, start_new_session=True
        )
        try:
            _wait(server, process)
            yield server
        finally:
            _end(process)


def temporary_folder(name: str) -> Path:
    """A new folder in memory where the machine has one (writing is many times faster there), else on disk."""
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 500_000_000
    root = memory if usable else Path(os.environ.get("TMPDIR", "/tmp"))
    folder = root / f"{name}-{os.getpid()}-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    return folder


def _configure(folder: Path, port: int) -> None:
    for name in ("site.d", "mason", "session", "var"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "RT_SiteConfig.pm").write_text("1;\n")
    values = {"database": folder / "rt.sqlite", "port": port, "folder": folder, "lifecycle": LIFECYCLE}
    (folder / "site.d" / "10-tests.pm").write_text(SITE % values)


def _environment(folder: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    return {
        **kept,
        "PATH": f"/usr/sbin:/usr/bin:/sbin:/bin:{kept.get('PATH', '')}",
        "TZ": "UTC",
        "RT_SITE_CONFIG": str(folder / "RT_SiteConfig.pm"),
        "RT_SITE_CONFIG_DIR": str(folder / "site.d"),
    }


def _setup(folder: Path, *arguments: str) -> None:
    command = [str(SETUP), *arguments, "--skip-create"]
    done = subprocess.run(command, env=_environment(folder), cwd=folder, capture_output=True, text=True, timeout=180)
    if done.returncode:
        raise RuntimeError(f"{SETUP.name} {arguments[1]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def _wait(server: RtServer, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < ends and process.poll() is None:
        try:
            server.ask("GET", "rt")
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    log = (server.folder / "server.log").read_text(errors="replace")[-2000:]
    raise RuntimeError(f"Request Tracker did not start: {log}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its own group: the server and its workers
        process.wait(timeout=10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _perl(value: object) -> str:
    """A list of plain records as Perl reads it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_perl(key)} => {_perl(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_perl(inner) for inner in value) + "]"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
