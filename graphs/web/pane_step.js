// What one step did: models, tools, memories with their scores, edits, errors.
{
  const { el, span, figure, plain, store } = coterie;
  const hidden = () => el("span.hint", {}, "not recorded");

  const block = (title, ...content) => el("section.block", {}, el("h3", {}, ...[title].flat().filter(Boolean)), ...content.filter(Boolean));

  const calls = (step) =>
    step.calls.map((call) =>
      block([el("b", {}, call.model || "model"), el("span.hint", {}, span(1000 * call.seconds)),
        el("span.tokens", { title: "tokens of the prompt → of the answer" }, `${call.input_tokens === null ? "?" : figure(call.input_tokens)} → ${call.output_tokens === null ? "?" : figure(call.output_tokens)} tokens`)]));

  // A call that was refused before it began has only an answer.
  const tools = (step) => {
    const both = new Map();
    for (const record of step.records) {
      if (record.kind === "tool_started") both.set(record.call_id, { begun: record });
      if (record.kind === "tool_finished") both.set(record.call_id, { ...both.get(record.call_id), answer: record });
    }
    return [...both.values()].map(({ begun, answer }) => {
      const state = !answer ? el("span.badge.running", {}, "running") : answer.failed ? el("span.badge.failed", {}, "failed") : null;
      return block([el("b", {}, (begun || answer).tool), begun && answer ? el("span.hint", {}, span(answer.t - begun.t)) : "", state],
        begun && (begun.arguments === undefined ? hidden() : el("pre", {}, plain(begun.arguments))),
        answer && (answer.content === undefined ? hidden() : el(answer.failed ? "pre.bad" : "pre.answer", {}, plain(answer.content))));
    });
  };

  // A score as a bar of its parts: words, meaning.
  const score = (hit, most) => {
    if (hit.score === null || hit.score === undefined) return el("span.hint", { title: "Everything was taken: nothing had to be ranked" }, "–");
    const parts = Object.entries(hit.parts || {});
    const words = parts.map(([name, worth]) => `${name} ${worth.toFixed(3)}`).join(" + ");
    const bars = (parts.length ? parts : [["score", hit.score]]).map(([name, worth]) =>
      el(`i.part.${name.replace(/\W/g, "")}`, { style: { width: `${Math.max((100 * worth) / most, 0)}%` } }));
    return el("span.score", { title: words, "aria-label": `${hit.score.toFixed(3)}${words ? `: ${words}` : ""}`, role: "img" },
      el("b", {}, hit.score.toFixed(2)), el("span.scale", {}, ...bars));
  };

  const recalled = (run, record) => {
    const hits = record.hits || [];
    const most = Math.max(...hits.map((hit) => hit.score || 0), 1e-9);
    return block([el("b.read", {}, "read"), ` ${coterie.count(hits.length, "memory").replace("memorys", "memories")} · ${figure(record.tokens || 0)} tokens${record.complete ? " · all there is" : ""}`],
      record.query === undefined ? null : el("p.quote", {}, plain(record.query)),
      hits.length ? el("table", {}, el("thead", {}, el("tr", {}, ...["score", "memory", "by"].map((name) => el("th", { scope: "col" }, name)))),
        el("tbody", {}, ...hits.map((hit) => el("tr", {}, el("td", {}, score(hit, most)),
          el("td", {}, hit.memory === undefined ? el("code", {}, hit.memory_id) : hit.memory), el("td", {}, run.author(hit)))))) : null,
      hits.some((hit) => Object.keys(hit.parts || {}).length) ? legend(hits) : null);
  };

  const legend = (hits) => {
    const names = new Set(hits.flatMap((hit) => Object.keys(hit.parts || {})));
    return el("p.legend", {}, ...[...names].map((name) => el("span", {}, el(`i.part.${name.replace(/\W/g, "")}`), { text: "words", vector: "meaning" }[name] || name)));
  };

  const member = (run, record) => coterie.chip(record.member, run.hueOf(`${record.path}/${record.node}`));

  const others = {
    memory_recalled: recalled,
    memory_curated: (run, record) => coterie.edits(run, record),
    memory_changed: (run, record) => coterie.edits(run, record),
    attempt_failed: (_, record) => block([el("b.bad", {}, `attempt ${record.attempt} failed`)], el("pre.bad", {}, plain(record.error))),
    member_started: (run, record) => block(["task for ", member(run, record)], record.task === undefined ? hidden() : el("p.words", {}, record.task)),
    member_finished: (run, record) => block(["answer of ", member(run, record)], record.error ? el("pre.bad", {}, record.error) : record.content === undefined ? hidden() : el("p.words", {}, record.content)),
    note_shared: (_, record) => block(["note of ", el("b", {}, record.member)], record.text === undefined ? hidden() : el("p.words", {}, record.text)),
    notes_read: (_, record) => block("notes read", ...(record.notes || []).map((note) => el("p", {}, el("b", {}, note.member), " ", note.text ?? hidden()))),
    task_changed: (_, record) => block(["task ", el("b", {}, String(record.task?.id)), ` · ${record.task?.status}`], record.task?.task === undefined ? null : el("p.words", {}, record.task.task), record.task?.result ? el("pre.answer", {}, plain(record.task.result)) : null),
    handed_over: (_, record) => block(["handed over to ", el("b", {}, record.to)]),
    tool_started: () => null,
    tool_finished: () => null,
  };

  const turn = (run, step, same) => {
    const place = same.indexOf(step);
    const go = (to) => {
      store.goToIndex(same[to].first + 1);
      store.select(same[to]);
      coterie.follow();
    };
    if (same.length < 2) return null;
    return el("span.turns", {},
      el("button", { type: "button", "aria-label": "The run of this node before", disabled: place === 0, onclick: () => go(place - 1) }, "‹"),
      `${place + 1} of ${same.length}`,
      el("button", { type: "button", "aria-label": "The next run of this node", disabled: place === same.length - 1, onclick: () => go(place + 1) }, "›"));
  };

  // What the picture says of a node or a cluster: models, tools, what is read and kept.
  coterie.described = (id) => {
    const part = coterie.details(id);
    if (!part) return null;
    const lines = [...(part.details || []), ...(part.notes || [])];
    return el("div.described", {}, part.role ? el("p.words", {}, part.role) : null, part.mode ? el("p.hint", {}, `works as: ${part.mode}`) : null,
      lines.length ? el("ul.tags", {}, ...lines.map((line) => el("li", {}, line))) : null);
  };

  // The edges of a node or cluster, as words that lead to its neighbours.
  const neighbours = (id) => {
    const edges = store.data.picture?.edges || [];
    const words = { always: "next", choice: "if it is chosen", read: "reads the memory", write: "writes the memory" };
    const line = (edge, other) => el("li", {}, el("button.link", { type: "button", onclick: () => store.pick(other) }, coterie.nameOf(other)), el("span.hint", {}, ` ${edge.label || words[edge.kind]}`));
    const into = edges.filter((edge) => edge.target === id).map((edge) => line(edge, edge.source));
    const out = edges.filter((edge) => edge.source === id).map((edge) => line(edge, edge.target));
    return [into.length ? block("comes from", el("ul.inner", {}, ...into)) : "", out.length ? block("goes to", el("ul.inner", {}, ...out)) : ""];
  };

  const unran = (element, key) => {
    const part = coterie.details(key);
    element.append(el("h2", {}, part?.label || part?.name || coterie.last(key)), coterie.described(key) || "",
      store.data.mode === "graph" ? "" : el("p.hint", {}, "It has not run."), ...neighbours(key));
  };

  const inner = (run, step) => {
    const found = run.steps.filter((one) => one.parent === step);
    if (!found.length) return null;
    return block("steps inside", el("ul.inner", {}, ...found.map((one) => el("li", {}, el("button.link", { type: "button", onclick: () => store.select(one) }, one.node), ` ${span(run.endOf(one) - one.start)}`, one.error ? el("b.bad", {}, " failed") : ""))));
  };

  const head = (run, step, same) =>
    el("div.head", {}, run.chip(run.clusters.has(step.key) ? step.key : step.path), el("h2", {}, run.clusters.has(step.key) ? "whole run" : step.node), turn(run, step, same),
      store.step ? el("button.quiet", { type: "button", title: "Follow the moment again (Esc)", onclick: () => store.select(null) }, "pinned ×") : null);

  coterie.panes.push({
    id: "step", title: "Step", modes: ["replay", "live"],
    key: () => [store.step ? [store.step.id, store.step.records.length, store.step.end] : [store.key, store.key ? 0 : store.index]],
    render(element, run) {
      if (!store.step && store.key) return unran(element, store.key);
      const step = store.current();
      if (!step) return element.append(el("p.hint", {}, "Nothing has run yet. Choose a node of the graph or a bar of the timeline, or press play."));
      const same = run.byKey.get(step.key);
      const ended = step.end !== null && !step.cut;
      element.append(head(run, step, same),
        el("p.when", {}, `${coterie.moment(step.start, run.length)} → ${ended ? coterie.moment(step.end, run.length) : step.cut ? "interrupted" : "…"}`, el("b", {}, span(run.endOf(step) - step.start))),
        step.error ? el("pre.bad", {}, step.error) : "", coterie.described(step.key) || "", ...calls(step),
        ...step.records.map((record) => others[record.kind]?.(run, record)).filter(Boolean), ...tools(step), inner(run, step) || "");
    },
  });

  coterie.panes.push({
    id: "step", title: "Details", modes: ["graph"], key: () => [store.key],
    render(element) {
      if (store.key) return unran(element, store.key);
      element.append(el("p.hint", {}, "Choose a node of the graph: what it is made of stands here."), overview());
    },
  });

  const overview = () =>
    el("ul.cards", {}, ...[...store.run.clusters.values()].map((cluster) =>
      el("li", { style: { "--depth": cluster.depth } }, el("button.link", { type: "button", onclick: () => store.pick(cluster.id) }, cluster.name), cluster.role ? ` ${cluster.role}` : "")));
}
