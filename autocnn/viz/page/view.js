/* Drawing what is open, and moving the window over it. */

const canvas = byId("graph");
const view = { x: 0, y: 0, scale: 1 };
const drawn = { arranged: null, curves: [] };

const nodeId = (child) => (child >= 0 ? `v${child}` : `b${~child}`);

const counted = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

/** Arrow heads, one for each kind of line. */
function drawMarkers() {
  byId("markers").replaceChildren(
    ...strokes.map((stroke, place) =>
      svg(
        "marker",
        { id: `tip${place}`, viewBox: "0 0 8 8", refX: 7.5, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto", markerUnits: "userSpaceOnUse" },
        svg("path", { d: "M0 0.8L8 4L0 7.2Z", class: `tip ${strokeClass(stroke)}` }),
      ),
    ),
  );
}

const strokeClass = ({ name }) => `line-${name.replace(" ", "-")}`;

function captionOf(child) {
  if (child >= 0) return vertices[child].lines;
  const { title, ops, parameters } = boxes[~child];
  return [title, counted(ops, "op"), ...(parameters ? [counted(parameters, "parameter")] : [])];
}

/** What a screen reader says of a child. */
function spoken(child) {
  if (child < 0) {
    const { title, ops, phase } = boxes[~child];
    return `${title}, module, ${data.passes[phase]}, ${counted(ops, "op")}, ${state.open.has(~child) ? "open" : "closed"}`;
  }
  const { lines: said, kind, phase, type, id } = vertices[child];
  return `${said.join(", ")}, ${kind}, ${data.passes[phase]}, ${type}, %${id}`;
}

function drawNode(child, { x, y, w, h }) {
  const vertex = child >= 0 ? vertices[child] : null;
  const family = vertex ? vertex.family : "module";
  const { phase } = vertex ?? boxes[~child];
  const texts = captionOf(child);
  const first = -h / 2 + (family === "cylinder" || family === "parameter" ? 22 : 18);
  const shift = vertex ? 0 : 9;
  const rows = texts.map((text, place) =>
    svg("text", { x: shift, y: place ? first + 1 + 11 * place : first - 1, class: place ? "small" : "name" }, text),
  );
  const ring = phase === "second" ? [svg("path", { d: outline(family, w + 6, h + 6), class: "ring" })] : [];
  const mark = vertex ? [] : [drawToggle(~child, shift - w / 2 + 4, 0, "+")];
  const label = spoken(child);
  return svg(
    "g",
    {
      id: nodeId(child), class: `node fill-${family} phase-${phase}${vertex ? ` kind-${vertex.kind}` : " box"}`,
      transform: `translate(${x} ${y})`, role: "button", "aria-label": label, "data-child": child,
    },
    ...ring, svg("path", { d: outline(family, w, h), class: "shape" }), ...rows, ...mark,
  );
}

function drawToggle(number, x, y, sign) {
  const lines = sign === "+" ? "M-3.5 0H3.5M0 -3.5V3.5" : "M-3.5 0H3.5";
  return svg(
    "g",
    { class: "toggle", transform: `translate(${x} ${y})`, "data-toggle": number },
    svg("title", {}, sign === "+" ? "Open" : "Close"), svg("rect", { x: -7, y: -7, width: 14, height: 14, rx: 3 }), svg("path", { d: lines }),
  );
}

function drawFrame(number, { x, y, w, h }) {
  const { phase } = boxes[number];
  const attributes = { "data-child": ~number, id: nodeId(~number), role: "button", "aria-label": spoken(~number) };
  return [
    svg("rect", { x, y, width: w, height: h, rx: 6, class: `frame phase-${phase}`, "data-child": ~number }),
    svg(
      "g",
      { class: `heading phase-${phase}`, transform: `translate(${x} ${y})`, ...attributes },
      svg("rect", { x: 2, y: 2, width: headingWidth(number) - 4, height: 20, class: "catch" }),
      drawToggle(number, 13, 13, "−"), svg("text", { x: 26, y: 17, class: "title" }, headingOf(number)),
    ),
  ];
}

function drawCurve(found, place) {
  const { stroke, points, tip } = found;
  const marker = tip ? `url(#tip${strokes.indexOf(stroke)})` : null;
  const dash = stroke.style === "dashed" ? "4 3" : null;
  return svg("path", {
    d: pathData(points), class: `line ${strokeClass(stroke)}${found.kept ? " kept" : ""}`, "marker-end": marker,
    "stroke-width": stroke.width, "stroke-dasharray": dash, "data-curve": place,
  });
}

/** Draw everything again, as the state says. */
function draw() {
  const arranged = arrange(state.open);
  const curves = [...arranged.curves, ...(data.both ? keptCurves(arranged, state.open) : [])];
  Object.assign(drawn, { arranged, curves });
  const frames = [...arranged.frames].map(([number, frame]) => drawFrame(number, frame));
  byId("frames").replaceChildren(...frames.map(([rect]) => rect));
  byId("curves").replaceChildren(...curves.map(drawCurve));
  byId("nodes").replaceChildren(
    ...frames.map(([, heading]) => heading),
    ...[...arranged.nodes].map(([child, place]) => drawNode(child, place)),
  );
  mark();
}

/** Show what is selected and what is lit, without drawing anew. */
function mark() {
  const { lit, selected } = state;
  canvas.classList.toggle("lit", lit !== null);
  canvas.classList.toggle("no-kept", !state.kept);
  const touching = selected === null ? null : new Set(inside(selected));
  const isLit = (child) => lit !== null && inside(child).some((vertex) => lit.vertices.has(vertex));
  for (const node of byId("nodes").children) {
    const child = Number(node.dataset.child);
    node.classList.toggle("on", isLit(child));
    node.classList.toggle("selected", child === selected);
    node.classList.toggle("start", child === state.start);
  }
  for (const frame of byId("frames").children) {
    frame.classList.toggle("on", isLit(Number(frame.dataset.child)));
    frame.classList.toggle("selected", Number(frame.dataset.child) === selected);
  }
  [...byId("curves").children].forEach((path, place) => {
    const through = drawn.curves[place].lines;
    path.classList.toggle("on", lit !== null && through.some((line) => lit.lines.has(line.number)));
    const touches = touching !== null && through.some((line) => touching.has(line.source) !== touching.has(line.target));
    path.classList.toggle("touches", touches);
  });
  if (selected === null) canvas.removeAttribute("aria-activedescendant");
  else canvas.setAttribute("aria-activedescendant", nodeId(selected));
}

/** Where a child is drawn: middle and size. */
function placeOf(child) {
  const node = drawn.arranged.nodes.get(child);
  if (node) return node;
  const frame = drawn.arranged.frames.get(~child);
  return frame && { x: frame.x + frame.w / 2, y: frame.y + frame.h / 2, w: frame.w, h: frame.h };
}

function moveView() {
  byId("view").setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
  canvas.classList.toggle("far", view.scale < 0.45);
}

const LEAST = 0.02;
const MOST = 6;

/** Zoom about a point of the window. */
function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const scale = Math.min(MOST, Math.max(LEAST, view.scale * factor));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  moveView();
}

