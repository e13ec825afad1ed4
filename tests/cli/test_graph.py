"""``coterie graph``."""

from pathlib import Path

from tests.cli.conftest import Cli


def test_it_draws_on_stdout(cli: Cli, desk: Path) -> None:
    ended = cli("graph", "desk.py")
    assert ended.code == 0
    assert ended.out.startswith("team desk ")
    assert "tools · find_order" in ended.out
    assert "shared memory · desk.db ═╝" in ended.out
    assert not Path("desk.db").exists()


def test_mermaid_on_stdout(cli: Cli, desk: Path) -> None:
    assert cli("graph", "desk.py:orders", "-o", "-").out.startswith("flowchart TB\n")


def test_it_draws_to_files(cli: Cli, desk: Path) -> None:
    for name, beginning in (("desk.mmd", "flowchart TB\n"), ("desk.txt", "team desk ")):
        ended = cli("graph", "desk.py", "-o", name)
        assert (ended.code, ended.out) == (0, "")
        assert Path(name).read_text(encoding="utf-8").startswith(beginning)


def test_another_format_is_wrong_usage(cli: Cli, desk: Path) -> None:
    ended = cli("graph", "desk.py", "-o", "desk.svg")
    assert ended.code == 2
    assert ended.err == (
        "error: Nothing can be drawn to 'desk.svg': give a name that ends in .mmd or .txt. GitHub and mermaid.live"
        " render .mmd files.\n"
    )


def test_a_folder_that_is_not_there(cli: Cli, desk: Path) -> None:
    ended = cli("graph", "desk.py", "-o", "absent/desk.mmd")
    assert ended.code == 2
    assert ended.err == (
        "error: Nothing can be drawn to 'absent/desk.mmd' (No such file or directory): give a file in a folder that"
        " exists and is writable.\n"
    )
