"""``coterie graph``."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

BEGINNINGS = {
    "svg": ("svg", b"<svg "),
    "png": ("png", b"\x89PNG"),
    "mermaid": ("mmd", b"flowchart TB\n"),
    "dot": ("dot", b'digraph "desk" {\n'),
    "json": ("json", b'{\n  "root": {\n'),
    "html": ("html", b"<!doctype html>"),
    "tree": ("txt", b"team desk "),
}


def test_it_draws_on_stdout(cli: Cli, desk: Path) -> None:
    for arguments in ((), ("-o", "-"), ("-f", "tree")):
        ended = cli("graph", "desk.py", *arguments)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.startswith("team desk ")
        assert "tools · find_order, share_note" in ended.out
        assert "shared memory · desk.db ═╝" in ended.out
    assert not Path("desk.db").exists()


@pytest.mark.parametrize("format", BEGINNINGS)
def test_a_file_and_stdout_get_the_same(cli: Cli, desk: Path, format: str) -> None:
    ending, beginning = BEGINNINGS[format]
    ended = cli("graph", "desk.py", "-o", f"out.{ending}")
    assert (ended.code, ended.out, ended.err) == (0, "", f"Drawn: out.{ending}\n")
    command = [sys.executable, "-m", "coterie", "graph", "desk.py", "--format", format, "-o", "-"]
    printed = subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": "utf-8"}, capture_output=True, check=True)
    assert printed.stdout == Path(f"out.{ending}").read_bytes()
    assert printed.stdout.startswith(beginning)


def test_one_of_a_file_to_a_depth_without_the_memory(cli: Cli, desk: Path) -> None:
    whole = json.loads(cli("graph", "desk.py", "-f", "json").out)
    less = json.loads(cli("graph", "desk.py", "-f", "json", "--depth", "1", "--no-memory").out)
    assert [member["nodes"] for member in less["root"]["members"]] == [[], []]
    assert less["store"] is None
    assert whole["store"]["details"] == ["desk.db"]
    assert cli("graph", "desk.py:orders", "-f", "ascii").out.isascii()
    assert cli("graph", "desk.py", "--depth", "0").err.startswith("error: The depth is 0: give 1 ")


def test_a_terminal_that_has_no_lines_gets_ascii_and_programs_get_utf_8(desk: Path) -> None:
    desk.write_text(desk.read_text().replace('"finds an order"', '"注文を探す"'))

    def printed(format: str) -> bytes:
        command = [sys.executable, "-m", "coterie", "graph", "desk.py", "-f", format]
        return subprocess.run(
            command, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=True
        ).stdout

    assert printed("tree").isascii()
    assert "注文を探す" in printed("mermaid").decode()


def test_a_png_is_not_for_a_terminal(desk: Path) -> None:
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "coterie", "graph", "desk.py", "-f", "png"]
    ended = subprocess.run(command, stdout=terminal, stderr=subprocess.PIPE, text=True)
    os.close(terminal)
    os.close(master)
    assert ended.returncode == 2
    assert ended.stderr == (
        "error: A PNG is no text for a terminal: give a file, -o graph.png, or redirect the output.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "desk.pdf"), "error: Nothing can be drawn to 'desk.pdf': give a name that ends in .txt, .svg, "),
        (
            ("-f", "pdf"),
            "error: 'pdf' is no format of drawings: give tree, ascii, svg, png, mermaid, dot, json or html.",
        ),
    ],
)
def test_another_format_is_wrong_usage_before_the_file_runs(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    ended = cli("graph", "absent.py", *arguments)
    assert ended.code == 2
    assert ended.err.startswith(said)


def test_a_folder_that_is_not_there(cli: Cli, desk: Path) -> None:
    ended = cli("graph", "desk.py", "-o", "absent/desk.mmd")
    assert ended.code == 2
    assert ended.err == (
        "error: Nothing can be drawn to 'absent/desk.mmd' (No such file or directory): give a file in a folder that"
        " exists and is writable.\n"
    )
