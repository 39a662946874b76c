/* Shapes, numbers and words that every drawing on the page needs. */

const byId = (id) => document.getElementById(id);

function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function dom(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A number as it was sent: null for what is not a number, "inf" for what is beyond every number. */
const number = (value) => (value === null || value === undefined ? NaN : value === "inf" ? Infinity : value);

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const power = (n) => "10" + [...String(n)].map((letter) => RAISED[letter]).join("");

const TICKS = {
  12: "a trillion times", 9: "a billion times", 6: "a million times", 3: "a thousand times",
  2: "a hundred times", 1: "ten times", 0: "same as at the loss", "-1": "a tenth", "-2": "a hundredth", "-3": "a thousandth", "-6": "a millionth", "-9": "a billionth", "-12": "a trillionth",
};
const tickWords = (exponent) => TICKS[exponent] ?? (exponent < 0 ? `1 part in ${power(-exponent)}` : `${power(exponent)} times`);

const twoDigits = (value) => Number(value.toPrecision(2)).toLocaleString("en");

const GROWN = 1.05; // a share above this has grown

/** How much of the signal is left, in words. */
function sizeWords(share, rounded = false) {
  if (Number.isNaN(share)) return "no signal";
  if (share === Infinity) return "beyond every number";
  if (share === 0) return rounded ? "rounded to zero" : "exactly zero";
  if (share < 1e-4) return `1 part in ${power(Math.round(-Math.log10(share)))}`;
  if (share < 0.2) return `1 part in ${Math.round(Number((1 / share).toPrecision(2))).toLocaleString("en")}`;
  if (share < 0.95) return `${Math.round(100 * share)} %`;
  if (share <= GROWN) return "all of it";
  if (share >= 1e6) return `${power(Math.round(Math.log10(share)))}-fold`;
  return `${twoDigits(share)}-fold`;
}

/** A share as a number: 1.2 × 10⁻¹⁸. */
function exactly(share) {
  if (!Number.isFinite(share)) return Number.isNaN(share) ? "–" : "∞";
  if (share === 0) return "0";
  if (share >= 0.01 && share < 1000) return share.toPrecision(2);
  const [digits, exponent] = share.toExponential(1).split("e");
  return `${digits} × ${power(Number(exponent))}`;
}

/** A path through points, begun anew after every gap. */
function pathThrough(points) {
  let text = "";
  let open = false;
  for (const point of points) {
    if (point) text += `${open ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    open = Boolean(point);
  }
  return text;
}

/** The area between two lines; nothing where either has a gap. */
function areaBetween(upper, lower) {
  const both = upper.map((point, i) => [point, lower[i]]).filter(([a, b]) => a && b);
  if (both.length < 2) return "";
  return `${pathThrough(both.map(([a]) => a))}L${pathThrough(both.map(([, b]) => b).reverse()).slice(1)}Z`;
}
