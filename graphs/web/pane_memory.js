// The memory as of the moment: who wrote what, who changed it and how, what was closed, refused and held.
{
  const { el, block, count, hint, list, store } = coterie;
  const UNKNOWN =
    "What the store held before the run is not known here: memories appear when they are first read or changed.";
  const MOST = 300; // rows of memories that hold
  const opened = new Set(); // the rows whose history is unfolded
  const text = (value) => (value?.memory === undefined ? el("code", {}, value?.memory_id || "?") : value.memory);

  // Ids begin with the time: those of one run differ at their end.
  const short = (id) => (id.length > 12 ? `…${id.slice(-6)}` : id);

  // A reworded memory is its old words crossed out and its new ones marked.
  const difference = (before, after) =>
    before?.memory === undefined || after?.memory === undefined
      ? [text(after)]
      : coterie.changed(before.memory, after.memory);

  const who = (run, change) =>
    /^(curator|person)$/.test(change.actor) ? coterie.chip(change.actor) : run.author(change);

  const authors = (run, row) => {
    const last = row.changes.at(-1);
    const first = row.olds.length ? row.olds.map((old) => run.author(old.value)) : [run.author(row.value)];
    const changed = last && (last.op !== "add" || last.actor === "curator");
    return [...first, changed ? el("span.after", {}, "→ ", who(run, last)) : ""];
  };

  const tags = (value) =>
    el(
      "span.tags",
      {},
      ...(value.topics || []).map((topic) => el("span", {}, topic)),
      value.visibility ? el("span.faint", {}, value.visibility) : null,
    );

  // The old and the new words, where the row was changed by the last change; else the words.
  const words = (row, fresh) => {
    const [old, ...more] = row.olds;
    if (old && !more.length) return fresh ? difference(old.value, row.value) : [text(row.value)];
    const last = row.changes.at(-1);
    return fresh && last?.before && last?.after ? difference(last.before, last.after) : [text(row.value)];
  };

  // What became of a row: the words that it took the place of, other marks that changed, and why.
  const history = (row) => {
    const many = row.olds.length > 1;
    const last = row.changes.at(-1);
    const lines = row.olds.map((old) => [many ? "merged: " : "before: ", el("del", {}, text(old.value))]);
    for (const name of ["visibility", "topics"]) {
      const [before, after] = [last?.before?.[name], last?.after?.[name]].map((one) => one && String(one));
      if (before && after && before !== after) lines.push([`${name}: `, ...coterie.changed(before, after)]);
    }
    if (!last?.reason && !lines.length) return null;
    if (!lines.length) return hint(last.reason);
    if (last?.reason) lines.push(`why: ${last.reason}`);
    const remember = (event) => (event.target.open ? opened.add(row.id) : opened.delete(row.id));
    const given = { open: opened.has(row.id), ontoggle: remember };
    return el(
      "details",
      given,
      el("summary", {}, many ? `merged from ${row.olds.length}` : "changed"),
      list(lines, "past"),
    );
  };

  const kindOf = (row) => {
    if (row.gone) return "closed";
    if (!row.changes.length) return "";
    return row.olds.length || row.changes.at(-1).before ? "changed" : "added";
  };

  const line = (run, row, state, read) => {
    const fresh = state.last && row.changes.some((change) => change.record === state.last);
    const shown = row.gone ? [el("s", {}, text(row.value))] : words(row, fresh);
    return el(
      "tr",
      { className: [kindOf(row), fresh ? "fresh" : "", read.has(row.id) ? "read" : ""].join(" ") },
      el("td", { title: row.id }, el("code", {}, short(row.id))),
      el("td", {}, ...authors(run, row)),
      el("td", {}, el("div", {}, ...shown), tags(row.value), row.gone ? why(row) : history(row)),
    );
  };

  const why = (row) => {
    const last = row.changes.at(-1);
    const done = { merge: "merged", delete: "removed" }[last?.op] || last?.op || "closed";
    const into = row.value.superseded_by ? ` into ${short(row.value.superseded_by)}` : "";
    return hint(`${done}${into}${last?.reason ? `: ${last.reason}` : ""}`);
  };

  const table = (run, rows, state, read, title) =>
    coterie.columns(
      "memories",
      title,
      ["id", "by", "memory"],
      rows.map((row) => line(run, row, state, read)),
    );

  // An edit that was refused, or that waits for somebody: what it would say, and why it was not simply done.
  const proposal = (run, one, word) => {
    const before = (one.before || []).join("; ");
    return [
      el("span.badge", {}, `${word} ${one.op || ""}`),
      " ",
      ...(before && one.memory ? coterie.changed(before, one.memory) : [one.memory || ""]),
      hint(one.reason || one.why || "contents were not recorded"),
      coterie.link(coterie.moment(one.record.t, run.length), () => jump(one.record)),
    ];
  };

  // Of very many memories those that the run has to do with, and the newest of the others.
  const some = (rows, read) => {
    if (rows.length <= MOST) return rows;
    const touched = rows.filter((row) => row.changes.length || read.has(row.id)).slice(-MOST);
    const others = rows.filter((row) => !row.changes.length && !read.has(row.id));
    const kept = new Set([...touched, ...others.slice(others.length - (MOST - touched.length))]);
    return rows.filter((row) => kept.has(row));
  };

  const proposals = (run, refused, held) => [
    ...refused.map((one) => proposal(run, one, "refused")),
    ...held.map((one) => proposal(run, one, "held")),
  ];

  const absent = (older) => ` ${coterie.figure(older)} of them are not in this page: the run neither read nor changed them.`;

  const jump = (record) => {
    store.goToIndex(record.index + 1);
    coterie.follow();
  };

  // One record's edits, for the step that made them.
  coterie.edits = (run, record) => {
    const state = run.memory.at(record.index + 1);
    const ids = new Set(
      (record.changes || []).map((change) => change.memory_id || (change.after || change.before)?.memory_id),
    );
    const { open, closed } = coterie.table(state);
    const rows = [...open, ...closed].filter((row) => ids.has(row.id));
    const [refused, held] = [record.refused || [], record.held || []].map((all) =>
      all.map((one) => ({ ...one, record })),
    );
    return block(
      [el("b.write", {}, "wrote"), coterie.words(record).replace(/^[^:]*: /, "")],
      record.error ? el("pre.bad", {}, record.error) : null,
      rows.length ? table(run, rows, state, new Set(), "Edits") : null,
      list(proposals(run, refused, held), "proposals"),
    );
  };

  const lead = (state, read) => {
    const held = coterie.held(state);
    const many = ` ${held === 1 ? "memory" : "memories"} · ${count(state.reads, "read")} · ${count(state.writes, "write")} by now`;
    return el(
      "p.lead",
      {},
      el("b", {}, coterie.figure(held)),
      many,
      read.size ? el("span.mark", {}, "in the last read") : "",
    );
  };

  coterie.panes.push({
    id: "memory",
    title: "Memory",
    modes: ["replay", "live"],
    key: () => [coterie.upTo(store.run.memory.events, store.index - 1, (record) => record.index)],
    render(element, run) {
      const state = run.memory.at(store.index);
      const { open, closed } = coterie.table(state);
      const read = new Set((state.read?.hits || []).map((hit) => hit.memory_id));
      element.append(lead(state, read));
      if (!run.memory.known) element.append(hint(UNKNOWN));
      if (!run.contents) element.append(hint("Contents were not recorded: only the ids of memories are."));
      const shown = some(open, read);
      element.append(shown.length ? table(run, shown, state, read, "Memories that hold") : hint("No memory yet."));
      const left = coterie.held(state) - shown.length;
      if (left) element.append(hint(`${coterie.figure(left)} older ones are not listed.${state.older ? absent(state.older) : ""}`));
      if (closed.length) element.append(block("No longer held", table(run, closed, state, read, "Closed memories")));
      if (state.refused.length)
        element.append(block("Refused edits", list(proposals(run, state.refused, []), "proposals")));
      if (state.held.length)
        element.append(block("Held for a decision", list(proposals(run, [], state.held), "proposals")));
    },
  });
}
