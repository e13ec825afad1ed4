"""A run waits for a person's word, and goes on in another process."""

import sys
from pathlib import Path

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver

from coterie.errors import NotFoundError
from coterie.examples import approval


def test_one_is_allowed_in_another_process_and_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    approval.main([])
    allowed, refused = capsys.readouterr().out.split("> Pay invoice ")[1:]
    assert "waits: clerk wants to call pay_invoice(text='Pay invoice R-12, please.')" in allowed
    assert allowed.endswith("another process goes on, with 'yes'\npay_invoice says: Paid: R-12.\n")
    assert refused.endswith("pay_invoice says: Not allowed: it was paid last week\n")


def test_a_run_that_waits_in_a_file_is_resumed_by_its_id(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    runs = tmp_path / "runs.db"
    with SqliteSaver.from_conn_string(str(runs)) as saver:
        run = approval.clerk(saver).run("Pay invoice R-13, please.", user_id=approval.USER)
    assert run.paused
    approval.main(["--db", str(runs), "--resume", run.run_id, "--say", "yes"])
    assert capsys.readouterr().out == "pay_invoice says: Paid: R-13.\n"
    with pytest.raises(NotFoundError):
        approval.main(["--db", str(runs), "--resume", run.run_id, "--say", "yes"])


def test_a_person_at_the_terminal_is_asked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter(["too expensive", "yes"])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda prompt: next(said))
    approval.main([])
    first, second = capsys.readouterr().out.split("> Pay invoice ")[1:]
    assert "Not allowed: too expensive" in first
    assert second.endswith("Paid: R-13.\n")


def test_without_the_extra_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langgraph.checkpoint.sqlite", None)
    with pytest.raises(SystemExit, match=r'pip install "coterie\[checkpoint\]"'):
        approval.main([])
