"""Starts a throwaway PostgreSQL from Debian's packages on loopback. Knows nothing of what is put into it.

Needs the package postgresql; runs as root (the server itself then runs as the user postgres) and as any other user.
Each server has a folder of its own and is ended by its own handle.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BINARIES = Path("/usr/lib/postgresql")
PACKAGES = ("postgresql",)
SERVER_USER = "postgres"
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=20")


@dataclass(frozen=True)
class Postgres:
    """A running server: its port and the password of its user ``desk``, who owns the database ``desk``."""

    port: int
    password: str

    @property
    def url(self) -> str:
        """The SQLAlchemy address without the password."""
        return f"postgresql+psycopg://desk@127.0.0.1:{self.port}/desk"


def find_binaries() -> Path | None:
    """The folder with initdb and pg_ctl of the newest installed version; None where there is none."""
    found = [path for path in BINARIES.glob("*/bin") if (path / "initdb").exists() and (path / "pg_ctl").exists()]
    return max(found, key=lambda path: float(path.parent.name), default=None)


@contextmanager
def running() -> Iterator[Postgres]:
    """A server with an empty database. Raises RuntimeError with the server's own words when it does not start."""
    binaries = find_binaries()
    if binaries is None:
        raise RuntimeError(f"PostgreSQL is not installed: apt-get install {' '.join(PACKAGES)}")
    folder = Path(tempfile.mkdtemp(prefix="impact-postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, SERVER_USER)
        secret = folder / "password"
        server = Postgres(_free_port(), secrets.token_hex(12))
        secret.write_text(server.password, encoding="utf-8")
        secret.chmod(0o644)
        data = folder / "data"
        _run(binaries / "initdb", "-D", data, "-U", "desk", "--pwfile", secret, "--auth=scram-sha-256", "-E", "UTF8",
             "--no-sync")  # fmt: skip
        options = f"-h 127.0.0.1 -p {server.port} -k {folder} " + " ".join(f"-c {option}" for option in QUICK)
        _run(binaries / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", folder / "log", "-o", options, "start")
        try:
            _run(binaries / "createdb", "-h", "127.0.0.1", "-p", str(server.port), "-U", "desk", "desk",
                 password=server.password)  # fmt: skip
            yield server
        finally:
            _run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(program: Path, *arguments: object, password: str = "") -> None:
    user = SERVER_USER if os.geteuid() == 0 else None
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "PGPASSWORD": password}
    if user:
        environment["HOME"] = pwd.getpwnam(user).pw_dir
    # pg_ctl start leaves a child that keeps its outputs open: a file, not a pipe, is what it may hold on to.
    with tempfile.TemporaryFile("w+") as told:
        done = subprocess.run([program, *map(str, arguments)], user=user, group=user, extra_groups=[] if user else None,
                              env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=told, stderr=told,
                              timeout=120)  # fmt: skip
        told.seek(0)
        if done.returncode:
            raise RuntimeError(f"{program.name} failed: {told.read()[-800:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
