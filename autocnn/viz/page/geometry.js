/* Where everything lies when some boxes are open. Each box was laid out with its inner boxes closed. An open one
   needs more room: both axes of the box around it are stretched there, so what was apart stays apart. */

const FRAME = { side: 12, top: 26, bottom: 12 }; // what an open box has around its picture

/** How wide the heading of a box is, its mark and the space around it included. */
const headingWidth = (() => {
  const pen = document.createElement("canvas").getContext("2d");
  const known = new Map();
  return (number) => {
    const words = headingOf(number);
    if (!known.has(words)) {
      pen.font = '600 11px Helvetica, Arial, "DejaVu Sans", sans-serif'; // as in the style sheet
      known.set(words, 36 + pen.measureText(words).width);
    }
    return known.get(words);
  };
})();

/** A growing map of the line onto itself, with slope 1 but where an interval [from, to] must grow to a size. */
function stretch(wanted) {
  const largest = new Map();
  for (const [from, to, size] of wanted) {
    const key = `${from} ${to}`;
    if (!(largest.get(key)?.[2] >= size)) largest.set(key, [from, to, size]);
  }
  const intervals = [...largest.values()].sort((a, b) => a[1] - a[0] - (b[1] - b[0]));
  const cuts = [...new Set(intervals.flatMap(([from, to]) => [from, to]))].sort((a, b) => a - b);
  const places = new Map(cuts.map((cut, place) => [cut, place]));
  const lengths = cuts.slice(1).map((cut, place) => cut - cuts[place]);
  for (const [from, to, size] of intervals) {
    const [first, last] = [places.get(from), places.get(to)];
    const lack = size - lengths.slice(first, last).reduce((sum, length) => sum + length, 0);
    for (let place = first; lack > 0 && place < last; place++)
      lengths[place] += (lack * (cuts[place + 1] - cuts[place])) / (to - from);
  }
  const images = [cuts[0] ?? 0];
  lengths.forEach((length) => images.push(images.at(-1) + length));
  return (at) => {
    if (!cuts.length || at <= cuts[0]) return at;
    let low = 0;
    let high = cuts.length - 1;
    if (at >= cuts[high]) return images[high] + at - cuts[high];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (cuts[middle] <= at) low = middle;
      else high = middle;
    }
    return images[low] + ((at - cuts[low]) * (images[high] - images[low])) / (cuts[high] - cuts[low]);
  };
}

/* The lines through each box, by the two parts of it that they link there: children are counted first, then
   what comes in, then what goes out. */
const links = boxes.map(() => new Map());
const partsOf = boxes.map((box) => ({
  child: new Map(box.children.map((child, place) => [child, place])),
  in: new Map(box.ins.map((value, place) => [value, box.children.length + place])),
  out: new Map(box.outs.map((value, place) => [value, box.children.length + box.ins.length + place])),
}));

function link(number, start, end, line) {
  const key = `${start} ${end}`;
  const found = links[number].get(key);
  if (found) found.push(line);
  else links[number].set(key, [line]);
}

for (const line of lines.filter(({ kept }) => !kept)) {
  let [start, home] = [line.source, vertices[line.source].box];
  let [end, goal] = [line.target, vertices[line.target].box];
  while (home !== goal) {
    if (boxes[home].depth >= boxes[goal].depth) {
      link(home, partsOf[home].child.get(start), partsOf[home].out.get(line.source), line);
      [start, home] = [~home, boxes[home].parent];
    } else {
      link(goal, partsOf[goal].in.get(line.source), partsOf[goal].child.get(end), line);
      [end, goal] = [~goal, boxes[goal].parent];
    }
  }
  link(home, partsOf[home].child.get(start), partsOf[home].child.get(end), line);
}

/* The part of each box through which its main value comes in: it stands below the middle of the closed box. */
const mainPorts = boxes.map((box) => {
  for (const [key, through] of links[box.number]) {
    const part = Number(key.split(" ")[0]);
    const comesIn = part >= box.children.length && part < box.children.length + box.ins.length;
    if (comesIn && through.some((line) => strokes[line.stroke].name in data.passes)) return part;
  }
  return box.outs.length ? box.children.length + box.ins.length : null;
});

const layoutOf = (number) => {
  const [size, places, curves] = data.layouts[boxes[number].layout];
  return { size, curves, place: (part) => places.slice(4 * part, 4 * part + 4) };
};

const isOpen = (child, open) => child < 0 && open.has(~child);

/** The size of an open box, and how its axes are stretched. */
function measured(number, open, found) {
  const layout = layoutOf(number);
  const [wide, high] = [[], []];
  boxes[number].children.forEach((child, part) => {
    if (!isOpen(child, open)) return;
    const [x, y, w, h] = layout.place(part);
    const inner = measured(~child, open, found);
    wide.push([x - w / 2, x, inner.spine], [x, x + w / 2, inner.w - inner.spine]);
    high.push([y - h / 2, y + h / 2, inner.h]);
  });
  const [fx, fy] = [stretch(wide), stretch(high)];
  const inner = { w: fx(layout.size[0]), h: fy(layout.size[1]) };
  const w = Math.max(inner.w + 2 * FRAME.side, number ? headingWidth(number) : 0);
  const indent = (w - inner.w) / 2;
  const port = mainPorts[number];
  const spine = port === null ? w / 2 : indent + fx(layout.place(port)[0]);
  found.set(number, { fx, fy, layout, w, h: inner.h + FRAME.top + FRAME.bottom, indent, spine });
  return found.get(number);
}

