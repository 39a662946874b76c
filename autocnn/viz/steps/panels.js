/* The input, the filter and the output with its gradient, side by side, and what of them takes part. */

const GAP = 14;
const BIGGEST = 50; // px of a cell

/** The largest cell with which so many panels fit into a place, and how many are side by side then. */
function fitting(count, rows, columns, width, height) {
  let best = { size: 0, across: 1 };
  for (let across = 1; across <= count; across++) {
    const down = Math.ceil(count / across);
    const wide = (width - (across - 1) * GAP - 4 * across) / (across * columns);
    const high = (height - down * 26) / (down * rows);
    const fits = Math.min(wide, high, BIGGEST);
    const size = Math.max(2, fits >= 10 ? Math.floor(fits) : Math.floor(2 * fits) / 2);
    if (size > best.size) best = { size, across };
  }
  return best;
}

const HEAD = 46; // px of a heading and its key
const LEAST = 190; // px that they need across

/** The room of each of two blocks: side by side, or one above the other. */
function halves(double, width, height) {
  if (!double) return { width, height };
  return width >= 2 * LEAST + 20 ? { width: (width - 20) / 2, height } : { width, height: (height - HEAD) / 2 };
}

/** Where an array is drawn: its name, what its colours mean, and a panel for each channel. */
class Block {
  constructor({ name, words, channels, rows, columns, value, width, height, paint = "sign", pick, partOf, unit = "channel" }) {
    this.columns = columns;
    const all = channels.flatMap((c) => range(rows).flatMap((r) => range(columns).map((k) => value(c, r, k)))).filter((each) => each !== null);
    const { size, across } = fitting(channels.length, rows, columns, width, height);
    this.scale = new Scale(all);
    if (lettering(this.scale, size, size) < READABLE) this.scale = new Scale(all, 2);
    const kind = paint === "grey" && lettering(this.scale, size, size) >= READABLE ? "sign" : paint;
    this.grids = new Map(
      channels.map((c, place) => [
        c,
        new Grid({
          rows, columns, wide: size, paint: kind, scale: this.scale, label: `${partOf}${channels.length > 1 ? `, ${unit} ${c}` : ""}`,
          value: (r, k) => value(c, r, k),
          pick: pick && ((r, k) => pick(place, r, k)),
          hover: (r, k, event) => tip(r === null ? null : this.told(c, r, k, value), event),
        }),
      ]),
    );
    Object.assign(this, { name, paint: kind });
    const labelled = [...this.grids.values()].some((each) => each.labelled);
    const power = labelled && this.scale.exponent ? [dom("span", { class: "power" }, `numbers${this.scale.power}`)] : [];
    const short = size * columns < 70; // no room for a word
    this.root = dom(
      "div", { class: "block" },
      dom("h2", {}, ...math(name), " ", dom("small", {}, words)),
      dom("p", { class: "key" }, legend(this.scale, kind, labelled), ...power),
      dom(
        "div", { class: "panels" },
        ...[...this.grids].map(([c, { svg: drawing }]) =>
          dom("figure", {}, drawing, channels.length > 1 ? dom("figcaption", {}, short ? `${c}` : `${unit} ${c}`) : null),
        ),
      ),
    );
    this.root.lastChild.style.gridTemplateColumns = `repeat(${Math.min(across, channels.length)}, max-content)`;
  }

  told(c, row, column, value) {
    const found = value(c, row, column);
    const place = this.place ? this.place(row, column) : [row, column];
    const many = this.grids.size > 1 ? [c] : [];
    if (found === null) return ["padding: 0"];
    const grid = this.grids.get(c);
    if (row * this.columns + column >= grid.shown) return ["not yet computed"];
    return [...math(`${this.name}_{${[...many, ...place].join(",")}}`), ` = ${precisely(found)}`];
  }

  unmark(name) {
    for (const each of this.grids.values()) each.unmark(name);
  }
}

/** The three groups for what the state explains; drawn anew when that, the filter or the room changes. */
class Stage {
  constructor(pick) {
    this.pick = pick;
    this.groups = ["x", "w", "z"].map((name) => byId(`group-${name}`));
  }

