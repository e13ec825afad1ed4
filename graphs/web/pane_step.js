// One step: when it ran, and what it did.
{
  const { el, block, hint, link, list, span, store } = coterie;

  const go = (step) => {
    store.goToIndex(step.first + 1);
    store.select(step);
    coterie.follow();
  };

  // Which of its node's runs it is, and the ways to the others.
  const turns = (step, same) => {
    if (same.length < 2) return null;
    const place = same.indexOf(step);
    const turn = (by, label, text) => {
      const given = {
        type: "button",
        "aria-label": label,
        disabled: !same[place + by],
        onclick: () => go(same[place + by]),
      };
      return el("button", given, text);
    };
    const [before, next] = [turn(-1, "The run of this node before", "‹"), turn(1, "The next run of this node", "›")];
    return el("span.turns", {}, before, `${place + 1} of ${same.length}`, next);
  };

  const head = (run, step) => {
    const whole = run.clusters.has(step.key);
    const unpin = { type: "button", title: "Follow the moment again (Esc)", onclick: () => store.select(null) };
    return el(
      "div.head",
      {},
      run.chip(whole ? step.key : step.path),
      el("h2", {}, whole ? "whole run" : step.node),
      turns(step, run.byKey.get(step.key)),
      store.step ? el("button.quiet", unpin, "pinned ×") : null,
    );
  };

  const when = (run, step) => {
    const end = step.cut ? "interrupted" : step.end === null ? "…" : coterie.moment(step.end, run.length);
    const took = el("b", {}, span(run.endOf(step) - step.start));
    return el("p.when", {}, `${coterie.moment(step.start, run.length)} → ${end}`, took);
  };

  const inner = (run, step) => {
    const found = run.steps.filter((one) => one.parent === step);
    const line = (one) => [
      link(one.node, () => store.select(one)),
      ` ${span(run.endOf(one) - one.start)}`,
      one.error ? el("b.bad", {}, " failed") : "",
    ];
    return found.length ? block("steps inside", list(found.map(line))) : "";
  };

  // The step is drawn again when another is shown, or when more happened in it.
  const key = () => {
    if (store.step) return [store.step.id, store.step.records.length, store.step.end];
    return [store.key, store.key ? 0 : store.index];
  };

  coterie.panes.push({
    id: "step",
    title: "Step",
    modes: ["replay", "live"],
    key,
    render(element, run) {
      if (!store.step && store.key) return coterie.unran(element, store.key);
      const step = store.current();
      if (!step) {
        return element.append(
          hint("Nothing has run yet. Choose a node of the graph or a bar of the timeline, or press play."),
        );
      }
      element.append(head(run, step), when(run, step), step.error ? el("pre.bad", {}, step.error) : "");
      element.append(coterie.described(step.key) || "", ...coterie.partsOf(run, step), inner(run, step));
    },
  });
}