/** The places of frames, nodes and curves, the whole beginning at (0, 0). */
function arrange(open) {
  const sizes = new Map();
  const whole = measured(0, open, sizes);
  const result = { frames: new Map(), nodes: new Map(), curves: [], ports: new Map(), w: whole.w, h: whole.h };
  placed(0, 0, 0, open, sizes, result);
  return result;
}

function placed(number, left, top, open, sizes, result) {
  const { fx, fy, layout, indent } = sizes.get(number);
  const [dx, dy] = [left + indent, top + FRAME.top];
  const box = boxes[number];
  const at = (x, y) => [dx + fx(x), dy + fy(y)];
  box.children.forEach((child, part) => {
    const [x, y, w, h] = layout.place(part);
    if (!isOpen(child, open)) {
      const [cx, cy] = at(x, y);
      result.nodes.set(child, { x: cx, y: cy, w, h, box: number });
      return;
    }
    const { w: wide, h: high, spine } = sizes.get(~child);
    const [from, to] = [at(x, y - h / 2), at(x, y + h / 2)];
    const frame = { x: from[0] - spine, y: (from[1] + to[1] - high) / 2, w: wide, h: high };
    result.frames.set(~child, frame);
    placed(~child, frame.x, frame.y, open, sizes, result);
  });
  for (const [kind, values] of [["in", box.ins], ["out", box.outs]])
    for (const value of values) {
      const [x, y] = layout.place(partsOf[number][kind].get(value));
      result.ports.set(`${number} ${kind} ${value}`, at(x, y));
    }
  for (const [start, end, ...numbers] of layout.curves) {
    const through = links[number].get(`${start} ${end}`);
    for (const group of bySource(through, [start, end].some((part) => isOpen(box.children[part] ?? 0, open))))
      result.curves.push(curve(number, start, end, numbers, group, at, open, result));
  }
}

/** Lines through one link, together, or apart by the value that they carry. */
function bySource(through, apart) {
  if (!apart) return [through];
  const groups = new Map();
  for (const line of through) groups.set(line.source, [...(groups.get(line.source) ?? []), line]);
  return [...groups.values()];
}

function curve(number, start, end, numbers, group, at, open, result) {
  const box = boxes[number];
  const points = [];
  for (let place = 0; place < numbers.length; place += 2) points.push(at(numbers[place], numbers[place + 1]));
  const original = [numbers.slice(0, 2), numbers.slice(-2)];
  const ends = [start, end].map((part, side) => {
    const child = box.children[part];
    if (child === undefined) return { point: at(...layoutOf(number).place(part).slice(0, 2)), through: true };
    if (isOpen(child, open))
      return { point: result.ports.get(`${~child} ${side ? "in" : "out"} ${group[0].source}`), through: true };
    const node = result.nodes.get(child);
    const [x, y] = layoutOf(number).place(part);
    return { point: [node.x + original[side][0] - x, node.y + original[side][1] - y], through: false };
  });
  const last = points.length - 1;
  for (const [side, tip, next] of [[0, 0, 1], [1, last, last - 1]]) {
    const [before, after] = [points[tip], ends[side].point];
    const other = points[next];
    points[tip] = after;
    const [dx, dy] = [other[0] - before[0], other[1] - before[1]];
    points[next] = [after[0] + (ends[side].through ? 0 : dx), after[1] + dy]; // through a border at a right angle
  }
  return { points, lines: group, stroke: quietest(group), tip: !ends[1].through };
}

/** The stroke of several lines together: a skip only if all are. */
function quietest(group) {
  const loudness = ({ name }) => (name.startsWith("skip") ? 2 : name in data.passes ? 0 : 1);
  return group.map((line) => strokes[line.stroke]).reduce((a, b) => (loudness(b) < loudness(a) ? b : a));
}

/** A curve as the data of an SVG path. */
function pathData(points) {
  const text = points.map(([x, y]) => `${Math.round(10 * x) / 10} ${Math.round(10 * y) / 10}`);
  return `M${text[0]}C${text.slice(1).join(" ")}`;
}

/** Lines from the forward pass to a later one, drawn from side to side between what is shown. */
function keptCurves(arranged, open) {
  const found = new Map();
  for (const line of lines) {
    if (!line.kept) continue;
    const ends = [shownFor(line.source, open), shownFor(line.target, open)];
    const key = ends.join(" ");
    if (found.has(key)) found.get(key).lines.push(line);
    else found.set(key, { ends, lines: [line] });
  }
  return [...found.values()].map(({ ends, lines: group }) => {
    const [from, to] = ends.map((child) => arranged.nodes.get(child));
    const way = to.x >= from.x ? 1 : -1;
    const [x1, x2] = [from.x + (way * from.w) / 2, to.x - (way * to.w) / 2];
    const bend = Math.max(30, Math.abs(x2 - x1) * 0.4) * way;
    const points = [[x1, from.y], [x1 + bend, from.y], [x2 - bend, to.y], [x2, to.y]];
    return { points, lines: group, stroke: strokes[group[0].stroke], tip: true, kept: true };
  });
}
