"""Signatures as those who call see them: a verb made of a flow returns what the flow returns."""

from typing import Any

import griffe

_DRIVEN = "coterie.memory.flow.driven"


class Signatures(griffe.Extension):
    """``Flow[X]`` of a function under ``@driven`` is shown as ``X``."""

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        """See griffe's hooks."""
        driven = any(decorator.callable_path == _DRIVEN for decorator in func.decorators)
        if driven and isinstance(func.returns, griffe.ExprSubscript):
            func.returns = func.returns.slice
