// The tabs beside the graph. A pane is {id, title, render(element, run)}, and may say `modes` and `key()`: it is drawn
// again when what `key` returns is another than before (else with every moment).
{
  const { el, find, store } = coterie;
  let shown = null;
  let drawn = null;

  const panes = () => coterie.panes.filter((pane) => !pane.modes || pane.modes.includes(store.data.mode));

  coterie.show = (id) => {
    shown = panes().find((pane) => pane.id === id) || shown;
    drawn = null;
    for (const tab of find("tabs").children) {
      const chosen = tab.id === `tab-${shown.id}`;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
    }
    find("panel").setAttribute("aria-labelledby", `tab-${shown.id}`);
    find("panel").scrollTop = 0;
    store.changed();
  };

  coterie.shown = () => shown?.id;

  coterie.showNth = (place) => {
    const pane = panes()[place];
    if (pane) coterie.show(pane.id);
  };

  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const all = panes();
    const next = all[(all.indexOf(shown) + step + all.length) % all.length];
    coterie.show(next.id);
    find(`tab-${next.id}`).focus();
    event.preventDefault();
    event.stopPropagation();
  };

  coterie.startPanes = () => {
    const tabs = panes().map((pane) =>
      el(
        "button",
        {
          id: `tab-${pane.id}`,
          type: "button",
          role: "tab",
          "aria-controls": "panel",
          onclick: () => coterie.show(pane.id),
        },
        pane.title,
      ),
    );
    find("tabs").replaceChildren(...tabs);
    find("tabs").addEventListener("keydown", move);
    coterie.show(panes()[0].id);
  };

  // What has the keyboard keeps it when a pane is drawn again.
  const named = (element) => element.getAttribute("aria-label") || element.textContent;

  const draw = (run) => {
    const panel = find("panel");
    if (shown.update && panel.dataset.pane === shown.id && panel.run === run) return shown.update(panel, run);
    const active = document.activeElement;
    const held = panel.contains(active) && active !== panel ? named(active) : null;
    panel.dataset.pane = shown.id;
    panel.run = run;
    panel.replaceChildren();
    shown.render(panel, run);
    if (!held) return;
    const same = [...panel.querySelectorAll("button, summary")].find((one) => named(one) === held && !one.disabled);
    (same || panel).focus({ preventScroll: true });
  };

  // A pane that takes long to draw is drawn ten times a second while the moment moves, and once more when it stands.
  let ready = 0;
  let later = null;

  // Whether all that is to be seen has been drawn.
  coterie.still = () => !store.waiting && later === null;

  store.watch((run) => {
    if (!shown) return;
    const key = JSON.stringify([
      shown.id,
      run.zero,
      run.records.length,
      shown.key ? shown.key() : [store.index, store.step?.id],
    ]);
    if (key === drawn) return;
    const now = performance.now();
    if (drawn !== null && now < ready) {
      later ??= setTimeout(() => ((later = null), store.changed()), ready - now);
      return;
    }
    drawn = key;
    draw(run);
    ready = performance.now() - now > 3 ? performance.now() + 100 : 0;
  });
}
