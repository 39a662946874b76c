"use strict";

/* The outlines of the families of vertices. */

const polygon = (...points) => `M${points.map((point) => point.join(" ")).join("L")}Z`;

/* Each takes half the width and half the height of the outline, which lies around (0, 0). */
const OUTLINES = {
  box: (w, h) => polygon([-w, -h], [w, -h], [w, h], [-w, h]),
  rounded: (w, h, r = Math.min(7, h)) =>
    `M${r - w} ${-h}H${w - r}a${r} ${r} 0 0 1 ${r} ${r}V${h - r}a${r} ${r} 0 0 1 ${-r} ${r}` +
    `H${r - w}a${r} ${r} 0 0 1 ${-r} ${-r}V${r - h}a${r} ${r} 0 0 1 ${r} ${-r}Z`,
  ellipse: (w, h) => `M${-w} 0a${w} ${h} 0 1 1 ${2 * w} 0a${w} ${h} 0 1 1 ${-2 * w} 0Z`,
  hexagon: (w, h) => polygon([-w, 0], [9 - w, -h], [w - 9, -h], [w, 0], [w - 9, h], [9 - w, h]),
  octagon: (w, h, cut = 7) =>
    polygon(
      [cut - w, -h], [w - cut, -h], [w, cut - h], [w, h - cut],
      [w - cut, h], [cut - w, h], [-w, h - cut], [-w, cut - h],
    ),
  box3d: (w, h, d = 4) =>
    polygon([-w, d - h], [d - w, -h], [w, -h], [w, h - d], [w - d, h], [-w, h]) +
    `M${-w} ${d - h}H${w - d}V${h}M${w - d} ${d - h}L${w} ${-h}`,
  tab: (w, h) => `${OUTLINES.box(w, h)}M${-w} ${-h}v-4h${Math.min(14, w)}v4`,
  cds: (w, h) => polygon([-w, -h], [w - 8, -h], [w, 0], [w - 8, h], [-w, h]),
  component: (w, h) => `${OUTLINES.box(w, h)}M${-w - 3} ${-h / 2 - 2}h6v4h-6ZM${-w - 3} ${h / 2 - 2}h6v4h-6Z`,
  cylinder: (w, h, r = 3.5) =>
    `M${-w} ${r - h}a${w} ${r} 0 0 1 ${2 * w} 0V${h - r}a${w} ${r} 0 0 1 ${-2 * w} 0Z` +
    `M${-w} ${r - h}a${w} ${r} 0 0 0 ${2 * w} 0`,
  folder: (w, h) => polygon([-w, -h], [w - 20, -h], [w - 17, -h - 4], [w - 5, -h - 4], [w - 2, -h], [w, -h], [w, h], [-w, h]),
  diagonals: (w, h, c = 7) =>
    `${OUTLINES.box(w, h)}M${-w} ${c - h}L${c - w} ${-h}M${w - c} ${-h}L${w} ${c - h}` +
    `M${w} ${h - c}L${w - c} ${h}M${c - w} ${h}L${-w} ${h - c}`,
};

/** The outline of a family, by the names of its shape and style in the drawings. */
function outline(family, wide, high) {
  const [, shape, style] = data.families[family];
  const special = ["rounded", "diagonals"].find((name) => style.includes(name));
  return OUTLINES[special && shape === "box" ? special : shape](wide / 2, high / 2);
}
