"use strict";

/* Numbers, and mathematics as elements. */

const within = (low, value, high) => Math.max(low, Math.min(high, value));

const range = (count) => Array.from({ length: count }, (_, i) => i);

/** Letters slanted, _{...} below the line. */
function math(text) {
  const slanted = (part) =>
    part.split(/([a-zA-Z]+)/).map((piece) => (/^[a-zA-Z]$/.test(piece) ? dom("i", {}, piece) : piece));
  return text.split(/(_\{[^}]*\})/).flatMap((part) =>
    part.startsWith("_{") ? [dom("sub", {}, ...slanted(part.slice(2, -1)))] : slanted(part),
  );
}
