/* What is told about the selected child, and beside the picture: tooltip, legend, keys. */

const KEYS = [
  ["↑ ↓ ← →", "Along the edges; else to the nearest neighbour"],
  ["Enter", "Open or close the module; of a vertex: close its module"],
  ["/", "Search"],
  ["A", "Light all that the selection depends on (ancestors)"],
  ["D", "Light all that depends on it (descendants)"],
  ["P", "Begin a path here; again at another place: light the paths between"],
  ["T", "Go to the forward twin of a backward vertex, and back"],
  ["U", "Go up to the module around"],
  ["E / C", "Open, close every module"],
  ["K", "Show or hide values kept for the backward pass"],
  ["L", "The graph as text"],
  ["0 + −", "Fit, zoom in, zoom out"],
  ["M", "Light or dark"],
  ["Esc", "Clear lights, then the selection"],
];

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let place = 0;
  for (; count >= 1024 && place < units.length - 1; place++) count /= 1024;
  return `${place ? count.toFixed(count < 10 ? 1 : 0) : count} ${units[place]}`;
}

const fact = (name, ...values) => [dom("dt", {}, name), dom("dd", {}, ...values)];

/** A button that leads to a child. */
function linkTo(child, words = "") {
  const text = words || (child >= 0 ? `%${vertices[child].id} ${nameOf(child)}` : nameOf(child));
  const where = child >= 0 && vertices[child].scope ? dom("span", { class: "where" }, vertices[child].scope) : null;
  return dom("button", { class: "link", type: "button", "data-go": child, click: () => reveal(child) }, text, where);
}

/** Links to children, the first of them at once and the others on request. */
function listOf(children, shown = 12) {
  const rest = children.slice(shown);
  const list = dom("ul", {}, ...children.slice(0, shown).map((child) => dom("li", {}, linkTo(child))));
  if (!rest.length) return list;
  const more = dom("button", { type: "button", class: "more" }, `${rest.length} more`);
  more.addEventListener("click", () => more.replaceWith(listOf(rest, 200)));
  return dom("div", {}, list, more);
}

function formulaRows(op) {
  const found = formulas.get(op) ?? [];
  return dom("div", { class: "formula" }, ...found.map((text) => dom("code", {}, text)));
}

/** The formulas of an op, and of the op whose derivative it is. */
function formulaFacts(vertex) {
  const facts = [];
  if (formulas.has(vertex.op)) facts.push(...fact("Computes, and its derivative", formulaRows(vertex.op)));
  const twin = vertices[vertex.twin];
  if (twin && formulas.has(twin.op)) facts.push(...fact(`Derivative of its twin, ${twin.op}`, formulaRows(twin.op)));
  return facts;
}

function savedFact(vertex) {
  if (!vertex.saved.length) return [];
  const rows = vertex.saved.map(([position, label, size]) => {
    const what = position < 0 ? "its result" : `argument ${position + 1}`;
    const place = byNumber.get(Number(label.slice(1)));
    const name = place === undefined ? label : linkTo(place, label);
    return dom("li", {}, `${what}: `, name, ` ${bytes(size)}`);
  });
  return fact("Keeps for the backward pass", dom("ul", {}, ...rows));
}

function actions(child) {
  const button = (text, action, key) => dom("button", { type: "button", click: action, title: `Key: ${key}` }, text);
  const start = state.start !== null && state.start !== child;
  return dom(
    "p", { class: "actions" },
    button("Ancestors", () => light("ancestors"), "A"), button("Descendants", () => light("descendants"), "D"),
    button(start ? `Paths from ${nameOf(state.start)}` : "Paths from here", () => path(), "P"),
    child < 0 ? button(state.open.has(~child) ? "Close" : "Open", () => toggle(~child), "Enter") : null,
  );
}

function vertexFacts(vertex) {
  const unique = (children) => [...new Set(children)];
  const sources = unique(incoming[vertex.index].map(({ source }) => source));
  const targets = unique(outgoing[vertex.index].map(({ target }) => target));
  const parts = vertex.params ? vertex.params.split("\n") : [];
  return [
    ...fact("Value", `${vertex.type} · ${bytes(vertex.bytes)} · ${vertex.device}`),
    ...(parts.length ? fact("Parameters", ...parts.map((text) => dom("code", {}, text))) : []),
    ...formulaFacts(vertex),
    ...savedFact(vertex),
    ...(vertex.twin >= 0 ? fact("Forward twin", linkTo(vertex.twin)) : []),
    ...(gradients[vertex.index].length ? fact("Its gradients are computed by", listOf(gradients[vertex.index])) : []),
    ...(sources.length ? fact(counted(sources.length, "argument"), listOf(sources)) : []),
    ...(targets.length ? fact(`Used by ${targets.length}`, listOf(targets)) : []),
    ...(vertex.box > 0 ? fact("In", linkTo(~vertex.box, pathOf(vertex.index))) : []),
    ...(vertex.line ? fact("Written at", vertex.line) : []),
  ];
}