  build(state) {
    const { width } = byId("stage").getBoundingClientRect();
    const narrow = width < 760;
    const [forX, forW, forZ] = narrow ? [width - 2, (width - 24) / 2, (width - 24) / 2] : this.shares(state).map((part) => part * (width - 2 * 72) - 2);
    const [height, double] = narrow ? [300, 560] : [330, 330]; // of one block, of two
    const { o } = state;
    const channels = range(I).map((c) => firstChannel(o) + c);
    const padded = ([row, column]) => [row - PAD[0], column - PAD[1]];

    const inX = { channels, rows: ROWS, columns: COLUMNS, ...halves(state.mode === "pixel", forX, double), paint: "grey" };
    const beyond = (array) => (c, row, column) => (inside(...padded([row, column])) ? array[c][row - PAD[0]][column - PAD[1]] : null);
    const pickX = (c, row, column) => inside(...padded([row, column])) && this.pick({ mode: "pixel", c, m: row - PAD[0], n: column - PAD[1] });
    this.x = new Block({ ...inX, name: "x", words: ROWS > H || COLUMNS > WIDE ? "input, with its padding" : "input", partOf: "Input", value: beyond(X), pick: pickX });
    this.x.place = (row, column) => padded([row, column]);
    this.dx = state.mode === "pixel" ? new Block({ ...inX, paint: "sign", name: "∂L/∂x", words: "its gradient", partOf: "Gradient of the input", value: beyond(DX), pick: pickX }) : null;
    if (this.dx) this.dx.place = this.x.place;

    const filter = O > 1 ? ` ${o}` : "";
    const inW = { channels, rows: KH, columns: KW, ...halves(state.mode === "weight", forW, double) };
    const pickW = (c, a, b) => this.pick({ mode: "weight", c, a, b });
    const local = (array) => (c, a, b) => array[o][c - channels[0]][a][b];
    this.w = new Block({ ...inW, name: "w", words: `filter${filter}`, partOf: "Filter", value: local(W), pick: pickW });
    this.dw = state.mode === "weight" ? new Block({ ...inW, name: "∂L/∂w", words: "its gradient", partOf: "Gradient of the filter", value: local(DW), pick: pickW }) : null;

    const inZ = { channels: [o], rows: OH, columns: OW, width: forZ, height, pick: (c, i, j) => this.pick({ mode: "output", i, j }) };
    const forward = state.mode === "output";
    this.z = new Block({ ...inZ, name: forward ? "z" : "g", words: forward ? `output${filter}` : `= ∂L/∂z, gradient of output${filter}`, partOf: forward ? "Output" : "Gradient of the output", value: (c, i, j) => (forward ? Z : G)[o][i][j] });

    const shown = [[this.x, this.dx], [this.w, this.dw], [this.z]];
    this.groups.forEach((group, place) => {
      group.replaceChildren(...shown[place].filter(Boolean).map(({ root }) => root));
      group.style.maxWidth = narrow ? "none" : `${[forX, forW, forZ][place] + (place ? 38 : 2)}px`;
    });
    if (BIAS) this.w.root.append(dom("p", { class: "bias" }, ...math("b"), ` (bias) = ${precisely(BIAS[o], 4)}`));
    if (BIAS && this.dw) this.dw.root.append(dom("p", { class: "bias" }, ...math("∂L/∂b = Σ_{i,j} g_{i,j}"), ` = ${precisely(DB[o], 4)}`));
  }

  /** How the width is divided: by how much there is to show. */
  shares(state) {
    const wants = [
      Math.sqrt(I * (state.mode === "pixel" ? 2 : 1)) * COLUMNS,
      Math.sqrt(I * (state.mode === "weight" ? 2 : 1)) * KW + 2,
      OW + 2,
    ].map((want) => Math.max(5, want));
    const total = wants.reduce((sum, want) => sum + want, 0);
    const shares = wants.map((want) => within(0.22, want / total, 0.56));
    const sum = shares.reduce((all, share) => all + share, 0);
    return shares.map((share) => share / sum);
  }

  /** Frame what takes part in a sum, and fill in what has been computed. */
  show(state, place) {
    const { mode, o, c } = state;
    for (const block of [this.x, this.dx, this.w, this.dw, this.z]) block?.unmark();
    const channel = firstChannel(o) + c;
    const onX = (at, axis) => at + PAD[axis];
    if (mode === "output") {
      for (const each of this.x.grids.values())
        each.mark(range(KH).map((a) => onX(under(0, state.i, a), 0)), range(KW).map((b) => onX(under(1, state.j, b), 1)));
      this.z.grids.get(o).mark([state.i], [state.j], "result");
      this.z.grids.get(o).reveal(place + 1);
    } else if (mode === "weight") {
      this.x.grids.get(channel).mark(range(OH).map((i) => onX(under(0, i, state.a), 0)), range(OW).map((j) => onX(under(1, j, state.b), 1)));
      this.z.grids.get(o).mark(range(OH), range(OW));
      this.w.grids.get(channel).mark([state.a], [state.b], "result");
      this.dw.grids.get(channel).mark([state.a], [state.b], "result");
      [...this.dw.grids.values()].forEach((each, k) => each.reveal(within(0, place + 1 - k * KH * KW, KH * KW)));
    } else {
      const [rows, columns] = [meets(0, state.m), meets(1, state.n)];
      this.x.grids.get(channel).mark([onX(state.m, 0)], [onX(state.n, 1)], "result");
      this.dx.grids.get(channel).mark([onX(state.m, 0)], [onX(state.n, 1)], "result");
      this.w.grids.get(channel).mark(rows.map(([, a]) => a), columns.map(([, b]) => b));
      this.z.grids.get(o).mark(rows.map(([i]) => i), columns.map(([j]) => j));
      this.revealInput(state);
    }
  }

  /** The padded panel fills up to the pixel that is explained. */
  revealInput({ o, c, m, n }) {
    const at = (m + PAD[0]) * COLUMNS + n + PAD[1] + 1;
    [...this.dx.grids.values()].forEach((each, k) => each.reveal(k < c ? ROWS * COLUMNS : k === c ? at : 0));
  }

  /** Point at the factors of one product, or at none. */
  point(state, found, key) {
    for (const block of [this.x, this.w, this.z]) block.unmark("point");
    if (!found) return;
    const channel = firstChannel(state.o) + (state.mode === "output" ? key : state.c);
    const [m, n] = found.pixel;
    if (state.mode !== "pixel") this.x.grids.get(channel)?.mark([m + PAD[0]], [n + PAD[1]], "point");
    if (state.mode !== "weight" && (state.mode === "output" || key === state.o)) this.w.grids.get(channel)?.mark([found.tap[0]], [found.tap[1]], "point");
    if (state.mode !== "output" && (state.mode === "weight" || key === state.o)) this.z.grids.get(state.o)?.mark([found.out[0]], [found.out[1]], "point");
  }
}

function tip(content, event) {
  const box = byId("tip");
  box.hidden = content === null;
  if (content === null) return;
  box.replaceChildren(...content);
  const { width, height } = box.getBoundingClientRect();
  box.style.left = `${within(4, event.clientX + 14, innerWidth - width - 4)}px`;
  box.style.top = `${event.clientY > innerHeight - height - 30 ? event.clientY - height - 12 : event.clientY + 16}px`;
}