/** Show a rectangle of the picture whole, but not larger than drawn. */
function show({ x, y, w, h }, most = 1.25) {
  const [wide, high] = [canvas.clientWidth, canvas.clientHeight];
  view.scale = Math.max(LEAST, Math.min((wide - 24) / w, (high - 24) / h, most));
  view.x = wide / 2 - x * view.scale;
  view.y = high / 2 - y * view.scale;
  moveView();
}

function fit() {
  const { w, h } = drawn.arranged;
  show({ x: w / 2, y: h / 2, w, h });
}

/** At first, and for tall graphs: as wide as the window, from the top. */
function fitWidth() {
  fit();
  if (view.scale >= 0.7) return;
  const { w } = drawn.arranged;
  view.scale = Math.min(1, Math.max(0.7, (canvas.clientWidth - 24) / w));
  view.x = Math.max(4, canvas.clientWidth / 2 - (w / 2) * view.scale);
  view.y = 4;
  const first = drawn.arranged.nodes.get(shownFor(0, state.open)) ?? { x: 0, y: 0 }; // where the graph begins
  const [x, y] = [first.x * view.scale + view.x, first.y * view.scale + view.y];
  if (x < 40 || x > canvas.clientWidth - 40) view.x += canvas.clientWidth / 3 - x;
  if (y > canvas.clientHeight - 40) view.y += 60 - y;
  moveView();
}

/** Bring a child into the window, if it is not there. */
function bringIn(child) {
  const place = placeOf(child);
  if (!place) return;
  if (view.scale < 0.5) zoom(0.9 / view.scale);
  const x = place.x * view.scale + view.x;
  const y = (place.y - (child < 0 && state.open.has(~child) ? place.h / 2 - 20 : 0)) * view.scale + view.y;
  const margin = 60;
  const [wide, high] = [canvas.clientWidth, canvas.clientHeight];
  if (x < margin || x > wide - margin) view.x += wide / 2 - x;
  if (y < margin || y > high - margin) view.y += high / 2 - y;
  moveView();
}
