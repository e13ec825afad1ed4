// Parts that several panes are made of.
{
  const { el, figure } = coterie;

  coterie.hint = (text) => el("p.hint", {}, text);

  coterie.link = (text, onclick) => el("button.link", { type: "button", onclick }, text);

  // A part of a pane: a line above it, its title, what stands in it.
  coterie.block = (title, ...content) =>
    el("section.block", {}, el("h3", {}, ...[title].flat().filter(Boolean)), ...content.filter(Boolean));

  coterie.list = (items, kind = "inner") =>
    items.length ? el(`ul.${kind}`, {}, ...items.map((item) => el("li", {}, item))) : "";

  // A table: the names of its columns, its rows as elements. `caption` is for screen readers.
  coterie.columns = (kind, caption, names, rows) =>
    el(
      `table.${kind}`,
      {},
      el("caption", { className: "unseen" }, caption),
      el("thead", {}, el("tr", {}, ...names.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, ...rows),
    );

  // Names and values; those that are not there are left out.
  coterie.facts = (pairs) => {
    const there = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "");
    return el("dl.facts", {}, ...there.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  };

  // A content, or that it was not recorded.
  coterie.content = (value, make = (text) => el("p.words", {}, coterie.plain(text))) =>
    value === undefined ? el("span.hint", {}, "not recorded") : make(value);

  // What a model's answer cost: tokens of the prompt, then of the answer.
  coterie.cost = (call) => {
    const [into, out] = [call.input_tokens, call.output_tokens].map((tokens) =>
      tokens === null ? "?" : figure(tokens),
    );
    return `${into} → ${out} tokens`;
  };
}
