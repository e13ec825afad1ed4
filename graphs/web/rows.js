// Where each step stands in the lanes: parallel steps of one agent under each other, a member's run around its steps.
coterie.ROW = 20;
coterie.PAD = 4;

// Rows for things with a start, an end and a height in rows, so that none overlap. Returns how many rows there are.
coterie.pack = (units) => {
  const ends = [];
  units.sort((one, other) => one.start - other.start || other.end - one.end);
  for (const unit of units) {
    let row = 0;
    while (!free(ends, row, unit)) row += 1;
    for (let place = row; place < row + unit.height; place += 1) ends[place] = unit.end;
    unit.row = row;
  }
  return ends.length;

  function free(taken, row, unit) {
    const rows = Array.from({ length: unit.height }, (_, place) => taken[row + place] ?? -Infinity);
    return rows.every((end) => end <= unit.start + 1e-6);
  }
};

// One lane's bars: {step, row, height, around}. `around`: a member's whole run, behind its steps.
coterie.packed = (lane, run) => {
  const whole = lane.steps.filter((step) => step.key === lane.path && step.path !== lane.path);
  const around = new Map(whole.map((step) => [step, []]));
  const single = [];
  for (const step of lane.steps) {
    if (around.has(step)) continue;
    (around.get(step.parent) || single).push(unitOf(step));
  }
  const units = [...single];
  for (const [step, inner] of around) units.push({ ...unitOf(step), height: Math.max(coterie.pack(inner), 1), inner });
  const rows = coterie.pack(units);
  const bars = [];
  for (const unit of units) {
    bars.push({ step: unit.step, row: unit.row, height: unit.height, around: Boolean(unit.inner?.length) });
    for (const one of unit.inner || [])
      bars.push({ step: one.step, row: unit.row + one.row, height: 1, around: false });
  }
  bars.sort((one, other) => other.around - one.around || one.step.start - other.step.start);
  return { bars, rows: Math.max(rows, 1) };

  function unitOf(step) {
    return { step, start: step.start, end: run.endOf(step), height: 1 };
  }
};

// The bars of several lanes in one row, the parallel ones thinner.
coterie.squeezed = (lanes, run) => {
  const steps = lanes.flatMap((lane) => lane.steps).filter((step) => !step.children);
  const units = steps.map((step) => ({ step, start: step.start, end: run.endOf(step), height: 1 }));
  const rows = coterie.pack(units);
  return units.map(({ step, row }) => ({ step, row: row / rows, height: 1 / rows, around: false }));
};

// All lanes that are shown, with their place from the top in pixels; the memory's is the last.
coterie.placed = (run, folded) => {
  const found = [];
  let top = 0;
  const put = (lane) => {
    found.push({ ...lane, top, height: lane.rows * coterie.ROW + coterie.PAD });
    top += lane.rows * coterie.ROW + coterie.PAD;
  };
  run.lanes.forEach((lane, hue) => {
    if (run.lanes.some((other) => folded.has(other.path) && lane.path.startsWith(`${other.path}/`))) return;
    const inner = run.lanes.filter((other) => other.path.startsWith(`${lane.path}/`));
    const own = { ...lane, hue, members: inner.length };
    if (!folded.has(lane.path)) return put({ ...own, ...coterie.packed(lane, run), folded: false });
    put({ ...own, folded: true, rows: 1, bars: coterie.squeezed([lane, ...inner], run) });
  });
  if (run.memory.events.length)
    put({ path: "/memory", name: "memory", depth: 0, rows: 1, bars: [], memory: true, members: 0 });
  return { lanes: found, height: top };
};
