// Time on the screen. A unit is a millisecond, but idle time is shortened: a run that waited two hours for somebody is
// still readable.
coterie.Scale = class {
  constructor(run, shorten) {
    const busy = coterie.busy(run);
    const active = busy.reduce((sum, [from, to]) => sum + to - from, 0);
    const least = Math.max(active * 0.12, 1500);
    const width = Math.max(active * 0.03, 1);
    this.points = [[0, 0]]; // [time, unit], straight lines between
    this.gaps = [];
    let end = 0;
    for (const [from, to] of [...busy, [run.length, run.length]]) {
      if (shorten && from - end > least) {
        const unit = this.points.at(-1)[1] + end - this.points.at(-1)[0];
        this.points.push([end, unit], [from, unit + width]);
        this.gaps.push({ from: end, to: from, left: unit, right: unit + width });
      }
      end = Math.max(end, to);
    }
    const [time, unit] = this.points.at(-1);
    this.length = Math.max(unit + run.length - time, 1e-3);
  }

  unit(time) {
    return coterie.along(this.points, time, 0, 1);
  }

  time(unit) {
    return coterie.along(this.points, unit, 1, 0);
  }
};

// The value on a line through points: from one coordinate to the other. After the last point it goes on at the same pace.
coterie.along = (points, value, from, to) => {
  const place = Math.max(coterie.upTo(points, value, (point) => point[from]) - 1, 0);
  const before = points[place];
  const after = points[place + 1];
  if (!after || after[from] === before[from]) return before[to] + value - before[from];
  return before[to] + ((value - before[from]) / (after[from] - before[from])) * (after[to] - before[to]);
};

// The times in which a step without inner steps ran, or something was told, joined where they touch.
coterie.busy = (run) => {
  const all = run.steps.filter((step) => !step.children).map((step) => [step.start, run.endOf(step)]);
  for (const record of run.records) all.push([record.t, record.t]);
  all.sort((one, other) => one[0] - other[0]);
  const joined = [];
  for (const [from, to] of all) {
    const before = joined.at(-1);
    if (before && from <= before[1]) before[1] = Math.max(before[1], to);
    else joined.push([from, to]);
  }
  return joined;
};

// Where to write times between two: about so many, at round figures.
coterie.ticks = (from, to, count) => {
  const rough = (to - from) / Math.max(count, 1);
  const minute = 60_000;
  const round = [
    5_000,
    10_000,
    15_000,
    30_000,
    minute,
    2 * minute,
    5 * minute,
    10 * minute,
    15 * minute,
    30 * minute,
    60 * minute,
    180 * minute,
    360 * minute,
    720 * minute,
    1440 * minute,
  ];
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const small = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
  const pace =
    rough > 2_000 ? (round.find((one) => one >= rough) ?? Math.ceil(rough / (1440 * minute)) * 1440 * minute) : small;
  const found = [];
  for (let place = Math.ceil(from / pace - 1e-9); place * pace <= to + pace * 1e-9; place += 1)
    found.push(place * pace);
  return { pace, at: found };
};

coterie.tick = (ms, pace) => {
  if (pace < 1) return `${ms.toFixed(Math.min(Math.ceil(-Math.log10(pace)), 4))} ms`;
  if (pace < 100 && ms < 2_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(pace < 10 ? 3 : pace < 100 ? 2 : pace < 1000 ? 1 : 0)} s`;
  const seconds = ms / 1000;
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  return `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
};
