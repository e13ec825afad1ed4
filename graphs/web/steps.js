// The run as steps: which began when, inside of what, and what happened in each. Records may come in pieces (live).
coterie.NOTHING = { steps: 0, calls: 0, input: 0, output: 0, reads: 0, writes: 0, tools: 0, errors: 0 };

// Whether something failed that no other record tells of: a step fails with its last attempt, or with its inner steps.
coterie.isFailure = (record, step) => {
  if (record.kind === "attempt_failed" || record.failed) return true;
  if (record.kind === "memory_curated") return Boolean(record.error);
  if (record.kind !== "step_finished" || !record.error) return false;
  return !step?.children && !step?.records.some((one) => coterie.isFailure(one, step));
};

coterie.Run = class {
  constructor(data) {
    this.data = data;
    this.records = [];
    this.steps = [];
    this.byId = new Map();
    this.byKey = new Map(); // node or cluster id -> its steps, in order
    this.started = null;
    this.finished = null;
    this.zero = null;
    this.length = 0;
    this.sums = [];
    this.turns = []; // when it began, waited, went on, ended: {index, status}
    this.clusters = coterie.clusters(data.picture);
    this.memory = new coterie.Memories(data.memories, data.older, data.records.length);
    this.add(data.records || []);
  }

  get contents() {
    return this.started ? this.started.contents !== false : true;
  }

  add(records) {
    for (const given of records) {
      const record = { ...given, index: this.records.length };
      const at = coterie.instant(given.at);
      this.zero ??= at;
      record.t = at >= this.zero ? at - this.zero : this.records.at(-1)?.t || 0;
      this.length = Math.max(this.length, record.t);
      this.records.push(record);
      this.take(record);
      this.sums.push(this.summed(record));
    }
    this.lanes = coterie.lanesOf(this);
    this.hues = new Map(this.lanes.map((lane, place) => [lane.path, place]));
  }

  take(record) {
    const step = this.byId.get(record.step);
    if (/^run_/.test(record.kind)) this.turns.push({ index: record.index, status: record.status || "running" });
    if (record.kind === "run_started") this.started = record;
    else if (record.kind === "run_resumed") this.cut(record);
    else if (record.kind === "run_finished") this.finish(record);
    else if (record.kind === "step_started") this.begin(record);
    else if (record.kind === "step_finished") this.end(step, record);
    else if (step) step.records.push(record);
    this.memory.take(record);
  }

  begin(record) {
    const key = record.path ? `${record.path}/${record.node}` : record.node;
    const parent = this.byId.get(record.parent);
    const step = {
      id: record.step,
      key,
      path: record.path,
      node: record.node,
      source: record.source,
      parent,
      children: 0,
      after: this.reached(record, parent),
      start: record.t,
      end: null,
      first: record.index,
      last: Infinity,
      error: null,
      calls: [],
      records: [],
      cut: false,
    };
    if (parent) parent.children += 1;
    this.steps.push(step);
    this.byId.set(step.id, step);
    if (!this.byKey.has(key)) this.byKey.set(key, []);
    this.byKey.get(key).push(step);
  }

  // The node from which a step was reached: the last of its own graph that had ended, or the one it stands beside.
  reached(record, parent) {
    for (let place = this.steps.length - 1; place >= 0; place -= 1) {
      const step = this.steps[place];
      if (step.path === record.path && step.parent === parent && step.end !== null) return step.key;
    }
    return null;
  }

  end(step, record) {
    if (!step) return;
    Object.assign(step, { end: record.t, last: record.index, error: record.error || null, calls: record.calls || [] });
  }

  // What was not finished when a run ended, or was resumed: an interrupted step begins anew.
  cut(record) {
    this.finished = null;
    const open = this.steps.filter((step) => step.end === null);
    for (const step of open) Object.assign(step, { end: record.t, last: record.index, cut: true });
  }

  finish(record) {
    this.cut(record);
    this.finished = record;
  }

  // The totals up to and with a record.
  summed(record) {
    const now = { ...(this.sums.at(-1) || coterie.NOTHING) };
    if (record.kind === "step_started") now.steps += 1;
    if (record.kind === "tool_started") now.tools += 1;
    if (record.kind === "memory_recalled") now.reads += 1;
    if (coterie.isFailure(record, this.byId.get(record.step))) now.errors += 1;
    now.writes += coterie.editsOf(record).length;
    for (const call of record.kind === "step_finished" ? record.calls || [] : []) {
      now.calls += 1;
      now.input += call.input_tokens || 0;
      now.output += call.output_tokens || 0;
    }
    return now;
  }

  endOf(step) {
    return step.end === null ? this.length : step.end;
  }

  nameOf(path) {
    return this.clusters.get(path)?.name || coterie.last(path || "") || path;
  }

  hueOf(path) {
    return this.hues.get(path) ?? -1;
  }

  chip(path) {
    return coterie.chip(this.nameOf(path), this.hueOf(path));
  }

  // The lane of an agent or team known only by its id: the first path that ends so.
  pathOf(name) {
    const slug = String(name).toLowerCase();
    return this.lanes.find((lane) => lane.name === name || coterie.last(lane.path) === slug)?.path;
  }

  author(value) {
    const name = value.agent_id || value.team_id;
    if (!name) return coterie.chip(value.actor || "unknown");
    const path = this.pathOf(name);
    return path ? this.chip(path) : coterie.chip(name);
  }

  // How each node and cluster stands when `index` records have been told.
  standing(index) {
    const found = new Map();
    for (const step of this.steps) {
      if (step.first >= index) break;
      const one = found.get(step.key) || { count: 0, running: false, failed: false };
      one.count += 1;
      one.running ||= step.last >= index;
      one.failed = step.last < index && Boolean(step.error);
      found.set(step.key, one);
    }
    return found;
  }

  running(index) {
    return this.steps.filter((step) => step.first < index && step.last >= index);
  }
};

// Every agent and team of a picture, by its path, teams before their members.
coterie.clusters = (picture) => {
  const found = new Map();
  const walk = (cluster, depth) => {
    found.set(cluster.id, { ...cluster, depth });
    for (const member of cluster.members || []) walk(member, depth + 1);
  };
  if (picture?.root) walk(picture.root, 0);
  return found;
};

// The lanes, one for each agent and team that did something: in the picture's order, members under their team.
coterie.lanesOf = (run) => {
  const steps = new Map();
  const inside = new Set(run.steps.map((step) => step.path));
  for (const step of run.steps) {
    // A member's run is drawn in the member's lane, around its steps.
    const path = run.clusters.has(step.key) || inside.has(step.key) ? step.key : step.path || step.source;
    if (!steps.has(path)) steps.set(path, []);
    steps.get(path).push(step);
  }
  const known = [...run.clusters.keys()].filter((path) => steps.has(path));
  const paths = [...known, ...[...steps.keys()].filter((path) => !run.clusters.has(path)).sort()];
  return paths.map((path) => ({
    path,
    name: run.nameOf(path),
    depth: path.split("/").length - 1,
    parent: path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : null,
    steps: steps.get(path),
  }));
};
