/* What the reader does. */

const state = { open: new Set(), selected: null, lit: null, start: null, kept: false, results: [], chosen: -1 };

const FEW = 90; // as many shapes as a first look can take

const say = (text) => (byId("status").textContent = text);

/** A box and the same module in the other passes, which open and close together so that they stay level. */
function together(number) {
  const found = [number];
  boxes.forEach((box) => (box.mirror === number || boxes[number].mirror === box.number) && found.push(box.number));
  return [...new Set(found)];
}

/** Do something that draws anew, and leave a child where it was in the window. */
function keepingPlace(child, action) {
  const before = placeOf(child);
  action();
  draw();
  const after = placeOf(child);
  if (!before || !after) return;
  view.x += (before.x - after.x) * view.scale;
  view.y += (before.y - before.h / 2 - after.y + after.h / 2) * view.scale;
  moveView();
}

function toggle(number) {
  const opening = !state.open.has(number);
  keepingPlace(~number, () => together(number).forEach((each) => (opening ? state.open.add(each) : close(each))));
  if (state.selected !== null) state.selected = shownOrOpen(state.selected);
  mark();
  describe();
  say(`${boxes[number].title} ${opening ? "open" : "closed"}`);
}

function close(number) {
  state.open.delete(number);
}

/** A child, if it is drawn, else the closed box around it. */
const shownOrOpen = (child) => (placeOf(child) ? child : shownFor(child, state.open));

/** Open the outermost modules, then those inside, as long as the picture stays small. */
function openSome() {
  let count = boxes[0].children.length;
  let level = boxes[0].children;
  while (level.length) {
    const next = level.filter((child) => child < 0).map((child) => ~child);
    const inner = next.flatMap((number) => boxes[number].children);
    count += inner.length - next.length;
    if (!next.length || count > FEW) return;
    next.forEach((number) => state.open.add(number));
    level = inner;
  }
}

function openAll(open) {
  if (open) boxes.slice(1).forEach(({ number }) => state.open.add(number));
  else state.open.clear();
  draw();
  if (state.selected !== null) select(shownFor(state.selected, state.open), false);
  fitWidth();
  say(open ? "Every module open" : "Every module closed");
}

function select(child, move = true) {
  state.selected = child;
  mark();
  describe();
  tip(null);
  if (child === null) return;
  if (move) bringIn(child);
  say(spoken(child));
}

/** Open whatever hides a child, and select it. */
function reveal(child) {
  let hidden = false;
  for (let box = parentOf(child); box > 0; box = boxes[box].parent)
    if (!state.open.has(box)) {
      together(box).forEach((each) => state.open.add(each));
      hidden = true;
    }
  if (hidden) draw();
  if (child >= 0 && vertices[child].op === "item") child = incoming[child][0]?.source ?? child;
  select(child);
  canvas.focus({ preventScroll: true });
}

function setLit(lit, text) {
  state.lit = lit;
  byId("banner").hidden = lit === null;
  const clear = dom("button", { type: "button", "aria-label": "Clear", click: () => setLit(null) }, "×");
  byId("banner").replaceChildren(text ?? "", clear);
  mark();
  if (text) say(text);
}

function light(which) {
  const child = state.selected;
  if (child === null) return say("Select something first");
  const found = reach(inside(child), which === "ancestors" ? -1 : 1);
  const count = found.vertices.size - inside(child).length;
  const words = which === "ancestors" ? `depends on ${counted(count, "value")}` : `reaches ${counted(count, "value")}`;
  setLit(found, `${nameOf(child)} ${words}`);
}

/** Begin a path at the selection, or light the paths from where one was begun. */
function path() {
  const child = state.selected;
  if (child === null) return say("Select something first");
  if (state.start === null || state.start === child) {
    state.start = child;
    setLit(null);
    describe();
    byId("banner").hidden = false;
    byId("banner").replaceChildren(`Paths from ${nameOf(child)}: select where they end, and press P`);
    return say(`Paths from ${nameOf(child)}`);
  }
  let [first, second] = [state.start, child];
  let found = pathsBetween(first, second);
  if (!found.count) {
    [first, second] = [second, first];
    found = pathsBetween(first, second);
  }
  state.start = null;
  const ends = `from ${nameOf(first)} to ${nameOf(second)}`;
  if (!found.count) setLit(null);
  else setLit(found, `${pathCount(found.count)} ${ends}`);
  if (!found.count) {
    byId("banner").hidden = false;
    byId("banner").replaceChildren(`No path ${ends}`);
    say(`No path ${ends}`);
  }
  describe();
}

function pathCount(count) {
  if (count === 1n) return "1 path";
  const exact = count.toLocaleString("en");
  const power = count > 1000n && (count & (count - 1n)) === 0n ? ` = 2^${count.toString(2).length - 1}` : "";
  return exact.length > 40 ? `About 10^${count.toString().length - 1} paths` : `${exact}${power} paths`;
}

