"""The pictures of docs/concepts.md are those that docs/pictures/concepts.py makes."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"


def test_the_pictures_are_those_that_are_made(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "docs.pictures.concepts", str(tmp_path)], cwd=ROOT, check=True)
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert len(made) >= 5
    assert made == {name: (PICTURES / name).read_text(encoding="utf-8") for name in made}
