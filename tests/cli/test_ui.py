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
from pathlib import Path

import httpx
import pytest

from coterie.memory.sqlite import SqliteDb
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
    assert process.returncode == (0 if ending is signal.SIGINT else -signal.SIGTERM)
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
