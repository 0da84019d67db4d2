"use strict";
const $ = id => document.getElementById(id);
let models = [];

function headers() {
  return $("token").value ? {Authorization: "Bearer " + $("token").value} : {};
}

async function load() {
  const answer = await fetch("v1/models", {headers: headers()});
  if (answer.status === 401) {
    $("tokens").hidden = false;
    $("status").textContent = "Enter the token first.";
    return;
  }
  $("status").textContent = "";
  models = (await answer.json()).models;
  $("model").replaceChildren(...models.map(m => new Option(m.name, m.name)));
  $("models").hidden = models.length < 2;
}

function element(tag, className, text) {
  const e = document.createElement(tag);
  e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

function number(x) { return x === undefined ? "" : String(Number(x.toPrecision(3))); }

function show(card, model, p) {
  if (p.error) {
    card.append(element("p", "error", p.error));
    return;
  }
  let text = p.predicted;
  if (p.low !== undefined) text += p.low === p.high ? " (range: this class only)" : ` (range: ${p.low} to ${p.high})`;
  card.append(element("p", "answer", text));
  card.append(element("p", "path-name", `expected value ${number(p.expected)}, confidence ${(100 * p.confidence).toFixed(1)} %`));
  const table = element("table", "chances");
  const from = model.classes.indexOf(p.low), to = model.classes.indexOf(p.high);
  model.classes.forEach((c, k) => {
    const row = table.insertRow();
    row.className = (from >= 0 && k >= from && k <= to ? "range " : "") + (c === p.predicted ? "best" : "");
    const head = element("th", "", c);
    head.scope = "row";
    row.append(head);
    const bar = element("div", "chance");
    bar.style.width = 100 * p.probabilities[c] + "%";
    row.insertCell().append(bar);
    row.insertCell().textContent = (100 * p.probabilities[c]).toFixed(1) + " %";
  });
  card.append(table);
}

function key(kind, text) {
  const line = element("div", "");
  line.append(element("span", "key " + kind), text);
  return line;
}

// Maps are asked for one after the other, and only for pictures that come into view.
let explaining = Promise.resolve();
const seen = new IntersectionObserver(entries => {
  for (const e of entries) {
    if (!e.isIntersecting) continue;
    seen.unobserve(e.target);
    explaining = explaining.then(() => e.target.explain());
  }
});

async function explain(box, model, file) {
  box.replaceChildren(element("p", "note", "Finding what decides …"));
  try {
    const answer = await fetch("v1/explain?model=" + encodeURIComponent(model.name),
      {method: "POST", body: file, headers: {...headers(), "Content-Type": "application/octet-stream"}});
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail || body.title);
    const maps = element("div", "maps");
    for (const m of body.maps) {
      const figure = element("figure", ""), picture = element("img", ""), caption = element("figcaption", "");
      const [up, down] = m.target === "class" ? ["for " + m.class, "against " + m.class] : ["higher classes", "lower classes"];
      picture.src = "data:image/jpeg;base64," + m.picture;
      picture.alt = `Map of ${file.name}: orange: ${up}, blue: ${down}`;
      caption.append(key("for", up), key("against", down));
      figure.append(picture, caption);
      maps.append(figure);
    }
    const same = body.predicted === box.predicted ? "" : ` The image without other views is predicted as ${body.predicted}.`;
    box.replaceChildren(maps, element("p", "note", `What decides, compared with ${body.compared}.${same}`));
  } catch (e) {
    const again = element("button", "", "Try again");
    again.onclick = () => explain(box, model, file);
    box.replaceChildren(element("p", "note error", "No map of what decides: " + e.message), again);
  }
}

async function predict(file) {
  const card = element("li", "");
  const picture = element("img", "picture");
  picture.alt = file.name;
  picture.src = URL.createObjectURL(file);
  picture.onload = () => URL.revokeObjectURL(picture.src);
  picture.onerror = () => picture.remove(); // the browser can't show every format
  card.append(picture, element("p", "path-name", file.name));
  $("results").prepend(card);
  const model = models.find(m => m.name === $("model").value) || models[0];
  try {
    const answer = await fetch("v1/predict?model=" + encodeURIComponent(model.name),
      {method: "POST", body: file, headers: {...headers(), "Content-Type": "application/octet-stream"}});
    const body = await answer.json();
    const p = answer.ok ? body.predictions[0] : {error: body.detail || body.title};
    show(card, model, p);
    if (model.explains && !p.error) {
      const box = element("div", "decides");
      box.predicted = p.predicted;
      box.explain = () => explain(box, model, file);
      card.append(box);
      seen.observe(box);
    }
  } catch (e) {
    show(card, model, {error: "no answer: " + e.message});
  }
}

async function take(files) {
  if (!models.length) await load();
  if (!models.length) return;
  let done = 0;
  for (const file of files) {
    $("status").textContent = `${done} of ${files.length} images`;
    await predict(file);
    done++;
  }
  $("status").textContent = `${done} of ${files.length} images`;
}

$("form").onsubmit = e => e.preventDefault();
$("token").onchange = load;
$("files").onchange = e => take([...e.target.files]);
const drop = $("drop");
for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, e => { e.preventDefault(); drop.classList.add("over"); });
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", e => { e.preventDefault(); take([...e.dataTransfer.files]); });
load().catch(e => { $("status").textContent = "The server doesn't answer: " + e.message; });
