"""Random pictures to draw: of any steps, with any edges that a picture may have."""

from random import Random

from coterie.graphs.picture import Cluster, Edge, Node, NodeKind, Picture

KINDS: tuple[NodeKind, ...] = ("recall", "model", "leader", "router", "tools", "plan", "join", "form", "curator")
TEXTS = [
    "",
    "task",
    "hands over",
    "finds facts in the archive",
    "調査員は事実を調べて報告します",
    "x" * 90,
    "\x00<&\"'>",
    "é",
]


def random_picture(seed: int, most: int, depth: int) -> Picture:
    """A picture of at least one, and at most about so many steps and members; clusters nested to a depth."""
    random = Random(seed)
    root = _cluster(random, "root", depth, [most])
    start, end = Node("/start", "start", "start"), Node("/end", "end", "end")
    store = Node("/memory", "memory", "shared memory", ("desk.db",)) if random.random() < 0.7 else None
    edges: list[Edge] = []
    for cluster in _all(root):
        ids = [*(node.id for node in cluster.nodes), *(member.id for member in cluster.members)]
        if cluster is root:
            ids += [start.id, end.id]
        if ids:
            edges += _ways(random, ids)
            edges += _memory(random, ids) if store else []
    return Picture(root, start, end, store, tuple(dict.fromkeys(edges)))


def _cluster(random: Random, id: str, depth: int, left: list[int]) -> Cluster:
    """A cluster; ``left`` holds how many things may still be made."""
    kinds = random.sample(KINDS, random.randint(0, 5))[: left[0]]
    nodes = tuple(Node(f"{id}/{kind}", kind, kind, _texts(random, 6)) for kind in kinds)
    left[0] -= len(nodes)
    members: list[Cluster] = []
    for number in range(random.randint(0, 13) if depth > 1 else 0):
        if left[0] > 0:
            left[0] -= 1
            members.append(_cluster(random, f"{id}/m{number}", random.randint(1, depth - 1), left))
    name, role = random.choice(TEXTS), random.choice(TEXTS)
    notes = _texts(random, 2)
    return Cluster(id, "team" if members else "agent", name, role, nodes, tuple(members), notes=notes)


def _texts(random: Random, most: int) -> tuple[str, ...]:
    return tuple(random.choices(TEXTS, k=random.randint(0, most)))


def _all(cluster: Cluster) -> list[Cluster]:
    return [cluster, *(each for member in cluster.members for each in _all(member))]


def _ways(random: Random, ids: list[str]) -> list[Edge]:
    """Any edges between things; or all from one of them and back; or all to all."""
    shape = random.choice(["some", "star", "mesh"])
    hub = random.choice(ids)
    if shape == "star":
        return [Edge(*way, "choice", "task") for id in ids if id != hub for way in ((hub, id), (id, hub))]
    if shape == "mesh":
        return [Edge(one, two, "choice", "hands over") for one in ids for two in ids if one != two]
    labels = ["", "", "task", "hands over", "a label that is a good deal longer than others are"]
    return [
        Edge(random.choice(ids), random.choice(ids), random.choice(("always", "choice")), random.choice(labels))
        for _ in range(random.randint(0, 3 * len(ids)))
    ]


def _memory(random: Random, ids: list[str]) -> list[Edge]:
    reads = [Edge("/memory", random.choice(ids), "read") for _ in range(random.randint(0, 3))]
    writes = [Edge(random.choice(ids), "/memory", "write") for _ in range(random.randint(0, 2))]
    return [*reads, *writes]
