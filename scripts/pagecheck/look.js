// What is asked of a page itself: complaints, none of a page that is well. Names that begin with an underscore are for later
// questions.
(file => {
  const wrong = [], root = document.documentElement;
  const seen = e => e.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && e.getClientRects().length > 0;
  const named = e => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (e.getAttribute("class") ? "." + e.getAttribute("class").split(" ").join(".") : "");
  if (root.scrollWidth > innerWidth) {
    const wide = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll, pre, svg, .skip"));
    wrong.push("wider than the screen: " + root.scrollWidth + " pixels, such as " + wide.slice(0, 3).map(named).join(", "));
  }
  if (!root.lang) wrong.push("no language");
  if (document.querySelectorAll("h1").length != 1) wrong.push("not one h1");
  if (file && document.scripts.length) wrong.push("has a script");
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  ids.filter((id, i) => ids.indexOf(id) != i).forEach(id => wrong.push("id " + id + " twice"));
  document.querySelectorAll("a[href^='#']").forEach(a => { if (!document.getElementById(a.hash.slice(1))) wrong.push("no place for " + a.hash); });
  document.querySelectorAll("img").forEach(i => { if (!i.alt) wrong.push("image without alt"); if (!i.complete || !i.naturalWidth) wrong.push("broken image " + i.alt); });
  document.querySelectorAll("svg:not([aria-hidden])").forEach(s => { if (!s.getAttribute("aria-label") && !s.getAttribute("aria-labelledby")) wrong.push("picture without a name"); });
  document.querySelectorAll("th:not([scope])").forEach(t => wrong.push("header without scope: " + t.textContent));
  document.querySelectorAll("body *").forEach(e => {
    const over = getComputedStyle(e).overflowX;
    if ((over == "auto" || over == "scroll") && e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0) wrong.push("scrolls but can't be focused: " + named(e));
  });

  // Contrast of text, WCAG 2 AA: 4.5, or 3 for large text.
  const numbers = c => (c.match(/[\d.]+(e-?\d+)?/g) || []).map(Number);
  const parse = c => {
    const n = numbers(c), scale = c.startsWith("color(") ? 255 : 1;
    return {r: n[0] * scale, g: n[1] * scale, b: n[2] * scale, a: n.length > 3 ? n[3] : 1};
  };
  const over = (top, below) => ({
    r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a), b: top.b * top.a + below.b * (1 - top.a), a: 1,
  });
  const ground = e => {
    const layers = [];
    for (let p = e; p; p = p.parentElement) {
      const c = parse(getComputedStyle(p).backgroundColor);
      if (c.a > 0) layers.push(c);
      if (c.a == 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), {r: 255, g: 255, b: 255, a: 1});
  };
  const light = c => {
    const part = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * part(c.r) + 0.7152 * part(c.g) + 0.0722 * part(c.b);
  };
  const told = new Set();
  let texts = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || ["SCRIPT", "STYLE", "TITLE", "OPTION"].includes(e.tagName) || !seen(e) || e.closest(":disabled")) continue;
    const s = getComputedStyle(e), back = ground(e);
    const front = over(parse(e.namespaceURI.endsWith("svg") ? s.fill : s.color), back);
    const a = light(front), b = light(back), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(s.fontSize), large = size >= 24 || size >= 18.66 && s.fontWeight >= 700;
    texts++;
    if (ratio < (large ? 3 : 4.5) && !told.has(named(e))) {
      told.add(named(e));
      wrong.push("contrast " + ratio.toFixed(2) + " of " + named(e) + " “" + walk.currentNode.data.trim().slice(0, 30) + "”");
    }
    if (size < 10) wrong.push("text of " + size + " pixels: " + named(e));
  }
  if (texts == 0) wrong.push("no text");
  return wrong;
})
