/* The slider, the keys, and what they move. */

const studies = JSON.parse(byId("data").textContent);
const steps = [...new Set(studies.flatMap((study) => study.steps))].sort((a, b) => a - b);
const state = { at: 0, timer: null };
const PACE = 420; // milliseconds a step is shown

/** One scale for every study and every step, so that what is seen side by side or in turn can be compared. */
function limits() {
  let [low, high] = [0, 1];
  let zero = false;
  for (const study of studies)
    for (const { shares } of Object.values(study.networks))
      for (const triple of shares.flat())
        for (const share of triple.map(number)) {
          zero ||= share === 0;
          if (share > 0 && share < Infinity) [low, high] = [Math.min(low, Math.log10(share)), Math.max(high, Math.log10(share))];
        }
  const deep = low < -20 ? Math.max(-48, Math.floor(low / 5) * 5) : -20;
  const few = Math.min(-3, Math.floor((low - 1) / 3) * 3); // a decade or more below the smallest
  return { low: zero || few < -12 ? deep : few, high: high > 1 ? Math.ceil((high + 0.5) / 3) * 3 : 1 };
}

const scale = limits();
const drawings = studies.map((data, i) => {
  const root = document.querySelectorAll(".study")[i];
  const strips = new Strips(root.querySelector(".place-strips"), data, scale, markAll);
  return { data, strips, learning: new Learning(root.querySelector(".place-learning"), data) };
});

function markAll(block) {
  drawings.forEach(({ strips }) => strips.mark(block !== null && block < strips.count ? block : null));
  const tips = [...document.querySelectorAll(".tip:not([hidden])")].map((tip) => [...tip.children].map((line) => line.textContent).join(". "));
  if (document.activeElement?.classList.contains("strips")) byId("status").textContent = tips.join(". ");
}

/** The place in a study of the last of its steps that is not after this one. */
const placeIn = (data, step) => Math.max(0, data.steps.filter((each) => each <= step).length - 1);

function show(at) {
  state.at = Math.max(0, Math.min(steps.length - 1, at));
  const step = steps[state.at];
  byId("step").value = state.at;
  const total = Math.max(...studies.map((study) => study.total));
  const words = `step ${step.toLocaleString("en")} of ${total.toLocaleString("en")}${step <= 1 ? " (untrained)" : ""}`;
  byId("when").textContent = words;
  byId("step").setAttribute("aria-valuetext", words);
  for (const { data, strips, learning } of drawings) {
    strips.draw(placeIn(data, step));
    learning.draw(placeIn(data, step));
  }
}

function play(on) {
  clearInterval(state.timer);
  state.timer = null;
  if (on && steps.length > 1) {
    if (state.at === steps.length - 1) show(0);
    state.timer = setInterval(() => {
      show(state.at + 1);
      if (state.at === steps.length - 1) play(false);
    }, PACE);
  }
  const playing = state.timer !== null;
  byId("play").setAttribute("aria-pressed", playing);
  byId("play").setAttribute("aria-label", playing ? "Stop" : "Play the training");
  byId("glyph").setAttribute("d", playing ? "M3 2h4v12H3zM9 2h4v12H9z" : "M3 1.5v13l11-6.5z");
}

function go(at) {
  play(false);
  show(at);
}

function turn() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  byId("theme").textContent = dark ? "Dark" : "Light";
}

function key(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const where = event.target;
  if (event.key === " ") {
    if (where.closest("button, a, summary, input:not([type=range])")) return;
    event.preventDefault();
    play(state.timer === null);
  } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    if (where.closest("input, .strips, .scroll")) return;
    event.preventDefault();
    go(state.at + (event.key === "ArrowLeft" ? -1 : 1));
  } else if (event.key === "m" || event.key === "M") turn();
}

byId("step").max = steps.length - 1;
byId("step").addEventListener("input", () => go(Number(byId("step").value)));
byId("play").addEventListener("click", () => play(state.timer === null));
byId("theme").addEventListener("click", turn);
if (matchMedia("(prefers-color-scheme: dark)").matches) byId("theme").textContent = "Light";
document.addEventListener("keydown", key);
addEventListener("resize", () => show(state.at));
addEventListener("beforeprint", () => show(state.at));
document.documentElement.classList.add("script");
show(0);
