"""The lines between two rows: each net has a horizontal track, in an order in which few lines cross.

A net is what hangs together there: lines that come from above and from below, and the track that joins them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

TRACK = 9.0
"""Pixels from one track to the next."""
_MARGIN = 7.0
"""Pixels between the ends of two nets on one track."""
_NEAR = 4.0
"""Two vertical lines nearer than this look like one."""
_OVER = 30
"""How many crossings are better than two vertical lines of two nets on each other."""


@dataclass(eq=False)
class Net:
    """Lines that are joined: the x of those from above, and of those from below."""

    above: set[float] = field(default_factory=set)
    below: set[float] = field(default_factory=set)
    track: int = 0

    @property
    def left(self) -> float:
        """The x at which its track begins."""
        return min(self.above | self.below)

    @property
    def right(self) -> float:
        """The x at which its track ends."""
        return max(self.above | self.below)

    @property
    def straight(self) -> bool:
        """Whether it is one vertical line, without a track."""
        return self.right - self.left < 0.5


def assign_tracks(nets: Sequence[Net]) -> int:
    """Give each net its track, 0 being the uppermost. Returns how many there are."""
    order: list[Net] = []
    for net in sorted((net for net in nets if not net.straight), key=lambda net: (net.right - net.left, net.left)):
        order.insert(_best_place(order, net), net)
    for place, net in enumerate(order):
        over = [other.track + 1 for other in order[:place] if _overlap(other, net)]
        net.track = max(over, default=0)
    return max((net.track + 1 for net in order), default=0)


def _best_place(order: Sequence[Net], net: Net) -> int:
    """Where, among nets from top to bottom, another one crosses the fewest lines."""
    cost = sum(_crossings(net, other) for other in order)
    best, place = cost, 0
    for below, other in enumerate(order, start=1):
        cost += _crossings(other, net) - _crossings(net, other)
        if cost < best:
            best, place = cost, below
    return place


def _crossings(upper: Net, lower: Net) -> int:
    """How often two nets cross when the one is above the other."""
    if upper.right < lower.left - _NEAR or lower.right < upper.left - _NEAR:
        return 0
    down = sum(lower.left < x < lower.right for x in upper.below)
    up = sum(upper.left < x < upper.right for x in lower.above)
    on_each_other = sum(abs(x - other) < _NEAR for x in upper.below for other in lower.above)
    return down + up + _OVER * on_each_other


def _overlap(one: Net, other: Net) -> bool:
    return one.left < other.right + _MARGIN and other.left < one.right + _MARGIN
