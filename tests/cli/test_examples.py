"""``coterie examples``: what there is, what is in it, and running it."""

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Cli

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(file.stem for file in EXAMPLES.glob("[!_]*.py"))


def test_the_list_has_each_example_with_what_it_shows(cli: Cli) -> None:
    listed = cli("examples", "list")
    assert (listed.code, listed.err) == (0, "")
    assert [line.split()[0] for line in listed.out.splitlines()] == NAMES
    shown = {each["name"]: each["shows"] for each in json.loads(cli("examples", "list", "--json").out)}
    assert list(shown) == NAMES
    for name, line in shown.items():
        assert line
        assert f'"""{line}\n' in (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        assert line in listed.out


def test_the_list_runs_no_example(tmp_path: Path) -> None:
    code = (
        "import sys; from coterie.cli import main\n"
        "try: main(['examples', 'list'])\n"
        "finally: print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = done.stderr.splitlines()
    assert "coterie.examples" in loaded
    assert not [name for name in loaded if name.startswith(("coterie.examples.", "coterie.teams", "langgraph"))]


def test_what_follows_the_name_is_the_examples(cli: Cli, tmp_path: Path) -> None:
    for between in ([], ["--"]):
        ran = cli("examples", "run", "remember_conversation", *between, "--db", ":memory:", "--ask", "Who is Tom?")
        assert ran.code == 0, ran.err
        assert ran.out.count("Q: ") == 1
        assert "Q: Who is Tom?" in ran.out
    assert not list(tmp_path.iterdir())


def test_an_examples_own_help_and_errors_have_its_name(cli: Cli) -> None:
    helped = cli("examples", "run", "support_desk", "--help")
    assert helped.code == 0
    assert helped.out.startswith("usage: coterie examples run support_desk")
    wrong = cli("examples", "run", "support_desk", "--dp", "x.db")
    assert wrong.code == 2
    assert wrong.err.splitlines()[-1].startswith("coterie examples run support_desk: error: ")


def test_a_source_is_shown_as_it_is(cli: Cli) -> None:
    assert cli("examples", "show", "support_desk").out == (EXAMPLES / "support_desk.py").read_text(encoding="utf-8")


def test_an_unknown_name_is_one_sentence_with_what_is_near(cli: Cli) -> None:
    for command in ("show", "run"):
        near = cli("examples", command, "suport_desk")
        assert (near.code, near.err) == (2, "error: There is no example 'suport_desk': did you mean support_desk?\n")
        far = cli("examples", command, "../__init__")
        assert far.err == "error: There is no example '../__init__': `coterie examples list` shows them.\n"
        assert not far.out
