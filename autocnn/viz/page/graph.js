/* The graph: vertices, boxes (modules) and lines, and what can be asked of them. A child is something in a
   box: a vertex by its number, a box by ~number. Box 0 is the whole graph. */

const data = JSON.parse(byId("data").textContent);

const vertices = data.vertices.map((row, index) => {
  const vertex = { index };
  data.fields.forEach((name, place) => {
    vertex[name] = data.textFields.includes(name) ? data.texts[row[place]] : row[place];
  });
  vertex.lines = vertex.caption.split("\n");
  return vertex;
});

const boxes = data.boxes.map((row, number) => {
  const box = { number };
  data.boxFields.forEach((name, place) => (box[name] = row[place]));
  box.title = data.texts[box.title];
  box.depth = box.parent < 0 ? 0 : -1;
  return box;
});
boxes.forEach((box) => box.number && (box.depth = boxes[box.parent].depth + 1)); // parents come first

const strokes = data.strokes.map(([name, title, width, style]) => ({ name, title, width, style }));

const lines = [];
for (let at = 0; at < data.lines.length; at += 4) {
  const [source, target, position, stroke] = data.lines.slice(at, at + 4);
  const kept = data.both && vertices[source].phase === "forward" && vertices[target].phase !== "forward";
  lines.push({ number: lines.length, source, target, position, stroke, kept });
}

const incoming = vertices.map(() => []);
const outgoing = vertices.map(() => []);
for (const line of lines) {
  incoming[line.target].push(line);
  outgoing[line.source].push(line);
}

const gradients = vertices.map(() => []); // the later vertices that belong to each
vertices.forEach((vertex) => vertex.twin >= 0 && vertex.op !== "item" && gradients[vertex.twin].push(vertex.index));

const byNumber = new Map(vertices.map((vertex) => [vertex.id, vertex.index]));

const formulas = new Map(Object.entries(data.formulas)); // not an object: an op may be called "constructor"

/** The box that a child lies in. */
const parentOf = (child) => (child >= 0 ? vertices[child].box : boxes[~child].parent);

/** What stands for a child when only these boxes are open. */
function shownFor(child, open) {
  let shown = child;
  for (let box = parentOf(child); box > 0; box = boxes[box].parent) if (!open.has(box)) shown = ~box;
  return shown;
}

/** All vertices in a child. */
function inside(child) {
  const found = [];
  const todo = [child];
  while (todo.length) {
    const next = todo.pop();
    if (next >= 0) found.push(next);
    else todo.push(...boxes[~next].children);
  }
  return found;
}

/** The full name of a module, and of what lies in it. */
const pathOf = (child) => {
  const titles = [];
  for (let box = child >= 0 ? vertices[child].box : ~child; box > 0; box = boxes[box].parent) titles.unshift(boxes[box].title);
  return titles.join(" / ");
};

/** What stands at the top of an open box. */
const headingOf = (number) => {
  const { phase, title } = boxes[number];
  return phase === "forward" ? title : `${title} · ${data.passes[phase]}`;
};

const nameOf = (child) => (child >= 0 ? vertices[child].lines[0] : boxes[~child].title);

/** Everything before (-1) or after (1) some vertices, themselves included, with the lines between. */
function reach(starts, direction) {
  const found = { vertices: new Set(starts), lines: new Set() };
  const todo = [...starts];
  while (todo.length) {
    const at = todo.pop();
    for (const line of direction < 0 ? incoming[at] : outgoing[at]) {
      const next = direction < 0 ? line.source : line.target;
      found.lines.add(line.number);
      if (!found.vertices.has(next)) {
        found.vertices.add(next);
        todo.push(next);
      }
    }
  }
  return found;
}

/** What lies on the paths from one child to another, and how many paths there are: between vertices exactly, of
    boxes from any value that enters to any that leaves. */
function pathsBetween(first, second) {
  const starts = new Set(inside(first));
  const ends = new Set(inside(second));
  const after = reach(starts, 1);
  const before = reach(ends, -1);
  const on = [...after.vertices].filter((vertex) => before.vertices.has(vertex)).sort((a, b) => a - b);
  const among = new Set(on);
  const used = new Set([...after.lines].filter((line) => before.lines.has(line) && among.has(lines[line].source)));
  const counts = new Map();
  let total = 0n;
  for (const vertex of on) {
    let count = starts.has(vertex) && (first >= 0 || !incoming[vertex].some((line) => starts.has(line.source))) ? 1n : 0n;
    for (const line of incoming[vertex]) if (used.has(line.number)) count += counts.get(line.source);
    counts.set(vertex, count);
    if (ends.has(vertex) && (second >= 0 || !outgoing[vertex].some((line) => ends.has(line.target)))) total += count;
  }
  return { vertices: among, lines: used, count: total };
}

const searched = [
  ...boxes.slice(1).map((box) => ({ child: ~box.number, text: `${pathOf(~box.number)} ${box.phase} module` })),
  ...vertices
    .filter((vertex) => vertex.op !== "item")
    .map((vertex) => ({
      child: vertex.index,
      text: `%${vertex.id} ${vertex.lines.join(" ")} ${vertex.op} ${vertex.kind} ${vertex.name} ${vertex.scope} ${vertex.phase}`,
    })),
].map((entry) => ({ ...entry, text: entry.text.toLowerCase(), name: nameOf(entry.child).toLowerCase() }));

/** The children that hold every word of a text: those whose name it is, then those whose name begins so, then
    the others, each in the order of the graph. */
function search(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const number = /^%(\d+)$/.exec(words[0]);
  const holds = ({ text: all }) => words.every((word) => (number ? all.split(" ").includes(word) : all.includes(word)));
  const whole = words.join(" ");
  const rank = ({ name }) => (name === whole ? 0 : name.startsWith(whole) ? 1 : 2);
  const ranked = searched.filter(holds).map((entry) => [rank(entry), entry.child]);
  return [0, 1, 2].flatMap((wanted) => ranked.filter(([rank]) => rank === wanted).map(([, child]) => child));
}
