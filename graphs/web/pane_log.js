// Every record in a line. Only the lines in sight are elements: a log may have many thousands.
{
  const { el, store } = coterie;
  const HIGH = 26;
  const GROUPS = {
    steps: /^(step|run|member)_/,
    models: /^(step_finished|attempt_failed)$/,
    tools: /^tool_/,
    memory: /^memory_/,
    team: /^(member|note|notes|task|handed)/,
    errors: null,
  };
  const chosen = { group: "", path: "", text: "" };
  let lines = [];
  let told = 0;

  const failed = (record) => Boolean(record.error || record.failed || record.kind === "attempt_failed");

  const fits = (record) => {
    if (chosen.path && record.path !== chosen.path) return false;
    if (chosen.group === "errors" && !failed(record)) return false;
    if (chosen.group === "models" && !(record.calls || []).length && record.kind !== "attempt_failed") return false;
    if (chosen.group && GROUPS[chosen.group] && !GROUPS[chosen.group].test(record.kind)) return false;
    return !chosen.text || coterie.told(record, store.run).toLowerCase().includes(chosen.text);
  };

  const go = (record) => {
    store.goToIndex(record.index + 1);
    const step = store.run.byId.get(record.step);
    if (step) store.select(step, false);
    coterie.follow();
  };

  const kindOf = (record) => {
    const when = record.index >= store.index ? "later" : record.index === store.index - 1 ? "now" : "";
    return `${when} ${failed(record) ? "failed" : ""}`;
  };

  const row = (record, place, run) => {
    const now = record.index === store.index - 1;
    const who = record.path ? run.chip(record.path) : coterie.chip("run");
    const parts = [el("time", {}, coterie.moment(record.t, run.length)), who, el("span", {}, coterie.words(record))];
    const button = el(
      "button",
      { type: "button", "aria-current": now ? "true" : null, onclick: () => go(record) },
      ...parts,
    );
    const given = { "aria-setsize": lines.length, "aria-posinset": place + 1, style: { top: `${place * HIGH}px` } };
    return el("li", { ...given, className: kindOf(record) }, button);
  };

  const fill = (panel) => {
    const list = panel.querySelector(".log");
    const above = list.offsetTop;
    const first = Math.max(Math.floor((panel.scrollTop - above) / HIGH) - 4, 0);
    const last = Math.min(first + Math.ceil(panel.clientHeight / HIGH) + 8, lines.length);
    const held = list.contains(document.activeElement) ? document.activeElement.parentElement : null;
    const focused = held?.getAttribute("aria-posinset");
    list.replaceChildren(...lines.slice(first, last).map((record, place) => row(record, first + place, store.run)));
    if (focused) list.querySelector(`[aria-posinset="${focused}"] button`)?.focus({ preventScroll: true });
  };

  const follow = (panel) => {
    const list = panel.querySelector(".log");
    const place = coterie.upTo(lines, store.index - 1, (record) => record.index) - 1;
    const y = list.offsetTop + Math.max(place, 0) * HIGH;
    list.style.height = `${lines.length * HIGH}px`;
    const [top, bottom] = [panel.scrollTop + list.offsetTop, panel.scrollTop + panel.clientHeight - 2 * HIGH];
    if (y < top || y > bottom) panel.scrollTop = y - panel.clientHeight / 2;
  };

  const sift = (panel) => {
    told = store.run.records.length;
    lines = store.run.records.filter(fits);
    panel.querySelector(".found").textContent =
      `${coterie.figure(lines.length)} of ${coterie.figure(store.run.records.length)}`;
    follow(panel);
    fill(panel);
  };

  const choice = (panel, name, label, options) => {
    const pick = (event) => {
      chosen[name] = event.target.value;
      sift(panel);
    };
    const all = options.map(([value, words]) => el("option", { value, selected: value === chosen[name] }, words));
    return el("select", { "aria-label": label, onchange: pick }, ...all);
  };

  const filters = (panel, run) => {
    const kinds = [["", "everything"], ...Object.keys(GROUPS).map((name) => [name, name])];
    const lanes = run.lanes.map((lane) => [lane.path, `${"· ".repeat(lane.depth)}${lane.name}`]);
    const find = (event) => {
      chosen.text = event.target.value.toLowerCase();
      sift(panel);
    };
    const field = {
      type: "search",
      placeholder: "find",
      value: chosen.text,
      "aria-label": "Text in the record",
      oninput: find,
    };
    return el(
      "div.filters",
      { role: "group", "aria-label": "Filter" },
      choice(panel, "group", "Kind of record", kinds),
      choice(panel, "path", "Agent or team", [["", "everybody"], ...lanes]),
      el("input", field),
      el("span.found", { role: "status" }),
    );
  };

  coterie.hooks.log = (run, more) => more || Object.assign(chosen, { group: "", path: "", text: "" });

  coterie.panes.push({
    id: "log",
    title: "Log",
    modes: ["replay", "live"],
    key: () => [store.index],
    render(panel, run) {
      panel.append(filters(panel, run), el("ol.log", { "aria-label": "Records" }));
      panel.onscroll = () => coterie.shown() === "log" && fill(panel);
      sift(panel);
    },
    update(panel, run) {
      if (run.records.length !== told) return sift(panel);
      follow(panel);
      fill(panel);
    },
  });
}
