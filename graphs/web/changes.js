// What was changed in the memory, as words; and changing it: each write is asked about, shown, and can be undone.
{
  const { el, find, live } = coterie;
  const ACTORS = { person: "a person", curator: "the curator", agent: "an agent", tool: "a tool", import: "an import" };
  const MARKED = { topics: "topics", visibility: "readers", stale_since: "stale", expires_at: "expires", depends_on: "made from" };

  // Everything that one call of the store did, oldest first: its revisions belong together.
  live.grouped = (revisions) => {
    const groups = new Map();
    for (const one of revisions) {
      const key = one.change_id || `${one.memory_id} ${one.number}`;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(one);
    }
    return [...groups.values()];
  };

  const open = (memory) => memory !== null && !memory.superseded_by;

  // What the revisions of one change did to statements, as elements: a word diff where one took another's place.
  live.words = (revisions) => {
    const gone = [];
    const fresh = [];
    const marked = [];
    for (const { before, after } of revisions) {
      if (open(before) && !open(after)) gone.push(before.memory);
      else if (!open(before) && open(after)) fresh.push(after.memory);
      else if (open(before) && open(after)) marked.push(...marks(before, after));
    }
    if (gone.length === 1 && fresh.length === 1) return [el("p.words", {}, coterie.changed(gone[0], fresh[0])), ...marked];
    return [...gone.map((text) => el("p.words", {}, el("del", {}, text))), ...fresh.map((text) => el("p.words", {}, el("ins", {}, text))), ...marked];
  };

  const said = (value) => (Array.isArray(value) ? value.join(", ") : String(value ?? "")) || "–";

  const marks = (before, after) => {
    const lines = before.memory === after.memory ? [el("p.words", {}, after.memory)] : [el("p.words", {}, coterie.changed(before.memory, after.memory))];
    for (const [name, word] of Object.entries(MARKED)) {
      if (said(before[name]) !== said(after[name])) lines.push(el("p.words.small", {}, `${word}: `, el("del", {}, said(before[name])), " ", el("ins", {}, said(after[name]))));
    }
    return lines;
  };

  const actedAs = (actor, name) => {
    if (!name) return ACTORS[actor] || actor;
    if (actor === "agent" || actor === "tool") return live.chip(name);
    return [ACTORS[actor] || actor, actor === "curator" ? " of " : ", for ", live.chip(name)];
  };

  // Who did it, when, and why.
  live.who = (revision) => {
    const { actor, agent_id: agent, team_id: team } = revision.change;
    return el("p.did", {}, el("b", {}, revision.op), " by ", actedAs(actor, agent || team), " · ", live.when(revision.at),
      revision.reason ? el("span.reason", {}, revision.reason) : "");
  };

  const hues = new Map();
  live.chip = (name) => {
    if (!hues.has(name)) hues.set(name, hues.size);
    return coterie.chip(name, hues.get(name));
  };

  // Ask whether something is meant. `content`: elements that show what; a form's fields are read by who asks.
  live.sure = (question, verb, ...content) =>
    new Promise((answered) => {
      const buttons = el("p.buttons", {}, el("button", { type: "submit", value: "no", formNoValidate: true }, "Cancel"), el("button.go", { type: "submit", value: "yes" }, verb));
      const dialog = el("dialog.sure", { "aria-labelledby": "question" }, el("form", { method: "dialog" }, el("h2", { id: "question" }, question), ...content, buttons));
      dialog.addEventListener("close", () => {
        dialog.remove();
        answered(dialog.returnValue === "yes");
      });
      document.body.append(dialog);
      dialog.showModal();
      (dialog.querySelector("textarea, input") || buttons.lastChild).focus();
    });

  // Do it, show what was changed, and offer to undo that. Returns whether it was done.
  live.write = async (done, path, body = {}, undoing = false) => {
    try {
      const told = await live.tell(path, body);
      live.notice(told.revisions.length || path.endsWith("/reject") ? done : "There was nothing to change.", told, undoing);
    } catch (error) {
      live.notice(error.message);
      return false;
    }
    live.changed();
    return true;
  };

  live.undo = async (what, title, ...content) => {
    if (await live.sure(title, "Undo", ...content)) await live.write("Undone.", "undo", what, true);
  };

  // Say something at the bottom of the page; with what a write answered: what it changed.
  live.notice = (text, told = null, undoing = false) => {
    const again = told?.change_id && el("button", { type: "button", onclick: () => live.write(undoing ? "Redone." : "Undone.", "undo", { change_id: told.change_id }, !undoing) }, undoing ? "Redo" : "Undo");
    const close = el("button", { type: "button", "aria-label": "Close", onclick: () => find("notice").replaceChildren() }, "×");
    const shown = el(told ? "div.outcome" : "div.outcome.wrong", {},
      el("div.line", {}, el("strong", {}, text), again || "", close), ...live.words(told?.revisions || []));
    find("notice").replaceChildren(shown);
    if (document.activeElement === document.body) shown.querySelector("button").focus(); // what had it is gone
  };
}
