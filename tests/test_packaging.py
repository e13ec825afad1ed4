"""What is built holds the whole package and nothing else, and works where it is installed."""

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

import coterie

ROOT = Path(__file__).parents[1]
ROOMS = {f"coterie.{room}": room for room in ("memory", "graphs", "teams", "examples")}
SOURCES = ["pyproject.toml", "README.md", "LICENSE", "src", *ROOMS.values()]
HEAVY = {"langgraph", "langchain_core", "langchain_openai", "openai", "sqlmodel", "sqlalchemy", "alembic", "psycopg"}


def python_folders(root: Path) -> Iterator[Path]:
    """The folder and those below it that hold Python files, without following links."""
    for file in root.rglob("*.py"):
        if not any(folder.is_symlink() for folder in file.parents):
            yield file.parent


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive, and the wheel that was built from it."""
    source = tmp_path_factory.mktemp("source")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source / name)
    target = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return target


@pytest.fixture(scope="session")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the wheel installed, and borrows its dependencies from this one."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, *map(str, built.glob("*.whl"))], check=True, capture_output=True)
    ask = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
    Path(site, "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


def run(python: Path, *arguments: str) -> str:
    """Run a Python that sees neither this folder nor this environment's settings; give back what it printed."""
    done = subprocess.run([str(python), "-I", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_folder_of_sources_is_a_package_or_listed_data() -> None:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    listed = {package: configuration["package-dir"].get(package) for package in configuration["packages"]}
    packages = {ROOT / (folder or f"src/{package.replace('.', '/')}") for package, folder in listed.items()}
    data = {
        ROOT / listed[package] / Path(pattern).parent
        for package, patterns in configuration["package-data"].items()
        for pattern in patterns
        if pattern.endswith(".py")
    }
    roots = [ROOT / "src", *(ROOT / folder for folder in ROOMS.values())]
    assert {folder for root in roots for folder in python_folders(root)} == packages | data


def test_the_links_lead_to_the_rooms() -> None:
    for folder in ROOMS.values():
        assert (ROOT / "src/coterie" / folder).readlink() == Path("../..", folder)


def test_the_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {PurePosixPath(name).parts[0] for name in names}
    assert tops == {"coterie", f"coterie-{coterie.__version__}.dist-info"}
    expected = {
        f"coterie/{folder}/{file.relative_to(ROOT / folder).as_posix()}"
        for folder in ROOMS.values()
        for file in (ROOT / folder).rglob("*.py")
    }
    assert expected | {"coterie/py.typed", "coterie/__main__.py", "coterie/cli/__init__.py"} <= set(names)
    templates = [file for file in (ROOT / "src/coterie/templates").rglob("*") if file.is_file()]
    assert {f"coterie/{file.relative_to(ROOT / 'src/coterie').as_posix()}" for file in templates} <= set(names)
    assert "coterie/templates/yaml/team.yaml.tmpl" in names
    assert {"coterie/memory/migrations/env.py", "coterie/examples/conversation.jsonl"} <= set(names)


def test_the_licences_of_the_code_and_of_the_font_are_named(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    info = f"coterie-{coterie.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        about = archive.read(f"{info}/METADATA").decode().splitlines()
        names = archive.namelist()
    licences = ["LICENSE", "graphs/fonts/OFL.txt"]
    assert [line.partition(": ")[2] for line in about if line.startswith("License-File: ")] == licences
    assert {f"{info}/licenses/{name}" for name in licences} <= set(names)


def test_the_source_archive_holds_no_second_copy(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        names = {name.partition("/")[2] for name in sources.getnames()}
    assert {"LICENSE", "README.md", "memory/values.py", "src/coterie/py.typed"} <= names
    assert not [name for name in names if name.startswith("src/coterie/memory")]


def test_importing_coterie_loads_no_heavy_library(installed: Path) -> None:
    loaded = "{name.partition('.')[0] for name in sys.modules}"
    printed = run(installed, "-c", f"import sys, coterie.errors; print(coterie.__file__, *{loaded})").split()
    assert Path(printed[0]).is_relative_to(installed.parents[1])
    assert not HEAVY.intersection(printed)


def test_every_public_name_can_be_imported(installed: Path) -> None:
    run(installed, "-c", "from coterie import *; import coterie; [getattr(coterie, name) for name in dir(coterie)]")


def test_the_version_is_that_of_the_project(installed: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert run(installed, "-c", "import coterie; print(coterie.__version__)") == version == coterie.__version__


def test_the_command_is_installed(installed: Path) -> None:
    assert "memory" in run(installed, str(installed.with_name("coterie")), "--help")


def test_what_is_installed_makes_a_project(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "desk/.gitignore" in run(installed, str(installed.with_name("coterie")), "new", "desk").splitlines()


def test_what_is_installed_runs_an_example(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    coterie_command = str(installed.with_name("coterie"))
    said = run(installed, coterie_command, "examples", "run", "remember_conversation", "--db", ":memory:")
    assert "Tom: I am allergic to walnuts" in said
    assert not list(tmp_path.iterdir())
