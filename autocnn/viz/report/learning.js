/* Test accuracy by step, with a marker at the slider's step. */

class Learning {
  constructor(root, data) {
    Object.assign(this, { root, data, at: 0 });
    this.svg = svg("svg", { class: "learning", role: "img" });
    root.append(this.svg);
  }

  arrange() {
    const { width, height } = this.root.getBoundingClientRect();
    this.box = { left: 46, right: 54, top: 26, bottom: height - 34, width, height };
  }

  /** Steps lie as on the slider: each doubling is as wide as the last. */
  x(step) {
    const { left, right, width } = this.box;
    return left + (Math.log(step + 1) / Math.log(this.data.total + 1)) * (width - left - right);
  }

  y(share) {
    return this.box.bottom - share * (this.box.bottom - this.box.top);
  }

  draw(at = this.at) {
    this.at = at;
    this.arrange();
    const { width, height, left, right, top, bottom } = this.box;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("aria-label", this.spoken());
    const edge = width - right;
    const made = [];
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      made.push(svg("path", { class: "grid", d: `M${left} ${this.y(share)}H${edge}` }));
      if (share * 2 === Math.round(share * 2))
        made.push(svg("text", { class: "tick", x: left - 7, y: this.y(share) + 4, "text-anchor": "end" }, `${100 * share} %`));
    }
    let free = -Infinity;
    for (const step of this.ticks()) {
      const x = this.x(step);
      if (x - free < 26) continue;
      free = x;
      made.push(svg("text", { class: "tick", x, y: bottom + 15, "text-anchor": "middle" }, step.toLocaleString("en")));
    }
    made.push(svg("text", { class: "tick", x: (left + edge) / 2, y: bottom + 30, "text-anchor": "middle" }, "training steps taken"));
    const chance = this.y(this.data.chance);
    made.push(svg("path", { class: "chance", d: `M${left} ${chance}H${edge}` }));
    const here = this.x(this.data.steps[this.at] - 1); // the weights before the step
    made.push(svg("path", { class: "now", d: `M${here} ${top - 6}V${bottom}` }));
    this.svg.replaceChildren(...made, ...this.lines(edge, chance, here));
  }

  ticks() {
    const found = [0];
    for (let ten = 1; ten <= this.data.total; ten *= 10) found.push(...[1, 3].map((n) => n * ten).filter((n) => n <= this.data.total));
    if (this.x(this.data.total) - this.x(found[found.length - 1]) < 30 && found.length > 1) found.pop();
    return [...found, this.data.total];
  }

  lines(edge, chance, here) {
    const made = [];
    const labels = [{ name: "guess", y: chance, words: "a guess" }];
    for (const name of ["plain", "skip"]) {
      const points = this.data.networks[name].accuracy.map((point) => point.map(number));
      if (!points.length) continue;
      const line = (k) => points.map((point) => [this.x(point[0]), this.y(point[k])]);
      made.push(svg("path", { class: `band ${name}`, d: areaBetween(line(3), line(2)) }));
      made.push(svg("path", { class: `curve ${name}`, d: pathThrough(line(1)) }));
      const last = points[points.length - 1];
      labels.push({ name, y: this.y(last[1]), points: line(1), words: `${LOOKS[name]} ${this.data.networks[name].end}` });
      const now = points.filter((point) => point[0] < this.data.steps[this.at]).pop();
      if (now) made.push(svg("circle", { class: `point ${name}`, cx: here, cy: this.y(now[1]), r: 4.5 }));
    }
    return [...made, ...this.placed(labels, edge)];
  }

  /** Names above or below the ends of their lines, where there is room; the guess beside its own. */
  placed(labels, edge) {
    const [guess, ...named] = labels;
    named.sort((a, b) => a.y - b.y);
    let free = -Infinity;
    for (const label of named) {
      const wide = 7.6 * label.words.length;
      const over = label.points.filter(([x]) => x >= edge - wide).map(([, y]) => y);
      if (!over.length) over.push(label.y); // the line ends early
      label.at = Math.min(...over) - 9;
      if (label.at < 10 || (label.at - free < 16 && free > 0)) label.at = Math.max(free + 16, Math.max(...over) + 19);
      free = label.at;
    }
    const made = named.map(({ name, at, words }) => svg("text", { class: `label ${name}`, x: edge - 2, y: at, "text-anchor": "end" }, words));
    return [...made, svg("text", { class: "label guess", x: edge + 6, y: guess.y + 4 }, guess.words)];
  }

  spoken() {
    const said = ["plain", "skip"].map((name) => {
      const points = this.data.networks[name].accuracy;
      return points.length ? `${LOOKS[name]} ${this.data.networks[name].end}` : "";
    });
    return `Test accuracy by training step; at the end: ${said.filter(Boolean).join(", ")}; a guess is ${Math.round(100 * this.data.chance)} %.`;
  }
}
