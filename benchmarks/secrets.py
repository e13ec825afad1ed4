"""How many secrets are found, and how much that is none: our own detector beside detect-secrets.

    python benchmarks/secrets.py
    pip install detect-secrets && python benchmarks/secrets.py

The lists are those of the tests: tests/memory/lists/secrets.txt and benign.txt. detect-secrets is asked as it comes,
and without its two entropy plugins, which look at every word of a single line.
"""

import importlib.util
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from coterie.memory.secrets import find_secret

LISTS = Path(__file__).parents[1] / "tests" / "memory" / "lists"


def read(name: str) -> list[str]:
    """The texts of a list, without their kinds."""
    found = (line for line in (LISTS / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return [line.replace("¦", "").replace("\\n", "\n").split("\t")[-1] for line in found]


Detector = tuple[str, AbstractContextManager[Any], Callable[[str], bool]]


def detectors() -> Iterator[Detector]:
    yield "coterie", nullcontext(), lambda text: find_secret(text) is not None
    if importlib.util.find_spec("detect_secrets") is None:
        return
    scan: Any = importlib.import_module("detect_secrets.core.scan")
    settings: Any = importlib.import_module("detect_secrets.settings")

    def found(text: str) -> bool:
        return any(list(scan.scan_line(line)) for line in text.splitlines())

    yield "detect-secrets", settings.default_settings(), found
    with settings.default_settings():
        plugins = [{"name": name} for name in settings.get_settings().plugins if "Entropy" not in name]
    yield "detect-secrets, no entropy", settings.transient_settings({"plugins_used": plugins}), found


def main() -> None:
    secrets, benign = read("secrets.txt"), read("benign.txt")
    table = Table("", f"found of {len(secrets)}", f"false of {len(benign)}", "ms a text")
    for name, context, finds in detectors():
        with context:
            began = time.process_time()
            found, wrong = sum(map(finds, secrets)), sum(map(finds, benign))
            each = 1000 * (time.process_time() - began) / (len(secrets) + len(benign))
        table.add_row(name, f"{found} ({100 * found / len(secrets):.0f} %)", str(wrong), f"{each:.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
