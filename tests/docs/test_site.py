"""The site: what its pages are, what the reference has, and that a look through it finds what must not be there."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import coterie

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md"))
DOCUMENTED = set(re.findall(r"^::: (\S+)", REFERENCE, flags=re.M))


def program(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """One of the programs beside the pages."""
    return subprocess.run([sys.executable, "-m", f"docs.{name}", *arguments], cwd=ROOT, capture_output=True, text=True)


def test_every_page_is_in_the_navigation() -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    there = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}
    decisions = {name for name in there if name.startswith("decisions/0")}
    assert set(re.findall(r"([\w/-]+\.md)$", nav, flags=re.M)) == there - decisions


def test_the_index_of_decisions_has_each_by_its_title() -> None:
    index = re.findall(r"^- \[(\d+)\]\((.+)\) (.+)$", (DOCS / "decisions" / "index.md").read_text("utf-8"), flags=re.M)
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    titles = [page.read_text("utf-8").partition("\n")[0].removeprefix("# ") for page in pages]
    assert index == [(page.name[:4], page.name, title) for page, title in zip(pages, titles, strict=True)]


def test_llms_txt_is_that_of_the_pages() -> None:
    ended = program("llms", "--check")
    assert ended.returncode == 0, ended.stderr


def imported() -> set[tuple[str, str]]:
    """What the Python of the pages imports of coterie: modules and names."""
    found = set()
    for page in [ROOT / "README.md", *DOCS.glob("*.md")]:
        for code in re.findall(r"^```python[^\n]*\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.M | re.S):
            for node in ast.walk(ast.parse(code)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("coterie"):
                    found |= {(str(node.module), alias.name) for alias in node.names}
    return {(module, name) for module, name in found if not module.startswith("coterie.examples")}


def places(module: str, name: str) -> set[str]:
    """Under what a name may be in the reference: itself, by any of its paths, or the whole module."""
    home = getattr(getattr(import_module(module), name), "__module__", module)
    return {f"{module}.{name}", f"{home}.{name}", f"coterie.{name}", module, home}


def test_the_reference_has_every_public_name_and_what_pages_import() -> None:
    wanted = imported() | {("coterie", name) for name in coterie.__all__}
    assert len(wanted) > len(coterie.__all__)
    assert {f"{module}.{name}" for module, name in wanted if not places(module, name) & DOCUMENTED} == set()


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        ('<script src="https://unpkg.com/x.js"></script>', "loads https://unpkg.com/x.js"),
        ('<link rel="stylesheet" href="//fonts.example/a.css">', "loads //fonts.example/a.css"),
        ('<img srcset="a.png 1x, https://x.example/b.png 2x">', "loads https://x.example/b.png"),
        ("<style>@import 'https://x.example/a.css';</style>", "loads https://x.example/a.css"),
        ('<p style="background: url(https://x.example/a.png)">', "loads https://x.example/a.png"),
        ('<a href="nowhere/">', "links to nowhere/"),
        ('<a href="#nowhere">', "links to #nowhere"),
        ('<img src="/lost.svg">', "links to /lost.svg"),
    ],
)
def test_a_look_through_a_site_finds(tmp_path: Path, page: str, wrong: str) -> None:
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    (tmp_path / "a.png").touch()
    ended = program("check", str(tmp_path))
    assert ended.returncode == 1
    assert wrong in ended.stdout


def test_a_site_may_link_outside_and_within(tmp_path: Path) -> None:
    (tmp_path / "guide").mkdir()
    guide = '<h2 id="über">Ü</h2><a href="..">up</a><a href="mailto:a@b.c">b</a>'
    (tmp_path / "guide" / "index.html").write_text(guide, encoding="utf-8")
    links = '<a href="https://example.com">out</a><a href="guide/#%C3%BCber">in</a><a href="#">top</a>'
    (tmp_path / "index.html").write_text(links, encoding="utf-8")
    (tmp_path / "a.css").write_text("a { background: url(data:image/png;base64,AA) }", encoding="utf-8")
    ended = program("check", str(tmp_path))
    assert ended.returncode == 0, ended.stdout
    (tmp_path / "a.css").write_text('@import "https://fonts.example/a.css";', encoding="utf-8")
    ended = program("check", str(tmp_path))
    assert ended.returncode == 1
    assert "a.css loads https://fonts.example/a.css" in ended.stdout