function twin() {
  const child = state.selected;
  if (child === null) return say("Select something first");
  const next = child < 0 ? boxes[~child].mirror : vertices[child].twin >= 0 ? vertices[child].twin : gradients[child][0];
  if (next === undefined || next === -1) return say("It has no twin");
  reveal(child < 0 ? ~next : next);
}

/** Move the selection: along a line that is drawn, or to the nearest that way. */
function step(way) {
  const { nodes } = drawn.arranged;
  const from = state.selected === null ? null : placeOf(state.selected);
  if (!from) return select([...nodes.keys()][0] ?? null);
  const [dx, dy] = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[way];
  const own = new Set(inside(state.selected));
  const joined = new Set();
  for (const vertex of own)
    for (const line of [...incoming[vertex], ...outgoing[vertex]]) {
      const other = own.has(line.source) ? line.target : line.source;
      if (!own.has(other) && (state.kept || !line.kept)) joined.add(shownFor(other, state.open));
    }
  let best = null;
  for (const [child, place] of nodes) {
    const along = (place.x - from.x) * dx + (place.y - from.y) * dy;
    const across = Math.abs((place.x - from.x) * dy) + Math.abs((place.y - from.y) * dx);
    if (child === state.selected || along <= 1 || own.has(child)) continue;
    const cost = (joined.has(child) ? 0 : 1e6) + along + 3 * across;
    if (!best || cost < best[0]) best = [cost, child];
  }
  if (best && (best[0] < 1e6 || best[0] - 1e6 < 4000)) select(best[1]);
  else say("Nothing that way");
}

function text(shown) {
  document.body.classList.toggle("text", shown);
  byId("show-listing").setAttribute("aria-expanded", String(shown));
  if (shown) byId("listing").focus();
}

function help(shown) {
  byId("help").hidden = !shown;
  byId("show-help").setAttribute("aria-expanded", String(shown));
}

function kept(shown) {
  state.kept = shown;
  byId("kept").setAttribute("aria-pressed", String(shown));
  mark();
}

const isDark = () =>
  (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function theme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  byId("theme").textContent = dark ? "Light" : "Dark";
}

/* Search ----------------------------------------------------------------------------------------------------- */

const SHOWN = 60;

function showResults() {
  const typed = byId("search").value;
  state.results = search(typed);
  state.chosen = -1;
  const items = state.results.slice(0, SHOWN).map((child, place) => {
    const where = child >= 0 ? vertices[child].scope : boxes[~child].parent > 0 ? pathOf(~boxes[~child].parent) : "";
    const { phase } = vertices[child] ?? boxes[~child];
    const head = child >= 0 ? `%${vertices[child].id} ${nameOf(child)}` : nameOf(child);
    const about = [child < 0 ? "module" : vertices[child].kind, phase === "forward" ? "" : data.passes[phase], where];
    return dom(
      "li", { role: "option", id: `result${place}`, "data-place": place, "aria-selected": "false" },
      dom("b", {}, head), " ", dom("span", {}, about.filter(Boolean).join(" · ")),
    );
  });
  const rest = state.results.length - items.length;
  if (rest > 0) items.push(dom("li", { class: "note" }, `and ${rest.toLocaleString("en")} more; type on`));
  if (typed.trim() && !items.length) items.push(dom("li", { class: "note" }, "Nothing has this in its name"));
  byId("results").replaceChildren(...items);
  openResults(Boolean(typed.trim()));
}

function openResults(open) {
  byId("results").hidden = !open;
  byId("search").setAttribute("aria-expanded", String(open));
  if (!open) byId("search").removeAttribute("aria-activedescendant");
}

function choose(place) {
  const last = Math.min(state.results.length, SHOWN) - 1;
  state.chosen = Math.max(0, Math.min(last, place));
  for (const item of byId("results").children) {
    const chosen = item.dataset.place === String(state.chosen);
    item.setAttribute("aria-selected", String(chosen));
    if (chosen) item.scrollIntoView({ block: "nearest" });
  }
  if (last >= 0) byId("search").setAttribute("aria-activedescendant", `result${state.chosen}`);
}

function take(place) {
  const child = state.results[place];
  openResults(false);
  if (child !== undefined) reveal(child);
}

byId("search").addEventListener("input", showResults);
byId("search").addEventListener("focus", () => byId("search").value && showResults());
byId("search").addEventListener("blur", () => openResults(false));
byId("results").addEventListener("pointerdown", (event) => {
  event.preventDefault(); // else the field loses focus, and the list goes before the click
  const item = event.target.closest("[data-place]");
  if (item) take(Number(item.dataset.place));
});
byId("search").addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") choose(state.chosen + (event.key === "ArrowDown" ? 1 : -1));
  else if (event.key === "Enter") take(Math.max(0, state.chosen));
  else if (event.key === "Escape") {
    byId("search").value = "";
    openResults(false);
    canvas.focus({ preventScroll: true });
  } else return;
  event.preventDefault();
});