function boxFacts(box) {
  const mirrored = box.mirror >= 0 ? ~box.mirror : null;
  return [
    ...fact("Holds", `${counted(box.ops, "op")}, ${counted(box.parameters, "parameter")}`),
    ...(mirrored !== null ? fact(`In the ${data.passes[boxes[box.mirror].phase]} pass`, linkTo(mirrored)) : []),
    ...(box.parent > 0 ? fact("In", linkTo(~box.parent, pathOf(~box.parent))) : []),
    ...fact("Parts", listOf(box.children)),
  ];
}

function describe() {
  const panel = byId("details");
  const child = state.selected;
  panel.hidden = child === null;
  if (child === null) return panel.replaceChildren();
  const vertex = vertices[child];
  const kind = vertex ? `%${vertex.id} · ${data.families[vertex.family][0]}` : "module";
  const { phase } = vertex ?? boxes[~child];
  const close = dom("button", { type: "button", class: "close", "aria-label": "Close details", click: () => select(null) }, "×");
  panel.replaceChildren(
    dom("div", { class: "title" }, dom("h2", {}, nameOf(child)), close),
    dom("p", { class: "kind" }, kind, " · ", dom("span", { class: `phase-${phase}` }, data.passes[phase])),
    actions(child),
    dom("dl", {}, ...(vertex ? vertexFacts(vertex) : boxFacts(boxes[~child]))),
  );
  panel.scrollTop = 0;
}

/** A short word on what the pointer is over. */
function tip(child, x, y) {
  const box = byId("tip");
  box.hidden = child === null;
  if (child === null) return;
  const vertex = vertices[child];
  const said = vertex
    ? [`${vertex.type} · ${bytes(vertex.bytes)}`, vertex.scope, ...(formulas.get(vertex.op) ?? []).slice(0, 4)]
    : [pathOf(child), counted(boxes[~child].ops, "op"), counted(boxes[~child].parameters, "parameter")];
  const head = vertex ? `%${vertex.id} ${vertex.op || nameOf(child)}` : nameOf(child);
  box.replaceChildren(dom("b", {}, head), ...said.filter(Boolean).map((text) => dom("div", {}, text)));
  const { clientWidth: wide, clientHeight: high } = byId("canvas");
  box.style.left = `${Math.max(4, Math.min(x + 14, wide - box.offsetWidth - 4))}px`;
  box.style.top = `${y + 18 + box.offsetHeight > high ? Math.max(4, y - box.offsetHeight - 10) : y + 18}px`;
}

function drawLegend() {
  const sample = (part) => svg("svg", { width: 34, height: 22, viewBox: "-17 -12 34 22", "aria-hidden": "true" }, part);
  const used = new Set(lines.map(({ stroke }) => stroke));
  const passes = Object.keys(data.passes).filter((name) => vertices.some(({ phase }) => phase === name));
  const families = Object.entries(data.families).map(([name, [title]]) => [
    svg("g", { class: `node fill-${name} phase-forward kind-${name}` }, svg("path", { d: outline(name, 26, 14), class: "shape" })), title,
  ]);
  const rings = passes.length > 1 ? passes.map((name) => [
    svg("g", { class: `node fill-arithmetic phase-${name}` },
      ...(name === "second" ? [svg("path", { d: OUTLINES.box(16, 9), class: "ring" })] : []),
      svg("path", { d: OUTLINES.box(13, 6), class: "shape" })), `${data.passes[name]} pass`,
  ]) : [];
  const kinds = strokes.flatMap((stroke, place) => used.has(place) ? [[
    svg("path", { d: "M-15 0H13", class: `line ${strokeClass(stroke)}`, "stroke-width": stroke.width, "marker-end": `url(#tip${place})`,
      "stroke-dasharray": stroke.style === "dashed" ? "4 3" : null }), stroke.title,
  ]] : []);
  byId("samples").replaceChildren(...[...families, ...rings, ...kinds].map(([part, title]) => dom("div", {}, sample(part), title)));
}

function drawHelp() {
  const close = dom("button", { type: "button", class: "close", "aria-label": "Close keys", click: () => help(false) }, "×");
  const rows = KEYS.map(([key, meaning]) => dom("tr", {}, dom("th", { scope: "row" }, key), dom("td", {}, meaning)));
  byId("help").replaceChildren(
    dom("div", { class: "title" }, dom("h2", {}, "Keys"), close), dom("table", {}, dom("tbody", {}, ...rows)),
    dom("p", {}, "Drag to move, wheel or pinch to zoom, click for details, double-click a module to open or close it."),
  );
}
