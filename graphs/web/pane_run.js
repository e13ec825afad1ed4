// The run as a whole: what was asked and answered, and its ids.
{
  const { el, hint, plain, store } = coterie;
  const BARE =
    "Contents were not recorded: texts of messages, tools and memories are not in this trace, only ids, times and" +
    " figures. A trace with contents=True has them.";

  const SILENT = "No end is recorded, and this is the last of it: it goes on, or its process was killed.";

  const said = (title, text) =>
    text === undefined || text === null ? [] : [el("h2", {}, title), el("p.words", {}, plain(text))];

  coterie.panes.push({
    id: "run",
    title: "Run",
    modes: ["replay", "live"],
    key: () => [coterie.isSilent(store.run)],
    render(element, run) {
      const { started, finished } = run;
      if (!started) return element.append(hint("No run is shown."));
      element.append(...said("Asked", started.message), ...said("Answered", finished?.content));
      if (!run.contents) element.append(hint(BARE));
      if (coterie.isSilent(run)) element.append(el("p.notice", {}, SILENT));
      if (finished?.error) element.append(el("p.error", {}, finished.error));
      const facts = [
        ["status", finished ? finished.status : coterie.isSilent(run) ? "no end recorded" : "running"],
        ["began", new Date(run.zero).toLocaleString()],
        ["last heard of", coterie.isSilent(run) ? new Date(run.zero + run.records.at(-1).t).toLocaleString() : null],
        ["took", finished ? coterie.span(run.length) : null],
        ["user", started.user_id],
        ["session", started.session_id],
        ["run", started.run_id],
        ["team", started.team_id],
        ["agent", started.agent_id],
        ["waits for", finished?.waiting ? coterie.count(finished.waiting, "answer") : null],
        ["coterie", started.coterie],
      ];
      element.append(coterie.facts(facts));
      for (const notice of finished?.notices || []) element.append(el("p.notice", {}, plain(notice)));
    },
  });
}
