"""Draws the teams of docs/teams.md again, as that page makes them.

    python -m docs.pictures.teams

It is run in the folder of the project, with what tests need.
"""

import contextlib
import io
import os
import tempfile
from pathlib import Path

from coterie import Team
from tests.support.pages import Page

DOCS = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run the page, and draw its team wherever it shows a drawing."""
    page = Page(DOCS / "teams.md", str)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.chdir(folder)
        for example in page.document:
            if isinstance(example.parsed, Path):
                team = page.names["team"]
                assert isinstance(team, Team)
                team.draw(example.parsed)
            elif isinstance(example.parsed, dict) and example.parsed["language"] == "python":
                exec(example.parsed["source"], page.names)


if __name__ == "__main__":
    main()
