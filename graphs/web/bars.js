// Drawing the lanes on a canvas: only what is in sight, so that thousands of steps are nothing.
{
  const { colour, store } = coterie;
  const FONT = '11px Inter, ui-sans-serif, system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
  const SOLID = {
    model: 1,
    leader: 1,
    router: 1,
    tools: 0.74,
    form: 0.74,
    join: 0.74,
    plan: 0.74,
    curate: 0.86,
    recall: 0.5,
  };

  // A canvas of this size on the screen, sharp on every display. Returns its context, cleared.
  coterie.canvas = (element, width, height) => {
    const dense = devicePixelRatio || 1;
    const wide = Math.round(width * dense);
    const high = Math.round(height * dense);
    if (element.width !== wide || element.height !== high) Object.assign(element, { width: wide, height: high });
    if (element.style && element.style.height !== `${height}px`) element.style.height = `${height}px`;
    const context = element.getContext("2d");
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = FONT;
    context.textBaseline = "middle";
    return context;
  };

  // Drawn twice, as what has been and as what is to come, and kept: moving through the run then only moves the border
  // between two pictures. `draw(context, past)` is called when the key is another than before.
  coterie.Layers = class {
    constructor() {
      this.key = null;
      this.past = document.createElement("canvas");
      this.future = document.createElement("canvas");
    }

    show(context, key, width, height, split, draw) {
      const wanted = JSON.stringify([key, width, height, devicePixelRatio, coterie.dark()]);
      if (wanted !== this.key) {
        this.key = wanted;
        draw(coterie.canvas(this.past, width, height), true);
        draw(coterie.canvas(this.future, width, height), false);
      }
      const x = Math.min(Math.max(split, 0), width);
      this.part(context, this.past, 0, x, height);
      this.part(context, this.future, x, width - x, height);
    }

    part(context, from, x, width, height) {
      const dense = devicePixelRatio || 1;
      const [wide, high] = [width * dense, height * dense];
      if (wide >= 1 && high >= 1) context.drawImage(from, x * dense, 0, wide, high, x, 0, width, height);
    }
  };

  const round = (context, x, y, width, height, radius) => {
    context.beginPath();
    if (width > 3) context.roundRect(x, y, width, height, Math.min(radius, width / 2));
    else context.rect(x, y, width, height);
  };

  const label = (context, text, x, y, width, fill) => {
    const most = Math.floor((width - 9) / 6.1);
    if (most < 3) return;
    context.fillStyle = fill;
    context.fillText(text.length > most ? `${text.slice(0, most - 1)}…` : text, x + 5, y + 0.5);
  };

  // A member's whole run, behind its steps.
  const around = (context, { x, y, width, height }, hue) => {
    context.globalAlpha = 0.13;
    context.fillStyle = hue;
    round(context, x - 1, y - 2, width + 2, height + 4, 4);
    context.fill();
  };

  const bar = (context, box, step, hue, past) => {
    const { x, y, width, height } = box;
    const solid = (SOLID[step.node] ?? 0.86) * (past ? 1 : 0.32);
    context.fillStyle = hue;
    context.globalAlpha = solid;
    if (width < 4) context.fillRect(x, y, width, height);
    else {
      round(context, x, y, width, height, 3);
      context.fill();
    }
    context.globalAlpha = 1;
    if (step.error || step.cut) {
      context.fillStyle = colour(step.error ? "bad" : "change");
      context.fillRect(x, y + height - 3, width, 3);
    }
    const ink = colour(solid > 0.6 ? "on-bar" : "text");
    if (height >= 12) label(context, (step.error ? "! " : "") + step.node, x, y + height / 2, width, ink);
  };

  // Attempts that failed inside of a step.
  const attempts = (context, step, box, view) => {
    for (const record of step.records) {
      if (record.kind !== "attempt_failed") continue;
      const x = view.x(record.t);
      context.beginPath();
      context.moveTo(x - 5, box.y - 2);
      context.lineTo(x + 5, box.y - 2);
      context.lineTo(x, box.y + 7);
      context.closePath();
      context.fillStyle = colour("bad");
      context.strokeStyle = colour("pane");
      context.lineWidth = 1.5;
      context.stroke();
      context.fill();
    }
  };

  const chosen = (context, { x, y, width, height }) => {
    context.globalAlpha = 1;
    context.strokeStyle = colour("text");
    context.lineWidth = 1.75;
    round(context, x - 1.5, y - 1.5, width + 3, height + 3, 4);
    context.stroke();
  };

  coterie.boxOf = (bar, lane, view, run) => {
    const left = Math.max(view.x(bar.step.start), -20);
    const right = Math.min(view.x(run.endOf(bar.step)), view.width + 20);
    const y = lane.top + coterie.PAD / 2 + bar.row * coterie.ROW + 1.5 - view.top;
    const thin = Math.max(bar.height * (coterie.ROW - 3) - 0.5, 1);
    const height = bar.height < 1 ? thin : bar.height * coterie.ROW - 3;
    return { x: left, y, width: Math.max(right - left - 0.6, 1.4), height };
  };

  coterie.drawLane = (context, lane, view, run, past) => {
    const hues = run.lanes.map((_, place) => colour(coterie.hue(place)));
    const ends = []; // how far each row is filled: what would lie within the same pixel is left out
    for (const one of lane.bars) {
      const box = coterie.boxOf(one, lane, view, run);
      if (box.x > view.width || box.x + box.width < 0) continue;
      const hue = hues[lane.folded ? run.hueOf(one.step.path) : lane.hue];
      if (one.around) around(context, box, hue);
      else if (box.x + box.width > (ends[one.row] ?? -99) + 0.4 || one.step.error) {
        ends[one.row] = box.x + box.width;
        bar(context, box, one.step, hue, past);
      }
      if (one.step.records.length) attempts(context, one.step, box, view);
      if (one.step === store.step) chosen(context, box);
    }
  };

  const SHAPES = {
    read: (context, x, y) => {
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x, y, 4, 0, 7);
      context.stroke();
    },
    write: (context, x, y) => context.fillRect(x - 4, y - 4, 8, 8),
    removal: (context, x, y) => {
      context.lineWidth = 2.5;
      context.beginPath();
      context.moveTo(x - 4, y - 4);
      context.lineTo(x + 4, y + 4);
      context.moveTo(x - 4, y + 4);
      context.lineTo(x + 4, y - 4);
      context.stroke();
    },
  };

  coterie.markOf = (record) => {
    if (record.kind === "memory_recalled") return "read";
    const changes = record.changes || [];
    if (!changes.length) return "removal";
    return changes.every((change) => !change.after || change.after.valid_until) ? "removal" : "write";
  };

  // A ring for what was read, a square for what was written, a cross for what was only removed or refused.
  coterie.drawMarks = (context, lane, lanes, view, run, past) => {
    const y = lane.top + lane.height / 2 - view.top;
    const owners = new Map(lanes.map((one) => [one.path, one]));
    let before = -9;
    for (const record of run.memory.events) {
      const x = view.x(record.t);
      if (x < -6 || x > view.width + 6 || x - before < 0.75) continue;
      before = x;
      const kind = coterie.markOf(record);
      context.strokeStyle = context.fillStyle = colour(kind === "read" ? "read" : "write");
      const owner = owners.get(record.path);
      context.globalAlpha = past ? 0.3 : 0.12;
      const from = owner && owner.top + owner.height - 3 - view.top;
      if (owner && from < y - 6) context.fillRect(x - 0.5, from, 1, y - 6 - from);
      context.globalAlpha = past ? 1 : 0.4;
      SHAPES[kind](context, x, y);
    }
    context.globalAlpha = 1;
  };

  // Time in which nothing happened, shortened: a torn strip that says how long it was.
  coterie.drawGap = (context, gap, view, height) => {
    const left = Math.max(view.at(gap.left), -5);
    const right = Math.min(view.at(gap.right), view.width + 5);
    if (right < 0 || left > view.width) return;
    context.fillStyle = colour("lift");
    context.fillRect(left, 0, right - left, height);
    context.strokeStyle = colour("soft");
    context.globalAlpha = 0.6;
    context.lineWidth = 1;
    for (const x of [left, right]) {
      context.beginPath();
      for (let y = 0; y <= height; y += 5) context.lineTo(x + (y % 10 ? 2 : -2), y);
      context.stroke();
    }
    context.globalAlpha = 1;
    context.save();
    context.translate((left + right) / 2, height / 2);
    if (right - left < 90) context.rotate(-Math.PI / 2);
    context.fillStyle = colour("soft");
    context.textAlign = "center";
    if (Math.max(right - left, height) > 60) context.fillText(`idle ${coterie.span(gap.to - gap.from)}`, 0, 0);
    context.restore();
  };
}
