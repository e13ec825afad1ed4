// Asking the server of `coterie ui`. The address keeps what is shown (#token=…&user=…&run=…&view=…), so that a reload
// shows the same; a fragment is sent to nobody.
{
  const at = new URLSearchParams(location.hash.slice(1));

  class Refused extends Error {
    constructor(sentence, status) {
      super(sentence);
      this.status = status;
    }
  }

  const live = {
    runs: null, // as the store lists them, the newest first; null: not known yet
    open: null, // the one that is shown
    follow: true,
    views: [], // beside the runs themselves: {id, title, element, show(), changed()}
    user: () => at.get("user") || "",
    view: () => at.get("view") || "runs",
    run: () => at.get("run"),
  };
  coterie.live = live;

  live.keep = (words) => {
    for (const [name, value] of Object.entries(words)) value ? at.set(name, value) : at.delete(name);
    history.replaceState(null, "", `#${at}`);
  };

  const address = (path, words) => {
    const query = new URLSearchParams({ user: live.user() });
    for (const [name, value] of Object.entries(words)) if (value || value === 0) query.set(name, value);
    return `/api/${path}?${query}`;
  };

  const send = async (url, options = {}) => {
    const headers = { authorization: `Bearer ${at.get("token") || ""}`, ...options.headers };
    const answer = await fetch(url, { ...options, headers });
    if (answer.ok) return answer;
    const said = await answer.json().catch(() => ({}));
    throw new Refused(said.error || `The server says ${answer.status}.`, answer.status);
  };

  // What the server knows: GET. What it is to do: POST. Both throw an Error with one sentence.
  live.ask = async (path, words = {}) => (await send(address(path, words))).json();
  live.tell = async (path, body = {}) => {
    const headers = { "content-type": "application/json" };
    const sent = JSON.stringify({ user: live.user(), ...body });
    return (await send(`/api/${path}`, { method: "POST", headers, body: sent })).json();
  };

  // The events of a stream, in the pieces in which they come: lists of {event, value}.
  async function* pieces(path, words, signal) {
    const { body } = await send(address(path, words), { signal });
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      yield blocks.filter((block) => !block.startsWith(":")).map(parsed);
    }
  }

  const parsed = (block) => {
    const said = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s)));
    return { event: said.event, value: JSON.parse(said.data) };
  };

  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  const seen = async () => {
    while (document.hidden) await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
  };

  // Hand the events of a stream to `take`, until it returns true; again where the connection is lost, with what
  // `words` says then. A tab that nobody sees rests: a browser has six connections to a server, for all its tabs.
  // Returns what ends it.
  live.stream = (path, words, take) => {
    let ended = false;
    let connection = new AbortController();
    const rest = () => document.hidden && connection.abort();
    document.addEventListener("visibilitychange", rest);
    const end = () => {
      ended = true;
      connection.abort();
      document.removeEventListener("visibilitychange", rest);
    };
    const once = async () => {
      for await (const events of pieces(path, words(), connection.signal)) {
        if (ended) return;
        live.trouble("");
        const failure = events.find(({ event }) => event === "failed");
        if (failure) throw new Error(failure.value.error);
        if (events.length && take(events)) return end();
      }
      throw new Error("The server has ended.");
    };
    const go = async () => {
      for (let wait = 500; !ended; wait = Math.min(wait * 2, 4000)) {
        await seen();
        connection = new AbortController();
        try {
          await once();
        } catch (error) {
          if (ended) return;
          if (document.hidden) continue;
          live.trouble(error.status ? error.message : "Connection lost. Trying again …");
          if (error.status && error.status < 500) return end();
          await pause(wait);
        }
      }
    };
    go();
    return end;
  };

  // Say how the connection is; an empty text: well.
  live.trouble = (text) => {
    const shown = coterie.find("connection");
    shown.classList.toggle("lost", Boolean(text));
    const said = text || "Live";
    if (shown.textContent !== said) shown.textContent = said;
  };
}
