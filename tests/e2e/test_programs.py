"""The examples and the benchmarks, run as people run them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DAY = "2026-11-0{}T10:00:00+00:00"


def run(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "COTERIE_"))}
    return subprocess.run(
        [sys.executable, str(ROOT / script), *arguments],
        cwd=folder,
        env=environment | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


def test_the_support_desk_remembers_each_user(tmp_path: Path) -> None:
    result = run(tmp_path, "examples/support_desk.py", "--db", "desk.db")
    assert result.returncode == 0, result.stderr
    assert "Order A-17: a hiking backpack" in result.stdout
    assert "orders says: find_order says: Order C-08" in result.stdout
    assert "billing says: search_articles says: Invoices" in result.stdout
    friday = result.stdout.split("ana@example.com, friday")[1]
    assert "I wear size 38" in friday.split("---")[0]
    assert "我对羽绒过敏" in result.stdout
    again = run(tmp_path, "examples/support_desk.py", "--db", "desk.db")
    assert result.stderr.count("No model is configured") == 1
    remembered = [text.split("What the desk remembers")[1] for text in (result.stdout, again.stdout)]
    assert remembered[0] == remembered[1], "the same day again teaches nothing new"


@pytest.mark.parametrize("db", ["absent/desk.db", "text.db", ""])
def test_the_support_desk_without_a_database_is_one_line(tmp_path: Path, db: str) -> None:
    (tmp_path / "text.db").write_text("no database at all, but long enough to be read as one" * 20)
    result = run(tmp_path, "examples/support_desk.py", "--db", db)
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


def test_the_support_desk_on_postgres(tmp_path: Path, postgres_url: str) -> None:
    result = run(tmp_path, "examples/support_desk.py", "--db", postgres_url)
    assert result.returncode == 0, result.stderr
    assert "我对羽绒过敏" in result.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_make_refuses_an_old_python_before_it_makes_anything(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    old = tmp_path / "python3.10"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    for python in (str(old), "no-such-python"):
        made = subprocess.run(["make", "demo", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True)
        assert made.returncode == 2
        assert made.stderr.startswith(f"{python} is not Python 3.11 or newer: say which one is")
        assert not (tmp_path / ".venv").exists()


def test_a_conversation_is_remembered_and_a_broken_line_reported(tmp_path: Path) -> None:
    said = [
        {"session": "1", "at": DAY.format(1), "speaker": "Ana", "text": "I moved to Lisbon last week.", "id": "m1"},
        {"session": "1", "at": DAY.format(1), "speaker": "Ben", "text": "I adopted a cat called Mia.", "id": "m2"},
        {"session": "2", "at": DAY.format(2), "speaker": "Ana", "text": "My new job starts on Monday.", "id": "m3"},
    ]
    lines = [json.dumps(each) for each in said]
    lines[2:2] = [
        "{broken",
        '{"session": "1"}',
        "",
        '{"session": "1", "at": "noon", "speaker": "A", "text": "x"}',
        "[1]",
    ]
    (tmp_path / "talk.jsonl").write_text("\n".join(lines), encoding="utf-8")
    result = run(tmp_path, "examples/remember_conversation.py", "talk.jsonl", "--ask", "What is the cat called?")
    assert result.returncode == 0, result.stderr
    for number in (3, 4, 6, 7):
        assert f"talk.jsonl, line {number}: left out" in result.stderr
    assert "2 turns read: 3 statements kept" in result.stdout
    assert "2026-11-01 Ben: I adopted a cat called Mia.  [m1, m2]" in result.stdout


def test_a_locomo_file_is_read_as_it_is(tmp_path: Path) -> None:
    talk = {
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [
            {"speaker": "Ana", "dia_id": "D1:1", "text": "I started painting sunsets."},
            {"speaker": "Ben", "dia_id": "D1:2", "text": "I play the violin on Sundays."},
        ],
    }
    asked = [{"question": "What does Ben play?", "answer": "violin", "evidence": ["D1:2"], "category": 4}]
    (tmp_path / "locomo.json").write_text(json.dumps([{"conversation": talk, "qa": asked}]), encoding="utf-8")
    result = run(tmp_path, "examples/remember_conversation.py", "locomo.json")
    assert result.returncode == 0, result.stderr
    assert "* 2023-05-08 Ben: I play the violin on Sundays.  [D1:1, D1:2]" in result.stdout
    assert "Evidence among the ten best memories: 1 of 1 questions." in result.stdout
    missing = run(tmp_path, "examples/remember_conversation.py", "locomo.json", "--conversation", "3")
    said = "error: locomo.json has no conversation 3: it has 1, from 0 on.\n"
    assert (missing.returncode, missing.stderr) == (1, said)


def test_the_sample_conversation_can_be_tried_at_once(tmp_path: Path) -> None:
    result = run(tmp_path, "examples/remember_conversation.py")
    assert result.returncode == 0, result.stderr
    assert "A: I remember: [2026-03-02] Tom: I am allergic to walnuts" in result.stdout
    assert "I start at the botanical garden on the first of June" in result.stdout
    assert result.stderr.count("No model is configured") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["absent.json"], 1, "error: absent.json cannot be read: No such file or directory."),
        (["object.json"], 1, "error: object.json is not a file of LoCoMo conversations (TypeError: it is no list)."),
        (["list.json"], 1, "error: list.json has no conversation 0: it has 0, from 0 on."),
        (["text.json"], 1, "error: text.json is not a file of LoCoMo conversations (JSONDecodeError: "),
        (["--db", "absent/x.db"], 1, "error: absent/x.db: unable to open database file."),
        (["--turns", "-1"], 2, "remember_conversation.py: error: argument --turns: -1 is less than 0"),
    ],
)
def test_what_is_no_conversation_is_one_line(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    for name, text in (("object", "{}"), ("list", "[]"), ("text", "Ana: I moved.")):
        (tmp_path / f"{name}.json").write_text(text)
    result = run(tmp_path, "examples/remember_conversation.py", *arguments)
    assert result.returncode == code
    assert result.stderr.splitlines()[-1].startswith(message)
    assert "Traceback" not in result.stderr


def test_a_text_without_a_message_fails_and_reports_ten_lines(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("Call me Ishmael.\n" * 97)
    result = run(tmp_path, "examples/remember_conversation.py", "text.txt")
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert lines[9].startswith("text.txt, line 10: left out: ")
    assert lines[10:] == [
        "text.txt: 87 more lines left out.",
        "error: text.txt holds no message that can be read.",
    ]


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("benchmarks/store.py", ["--rows", "20", "--times", "2"]),
        ("benchmarks/curation.py", []),
    ],
)
def test_the_benchmarks_run(tmp_path: Path, script: str, arguments: list[str]) -> None:
    result = run(tmp_path, script, *arguments)
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) > 5


def test_what_a_run_costs_is_measured() -> None:
    command = [sys.executable, "-m", "benchmarks.runs", "--rounds", "1", "--only", "SQLite, 100 "]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300)
    assert result.returncode == 0, result.stderr
    rows = [line.split("│") for line in result.stdout.splitlines() if "100 memories" in line]
    assert [row[1].strip() for row in rows] == [
        "run, SQLite, 100 memories, verbatim",
        "run, SQLite, 100 memories, memory model",
    ]
    assert all(float(cell) > 0 for row in rows for cell in row[3:6])


def test_the_retrieval_benchmark_runs(tmp_path: Path) -> None:
    said = ["Where do you live?", "In Sintra, near the old palace.", "How lovely!"]
    session = [
        {"speaker": name, "dia_id": f"D1:{place}", "text": text}
        for place, (name, text) in enumerate(zip(("Ana", "Bob", "Ana"), said, strict=True), 1)
    ]
    asked = [
        {"question": "Where does Bob live?", "evidence": ["D1:2"], "category": 4},
        {"question": "Where does Ana live?", "evidence": [], "category": 5},
    ]
    conversation = {"session_1_date_time": "1:56 pm on 8 May, 2023", "session_1": session}
    data = [{"sample_id": "conv-1", "conversation": conversation, "qa": asked}]
    (tmp_path / "data.json").write_text(json.dumps(data))
    result = run(tmp_path, "benchmarks/retrieval.py", "--data", "data.json")
    assert result.returncode == 0, result.stderr
    (row,) = [line for line in result.stdout.splitlines() if "together, all" in line]
    assert [cell.strip() for cell in row.split("│")[2:7]] == ["1", "100.0", "100.0", "100.0", "100.0"]
