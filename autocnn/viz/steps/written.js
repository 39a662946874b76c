/* The sum that is explained: its formula, its factors side by side, written out, and beside the engine's number. */

const HOW_MANY = { x: [C], "∂L/∂x": [C], w: [O, I], "∂L/∂w": [O, I], g: [O], z: [O] };

/** x with its place: without the channel or the filter where there is one only. */
const named = (letter, channels, place) =>
  math(`${letter}_{${[...channels.filter((_, k) => HOW_MANY[letter][k] > 1), ...place].join(",")}}`);

/** The row of x under row `tap` of the filter in window `out`, in letters. */
function index(axis, out, tap) {
  const times = (count, letter) => (count === 1 ? letter : `${count}${letter}`);
  return `${times(STRIDE[axis], out)}+${times(DILATION[axis], tap)}${PAD[axis] ? `−${PAD[axis]}` : ""}`;
}

/** The general formula, with what this convolution does not have left out. */
function formula(mode) {
  const [o, c, oc] = [O > 1 ? "o," : "", C > 1 ? "c," : "", `${O > 1 ? "o," : ""}${I > 1 ? "c," : ""}`];
  const spot = `${index(0, "i", "a")}, ${index(1, "j", "b")}`;
  if (mode === "output") return `z_{${o}i,j} = ${BIAS ? `b${O > 1 ? "_{o}" : ""} + ` : ""}Σ_{${I > 1 ? "c," : ""}a,b} x_{${c}${spot}} · w_{${oc}a,b}`;
  if (mode === "weight") return `∂L/∂w_{${oc}a,b} = Σ_{i,j} x_{${c}${spot}} · g_{${o}i,j}`;
  const over = FILTERS > 1 ? "o," : "";
  if (STRIDE.some((step) => step > 1)) return `∂L/∂x_{${c}m,n} = Σ_{${over}i,j} g_{${o}i,j} · w_{${oc}a,b}   where ${index(0, "i", "a")} = m and ${index(1, "j", "b")} = n`;
  const back = (axis, at, tap) => `${at}${PAD[axis] ? `+${PAD[axis]}` : ""}−${DILATION[axis] > 1 ? DILATION[axis] : ""}${tap}`;
  return `∂L/∂x_{${c}m,n} = Σ_{${over}a,b} g_{${o}${back(0, "m", "a")}, ${back(1, "n", "b")}} · w_{${oc}a,b}`;
}

const WORDS = {
  output: `The window of the input times the filter, place by place, summed${I > 1 ? " over the channels" : ""}${BIAS ? ", plus the bias" : ""}.`,
  weight: "Every input that this weight met while the filter slid, times the gradient g of the output that it went into.",
  pixel: `Every output that this input went into: its gradient g times the weight that was met. The filter lies on g turned by 180°${
    STRIDE.every((step) => step === 1) ? "; slid over all of g, that is a full correlation" : "; with a stride only some weights meet"
  }.`,
};
const GROUPS = data.groups > 1 ? " A filter sees the channels of its group only." : "";

const HEADS = {
  output: { left: "window of x", right: "filter", of: "channel" },
  weight: { left: "inputs that it met", right: "g of where they went", of: "channel" },
  pixel: { left: "g of where it went", right: "weights, turned by 180°", of: "filter" },
};

const MANY = 1000; // terms; of more, single ones cannot be pointed at in the text
const SEVERAL = 3; // so many parts are shown with all their numbers; of more, the one in focus
const KINDS = { left: { output: "x", weight: "x", pixel: "g" }, right: { output: "w", weight: "g", pixel: "w" } };

class Written {
  /** `blocks` are where x, w and g are drawn: their colours are used here too. */
  constructor(blocks, onPoint, onFocus) {
    Object.assign(this, { blocks, onPoint, onFocus });
    byId("sum").addEventListener("pointerover", (event) => this.hover(event.target.closest("[data-term]")));
    byId("sum").addEventListener("pointerleave", () => this.hover(null));
  }

