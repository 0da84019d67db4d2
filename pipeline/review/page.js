"use strict";
const $ = id => document.getElementById(id);
let queue, at = -1, past = [], skipped = new Set(), typed = "", busy = true, shown = false;

function say(text, failed) {
  $("status").textContent = text;
  $("status").className = failed ? "status failed" : "status";
}

function element(tag, className, text) {
  const e = document.createElement(tag);
  e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

async function ask(path, body) {
  const answer = await fetch(path, body === undefined ? {} : {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

function percent(p) { return (100 * p).toFixed(p < 0.01 ? 1 : 0) + " %"; }
function name(path) { return path.split("/").pop(); }
function label(path) { return queue.labels[path]; }

// next shows the first item from a place on that is neither decided nor skipped, beginning again at the start.
function next(from) {
  const n = queue.items.length;
  for (let i = 0; i < n; i++) {
    const place = (from + i) % n;
    if (!queue.items[place].decided && !skipped.has(place)) return show(place);
  }
  finish();
}

function picture(item, place, number) {
  const path = item.paths[number], figure = document.createElement("figure"), frame = element("div", "frame-of");
  const img = document.createElement("img");
  img.alt = item.paths.length > 1 ? "Picture " + (number + 1) + " of " + item.paths.length : "The picture to look at";
  const ready = new Promise(done => {
    img.onload = done;
    img.onerror = () => { frame.textContent = "The picture can't be shown."; done(); };
  });
  img.src = "image/" + place + "/" + number;
  frame.append(img);
  const caption = document.createElement("figcaption");
  caption.append(label(path) ? "label " : "no label", element("b", "", label(path)), " · " + path);
  figure.append(frame, caption);
  $("pictures").append(figure);
  return ready;
}

async function show(place) {
  at = place;
  shown = false;
  type("");
  const item = queue.items[place], several = item.paths.length > 1;
  document.body.dataset.item = "";
  $("end").hidden = true;
  $("item").hidden = false;
  $("kind").textContent = {"doubtful label": "Doubtful label", "copies": "Copies?", "no label": "No label yet"}[item.kind];
  $("why").textContent = item.why;
  $("drop-text").textContent = item.drop;
  $("keep-text").textContent = several ? "Keep these labels" : "Keep “" + label(item.paths[0]) + "”";
  $("keep").hidden = item.kind === "no label";
  $("undo").disabled = !past.length && !queue.items.some(i => i.decided);
  const done = queue.items.filter(i => i.decided).length;
  $("left").textContent = "Picture " + (place + 1) + " of " + queue.items.length + " · " + done + " decided";
  $("done").style.width = 100 * done / queue.items.length + "%";
  $("pictures").replaceChildren();
  $("pictures").className = several ? "pictures several" : "pictures";
  buttons(item);
  const loaded = Promise.all(item.paths.map((_, i) => picture(item, place, i)));
  await loaded;
  if (at !== place) return;
  shown = true;
  document.body.dataset.item = place;
  preload(place + 1);
}

// buttons makes one for each class: its key, its name, what it is here, and its probability where that is known.
function buttons(item) {
  const labels = new Set(item.paths.map(label));
  $("classes").className = queue.classes.length > 10 ? "classes many" : "classes";
  $("classes").replaceChildren(...queue.classes.map((text, k) => {
    const b = element("button", "class"), now = labels.has(text), proposed = k === item.proposed && !now;
    b.type = "button";
    const middle = element("span", "", text + " ");
    if (now) middle.append(element("i", "", "label"));
    if (proposed) middle.append(element("i", "", "proposed"));
    b.classList.toggle("now", now);
    b.classList.toggle("proposed", proposed);
    b.append(element("kbd", "", queue.keys[k]), middle);
    if (item.chances) {
      b.append(element("small", "", percent(item.chances[k])));
      const line = element("span", "chance"), fill = element("div", "");
      fill.style.width = 100 * item.chances[k] + "%";
      line.append(fill);
      b.append(line);
    }
    b.onclick = () => decide("label", k);
    return b;
  }));
}

// preload has the browser's cache warm: the next picture is asked for while this one is looked at.
let ahead;
function preload(place) {
  if (place >= queue.items.length) return;
  ahead = new Image();
  ahead.src = "image/" + place + "/0";
}

function finish() {
  at = -1;
  document.body.dataset.item = "end";
  $("item").hidden = true;
  $("end").hidden = false;
  const done = queue.items.filter(i => i.decided).length;
  $("end-name").textContent = done === queue.items.length ? "All " + done + " are decided." : done + " of " + queue.items.length + " are decided.";
  $("counts").textContent = skipped.size ? skipped.size + " skipped." : "";
  $("again").hidden = !skipped.size;
  $("end").focus();
}

// take puts the answer to a decision into the queue.
function take(a) {
  for (const c of a.changes) queue.labels[c.path] = c.to;
  if (a.item >= 0) queue.items[a.item].decided = a.action;
}

function told(changes) {
  return changes.map(c => {
    if (c.from === c.to) return name(c.path) + (c.to ? ": label “" + c.to + "” kept" : ": not used");
    if (!c.to) return name(c.path) + ": left out";
    return name(c.path) + ": " + (c.from ? "“" + c.from + "” → " : "") + "“" + c.to + "”";
  }).join("; ");
}

async function work(job) {
  if (busy) return;
  busy = true;
  try { await job(); } catch (e) { say(e.message || "The server doesn't answer. Is finetune review still running?", true); }
  busy = false;
}

function decide(action, k) {
  if (!shown || at < 0) return;
  const place = at;
  return work(async () => {
    const a = await ask("decide", {item: place, action: action, class: k === undefined ? -1 : k});
    take(a);
    past.push({decided: place});
    say("Saved. " + told(a.changes));
    next(place + 1);
  });
}

function skip() {
  if (at < 0 || busy) return;
  skipped.add(at);
  past.push({skipped: at});
  say("Skipped " + name(queue.items[at].paths[0]));
  next(at + 1);
}

function undo() {
  if (busy) return;
  const last = past.pop();
  if (last && last.skipped !== undefined) {
    skipped.delete(last.skipped);
    say("Back to the skipped picture.");
    return show(last.skipped);
  }
  return work(async () => {
    const a = await ask("undo", {});
    take(a);
    say("Undone. " + told(a.changes));
    if (a.item >= 0) show(a.item); else next(Math.max(at, 0));
  });
}

function again() {
  skipped.clear();
  past = past.filter(p => p.skipped === undefined);
  next(0);
}

// type takes the digits of a class: at once where no longer number is possible, otherwise with Enter.
function type(text) {
  typed = text;
  $("typed").hidden = !typed;
  $("typed").textContent = typed ? "Class " + typed + " … Enter takes it, Escape clears it." : "";
}

function digit(d) {
  const text = typed + d, fitting = queue.keys.filter(key => key.startsWith(text));
  if (fitting.length !== 1 || fitting[0] !== text) return type(fitting.length ? text : "");
  take(text);
}

function take(text) {
  const k = queue.keys.indexOf(text);
  type("");
  if (k >= 0) decide("label", k);
}

document.addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.repeat || !queue) return;
  const key = e.key.toLowerCase(), on = document.activeElement;
  const onButton = on && (on.tagName === "BUTTON" || on.tagName === "A");
  if (/^[0-9]$/.test(key) && at >= 0) digit(key);
  else if (key === "enter" && typed) take(typed);
  else if (key === "enter" && !onButton && at >= 0 && queue.items[at].kind !== "no label") decide("keep");
  else if (key === "escape") type("");
  else if (key === "s" && at >= 0) skip();
  else if (key === "u") undo();
  else if (key === "x" && at >= 0) decide("drop");
  else return;
  e.preventDefault();
});

$("keep").onclick = () => decide("keep");
$("skip").onclick = skip;
$("undo").onclick = $("undo-end").onclick = undo;
$("drop").onclick = () => decide("drop");
$("again").onclick = again;

async function start() {
  queue = await ask("queue");
  for (const e of document.querySelectorAll(".out")) e.textContent = /\s/.test(queue.out) ? "'" + queue.out + "'" : queue.out;
  $("reviewer").textContent = queue.reviewer;
  $("order").textContent = queue.order ? " --order '" + queue.order.join(",") + "'" : "";
  busy = false;
  const left = queue.items.filter(i => !i.decided).length;
  say(left + " to look at" + (left < queue.items.length ? ", " + (queue.items.length - left) + " decided before." : "."));
  next(0);
}
start().catch(e => say("The server doesn't answer: " + e.message, true));
