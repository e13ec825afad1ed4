"""A framework measured in a Python of its own: one JSON object a line, there and back."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.cases import Sample, Side

ROOT = Path(__file__).parent.parent.parent


class Elsewhere(Side):
    """A side in another process.

    Args:
        python: Its Python.
        module: Where it is, a module that calls `serve`.
        arguments: For the module.
    """

    def __init__(self, python: str, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [python, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        )

    def prepared(self, kind: str, arguments: Sequence[Any]) -> Sample | None:
        """Have the case prepared there."""
        number = self._asked({"prepare": kind, "arguments": arguments})
        return None if number is None else lambda: float(self._asked({"sample": number}))

    def _asked(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self._process.args!r} ended with {self._process.wait()}.")
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def serve(side: Side) -> None:
    """Measure what is asked for on standard input, until it ends. What anybody prints goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    samples: list[Sample] = []
    for line in sys.stdin:
        request = json.loads(line)
        answer: float | None
        if "sample" in request:
            answer = samples[request["sample"]]()
        else:
            sample = side.prepared(request["prepare"], request["arguments"])
            answer = None if sample is None else len(samples)
            samples += [] if sample is None else [sample]
        print(json.dumps(answer), file=answers, flush=True)
