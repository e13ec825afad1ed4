"""A list of tasks goes on where it was broken off."""

import pytest

from coterie.examples import project
from coterie.graphs.task_list import tasks_of
from coterie.memory.opening import store_at


def test_a_second_run_does_what_the_first_left_open(capsys: pytest.CaptureFixture[str], address: str) -> None:
    project.main(["--db", address])
    first, second = capsys.readouterr().out.split("... broken off")
    assert "done    hall" in first
    assert "done    food" in first
    assert "done    budget" not in first
    assert "Find" not in second.split("accountant says")[0], "what is done is not done again"
    assert second.index("done    budget") < second.index("working letter"), "the letter waits for the budget"
    assert "accountant says: add_up says: 1120 euros for 40 guests." in second
    assert "print_cards says: Come to our summer party! Place: boathouse by the lake." in second


def test_the_list_is_in_the_store_when_the_first_run_is_broken_off(address: str) -> None:
    with store_at(address) as db:
        project.work(project.project(db), project.WISH, stop_after=2)
    with store_at(address) as db:
        state = db.session("ana@example.com", "party").state
        (rows,) = (value for key, value in state.items() if "tasks" in key)
        assert [task.status for task in tasks_of(rows).values()] == ["done", "done", "open", "open"]
        project.work(project.project(db), "Go on.")
        (rows,) = (value for key, value in db.session("ana@example.com", "party").state.items() if "tasks" in key)
        assert {task.status for task in tasks_of(rows).values()} == {"done"}
