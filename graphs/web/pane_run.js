// The run as a whole: what was asked and answered, and its ids.
{
  const { el, plain } = coterie;

  const facts = (pairs) =>
    el("dl.facts", {}, ...pairs.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) =>
      [el("dt", {}, name), el("dd", {}, value)]));

  coterie.facts = facts;
  coterie.panes.push({
    id: "run", title: "Run", modes: ["replay", "live"], key: () => [],
    render(element, run) {
      const begun = run.started;
      if (!begun) return element.append(el("p.hint", {}, "No run is shown."));
      const ended = run.finished;
      if (begun.message !== undefined) element.append(el("h2", {}, "Asked"), el("p.words", {}, plain(begun.message)));
      if (ended?.content !== undefined && ended.content !== null) element.append(el("h2", {}, "Answered"), el("p.words", {}, plain(ended.content)));
      if (!run.contents) element.append(el("p.hint", {}, "Contents were not recorded: texts of messages, tools and memories are not in this trace, only ids, times and figures. A trace with contents=True has them."));
      if (ended?.error) element.append(el("p.error", {}, ended.error));
      element.append(facts([
        ["status", ended ? ended.status : "running"], ["began", new Date(run.zero).toLocaleString()], ["took", coterie.span(run.length)],
        ["user", begun.user_id], ["session", begun.session_id], ["run", begun.run_id], ["team", begun.team_id], ["agent", begun.agent_id],
        ["waits for", ended?.waiting ? coterie.count(ended.waiting, "answer") : null],
        ["coterie", begun.coterie],
      ]));
      for (const notice of ended?.notices || []) element.append(el("p.notice", {}, plain(notice)));
    },
  });
}
