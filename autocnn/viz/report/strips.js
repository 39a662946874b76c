/* Three strips on one axis: the plain network, its twin with skips, and the size of the gradient. */

const LOOKS = { plain: "without skips", skip: "with skips" };
const FADE = 6; // decades from a full box to an empty one

class Strips {
  constructor(root, data, limits, onMark) {
    Object.assign(this, { root, data, limits, onMark, at: 0, block: null });
    this.svg = svg("svg", { class: "strips", tabindex: 0, role: "application" });
    this.tip = dom("div", { class: "tip", role: "tooltip", hidden: "" });
    root.append(this.svg, this.tip);
    this.svg.addEventListener("pointermove", (event) => this.onMark(this.blockAt(event)));
    this.svg.addEventListener("pointerleave", () => this.onMark(null));
    this.svg.addEventListener("blur", () => this.onMark(null));
    this.svg.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") this.onMark(null);
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    const from = this.block ?? (way > 0 ? -1 : this.count);
    this.onMark(Math.max(0, Math.min(this.count - 1, from + way)));
  }

  get count() {
    return this.data.blocks.length;
  }

  /** The shares of one network at the slider's step: [median, low, high] by block, or nothing yet. */
  shares(name) {
    const place = this.data.networks[name].steps.indexOf(this.data.steps[this.at]);
    return place < 0 ? null : this.data.networks[name].shares[place].map((triple) => triple.map(number));
  }

  arrange() {
    const { width, height } = this.root.getBoundingClientRect();
    const narrow = width < 560;
    const box = { left: narrow ? 78 : 166, right: narrow ? 38 : 46, width, height };
    box.step = (width - box.left - box.right) / this.count;
    box.rows = { plain: 30, skip: 102 };
    box.tall = 24;
    box.top = 176;
    box.bottom = height - 36;
    this.box = box;
  }

  x(i) {
    return this.box.left + (i + 0.5) * this.box.step;
  }

  y(share) {
    const { low, high } = this.limits;
    const { top, bottom } = this.box;
    const place = Math.max(low, Math.min(high, Math.log10(share)));
    return bottom - ((place - low) / (high - low)) * (bottom - top);
  }

  blockAt(event) {
    const x = event.clientX - this.svg.getBoundingClientRect().left - this.box.left;
    const found = Math.floor(x / this.box.step);
    return x >= 0 && found < this.count ? found : null;
  }

  draw(at = this.at) {
    this.at = at;
    this.arrange();
    const { width, height } = this.box;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("aria-label", this.spoken());
    const back = svg("rect", { class: "catch", x: 0, y: 0, width, height });
    this.column = svg("rect", { class: "column", y: 4, height: this.box.bottom - 4, width: this.box.step, visibility: "hidden" });
    this.points = svg("g", { class: "points" });
    this.svg.replaceChildren(back, this.column, ...this.frame(), this.row("plain"), this.row("skip"), ...this.lines(), this.points);
    this.fit();
    this.mark(this.block);
  }

  /** Names of the lines stay inside the picture, and above the words about float32's end. */
  fit() {
    const labels = [...this.svg.querySelectorAll("text.label")];
    for (const label of labels) {
      const over = Number(label.getAttribute("x")) + label.getComputedTextLength() - (this.box.width - 4);
      if (over > 0) label.setAttribute("x", Math.max(2, Number(label.getAttribute("x")) - over));
    }
    const zero = this.svg.querySelector("text.zero")?.getBBox();
    let limit = Infinity;
    for (const label of labels.sort((a, b) => b.getAttribute("y") - a.getAttribute("y"))) {
      const box = label.getBBox();
      if (zero && box.x < zero.x + zero.width && box.x + box.width > zero.x && Math.abs(box.y - zero.y) < 20) limit = Math.min(limit, zero.y - 6);
      const y = Math.min(Number(label.getAttribute("y")), limit);
      label.setAttribute("y", y);
      limit = y - 18;
    }
  }

