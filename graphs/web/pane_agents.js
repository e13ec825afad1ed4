// What each agent and team had done by the moment: steps, time, tokens, tools, reads and writes.
{
  const { el, figure, span, store } = coterie;
  const HEADS = {
    agent: "",
    steps: "",
    busy: "time of its own steps",
    in: "tokens of prompts",
    out: "tokens of answers",
    tools: "calls",
    reads: "of the memory",
    writes: "to the memory",
    errors: "",
  };

  const totals = (run) => {
    const found = new Map(run.lanes.map((lane) => [lane.path, { ...coterie.NOTHING, time: 0 }]));
    for (const record of run.records.slice(0, store.index)) {
      const sum = found.get(record.path);
      if (sum) add(sum, record, run.byId.get(record.step));
    }
    return found;
  };

  const add = (sum, record, step) => {
    if (record.kind === "step_finished" && !step?.children) {
      sum.steps += 1;
      sum.time += 1000 * record.seconds;
    }
    if (record.kind === "tool_started") sum.tools += 1;
    if (record.kind === "memory_recalled") sum.reads += 1;
    if (coterie.isFailure(record, step)) sum.errors += 1;
    sum.writes += coterie.editsOf(record).length;
    for (const call of record.calls || []) {
      sum.input += call.input_tokens || 0;
      sum.output += call.output_tokens || 0;
    }
  };

  const row = (run, lane, sum, most) => {
    const busy = el("span.busy", { style: { "--share": `${(100 * sum.time) / most}%` } }, span(sum.time));
    const tokens = [sum.input, sum.output].map((one) => (one ? figure(one) : "–"));
    const errors = sum.errors ? el("b.bad", {}, figure(sum.errors)) : "0";
    const cells = [
      figure(sum.steps),
      busy,
      ...tokens,
      figure(sum.tools),
      figure(sum.reads),
      figure(sum.writes),
      errors,
    ];
    const name = el("th", { scope: "row", style: { "--depth": lane.depth } }, run.chip(lane.path));
    return el("tr", {}, name, ...cells.map((cell) => el("td", {}, cell)));
  };

  coterie.panes.push({
    id: "agents",
    title: "Agents",
    modes: ["replay", "live"],
    render(element, run) {
      const all = totals(run);
      const most = Math.max(...[...all.values()].map((sum) => sum.time), 1e-9);
      const names = Object.entries(HEADS).map(([name, title]) => el("span", { title }, name));
      const rows = run.lanes.map((lane) => row(run, lane, all.get(lane.path), most));
      const table = coterie.columns("agents", "Totals per agent", names, rows);
      element.append(el("div.wide", { tabindex: "0", role: "group", "aria-label": "Totals per agent" }, table));
      const as = `As of ${coterie.moment(store.time, run.length)}.`;
      element.append(
        coterie.hint(`${as} Time counts finished steps; what a team waits for its members is the members'.`),
      );
    },
  });
}
