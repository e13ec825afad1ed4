"""Printing values as JSON."""

import json
import sys
from typing import Any

from coterie.jsons import as_text as as_text
from coterie.jsons import plain


def print_json(value: Any) -> None:
    """Print a value, with the dataclasses and models in it, as one JSON document on stdout."""
    readable = (sys.stdout.encoding or "").lower().startswith("utf")  # else "?" would stand for what it has not
    print(json.dumps(value, default=plain, ensure_ascii=not readable, indent=2))
