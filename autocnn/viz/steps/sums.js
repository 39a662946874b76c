/* The convolution, and each of its numbers as the sum of products that it is. */

const data = JSON.parse(byId("data").textContent);

const exact = data.dtype === "float32" ? Math.fround : (value) => value;
const number = (value) => (typeof value === "number" ? exact(value) : value === "inf" ? Infinity : value === "-inf" ? -Infinity : NaN);
const numbers = (part) => (Array.isArray(part) ? part.map(numbers) : number(part));
const [X, W, Z, G, DX, DW, BIAS, DB] = ["x", "w", "z", "g", "dx", "dw", "bias", "db"].map((name) => data[name] && numbers(data[name]));

const [C, H, WIDE] = [X.length, X[0].length, X[0][0].length];
const [O, I, KH, KW] = [W.length, W[0].length, W[0][0].length, W[0][0][0].length];
const [OH, OW] = [Z[0].length, Z[0][0].length];
const [STRIDE, DILATION, PAD] = [data.stride, data.dilation, data.padding.map(([before]) => before)];
const [ROWS, COLUMNS] = [H, WIDE].map((size, axis) => size + data.padding[axis][0] + data.padding[axis][1]);
const FILTERS = O / data.groups; // of a group

const firstChannel = (o) => Math.floor(o / FILTERS) * I;
const filtersOf = (c) => range(FILTERS).map((k) => Math.floor(c / I) * FILTERS + k);
const inside = (m, n) => m >= 0 && m < H && n >= 0 && n < WIDE;

/** The row of the input under row `tap` of the filter in window `out`; columns likewise. */
const under = (axis, out, tap) => STRIDE[axis] * out + DILATION[axis] * tap - PAD[axis];

/** The windows in which a filter reaches a row of the input, with the row of the filter that lies there. */
const meets = (axis, at) =>
  range(axis ? OW : OH)
    .map((out) => [out, (at + PAD[axis] - STRIDE[axis] * out) / DILATION[axis]])
    .filter(([, tap]) => Number.isInteger(tap) && tap >= 0 && tap < (axis ? KW : KH));

function cell(o, c, [i, a], [j, b], factors) {
  const [m, n] = [under(0, i, a), under(1, j, b)];
  const beyond = !inside(m, n);
  const x = beyond ? 0 : X[firstChannel(o) + c][m][n];
  const [left, right] = factors({ x, w: W[o][c][a][b], g: G[o][i][j] });
  return { left, right, value: left * right, pixel: [m, n], tap: [a, b], out: [i, j], beyond };
}

const grid = (rows, columns, make) => rows.map((row) => columns.map((column) => make(row, column)));

/** What each mode explains: how many steps it has, the parts of its sum, and what the engine says. */
const MODES = {
  output: {
    letters: ["x", "w"],
    size: () => [OH, OW],
    place: ({ i, j }) => i * OW + j,
    at: (place) => ({ i: Math.floor(place / OW), j: place % OW }),
    parts: ({ o, i, j }) =>
      range(I).map((c) => ({
        key: c,
        cells: grid(range(KH), range(KW), (a, b) => cell(o, c, [i, a], [j, b], ({ x, w }) => [x, w])),
      })),
    engine: ({ o, i, j }) => Z[o][i][j],
  },
  weight: {
    letters: ["x", "g"],
    size: () => [I, KH, KW],
    place: ({ c, a, b }) => (c * KH + a) * KW + b,
    at: (place) => ({ c: Math.floor(place / (KH * KW)), a: Math.floor(place / KW) % KH, b: place % KW }),
    parts: ({ o, c, a, b }) => [
      { key: c, cells: grid(range(OH), range(OW), (i, j) => cell(o, c, [i, a], [j, b], ({ x, g }) => [x, g])) },
    ],
    engine: ({ o, c, a, b }) => DW[o][c][a][b],
  },
  pixel: {
    letters: ["g", "w"],
    size: () => [I, H, WIDE],
    place: ({ c, m, n }) => (c * H + m) * WIDE + n,
    at: (place) => ({ c: Math.floor(place / (H * WIDE)), m: Math.floor(place / WIDE) % H, n: place % WIDE }),
    parts: ({ o, c, m, n }) =>
      filtersOf(firstChannel(o)).map((k) => ({
        key: k,
        cells: grid(meets(0, m), meets(1, n), (row, column) => cell(k, c, row, column, ({ g, w }) => [g, w])),
      })),
    engine: ({ o, c, m, n }) => DX[firstChannel(o) + c][m][n],
  },
};

/** The sum behind the number that the state is at. */
function explained(state) {
  const mode = MODES[state.mode];
  const parts = mode.parts(state).map((part) => {
    const cells = part.cells.flat();
    return { ...part, total: cells.reduce((sum, { value }) => sum + value, 0), size: cells.reduce((sum, { value }) => sum + Math.abs(value), 0) };
  });
  const bias = state.mode === "output" && BIAS ? BIAS[state.o] : null;
  const total = parts.reduce((sum, part) => sum + part.total, 0) + (bias ?? 0);
  const size = parts.reduce((sum, part) => sum + part.size, 0) + Math.abs(bias ?? 0);
  return { parts, bias, total, size, engine: mode.engine(state), letters: mode.letters };
}

/* Numbers as text --------------------------------------------------------------------------------------------- */

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const power = (n) => (n ? ` × 10${[...String(n)].map((letter) => RAISED[letter]).join("")}` : "");
const signed = (text) => text.replace("-", "−");

/** How numbers that stand side by side are written: as integers, or with as many digits and one power of ten. */
class Scale {
  constructor(values, digits = 3) {
    const finite = values.filter(Number.isFinite);
    this.most = finite.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    this.low = finite.reduce((low, value) => Math.min(low, value), Infinity);
    this.high = finite.reduce((high, value) => Math.max(high, value), -Infinity);
    const size = this.most ? Math.floor(Math.log10(this.most)) : 0;
    this.whole = this.most < 1e5 && finite.every(Number.isInteger);
    this.exponent = this.whole || (size >= -1 && size < 3) ? 0 : size;
    this.digits = this.whole ? 0 : within(0, digits - 1 - size + this.exponent, digits);
  }

  text(value) {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
    const text = (value / 10 ** this.exponent).toFixed(this.digits);
    return signed(Number(text) === 0 ? (value === 0 ? "0" : text.replace("-", "")) : text);
  }

  get power() {
    return power(this.exponent);
  }
}

/** A number by itself, to so many digits. */
function precisely(value, digits = 6) {
  if (!Number.isFinite(value) || value === 0) return new Scale([value]).text(value);
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e").map(Number);
  if (exponent >= -3 && exponent < 6) return signed(String(Number(value.toPrecision(digits))));
  return signed(String(mantissa)) + power(exponent);
}
