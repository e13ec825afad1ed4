// The keyboard, and the page that explains it.
{
  const { el, find, store } = coterie;
  const KEYS = [
    ["space", "play, pause", [" "], () => coterie.play()],
    [
      "→ ←",
      "next event, event before",
      ["ArrowRight", "ArrowLeft"],
      (key) => coterie.stepBy(key === "ArrowRight" ? 1 : -1),
    ],
    [
      "shift → ←",
      "next step, step before",
      ["shift ArrowRight", "shift ArrowLeft"],
      (key) => coterie.skipBy(/Right/.test(key) ? 1 : -1),
    ],
    [
      "home, end",
      "to the start, to the end",
      ["Home", "End"],
      (key) => coterie.stepBy(key === "End" ? Infinity : -Infinity),
    ],
    [
      "+ −",
      "larger, smaller timeline",
      ["+", "=", "-", "_"],
      (key) => coterie.zoomLanes(/[+=]/.test(key) ? 1.6 : 1 / 1.6),
    ],
    ["0", "the whole run, the whole graph", ["0"], () => (coterie.fitLanes(), coterie.fitGraph())],
    ["[ ]", "earlier, later part of the timeline", ["[", "]"], (key) => coterie.panLanes(key === "]" ? 160 : -160)],
    ["1 to 9", "the tabs", [..."123456789"], (key) => coterie.showNth(Number(key) - 1)],
    ["esc", "let go of the chosen step", ["Escape"], () => store.select(null)],
    ["?", "these keys", ["?"], () => coterie.help()],
  ];
  const SEEN = [
    ["↑ ↓ on the lanes", "the step of the lane above, below"],
    ["click a node or a bar", "what it did, in the Step tab"],
    ["wheel, drag", "zoom and move the graph and the timeline; shift and wheel moves in time"],
    ["click a lane's name", "fold a team's members, or parallel steps"],
    ["ring, square, cross", "the memory was read, written, only removed from or refused"],
  ];

  coterie.help = () => {
    const dialog = find("keys");
    if (dialog.open) return dialog.close();
    const pairs =
      store.data.mode === "graph" ? SEEN.slice(1, 3) : [...KEYS.map(([keys, what]) => [keys, what]), ...SEEN];
    dialog.replaceChildren(
      el("h2", { id: "keys-title" }, "Keys"),
      el("dl", {}, ...pairs.map(([keys, what]) => [el("dt", {}, keys), el("dd", {}, what)])),
      el("form", { method: "dialog" }, el("button", {}, "Close")),
    );
    dialog.showModal();
  };

  const typing = (target) => target.closest?.("input:not([type=range]), select, textarea, [contenteditable]");

  const ours = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return null;
    if ((event.key === " " || event.key === "Enter") && event.target.closest("button, summary, a, [role=button]"))
      return null;
    if (document.querySelector("dialog[open]") || document.body.classList.contains("elsewhere")) return null;
    const name = event.shiftKey && event.key.startsWith("Arrow") ? `shift ${event.key}` : event.key;
    return KEYS.find(([, , keys]) => keys.includes(name)) && name;
  };

  addEventListener("keydown", (event) => {
    const name = ours(event);
    if (!name || (store.data.mode === "graph" && name !== "?" && name !== "0" && name !== "Escape")) return;
    event.preventDefault();
    KEYS.find(([, , keys]) => keys.includes(name))[3](name);
  });
  find("help").addEventListener("click", coterie.help);
}
