// The graph: what runs is lit, what has run is marked and counted, the memory's lines pulse when it is read or written.
{
  const { find, store } = coterie;
  const space = "http://www.w3.org/2000/svg";
  let parts = new Map(); // id -> {element, badge, text}
  let edges = [];
  let zoom = null;

  const drawn = (name, given, parent) => {
    const made = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
    parent.append(made);
    return made;
  };

  const read = (text) => new DOMParser().parseFromString(text, "image/svg+xml").documentElement;

  // Its style elements are taken out first: the page's policy would refuse them, and says so aloud.
  const parse = (text) => {
    const styles = [];
    const bare = text.replace(/<style[^>]*>([^]*?)<\/style>/g, (_, style) => {
      styles.push(read(`<x>${style}</x>`).textContent);
      return "";
    });
    const svg = read(bare);
    if (svg.localName !== "svg") return null;
    coterie.adopt(styles.join("\n"));
    return document.adoptNode(svg);
  };

  coterie.details = (id) => {
    const picture = store.data.picture;
    if (!picture) return null;
    for (const node of [picture.start, picture.end, picture.store]) if (node?.id === id) return node;
    for (const cluster of store.run.clusters.values()) {
      if (cluster.id === id) return cluster;
      for (const node of cluster.nodes) if (node.id === id) return node;
    }
    return null;
  };

  coterie.nameOf = (id) => {
    const part = coterie.details(id);
    const owner = store.run.clusters.get(id.slice(0, id.lastIndexOf("/")));
    return `${part?.label || part?.name || coterie.last(id)}${owner && part?.label ? ` of ${owner.name}` : ""}`;
  };

  const pick = (id) => {
    if (coterie.details(id)?.kind === "memory" && store.data.mode !== "graph") return coterie.show("memory");
    store.pick(id);
    coterie.say(coterie.nameOf(id));
  };

  const clickable = (element, id) => {
    element.setAttribute("tabindex", "0");
    element.setAttribute("role", "button");
    element.addEventListener("click", (event) => {
      event.stopPropagation();
      if (!zoom.moved) pick(id);
    });
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      pick(id);
    });
  };

  // How often something ran, if more than once, at its upper right corner; of the memory, how much it holds.
  const badge = (element) => {
    const box = (element.querySelector(".box") || element).getBBox();
    const place = `translate(${box.x + box.width - 8} ${box.y})`;
    const group = drawn("g", { class: "count", transform: place, "aria-hidden": "true" }, element);
    drawn("rect", { x: -15, y: -8, width: 30, height: 16, rx: 8 }, group);
    return { group, text: drawn("text", { y: 3.5, "text-anchor": "middle" }, group) };
  };

  const prepare = (svg, run) => {
    parts = new Map();
    for (const element of svg.querySelectorAll(".node[data-id], .cluster[data-id]")) {
      const id = element.dataset.id;
      const node = element.classList.contains("node");
      const lane = node ? id.slice(0, id.lastIndexOf("/")) : id;
      parts.set(id, { element, lane, ...(node ? badge(element) : {}) });
      clickable(element, id);
      element.setAttribute("aria-label", coterie.nameOf(id));
    }
    edges = [...svg.querySelectorAll(".edge")].map((element) => ({
      element,
      source: element.dataset.source,
      target: element.dataset.target,
      memory: element.classList.contains("read") ? "read" : element.classList.contains("write") ? "write" : null,
    }));
    colour(run);
  };

  const colour = (run) => {
    for (const { element, lane } of parts.values()) {
      const place = run.hueOf(lane);
      if (place >= 0) element.style.setProperty("--agent", coterie.hue(place));
    }
  };

  coterie.hooks.graph = (run, more) => {
    if (more) return colour(run);
    const svg = store.data.svg ? parse(store.data.svg) : null;
    find("drawing").replaceChildren(...(svg ? [svg] : []));
    find("graph").classList.toggle("none", !svg);
    if (!svg) return;
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", `Graph of ${store.data.title}`);
    svg.removeAttribute("aria-labelledby");
    svg.addEventListener("click", () => zoom.moved || store.select(null));
    prepare(svg, run);
    zoom = new coterie.Zoom(svg);
  };

  // The memory was read or written by a step that runs, or by the very event that is shown.
  const touched = (run) => {
    const found = new Set();
    const note = (step, record) => {
      if (!step || record.index >= store.index) return;
      if (record.kind === "memory_recalled") found.add(`read ${step.key}`);
      if ((record.changes || []).length) found.add(`write ${step.key}`);
    };
    for (const step of run.running(store.index)) for (const record of step.records) note(step, record);
    const record = run.records[store.index - 1];
    if (record) note(run.byId.get(record.step), record);
    return found;
  };

  // The edges by which what runs was reached.
  const taken = (run) => {
    const found = new Set();
    for (const step of run.running(store.index)) if (step.after) found.add(`${step.after} ${step.key}`);
    return found;
  };

  const light = (run) => {
    const standing = run.standing(store.index);
    const chosen = store.key;
    const held = store.data.mode === "graph" ? 0 : coterie.held(run.memory.at(store.index));
    for (const [id, { element, group, text }] of parts) {
      const one = standing.get(id);
      element.classList.toggle("running", Boolean(one?.running));
      element.classList.toggle("done", Boolean(one && !one.running));
      element.classList.toggle("failed", Boolean(one?.failed && !one.running));
      element.classList.toggle("selected", id === chosen);
      if (!group) continue;
      const items = element.classList.contains("memory") ? held : 0;
      const words = one?.count > 1 ? `×${one.count}` : items ? coterie.figure(items) : ""; // once is said by its colour
      if (text.textContent !== words) text.textContent = words;
      group.classList.toggle("shown", Boolean(words));
    }
  };

  store.watch((run) => {
    if (!zoom || !parts.size) return;
    light(run);
    const memory = touched(run);
    const ways = taken(run);
    for (const { element, source, target, memory: kind } of edges) {
      const live = kind ? memory.has(`${kind} ${kind === "read" ? target : source}`) : ways.has(`${source} ${target}`);
      element.classList.toggle("live", live);
      element.classList.toggle("near", store.key !== null && (source === store.key || target === store.key));
    }
  });

  coterie.fitGraph = () => zoom?.fit();
  find("graph-in").addEventListener("click", () => zoom?.by(1.3));
  find("graph-out").addEventListener("click", () => zoom?.by(1 / 1.3));
  find("graph-fit").addEventListener("click", () => zoom?.fit());
  addEventListener("resize", () => zoom?.fit());
}
