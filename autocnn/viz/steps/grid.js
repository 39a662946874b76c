/* Numbers as coloured cells, written in them where there is room. */

const READABLE = 8.5; // px; smaller numbers are not written

class Grid {
  /** `paint` is "sign" (vermilion and blue by size) or "grey" (dark to light), as far as `tint` reaches. */
  constructor({ rows, columns, wide, high = wide, label, paint = "sign", pick = null, hover = null, scale, tint = scale, value }) {
    Object.assign(this, { rows, columns, wide, high, paint, scale, tint, shown: rows * columns });
    const [width, height] = [columns * wide, rows * high];
    this.size = lettering(scale, wide, high);
    this.labelled = this.size >= READABLE;
    const small = Math.min(wide, high);
    const kind = `${paint}${this.labelled ? " labelled" : ""}${small < 12 ? " fine" : ""}${small < 5 ? " finest" : ""}`;
    this.svg = svg("svg", { class: `grid ${kind}`, width: width + 4, height: height + 4, viewBox: `-2 -2 ${width + 4} ${height + 4}`, role: "img", "aria-label": label });
    const values = range(rows * columns).map((place) => value(Math.floor(place / columns), place % columns));
    this.marks = svg("g", { class: "marks" });
    this.svg.append(...(this.labelled ? this.written(values) : this.painted(values)), svg("rect", { class: "edge", width, height }), this.marks);
    if (pick) this.listen("click", pick, "pick");
    if (hover) {
      this.listen("pointermove", hover);
      this.svg.addEventListener("pointerleave", () => hover(null));
    }
  }

  listen(name, action, kind = "") {
    if (kind) this.svg.classList.add(kind);
    this.svg.addEventListener(name, (event) => {
      const box = this.svg.getBoundingClientRect();
      const at = [event.clientY - box.top - 2, event.clientX - box.left - 2];
      const [row, column] = [Math.floor(at[0] / this.high), Math.floor(at[1] / this.wide)];
      action(within(0, row, this.rows - 1), within(0, column, this.columns - 1), event);
    });
  }

  /** How a number looks: a class, and how strong or how light; null is padding. */
  look(value) {
    if (value === null) return ["beyond", 0];
    if (!Number.isFinite(value)) return ["broken", 0];
    if (this.paint === "grey") {
      const light = grey(value, this.tint);
      return [light < 128 ? "dark" : "light", light];
    }
    return [value < 0 ? "negative" : value > 0 ? "positive" : "zero", strength(this.tint.most ? Math.min(1, Math.abs(value) / this.tint.most) : 0)];
  }

  dressed(element, [kind, degree]) {
    element.setAttribute("class", kind);
    if (kind === "dark" || kind === "light") element.setAttribute("fill", `rgb(${degree},${degree},${degree})`);
    else element.style.setProperty("--share", degree);
    return element;
  }

  /** Cells with their numbers in them. */
  written(values) {
    this.cells = values.map((value, place) => {
      const [x, y] = [(place % this.columns) * this.wide, Math.floor(place / this.columns) * this.high];
      const rect = svg("rect", { x, y, width: this.wide, height: this.high });
      const text = svg("text", { x: x + this.wide / 2, y: y + this.high / 2 + this.size * 0.36, "font-size": this.size.toFixed(1) }, value === null ? "0" : this.scale.text(value));
      return this.dressed(svg("g", {}, rect, text), this.look(value));
    });
    return this.cells;
  }

  /** Cells without numbers: one path for all that look alike, since there may be thousands. */
  painted(values) {
    const alike = new Map();
    values.forEach((value, place) => {
      const look = this.look(value);
      const key = look.join(" ");
      if (!alike.has(key)) alike.set(key, { look, d: [] });
      alike.get(key).d.push(`M${(place % this.columns) * this.wide} ${Math.floor(place / this.columns) * this.high}h${this.wide}v${this.high}h${-this.wide}z`);
    });
    const paths = [...alike.values()].map(({ look, d }) => this.dressed(svg("path", { d: d.join("") }), look));
    this.cover = svg("path", { class: "cover", d: "" });
    this.lines = svg("path", { class: "lines", d: "" });
    const under = paths.filter((path) => path.getAttribute("class") !== "beyond");
    return [...under, this.cover, this.lines, ...paths.filter((path) => !under.includes(path))];
  }

