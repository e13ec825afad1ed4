"""``coterie ui``: a process of its own that prints an address, answers under it, and ends when it is asked to."""

import html
import os
import pty
import re
import signal
import socket
import stat
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import pytest

from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import StoredRun
from tests.cli.conftest import Cli

UI = [sys.executable, "-m", "coterie", "ui"]
SECONDS = 120
"""How long an answer may take: the machine may be busy."""
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/#token=([\w-]{40,})&user=(\S*)")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, the current one, with a store."""
    monkeypatch.chdir(tmp_path)
    with SqliteDb("coterie.db") as db:
        db.upgrade()
    return tmp_path


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_answers_and_ends(shop: Path, ending: signal.Signals) -> None:
    command = [*UI, "--user", "ana@example.com"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = ADDRESS.fullmatch(process.stdout.readline().strip())
        assert found is not None
        port, token, user = found.groups()
        assert user == "ana%40example.com"
        asked = f"http://127.0.0.1:{port}/api/runs?user=ana"
        assert httpx.get(asked, trust_env=False, timeout=SECONDS).status_code == 401
        answer = httpx.get(asked, headers={"authorization": f"Bearer {token}"}, trust_env=False, timeout=SECONDS)
        assert (answer.status_code, answer.json()) == (200, [])
        process.send_signal(ending)
        out, err = process.communicate()
    assert process.returncode == (0 if ending is signal.SIGINT else 128 + signal.SIGTERM)
    assert (out, err) == ("", "Ctrl-C ends it.\n")


@pytest.mark.parametrize(
    ("screen", "options", "opens"), [(":0", [], True), ("", [], False), (":0", ["--no-browser"], False)]
)
def test_on_a_terminal_a_browser_is_opened_if_there_is_one(
    shop: Path, screen: str, options: list[str], opens: bool
) -> None:
    browser = shop / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {shop}/called; cp "${{1#file://}}" {shop}/opened\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    env = {**os.environ, "BROWSER": str(browser), "DISPLAY": screen, "WAYLAND_DISPLAY": ""}
    terminal, stdout = pty.openpty()
    with subprocess.Popen([*UI, *options], stdout=stdout, stderr=subprocess.PIPE, text=True, env=env) as process:
        with os.fdopen(terminal, encoding="utf-8") as lines:
            address = lines.readline().strip()
            assert process.stderr is not None
            process.stderr.readline()
            assert ADDRESS.fullmatch(address)
            answer = httpx.get(
                address.partition("#")[0], trust_env=False, timeout=SECONDS
            )  # it is at work: the browser was called
            process.send_signal(signal.SIGINT)
            process.communicate()
        os.close(stdout)
    assert answer.status_code == 200
    assert (shop / "opened").exists() is opens
    if opens:
        assert html.unescape((shop / "opened").read_text()).endswith(f'url={address}">')
        (called,) = (shop / "called").read_text().splitlines()
        assert called.startswith("file://")
        assert not Path(called.removeprefix("file://")).exists()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_however_it_ends_no_file_with_the_token_stays(shop: Path, ending: signal.Signals) -> None:
    (temporary := shop / "temporary").mkdir()
    env = {**os.environ, "BROWSER": "true", "DISPLAY": ":0", "TMPDIR": str(temporary)}
    terminal, stdout = pty.openpty()
    heard = partial(signal.signal, ending, signal.SIG_DFL)  # whoever runs the tests may have it ignored, as nohup does
    with subprocess.Popen(UI, stdout=stdout, stderr=subprocess.PIPE, text=True, env=env, preexec_fn=heard) as process:
        with os.fdopen(terminal, encoding="utf-8") as lines:
            address = lines.readline().partition("#")[0]
            assert httpx.get(address, trust_env=False, timeout=SECONDS).status_code == 200
            assert [*temporary.rglob("coterie.html")]
            process.send_signal(ending)
            _, err = process.communicate()
        os.close(stdout)
    assert [*temporary.rglob("coterie.html")] == []
    assert (process.returncode, err) == (0 if ending is signal.SIGINT else 128 + ending, "Ctrl-C ends it.\n")


def test_one_who_does_not_read_what_is_sent_does_not_keep_it(shop: Path) -> None:
    with SqliteDb("coterie.db") as db:
        db.add_run(StoredRun("r1", "ana", None, None, "a", "a", datetime.now(UTC)))
        for _ in range(20):
            db.add_records("ana", "r1", [{"kind": "told", "text": "x" * 900_000}])
    with subprocess.Popen(UI, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = ADDRESS.fullmatch(process.stdout.readline().strip())
        assert found is not None
        with socket.create_connection(("127.0.0.1", int(found[1]))) as connection:
            head = "GET /api/runs/r1/follow?user=ana HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n\r\n"
            connection.sendall(head.format(found[1], found[2]).encode())
            assert connection.recv(1) == b"H"
            process.send_signal(signal.SIGINT)
            _, err = process.communicate()
    assert (process.returncode, err) == (0, "Ctrl-C ends it.\n")


def test_it_shows_only_a_store_that_is_there(cli: Cli) -> None:
    ended = cli("ui", "--no-browser")
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.startswith("error: There is no database 'coterie.db'")


def test_a_port_that_is_taken_is_said(cli: Cli, shop: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = cli("ui", "--port", str(port))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"error: Port {port} cannot be had (")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra_it_says_what_to_install(cli: Cli, shop: Path, missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from coterie.cli import main; main(['ui'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == 'error: The live view needs starlette and uvicorn: pip install "coterie[server]".\n'
