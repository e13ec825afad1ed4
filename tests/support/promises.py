"""What the comments in a piece of Python promise."""

import ast
import tokenize
from collections.abc import Iterator
from io import StringIO
from typing import TypeGuard


def promises(source: str) -> Iterator[str]:
    """The lines that the comments of a block say it prints: those after a ``print``, on its line and right below it."""
    comments = {
        token.start[0]: (token.string.removeprefix("#").removeprefix(" "), token.line.lstrip().startswith("#"))
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    for statement in ast.parse(source).body:
        ends = sorted(node.end_lineno or 0 for node in ast.walk(statement) if _prints(node))
        if not ends or isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        yield from (comments[line][0] for line in ends if line in comments)
        line = (statement.end_lineno or 0) + 1
        while line in comments and comments[line][1]:
            yield comments[line][0]
            line += 1


def _prints(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
