// The memory of a user: searched, filtered, as of any time, compared with another. Only with `coterie ui`.
{
  const { el, live } = coterie;
  const PARTS = { text: "words", vector: "meaning" };
  const MARKS = { agent: "from an agent", tool: "from a tool", outside: "from outside" };
  const FIRST = 100;

  const field = (name, control) => el("label.field", {}, el("span", {}, name), control);
  const query = el("input", { type: "search", id: "query", placeholder: "any words", autocomplete: "off" });
  const topic = el("select", { id: "topic" });
  const agent = el("select", { id: "agent" });
  const at = el("input", { type: "datetime-local", step: 1, id: "as-of" });
  const to = el("input", { type: "datetime-local", step: 1, id: "until" });
  const slide = el("input", { type: "range", id: "travel", min: 0, max: 1, step: "any", value: 1, "aria-label": "As of: from the oldest memory to now" });
  const now = el("button", { type: "button", id: "now" }, "Now");
  const against = el("input", { type: "checkbox", id: "against" });
  const add = el("button.go", { type: "button", id: "add" }, "Add a memory");
  const heading = el("p.sum", { role: "status" });
  const body = el("div.results");
  const drawer = el("aside", { id: "history", "aria-label": "History", hidden: true });
  const untilField = field("To (empty: now)", to);

  const element = el("section.view", { id: "remembered", "aria-label": "Memory", hidden: true },
    el("form.seek", { role: "search", onsubmit: (event) => event.preventDefault() },
      field("Search", query), field("Topic", topic), field("Agent", agent), field("As of", at), el("div.field.slide", {}, slide, now),
      el("label.check", { htmlFor: "against" }, against, "Compare"), untilField),
    el("div.over", {}, heading, add), el("div.split", {}, body, drawer));

  let limit = FIRST;
  let oldest = Date.now();
  let asked = 0;
  const seen = { topics: new Set(), agents: new Set() };

  const moment = (input) => (input.value ? new Date(input.value).toISOString() : "");

  const local = (ms) => {
    const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
    return date.toISOString().slice(0, 19);
  };

  const refresh = async () => {
    const mine = (asked += 1);
    untilField.hidden = !against.checked;
    if (!live.user()) {
      heading.textContent = "Memories are a user's: choose one.";
      return body.replaceChildren();
    }
    try {
      const shown = against.checked ? await compared() : await listed();
      if (mine === asked) body.replaceChildren(...shown);
    } catch (error) {
      if (mine !== asked) return;
      heading.textContent = error.message;
      body.replaceChildren();
    }
  };

  const listed = async () => {
    const found = await live.ask("memories", { query: query.value.trim(), topics: topic.value, agent: agent.value, at: moment(at), limit });
    if (found.since) oldest = Date.parse(found.since);
    for (const { memory } of found.memories) {
      for (const one of memory.topics) seen.topics.add(one);
      if (memory.agent_id) seen.agents.add(memory.agent_id);
    }
    offer(topic, "any topic", seen.topics);
    offer(agent, "any agent", seen.agents);
    const some = query.value.trim() || topic.value || agent.value;
    const when = at.value ? ` as of ${new Date(at.value).toLocaleString()}` : "";
    const count = coterie.count(found.memories.length, "memory").replace("memorys", "memories");
    heading.textContent = some || when ? `${count}${found.more ? " or more" : ""}${query.value.trim() && found.memories.length > 1 ? ", the best first" : ""}${when}.` : `${found.more ? `The newest ${coterie.figure(found.memories.length)} of ${coterie.figure(found.count)} memories` : count}.`;
    if (!found.memories.length) return [el("p.hint", {}, some ? "Nothing fits." : `Nothing is remembered of ${live.user()}${when}.`)];
    const more = found.more && el("button", { type: "button", onclick: () => { limit = Math.min(limit * 3, 1000); refresh(); } }, "Show more");
    return [table(found.memories), more || ""];
  };

  const offer = (select, all, values) => {
    const chosen = select.value;
    const names = [...new Set([...values, chosen])].filter(Boolean).sort();
    select.replaceChildren(el("option", { value: "" }, all), ...names.map((one) => el("option", { value: one }, one)));
    select.value = chosen;
  };

  const table = (found) => {
    const scored = found.some((one) => one.parts);
    const best = Math.max(...found.map((one) => one.score || 0), 1e-9);
    const heads = ["Memory", "By", "Since", ...(scored ? ["Score"] : []), ""];
    return el("table.kept", {}, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head || el("span.unseen", {}, "What to do"))))),
      el("tbody", {}, found.map((one) => row(one, scored, best))));
  };

  const row = ({ memory, score, parts }, scored, best) => {
    const said = `said-${memory.memory_id}`;
    const button = (word, onclick) => el("button", { type: "button", "aria-describedby": said, onclick }, word);
    const history = button("History", () => live.history(drawer, memory.memory_id));
    const doings = at.value ? [history] : [history, button("Correct", () => correct(memory)), button("Forget", () => forget(memory))];
    return el("tr", { "data-memory": memory.memory_id },
      el("td.what", {}, el("span", { id: said }, memory.memory), el("span.tags", {}, memory.topics.map((one) => el("span.tag", {}, one)), signs(memory))),
      el("td.author", {}, writer(memory)),
      el("td.since", {}, live.when(memory.created_at)),
      scored && el("td.worth", {}, bars(score, parts || {}, best)),
      el("td.doings", {}, doings));
  };

  const writer = (memory) => (memory.agent_id || memory.team_id ? live.chip(memory.agent_id || memory.team_id) : el("span.hint", {}, "–"));

  // What one should know before believing it.
  const signs = (memory) => [
    MARKS[memory.trust] && el("span.sign", {}, MARKS[memory.trust]),
    memory.visibility !== "user" && el("span.sign", {}, memory.visibility === "team" ? "its team alone" : "its writer alone"),
    memory.stale_since && el("span.sign", {}, "stale: what it was made from changed"),
    memory.superseded_by && el("span.sign", {}, "replaced since"),
    memory.event_at && el("span.sign", {}, "happened ", new Date(memory.event_at).toLocaleDateString()),
  ];

  const bars = (score, parts, best) => {
    const told = Object.entries(parts).map(([name, part]) => `${PARTS[name] || name} ${part.toFixed(2)}`).join(" + ");
    return el("div.bars", { role: "img", "aria-label": `Score ${score.toFixed(2)}: ${told}`, title: told },
      el("span.value", {}, score.toFixed(2)),
      el("span.track", {}, Object.entries(parts).map(([name, part]) => el(`span.part.${name}`, { style: { width: `${(Math.max(part, 0) / best) * 100}%` } }))),
      el("span.told", {}, told));
  };

  const compared = async () => {
    const [start, end] = [moment(at) || new Date(oldest - 1000).toISOString(), moment(to) || new Date().toISOString()];
    const found = await live.ask("memories/diff", { start, end });
    heading.textContent = `From ${new Date(start).toLocaleString()} to ${new Date(end).toLocaleString()}: ${found.added.length} added, ${found.changed.length} changed, ${found.removed.length} removed.`;
    const line = (sign, word, content) => el(`li.${word}`, {}, el("span.mark", { "aria-label": word }, sign), el("span", {}, content));
    return [el("ul.difference", {},
      found.changed.map(([before, after]) => line("~", "changed", coterie.changed(before.memory, after.memory))),
      found.removed.map((memory) => line("−", "removed", el("del", {}, memory.memory))),
      found.added.map((memory) => line("+", "added", el("ins", {}, memory.memory))))];
  };

  const statement = (text, topics) => {
    const words = el("textarea", { name: "memory", rows: 3, required: true, value: text });
    const about = el("input", { name: "topics", value: topics.join(", "), placeholder: "food, travel" });
    const read = () => ({ memory: words.value.trim(), topics: about.value.split(",").map((one) => one.trim()).filter(Boolean) });
    return { read, fields: [el("label.field", {}, el("span", {}, "Statement"), words), el("label.field", {}, el("span", {}, "Topics, with commas between"), about)] };
  };

  const correct = async (memory) => {
    const { read, fields } = statement(memory.memory, memory.topics);
    if (!(await live.sure("What is right?", "Replace", ...fields))) return;
    await live.write("Replaced.", `memories/${memory.memory_id}/replace`, { version: memory.version, ...read() });
  };

  const forget = async (memory) => {
    const shown = [el("blockquote", {}, memory.memory), el("p.hint", {}, "Its history stays, and it can be undone.")];
    if (await live.sure("Forget this memory?", "Forget", ...shown)) await live.write("Forgotten.", `memories/${memory.memory_id}/forget`, { version: memory.version });
  };

  add.addEventListener("click", async () => {
    const { read, fields } = statement("", []);
    if (await live.sure(`What is to be remembered of ${live.user()}?`, "Remember", ...fields)) await live.write("Remembered.", "memories", read());
  });

  // Typing waits a moment, the rest does not.
  let typing = 0;
  query.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(refresh, 200);
  });
  const travelled = (ms) => {
    at.value = ms === null ? "" : local(ms);
    now.disabled = ms === null;
    slide.setAttribute("aria-valuetext", at.value ? new Date(at.value).toLocaleString() : "now");
    refresh();
  };
  slide.addEventListener("input", () => {
    const share = Number(slide.value);
    travelled(share >= 1 ? null : oldest + (Date.now() - oldest) * share);
  });
  at.addEventListener("change", () => {
    const ms = at.value ? Date.parse(at.value) : Date.now();
    slide.value = Math.min(Math.max((ms - oldest) / Math.max(Date.now() - oldest, 1), 0), 1);
    travelled(at.value ? ms : null);
  });
  now.addEventListener("click", () => {
    slide.value = 1;
    travelled(null);
  });
  now.disabled = true;
  for (const one of [topic, agent, to, against]) one.addEventListener("change", refresh);

  let whose = null;
  live.views.push({
    id: "memory",
    title: "Memory",
    element,
    show: refresh,
    changed() {
      if (whose !== live.user()) {
        whose = live.user();
        limit = FIRST;
        for (const one of [query, topic, agent, at, to]) one.value = "";
        for (const values of Object.values(seen)) values.clear();
        drawer.hidden = true;
      }
      if (element.hidden) return;
      refresh();
      if (!drawer.hidden) live.history(drawer, drawer.dataset.memory);
    },
  });
}