  /** Show so many cells, and leave the others blank. */
  reveal(count) {
    const [from, to] = [Math.min(count, this.shown), Math.max(count, this.shown)];
    if (this.labelled) for (let place = from; place < to; place++) this.cells[place].classList.toggle("blank", count < this.shown);
    this.shown = count;
    if (!this.labelled) this.hide(Math.floor(count / this.columns), count % this.columns);
  }

  /** Cover what comes from this cell on, with lines between the cells unless these are tiny. */
  hide(row, column) {
    const { rows, columns, wide, high } = this;
    const [x, y, right, bottom] = [column * wide, row * high, columns * wide, rows * high];
    const next = Math.min(rows, row + 1) * high;
    this.cover.setAttribute("d", row < rows ? `M${x} ${y}H${right}V${bottom}H0V${next}H${x}Z` : "");
    const across = range(rows).filter((k) => k > row).map((k) => `M0 ${k * high}H${right}`);
    const down = range(columns).map((k) => `M${k * wide} ${k >= column ? y : next}V${bottom}`);
    this.lines.setAttribute("d", wide >= 5 && row < rows ? [...across, ...down].join("") : "");
  }

  /** Frame the cells where these rows and columns cross: neighbours in one frame, dots in cells too small for one. */
  mark(rows, columns, name = "part") {
    const apart = runs(rows).length * runs(columns).length > 1;
    if (apart && this.svg.classList.contains("fine")) return this.dot(rows, columns, name);
    const path = runs(rows)
      .flatMap(([top, bottom]) => runs(columns).map(([left, right]) => [top, bottom, left, right]))
      .map(([top, bottom, left, right]) => `M${left * this.wide} ${top * this.high}H${(right + 1) * this.wide}V${(bottom + 1) * this.high}H${left * this.wide}Z`)
      .join("");
    if (path) this.marks.append(svg("path", { class: `halo ${name}`, d: path }), svg("path", { class: name, d: path }));
    return undefined;
  }

  dot(rows, columns, name) {
    const radius = Math.max(0.7, 0.22 * this.wide);
    for (const row of rows)
      for (const column of columns)
        this.marks.append(svg("circle", { class: name, cx: (column + 0.5) * this.wide, cy: (row + 0.5) * this.high, r: radius }));
    const ends = (places) => range(Math.max(...places) - Math.min(...places) + 1).map((i) => Math.min(...places) + i);
    this.mark(ends(rows), ends(columns), name);
  }

  unmark(name = null) {
    if (name === null) this.marks.replaceChildren();
    else this.marks.querySelectorAll(`.${name}`).forEach((each) => each.remove());
  }
}

/** The size of letters with which all numbers fit into their cells. */
function lettering(scale, wide, high) {
  const longest = Math.max(scale.text(scale.low).length, scale.text(scale.high).length);
  return Math.min(15, high * 0.5, (wide - 6) / (0.6 * longest));
}

/** How strong a colour is: what is not 0 can be told from it. */
const strength = (share) => (share ? 0.07 + 0.93 * share : 0).toFixed(3);

/** How light a number is between the lowest and the highest. */
const grey = (value, { low, high }) => Math.round(high > low ? 255 * within(0, (value - low) / (high - low), 1) : 0);

/** Neighbouring numbers as [first, last]. */
function runs(places) {
  const found = [];
  for (const place of [...new Set(places)].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last && last[1] === place - 1) last[1] = place;
    else found.push([place, place]);
  }
  return found;
}

/** What the colours mean: a strip from the lowest to the highest; from or to 0 where all have one sign. */
function legend({ most, low, high }, paint, labelled) {
  const [from, to] = paint === "grey" ? [low, high] : [low < 0 ? -most : 0, high > 0 || low >= 0 ? most : 0];
  const steps = range(9).map((i) => from + ((to - from) * i) / 8);
  const strip = svg("svg", { class: `strip ${paint}${labelled ? " labelled" : ""}`, width: 90, height: 10, viewBox: "0 0 90 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  steps.forEach((value, i) => {
    const light = grey(value, { low: from, high: to });
    const rect = svg("rect", { x: i * 10, y: 0, width: 10, height: 10, ...(paint === "grey" ? { fill: `rgb(${light},${light},${light})` } : { class: value < 0 ? "negative" : "positive" }) });
    if (paint === "sign") rect.style.setProperty("--share", strength(most ? Math.abs(value) / most : 0));
    strip.append(rect);
  });
  strip.append(svg("rect", { class: "edge", x: 0.5, y: 0.5, width: 89, height: 9 }));
  const said = (value) => precisely(value, 3);
  return dom("span", { class: "legend" }, said(from), strip, said(to));
}
