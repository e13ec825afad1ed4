"""Pages that are not true are found out."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sybil.example import SybilFailure

from tests.support.pages import Page
from tests.support.promises import promises

Try = Callable[[str], Page]


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Try:
    """Try a page of this text."""
    monkeypatch.chdir(tmp_path)

    def run(text: str) -> Page:
        path = tmp_path / "page.md"
        path.write_text(text, encoding="utf-8")
        page = Page(path, lambda: capsys.readouterr().out)
        page.run()
        return page

    return run


def block(language: str, source: str) -> str:
    return f"\n```{language}\n{source}\n```\n"


PRINTS = block("python", 'print("one")\nprint("two 2026-11-22")')


def test_what_is_shown_is_what_was_printed_with_another_date(tried: Try) -> None:
    tried(PRINTS + block("text", "one\ntwo 2027-01-02"))
    tried(PRINTS + block("text", "two 2027-01-02"))
    with pytest.raises(SybilFailure, match="not printed"):
        tried(PRINTS + block("text", "one"))
    with pytest.raises(SybilFailure, match="not printed"):
        tried(PRINTS + block("text", "one\ntwo 2027-01-02\nthree"))


def test_a_text_may_be_the_drawing_of_what_the_page_made(tried: Try) -> None:
    made = block("python", 'from coterie import Agent\nada = Agent("ada")')
    tried(made + block("text", "ada\n╰─ model · offline"))
    with pytest.raises(SybilFailure, match="no drawing"):
        tried(made + block("text", "bob\n╰─ model · offline"))


def test_comments_after_print_are_promises(tried: Try) -> None:
    tried(block("python", "print(1)  # 1\nfor n in (2, 3):\n    print(n)\n# 2\n# 3\n\n# no promise"))
    with pytest.raises(SybilFailure, match="does not print '2'"):
        tried(block("python", "print(1)  # 2"))
    assert list(promises('def f():\n    print(1)  # a\n# b\nx = "# c"  # d\nprint(\n    x\n)  # e\n# f\n')) == [
        "e",
        "f",
    ]


def test_a_drawing_is_of_the_agent_of_its_name(tried: Try) -> None:
    made = block("python", 'from coterie import Agent\nAgent("ada").draw("ada.svg")\nada = Agent("ada", role="{}")')
    tried(made.format("") + "![Ada](ada.svg)")
    tried(made.replace("ada =", "bob =").replace('"ada", role', '"bob", role') + "![Ada](ada.svg)")
    with pytest.raises(SybilFailure, match="shows something else"):
        tried(made.format("counts") + "![Ada](ada.svg)")


def test_blocks_share_names_and_errors_are_seen(tried: Try) -> None:
    assert tried(block("python", "a = 1") + block("python", "b = a + 1")).names["b"] == 2
    with pytest.raises(NameError):
        tried(block("python", "missing"))


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("coterie grph trip.py", "is no command"),
        ("coterie graph trip.py --colour red", "No such option"),
        ("coterie graph", "file is missing"),
        ("coterie graph trip.py other.py", "nothing takes"),
        ("make demo && X=1 coterie memory lost", "is no command"),
        ("cat x | coterie memory import", "is missing"),
    ],
)
def test_a_command_that_does_not_exist_is_found(tried: Try, command: str, wrong: str) -> None:
    with pytest.raises(SybilFailure, match=wrong):
        tried(block("sh", command))
    with pytest.raises(AssertionError, match=wrong):
        tried('<!-- skip: next "why" -->\n' + block("console", f"$ {command}"))


def test_commands_that_exist_are_let_be(tried: Try) -> None:
    tried(
        block(
            "sh", "coterie --version\ncoterie memory --help\nX=1 coterie graph trip.py \\\n    -o a.svg > out # drawn"
        )
    )


def test_a_terminal_is_run(tried: Try) -> None:
    seen = "$ coterie memory add 'I like tea' --db a.db --user ana\n01a216cb-ba2c-7000-8000-000000000000\n"
    then = "$ coterie memory show 01a216cb-ba2c-7000-8000-000000000000 --db a.db --user ana\n...I like tea..."
    tried(block("console", seen + then))
    with pytest.raises(SybilFailure, match="coterie 0"):
        tried(block("console", "$ coterie --version\ncoterie 9"))
    with pytest.raises(SybilFailure, match="pip is not run here"):
        tried(block("console", "$ pip install x"))


def test_a_file_of_settings_is_loaded_when_all_files_are_there(tried: Try) -> None:
    team = block("yaml", "name: ada\ntools: [./tools.py:look]")
    tried(team + block('python title="tools.py"', 'def look(text: str) -> str:\n    """Look."""\n    return text'))
    with pytest.raises(Exception, match="toolz"):
        tried(block("yaml", "name: ada\ntoolz: []"))


def test_nothing_is_passed_over_in_silence(tried: Try) -> None:
    for language in ("", "rust"):
        with pytest.raises(SybilFailure, match="are not tried"):
            tried(block(language, "x"))
    with pytest.raises(AssertionError, match="a skip needs a reason"):
        tried("<!-- skip: next -->\n" + block("python", "x"))
    assert tried('<!-- skip: next "why" -->\n' + block("python", "x")).skipped == ["why"]
    for language, text in [("json", "{"), ("yaml", "a: ["), ("toml", "a =")]:
        with pytest.raises(ValueError if language != "yaml" else Exception):
            tried(block(language, text))
