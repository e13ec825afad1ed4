// The history of one memory, beside the table: every change with who made it and why, and undoing it.
{
  const { el, live } = coterie;

  live.history = async (drawer, id) => {
    const asked = (drawer.dataset.memory = id);
    const from = drawer.hidden ? document.activeElement : drawer.from;
    let revisions;
    try {
      revisions = await live.ask(`memories/${encodeURIComponent(id)}/history`);
    } catch (error) {
      if (asked === drawer.dataset.memory) drawer.replaceChildren(el("p.hint", {}, error.message));
      return;
    }
    if (asked !== drawer.dataset.memory) return;
    const opening = drawer.hidden;
    drawer.from = from;
    drawer.hidden = false;
    const title = el("h2", { tabIndex: -1 }, "History");
    const close = el("button", { type: "button", "aria-label": "Close the history", onclick: () => shut(drawer) }, "×");
    drawer.onkeydown = (event) => event.key === "Escape" && shut(drawer);
    drawer.replaceChildren(el("header", {}, title, close), el("ol", {}, live.grouped(revisions).reverse().map(entry)), el("p.hint.id", {}, id));
    if (opening) title.focus();
  };

  const shut = (drawer) => {
    drawer.hidden = true;
    if (drawer.from?.isConnected) drawer.from.focus();
  };

  const entry = (revisions) => {
    const [one] = revisions;
    return el("li", {}, live.who(one), ...live.words(revisions), el("p.buttons", {}, undoings(one)));
  };

  const undoings = (revision) => {
    const { run_id: run, turn_id: turn } = revision.change;
    const undo = (word, question, what) => el("button", { type: "button", onclick: () => live.undo(what, question) }, word);
    const by = revision.change_id ? { change_id: revision.change_id } : { memory_id: revision.memory_id, number: revision.number };
    return [
      undo("Undo change", "Undo this change, with all that it did to other memories?", by),
      run && undo("Undo run", "Undo everything that was changed in this run?", { run_id: run }),
      turn && undo("Undo turn", "Undo everything that was made from this turn?", { turn_id: turn }),
    ];
  };
}
