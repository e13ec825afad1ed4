"use strict";
// The one global, and what every other file uses: making elements, writing figures, colours.
const coterie = { panes: [], hooks: {} };

coterie.find = (id) => document.getElementById(id);

// An element: its properties, then its children. Text is always text: nothing is ever parsed as HTML.
coterie.el = (name, given = {}, ...children) => {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [one, worth] of Object.entries(value)) made.style.setProperty(one, worth);
    else if (key in made && !key.startsWith("aria")) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.flat(9).filter((one) => one !== null && one !== undefined && one !== false));
  return made;
};

coterie.say = (text) => {
  const said = coterie.find("said");
  if (said.textContent !== text) said.textContent = text;
};

coterie.count = (number, word) => `${coterie.figure(number)} ${word}${number === 1 ? "" : "s"}`;

coterie.figure = (number) => Number(number).toLocaleString("en");

// Milliseconds in words: 840 ms, 3.97 s, 2 min 05 s, 3 h 10 min.
coterie.span = (ms) => {
  if (ms < 0.9995) return ms > 0 ? `${ms.toFixed(2)} ms` : "0 ms";
  if (ms < 999.5) return `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 2880) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.round(minutes / 1440)} days`;
};

// When something was, in a run of this length: 840 ms, 3.97 s, 2:05.20, 1:02:05.
coterie.moment = (ms, length) => {
  if (length < 2_000) return `${ms.toFixed(length < 50 ? 2 : 0)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(2)} s`;
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  const [hours, minutes, seconds] = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60];
  if (hours >= 1) return `${Math.floor(hours)}:${two(minutes)}:${two(seconds)}`;
  return `${Math.floor(minutes)}:${two(seconds)}.${two((ms / 10) % 100)}`;
};

coterie.plain = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 1));

// Milliseconds since 1970 with their fraction: Date alone would drop the microseconds.
coterie.instant = (text) => {
  const rest = /\.\d{3}(\d+)/.exec(text);
  return Date.parse(text) + (rest ? Number(`0.${rest[1]}`) : 0);
};

coterie.last = (path) => path.slice(path.lastIndexOf("/") + 1);

// An agent's colour, by its place among the others: there are ten, then they begin again.
coterie.hue = (place) => `var(--agent-${((place % 10) + 10) % 10})`;

coterie.chip = (name, place) =>
  coterie.el("span.chip", { dir: "auto", style: place >= 0 ? { "--agent": coterie.hue(place) } : {} }, name);

// What is at most this far in a sorted list, counted.
coterie.upTo = (sorted, value, of = (one) => one) => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(sorted[middle]) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
};
