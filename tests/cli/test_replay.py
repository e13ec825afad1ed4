"""``coterie replay``."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coterie.graphs.picture import as_json
from coterie.memory.edits import Add, Change
from coterie.memory.sqlite import SqliteDb
from coterie.memory.values import Scope, StoredRun, UserMemory
from tests.cli.conftest import Cli
from tests.support.recorded import picture, team_run

RUN = "01a9e2c4-7d10-7c55-9f3e-5d9a0b6f2c11"
ADA = ("--user", "ada", "--db", "shop.db")


def shown(html: str) -> dict[str, Any]:
    """The data of a page."""
    (text,) = re.findall(r'id="data">(.*?)</script>', html, re.S)
    data: dict[str, Any] = json.loads(text)
    return data


@pytest.fixture(params=[True, False])
def contents(request: pytest.FixtureRequest) -> bool:
    """Whether the run was recorded with contents."""
    return bool(request.param)


@pytest.fixture
def stored(cli: Cli, contents: bool) -> int:
    """How many records the run has that is in the store; before it, something was remembered of its user."""
    records = team_run(as_json(picture()), contents=contents)
    with SqliteDb("shop.db") as db:
        db.apply(Scope("ada"), [Add(UserMemory(memory="Ada likes tea"))], Change())
        records[0]["at"] = datetime.now(UTC).isoformat()  # what was remembered before the run began is on its page
        db.add_run(StoredRun(RUN, "ada", "talk-42", "desk", None, "desk", datetime.now(UTC)))
        db.add_records("ada", RUN, records)
    return len(records)


def test_a_run_of_the_store_becomes_a_page(cli: Cli, stored: int, contents: bool) -> None:
    ended = cli("replay", RUN[:8], "-o", "run.html", *ADA)
    assert (ended.code, ended.err) == (0, "Written: run.html\n")
    data = shown(Path("run.html").read_text(encoding="utf-8"))
    assert (data["mode"], data["title"], len(data["records"])) == ("replay", "desk", stored)
    assert 'data-id="desk/scout/model"' in data["svg"]
    held = data["memories"]
    assert held is None if not contents else [each["memory"] for each in held] == ["Ada likes tea"]


def test_a_file_of_records_becomes_a_page_on_stdout(cli: Cli) -> None:
    records = team_run(as_json(picture()))
    Path("runs.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    ended = cli("replay", "runs.jsonl", "-o", "-")
    assert ended.code == 0
    assert len(shown(ended.out)["records"]) == len(records)


def test_of_several_runs_in_a_file_one_is_named(cli: Cli) -> None:
    first, second = team_run(), team_run()
    second[0]["run_id"], second[0]["name"] = "other", "shop"
    Path("runs.jsonl").write_text("".join(json.dumps(record) + "\n" for record in [*first, *second]), encoding="utf-8")
    ended = cli("replay", "runs.jsonl", "-o", "run.html")
    assert ended.code == 2
    assert "say which by its id" in ended.err
    assert cli("replay", "runs.jsonl", "--run", "oth", "-o", "run.html").code == 0
    assert shown(Path("run.html").read_text(encoding="utf-8"))["title"] == "shop"


def test_what_is_not_there_is_said(cli: Cli, stored: int) -> None:
    missing = cli("replay", "01a9e2c4", "-o", "run.html", "--user", "bob", "--db", "shop.db")
    assert missing.code == 4
    assert "01a9e2c4" in missing.err
    nowhere = cli("replay", RUN, "-o", "no/such/folder/run.html", *ADA)
    assert nowhere.code == 2
    assert "'no/such/folder/run.html'" in nowhere.err
    gone = cli("replay", "gone.jsonl", "-o", "run.html")
    assert gone.code == 2
    assert "gone.jsonl" in gone.err
    assert not Path("run.html").exists()
