"""Signatures as those who call see them."""

from typing import Any

import griffe

_DRIVEN = "coterie.memory.flow.driven"


class Signatures(griffe.Extension):
    """``Flow[X]`` of a function under ``@driven`` is shown as ``X``, ``field(default=x)`` as ``x``."""

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        """See griffe's hooks."""
        driven = any(decorator.callable_path == _DRIVEN for decorator in func.decorators)
        if driven and isinstance(func.returns, griffe.ExprSubscript):
            func.returns = func.returns.slice

    def on_attribute(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """See griffe's hooks."""
        if isinstance(attr.value, griffe.ExprCall) and str(attr.value.function) in ("field", "Field"):
            said = {one.name: one.value for one in attr.value.arguments if isinstance(one, griffe.ExprKeyword)}
            factory = said.get("default_factory")
            attr.value = f"{factory}()" if factory is not None else said.get("default")
