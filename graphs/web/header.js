// The line at the top: whose run it is, what was asked, and what it had cost by the moment shown.
{
  const { el, find, figure, store } = coterie;
  const words = {
    running: "running",
    finished: "finished",
    waiting: "waits for an answer",
    failed: "failed",
    cancelled: "cancelled",
    silent: "no end recorded",
  };
  const QUIET = 600_000; // ms without a word, after which the run's process may be gone

  // Whether it is not known to go on, nor to have ended: its process may have been killed.
  coterie.isSilent = (run) => {
    if (run.finished || !run.records.length) return false;
    return store.data.mode === "replay" || Date.now() - run.zero - run.records.at(-1).t > QUIET;
  };

  coterie.statusOf = (run) => {
    if (store.index === run.records.length && coterie.isSilent(run)) return "silent";
    return run.turns[coterie.upTo(run.turns, store.index - 1, (turn) => turn.index) - 1]?.status || "running";
  };

  // Their elements stay, only their figures change: this is drawn with every frame.
  const TOTALS = {
    time: ["time"],
    tokens: ["tokens", "of prompts → of answers"],
    calls: ["model calls"],
    steps: ["steps"],
    reads: ["reads", "of the memory"],
    writes: ["writes", "to the memory"],
    errors: ["errors"],
  };
  const figures = {};

  const put = (key, value) => {
    if (figures[key].textContent !== value) figures[key].textContent = value;
  };

  coterie.hooks.header = (run) => {
    find("title").textContent = run.started?.name || store.data.title;
    document.title = store.data.title;
    const asked = run.started?.message;
    find("asked").hidden = !run.started;
    find("asked").textContent = asked === undefined ? "contents were not recorded" : coterie.plain(asked);
    find("asked").classList.toggle("none", asked === undefined);
    find("asked").title = asked === undefined ? "" : coterie.plain(asked);
  };

  const build = () =>
    find("totals").replaceChildren(
      ...Object.entries(TOTALS).map(([key, [name, title]]) => {
        figures[key] = el("dd");
        return el("div", { title }, el("dt", {}, name), figures[key]);
      }),
    );

  store.watch((run) => {
    find("status").hidden = !run.started;
    if (!run.started) return find("totals").replaceChildren();
    if (!find("totals").firstChild) build();
    const sum = run.sums[store.index - 1] || coterie.NOTHING;
    const status = coterie.statusOf(run);
    Object.assign(find("status"), { className: `badge ${status}`, textContent: words[status] || status });
    put("time", coterie.moment(store.time, run.length));
    put("tokens", sum.input || sum.output ? `${figure(sum.input)} → ${figure(sum.output)}` : "–");
    for (const key of ["calls", "steps", "reads", "writes", "errors"]) put(key, figure(sum[key]));
    figures.errors.parentElement.hidden = !run.sums.at(-1).errors;
  });
}
