(function () {
  "use strict";
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const coarse = window.matchMedia("(pointer: coarse)");
  const content = JSON.parse(document.getElementById("figures").textContent);
  const whenIdle = window.requestIdleCallback || function (work) { setTimeout(work, 0); };
  root.classList.add("js");

  // A page opened from a file may be refused any storage.
  function remembered() {
    try { return localStorage.getItem("gman-search-theme"); } catch (refused) { return null; }
  }
  function remember(theme) {
    try { localStorage.setItem("gman-search-theme", theme); } catch (refused) { /* the choice lasts for this visit */ }
  }
  function current() {
    return root.dataset.theme || (system.matches ? "dark" : "light");
  }

  function colours() {
    const style = getComputedStyle(root);
    const read = (name) => style.getPropertyValue(name).trim();
    return { ink: read("--ink-soft"), grid: read("--grid"), paper: read("--paper-raised"), line: read("--line") };
  }
  function themed(layout) {
    const look = colours();
    const change = {
      "font.color": look.ink,
      "hoverlabel.bgcolor": look.paper,
      "hoverlabel.bordercolor": look.line,
      "hoverlabel.font.color": look.ink,
      "modebar.color": look.line,
      "modebar.activecolor": look.ink,
      "modebar.bgcolor": "rgba(0,0,0,0)",
    };
    for (const name of Object.keys(layout)) {
      if (/^[xy]axis\d*$/.test(name)) {
        for (const part of ["gridcolor", "linecolor", "tickcolor", "dividercolor"]) { change[name + "." + part] = look.grid; }
      }
    }
    return change;
  }

  // A relayout change has dotted names; a first drawing needs them nested.
  function nested(layout, change) {
    for (const [path, value] of Object.entries(change)) {
      const steps = path.split(".");
      const last = steps.pop();
      let place = layout;
      for (const step of steps) { place = place[step] = place[step] || {}; }
      place[last] = value;
    }
    return layout;
  }

  const drawn = [];
  function draw(names) {
    const name = names.shift();
    if (name === undefined) { root.dataset.drawn = String(drawn.length); return; }
    const place = document.getElementById(name);
    const layout = Object.assign({ template: content.template }, content.figures[name].layout);
    // A finger that scrolls the page must not zoom the figure under it; in small figures zooming has no use.
    if (coarse.matches || place.closest(".grid")) { layout.dragmode = false; }
    // On a telephone the legend needs the room; a double tap shows all times, too.
    if (layout.xaxis && layout.xaxis.rangeselector && place.clientWidth < 480) { layout.xaxis.rangeselector.visible = false; }
    Plotly.newPlot(place, content.figures[name].data, nested(layout, themed(layout)), content.config);
    drawn.push(place);
    // One figure at a time, and input first, keeps the page usable while the rest are drawn.
    whenIdle(function () { draw(names); }, { timeout: 200 });
  }
  function recolour() {
    for (const place of drawn) { Plotly.relayout(place, themed(place.layout)); }
  }

  function show(theme) {
    if (theme) { root.dataset.theme = theme; }
    button.textContent = current() === "dark" ? "Light theme" : "Dark theme";
    recolour();
  }
  button.hidden = false;
  button.addEventListener("click", function () {
    const theme = current() === "dark" ? "light" : "dark";
    remember(theme);
    show(theme);
  });
  system.addEventListener("change", function () { show(null); });

  // Paper is white, also where the screen is dark.
  let before = null;
  window.addEventListener("beforeprint", function () { before = root.dataset.theme || ""; show("light"); });
  window.addEventListener("afterprint", function () {
    if (before) { show(before); } else { delete root.dataset.theme; show(null); }
  });

  // Every word must occur somewhere in the row.
  function filter(input) {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = document.getElementById(input.dataset.filters).rows;
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    input.closest("p").querySelector("output").textContent = words.length ? shown + " of " + rows.length : "";
  }
  for (const input of document.querySelectorAll("input[data-filters]")) {
    input.addEventListener("input", function () { filter(input); });
  }

  const choice = remembered();
  show(choice === "dark" || choice === "light" ? choice : null);

  // The bundle is 4.8 MB: it is run once the page can be read and used, not before.
  function begin() {
    const bundle = document.getElementById("bundle");
    const script = document.createElement("script");
    const start = function () { if (typeof Plotly !== "undefined") { draw(Object.keys(content.figures)); } };
    if (bundle.dataset.src) {
      script.src = bundle.dataset.src;
      script.addEventListener("load", start);
      document.head.append(script);
    } else {
      script.textContent = bundle.textContent;
      document.head.append(script);
      start();
    }
  }
  let begun = false;
  function beginOnce() {
    if (!begun) { begun = true; begin(); }
  }
  window.addEventListener("scroll", beginOnce, { once: true, passive: true });
  setTimeout(function () { whenIdle(beginOnce, { timeout: 1000 }); }, 1200);
})();
