// Light or dark: as the system has it, or as somebody chose.
{
  const { find } = coterie;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const names = { auto: "as the system has them", light: "light", dark: "dark" };
  let chosen = "auto";
  coterie.sheets = []; // of drawings: their dark rules follow the choice

  const kept = (value) => {
    try {
      if (value) localStorage.setItem("coterie-colours", value);
      return localStorage.getItem("coterie-colours");
    } catch {
      return null; // a page from a file may not keep anything
    }
  };

  coterie.dark = () => (chosen === "auto" ? system.matches : chosen === "dark");

  coterie.stillness = matchMedia("(prefers-reduced-motion: reduce)");

  coterie.paint = () => {
    document.documentElement.dataset.theme = coterie.dark() ? "dark" : "light";
    const button = find("theme");
    button.textContent = { auto: "◐", light: "☀", dark: "☾" }[chosen];
    button.setAttribute("aria-label", `Colours: ${names[chosen]}`);
    button.title = `Colours: ${names[chosen]}`;
    for (const rule of coterie.sheets.flatMap((sheet) => [...sheet.cssRules])) {
      if (rule.schemed) rule.media.mediaText = coterie.dark() === (rule.schemed === "dark") ? "all" : "not all";
    }
    coterie.colours = null;
    if (coterie.store.run) coterie.store.changed();
  };

  // A drawing's own style, as a sheet of the page: the policy admits no style element but ours.
  coterie.adopt = (text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    for (const rule of sheet.cssRules) {
      const scheme = /prefers-color-scheme:\s*(dark|light)/.exec(rule.media?.mediaText || "");
      if (scheme) rule.schemed = scheme[1];
    }
    coterie.sheets = [sheet];
    document.adoptedStyleSheets = coterie.sheets;
    coterie.paint();
  };

  // A colour of the style sheet as a canvas takes it.
  coterie.colour = (name) => {
    coterie.colours ??= new Map();
    if (!coterie.colours.has(name)) {
      const probe = find("tip");
      probe.style.color = name.startsWith("var") ? name : `var(--${name})`;
      coterie.colours.set(name, getComputedStyle(probe).color);
      probe.style.color = "";
    }
    return coterie.colours.get(name);
  };

  coterie.startTheme = () => {
    chosen = kept() in names ? kept() : "auto";
    find("theme").addEventListener("click", () => {
      chosen = { auto: coterie.dark() ? "light" : "dark", light: "dark", dark: "light" }[chosen];
      if ((chosen === "dark") === system.matches) chosen = "auto";
      kept(chosen);
      coterie.paint();
      coterie.say(`Colours: ${names[chosen]}`);
    });
    system.addEventListener("change", coterie.paint);
    coterie.paint();
  };
}
