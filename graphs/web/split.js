// The borders between the graph, the details and the timeline: dragged, or moved by arrow keys; a double click resets them.
{
  const { el, find } = coterie;
  const main = find("main");

  // A border that sets one size of the page: of the part after it, in pixels.
  const border = (name, label, vertical, part, least, most) => {
    const now = () => (vertical ? part().offsetWidth : part().offsetHeight);
    const set = (pixels) => {
      const size = Math.round(Math.min(Math.max(pixels, least), most()));
      main.style.setProperty(name, `${size}px`);
      bar.setAttribute("aria-valuenow", size);
      if (vertical) coterie.fitGraph();
    };
    const where = (event) => (vertical ? event.clientX : event.clientY);
    let grip = null;
    const key = (event) => {
      const step = (vertical ? { ArrowLeft: 24, ArrowRight: -24 } : { ArrowUp: 20, ArrowDown: -20 })[event.key];
      if (!step) return;
      set(now() + step);
      event.preventDefault();
      event.stopPropagation();
    };
    const bar = el(`div.border.${vertical ? "upright" : "level"}`, {
      role: "separator",
      tabindex: "0",
      "aria-label": label,
      "aria-orientation": vertical ? "vertical" : "horizontal",
      "aria-valuemin": least,
      "aria-valuenow": least,
      title: `${label}: drag, arrow keys; double click resets`,
      onkeydown: key,
      ondblclick: () => (main.style.removeProperty(name), coterie.fitGraph()),
      onpointerdown: (event) => {
        grip = where(event) + now();
        bar.setPointerCapture(event.pointerId);
        event.preventDefault();
      },
      onpointermove: (event) => grip !== null && set(grip - where(event)),
      onpointerup: () => (grip = null),
      onpointercancel: () => (grip = null),
    });
    return bar;
  };

  find("side").prepend(
    border(
      "--side",
      "Width of the details",
      true,
      () => find("side"),
      260,
      () => innerWidth - 320,
    ),
  );
  find("time").prepend(
    border(
      "--rows",
      "Height of the lanes",
      false,
      () => find("rows"),
      44,
      () => innerHeight - 320,
    ),
  );
}