  hover(element) {
    const term = element?.dataset.term ?? null;
    if (term === this.term) return;
    this.term = term;
    document.querySelectorAll("#written .on").forEach((each) => each.classList.remove("on"));
    for (const row of this.rows ?? []) for (const each of row.grids) each.unmark("point");
    if (term === null) return this.onPoint(null);
    const [part, row, column] = term.split(":").map(Number);
    const { key, cells } = this.found.parts[part];
    document.querySelector(`#written [data-term="${term}"]`)?.classList.add("on");
    for (const each of this.rows.find((shown) => shown.part === part)?.grids ?? []) each.mark([row], [column], "point");
    return this.onPoint(cells[row][column], key);
  }

  draw(state, found) {
    Object.assign(this, { state, found, term: null });
    const focus = state.mode === "output" ? state.c : state.mode === "pixel" ? found.parts.findIndex(({ key }) => key === state.o) : 0;
    const shown = found.parts.length <= SEVERAL ? range(found.parts.length) : [focus];
    const used = shown.filter((part) => found.parts[part].cells.length && found.parts[part].cells[0].length);
    byId("words").textContent = WORDS[state.mode] + GROUPS;
    byId("formula").replaceChildren(...math(formula(state.mode)));
    const width = byId("sum").getBoundingClientRect().width;
    this.scales = Object.fromEntries(
      ["left", "right", "value"].map((name) => [name, new Scale(used.flatMap((part) => found.parts[part].cells.flat().map((each) => each[name])))]),
    );
    this.rows = used.map((part) => this.matrices(part, width));
    byId("matrices").replaceChildren(...this.rows.map(({ root }) => root));
    byId("written").replaceChildren(...used.map((part) => this.line(part)));
    byId("written").hidden = !used.length;
    byId("total").replaceChildren(...this.total(shown.length < found.parts.length ? focus : null));
  }

  label(part) {
    const { key } = this.found.parts[part];
    if (this.found.parts.length === 1) return "window";
    return `${HEADS[this.state.mode].of} ${this.state.mode === "pixel" ? key : firstChannel(this.state.o) + key}`;
  }

  /** Factors and products of one part as three matrices. */
  matrices(part, width) {
    const { cells, total } = this.found.parts[part];
    const [rows, columns] = [cells.length, cells[0].length];
    const narrow = width < 700;
    const paired = this.found.parts.length > 1 && width > 1000 ? ((width - 56) / 2 - 230) / 3 : 0; // two beside each other
    const room = narrow ? width - 4 : paired / columns >= 36 ? paired : (width - 290) / 3;
    let wide = Math.min(58, Math.floor((room - 4) / columns));
    let high = Math.min(34, Math.max(wide * 0.62, 18));
    const small = Object.values(this.scales).some((scale) => lettering(scale, wide, high) < READABLE);
    if (small || rows * high > 420) wide = high = within(3, Math.floor(Math.min(room / columns, 260 / rows)), 20);
    const heads = HEADS[this.state.mode];
    const titles = { left: heads.left, right: heads.right, value: "products" };
    const blocks = this.blocks();
    const grids = Object.keys(titles).map((name) => {
      const letter = KINDS[name]?.[this.state.mode];
      const { paint, scale: tint } = blocks[letter] ?? { paint: "sign" };
      return new Grid({
        rows, columns, wide, high, paint, tint, scale: this.scales[name], label: titles[name],
        value: (r, k) => (cells[r][k].beyond && letter === "x" ? null : cells[r][k][name]),
        hover: (r, k, event) => {
          this.hover(r === null ? null : { dataset: { term: `${part}:${r}:${k}` } });
          tip(r === null ? null : this.told(cells[r][k], part), event);
        },
      });
    });
    const figures = Object.values(titles).map((title, i) => {
      const { power } = Object.values(this.scales)[i];
      const unit = grids[i].labelled && power ? dom("small", {}, power) : null;
      const key = !grids[i].labelled && grids[i].tint === this.scales.value ? legend(this.scales.value, "sign", false) : null; // the factors have theirs above
      return dom("figure", {}, dom("figcaption", { class: "key" }, title, unit, key), grids[i].svg);
    });
    const sign = (text) => dom("span", { class: "sign", "aria-hidden": "true" }, text);
    const several = this.found.parts.length > 1;
    const root = dom(
      "div", { class: "row" },
      several ? dom("h3", {}, this.label(part)) : null,
      dom("div", { class: "three" }, figures[0], sign("×"), figures[1], sign("="), figures[2], dom("span", { class: "sign of" }, "Σ = ", dom("b", {}, precisely(total, 4)))),
    );
    return { root, grids, part };
  }

