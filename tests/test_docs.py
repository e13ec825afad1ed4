"""The Python of the pages in docs/ runs, and prints what the pages say."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("name", ["human-in-the-loop.md", "tracing.md"])
def test_the_python_blocks_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    for code in re.findall(r"^```python\n(.*?)^```", (DOCS / name).read_text(encoding="utf-8"), flags=re.M | re.S):
        exec(compile(code, name, "exec"), names)
        printed = capsys.readouterr().out
        promised = re.findall(r"^(?:print\(.*\)  )?# (.*)$", code, flags=re.M)
        assert [line for line in promised if line not in printed] == []
