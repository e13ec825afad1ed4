// Live: whose runs are shown, and which of them; one that works is followed. Only with `coterie ui`.
{
  const { el, find, live, store } = coterie;
  const MARKS = { running: "●", finished: "✓", waiting: "…", failed: "✕", cancelled: "■" };
  const KNOWN = "coterie-users";
  const NOTHING = { mode: "live", title: "coterie", svg: "", picture: null, records: [], memories: null };

  let endList = () => {};
  let endRun = () => {};
  let ahead = 0; // ms by which this clock is at most ahead of the run's

  const followRuns = () => {
    endList();
    live.runs = null;
    drawRuns();
    endList = live.stream("runs/follow", () => ({ limit: 100 }), (events) => {
      const before = live.runs;
      live.runs = events.at(-1).value;
      drawRuns();
      if (before) return compare(before);
      const wanted = live.runs.find((run) => run.run_id === live.run()) || live.runs[0];
      if (wanted) open(wanted.run_id);
      return false;
    });
  };

  // What happened between two lists: a run began, or the one that is shown went on.
  const compare = (before) => {
    const known = new Set(before.map((run) => run.run_id));
    const begun = live.runs.find((run) => run.status === "running" && !known.has(run.run_id));
    if (begun) coterie.say(`A run of ${begun.name} began.`);
    const now = live.runs.find((run) => run.run_id === live.open?.run_id);
    const resumed = now?.status === "running" && live.open.status !== "running";
    if (resumed || (begun && live.follow && now?.status !== "running")) open((resumed ? now : begun).run_id);
  };

  const open = async (id) => {
    endRun();
    let left = false;
    endRun = () => (left = true);
    live.keep({ run: id });
    try {
      const found = await live.ask(`runs/${encodeURIComponent(id)}`);
      if (left) return;
      live.open = found.run;
      ahead = Infinity;
      store.load({ mode: "live", ...found });
    } catch (error) {
      if (!left) live.notice(error.message);
      return;
    }
    drawRuns();
    if (live.open.status !== "running") return;
    const words = () => ({ after: store.run.records.length });
    endRun = live.stream(`runs/${encodeURIComponent(id)}/follow`, words, (events) => take(id, events));
  };

  const take = (id, events) => {
    const records = events.filter(({ event }) => event === "record").map(({ value }) => value);
    if (!store.data.picture && records.some((record) => record.graph)) {
      open(id); // its drawing comes with its first record
      return true;
    }
    if (records.length) {
      ahead = Math.min(ahead, Date.now() - coterie.instant(records.at(-1).at));
      store.append(records);
    }
    const last = events.find(({ event }) => event === "ended");
    if (!last) return false;
    live.open = last.value;
    coterie.say(`The run of ${live.open.name} is ${live.open.status}.`);
    live.changed();
    return true;
  };

  // Something was changed in the store: every view that shows it asks again.
  live.changed = () => {
    for (const view of live.views) view.changed();
  };

  // While a run works its time goes on, also when nothing is told: a model may take minutes.
  const tick = () => {
    const run = store.run;
    if (live.open?.status !== "running" || !store.following || !run.records.length || run.finished || coterie.isSilent(run)) return;
    const now = Date.now() - (Number.isFinite(ahead) ? Math.max(ahead, 0) : 0) - run.zero;
    if (now < run.length) return;
    run.length = now;
    store.append([]);
    store.time = now;
  };

  live.ago = (time) => {
    const seconds = (Date.now() - Date.parse(time)) / 1000;
    if (seconds < 45) return "just now";
    if (seconds < 3000) return `${Math.max(Math.round(seconds / 60), 1)} min ago`;
    if (seconds < 64_800) return `${Math.round(seconds / 3600)} h ago`;
    return new Date(time).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
  };

  live.when = (time) => el("time", { dateTime: time, title: new Date(time).toLocaleString() }, live.ago(time));

  const drawRuns = () => {
    const list = find("runs");
    const focused = document.activeElement?.dataset.run;
    if (live.runs === null) return list.replaceChildren();
    list.replaceChildren(...(live.runs.length ? live.runs.map(entry) : [nothing()]));
    if (focused) list.querySelector(`[data-run="${CSS.escape(focused)}"]`)?.focus();
  };

  const nothing = () => {
    const whose = live.user() ? `of user ${live.user()}` : "without a user";
    return el("li.hint", {}, `No run ${whose} is recorded. Runs are, with trace=True in an agent's or team's settings, or with coterie run --trace.`);
  };

  const entry = (run) => {
    const lasted = run.ended_at ? ` · ${coterie.span(Date.parse(run.ended_at) - Date.parse(run.started_at))}` : "";
    const choose = () => {
      live.go("runs");
      open(run.run_id);
    };
    const current = live.open?.run_id === run.run_id ? "true" : null;
    const status = current && run.status === "running" && coterie.isSilent(store.run) ? "silent" : run.status;
    return el("li", {}, el(`button.run.${status}`, { type: "button", "data-run": run.run_id, "aria-current": current, title: run.run_id, onclick: choose },
      el("span.mark", { "aria-hidden": "true" }, MARKS[status] || "?"),
      el("span.name", {}, run.name || "run"),
      el("span.state", {}, status === "silent" ? "no end" : status),
      el("span.about", {}, live.when(run.started_at), lasted)));
  };

  // The users that were looked at in this tab.
  const knownUsers = () => JSON.parse(sessionStorage.getItem(KNOWN) || "[]");
  const offer = (user) => {
    const known = [...new Set([user, ...knownUsers()])].filter(Boolean).slice(0, 20);
    sessionStorage.setItem(KNOWN, JSON.stringify(known));
    find("users").replaceChildren(...known.map((one) => el("option", { value: one })));
  };

  const choose = (user) => {
    if (user === live.user()) return;
    endRun();
    live.open = null;
    live.keep({ user, run: "" });
    offer(user);
    store.load(NOTHING);
    followRuns();
    live.changed();
    live.go(live.view());
  };

  // Show the runs, or another view.
  live.go = (id) => {
    live.keep({ view: id === "runs" ? "" : id });
    find("notice").replaceChildren(); // what it offers to undo belongs to what was shown
    document.body.classList.toggle("elsewhere", id !== "runs");
    for (const view of live.views) {
      view.element.hidden = view.id !== id;
      if (view.id !== id) continue;
      find("place").textContent = [view.title, live.user()].filter(Boolean).join(" · ");
      view.show();
    }
    find("place").hidden = id === "runs";
    for (const button of find("views").children) {
      if (button.dataset.view === id) button.setAttribute("aria-current", "page");
      else button.removeAttribute("aria-current");
    }
  };

  // A number beside the name of a view; 0 shows none.
  live.badge = (id, number) => {
    find("views").querySelector(`[data-view="${id}"] .number`).textContent = number || "";
  };

  const userForm = () => {
    const user = el("input", { id: "user", value: live.user(), placeholder: "nobody", autocomplete: "off", spellcheck: false });
    const chosen = () => choose(user.value.trim());
    user.setAttribute("list", "users"); // the property is read-only
    user.addEventListener("change", chosen);
    const submitted = (event) => {
      event.preventDefault();
      chosen();
    };
    return el("form", { id: "whose", onsubmit: submitted }, el("label", { htmlFor: "user" }, "User"), user, el("datalist", { id: "users" }));
  };

  const followBox = () => {
    const box = el("input", { type: "checkbox", id: "follow", checked: true });
    box.addEventListener("change", () => {
      live.follow = store.following = box.checked;
      if (live.follow) store.goToIndex(store.run.records.length);
    });
    store.watch(() => {
      // Who moves to another moment of a run that works wants to look at it.
      if (live.open?.status === "running" && live.follow !== store.following) box.checked = live.follow = store.following;
    });
    return el("label", { htmlFor: "follow", title: "Open runs as they begin, and show the newest moment" }, box, "Follow what happens");
  };

  const build = () => {
    const views = [{ id: "runs", title: "Runs" }, ...live.views].map(({ id, title }) =>
      el("button", { type: "button", "data-view": id, onclick: () => live.go(id) }, title, el("span.number")));
    find("title").after(el("h1", { id: "place", hidden: true }));
    find("library").hidden = false;
    find("library").replaceChildren(
      el("p", { id: "connection", role: "status" }, "Connecting …"), userForm(), el("div", { id: "views" }, views),
      followBox(), el("ul", { id: "runs", "aria-label": "Runs, the newest first" }));
    find("main").append(...live.views.map((view) => view.element), el("div", { id: "notice", role: "status" }));
  };

  coterie.startLive = () => {
    build();
    offer(live.user());
    live.go(live.view());
    followRuns();
    live.changed();
    setInterval(tick, 250);
    setInterval(drawRuns, 30_000);
  };
}
