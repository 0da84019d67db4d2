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
    show(card, model, answer.ok ? body.predictions[0] : {error: body.detail || body.title});
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