/* Pointer ---------------------------------------------------------------------------------------------------- */

const pointers = new Map();
let moved = 0;

const childAt = (target) => {
  const found = target.closest?.("[data-child]");
  return found ? Number(found.dataset.child) : null;
};

const inCanvas = (event) => {
  const { left, top } = canvas.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
};

canvas.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  if (!pointers.size) moved = 0;
  pointers.set(event.pointerId, inCanvas(event));
});
canvas.addEventListener("pointermove", (event) => {
  const [x, y] = inCanvas(event);
  const before = pointers.get(event.pointerId);
  if (!before) return event.pointerType === "mouse" ? tip(childAt(event.target), x, y) : undefined;
  moved += Math.abs(x - before[0]) + Math.abs(y - before[1]);
  if (moved < 4) return;
  if (!canvas.hasPointerCapture(event.pointerId)) canvas.setPointerCapture(event.pointerId);
  canvas.classList.add("moving");
  tip(null);
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const apart = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]);
    zoom(apart([x, y]) / Math.max(1, apart(before)), other[0], other[1]);
  } else {
    view.x += x - before[0];
    view.y += y - before[1];
    moveView();
  }
  pointers.set(event.pointerId, [x, y]);
});
for (const name of ["pointerup", "pointercancel"])
  canvas.addEventListener(name, (event) => {
    pointers.delete(event.pointerId);
    canvas.classList.remove("moving");
  });
canvas.addEventListener("pointerleave", () => tip(null));
canvas.addEventListener("click", (event) => {
  if (moved >= 4) return;
  const toggled = event.target.closest("[data-toggle]");
  if (toggled) return toggle(Number(toggled.dataset.toggle));
  select(childAt(event.target), false);
});
canvas.addEventListener("dblclick", (event) => {
  const child = childAt(event.target);
  if (child !== null && child < 0 && !event.target.closest("[data-toggle]")) toggle(~child);
});
canvas.addEventListener(
  "wheel",
  (event) => {
    event.preventDefault();
    tip(null);
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    zoom(Math.exp(-event.deltaY * unit * (event.ctrlKey ? 0.01 : 0.0015)), ...inCanvas(event));
  },
  { passive: false },
);

/* Keys ------------------------------------------------------------------------------------------------------- */

function enter() {
  const child = state.selected;
  if (child === null) return say("Select something first");
  if (child < 0) return toggle(~child);
  const box = parentOf(child);
  if (box > 0) toggle(box);
}

function escape() {
  if (!byId("help").hidden) help(false);
  else if (document.body.classList.contains("text")) text(false);
  else if (state.lit || state.start !== null) {
    state.start = null;
    setLit(null);
    describe();
  } else select(null);
  canvas.focus({ preventScroll: true });
}

const ACTIONS = {
  "/": () => byId("search").select(),
  a: () => light("ancestors"), d: () => light("descendants"), p: path, t: twin,
  u: () => state.selected !== null && parentOf(state.selected) > 0 && select(~parentOf(state.selected)),
  e: () => openAll(true), c: () => openAll(false), k: () => kept(!state.kept),
  l: () => text(!document.body.classList.contains("text")), m: () => theme(!isDark()), "?": () => help(byId("help").hidden),
  "0": fit, "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), Escape: escape,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === byId("search")) return;
  const onCanvas = event.target === canvas || event.target === document.body;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (onCanvas && key.startsWith("Arrow")) step(key);
  else if (onCanvas && (key === "Enter" || key === " ")) enter();
  else if (ACTIONS[key]) ACTIONS[key]();
  else return;
  event.preventDefault();
});

for (const [id, action] of Object.entries({
  "open-all": () => openAll(true), "close-all": () => openAll(false), fit, kept: () => kept(!state.kept),
  "show-listing": ACTIONS.l, theme: ACTIONS.m, "show-help": ACTIONS["?"], "zoom-in": ACTIONS["+"], "zoom-out": ACTIONS["-"],
}))
  byId(id).addEventListener("click", action);

/* The beginning ---------------------------------------------------------------------------------------------- */

document.documentElement.classList.add("script");
byId("facts").textContent = data.facts;
byId("kept").hidden = !lines.some((line) => line.kept);
byId("theme").textContent = isDark() ? "Light" : "Dark";
byId("legend").open = innerWidth > 900;
drawMarkers();
drawLegend();
drawHelp();
openSome();
draw();
fitWidth();
