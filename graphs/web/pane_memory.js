// The memory as of the moment: who wrote what, who changed it and how, what was closed, refused and held.
{
  const { el, store } = coterie;
  const opened = new Set(); // the rows whose history is unfolded
  const text = (value) => (value?.memory === undefined ? el("code", {}, value?.memory_id || "?") : value.memory);

  // Ids begin with the time: those of one run differ at their end.
  const short = (id) => (id.length > 12 ? `…${id.slice(-6)}` : id);

  // A reworded memory is its old words crossed out and its new ones marked.
  const difference = (before, after) =>
    before?.memory === undefined || after?.memory === undefined ? [text(after)] : coterie.changed(before.memory, after.memory);

  const who = (run, change) => (change.actor === "curator" || change.actor === "person" ? coterie.chip(change.actor) : run.author(change));

  const authors = (run, row) => {
    const last = row.changes.at(-1);
    const first = row.olds.length ? row.olds.map((old) => run.author(old.value)) : [run.author(row.value)];
    const changed = last && (last.op !== "add" || last.actor === "curator");
    return [...first, changed ? el("span.after", {}, "→ ", who(run, last)) : ""];
  };

  const tags = (value) =>
    el("span.tags", {}, ...(value.topics || []).map((topic) => el("span", {}, topic)), value.visibility ? el("span.faint", {}, value.visibility) : null);

  // The old and the new words, where the row was changed by the last change; else the words.
  const words = (row, fresh) => {
    const [old, ...more] = row.olds;
    if (old && !more.length) return fresh ? difference(old.value, row.value) : [text(row.value)];
    const last = row.changes.at(-1);
    return fresh && last?.before && last?.after ? difference(last.before, last.after) : [text(row.value)];
  };

  const history = (row) => {
    const lines = [];
    for (const old of row.olds) lines.push(el("li", {}, row.olds.length > 1 ? ["merged: ", el("del", {}, text(old.value))] : ["before: ", el("del", {}, text(old.value))]));
    const last = row.changes.at(-1);
    for (const name of ["visibility", "topics"]) {
      const [before, after] = [last?.before?.[name], last?.after?.[name]].map((one) => one && String(one));
      if (before && after && before !== after) lines.push(el("li", {}, `${name}: `, ...coterie.changed(before, after)));
    }
    const reason = last?.reason;
    if (reason) lines.push(el("li", {}, `why: ${reason}`));
    if (reason && lines.length === 1) return el("p.hint", {}, reason);
    return lines.length ? el("details", { open: opened.has(row.id), ontoggle: (event) => (event.target.open ? opened.add(row.id) : opened.delete(row.id)) }, el("summary", {}, row.olds.length > 1 ? `merged from ${row.olds.length}` : "changed"), el("ul", {}, ...lines)) : null;
  };

  const line = (run, row, state, read) => {
    const fresh = state.last && row.changes.some((change) => change.record === state.last);
    const kind = row.gone ? "closed" : !row.changes.length ? "" : row.olds.length || row.changes.at(-1).before ? "changed" : "added";
    return el("tr", { className: [kind, fresh ? "fresh" : "", read.has(row.id) ? "read" : ""].join(" ") },
      el("td", { title: row.id }, el("code", {}, short(row.id))), el("td", {}, ...authors(run, row)),
      el("td", {}, el("div", {}, ...(row.gone ? [el("s", {}, text(row.value))] : words(row, fresh))), tags(row.value), row.gone ? why(row) : history(row)));
  };

  const why = (row) => {
    const last = row.changes.at(-1);
    const into = row.value.superseded_by ? ` into ${short(row.value.superseded_by)}` : "";
    return el("p.hint", {}, `${{ merge: "merged", delete: "removed" }[last?.op] || last?.op || "closed"}${into}${last?.reason ? `: ${last.reason}` : ""}`);
  };

  const table = (run, rows, state, read, title) =>
    el("table.memories", {}, el("caption", { className: "unseen" }, title), el("thead", {}, el("tr", {}, ...["id", "by", "memory"].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, ...rows.map((row) => line(run, row, state, read))));

  const proposal = (run, one, word) =>
    el("li", {}, el("span.badge", {}, `${word} ${one.op || ""}`), " ",
      (one.before || []).length && one.memory ? coterie.changed(one.before.join("; "), one.memory) : one.memory ? el("span", {}, one.memory) : null,
      el("p.hint", {}, one.reason || one.why || "contents were not recorded"), el("button.link", { type: "button", onclick: () => jump(one.record) }, coterie.moment(one.record.t, run.length)));

  const jump = (record) => {
    store.goToIndex(record.index + 1);
    coterie.follow();
  };

  // One record's edits, for the step that made them.
  coterie.edits = (run, record) => {
    const state = run.memory.at(record.index + 1);
    const ids = new Set((record.changes || []).map((change) => change.memory_id || (change.after || change.before)?.memory_id));
    const { open, closed } = coterie.table(state);
    const rows = [...open, ...closed].filter((row) => ids.has(row.id));
    return el("section.block", {}, el("h3", {}, el("b.write", {}, "wrote"), ` ${coterie.words(record).replace(/^[^:]*: /, "")}`),
      record.error ? el("pre.bad", {}, record.error) : "", rows.length ? table(run, rows, state, new Set(), "Edits") : "",
      el("ul.proposals", {}, ...(record.refused || []).map((one) => proposal(run, { ...one, record }, "refused")), ...(record.held || []).map((one) => proposal(run, { ...one, record }, "held"))));
  };

  const list = (run, all, word, title) =>
    all.length ? el("section.block", {}, el("h3", {}, title), el("ul.proposals", {}, ...all.map((one) => proposal(run, one, word)))) : "";

  coterie.panes.push({
    id: "memory", title: "Memory", modes: ["replay", "live"],
    key: () => [coterie.upTo(store.run.memory.events, store.index - 1, (record) => record.index)],
    render(element, run) {
      const state = run.memory.at(store.index);
      const { open, closed } = coterie.table(state);
      const read = new Set((state.read?.hits || []).map((hit) => hit.memory_id));
      element.append(el("p.lead", {}, el("b", {}, String(open.length)), ` ${open.length === 1 ? "memory" : "memories"} · ${coterie.count(state.reads, "read")} · ${coterie.count(state.writes, "write")} by now`,
        read.size ? el("span.mark", {}, "in the last read") : ""));
      if (!run.memory.known) element.append(el("p.hint", {}, "What the store held before the run is not known here: memories appear when they are first read or changed."));
      if (!run.contents) element.append(el("p.hint", {}, "Contents were not recorded: only the ids of memories are."));
      element.append(open.length ? table(run, open, state, read, "Memories that hold") : el("p.hint", {}, "No memory yet."));
      if (closed.length) element.append(el("section.block", {}, el("h3", {}, "No longer held"), table(run, closed, state, read, "Closed memories")));
      element.append(list(run, state.refused, "refused", "Refused edits"), list(run, state.held, "held", "Held for a decision"));
    },
  });
}
