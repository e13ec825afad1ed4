// The line at the top: whose run it is, what was asked, and what it had cost by the moment shown.
{
  const { el, find, figure, store } = coterie;
  const words = { running: "running", finished: "finished", waiting: "waits for an answer", failed: "failed", cancelled: "cancelled" };

  coterie.statusOf = (run) => {
    if (!run.started) return null;
    return run.finished && store.index > run.finished.index ? run.finished.status : "running";
  };

  const total = (name, value, title) => el("div", { title }, el("dt", {}, name), el("dd", {}, value));

  coterie.hooks.header = (run) => {
    find("title").textContent = run.started?.name || store.data.title;
    document.title = store.data.title;
    const asked = run.started?.message;
    find("asked").hidden = !run.started;
    find("asked").textContent = asked === undefined ? "contents were not recorded" : coterie.plain(asked);
    find("asked").classList.toggle("none", asked === undefined);
    find("asked").title = asked === undefined ? "" : coterie.plain(asked);
  };

  store.watch((run) => {
    if (!run.started) return find("totals").replaceChildren();
    const sum = run.sums[store.index - 1] || run.sums[0] && Object.fromEntries(Object.keys(run.sums[0]).map((key) => [key, 0]));
    const status = coterie.statusOf(run);
    Object.assign(find("status"), { hidden: false, className: `badge ${status}`, textContent: words[status] || status });
    const tokens = sum.input || sum.output ? `${figure(sum.input)} → ${figure(sum.output)}` : "–";
    find("totals").replaceChildren(
      total("time", coterie.moment(store.time, run.length)),
      total("tokens", tokens, "of prompts → of answers"),
      total("model calls", figure(sum.calls)),
      total("steps", figure(sum.steps)),
      total("reads", figure(sum.reads), "of the memory"),
      total("writes", figure(sum.writes), "to the memory"),
      sum.errors ? total("errors", figure(sum.errors)) : "",
    );
  });
}
