// What each agent and team had done by the moment: steps, time, tokens, tools, reads and writes.
{
  const { el, figure, span, store } = coterie;

  const totals = (run) => {
    const found = new Map(run.lanes.map((lane) => [lane.path, { steps: 0, time: 0, input: 0, output: 0, tools: 0, reads: 0, writes: 0, errors: 0 }]));
    for (const record of run.records.slice(0, store.index)) {
      const one = found.get(record.path);
      if (!one) continue;
      const step = run.byId.get(record.step);
      if (record.kind === "step_finished" && !step?.children) {
        one.steps += 1;
        one.time += 1000 * record.seconds;
      }
      if (record.kind === "tool_started") one.tools += 1;
      if (record.kind === "memory_recalled") one.reads += 1;
      if (record.kind === "attempt_failed" || record.error || record.failed) one.errors += 1;
      one.writes += coterie.editsOf(record).length;
      for (const call of record.calls || []) {
        one.input += call.input_tokens || 0;
        one.output += call.output_tokens || 0;
      }
    }
    return found;
  };

  const HEADS = [["steps", ""], ["busy", "time of its own steps"], ["in", "tokens of prompts"], ["out", "tokens of answers"], ["tools", "calls"], ["reads", "of the memory"], ["writes", "to the memory"], ["errors", ""]];

  coterie.panes.push({
    id: "agents", title: "Agents", modes: ["replay", "live"],
    render(element, run) {
      const all = totals(run);
      const most = Math.max(...[...all.values()].map((one) => one.time), 1e-9);
      const cells = (one) => [figure(one.steps), el("span.busy", { style: { "--share": `${(100 * one.time) / most}%` } }, span(one.time)), one.input ? figure(one.input) : "–", one.output ? figure(one.output) : "–", figure(one.tools), figure(one.reads), figure(one.writes), one.errors ? el("b.bad", {}, figure(one.errors)) : "0"];
      element.append(el("div.wide", { tabindex: "0", role: "group", "aria-label": "Totals per agent" }, el("table.agents", {},
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "agent"), ...HEADS.map(([name, title]) => el("th", { scope: "col", title }, name)))),
        el("tbody", {}, ...run.lanes.map((lane) => el("tr", {}, el("th", { scope: "row", style: { "--depth": lane.depth } }, run.chip(lane.path)), ...cells(all.get(lane.path)).map((cell) => el("td", {}, cell))))))));
      element.append(el("p.hint", {}, `As of ${coterie.moment(store.time, run.length)}. Time counts finished steps; what a team waits for its members is the members'.`));
    },
  });
}
