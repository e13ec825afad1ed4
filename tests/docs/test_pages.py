"""Every page is true: the blocks of README.md and of docs/ run in order, and print what the pages say."""

import re
import sys
from pathlib import Path

import pytest

from tests.support.pages import Page

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a page's stores are closed by the end of the process
@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_its_blocks_run_and_print_what_it_says(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # a page may import the files that it has written
    if 'environ["COTERIE_DB"]' in path.read_text(encoding="utf-8"):
        monkeypatch.setenv("COTERIE_DB", request.getfixturevalue("postgres_url"))
    Page(path, lambda: capsys.readouterr().out).run()
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]  # another page may have another file of this name


def test_the_files_that_the_readme_names_exist() -> None:
    for name in re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert name.startswith("https://") or (ROOT / name).exists(), name