  frame() {
    const { left, right, width, top, bottom, step } = this.box;
    const made = [];
    const edge = width - right;
    const wide = width >= 560;
    const each = this.limits.high - this.limits.low <= 7 ? 1 : 3;
    for (let exponent = Math.ceil(this.limits.low / each) * each; exponent <= this.limits.high; exponent += each) {
      const y = this.y(10 ** exponent);
      made.push(svg("path", { class: exponent ? "grid" : "grid one", d: `M${left} ${y}H${edge}` }));
      const words = wide ? tickWords(exponent) : exponent ? power(exponent) : "at the loss";
      made.push(svg("text", { class: "tick", x: left - 8, y: y + 4, "text-anchor": "end" }, words));
    }
    const every = Math.max(1, Math.ceil(this.count / Math.floor((edge - left) / 44)));
    for (let i = 0; i < this.count; i++)
      if (i === 0 || i === this.count - 1 || ((i + 1) % every === 0 && this.count - 1 - i >= every && i >= every / 2))
        made.push(svg("text", { class: "tick", x: this.x(i), y: bottom + 15, "text-anchor": "middle" }, this.data.blocks[i]));
    const middle = (left + edge) / 2;
    made.push(svg("text", { class: "tick", x: middle, y: bottom + 31, "text-anchor": "middle" }, wide ? "block: the image enters on the left, the loss is on the right" : "block (image left, loss right)"));
    made.push(svg("text", { class: "end", x: edge, y: 18, "text-anchor": "end" }, "◂ the learning signal travels this way"));
    const grid = each === 1 ? "tenfold" : "a thousandfold";
    const size = `size of the signal at each block${edge - left > 500 ? ` (the gradient; each line is ${grid})` : ""}`;
    made.push(svg("text", { class: "heading", x: left, y: top - 20 }, size));
    return [...made, ...this.floor(left, edge, step)];
  }

  /** Where float32 rounds to zero, or how far below the picture that is. */
  floor(left, edge) {
    const known = Object.values(this.data.networks).map((each) => number(each.floor)).filter((each) => each > 0);
    if (!known.length) return [];
    const zero = Math.max(...known);
    const inside = Math.log10(zero) >= this.limits.low;
    const y = this.y(zero);
    const end = power(Math.round(Math.log10(zero)));
    const far = edge - left < 300 ? `float32 ends at ${end}` : `float32 rounds to zero further down, at ${end}`;
    const words = inside ? "float32 rounds to zero here" : far;
    const text = svg("text", { class: "zero", x: edge - 4, y: y - 5, "text-anchor": "end" }, words);
    return [svg("path", { class: inside ? "zero" : "zero far", d: `M${left} ${y}H${edge}` }), text];
  }

  /** A network as a row of boxes, as full as the signal is strong; with skips, an arc over each. */
  row(name) {
    const { left, right, width, step, rows, tall } = this.box;
    const y = rows[name];
    const group = svg("g", { class: `row ${name}` });
    const narrow = width < 560;
    group.append(svg("text", { class: "name", x: left - (narrow ? 8 : 52), y: y + tall / 2 + 4, "text-anchor": "end" }, narrow ? LOOKS[name].split(" ")[0] : LOOKS[name]));
    const middle = y + tall / 2;
    if (!narrow) group.append(svg("text", { class: "end", x: left - 8, y: middle + 4, "text-anchor": "end" }, "image"));
    group.append(svg("text", { class: "end", x: width - right + 10, y: middle + 4 }, "loss"));
    group.append(svg("path", { class: "wire", d: `M${left - 4} ${middle}H${width - right + 6}` }));
    const shares = this.shares(name);
    const gap = Math.min(8, step * 0.28);
    for (let i = 0; i < this.count; i++) {
      const share = shares ? shares[i]?.[0] : undefined;
      group.append(this.cell(this.x(i) - (step - gap) / 2, y, step - gap, tall, share));
      if (name === "skip" && this.data.arcs[i]) group.append(this.arc(i, y, share));
    }
    return group;
  }

  cell(x, y, wide, tall, share) {
    const decades = Math.log10(share);
    const full = share === undefined || Number.isNaN(share) ? 0 : Math.max(0, Math.min(1, 1 + decades / FADE));
    const kind = share === undefined || Number.isNaN(share) ? "none" : share === Infinity ? "broken" : full === 0 ? "empty" : share > 1024 ? "much" : "some";
    const made = svg("g", { class: `cell ${kind}` });
    made.append(svg("rect", { class: "back", x, y, width: wide, height: tall, rx: 2 }));
    if (full) made.append(svg("rect", { class: "fill", x, y, width: wide, height: tall, rx: 2, "fill-opacity": full.toFixed(3) }));
    if (share === 0) made.append(svg("text", { class: "sign", x: x + wide / 2, y: y + tall / 2 + 4, "text-anchor": "middle" }, "∅"));
    if (kind === "broken") made.append(svg("path", { class: "cross", d: `M${x + 2} ${y + 4}l${wide - 4} ${tall - 8}m0 ${8 - tall}l${4 - wide} ${tall - 8}` }));
    if (kind === "much") made.append(svg("path", { class: "plus", d: `M${x + wide / 2} ${y + tall / 2 - 4}v8m-4 -4h8` }));
    return made;
  }

