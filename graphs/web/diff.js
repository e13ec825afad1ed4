// The difference of two texts, word by word: [["same" | "gone" | "new", text], ...].
coterie.diff = (before, after) => {
  const words = (text) => String(text).match(/\s+|[\p{L}\p{N}_'’-]+|[^\s\p{L}\p{N}]/gu) || [];
  const olds = words(before);
  const news = words(after);
  if (olds.length * news.length > 400_000)
    return [
      ["gone", before],
      ["new", after],
    ];
  const wide = news.length + 1;
  const common = new Uint16Array((olds.length + 1) * wide);
  for (let i = olds.length - 1; i >= 0; i -= 1) {
    for (let j = news.length - 1; j >= 0; j -= 1) {
      common[i * wide + j] =
        olds[i] === news[j]
          ? common[(i + 1) * wide + j + 1] + 1
          : Math.max(common[(i + 1) * wide + j], common[i * wide + j + 1]);
    }
  }
  const parts = [];
  const put = (kind, text) => (parts.at(-1)?.[0] === kind ? (parts.at(-1)[1] += text) : parts.push([kind, text]));
  let i = 0;
  let j = 0;
  while (i < olds.length || j < news.length) {
    if (i < olds.length && j < news.length && olds[i] === news[j]) put("same", olds[i++] && news[j++]);
    else if (i < olds.length && (j === news.length || common[(i + 1) * wide + j] >= common[i * wide + j + 1]))
      put("gone", olds[i++]);
    else put("new", news[j++]);
  }
  return coterie.calm(parts);
};

// A lone space between two changes belongs to them: one longer change reads better than two. Not where words were only
// added or only taken away: there it would be crossed out for nothing.
coterie.calm = (parts) => {
  const kinds = (place, step) => (!parts[place] || parts[place][0] === "same" ? [] : [parts[place][0], ...kinds(place + step, step)]);
  const flat = [];
  for (let place = 0; place < parts.length; place += 1) {
    const [kind, text] = parts[place];
    const lone = kind === "same" && !text.trim() && place > 0 && place < parts.length - 1;
    const inside = lone && new Set([...kinds(place - 1, -1), ...kinds(place + 1, 1)]).size === 2;
    if (inside) flat.push(["gone", text], ["new", text]);
    else flat.push([kind, text]);
  }
  const calm = [];
  let gone = "";
  let fresh = "";
  const flush = () => {
    if (gone) calm.push(["gone", gone]);
    if (fresh) calm.push(["new", fresh]);
    gone = fresh = "";
  };
  for (const [kind, text] of flat) {
    if (kind === "gone") gone += text;
    else if (kind === "new") fresh += text;
    else {
      flush();
      calm.push([kind, text]);
    }
  }
  flush();
  return calm;
};

// The difference as elements.
coterie.changed = (before, after) =>
  coterie
    .diff(before, after)
    .map(([kind, text]) => (kind === "same" ? text : coterie.el(kind === "gone" ? "del" : "ins", {}, text)));
