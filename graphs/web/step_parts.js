// What a step did, part by part: models, tools, memories with their scores, edits, errors, what members were told.
{
  const { el, block, content, figure, list, plain, span } = coterie;
  const bold = (text) => el("b", {}, text);
  const aside = (text) => el("span.hint", {}, text);

  const calls = (step) =>
    step.calls.map((call) => {
      const tokens = el("span.tokens", { title: "tokens of the prompt → of the answer" }, coterie.cost(call));
      return block([bold(call.model || "model"), aside(span(1000 * call.seconds)), tokens]);
    });

  // A call that was refused before it began has only an answer. Some models give all of their calls the same id.
  const tools = (step) => {
    const made = [];
    for (const record of step.records) {
      if (record.kind === "tool_started") made.push({ begun: record });
      if (record.kind !== "tool_finished") continue;
      const open = made.find((one) => one.begun?.call_id === record.call_id && !one.answer);
      if (open) open.answer = record;
      else made.push({ answer: record });
    }
    return made.map((one) => tool(one, step));
  };

  const tool = ({ begun, answer }, step) => {
    const state = !answer ? (step.cut ? "interrupted" : "running") : answer.failed ? "failed" : null;
    return block(
      [
        bold((begun || answer).tool),
        begun && answer ? aside(span(answer.t - begun.t)) : null,
        state ? el(`span.badge.${state}`, {}, state) : null,
      ],
      begun && content(begun.arguments, (value) => el("pre", {}, plain(value))),
      answer && content(answer.content, (value) => el(answer.failed ? "pre.bad" : "pre.answer", {}, plain(value))),
    );
  };

  // A score as a bar of its parts: words, meaning.
  const score = (hit, most) => {
    if (hit.score === null || hit.score === undefined)
      return el("span.hint", { title: "Nothing had to be ranked" }, "–");
    const parts = Object.entries(hit.parts || {});
    const words = parts.map(([name, worth]) => `${name} ${worth.toFixed(3)}`).join(" + ");
    const bars = (parts.length ? parts : [["score", hit.score]]).map(([name, worth]) =>
      part(name, { style: { width: `${Math.max((100 * worth) / most, 0)}%` } }),
    );
    const label = `${hit.score.toFixed(3)}${words ? `: ${words}` : ""}`;
    const given = { title: words, "aria-label": label, role: "img" };
    return el("span.score", given, bold(hit.score.toFixed(2)), el("span.scale", {}, ...bars));
  };

  const part = (name, given) => el(`i.part.${name.replace(/\W/g, "")}`, given);

  const recalled = (run, record) => {
    const hits = record.hits || [];
    const most = Math.max(...hits.map((hit) => hit.score || 0), 1e-9);
    const rows = hits.map((hit) =>
      el(
        "tr",
        {},
        el("td", {}, score(hit, most)),
        el("td", {}, hit.memory ?? el("code", {}, hit.memory_id)),
        el("td", {}, run.author(hit)),
      ),
    );
    const many = `${figure(hits.length)} ${hits.length === 1 ? "memory" : "memories"}`;
    return block(
      [
        el("b.read", {}, "read"),
        `${many} · ${figure(record.tokens || 0)} tokens${record.complete ? " · all there is" : ""}`,
      ],
      record.query === undefined ? null : el("p.quote", {}, plain(record.query)),
      hits.length ? coterie.columns("hits", "Memories that were read", ["score", "memory", "by"], rows) : null,
      legend(new Set(hits.flatMap((hit) => Object.keys(hit.parts || {})))),
    );
  };

  const legend = (names) => {
    const words = { text: "words", vector: "meaning" };
    return names.size
      ? el("p.legend", {}, ...[...names].map((name) => el("span", {}, part(name), words[name] || name)))
      : null;
  };

  const member = (run, record) => coterie.chip(record.member, run.hueOf(`${record.path}/${record.node}`));

  const task = (_, { task: one }) =>
    block(
      ["task", bold(String(one?.id)), `· ${one?.status}`],
      one?.task === undefined ? null : el("p.words", {}, one.task),
      one?.result ? el("pre.answer", {}, plain(one.result)) : null,
    );

  const others = {
    memory_recalled: recalled,
    memory_curated: (run, record) => coterie.edits(run, record),
    memory_changed: (run, record) => coterie.edits(run, record),
    attempt_failed: (_, record) =>
      block(el("b.bad", {}, `attempt ${record.attempt} failed`), el("pre.bad", {}, plain(record.error))),
    member_started: (run, record) => block(["task for", member(run, record)], content(record.task)),
    member_finished: (run, record) =>
      block(
        ["answer of", member(run, record)],
        record.error ? el("pre.bad", {}, record.error) : content(record.content),
      ),
    note_shared: (_, record) => block(["note of", bold(record.member)], content(record.text)),
    notes_read: (_, record) =>
      block(
        "notes read",
        list((record.notes || []).map((note) => [bold(note.member), " ", content(note.text, (text) => text)])),
      ),
    task_changed: task,
    handed_over: (_, record) => block(["handed over to", bold(record.to)]),
  };

  coterie.partsOf = (run, step) => [
    ...calls(step),
    ...step.records.map((record) => others[record.kind]?.(run, record)).filter(Boolean),
    ...tools(step),
  ];
}
