"""What can be drawn: an agent, a team, and the graph that is compiled of one."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

if TYPE_CHECKING:
    from coterie.graphs.draw import Format, TextFormat
    from coterie.graphs.picture import Picture
    from coterie.graphs.spec import Spec


class Drawable:
    """Draws itself, without a network and without asking a model, and shows itself in a notebook."""

    @abstractmethod
    def _spec_to_draw(self) -> Spec:
        """What is drawn."""

    def picture(self, *, depth: int | None = None, memory: bool = True) -> Picture:
        """What `draw` draws, as plain values: nodes, edges, and nested clusters.

        Args:
            depth: as in ``draw``.
            memory: as in ``draw``.

        Raises:
            InputError: a depth less than 1.
            ConfigurationError: it is put together wrongly, and could not run.
        """
        from coterie.graphs.folding import folded
        from coterie.graphs.picturing import picture

        return folded(picture(self._spec_to_draw()), depth, memory=memory)

    @overload
    def draw(
        self, path: None = None, *, format: TextFormat | None = None, depth: int | None = None, memory: bool = True
    ) -> str: ...
    @overload
    def draw(self, path: str | Path, *, format: TextFormat, depth: int | None = None, memory: bool = True) -> str: ...
    @overload
    def draw(
        self,
        path: str | Path | None = None,
        *,
        format: Literal["png"],
        depth: int | None = None,
        memory: bool = True,
    ) -> bytes: ...
    @overload
    def draw(
        self, path: str | Path, *, format: Format | None = None, depth: int | None = None, memory: bool = True
    ) -> str | bytes: ...
    def draw(
        self,
        path: str | Path | None = None,
        *,
        format: Format | None = None,
        depth: int | None = None,
        memory: bool = True,
    ) -> str | bytes:
        """Draw the graph, with what reads and writes the memory. Needs no network, and asks no model.

        Args:
            path: a file to write, too. What it ends in is the format: .txt, .svg, .png, .mmd (Mermaid), .dot
                (Graphviz), .json or .html.
            format: "tree" (the default without a file), "ascii" (a tree in ASCII), "svg", "png", "mermaid", "dot",
                "json" or "html", whatever the file ends in.
            depth: how many levels of agents and teams have their steps drawn; those below are a box each. None: all.
            memory: whether the memory is drawn, with the steps that do nothing but read and write it.

        Returns:
            The drawing: text, for PNG bytes.

        Raises:
            InputError: an unknown format or ending, a depth less than 1, or a file that cannot be written.
            ConfigurationError: it is put together wrongly, and could not run; or PNG, without ``coterie[png]``.
        """
        from coterie.graphs.draw import FORMATS, format_of, write

        chosen = format_of(path, format)  # before anything is built
        drawing = FORMATS[chosen](self.picture(depth=depth, memory=memory))
        if path is not None:
            write(drawing, path)
        return drawing

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return self.draw(format="svg")
