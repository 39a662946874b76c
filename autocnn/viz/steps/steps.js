/* What is explained, and how one moves: slider, keys, clicks. */

const state = { mode: "output", o: 0, c: 0, i: 0, j: 0, a: 0, b: 0, m: 0, n: 0, timer: null };
const stage = new Stage(go);
const written = new Written(() => ({ x: stage.x, w: stage.w, g: stage.z }), (found, key) => stage.point(state, found, key), focus);

const count = () => MODES[state.mode].size().reduce((all, size) => all * size, 1);
const place = () => MODES[state.mode].place(state);

function go(change) {
  play(false);
  move(change);
}

/** Change what is explained; draw anew what that changes. */
function move(change) {
  const anew = (change.mode ?? state.mode) !== state.mode || (change.o ?? state.o) !== state.o;
  Object.assign(state, change);
  if (anew) build();
  else show();
}

function build() {
  stage.build(state);
  document.querySelectorAll("#modes button").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.mode === state.mode)));
  byId("chooser").hidden = O === 1;
  byId("filter").textContent = `filter ${state.o} (of ${O})`;
  byId("step").max = count() - 1;
  show();
}

function show() {
  const at = place();
  const found = explained(state);
  stage.show(state, at);
  written.draw(state, found);
  byId("step").value = at;
  const words = `${spot()} · ${(at + 1).toLocaleString("en")} of ${count().toLocaleString("en")}`;
  byId("when").textContent = words;
  byId("step").setAttribute("aria-valuetext", words);
  if (!state.timer) byId("status").textContent = `${spot()}: ${precisely(found.total)}`;
  document.querySelectorAll("#all li").forEach((item) => item.classList.toggle("on", item.dataset.mode === state.mode && Number(item.dataset.place) === whole()));
}

function spot() {
  const { mode, o, c, i, j, a, b, m, n } = state;
  const channel = I > 1 ? `channel ${firstChannel(o) + c}, ` : "";
  if (mode === "output") return `output at row ${i}, column ${j}`;
  if (mode === "weight") return `weight at ${channel}row ${a}, column ${b}`;
  return `input at ${channel}row ${m}, column ${n}`;
}

/** The place among those of all filters, or of all channels of the input. */
const whole = () => place() + (state.mode === "pixel" ? firstChannel(state.o) * H * WIDE : state.o * count());

function unfold(mode, at) {
  const size = { output: OH * OW, weight: I * KH * KW, pixel: I * H * WIDE }[mode];
  const first = Math.floor(at / size);
  const o = mode === "pixel" ? (Math.floor(state.o / FILTERS) === first ? state.o : first * FILTERS) : first;
  return { mode, o, ...MODES[mode].at(at % size) };
}

/** Show another channel, or the share of another filter. */
function focus(key) {
  go(state.mode === "pixel" ? { o: key } : { c: key });
}

/** To another filter; the channel stays the same in its group. */
const turnTo = (o) => go({ o: (o + O) % O });

function play(on) {
  clearInterval(state.timer);
  state.timer = null;
  if (on && count() > 1) {
    if (place() === count() - 1) move(MODES[state.mode].at(0));
    state.timer = setInterval(() => {
      move(MODES[state.mode].at(place() + 1));
      if (place() === count() - 1) play(false);
    }, within(90, 24000 / count(), 900));
  }
  const playing = state.timer !== null;
  byId("play").setAttribute("aria-pressed", String(playing));
  byId("play").setAttribute("aria-label", playing ? "Stop" : "Play");
  byId("glyph").setAttribute("d", playing ? "M3 2h4v12H3zM9 2h4v12H9z" : "M3 1.5v13l11-6.5z");
}

/** A step along the result: left and right through all of it, up and down by its rows. */
function step(way) {
  const wide = MODES[state.mode].size().at(-1);
  const to = place() + { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wide, ArrowDown: wide }[way];
  if (to >= 0 && to < count()) go(MODES[state.mode].at(to));
}

const isDark = () =>
  (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function theme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  byId("theme").textContent = dark ? "Light" : "Dark";
}

const KEYS = [
  ["← →", "the step before, the next"], ["↑ ↓", "a row up, a row down"], ["Home End", "the first, the last"],
  ["Space", "play, stop"], ["1 2 3", "an output, a weight’s gradient, an input’s gradient"],
  ["[ ]", "filter before, next filter"], [", .", "channel before, next channel"], ["M", "light or dark"], ["?", "these keys"],
];

function help(shown) {
  byId("help").hidden = !shown;
  byId("show-help").setAttribute("aria-expanded", String(shown));
}

/** To a channel beside: of the input that is looked at, or of the weight or input that is explained. */
const beside = (way) => go({ c: (state.c + way + I) % I });

const ACTIONS = {
  " ": () => play(state.timer === null), 1: () => go({ mode: "output" }), 2: () => go({ mode: "weight" }), 3: () => go({ mode: "pixel" }),
  "[": () => turnTo(state.o - 1), "]": () => turnTo(state.o + 1), ",": () => beside(-1), ".": () => beside(1),
  Home: () => go(MODES[state.mode].at(0)), End: () => go(MODES[state.mode].at(count() - 1)),
  m: () => theme(!isDark()), "?": () => help(byId("help").hidden), Escape: () => help(false),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const where = event.target;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === " " && where.closest("button, a, summary")) return;
  if (key.startsWith("Arrow")) {
    if (where.closest("#written")) return;
    step(key);
  } else if (ACTIONS[key]) ACTIONS[key]();
  else return;
  event.preventDefault();
});

byId("step").addEventListener("input", () => go(MODES[state.mode].at(Number(byId("step").value))));
byId("play").addEventListener("click", () => play(state.timer === null));
byId("theme").addEventListener("click", ACTIONS.m);
byId("show-help").addEventListener("click", ACTIONS["?"]);
byId("before").addEventListener("click", ACTIONS["["]);
byId("after").addEventListener("click", ACTIONS["]"]);
document.querySelectorAll("#modes button").forEach((button) => button.addEventListener("click", () => go({ mode: button.dataset.mode })));
document.querySelectorAll("#all li").forEach((item) => item.addEventListener("click", () => go(unfold(item.dataset.mode, Number(item.dataset.place)))));
addEventListener("resize", build);
byId("theme").textContent = isDark() ? "Light" : "Dark";
byId("help").append(dom("dl", {}, ...KEYS.flatMap(([key, words]) => [dom("dt", {}, key), dom("dd", {}, words)])));
document.documentElement.classList.add("script");
build();
