// A node or a cluster of the graph that has not run: what it is made of, and what it leads to.
{
  const { el, block, hint, link, list, store } = coterie;
  const WAYS = { always: "next", choice: "if it is chosen", read: "reads the memory", write: "writes the memory" };

  // What the picture says of a node or a cluster: models, tools, what is read and kept.
  coterie.described = (id) => {
    const part = coterie.details(id);
    if (!part) return null;
    return el(
      "div.described",
      {},
      part.role ? el("p.words", {}, part.role) : null,
      part.mode ? hint(`works as: ${part.mode}`) : null,
      list([...(part.details || []), ...(part.notes || [])], "tags"),
    );
  };

  // The edges of a node or cluster, as words that lead to its neighbours.
  const neighbours = (id) => {
    const edges = store.data.picture?.edges || [];
    const line = (edge, other) => [
      link(coterie.nameOf(other), () => store.pick(other)),
      el("span.hint", {}, ` ${edge.label || WAYS[edge.kind]}`),
    ];
    const into = edges.filter((edge) => edge.target === id).map((edge) => line(edge, edge.source));
    const out = edges.filter((edge) => edge.source === id).map((edge) => line(edge, edge.target));
    return [into.length ? block("comes from", list(into)) : "", out.length ? block("goes to", list(out)) : ""];
  };

  // The steps and the members of a cluster.
  const madeOf = ({ nodes = [], members = [] }) => {
    const line = (one, name) => [
      link(name, () => store.pick(one.id)),
      el("span.hint", {}, ` ${one.role || (one.details || []).join(", ")}`),
    ];
    return [
      nodes.length ? block("steps", list(nodes.map((one) => line(one, one.label)))) : "",
      members.length ? block("members", list(members.map((one) => line(one, one.name)))) : "",
    ];
  };

  coterie.unran = (element, key) => {
    const part = coterie.details(key);
    element.append(
      el("h2", {}, part?.label || part?.name || coterie.last(key)),
      coterie.described(key) || "",
      store.data.mode === "graph" ? "" : hint("It has not run."),
      ...madeOf(part || {}),
      ...neighbours(key),
    );
  };

  const member = (cluster) => {
    const name = link(cluster.name, () => store.pick(cluster.id));
    return el("li", { style: { "--depth": cluster.depth } }, name, cluster.role ? ` ${cluster.role}` : "");
  };

  coterie.panes.push({
    id: "step",
    title: "Details",
    modes: ["graph"],
    key: () => [store.key],
    render(element, run) {
      if (store.key) return coterie.unran(element, store.key);
      element.append(hint("Choose a node of the graph: what it is made of stands here."));
      element.append(el("ul.cards", {}, ...[...run.clusters.values()].map(member)));
    },
  });
}
