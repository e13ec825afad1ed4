"""The README's Python runs, one block after the other, and prints what the README says."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), flags=re.M | re.S)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the README's stores are closed by the end of the process
def test_the_python_blocks_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    for code in blocks("python"):
        exec(compile(code, str(README), "exec"), names)
    printed = re.sub(r"\[\d{4}-\d\d-\d\d\]", "[2026-11-22]", capsys.readouterr().out)
    second_run, drawing = blocks("text")
    assert second_run in printed
    assert names["team"].draw() == drawing  # type: ignore[attr-defined]


def test_the_files_it_names_exist() -> None:
    for name in re.findall(r"\]\(([^)h][^)]*)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / name).exists(), name
