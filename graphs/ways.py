"""The ways through a graph: the edges of a picture, for each mode of working together."""

from collections.abc import Iterator, Mapping
from collections.abc import Sequence as Several
from dataclasses import dataclass, field
from itertools import pairwise

from coterie.graphs.functions import shown_name
from coterie.graphs.modes import Route, Sequence, Swarm
from coterie.graphs.picture import Cluster, Edge, Node
from coterie.graphs.spec import Spec, TeamSpec, slug


@dataclass
class _Ways:
    """What happens between recalling and the end of a graph."""

    first: list[str]
    """What begins."""
    between: list[Edge] = field(default_factory=list)
    answers: list[tuple[str, bool, str]] = field(default_factory=list)
    """What answers; whether something else may follow it instead; and when it is the end."""


def steps_of(spec: Spec, cluster: Cluster, start: str, end: str) -> Iterator[Edge]:
    """The steps of an agent or a team and of its members, as the compiled graphs take them.

    Args:
        spec: the agent or team.
        cluster: what is drawn of it.
        start: what comes before, by its id. Empty: its team, which draws that itself.
        end: what comes after.
    """
    ways = _ways(spec, cluster)
    recall = cluster.node("recall")
    before = [each for each in (start, recall.id if recall else "") if each]
    after = [*(node.id for node in cluster.ends), *([end] if end else [])]
    yield from (Edge(one, two, "always") for one, two in pairwise(before))
    if before:
        yield from (Edge(before[-1], target, "always") for target in ways.first)
    yield from ways.between
    if after:
        yield from (Edge(one, after[0], "choice" if chosen else "always", why) for one, chosen, why in ways.answers)
    yield from (Edge(one, two, "always") for one, two in pairwise(after))
    for member, drawn in zip(spec.members if isinstance(spec, TeamSpec) else (), cluster.members, strict=True):
        yield from steps_of(member, drawn, "", "")


def _ways(spec: Spec, cluster: Cluster) -> _Ways:
    members = [member.id for member in cluster.members]
    if not isinstance(spec, TeamSpec):
        return _asked(cluster)
    match spec.mode:
        case Route():
            return _routed(spec.mode, cluster, members)
        case Sequence():
            return _in_sequence(spec.mode, members)
        case Swarm():
            return _handed_over(spec.mode, spec, cluster)
    if plan := cluster.node("plan"):
        return _planned(cluster, plan, members)
    if join := cluster.node("join"):
        return _Ways(members, [Edge(member, join.id, "always") for member in members], [(join.id, False, "")])
    return _asked(cluster)


def _asked(cluster: Cluster) -> _Ways:
    """A model chooses among tools and members, which come back to it, until it answers."""
    if cluster.asks is None:
        return _Ways([node.id for node in cluster.ends[:1]])
    asks, tools = cluster.asks.id, cluster.node("tools")
    ways = _Ways([asks], answers=[(asks, bool(tools or cluster.members), "")])
    for member in cluster.members:
        ways.between += [Edge(asks, member.id, "choice", "task"), Edge(member.id, asks, "always")]
    if tools:
        ways.between += [Edge(asks, tools.id, "choice"), Edge(tools.id, asks, "always")]
    return ways


def _planned(cluster: Cluster, plan: Node, members: Several[str]) -> _Ways:
    """A leader keeps a list, of which members are given what is ready, until the leader answers."""
    leader, tools = cluster.asks, cluster.node("tools")
    assert leader is not None
    assert tools is not None
    ways = _Ways([leader.id], answers=[(leader.id, True, "")])
    ways.between = [Edge(leader.id, tools.id, "choice"), Edge(tools.id, plan.id, "always")]
    for member in members:
        ways.between += [Edge(plan.id, member, "choice", "task"), Edge(member, plan.id, "always")]
    ways.between.append(Edge(plan.id, leader.id, "choice", "none is ready"))
    return ways


def _routed(mode: Route, cluster: Cluster, members: Several[str]) -> _Ways:
    """A router picks one; if it fails, the fallback answers."""
    fallback = f"{cluster.id}/{slug(mode.fallback)}" if mode.fallback else ""
    failing = [member for member in members if fallback not in ("", member)]
    ways = _Ways(list(members), [Edge(member, fallback, "choice", "failed") for member in failing])
    ways.answers = [(member, member in failing, "") for member in members]
    if router := cluster.asks:
        ways.first = [router.id]
        picks = [Edge(router.id, member, "choice", "no other fits" if member == fallback else "") for member in members]
        ways.between = [*picks, *ways.between]
        ways.answers += [] if fallback else [(router.id, True, "none fits")]
    return ways


def _in_sequence(mode: Sequence, members: Several[str]) -> _Ways:
    """One after the other, until the function says that it is enough."""
    enough = shown_name(mode.stop_when, "stop_when") if mode.stop_when else ""
    ways = _Ways([members[0]], [Edge(one, two, "choice" if enough else "always") for one, two in pairwise(members)])
    ways.answers = [(member, True, enough) for member in members[:-1]] if enough else []
    ways.answers.append((members[-1], False, ""))
    return ways


def _handed_over(mode: Swarm, spec: TeamSpec, cluster: Cluster) -> _Ways:
    """Whoever has the conversation answers, or hands it over."""
    ids = {each.name: member.id for each, member in zip(spec.members, cluster.members, strict=True)}
    targets = handoffs(mode, spec)
    return _Ways(
        first=[ids[mode.first or spec.members[0].name]],
        between=[Edge(ids[name], ids[to], "choice", "hands over") for name in ids for to in targets[name]],
        answers=[(ids[name], bool(targets[name]), "") for name in ids],
    )


def handoffs(mode: Swarm, spec: TeamSpec) -> Mapping[str, Several[str]]:
    """To whom each member of a swarm may hand over, by names."""
    names = [member.name for member in spec.members]
    return {name: list(mode.handoffs.get(name, [other for other in names if other != name])) for name in names}