  arc(i, y, share) {
    const [from, to] = [this.x(i) - this.box.step / 2, this.x(i) + this.box.step / 2];
    const full = share > 0 ? Math.max(0.15, Math.min(1, 1 + Math.log10(share) / FADE)) : 0.15;
    const high = Math.min(34, 14 + this.box.step * 0.4);
    const bend = this.box.step * 0.14;
    return svg("path", { class: "arc", "stroke-opacity": full.toFixed(3), d: `M${from} ${y - 2}C${from + bend} ${y - high} ${to - bend} ${y - high} ${to} ${y - 2}` });
  }

  lines() {
    const made = [];
    const labels = [];
    for (const name of ["plain", "skip"]) {
      const shares = this.shares(name);
      if (!shares) continue;
      const place = (share, i) => (Number.isNaN(share) ? null : [this.x(i), this.y(share)]);
      const [middle, low, high] = [0, 1, 2].map((k) => shares.map((triple, i) => place(triple[k], i)));
      made.push(svg("path", { class: `band ${name}`, d: areaBetween(high, low) }));
      made.push(svg("path", { class: `curve ${name}`, d: pathThrough(middle) }));
      const first = middle.findIndex((point) => point);
      if (first >= 0) labels.push({ name, x: middle[first][0], y: middle[first][1], share: shares[first][0] });
    }
    labels.sort((a, b) => a.y - b.y);
    labels.forEach((label, i) => {
      label.at = i === 0 && (labels.length > 1 || label.y > this.box.bottom - 30) ? label.y - 9 : label.y + 19;
      if (label.at > this.box.bottom - 4) label.at = label.y - 9;
    });
    if (labels.length > 1 && labels[1].at - labels[0].at < 16) labels[0].at = labels[1].at - 16;
    for (const label of labels) label.at = Math.max(label.at, this.box.top - 3); // below the heading
    for (const { name, x, at, share } of labels)
      made.push(svg("text", { class: `label ${name}`, x: x - 4, y: at }, `${LOOKS[name]}: ${share > GROWN && share < Infinity ? "grown " : ""}${sizeWords(share, this.data.networks[name].rounded)}${share <= GROWN && share > 0 ? " arrives" : ""}`));
    return made;
  }

  /** Mark a block in all three strips, and say its numbers. */
  mark(block) {
    this.block = block;
    this.column.setAttribute("visibility", block === null ? "hidden" : "visible");
    this.points.replaceChildren();
    this.tip.hidden = block === null;
    if (block === null) return;
    this.column.setAttribute("x", this.x(block) - this.box.step / 2);
    const head = dom("strong", {}, `Block ${this.data.blocks[block]} of ${this.data.blocks[this.count - 1]}, step ${this.data.steps[this.at]}`);
    this.tip.replaceChildren(head);
    for (const name of ["skip", "plain"]) {
      const triple = this.shares(name)?.[block];
      if (triple && !Number.isNaN(triple[0]))
        this.points.append(svg("circle", { class: `point ${name}`, cx: this.x(block), cy: this.y(triple[0]), r: 5 }));
      this.tip.append(dom("div", { class: name }, this.told(name, triple)));
    }
    const beside = this.x(block) + this.box.step;
    const wide = this.tip.offsetWidth;
    const left = beside + wide + 8 < this.box.width ? beside + 4 : this.x(block) - this.box.step - wide - 4;
    this.tip.style.left = `${Math.max(0, Math.min(left, this.box.width - wide))}px`; // wide blocks leave no room beside them
    this.tip.style.top = `${this.box.top + 46}px`;
  }

  told(name, triple) {
    if (!triple) return `${LOOKS[name]}: not trained this far`;
    const [middle, low, high] = triple;
    const range = low === high || !(low <= high) ? "" : `; seeds ${exactly(low)} to ${exactly(high)}`;
    return `${LOOKS[name]}: ${sizeWords(middle, this.data.networks[name].rounded)} (${exactly(middle)}${range})`;
  }

  spoken() {
    const step = this.data.steps[this.at];
    const said = ["plain", "skip"].map((name) => {
      const first = this.shares(name)?.[0]?.[0];
      return `${LOOKS[name]}, at the first block: ${first === undefined ? "not trained this far" : sizeWords(first, this.data.networks[name].rounded)}`;
    });
    return `Gradient by block at step ${step}. ${said.join("; ")}. Left and right arrows go from block to block.`;
  }
}
