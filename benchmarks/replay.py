"""How large the page of a recorded run is, how soon it shows, and how smoothly it moves, in a real browser.

    python -m benchmarks.replay [SPANS ...]

A page is opened from a file, then moved through for 50 frames each: the scrubber, with each tab in turn; zooming and
panning the timeline; playing. A frame is what lies between two calls of requestAnimationFrame; the work is CPU
time of the page's main thread. The browser draws without a GPU.
"""

import sys
import tempfile
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import TYPE_CHECKING, Any

from coterie.graphs.picture import as_json
from coterie.graphs.replay import replay
from tests.support.browser import MISSING, chromium, find_chromium
from tests.support.recorded import long_run, picture, team_run

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

FRAMES = """async (act) => {
  const move = new Function("place", act);
  const times = [];
  let before = await new Promise(requestAnimationFrame);
  for (let place = 0; place < 50; place += 1) {
    move(place);
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  return times;
}"""
LONG = """() => {
  window.long = [];
  new PerformanceObserver((list) => window.long.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask" });
}"""
ACTIONS = {
    "scrub": "coterie.store.goToTime((coterie.store.run.length * place) / 50)",
    "zoom": "coterie.zoomLanes(place < 25 ? 1.3 : 1 / 1.3)",
    "pan": "coterie.panLanes(place < 25 ? 40 : -40)",
}


def measure(page: "Page", session: "CDPSession", name: str, action: str) -> None:
    """Print what 50 frames of one action cost."""
    before = _busy(session)
    page.evaluate("() => { window.long = [] }")
    times = sorted(page.evaluate(FRAMES, action))
    work = (_busy(session) - before) / 50
    p95 = quantiles(times, n=20)[-1]
    late = page.evaluate("() => window.long.length")
    print(
        f"  {name:<16} frame p50 {times[25]:5.1f} ms, p95 {p95:5.1f} ms, worst {times[-1]:5.1f} ms;"
        f" work {work:4.1f} ms a frame; {late} tasks over 50 ms"
    )


def _busy(session: "CDPSession") -> float:
    """How many milliseconds of CPU time the main thread has used so far."""
    metrics: list[dict[str, Any]] = session.send("Performance.getMetrics")["metrics"]
    return 1000 * next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")


def opened(page: "Page", file: Path) -> float:
    """Open a page. Returns the milliseconds until it was ready."""
    begin = perf_counter()
    page.goto(file.as_uri())
    page.wait_for_function("() => coterie.ready")
    return 1000 * (perf_counter() - begin)


def main() -> None:
    """Measure pages of so many steps: 2,000 and 10,000, or what was asked for."""
    program = find_chromium()
    if program is None:
        raise SystemExit(f"error: {MISSING}.")
    graph = as_json(picture())
    print(f"a typical run: {len(replay(team_run(graph)).encode()) / 1000:.0f} kB")
    with chromium(program) as browser, tempfile.TemporaryDirectory() as folder:
        for spans in map(int, sys.argv[1:] or ["2000", "10000"]):
            file = Path(folder) / f"{spans}.html"
            file.write_text(replay(long_run(spans, graph)), encoding="utf-8")
            page = browser.new_page(viewport={"width": 1500, "height": 920})
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            print(f"{spans} steps, {file.stat().st_size / 1e6:.2f} MB, ready in {opened(page, file):.0f} ms")
            page.evaluate(LONG)
            for pane in ("run", "step", "memory", "log", "agents"):
                page.evaluate("(pane) => coterie.show(pane)", pane)
                measure(page, session, f"scrub, {pane}", ACTIONS["scrub"])
            for name in ("zoom", "pan"):
                measure(page, session, name, ACTIONS[name])
            page.evaluate("() => { coterie.store.goToIndex(0); coterie.play() }")
            measure(page, session, "play", "")
            page.close()


if __name__ == "__main__":
    main()
