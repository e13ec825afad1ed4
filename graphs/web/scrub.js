// Moving through the run: the range, the buttons, playing.
{
  const { el, find, colour, store } = coterie;
  const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 60];
  const WHOLE = 20_000; // ms that "whole run" takes
  const range = find("moment");
  let playing = null; // the frame or timer that is waited for
  let before = 0;

  const icon = (id, shape) => {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const given = { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" };
    for (const [key, value] of Object.entries(given)) svg.setAttribute(key, value);
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", shape);
    path.setAttribute("fill", "currentColor");
    svg.append(path);
    find(id).replaceChildren(svg);
  };

  const PLAY = "M4 2.5v11l9-5.5z";
  const PAUSE = "M4 2.5h3v11H4zM9.500 2.500h3v11h-3z";
  icon("first", "M3 3h2v10H3zM13 3v10L6 8z");
  icon("back", "M11 3v10L4 8z");
  icon("play", PLAY);
  icon("next", "M5 3v10l7-5z");
  icon("last", "M11 3h2v10h-2zM3 3v10l7-5z");

  const speed = () => {
    const chosen = find("speed").value;
    return chosen === "whole" ? Math.max(coterie.scale.length / WHOLE, 1e-6) : Number(chosen);
  };

  const show = (on) => {
    icon("play", on ? PAUSE : PLAY);
    find("play").setAttribute("aria-label", on ? "Pause" : "Play");
    document.body.classList.toggle("playing", on);
  };

  coterie.stop = () => {
    if (playing === null) return;
    cancelAnimationFrame(playing);
    clearTimeout(playing);
    playing = null;
    show(false);
  };

  const onward = (now) => {
    const next = coterie.scale.unit(store.time) + Math.min(now - before, 250) * speed();
    before = now;
    store.goToTime(coterie.scale.time(next));
    coterie.follow();
    if (store.index >= store.run.records.length && store.data.mode !== "live") return coterie.stop();
    playing = requestAnimationFrame(onward);
  };

  // Without motion: from event to event, so long apart as they are, but not too fast to see.
  const leap = () => {
    const { run, index } = store;
    if (index >= run.records.length) return coterie.stop();
    store.goToIndex(index + 1);
    coterie.follow();
    const away =
      coterie.scale.unit(run.records[Math.min(index + 1, run.records.length - 1)].t) - coterie.scale.unit(store.time);
    playing = setTimeout(leap, Math.min(Math.max(away / speed(), 250), 2500));
  };

  coterie.play = () => {
    if (playing !== null) {
      coterie.say("Paused");
      return coterie.stop();
    }
    if (store.index >= store.run.records.length) store.goToIndex(0);
    show(true);
    coterie.say("Playing");
    before = performance.now();
    playing = coterie.stillness.matches ? setTimeout(leap, 0) : requestAnimationFrame(onward);
  };

  const said = () => {
    const record = store.run.records[store.index - 1];
    return record ? coterie.told(record, store.run) : "before the run";
  };

  // By so many events; several at the same moment are one after the other.
  coterie.stepBy = (count) => {
    coterie.stop();
    store.goToIndex(store.index + count);
    coterie.follow();
    coterie.say(said());
  };

  // To where the next step begins, or the one before.
  coterie.skipBy = (direction) => {
    const firsts = store.run.steps.map((step) => step.first + 1);
    const place = coterie.upTo(firsts, store.index);
    const wanted = direction > 0 ? firsts[place] : firsts[place - (firsts[place - 1] === store.index ? 2 : 1)];
    coterie.stepBy((wanted ?? (direction > 0 ? store.run.records.length : 0)) - store.index);
  };

  coterie.hooks.scrub = (run, more) => {
    if (!more) {
      coterie.stop();
      const fits = run.length >= 4_000 && run.length <= 30_000;
      find("speed").replaceChildren(
        el("option", { value: "whole", selected: !fits }, "all in 20 s"),
        ...SPEEDS.map((one) => el("option", { value: String(one), selected: fits && one === 1 }, `${one}×`)),
      );
    }
    range.max = String(coterie.scale.length);
  };

  // How many steps ran in each pixel on average.
  const hill = (run, width) => {
    const x = (time) => (coterie.scale.unit(time) / coterie.scale.length) * width;
    const high = new Float32Array(Math.ceil(width) + 1);
    for (const step of run.steps) {
      if (step.children) continue;
      const [from, to] = [x(step.start), x(run.endOf(step))];
      for (let place = Math.floor(from); place < to; place += 1)
        high[place] += Math.min(to, place + 1) - Math.max(from, place);
    }
    return high;
  };

  const layers = new coterie.Layers();
  let wide = 0;
  new ResizeObserver(([entry]) => {
    wide = Math.floor(entry.contentRect.width);
    if (store.run) store.changed();
  }).observe(find("overview"));

  // How much ran at each time, as a hill behind the range; and which part the lanes show.
  const drawOverview = (run) => {
    const height = 26;
    const context = coterie.canvas(find("overview"), wide, height);
    const share = wide / coterie.scale.length;
    const key = [run.zero, run.records.length, coterie.scale.length];
    layers.show(context, key, wide, height, coterie.scale.unit(store.time) * share, (layer, past) => {
      const high = hill(run, wide);
      const most = high.reduce((one, other) => Math.max(one, other), 1e-6);
      layer.globalAlpha = past ? 0.6 : 0.25;
      layer.fillStyle = colour(past ? "accent" : "soft");
      for (let place = 0; place < wide; place += 1) {
        const rise = high[place] > 0 ? 2 + (height - 8) * (high[place] / most) : 0;
        layer.fillRect(place, height - rise, 1, rise);
      }
    });
    const { view } = coterie;
    if (view.right - view.left >= coterie.scale.length * 0.999) return;
    context.strokeStyle = colour("accent");
    context.strokeRect(view.left * share + 0.5, 0.5, Math.max((view.right - view.left) * share - 1, 2), height - 1);
  };

  store.watch((run) => {
    if (store.data.mode === "graph" || !wide) return;
    range.value = String(coterie.scale.unit(store.time));
    const [now, whole] = [store.time, run.length].map((time) => coterie.moment(time, run.length));
    range.setAttribute("aria-valuetext", `${now} of ${whole}, ${said()}`);
    find("clock").textContent = `${now} / ${whole}`;
    drawOverview(run);
  });

  range.addEventListener("input", () => {
    coterie.stop();
    store.goToTime(coterie.scale.time(Number(range.value)));
    coterie.follow();
  });
  find("play").addEventListener("click", coterie.play);
  find("back").addEventListener("click", () => coterie.stepBy(-1));
  find("next").addEventListener("click", () => coterie.stepBy(1));
  find("first").addEventListener("click", () => coterie.stepBy(-Infinity));
  find("last").addEventListener("click", () => coterie.stepBy(Infinity));
}