  factors(found, part) {
    const { mode, o, c } = this.state;
    const { key } = this.found.parts[part];
    const filter = mode === "pixel" ? key : o;
    const channel = mode === "output" ? key : c;
    return { x: named("x", [firstChannel(filter) + channel], found.pixel), w: named("w", [filter, channel], found.tap), g: named("g", [filter], found.out) };
  }

  told(found, part) {
    const factors = this.factors(found, part);
    const [left, right] = this.found.letters;
    if (found.beyond) return ["padding: 0 · ", ...factors[right], " = 0"];
    return [...factors[left], " · ", ...factors[right], ` = ${precisely(found.left, 4)} · ${precisely(found.right, 4)} = ${precisely(found.value, 4)}`];
  }

  /** The products of a part, written out; those with the zeros of the padding are left out. */
  line(part) {
    const { cells, total } = this.found.parts[part];
    const { left, right } = this.scales;
    const bracketed = (text) => (text.startsWith("−") ? `(${text})` : text);
    const terms = [];
    const many = cells.length * cells[0].length > MANY;
    let beyond = 0;
    cells.forEach((row, r) =>
      row.forEach((found, k) => {
        if (found.beyond) return void beyond++;
        const text = `${bracketed(left.text(found.left))}·${bracketed(right.text(found.right))}`;
        terms.push(many ? text : dom("span", { class: found.value ? "term" : "term nought", "data-term": `${part}:${r}:${k}` }, text), " + ");
      }),
    );
    terms.pop();
    const exponent = left.exponent + right.exponent;
    const ends = exponent ? ["[", `]${power(exponent)}`] : ["", ""];
    return dom(
      "p", {},
      this.found.parts.length > 1 ? dom("span", { class: "of" }, `${this.label(part)}: `) : null,
      ends[0], ...(many ? [terms.join("")] : terms.length ? terms : ["0"]), ends[1], ` = `, dom("b", {}, precisely(total, 4)),
      beyond ? dom("span", { class: "of" }, `  (and ${beyond} product${beyond > 1 ? "s" : ""} with the zeros of the padding)`) : null,
    );
  }

  /** The parts, the bias, what they add up to, and what the engine says. */
  total(focus) {
    const { parts, bias, total, size, engine } = this.found;
    const { mode, o, c, i, j, a, b, m, n } = this.state;
    const result = { output: ["z", [o], [i, j]], weight: ["∂L/∂w", [o, c], [a, b]], pixel: ["∂L/∂x", [firstChannel(o) + c], [m, n]] }[mode];
    const chips = parts.length > 1 || bias !== null ? parts.map((part, place) => this.chip(part, place, focus)) : [];
    if (bias !== null) chips.push(dom("span", { class: "chip" }, dom("small", {}, "bias"), precisely(bias, 4)));
    const sum = chips.flatMap((chip, place) => (place ? [dom("span", { class: "sign" }, "+"), chip] : [chip]));
    const near = Math.abs(total - engine) <= 2e-5 * size || (Number.isNaN(total) && Number.isNaN(engine)) || total === engine;
    const nothing = parts.every(({ cells }) => !cells.flat().length);
    return [
      chips.length && !nothing ? dom("div", { class: "chips" }, ...sum) : "",
      dom(
        "p", { class: "result" },
        nothing ? "No window reached this input. " : null, ...named(...result), " = ", dom("strong", {}, precisely(total)),
        dom("span", { class: near ? "engine" : "engine differs" }, near ? ` ✓ the engine: ${precisely(engine)}` : ` ✗ the engine says ${precisely(engine)}`),
      ),
    ];
  }

  chip(part, place, focus) {
    const inside = [dom("small", {}, this.label(place)), precisely(part.total, 4)];
    if (focus === null) return dom("span", { class: "chip" }, ...inside);
    return dom("button", { type: "button", class: "chip", "aria-pressed": String(place === focus), click: () => this.onFocus(part.key) }, ...inside);
  }
}
