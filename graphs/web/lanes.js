// The timeline: which part of it is in sight, its lanes and their labels, and what the pointer does in them.
{
  const { el, find, colour, store } = coterie;
  const EDGE = 7; // pixels at both sides, for what stands at the very start or end
  const folded = new Set();
  const view = {
    left: 0,
    right: 1,
    width: 100,
    height: 0,
    top: 0,
    at: (unit) => EDGE + ((unit - view.left) / (view.right - view.left)) * (view.width - 2 * EDGE),
    unit: (x) => view.left + ((x - EDGE) / (view.width - 2 * EDGE)) * (view.right - view.left),
    x: (time) => view.at(coterie.scale.unit(time)),
    time: (x) => coterie.scale.time(view.unit(x)),
  };
  let placed = { lanes: [], height: 0 };
  let labelled = null; // what the labels were made of
  let shorten = true;
  let fitted = true;
  let hovered = null;
  let grip = null;
  coterie.view = view;

  const whole = () => coterie.scale.length;

  const look = (left, right) => {
    const least = Math.max(coterie.scale.length / 5000, 0.02);
    const size = Math.min(Math.max(right - left, least), whole());
    view.left = Math.min(Math.max(left, 0), whole() - size);
    view.right = view.left + size;
    fitted = size >= whole() * 0.999;
    store.changed();
  };

  coterie.zoomLanes = (factor, x = Math.min(Math.max(view.x(store.time), 0), view.width)) => {
    const unit = view.unit(x);
    look(unit - (unit - view.left) / factor, unit + (view.right - unit) / factor);
  };

  coterie.panLanes = (pixels) => {
    const units = (pixels / view.width) * (view.right - view.left);
    look(view.left + units, view.right + units);
  };

  coterie.fitLanes = () => look(0, whole());

  // Keep the moment in sight: it turns the page when it comes to the edge.
  coterie.follow = () => {
    const unit = coterie.scale.unit(store.time);
    const size = view.right - view.left;
    if (unit < view.left || unit > view.right - size * 0.02) look(unit - size * 0.1, unit + size * 0.9);
  };

  // A lane's label: a button that folds a team's members away, or an agent's parallel steps into one row.
  const labelOf = (lane, run) => {
    const hue = lane.memory ? "var(--bus)" : coterie.hue(lane.hue);
    const place = { top: `${lane.top}px`, height: `${lane.height}px` };
    const pairs = { title: lane.path, style: { "--agent": hue, "--depth": lane.depth, ...place } };
    const name = el("span", { dir: "auto" }, lane.name); // a name cut short keeps its beginning
    const foldable = !lane.memory && (lane.folded || lane.members || lane.rows > 1);
    if (!foldable) return el("div.lane", pairs, name);
    const toggle = () => {
      folded.has(lane.path) ? folded.delete(lane.path) : folded.add(lane.path);
      layout(run);
      measure();
      store.changed();
      find("labels")
        .querySelector(`[title="${CSS.escape(lane.path)}"]`)
        ?.focus();
    };
    const said = { "aria-expanded": String(!lane.folded), "aria-label": `Lane of ${lane.name}` };
    return el("button.lane", { ...pairs, ...said, type: "button", onclick: toggle }, name);
  };

  const layout = (run) => {
    placed = coterie.placed(run, folded);
    // While a run goes on this is told several times a second: a label that is pressed, or has the keyboard, stays.
    const parts = placed.lanes.map(({ path, hue, top, height, folded, members }) => [path, hue, top, height, folded, members]);
    const wanted = JSON.stringify([run.zero, parts]);
    if (wanted === labelled) return;
    labelled = wanted;
    find("labels").style.height = `${placed.height}px`;
    find("labels").replaceChildren(...placed.lanes.map((lane) => labelOf(lane, run)));
  };

  // The memory's lane stays in sight at the bottom, when there are more lanes than fit.
  const pin = () => {
    const lane = placed.lanes.at(-1);
    if (!lane?.memory) return;
    lane.top = Math.min(placed.height, view.top + (view.height || placed.height)) - lane.height;
    const label = find("labels").lastElementChild;
    if (label) label.style.top = `${lane.top}px`;
  };

  const measure = () => {
    const wide = find("rows").clientWidth - find("labels").offsetWidth;
    view.width = Math.max(wide, 50);
    view.height = find("rows").clientHeight;
    view.top = find("rows").scrollTop;
    pin();
  };

  coterie.hooks.lanes = (run, more) => {
    if (!more) {
      folded.clear();
      labelled = null;
    }
    coterie.scale = new coterie.Scale(run, shorten);
    find("idle").hidden = coterie.scale.gaps.length === 0 && shorten;
    layout(run);
    measure();
    if (!more || fitted) coterie.fitLanes();
  };

  const grid = (context, height, write) => {
    const scale = coterie.scale;
    const pieces = [...scale.gaps.map((gap) => gap.from), Infinity];
    let from = 0;
    for (const [place, until] of pieces.entries()) {
      const begin = Math.max(from, view.time(0));
      const end = Math.min(until, view.time(view.width));
      const count = (view.x(end) - view.x(begin)) / 92 || 0;
      if (end > begin && count > 0.3) {
        const ticks = coterie.ticks(begin, end, count);
        for (const time of ticks.at) write(view.x(time), coterie.tick(time, ticks.pace), context, height);
      }
      from = scale.gaps[place]?.to ?? Infinity;
    }
  };

  const line = (x, text, context, height) => context.fillRect(Math.round(x), 0, 1, height);

  const drawAxis = () => {
    const height = 20;
    const context = coterie.canvas(find("axis"), view.width, height);
    context.fillStyle = colour("soft");
    context.textAlign = "center";
    grid(context, height, (x, text) => {
      context.fillRect(Math.round(x), height - 4, 1, 4);
      const half = context.measureText(text).width / 2;
      context.fillText(text, Math.min(Math.max(x, half + 1), view.width - half - 1), 8);
    });
    context.fillStyle = colour("accent");
    const x = view.x(store.time);
    context.beginPath();
    context.moveTo(x - 5, height - 7);
    context.lineTo(x + 5, height - 7);
    context.lineTo(x, height);
    context.fill();
  };

  const layers = new coterie.Layers();

  const drawBars = (run) => {
    const height = Math.min(placed.height, view.height || placed.height);
    const context = coterie.canvas(find("bars"), view.width, height);
    const key = [run.zero, run.records.length, view.left, view.right, view.top, store.step?.id, [...folded], shorten];
    layers.show(context, key, view.width, height, view.x(store.time), (layer, past) => {
      layer.fillStyle = colour("line");
      layer.globalAlpha = 0.55;
      grid(layer, height, line);
      for (const lane of placed.lanes) layer.fillRect(0, lane.top + lane.height - 0.5 - view.top, view.width, 0.5);
      layer.globalAlpha = 1;
      for (const gap of coterie.scale.gaps) coterie.drawGap(layer, gap, view, height);
      for (const lane of placed.lanes) {
        if (lane.top > view.top + height || lane.top + lane.height < view.top) continue;
        if (lane.memory) {
          if (lane.top + lane.height < placed.height) layer.clearRect(0, lane.top - view.top, view.width, lane.height);
          coterie.drawMarks(layer, lane, placed.lanes, view, run, past);
        } else coterie.drawLane(layer, lane, view, run, past);
      }
    });
    context.fillStyle = colour("accent");
    context.fillRect(view.x(store.time) - 0.75, 0, 1.5, height);
  };

  store.watch((run) => {
    if (store.data.mode === "graph" || !coterie.scale) return;
    drawAxis();
    drawBars(run);
    const steps = run.running(store.index).filter((step) => !step.children);
    const now = steps.map((step) => `${step.node} of ${run.nameOf(step.path)}`).join(", ") || "nothing runs";
    const all = `${coterie.count(run.steps.length, "step")} in ${coterie.count(run.lanes.length, "lane")}`;
    find("bars").setAttribute("aria-label", `${all}; now ${now}`);
  });

  // What is under the pointer: {step} or {record}.
  const under = (event) => {
    const run = store.run;
    const box = find("bars").getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const lane = placed.lanes.findLast((one) => y + view.top >= one.top && y + view.top < one.top + one.height);
    if (!lane) return null;
    if (lane.memory) {
      const far = (record) => Math.abs(view.x(record.t) - x);
      const near = run.memory.events.filter((record) => far(record) < 7).sort((one, other) => far(one) - far(other));
      return near.length ? { record: near[0] } : null;
    }
    const inside = (one) => {
      const box = coterie.boxOf(one, lane, view, run);
      return x >= box.x - 1.5 && x <= box.x + box.width + 1.5 && y >= box.y && y <= box.y + box.height + 2;
    };
    return lane.bars.findLast(inside) || null;
  };

  const tell = (event) => {
    hovered = under(event);
    find("bars").style.cursor = hovered ? "pointer" : "default";
    const tip = find("tip");
    tip.hidden = !hovered;
    if (!hovered) return;
    tip.textContent = hovered.step ? coterie.tipOf(hovered.step, store.run) : coterie.told(hovered.record, store.run);
    tip.style.left = `${Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${event.clientY - tip.offsetHeight - 12}px`;
  };

  const open = (event) => {
    const found = under(event);
    if (found?.step) {
      store.goToIndex(found.step.first + 1);
      store.select(found.step);
    } else if (found?.record) {
      store.goToIndex(found.record.index + 1);
      coterie.show("memory");
    } else store.goToTime(view.time(event.clientX - find("bars").getBoundingClientRect().left));
  };

  const wheel = (event) => {
    const scrolls = find("rows").scrollHeight > find("rows").clientHeight + 1;
    const across = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    if (!across && scrolls && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    if (across) return coterie.panLanes(event.deltaX || event.deltaY);
    const x = event.clientX - find("bars").getBoundingClientRect().left;
    coterie.zoomLanes(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), x);
  };

  const down = (event) => {
    grip = { x: event.clientX, from: event.clientX, moved: false };
    find("bars").setPointerCapture(event.pointerId);
  };

  const move = (event) => {
    if (!grip) return tell(event);
    grip.moved ||= Math.abs(event.clientX - grip.from) > 4;
    if (grip.moved) coterie.panLanes(grip.x - event.clientX);
    grip.x = event.clientX;
    find("tip").hidden = true;
  };

  const up = (event) => {
    if (grip && !grip.moved) open(event);
    grip = null;
  };

  // By the keyboard: the step of the lane above or below that runs at the moment, or ran last.
  const climb = (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const lanes = placed.lanes.filter((lane) => lane.bars.length);
    const place = lanes.findIndex((lane) => lane.bars.some((one) => one.step === store.step));
    const lane = lanes[place < 0 ? 0 : Math.min(Math.max(place + by, 0), lanes.length - 1)];
    const begun = lane.bars.filter((one) => !one.around && one.step.first < store.index);
    const step = (begun.findLast((one) => one.step.last >= store.index) || begun.at(-1) || lane.bars[0]).step;
    store.select(step);
    coterie.say(coterie.tipOf(step, store.run));
  };

  const bars = find("bars");
  bars.addEventListener("keydown", climb);
  bars.addEventListener("wheel", wheel, { passive: false });
  bars.addEventListener("pointerdown", down);
  bars.addEventListener("pointermove", move);
  bars.addEventListener("pointerup", up);
  bars.addEventListener("pointercancel", () => (grip = null));
  bars.addEventListener("pointerleave", () => (find("tip").hidden = true));
  find("rows").addEventListener("scroll", () => {
    view.top = find("rows").scrollTop;
    pin();
    store.changed();
  });
  const axis = find("axis");
  const drag = (event) => event.buttons && store.goToTime(view.time(event.clientX - axis.getBoundingClientRect().left));
  axis.addEventListener("pointerdown", (event) => {
    axis.setPointerCapture(event.pointerId);
    drag(event);
  });
  axis.addEventListener("pointermove", drag);
  find("lanes-in").addEventListener("click", () => coterie.zoomLanes(1.6));
  find("lanes-out").addEventListener("click", () => coterie.zoomLanes(1 / 1.6));
  find("lanes-fit").addEventListener("click", coterie.fitLanes);
  find("idle").addEventListener("click", () => {
    shorten = !shorten;
    find("idle").setAttribute("aria-pressed", shorten);
    coterie.hooks.lanes(store.run, true);
    coterie.fitLanes();
  });
  new ResizeObserver(() => {
    if (!store.run || !coterie.scale) return;
    measure();
    store.changed();
  }).observe(find("rows"));
}
