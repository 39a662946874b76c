"use strict";

/* Elements. Text goes in as text nodes only, never as markup. */

const byId = (id) => document.getElementById(id);

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const svg = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const dom = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);

const within = (low, value, high) => Math.max(low, Math.min(high, value));

const range = (count) => Array.from({ length: count }, (_, i) => i);

/** Mathematics as elements: letters slanted, _{...} below the line. */
function math(text) {
  const slanted = (part) =>
    part.split(/([a-zA-Z]+)/).map((piece) => (/^[a-zA-Z]$/.test(piece) ? dom("i", {}, piece) : piece));
  return text.split(/(_\{[^}]*\})/).flatMap((part) =>
    part.startsWith("_{") ? [dom("sub", {}, ...slanted(part.slice(2, -1)))] : slanted(part),
  );
}
