/* Called in the page: pairs of shapes that lie on each other, and what lies outside its module. */
() => {
  const shapes = [...drawn.arranged.nodes].map(([child, { x, y, w, h }]) => ({
    child, left: x - w / 2, right: x + w / 2, top: y - h / 2, bottom: y + h / 2,
  }));
  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  const found = [];
  shapes.forEach((a, place) => {
    for (const b of shapes.slice(place + 1)) if (!apart(a, b)) found.push(`${nameOf(a.child)} on ${nameOf(b.child)}`);
  });
  for (const [number, { x, y, w, h }] of drawn.arranged.frames) {
    const frame = { left: x, right: x + w, top: y, bottom: y + h };
    for (const shape of shapes) {
      let home = parentOf(shape.child);
      while (home > 0 && home !== number) home = boxes[home].parent;
      const { left, right, top, bottom } = shape;
      const within = left >= frame.left && right <= frame.right && top >= frame.top && bottom <= frame.bottom;
      if (home === number ? !within : !apart(shape, frame)) found.push(`${nameOf(shape.child)} and ${boxes[number].title}`);
    }
  }
  return found;
}
