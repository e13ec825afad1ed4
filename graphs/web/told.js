// A record in a line of words: for the log, for tips, for screen readers.
{
  const { count, span } = coterie;
  const brief = (value, most = 120) => {
    if (value === undefined || value === null) return "";
    const text = coterie.plain(value).replace(/\s+/g, " ").trim();
    return text.length > most ? `${text.slice(0, most - 1)}…` : text;
  };
  const after = (text) => (text ? `: ${text}` : "");
  const edits = (record) => {
    const ops = {};
    for (const { op } of coterie.editsOf(record)) ops[op] = (ops[op] || 0) + 1;
    const words = Object.entries(ops).map(([op, number]) => `${number} ${op}`);
    if ((record.refused || []).length) words.push(`${record.refused.length} refused`);
    if ((record.held || []).length) words.push(`${record.held.length} held`);
    return words.join(", ") || "nothing to keep";
  };
  const tokens = (record) => (record.calls || []).map((call) => ` · ${coterie.cost(call)}`).join("");
  const ended = (record) => (record.error ? `fails: ${brief(record.error)}` : "ends");
  const hits = (record) => `${count((record.hits || []).length, "hit")}${record.complete ? ", all there is" : ""}`;
  const task = ({ id, status, owner, task }) =>
    `task ${id} is ${status}${owner ? `, of ${owner}` : ""}${after(brief(task))}`;

  const WORDS = {
    run_started: (record) => `run started${after(brief(record.message))}`,
    run_resumed: () => "run resumed",
    run_finished: (record) => `run ${record.status}${after(brief(record.error || record.content))}`,
    step_started: (record) => `${record.node} starts`,
    step_finished: (record) => `${record.node} ${ended(record)} · ${span(1000 * record.seconds)}${tokens(record)}`,
    attempt_failed: (record) => `attempt ${record.attempt} failed${after(brief(record.error))}`,
    tool_started: (record) => `calls ${record.tool}${after(brief(record.arguments))}`,
    tool_finished: (record) => `${record.tool} ${record.failed ? "failed" : "answered"}${after(brief(record.content))}`,
    memory_recalled: (record) => `reads ${hits(record)}${after(brief(record.query))}`,
    memory_curated: (record) => `memory curated: ${record.error ? brief(record.error) : edits(record)}`,
    memory_changed: (record) => `memory changed: ${edits(record)}`,
    member_started: (record) => `${record.member} gets a task${after(brief(record.task))}`,
    member_finished: (record) =>
      `${record.member} ${record.error ? "failed" : "answered"}${after(brief(record.error || record.content))}`,
    note_shared: (record) => `${record.member} shares a note${after(brief(record.text))}`,
    notes_read: (record) => `reads ${count((record.notes || []).length, "note")}`,
    task_changed: (record) => task(record.task || {}),
    handed_over: (record) => `${record.member} hands over to ${record.to}`,
  };

  coterie.brief = brief;
  coterie.told = (record, run) => {
    const words = (WORDS[record.kind] || (() => String(record.kind).replaceAll("_", " ")))(record);
    return record.path && run ? `${run.nameOf(record.path)}: ${words}` : words;
  };
  coterie.words = (record) => coterie.told(record, null);

  coterie.tipOf = (step, run) => {
    const whose = run.nameOf(step.path);
    const state = step.error ? `\nfailed: ${brief(step.error)}` : step.cut ? "\ninterrupted" : "";
    const cost = step.calls.map((call) => `\n${call.model || "model"}: ${coterie.cost(call)}`).join("");
    return `${whose} · ${step.node}\n${coterie.moment(step.start, run.length)}, ${span(run.endOf(step) - step.start)}${cost}${state}`;
  };
}
