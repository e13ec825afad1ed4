"""``coterie memory export`` and ``import``."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from coterie.memory.edits import Add, Change
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope, UserMemory
from tests.cli.conftest import Cli
from tests.support.terminal import shown_in

COTERIE = [sys.executable, "-m", "coterie", "memory"]


@pytest.fixture
def shop(cli: Cli) -> Path:
    """A store with memories of two users, one of them changed, and one about nobody."""
    with SqliteDb("shop.db") as db:
        for user in ("ana", "josé"):
            edits = [Add(UserMemory(memory=f"I like {what}.")) for what in ("tea", "東京")]
            db.apply(Scope(user), edits, Change())
        desk = Scope(None, "desk")
        db.apply(desk, [Add(UserMemory(memory="We close at 8.", visibility="team"))], Change())
    (first, _) = cli("memory", "list", "--user", "ana", "--db", "shop.db").out.splitlines()
    cli("memory", "update", first.split()[0], "I like Oslo.", "--user", "ana", "--db", "shop.db")
    return Path("shop.db").absolute()


def lines(text: str) -> list[str]:
    return text.splitlines()[1:]


def test_export_and_import_between_the_databases(cli: Cli, shop: Path, postgres_url: str) -> None:
    exported = cli("memory", "export", "--everybody", "--db", "shop.db")
    assert (exported.code, exported.err) == (0, "6 memories exported.\n")
    there = cli("memory", "import", "-", "--db", postgres_url, said=exported.out)
    assert (there.code, there.out, there.err) == (0, "", "6 memories imported, 0 unchanged, 0 refused.\n")
    assert lines(cli("memory", "export", "--everybody", "--db", postgres_url).out) == lines(exported.out)
    again = cli("memory", "import", "-", "--db", postgres_url, "--json", said=exported.out)
    assert json.loads(again.out) == {"imported": 0, "unchanged": 6, "refused": []}
    history = ("memory", "history", json.loads(lines(exported.out)[1])["memory_id"], "--user", "ana", "--db")
    assert cli(*history, postgres_url).out == cli(*history, "shop.db").out


def test_export_of_one_user_into_a_file(cli: Cli, shop: Path) -> None:
    ended = cli("memory", "export", "--user", "josé", "-o", "josé.jsonl", "--db", "shop.db")
    assert (ended.out, ended.err) == ("", "2 memories exported.\n")
    assert {json.loads(line)["user_id"] for line in lines(Path("josé.jsonl").read_text(encoding="utf-8"))} == {"josé"}
    assert cli("memory", "import", "josé.jsonl", "--db", "new.db").err.startswith("2 memories imported")
    assert cli("memory", "list", "--user", "josé", "--db", "new.db").out.count("I like") == 2


def test_a_file_is_there_when_it_is_whole(cli: Cli, shop: Path) -> None:
    Path("out.jsonl").write_text("as it was")
    Path("not a store").write_text("nothing of ours")
    assert cli("memory", "export", "--everybody", "-o", "out.jsonl", "--db", "not a store").code == 6
    assert Path("out.jsonl").read_text() == "as it was"
    assert not Path("out.jsonl.part").exists()
    cli("memory", "export", "--everybody", "-o", "out.jsonl", "--db", "shop.db")
    assert len(Path("out.jsonl").read_text(encoding="utf-8").splitlines()) == 7


@pytest.mark.parametrize("whose", [[], ["--user", "ana", "--everybody"]])
def test_whose_memories_must_be_said(cli: Cli, shop: Path, whose: list[str]) -> None:
    ended = cli("memory", "export", *whose, "--db", "shop.db")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: Whose memories? Give one of: --user ID, --everybody.\n"


def bad(exported: str) -> str:
    """The lines, the third of which says something that cannot be."""
    all_lines = exported.splitlines()
    all_lines[2] = all_lines[2].replace('"trust":"user"', '"trust":"god"')
    return "\n".join(all_lines)


def test_a_bad_line_stops_an_import_or_is_left_out(cli: Cli, shop: Path) -> None:
    said = bad(cli("memory", "export", "--everybody", "--db", "shop.db").out)
    stopped = cli("memory", "import", "-", "--db", "new.db", said=said)
    assert (stopped.code, stopped.out) == (1, "")
    assert stopped.err.startswith("error: Line 3: memory.trust: ")
    assert "1 memory imported" not in stopped.err
    assert "0 memories imported, 0 unchanged" in stopped.err
    assert stopped.err.endswith("with --skip-bad.\n")
    skipped = cli("memory", "import", "-", "--db", "new.db", "--skip-bad", said=said)
    assert skipped.code == 1
    told = skipped.err.splitlines()
    assert told[0].startswith("line 3: memory.trust: ")
    assert told[1:] == ["5 memories imported, 0 unchanged, 1 refused."]


def test_a_file_of_somebody_else_s_is_trusted_less(cli: Cli, shop: Path) -> None:
    said = cli("memory", "export", "--user", "ana", "--db", "shop.db").out
    cli("memory", "import", "-", "--trust", "outside", "--db", "new.db", said=said)
    assert "(from outside)" in cli("memory", "list", "--user", "ana", "--db", "new.db").out
    assert cli("memory", "import", "-", "--trust", "god", "--db", "new.db", said=said).code == 2


@pytest.mark.parametrize(("said", "told"), [("", "There are no lines"), ("hello", "Line 1 is no header of an export")])
def test_what_is_no_export(cli: Cli, said: str, told: str) -> None:
    ended = cli("memory", "import", "-", "--db", "new.db", said=said)
    assert ended.code == 2
    assert told in ended.err
    assert cli("memory", "import", "absent.jsonl").err.startswith("error: 'absent.jsonl' does not exist")
    assert cli("memory", "import", "-", "--db", "new.db", said=b"\xff\xfe").code == 2


def test_progress_is_shown_on_a_terminal_alone(cli: Cli, shop: Path) -> None:
    terminal, stderr = pty.openpty()
    export = [*COTERIE, "export", "--everybody", "--db", "shop.db"]
    with Path("out.jsonl").open("wb") as out:
        subprocess.run(export, stdout=out, stderr=stderr, check=True)
    subprocess.run([*COTERIE, "import", "out.jsonl", "--db", "new.db"], stdout=stderr, stderr=stderr, check=True)
    os.close(stderr)
    told = shown_in(terminal)
    assert "\x1b[" in told
    for said in ("importing", "6 memories exported.", "6 memories imported, 0 unchanged, 0 refused."):
        assert said in told
    assert len(Path("out.jsonl").read_bytes().splitlines()) == 7


def test_a_reader_that_leaves_early(shop: Path) -> None:
    with SqliteDb(shop) as db:
        db.apply(Scope("ana"), [Add(UserMemory(memory=f"Fact {n} " + "x" * 2000)) for n in range(200)], Change())
    command = [*COTERIE, "export", "--everybody", "--db", str(shop)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
